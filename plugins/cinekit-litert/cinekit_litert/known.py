"""The published networks that the options of this package are made for."""

from __future__ import annotations

from cinekit import KnownModel

_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-assets"

KNOWN = (
    KnownModel(
        name="ade20k",
        file_name="deeplabv3_mobilenetv2_ade20k.tflite",
        bytes=2_415_896,
        sha256="9476784566f88bf0bdc3169f0012fb7d08857b325811d8c1aaf5ada1c0d4e4f9",
        url="https://tfhub.dev/sayakpaul/lite-model/deeplabv3-mobilenetv2-ade20k/1/default/1?lite-format=tflite",
        licence="converted from Google's DeepLab checkpoints (Apache-2.0); the copy states none",
        classes="ade20k_150",
        good_at="scenery: sky, tree, grass, water, building, person; weak on close-up animals",
    ),
    KnownModel(
        name="voc",
        file_name="deeplabv3_mobilenetv2_voc_quant.tflite",
        bytes=2_193_224,
        sha256="350af47fd346ea6d74b58833a351f583ba860e9806ec5bd292ff8d8f1f249398",
        url="https://github.com/google-coral/test_data/raw/104342d2d3480b3e66203073dac24f4e2dbb4c41/deeplabv3_mnv2_pascal_quant.tflite",
        licence="Apache-2.0 (google-coral/test_data)",
        classes="voc_21",
        good_at="animals, people and vehicles; no scenery",
    ),
    KnownModel(
        name="selfie",
        file_name="selfie_segmentation.tflite",
        bytes=249_505,
        sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        url=f"{_MEDIAPIPE}/selfie_segmentation.tflite?generation=1683332563830600",
        licence="Apache-2.0 (MediaPipe)",
        classes="background, person",
        good_at="one person close to the camera; a few milliseconds a frame",
    ),
    KnownModel(
        name="selfie_landscape",
        file_name="selfie_segmentation_landscape.tflite",
        bytes=250_145,
        sha256="a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
        url=f"{_MEDIAPIPE}/selfie_segmentation_landscape.tflite?generation=1683332561312022",
        licence="Apache-2.0 (MediaPipe)",
        classes="background, person",
        good_at="the same for wide frames; faster",
    ),
)
