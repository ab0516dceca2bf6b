"""The command line: ``cinekit make CLIP``, ``segment``, ``demo``, ``models``, ``plugins`` ...

Every subcommand imports what it needs when it runs, so that ``cinekit --help`` stays fast.
Own errors are one line on stderr and exit status 1; a traceback means a bug in cinekit.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence

from cinekit.errors import CinekitError, ConfigError
from cinekit.text import did_you_mean

INTERRUPTED = 130
"""The exit status of a command that was stopped with Ctrl-C: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    try:
        return _dispatch(arguments)
    except CinekitError as error:
        print(f"cinekit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cinekit: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; without this, the flush at exit would complain as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _dispatch(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if command in ("--help", "-h", "help"):
        return _usage(rest)
    if command in ("--version", "-V"):
        from importlib.metadata import version

        print(f"cinekit {version('cinekit')}")
        return 0
    if command not in COMMANDS:
        raise ConfigError(
            f"unknown command '{command}'{did_you_mean(command, COMMANDS)}; "
            f"commands: {', '.join(COMMANDS)}"
        )
    return COMMANDS[command](rest)


def _usage(_rest: list[str]) -> int:
    from cinekit.app.usage import overview

    print(overview())
    return 0


def _make(rest: list[str]) -> int:
    from cinekit.app.make import make

    return make(rest)


def _render(rest: list[str]) -> int:
    from cinekit.app.render import render

    return render(rest)


def _segment(rest: list[str]) -> int:
    from cinekit.app.segment import segment

    return segment(rest)


def _models(rest: list[str]) -> int:
    from cinekit.app.models import models

    return models(rest)


def _demo(rest: list[str]) -> int:
    from cinekit.app.demo import demo

    return demo(rest)


def _features(rest: list[str]) -> int:
    from cinekit.app.rating import features

    return features(rest)


def _rate(rest: list[str]) -> int:
    from cinekit.app.rating import rate

    return rate(rest)


def _ratings(rest: list[str]) -> int:
    from cinekit.app.rating import ratings

    return ratings(rest)


def _train(rest: list[str]) -> int:
    from cinekit.app.rating import train

    return train(rest)


def _rank(rest: list[str]) -> int:
    from cinekit.app.rating import rank

    return rank(rest)


def _evaluate(rest: list[str]) -> int:
    from cinekit.app.evaluate import evaluate

    return evaluate(rest)


def _plugins(rest: list[str]) -> int:
    from cinekit.app.listing import list_plugins

    _none_expected("plugins", rest)
    return list_plugins()


def _doctor(rest: list[str]) -> int:
    from cinekit.app.doctor import doctor

    _none_expected("doctor", rest)
    return doctor()


def _cache(rest: list[str]) -> int:
    from cinekit.app.cache import cache

    return cache(rest)


def _none_expected(command: str, rest: list[str]) -> None:
    if rest:
        raise ConfigError(f"cinekit {command} takes no arguments, received '{rest[0]}'")


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "make": _make,
    "segment": _segment,
    "render": _render,
    "demo": _demo,
    "features": _features,
    "rate": _rate,
    "ratings": _ratings,
    "train": _train,
    "rank": _rank,
    "evaluate": _evaluate,
    "models": _models,
    "cache": _cache,
    "plugins": _plugins,
    "doctor": _doctor,
}
