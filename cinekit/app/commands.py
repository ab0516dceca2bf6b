"""Every command, once. Parsing, help, completion and docs/commands.md are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

MUST = "???"
"""The default of an option that has to be given, as in the yaml files."""


@dataclass(frozen=True)
class Argument:
    """A word without a name. many : any number of them."""

    name: str
    help: str
    many: bool = False


@dataclass(frozen=True)
class Option:
    """``NAME=VALUE``. kind : str, int, bool or Path; dict for a component and its own options."""

    name: str
    kind: type[Any]
    default: Any
    help: str


@dataclass(frozen=True)
class Command:
    """What follows ``cinekit``, and the function that runs it.

    run : "module:function" in cinekit.app; called with the arguments and options by their names.
    composed : Hydra composes the configuration; the function is given ``overrides`` instead of
        options, and no argument has to be there for flags that run no job.
    parts : groups and sections of the configuration that it reads; () for all.
    """

    name: str
    summary: str
    run: str
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    composed: bool = False
    parts: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def reads(self, part: str) -> bool:
        """Whether a group or a section of the configuration changes anything."""
        return not self.parts or part in self.parts

    @cached_property
    def usage(self) -> str:
        """``cinekit rank RESULT [NAME=VALUE ...]``."""
        names = [f"[{one.name} ...]" if one.many else one.name for one in self.arguments]
        musts = [f"{one.name}=..." for one in self.options if one.default == MUST]
        more = len(musts) < len(self.options) or self.composed
        return " ".join(["cinekit", self.name, *names, *musts, *["[NAME=VALUE ...]"] * more])


@dataclass(frozen=True)
class Flag:
    """A flag of Hydra. choices : what may follow; a placeholder where anything may.

    jobless : it runs no job, and so needs no clip.  bare : the value may be left out.
    """

    names: tuple[str, ...]
    help: str
    choices: tuple[str, ...] = ()
    jobless: bool = False
    bare: bool = False

    @property
    def free(self) -> bool:
        """Whether any value may follow."""
        return bool(self.choices) and self.choices[0].isupper()


_CLIP = Argument("CLIP", "the video")
_RESULT = Argument("RESULT", "the folder that 'cinekit make' wrote")
_NAMES = Argument("NAME", "a model's name, see 'cinekit models'", many=True)
_TABLE = Argument("FILE", "a csv with the columns user, cinemagraph, rating, time")
_STORE = Option("ratings", Path, None, "another ratings store than that of this machine's user")

TABLE = (
    Command(
        "make",
        "make cinemagraphs from a clip",
        "make:make",
        (_CLIP,),
        composed=True,
        examples=(
            "cinekit make coffee.mp4",
            "cinekit make coffee.mp4 'writer=[mp4,gif]' render.length=4 clip.start=2",
            "cinekit make coffee.mp4 segmenter=masks segmenter.path=masks/ hydra.run.dir=out",
            "cinekit make coffee.mp4 -m energy=oh2017,liao2013    # one job for each",
        ),
    ),
    Command(
        "segment",
        "what the segmenter sees in a clip, before anything is solved",
        "segment:segment",
        (_CLIP,),
        composed=True,
        parts=("segmenter", "stabilise", "clip", "regions", "candidates"),
        examples=("cinekit segment coffee.mp4 segmenter=motion segmenter.k=3",),
    ),
    Command(
        "render",
        "a loop from a label map that exists already",
        "render:render",
        (_CLIP, Argument("MAP", "labels_*.png of a result, or a published .vlp")),
        composed=True,
        parts=("stabilise", "writer", "clip", "render", "repeat"),
        examples=("cinekit render coffee.mp4 out/labels_water.png render.length=90f writer=gif",),
    ),
    Command(
        "demo",
        "the same as make, on a clip that cinekit draws itself",
        "make:demo",
        composed=True,
        examples=("cinekit demo hydra.run.dir=out",),
    ),
    Command(
        "rate",
        "look at the loops of a result and rate them, 1 to 5",
        "rating:rate",
        (_RESULT,),
        (
            Option("user", str, MUST, "whose ratings these are"),
            Option("open", bool, True, "open each loop, at a terminal"),
            _STORE,
        ),
        examples=("cinekit rate out user=ann",),
    ),
    Command(
        "rank",
        "put the loops of a result in a user's order",
        "rating:rank",
        (_RESULT,),
        (
            Option("user", str, None, "whose order; nobody's: by loop quality"),
            Option("ranker", dict, None, "what orders them; the trained model, or prior"),
            _STORE,
        ),
        examples=("cinekit rank out user=ann",),
    ),
    Command(
        "train",
        "learn from everybody's ratings",
        "rating:train",
        (),
        (Option("ranker", dict, "joint", "what learns"), _STORE),
        examples=("cinekit train ranker=joint ranker.latent=4",),
    ),
    Command(
        "evaluate",
        "how well rankers predict ratings that they were not told",
        "evaluate:evaluate",
        (),
        (
            Option("ranker", dict, None, "one or several, as in [joint,srf]; nothing: the usual"),
            Option("data", str, "simulated", "simulated, store, or the folder of a MovieLens set"),
            Option("seeds", int, 5, "how many random splits"),
            Option("output", Path, "evaluation", "folder of evaluation.html and evaluation.json"),
            _STORE,
        ),
        examples=("cinekit evaluate 'ranker=[joint,srf]' data=store",),
    ),
    Command(
        "features",
        "the features of a result's candidates, as a table",
        "rating:features",
        (_RESULT,),
        (Option("output", Path, None, "a .csv or .parquet; features.csv beside the result"),),
        examples=("cinekit features out output=features.parquet",),
    ),
    Command(
        "ratings export", "write every rating ever given", "rating:export", (_TABLE,), (_STORE,)
    ),
    Command("ratings import", "add the ratings of a csv", "rating:add", (_TABLE,), (_STORE,)),
    Command("models list", "network weights: known and here", "models:show", (_NAMES,)),
    Command(
        "models get",
        "download weights, after asking; a broken download goes on where it stopped",
        "models:get",
        (_NAMES,),
        (
            Option("yes", bool, False, "do not ask"),
            Option("url", str, None, "another address; the file must be the same, bit for bit"),
        ),
        examples=("cinekit models get voc yes=true",),
    ),
    Command(
        "models path", "where a model's file is, or the models folder", "models:path", (_NAMES,)
    ),
    Command("models verify", "check files against their SHA-256", "models:verify", (_NAMES,)),
    Command("cache list", "what is kept from earlier runs", "cache:show"),
    Command("cache path", "where it is kept", "cache:path"),
    Command("cache clear", "delete it", "cache:clear"),
    Command(
        "plugins",
        "every component: where it is from, whether it can run here",
        "listing:list_plugins",
    ),
    Command("doctor", "what is installed, found and writable", "doctor:doctor"),
)

COMMANDS = {command.name: command for command in TABLE}

VERBS = {
    family: [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{family} ")]
    for family in dict.fromkeys(name.partition(" ")[0] for name in COMMANDS if " " in name)
}
"""Family of commands -> their second words. "list" may be left out."""

FLAGS = (
    Flag(("--multirun", "-m"), "a sweep: one job for each of several values, a=1,2"),
    Flag(("--cfg", "-c"), "print the configuration and stop", ("job", "hydra", "all"), True),
    Flag(("--package", "-p"), "with --cfg: this part alone", ("PART",)),
    Flag(("--resolve",), "with --cfg: references replaced by values"),
    Flag(("--config-dir", "-cd"), "a folder with options of your own", ("DIR",)),
    Flag(("--config-name", "-cn"), "another main configuration", ("NAME",)),
    Flag(("--config-path", "-cp"), "the folder of that", ("DIR",)),
    Flag(("--experimental-rerun",), "run a job again from its kept configuration", ("FILE",)),
    Flag(("--run", "-r"), "one job; the default"),
    Flag(
        ("--info", "-i"),
        "how Hydra puts the configuration together",
        ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
        True,
        True,
    ),
    Flag(("--hydra-help",), "Hydra's own help", (), True),
)
"""What Hydra's parser takes, beside what every command takes."""

EVERYWHERE = (
    Flag(("--help", "-h"), "this page"),
    Flag(("--help-all",), "all groups, options and values as well"),
    Flag(("--version", "-V"), "the version"),
    Flag(
        ("--shell-completion", "-sc"),
        'as in: eval "$(cinekit --shell-completion install=bash)"; also zsh and fish',
        ("install=bash", "install=zsh", "install=fish", "uninstall=bash"),
    ),
)
