"""``cinekit doctor``: what is installed, what is found, what would go wrong."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cinekit.plug.inventory import inventory
from cinekit.plug.registry import Plugins, load_plugins
from cinekit.store.paths import CACHE, MODELS, cache_folder, models_folder
from cinekit.text import one_line

LIBRARIES = {
    "numpy": "numpy",
    "numba": "numba",
    "scipy": "scipy",
    "opencv-python-headless": "cv2",
    "av": "av",
    "pillow": "PIL",
    "hydra-core": "hydra",
    "pluggy": "pluggy",
    "rich": "rich",
    "jinja2": "jinja2",
}
"""Distribution -> the module that has to import."""

ENCODERS = {"libx264": "mp4", "libvpx-vp9": "webm"}


@dataclass(frozen=True)
class Check:
    """One line of the report. ``good`` is None for what may well be absent."""

    topic: str
    good: bool | None
    text: str


def doctor() -> int:
    """Print the report; the exit status is 1 when something that is needed is broken."""
    healthy = True
    for check in checks():
        mark = {True: "ok", False: "FAIL", None: "--"}[check.good]
        print(f"{mark:<5}{check.topic:<12}{check.text}")
        healthy = healthy and check.good is not False
    print("all that is needed works" if healthy else "something that is needed is broken: see FAIL")
    return 0 if healthy else 1


def checks() -> Iterator[Check]:
    """Everything that is looked at, in the order in which it is printed."""
    yield Check("python", True, f"{platform.python_version()} on {platform.platform(terse=True)}")
    yield Check("cinekit", True, importlib.metadata.version("cinekit"))
    yield from (_library(distribution, module) for distribution, module in LIBRARIES.items())
    yield from _encoders()
    plugins = load_plugins()
    yield from _plugins(plugins)
    yield from _weights(plugins)
    yield from _threads()
    yield _cache()
    yield _writable("cache", cache_folder(), f"earlier runs; {CACHE}=DIR chooses another")
    yield _writable("output", Path.cwd(), "outputs/ goes here; hydra.run.dir=DIR changes it")


def _library(distribution: str, module: str) -> Check:
    try:
        importlib.import_module(module)
        return Check("library", True, f"{distribution} {importlib.metadata.version(distribution)}")
    except Exception as error:
        return Check("library", False, f"{distribution}: {one_line(error)}; reinstall cinekit")


def _encoders() -> Iterator[Check]:
    try:
        from av.codec import codecs_available
    except ImportError:
        return
    for codec, suffix in ENCODERS.items():
        found = codec in codecs_available
        yield Check("encoder", found, f"{codec} for {suffix}" + ("" if found else ": not in PyAV"))


def _plugins(plugins: Plugins) -> Iterator[Check]:
    for provider in plugins.providers[1:]:
        yield Check("plugin", True, f"{provider} ({provider.module})")
    for failure in plugins.failures:
        yield Check(
            "plugin", False, f"{failure.provider}: {failure.reason}; uninstall or update it"
        )
    for clash in plugins.clashes:
        yield Check("plugin", None, clash)
    for entry in inventory(plugins):
        name = f"{entry.kind}={entry.name}"
        if entry.reason:
            yield Check("component", None, f"{name}: {entry.reason}")
        elif entry.needs:
            yield Check("component", True, f"{name}, once given {', '.join(entry.needs)}")
        else:
            yield Check("component", True, name)


def _weights(plugins: Plugins) -> Iterator[Check]:
    folder = models_folder()
    yield Check("weights", None, f"{folder} is searched; {MODELS}=DIR chooses another")
    for model in plugins.weights.values():
        found = (folder / model.file_name).is_file()
        text = f"{model.name}: {model.file_name}" + ("" if found else " not found")
        yield Check("weights", True if found else None, text)


def _threads() -> Iterator[Check]:
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:
        usable = os.cpu_count() or 1
    text = f"{usable} of {os.cpu_count()} processors usable"
    limits = [
        f"{name}={os.environ[name]}"
        for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
        if name in os.environ
    ]
    yield Check("threads", True, ", ".join([text, *limits]))


def _cache() -> Check:
    """Where numba keeps compiled kernels: without it, every run compiles them again."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(__file__).parent / "__pycache__"
    check = _writable("cache", folder, "compiled kernels")
    if check.good or chosen:
        return check
    # numba falls back to the user's cache folder when the package's own is read-only.
    return Check("cache", None, f"{folder} is read-only: set NUMBA_CACHE_DIR to a folder of yours")


def _writable(topic: str, folder: Path, what: str) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(topic, False, f"{folder} ({what}): {error.strerror}")
    return Check(topic, True, f"{folder} ({what})")
