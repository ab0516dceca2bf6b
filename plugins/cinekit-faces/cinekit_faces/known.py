"""The published networks that the segmenters of this package run."""

from __future__ import annotations

from cinekit import KnownModel

KNOWN = (
    KnownModel(
        name="face_detector",
        file_name="face_detection_short_range.tflite",
        bytes=229_714,
        sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        url=None,  # it comes inside MediaPipe's Python package
        licence="Apache-2.0 (MediaPipe)",
        classes="boxes of faces",
        good_at="the first half of segmenter=face_mesh",
    ),
    KnownModel(
        name="face_landmarks",
        file_name="face_landmark.tflite",
        bytes=1_242_398,
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        url=None,
        licence="Apache-2.0 (MediaPipe)",
        classes="468 points of a face, for the parts of celebamask_19",
        good_at="the second half of segmenter=face_mesh: eyes, brows, mouth, skin",
    ),
    KnownModel(
        name="bisenet",
        file_name="79999_iter.pth",
        bytes=53_289_463,
        sha256="468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567",
        # A copy: its author (zllrunning/face-parsing.PyTorch) has it where a browser is needed.
        url="https://huggingface.co/vivym/face-parsing-bisenet/resolve/main/79999_iter.pth",
        licence="MIT; learnt from CelebAMask-HQ, whose terms are non-commercial research",
        classes="celebamask_19",
        good_at="parts of faces with hair, ears and neck; needs face_detector and torch",
    ),
)
