"""The model store: where weights files are, and how they get there.

cinekit ships no weights. A segmenter names a file; it is found by its path, or by its name in the
models folder. Nothing is ever downloaded unless :func:`download` is called.
"""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cinekit.errors import WeightsError
from cinekit.protocols import Progress, silent

VARIABLE = "CINEKIT_MODELS"
"""The environment variable that names the models folder."""

CHUNK = 1 << 18
"""Bytes that are read at once."""


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A weights file that cinekit or one of its plugins has settings for.

    name : for ``cinekit models``; mostly the option that uses it, ``segmenter=<name>``.
    file_name : its name in the models folder.
    bytes, sha256 : of the file that the settings were tested with; None where it is too large to
        have been, or nobody has published them.
    url : where its authors publish it; None when there is no address to link to.
    licence : what its authors say.
    classes : the vocabulary of its output.
    good_at : in one line.
    """

    name: str
    file_name: str
    bytes: int | None
    sha256: str | None
    url: str | None
    licence: str
    classes: str
    good_at: str


_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-assets"
_FCN = "http://dl.caffe.berkeleyvision.org"
_FCN_LICENCE = "of its authors: unmodified use without restriction; trained on PASCAL VOC"

_KNOWN = (
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

KNOWN_MODELS: Mapping[str, KnownModel] = {model.name: model for model in _KNOWN}
"""By their names."""


def models_folder() -> Path:
    """Where weights are kept: ``$CINEKIT_MODELS``, else ``cinekit/models`` in the user's cache.

    The folder need not exist.
    """
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else user_cache() / "models"


def user_cache() -> Path:
    """cinekit's folder where the system keeps a user's caches. It need not exist."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "cinekit"


def find_weights(file: str | Path, url: str | None = None, sha256: str | None = None) -> Path:
    """The weights file itself, from a path or from the name of a file in the models folder.

    url : mentioned in the error, as the place where the file can be had; a known model brings its
        own.
    sha256 : when given, the file must have it.

    Raises
    ------
    WeightsError
        Which file is missing and where to put it, or that it is another file than expected.
    """
    path = Path(file).expanduser()
    bare = path.name == str(file)
    places = [path, models_folder() / path] if bare else [path]
    for place in places:
        if place.is_file():
            if sha256 is not None:
                verify(place, sha256)
            return place
    if not bare:
        raise WeightsError(
            f"expected weights at {str(path)!r}, found no file there; check the path"
        )
    known = is_known(path)
    fetch = f"'cinekit models get {known.name}' fetches them; or " if known and known.url else ""
    url = url or (known.url if known else None)
    source = f" (published at {url})" if url else ""
    raise WeightsError(
        f"the weights {path.name!r} are not installed: {fetch}put the file{source} into "
        f"{models_folder()}, or give its path"
    )


def is_known(path: Path) -> KnownModel | None:
    """The known model of that file name."""
    return next((model for model in _KNOWN if model.file_name == path.name), None)


def checksum(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Check a file against a SHA-256.

    Raises
    ------
    WeightsError
        When it is another file, or not all of it.
    """
    found = checksum(path)
    if found != sha256.lower():
        raise WeightsError(
            f"expected {str(path)!r} to have the SHA-256 {sha256[:12]}..., it has {found[:12]}...: "
            "the file is damaged or another version; delete it and get it again"
        )


def download(url: str, path: Path, sha256: str | None = None, progress: Progress = silent) -> Path:
    """Fetch a file; it appears whole and verified, or not at all.

    What has arrived stays in ``<path>.part``, and a second call goes on from there when the server
    allows it. A file that is already there is left alone (after a check of its SHA-256).

    Raises
    ------
    WeightsError
        Offline, refused, cut off, or the wrong content; names the file and where to put it.
    """
    if path.is_file():
        if sha256 is not None:
            verify(path, sha256)
        return path
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, progress)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"could not download {path.name!r} from {url} ({reason}): get it elsewhere and put it "
            f"into {path.parent}"
        ) from error
    if sha256 is not None:
        try:
            verify(part, sha256)
        except WeightsError:
            part.unlink()
            raise WeightsError(
                f"what {url} sent is not the expected {path.name!r} (its SHA-256 differs): nothing "
                f"was kept; get the file elsewhere and put it into {path.parent}"
            ) from None
    part.replace(path)
    return path


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """Append what is missing to the part file."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:  # 416: the part is already complete, or does not fit
            raise
        error.close()
        part.unlink()
        _fetch(url, part, progress)
        return
    with answer:
        resumed = getattr(answer, "status", None) == 206
        done = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                if total:
                    progress(min(1.0, done / total))
    if total is not None and done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes")
    progress(1.0)
