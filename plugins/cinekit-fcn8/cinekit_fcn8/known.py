"""The published FCN-8s."""

from __future__ import annotations

from cinekit import KnownModel

_FCN = "http://dl.caffe.berkeleyvision.org"
_FCN_LICENCE = "of its authors: unmodified use without restriction; trained on PASCAL VOC"

KNOWN = (
    KnownModel(
        name="fcn8_pascal_context",
        file_name="pascalcontext-fcn8s-heavy.caffemodel",
        bytes=None,
        sha256=None,
        url=f"{_FCN}/pascalcontext-fcn8s-heavy.caffemodel",
        licence=_FCN_LICENCE,
        classes="pascal_context_60",
        good_at="things and scenery, as in the publication of the method; 540 MB, 3 s a frame",
    ),
    KnownModel(
        name="fcn8_voc",
        file_name="fcn8s-heavy-pascal.caffemodel",
        bytes=None,
        sha256=None,
        url=f"{_FCN}/fcn8s-heavy-pascal.caffemodel",
        licence=_FCN_LICENCE,
        classes="voc_21",
        good_at="animals, people and vehicles; 540 MB, 3 s a frame",
    ),
    KnownModel(
        name="fcn8_voc_at_once",
        file_name="fcn8s-atonce-pascal.caffemodel",
        bytes=None,
        sha256=None,
        url=f"{_FCN}/fcn8s-atonce-pascal.caffemodel",
        licence=_FCN_LICENCE,
        classes="voc_21",
        good_at="the same, trained at once: segmenter=fcn8_voc segmenter.model=<this file>",
    ),
)
