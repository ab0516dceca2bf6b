"""From words to values: one grammar for every command, ``ARGUMENT ... NAME=VALUE ... --flag``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cinekit.app.commands import COMMANDS, FLAGS, MUST, VERBS, Command, Flag, Option
from cinekit.errors import ConfigError
from cinekit.text import did_you_mean, one_line

FLAG_OF = {name: flag for flag in FLAGS for name in flag.names}


def find(words: list[str]) -> tuple[Command, list[str]]:
    """The command that these words begin with, and the words after it.

    Raises
    ------
    ConfigError
        When there is none; one line with the nearest.
    """
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first.startswith("-"):
        return COMMANDS["make"], words
    if first in COMMANDS:
        return COMMANDS[first], rest
    if first not in VERBS:
        known = [name for name in COMMANDS if " " not in name] + list(VERBS)
        hint = did_you_mean(first, known)
        raise ConfigError(f"unknown command '{first}'{hint}; commands: {', '.join(known)}")
    verbs = VERBS[first]
    verb, after = (rest[0], rest[1:]) if rest and not rest[0].startswith("-") else ("list", rest)
    if verb not in verbs:
        told = f"unknown command '{first} {verb}'" if rest else "expected a second word"
        raise ConfigError(f"{told}{did_you_mean(verb, verbs)}; commands: {_listed(first)}")
    return COMMANDS[f"{first} {verb}"], after


def _listed(family: str) -> str:
    return ", ".join(f"{family} {verb}" for verb in VERBS[family])


def parse(command: Command, words: list[str]) -> dict[str, Any]:
    """The arguments of the command's function by name, in lower case.

    Raises
    ------
    ConfigError
        One line: what was expected, what came, how to write it.
    """
    arguments, assignments, flags = _sort(command, words)
    if "--hydra-help" in flags:  # it knows nothing of our options
        return {**{one.name.lower(): None for one in command.arguments}, "overrides": flags}
    given = _arguments(command, arguments, assignments, flags)
    if command.composed:
        return {**given, "overrides": flags + assignments}
    return {**given, **_options(command, assignments)}


def _sort(command: Command, words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Arguments, assignments, and flags with their values."""
    arguments: list[str] = []
    assignments: list[str] = []
    flags: list[str] = []
    most = len(command.arguments)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            flags += _flag(command, word, rest)
        elif _is_argument(word, len(arguments) < most):
            if len(arguments) >= most and not any(one.many for one in command.arguments):
                raise ConfigError(_too_many(command, word))
            arguments.append(word)
        elif word.startswith("="):
            raise ConfigError(f"expected NAME=VALUE, received '{word}': {command.usage}")
        else:
            assignments.append(word)
    return arguments, assignments, flags


def _is_argument(word: str, wanted: bool) -> bool:
    """Names of files may have any character; ``~key`` is how Hydra deletes one."""
    named = "=" in word or (word.startswith("~") and not wanted)
    return not named or (wanted and Path(word).exists())


def _too_many(command: Command, word: str) -> str:
    before = " and ".join(one.name for one in command.arguments)
    if not (command.composed or command.options):
        return f"{command.name} takes no {'more ' * bool(before)}arguments, received '{word}'"
    after = f" after {before}" if before else ""
    return f"expected NAME=VALUE{after}, received '{word}': {command.usage}"


def _flag(command: Command, word: str, rest: list[str]) -> list[str]:
    """A flag, with the value that is taken from the words after it.

    Raises
    ------
    ConfigError
        For one that is not known, an option that is written like one, or a wrong value.
    """
    name, found, value = word.partition("=")
    flag = FLAG_OF.get(name) if command.composed else None
    if flag is None:
        following = rest[0] if rest and not rest[0].startswith("-") and "=" not in rest[0] else ""
        raise ConfigError(_not_a_flag(command, name, value if found else following))
    if not flag.choices:
        return [word]
    if not found and rest and (not flag.bare or rest[0] in flag.choices):
        value, found = rest.pop(0), "="
    if not found:
        if flag.bare:
            return [name, flag.choices[0]]
        raise ConfigError(f"{name}: expected {_expected(flag)} after it, received nothing")
    if flag.choices[0] == "FILE" and not Path(value).is_file():
        raise ConfigError(f"{name}: expected a file, received '{value}'")
    if not flag.free and value not in flag.choices:
        hint = did_you_mean(value, flag.choices)
        raise ConfigError(f"{name}: expected {_expected(flag)}, received '{value}'{hint}")
    return [name, value]


def _expected(flag: Flag) -> str:
    return flag.choices[0] if flag.free else f"one of {', '.join(flag.choices)}"


def _not_a_flag(command: Command, flag: str, value: str) -> str:
    """``--user ann`` is how others write ``user=ann``."""
    name = flag.lstrip("-").replace("-", "_")
    if command.composed:
        from cinekit.app.catalogue import keys

        names = keys()
    else:
        names = [option.name for option in command.options]
    switches = {option.name for option in command.options if option.kind is bool}
    positive = name.removeprefix("no_")
    for option in names:
        if option in (name, positive) or (
            len(name) == 1 and option in switches and option[0] == name
        ):
            usual = "false" if option != name and name != option[0] else "true"
            value = usual if option in switches else value or "VALUE"
            return f"options have no dashes: write {option}={value} instead of {flag}"
    known = [*FLAG_OF] if command.composed else []
    hint = did_you_mean(flag, [*known, "--help", "--help-all", "--version"])
    return f"unknown flag '{flag}'{hint}; see cinekit {command.name} --help"


def _arguments(
    command: Command, words: list[str], assignments: list[str], flags: list[str]
) -> dict[str, Any]:
    jobless = any(FLAG_OF[flag].jobless for flag in flags if flag in FLAG_OF)
    given: dict[str, Any] = {}
    for i, argument in enumerate(command.arguments):
        key = argument.name.lower()
        if argument.many:
            given[key] = words[i:]
        elif i < len(words):
            given[key] = Path(words[i])
        elif jobless:
            given[key] = None
        else:
            received = f"received '{assignments[0]}'" if assignments else "received nothing"
            raise ConfigError(
                f"expected {argument.name} ({argument.help}), {received}: {command.usage}"
            )
    return given


def _options(command: Command, assignments: list[str]) -> dict[str, Any]:
    known = {option.name: option for option in command.options}
    given: dict[str, Any] = {}
    for word in assignments:
        key, found, value = word.partition("=")
        name, _, part = key.partition(".")
        option = known.get(name)
        if option is None or not found or (part and option.kind is not dict):
            listed = f"options: {', '.join(known)}" if known else "it has no options"
            raise ConfigError(
                f"unknown option '{key}'{did_you_mean(name, known)} of cinekit {command.name}; "
                f"{listed}"
            )
        if option.kind is dict:
            given.setdefault(name, {})[part or "name"] = _yaml(key, value)
        else:
            given[name] = _value(option, value)
    for option in command.options:
        if option.default == MUST and option.name not in given:
            raise ConfigError(
                f"expected {option.name}=... ({option.help}), received none: {command.usage}"
            )
        if option.kind is dict:
            given[option.name] = {"name": option.default, **given.get(option.name, {})}
        elif option.name not in given:
            made = option.default is not None and option.kind is Path
            given[option.name] = Path(option.default) if made else option.default
    return given


def _value(option: Option, text: str) -> Any:
    """A value as its option's type; null is nothing where nothing is the default."""
    if text == "null" and option.default is None:
        return None
    words = {"true": True, "yes": True, "false": False, "no": False}
    if option.kind is bool and text.lower() in words:
        return words[text.lower()]
    if option.kind in (str, Path) and text:
        return option.kind(text)
    if option.kind is int:
        try:
            return int(text)
        except ValueError:
            pass
    expected = {bool: "true or false", int: "a whole number"}.get(option.kind, "a value")
    raise ConfigError(f"{option.name}: expected {expected}, received '{text}'")


def _yaml(key: str, text: str) -> Any:
    """The value of a component's option: as in the yaml files."""
    import yaml  # type: ignore[import-untyped]

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{key}: cannot read '{text}': {one_line(error)}") from None
