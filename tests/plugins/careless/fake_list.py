"""Returns a list."""

import cinekit


@cinekit.hookimpl
def cinekit_solvers():
    return ["fast"]
