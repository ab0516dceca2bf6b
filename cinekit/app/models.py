"""``cinekit models``: which weights the plugins know, which are here, how the others get here.

Only ``get`` downloads, and only what it is told to; ``yes=true`` says so once for all.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from cinekit.app.console import open_reporter
from cinekit.errors import ConfigError, WeightsError
from cinekit.plug.registry import load_plugins
from cinekit.store.paths import MODELS, models_folder
from cinekit.store.weights import KnownModel, checksum, download, find_weights
from cinekit.text import did_you_mean


def show(name: list[str]) -> int:
    """Every known model, what it is good at, and whether it is here."""
    for model in _chosen(name, everything=True):
        print(f"{model.name:<18} {_state(model)}")
        print(f"{'':<18} {model.good_at}")
        print(f"{'':<18} sees {model.classes}; {size(model.bytes)}; licence: {model.licence}")
        print(f"{'':<18} {model.file_name}  {model.url or 'no address known'}")
    print(f"\nmodels folder: {models_folder()} (change it with {MODELS})")
    return 0


def path(name: list[str]) -> int:
    """Where a model's file is, or the models folder."""
    if not name:
        print(models_folder())
    for model in _chosen(name):
        print(find_weights(model.file_name, [model]))
    return 0


def verify(name: list[str]) -> int:
    """Check the files that are here against their SHA-256; exit status 1 when one is not right."""
    status = 0
    for model in _chosen(name, everything=True):
        place = installed(model)
        if place is None:
            if name:
                status = 1
                print(f"{model.name:<18} missing: {model.file_name} in {models_folder()}")
            else:
                print(f"{model.name:<18} not installed")
        elif model.sha256 is None:
            print(f"{model.name:<18} cannot be verified, no SHA-256 is known: {place}")
        elif checksum(place) == model.sha256:
            print(f"{model.name:<18} ok: {place}")
        else:
            status = 1
            print(
                f"{model.name:<18} damaged or another version: {place} "
                f"({size(place.stat().st_size)}, expected {size(model.bytes)}); "
                "delete it and get it again"
            )
    return status


def get(name: list[str], yes: bool, url: str | None) -> int:
    """Download what is named, after asking. What has arrived of a broken download is kept."""
    if not name:
        known = ", ".join(known_models())
        raise ConfigError(f"expected names: cinekit models get NAME ..., of {known}")
    models = _chosen(name)
    if url is not None and len(models) > 1:
        raise ConfigError(f"url: expected one name with it, received {len(models)}")
    for model in models:
        _get_one(replace(model, url=url or model.url), yes)
    return 0


def _get_one(model: KnownModel, agreed: bool) -> None:
    place = models_folder() / model.file_name
    if not place.is_file():
        if model.url is None:
            raise WeightsError(
                f"no address is known for {model.file_name!r}: get it from its authors and put it "
                f"into {place.parent}, or give url=ADDRESS"
            )
        print(f"{model.name}: {size(model.bytes)} from {model.url}")
        print(f"licence: {model.licence}")
        if not (agreed or _asked(f"download it to {place}?")):
            raise WeightsError(
                f"{model.file_name!r} was not downloaded: say yes, or cinekit models get "
                f"{model.name} yes=true; or put the file into {place.parent}"
            )
    with open_reporter() as reporter, reporter.stage(model.file_name) as progress:
        download(model.url or "", place, model.sha256, progress)
    print(place)


def _asked(question: str) -> bool:
    """The user's word; nobody at the keyboard means no."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _chosen(names: list[str], everything: bool = False) -> list[KnownModel]:
    """Known models by their name or file name.

    everything : no names mean all of them.
    """
    if not names and everything:
        return list(known_models().values())
    known = known_models()
    by_file = {model.file_name: model for model in known.values()}
    chosen = []
    for name in names:
        model = known.get(name) or by_file.get(name)
        if model is None:
            raise ConfigError(
                f"unknown model '{name}'{did_you_mean(name, known)}; known: "
                f"{', '.join(known) or 'none'}; others come with plugins"
            )
        chosen.append(model)
    return chosen


def known_models() -> dict[str, KnownModel]:
    """What the installed plugins have settings for, by name."""
    return load_plugins().weights


def installed(model: KnownModel) -> Path | None:
    """Its file in the models folder, if it is there."""
    place = models_folder() / model.file_name
    return place if place.is_file() else None


def _state(model: KnownModel) -> str:
    place = installed(model)
    if place is not None:
        found = place.stat().st_size
        if model.bytes is not None and found != model.bytes:
            return f"damaged or another version: {size(found)} at {place}"
        return f"installed: {place}"
    part = models_folder() / f"{model.file_name}.part"
    if part.is_file():
        return f"{size(part.stat().st_size)} of it downloaded: cinekit models get {model.name}"
    return f"not installed: cinekit models get {model.name}"


def size(n_bytes: int | None) -> str:
    """Bytes in words: "2.4 MB"."""
    if n_bytes is None:
        return "size not known"
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    return f"{n_bytes / 1e3:.1f} kB" if n_bytes < 999_950 else f"{n_bytes / 1e6:.1f} MB"
