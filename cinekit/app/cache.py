"""``cinekit cache``: what is kept from earlier runs, where, and how to be rid of it."""

from __future__ import annotations

from itertools import groupby

from cinekit.errors import ConfigError
from cinekit.store.cache import Cache
from cinekit.store.paths import CACHE
from cinekit.text import did_you_mean


def cache(arguments: list[str]) -> int:
    """Run ``cinekit cache [list|path|clear]`` and return the exit status."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("list", [])
    if command not in VERBS:
        raise ConfigError(
            f"unknown command 'cache {command}'{did_you_mean(command, VERBS)}; "
            f"commands: {', '.join(VERBS)}"
        )
    if rest:
        raise ConfigError(f"cinekit cache {command} takes no arguments, received '{rest[0]}'")
    return VERBS[command](Cache())


def _list(kept: Cache) -> int:
    entries = sorted(kept.entries(), key=lambda entry: entry.kind)
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        sizes = [entry.bytes for entry in group]
        print(f"{kind:<10}{len(sizes):>5}{sum(sizes) / 1e6:>10.1f} MB")
    total = sum(entry.bytes for entry in entries)
    print(f"{len(entries)} entries, {total / 1e6:.1f} MB in {kept.folder}")
    print(f"{CACHE}=DIR chooses another folder; cache=false keeps nothing")
    return 0


def _path(kept: Cache) -> int:
    print(kept.folder)
    return 0


def _clear(kept: Cache) -> int:
    print(f"{kept.clear()} entries deleted from {kept.folder}")
    return 0


VERBS = {"list": _list, "path": _path, "clear": _clear}
