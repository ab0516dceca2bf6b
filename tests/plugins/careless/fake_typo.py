"""Misspelt the hook."""

import cinekit


@cinekit.hookimpl
def cinekit_segmenter():
    return {}
