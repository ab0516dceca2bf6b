"""``--help``: commands, groups and options, from the yaml files alone."""

from __future__ import annotations

from itertools import groupby

from cinekit.plug.providers import (
    CORE_CONF,
    conf_folder,
    installed_entry_points,
    option_files,
    provider_of,
)

COMMANDS = """\
cinekit: a short video becomes a picture in which one thing moves in a perfect loop

  cinekit make CLIP [overrides]   make cinemagraphs from a clip
  cinekit segment CLIP [...]      what the segmenter sees, before anything is solved
  cinekit demo [overrides]        the same from a clip that cinekit draws itself
  cinekit render CLIP MAP [...]   a loop from a label map (labels_*.png, .vlp) that exists already
  cinekit rate RESULT --user NAME look at the loops of a result and rate them, 1 to 5
  cinekit ratings export FILE     all ratings as csv; import adds those of a csv
  cinekit train [ranker=joint]    learn from everybody's ratings
  cinekit rank RESULT --user NAME a result's loops in this user's order
  cinekit evaluate [ranker=[..]]  how well rankers predict ratings that they were not told
  cinekit features RESULT         features of a result's candidates, as a table
  cinekit models [list]           known network weights; get, path and verify fetch and find them
  cinekit cache [list]            what is kept from earlier runs; path and clear
  cinekit plugins                 every component: where it is from, whether it can run here
  cinekit doctor                  what is installed, found and writable
  cinekit --version

Overrides are Hydra's, after the clip:

  cinekit make coffee.mp4                                   all defaults
  cinekit make coffee.mp4 segmenter=masks segmenter.path=masks/
  cinekit make coffee.mp4 'writer=[mp4,gif]' render.length=4 clip.start=2
  cinekit make coffee.mp4 hydra.run.dir=out                 where the results go
  cinekit make coffee.mp4 -m energy=oh2017,liao2013         one run for each
  cinekit make coffee.mp4 --cfg job                         print the configuration and stop
"""


def overview() -> str:
    """The text of ``cinekit --help``."""
    heading = "Groups, chosen with GROUP=OPTION (defaults are marked *):"
    return f"{COMMANDS}\n{heading}\n\n{groups()}\n\n{values()}"


def groups() -> str:
    """Every group with its options, the core's and those of installed plugins."""
    providers = [provider_of(entry) for entry in installed_entry_points()]
    chosen = _defaults()
    lines = []
    for group, options in groupby(option_files(providers), key=lambda option: option.group):
        lines.append(f"  {group}")
        for option in options:
            mark = "*" if option.name in chosen.get(group, ()) else " "
            source = "" if option.distribution == "cinekit" else f" [{option.distribution}]"
            lines.append(f"   {mark} {option.name:<14} {option.summary}{source}")
    return "\n".join(lines)


def values() -> str:
    """The values of the main configuration, as they stand in the file."""
    folder = conf_folder(CORE_CONF)
    assert folder is not None
    text = (folder / "config.yaml").read_text("utf-8")
    body = text.partition("\n# Values\n")[2].partition("\nhydra:")[0].strip("\n")
    indented = "\n".join(f"  {line}".rstrip() for line in body.splitlines())
    return f"Values, changed with NAME=VALUE:\n\n{indented}"


def _defaults() -> dict[str, tuple[str, ...]]:
    """The options that the defaults list of the main configuration chooses, by group."""
    from omegaconf import OmegaConf

    folder = conf_folder(CORE_CONF)
    assert folder is not None
    chosen: dict[str, tuple[str, ...]] = {}
    loaded = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    assert isinstance(loaded, dict)
    for entry in loaded["defaults"]:
        if isinstance(entry, dict):
            for group, option in entry.items():
                chosen[str(group)] = tuple(option) if isinstance(option, list) else (str(option),)
    return chosen
