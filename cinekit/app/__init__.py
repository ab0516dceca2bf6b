"""The command line. ``commands`` has a table of every command; all else is made from it.

Every command imports what it needs when it runs, so that ``cinekit --help`` stays fast.
Own errors are one line on stderr and exit status 1; a traceback means a bug in cinekit.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module, metadata

from cinekit.app.commands import VERBS, Command
from cinekit.app.words import find, parse
from cinekit.errors import CinekitError, ConfigError
from cinekit.text import did_you_mean

INTERRUPTED = 130
"""The exit status of a command that was stopped with Ctrl-C: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    try:
        return _dispatch(words)
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


def _dispatch(words: list[str]) -> int:
    """What is asked of the program itself, wherever it stands; else the command."""
    for i, word in enumerate(words):
        flag, found, value = word.partition("=")
        if flag in ("--version", "-V"):
            print(f"cinekit {metadata.version('cinekit')}")
            return 0
        if flag in ("--shell-completion", "-sc"):
            return _completion([value] * bool(found) + words[i + 1 :])
    asked = [word for word in words if word in ("--help", "-h", "--help-all")]
    if words[:1] == ["help"] or asked or not words:
        print(_help([word for word in words if word != "help" and word not in asked], asked))
        return 0
    command, rest = find(words)
    return _run(command, rest)


def _run(command: Command, rest: list[str]) -> int:
    module, _, function = command.run.partition(":")
    given = parse(command, rest)
    status: int = getattr(import_module(f"cinekit.app.{module}"), function)(**given)
    return status


def _help(words: list[str], asked: list[str]) -> str:
    from cinekit.app import help as pages

    if not words and "--help-all" not in asked:
        return pages.overview()
    if words and words[0] in VERBS and not (set(words[1:2]) & set(VERBS[words[0]])):
        return pages.family(words[0])
    command, _ = find(words or ["make"])
    return pages.everything(command) if "--help-all" in asked else pages.page(command)


def _completion(words: list[str]) -> int:
    """Hydra's own way to ask: install=SHELL, uninstall=SHELL, query=SHELL."""
    from cinekit.app.completion import REMOVE, SCRIPTS, answer

    task, _, shell = next((word for word in words if "=" in word), "install=").partition("=")
    texts = {"install": SCRIPTS, "uninstall": REMOVE}
    if shell not in SCRIPTS or task not in (*texts, "query"):
        hint = did_you_mean(f"{task}={shell}", [f"install={one}" for one in SCRIPTS])
        raise ConfigError(
            f"--shell-completion: expected install=, uninstall= or query=, and one of "
            f"{', '.join(SCRIPTS)}, received '{task}={shell}'{hint}"
        )
    lines = answer(shell) if task == "query" else [texts[task][shell].strip("\n")]
    print(*lines, sep="\n", end="\n" * bool(lines))
    return 0
