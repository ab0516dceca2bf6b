"""What components need and cinekit does not ship: libraries, and files of network weights.

A component names its weights file; it is found by its path, or by its name in the models folder.
Nothing is ever downloaded unless :func:`download` is called.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cinekit.errors import MissingDependencyError, WeightsError
from cinekit.protocols import Progress, silent
from cinekit.store.paths import models_folder

CHUNK = 1 << 18
"""Bytes that are read at once."""


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A weights file that a plugin has settings for; its hook ``cinekit_weights`` lists them.

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


def find_weights(
    file: str | Path, known: Iterable[KnownModel] = (), sha256: str | None = None
) -> Path:
    """The weights file itself, from a path or from the name of a file in the models folder.

    known : the plugin's own list; where the file is in it, the error says how to get it.
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
    model = next((one for one in known if one.file_name == path.name and one.url), None)
    fetch = f"'cinekit models get {model.name}' fetches them; or " if model else ""
    source = f" (published at {model.url})" if model else ""
    raise WeightsError(
        f"the weights {path.name!r} are not installed: {fetch}put the file{source} into "
        f"{models_folder()}, or give its path"
    )


def lacking(
    module: str, install: str, *files: str | Path, known: Iterable[KnownModel] = ()
) -> str | None:
    """What a component needs and is not here, in one line, or None: for its ``unavailable()``.

    module, install : its library, and what brings it. files, known : see :func:`find_weights`.
    """
    if importlib.util.find_spec(module) is None:
        return f"needs '{module}', which is not installed: pip install '{install}'"
    try:
        for file in files:
            find_weights(file, known)
    except WeightsError as error:
        return str(error)
    return None


def require(module: str, install: str, needed_by: str) -> ModuleType:
    """Import a component's heavy library when its method runs.

    module : what to import, "ai_edge_litert.interpreter".
    install : what brings it, "cinekit-litert" or "PyMaxflow>=1.3".
    needed_by : who asks, "segmenter 'litert'".

    Raises
    ------
    MissingDependencyError
        One line that names the package to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not (module + ".").startswith(error.name + "."):
            raise
        raise MissingDependencyError(
            f"{needed_by} needs '{module}', which is not installed: pip install '{install}'"
        ) from error


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
