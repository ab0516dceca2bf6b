"""The published weights of C3D."""

from __future__ import annotations

from cinekit import KnownModel

KNOWN = (
    KnownModel(
        name="c3d",
        file_name="c3d.pickle",
        bytes=None,
        sha256=None,
        url="http://imagelab.ing.unimore.it/files/c3d_pytorch/c3d.pickle",
        licence="beside BSD-licensed code; learnt from Sports-1M, whose videos have own terms",
        classes="4096 numbers of a clip",
        good_at="how a loop moves, for rankers: features=[standard,c3d]",
    ),
)
