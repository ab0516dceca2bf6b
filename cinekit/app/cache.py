"""``cinekit cache``: what is kept from earlier runs, where, and how to be rid of it."""

from __future__ import annotations

from itertools import groupby

from cinekit.store.cache import Cache
from cinekit.store.paths import CACHE


def show() -> int:
    """``cinekit cache list``: how much of what, and where."""
    kept = Cache()
    entries = sorted(kept.entries(), key=lambda entry: entry.kind)
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        sizes = [entry.bytes for entry in group]
        print(f"{kind:<10}{len(sizes):>5}{sum(sizes) / 1e6:>10.1f} MB")
    total = sum(entry.bytes for entry in entries)
    print(f"{len(entries)} entries, {total / 1e6:.1f} MB in {kept.folder}")
    print(f"{CACHE}=DIR chooses another folder; cache=false keeps nothing")
    return 0


def path() -> int:
    """``cinekit cache path``: the folder alone, for scripts."""
    print(Cache().folder)
    return 0


def clear() -> int:
    """``cinekit cache clear``."""
    kept = Cache()
    print(f"{kept.clear()} entries deleted from {kept.folder}")
    return 0
