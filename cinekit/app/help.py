"""``--help`` fits one screen; ``--help-all`` says everything. No component is imported for it."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable

from cinekit.app import catalogue
from cinekit.app.commands import COMMANDS, EVERYWHERE, FLAGS, MUST, VERBS, Command, Flag

WIDEST = 100

EXAMPLES = (
    "cinekit demo                                     # what comes out, on a clip drawn for it",
    "cinekit make coffee.mp4",
    "cinekit make coffee.mp4 segmenter=motion 'writer=[mp4,gif]' render.length=4",
)


def width() -> int:
    """Of the terminal, as far as lines are easily read."""
    return min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)


def overview() -> str:
    """``cinekit --help``: every command in a line."""
    lines = [
        "cinekit: a short video becomes a picture in which one thing moves in a perfect loop",
        "",
    ]
    lines += _table((_short(command), command.summary) for command in COMMANDS.values())
    lines += ["", "Options are NAME=VALUE, after the clip or the result:", ""]
    lines += [f"  {example}" for example in EXAMPLES]
    lines += ["", "More: cinekit COMMAND --help; cinekit --version", f"Tab key: {_completion()}"]
    return "\n".join(lines)


def _short(command: Command) -> str:
    words = [f"[{one.name}]" if one.many else one.name for one in command.arguments]
    words += [f"{one.name}=..." for one in command.options if one.default == MUST]
    return " ".join([command.name, *words])


def _completion() -> str:
    return EVERYWHERE[-1].help.removeprefix("as in: ")


def page(command: Command) -> str:
    """``cinekit COMMAND --help``."""
    lines = [command.usage, ""]
    lines += [*_wrapped(f"  {command.summary[0].upper()}{command.summary[1:]}.", "  "), ""]
    rows = [(one.name, one.help) for one in command.arguments]
    rows += [(f"{one.name}={_default(one.default)}", one.help) for one in command.options]
    lines += [*_table(rows), *[""] * bool(rows)]
    if command.composed:
        lines += [*_groups_in_short(command), *_values_in_short(command), ""]
    if command.examples:
        lines += ["Examples:", "", *(f"  {example}" for example in command.examples)]
    if command.composed:
        flags = ", ".join(flag.names[0] for flag in FLAGS if not flag.free)
        lines += ["", *_wrapped(f"Flags: {flags}", "  ")]
        lines += _wrapped(f"More: cinekit {command.name} --help-all", "  ")
    return "\n".join(lines).rstrip()


def family(name: str) -> str:
    """``cinekit models --help``."""
    commands = [COMMANDS[f"{name} {verb}"] for verb in VERBS[name]]
    return "\n".join(_table((command.usage, command.summary) for command in commands))


def document() -> str:
    """docs/commands.md: what does not depend on the plugins that are installed."""
    lines = ["# Commands", "", "Made by `python -m cinekit.app.help` from the table of commands."]
    for command in COMMANDS.values():
        lines += ["", f"## {command.name}", "", f"`{command.usage}`: {command.summary}.", ""]
        lines += [f"- `{one.name}`: {one.help}" for one in command.arguments]
        lines += [f"- `{one.name}={_default(one.default)}`: {one.help}" for one in command.options]
        parts = ", ".join(f"`{part}`" for part in command.parts) or "all groups and values"
        lines += [f"- reads {parts} of the [configuration](guide.md)"] * command.composed
        lines += ["", "```sh", *command.examples, "```"] * bool(command.examples)
    text = "\n".join(lines).rstrip() + "\n"
    return re.sub(r"\n{3,}", "\n\n", text)


def everything(command: Command) -> str:
    """``cinekit COMMAND --help-all``."""
    lines = [page(command)]
    if command.composed:
        lines += ["", "Groups, chosen with GROUP=OPTION (defaults are marked *):", "", groups()]
        body = catalogue.main_text().partition("\n# Values\n")[2].partition("\nhydra:")[0]
        indented = "\n".join(f"  {line}".rstrip() for line in body.strip("\n").splitlines())
        lines += ["", "Values, changed with NAME=VALUE:", "", indented, "", "Flags:", ""]
        lines += _flags(FLAGS)
    else:
        lines += ["", "Flags:", ""]
    return "\n".join([*lines, *_flags(EVERYWHERE)])


def _flags(flags: Iterable[Flag]) -> list[str]:
    return _table(
        (" ".join([", ".join(flag.names), *flag.choices[:1]]), flag.help) for flag in flags
    )


def groups() -> str:
    """Every group with its options, the core's and those of installed plugins."""
    lines = []
    for group, options in catalogue.groups().items():
        lines.append(f"  {group}")
        for option in options:
            mark = "*" if option.name in catalogue.defaults().get(group, ()) else " "
            source = "" if option.distribution == "cinekit" else f" [{option.distribution}]"
            lines.append(f"   {mark} {option.name:<14} {option.summary}{source}")
    return "\n".join(lines)


def _groups_in_short(command: Command) -> list[str]:
    chosen = catalogue.defaults()
    rows = []
    for group, options in catalogue.groups().items():
        if not command.reads(group):
            continue
        default = chosen.get(group, [])
        # The core's first: they are always there.
        rest = sorted(options, key=lambda option: option.distribution != "cinekit")
        names = [f"{name}*" for name in default]
        names += [option.name for option in rest if option.name not in default]
        rows.append((group, _cut(names)))
    return ["Groups, GROUP=OPTION (* is the default):", "", *_table(rows)]


def _values_in_short(command: Command) -> list[str]:
    rows, plain = [], []
    for key, value in catalogue.main_values().items():
        if not command.reads(key):
            continue
        if isinstance(value, dict):
            rows.append((f"{key}.", _cut(list(value))))
        elif key != "input":
            plain.append(key)
    return ["", "Values, NAME=VALUE:", "", *_table([*rows, *[("", _cut(plain))] * bool(plain)])]


def _cut(names: list[str]) -> str:
    """As many as fit beside the first column, and how many more there are."""
    room = width() - 18
    text = ", ".join(names)
    kept = len(names)
    while len(text) > room and kept > 1:
        kept -= 1
        text = f"{', '.join(names[:kept])} and {len(names) - kept} more"
    return text


def _default(value: object) -> str:
    if value == MUST:
        return "..."
    return str(value).lower() if isinstance(value, bool) else str(value) if value else "..."


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Two columns, the second wrapped at the width of the terminal."""
    rows = list(rows)
    first = min(max((len(name) for name, _ in rows), default=0), width() // 2 - 4)
    lines = []
    for name, text in rows:
        head = f"  {name:<{first}}  "
        wrapped = textwrap.wrap(text, max(width() - first - 4, 20)) or [""]
        if len(head) > first + 4:
            lines.append(head.rstrip())
            head = " " * (first + 4)
        lines += [
            f"{head if i == 0 else ' ' * (first + 4)}{one}".rstrip()
            for i, one in enumerate(wrapped)
        ]
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, width(), subsequent_indent=indent)


if __name__ == "__main__":
    print(document(), end="")
