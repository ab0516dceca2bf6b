"""What the Tab key offers: scripts for bash, zsh and fish, and the answers to their questions.

A shell runs ``cinekit --shell-completion query=SHELL`` with the line up to the cursor in
``COMP_LINE``. Where there is no answer, the shell offers files.
"""

from __future__ import annotations

import os
import shlex
from typing import Any

from cinekit.app.commands import COMMANDS, EVERYWHERE, FLAGS, VERBS, Command

SCRIPTS = {
    "bash": r"""
_cinekit() {
    local IFS=$'\n' line="${COMP_LINE:0:COMP_POINT}"
    COMPREPLY=($(COMP_LINE="$line" COLONS="$COMP_WORDBREAKS" \
        "${COMP_WORDS[0]}" --shell-completion query=bash 2>/dev/null))
    case "${COMPREPLY[*]}" in *[=.]) compopt -o nospace ;; esac
}
complete -o default -o bashdefault -F _cinekit cinekit
""",
    "zsh": r"""
_cinekit() {
    local -a found
    local program=${words[1]}
    found=(${(f)"$(COMP_LINE="$LBUFFER" $program --shell-completion query=zsh 2>/dev/null)"})
    if (( ${#found} )); then
        compadd -Q -S '' -- $found
    else
        compset -P '*='
        _files
    fi
}
(( ${+functions[compdef]} )) || { autoload -Uz compinit && compinit }
compdef _cinekit cinekit
""",
    "fish": r"""
function __cinekit
    set -l found (COMP_LINE=(commandline -cp) cinekit --shell-completion query=fish 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c cinekit -f -a '(__cinekit)'
""",
}

REMOVE = {
    "bash": "complete -r cinekit",
    "zsh": "compdef -d cinekit",
    "fish": "complete -e -c cinekit",
}


def answer(shell: str) -> list[str]:
    """The words that may stand at the end of ``COMP_LINE``; none where anything goes wrong."""
    line = os.environ.get("COMP_LINE", "")
    try:
        found = complete(_words(line))
    except Exception:
        # Whatever it is: a message would end up in the line that is being typed.
        return []
    if shell == "bash":
        return [_after_break(_words(line)[-1], word) for word in found]
    return found


def _after_break(typed: str, word: str) -> str:
    """Bash replaces only what comes after the last "=" or ":" of the word."""
    breaks = [sign for sign in "=:" if sign in os.environ.get("COLONS", "=:")]
    return word[max(typed.rfind(sign) for sign in breaks) + 1 :] if breaks else word


def _words(line: str) -> list[str]:
    """The words after "cinekit", the last of which is being typed and may be empty."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ""
    words = []
    try:
        for word in reader:
            words.append(word)
    except ValueError:  # a quote that is still open
        words.append(reader.token.lstrip("'\""))
        return words[1:]
    return [*words[1:], ""] if line[-1:].isspace() or len(words) < 2 else words[1:]


def complete(words: list[str]) -> list[str]:
    """What the last word may become; the words before it are complete."""
    *before, typed = words
    if not before:
        return _beginning(typed, [*dict.fromkeys(name.partition(" ")[0] for name in COMMANDS)])
    name = before.pop(0)
    if name in VERBS:
        if not before:
            return _beginning(typed, VERBS[name])
        name = f"{name} {before.pop(0)}"
    command = COMMANDS.get(name)
    if command is None:
        return []
    for flag in (*FLAGS, *EVERYWHERE):
        if before and before[-1] in flag.names and flag.choices:
            return [] if flag.free else _beginning(typed, flag.choices)
    if typed.startswith("-"):
        flags = [*(FLAGS if command.composed else ()), *EVERYWHERE]
        return _beginning(typed, [flag.names[0] for flag in flags])
    if "=" in typed:
        return _values(command, typed)
    given = [word for word in before if "=" not in word and not word.startswith("-")]
    if any(one.many for one in command.arguments):
        from cinekit.app.models import known_models

        names = _beginning(typed, [one for one in known_models() if one not in given])
        return names + _beginning(typed, [f"{option.name}=" for option in command.options])
    if len(given) < len(command.arguments):
        return []  # a file
    return _names(command, before, typed)


def _names(command: Command, before: list[str], typed: str) -> list[str]:
    if not command.composed:
        return _beginning(typed, [f"{option.name}=" for option in command.options])
    from cinekit.app.catalogue import keys

    chosen = {}
    for word in before:
        key, found, value = word.partition("=")
        if found and "." not in key:
            chosen[key] = value.strip("[]").split(",")
    names = [*keys(chosen), "hydra.run.dir", "hydra.sweep.dir", "hydra/launcher"]
    if "." in typed:
        return _beginning(typed, [f"{name}=" for name in names])
    # One level at a time: "render." stands for all that is below it.
    tops = [name.partition(".")[0] + "." * ("." in name) for name in names]
    return _beginning(
        typed, [top if top.endswith(".") else f"{top}=" for top in dict.fromkeys(tops)]
    )


def _values(command: Command, typed: str) -> list[str]:
    """``segmenter=`` and its choices, of which a list or a sweep may have several."""
    key, _, value = typed.partition("=")
    cut = max(value.rfind(","), value.rfind("[")) + 1
    return [f"{key}={value[:cut]}{one}" for one in _beginning(value[cut:], _choices(command, key))]


def _choices(command: Command, key: str) -> list[str]:
    options = {option.name: option for option in command.options}
    known = options.get(key)
    if known is not None and known.kind is bool:
        return ["true", "false"]
    if not command.composed and (known is None or known.kind is not dict):
        return []
    from cinekit.app.catalogue import groups, main_values

    if key in groups():
        return [option.name for option in groups()[key]]
    value: Any = main_values()
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return ["true", "false"] if isinstance(value, bool) else []


def _beginning(typed: str, words: list[str] | tuple[str, ...]) -> list[str]:
    return [word for word in words if word.startswith(typed)]
