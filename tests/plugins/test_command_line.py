"""Plugins as the command line sees them."""

from __future__ import annotations

import pytest


def test_options_of_a_plugin_are_found_and_built(install, run, jobs):
    install("good")
    done = run("make", "clip.mp4", "segmenter=tone", "segmenter.tone=dark", "writer=[npy,mp4]")
    assert done.status == 0, done.err
    assert jobs.settings.segmenter.tone == "dark"
    assert sorted(jobs.settings.writers) == ["mp4", "npy"]


def test_presets_of_a_plugin_start_from_its_options(install, run, jobs):
    install("good")
    assert run("make", "clip.mp4", "segmenter=dark").status == 0
    assert jobs.settings.segmenter.tone == "dark"
    assert jobs.settings.segmenter.threshold == 0.2


def test_a_nested_component_may_be_named_by_its_option(install, run, jobs):
    install("good")
    done = run("make", "clip.mp4", "segmenter=tone", "segmenter.inner={name: dark, box: [1, 2]}")
    assert done.status == 0, done.err
    inner = jobs.settings.segmenter.inner
    assert (inner.tone, inner.threshold, inner.box) == ("dark", 0.2, (1, 2))


def test_a_preset_package_without_python_works(install, run, jobs):
    install("presets")
    done = run("make", "clip.mp4", "segmenter=motion", "preset=twice")
    assert done.status == 0, done.err
    assert jobs.settings.repeat == 2
    assert jobs.settings.render.fade == 4


def test_a_broken_plugin_stops_only_who_asks_for_it(install, run, jobs):
    install("broken")
    assert run("make", "clip.mp4", "segmenter=motion").status == 0
    done = run("make", "clip.mp4", "segmenter=jelly")
    assert done.status == 1
    assert "fake-broken 0.9 failed to import" in done.error


def test_a_name_of_the_core_that_a_plugin_has_too_is_told_once(install, run, jobs):
    install("duplicate")
    done = run("make", "clip.mp4", "segmenter=motion")
    assert done.status == 0, done.err
    assert type(jobs.settings.segmenter).__module__ == "cinekit.see.motion"
    assert done.err.count("that of fake-duplicate 2.3 is segmenter=fake-duplicate:motion") == 1


def test_auto_skips_what_cannot_run_and_says_why(install, run, jobs):
    install("good", "broken")
    done = run("make", "clip.mp4", "segmenter.choices=[jelly,nothing,path,dark]")
    assert done.status == 0, done.err
    assert jobs.settings.segmenter.threshold == 0.2
    (note,) = [line for line in done.err.splitlines() if line.startswith("segmenter:")]
    assert note.startswith("segmenter: dark, chosen by auto (jelly cannot run here: ")
    assert "nothing: no such option" in note
    assert "path cannot run here: missing mandatory value" in note


def test_auto_without_a_choice_that_runs_is_an_error(install, run, jobs):
    install("broken")
    done = run("make", "clip.mp4", "segmenter.choices=[jelly]")
    assert done.status == 1
    assert "segmenter=auto: jelly cannot run here" in done.error


def test_plugins_lists_package_version_parameters_and_state(install, run):
    install("good", "broken", "missing", "duplicate")
    done = run("plugins")
    assert done.status == 0
    lines = done.out.splitlines()

    def entry(name: str) -> tuple[str, str]:
        (i,) = [i for i, line in enumerate(lines) if line.startswith(f"  {name} ")]
        return lines[i], lines[i + 1].strip()

    assert entry("tone") == (
        "  tone           fake-good 1.0: ready",
        "tone=bright, threshold=0.5, box=[0,0], inner=null",
    )
    assert entry("dark") == (
        "  dark           fake-good 1.0, preset of tone: ready",
        "tone=dark, threshold=0.2",
    )
    assert "ready, once given path" in entry("path")[0]
    assert "cannot run here: solver 'deep' of fake-missing" in entry("deep")[0]
    assert "fake-duplicate" not in entry("motion")[0]
    assert "fake-duplicate 2.3: ready" in entry("fake-duplicate:motion")[0]
    assert any(line.startswith("provided twice: segmenter=motion is that of") for line in lines)
    assert any(line.startswith("broken plugin: fake-broken 0.9") for line in lines)


@pytest.mark.parametrize("command", ["plugins", "doctor"])
def test_simple_commands_take_no_arguments(run, command):
    done = run(command, "extra")
    assert done.status == 1
    assert done.error == f"cinekit: {command} takes no arguments, received 'extra'"


def test_help_shows_the_options_of_plugins_without_importing_them(install, run):
    import sys

    install("good", "broken")
    done = run("make", "--help-all")
    assert done.status == 0
    assert "dark           A preset of tone: the dark ones. [fake-good]" in done.out
    assert "jelly          An option of a plugin that is broken. [fake-broken]" in done.out
    assert "fake_good" not in sys.modules


def test_doctor_fails_when_an_installed_plugin_is_broken(install, run):
    assert run("doctor").status == 0
    install("broken")
    done = run("doctor")
    assert done.status == 1
    assert any(
        line.startswith("FAIL plugin") and "fake-broken" in line for line in done.out.splitlines()
    )


PLUGIN = """
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar
import cinekit

class Tone(StrEnum):
    DARK = "dark"

@dataclass(frozen=True, kw_only=True)
class Inner:
    size: int = 2

@dataclass(frozen=True, kw_only=True)
class Bright:
    threshold: float = 0.7
    tone: Tone = Tone.DARK
    box: tuple[int, int] = (1, 2)
    inner: Inner = Inner()
    of: cinekit.Segmenter | None = None
    def respond(self, clip, progress=cinekit.silent):
        ...

@dataclass(frozen=True, kw_only=True)
class Text:
    suffix: ClassVar[str] = ".txt"
    media_type: ClassVar[str] = "text/plain"
    depth: int = 1
    def write(self, frames, fps, path, repeat=1):
        ...

@cinekit.hookimpl
def cinekit_segmenters(): return {"bright": Bright, "motion": Bright}

@cinekit.hookimpl
def cinekit_writers(): return {"text": Text, "other": Text}
"""


def test_a_component_needs_no_yaml(written, run, jobs):
    written("fake_x", PLUGIN)
    words = ("segmenter=bright", "segmenter.threshold=0.5", "segmenter.inner.size=3")
    done = run("make", "clip.mp4", *words, "writer=[text,mp4,other]", "writer.text.depth=4")
    assert done.status == 0, done.err
    segmenter, writers = jobs.settings.segmenter, jobs.settings.writers
    assert (segmenter.threshold, segmenter.inner.size, segmenter.box) == (0.5, 3, (1, 2))
    assert list(writers) == ["text", "mp4", "other"]
    assert (writers["text"].depth, writers["other"].depth) == (4, 1)


def test_what_is_wrong_with_a_component_without_a_yaml_is_one_line(written, run, jobs):
    written("fake_x", PLUGIN)
    done = run("make", "clip.mp4", "segmenter=bright", "segmenter.threshhold=1")
    assert done.status == 1
    assert "(did you mean 'segmenter.threshold'?)" in done.error
    assert "did you mean 'bright'?" in run("make", "clip.mp4", "segmenter=brigth").error


def test_options_need_no_package_line(written, run, jobs):
    files = {
        "conf/writer/text.yaml": "# Text.\nname: text\ndepth: 2\n",
        "conf/writer/deep.yaml": "defaults: [text]\ndepth: 5\n",
        "conf/preset/mine.yaml": "repeat: 3\n",
    }
    written("fake_x", PLUGIN, files)
    done = run("make", "clip.mp4", "writer=[text,deep]", "preset=mine")
    assert done.status == 0, done.err
    assert jobs.settings.repeat == 3
    assert {name: one.depth for name, one in jobs.settings.writers.items()} == {
        "text": 2,
        "deep": 5,
    }


@pytest.mark.parametrize("yaml", [None, "name: motion\nthreshold: 0.2\n"])
def test_a_name_of_the_core_can_be_had_from_a_plugin_by_its_package(written, run, jobs, yaml):
    written("fake_x", PLUGIN, {"conf/segmenter/motion.yaml": yaml} if yaml else {})
    done = run("make", "clip.mp4", "segmenter=fake-x:motion")
    assert done.status == 0, done.err
    assert jobs.settings.segmenter.threshold == (0.2 if yaml else 0.7)


def test_a_broken_yaml_on_the_command_line_is_one_line(written, run, jobs):
    written("fake_x", PLUGIN, {"conf/segmenter/bright.yaml": "name: [bright"})
    done = run("make", "clip.mp4", "segmenter=bright")
    assert done.status == 1
    assert done.error.startswith("cinekit: option segmenter=bright of fake-x is broken (")


def test_a_file_of_ones_own_without_a_package_line_is_told_what_it_lacks(run, jobs, tmp_path):
    (tmp_path / "own/writer").mkdir(parents=True)
    (tmp_path / "own/writer/small.yaml").write_text("name: gif\ncolours: 16\n")
    done = run("make", "clip.mp4", "writer=[small]", "--config-dir", str(tmp_path / "own"))
    assert done.status == 1
    assert "a file of your own begins with '# @package writer.NAME'" in done.error
