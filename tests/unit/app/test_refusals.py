"""What a user gets wrong is said at once, in one line, before anything is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

import cinekit
from cinekit.see.motion import MotionSegmenter
from cinekit.settings import Settings


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("repeat=0",), "repeat: expected a value >= 1, received 0"),
        (("threads=-1",), "threads: expected a value >= 0, received -1"),
        (("clip=none",), "clip: expected a mapping of options, received 'none'"),
        (("writer.mp4.crf=99",), "writer.mp4.crf: expected a value in [1, 51], received 99.0"),
        (
            ("segmenter=auto", "segmenter.k=3"),
            "'segmenter.k'; options of the chosen segmenter: segmenter.choices, segmenter.name",
        ),
        (("fade=4",), "unknown option 'fade' (did you mean 'render.fade'?)"),
        (("rendr.fade=4",), "unknown option 'rendr.fade' (did you mean 'render.fade'?)"),
        (("segmenter.kk=3",), "unknown option 'segmenter.kk' (did you mean 'segmenter.k'?)"),
        (
            ("segmenter=scene", "segmenter.semantic.model=x"),
            "give segmenter.semantic as a whole, as in "
            "'segmenter.semantic={name: NAME, model: VALUE}'",
        ),
        (("-m", "--cfg", "job"), "expected one of -m, --cfg and --info, received several"),
        (("second.mp4",), "expected NAME=VALUE after CLIP, received 'second.mp4'"),
        (("segmenter=masks", "segmenter.path=nowhere"), "at 'nowhere', found nothing there"),
    ],
)
def test_it_is_said_before_the_clip_is_read(run, jobs, arguments, message):
    done = run("make", "clip.mp4", "segmenter=motion", *arguments)
    assert done.status == 1
    assert message in done.error
    assert not jobs.calls


def test_weights_that_are_missing_are_said_before_the_clip_is_read(
    run, jobs, monkeypatch, tmp_path
):
    pytest.importorskip("cinekit_litert")
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "none"))
    done = run("make", "clip.mp4", "segmenter=ade20k")
    assert done.status == 1
    assert done.error.startswith("cinekit: segmenter: the weights 'deeplabv3_mobilenetv2_ade20k")
    assert not jobs.calls


@pytest.mark.parametrize(
    "arguments", [("hydra.run.dir=clip.mp4/out",), ("-m", "hydra.sweep.dir=clip.mp4/out")]
)
def test_a_folder_that_cannot_be_made_is_one_line(run, jobs, arguments):
    done = run("make", "clip.mp4", "segmenter=motion", *arguments)
    assert done.status == 1
    assert done.error.startswith("cinekit: cannot make the folder clip.mp4/out: Not a directory; ")
    assert "hydra.run.dir=DIR" in done.error
    assert Path("clip.mp4").is_file()


def test_an_oserror_of_a_job_is_a_bug_and_keeps_its_traceback(run, jobs):
    jobs.fail = lambda _settings: PermissionError(13, "Permission denied", "somewhere")
    with pytest.raises(PermissionError):
        run("make", "clip.mp4", "segmenter=motion")


@pytest.mark.parametrize("many", [(), ("-m",)])
def test_a_nested_component_is_replaced_with_its_parameters(run, jobs, many):
    parts = "segmenter.semantic={name: motion, k: 3}"
    done = run("make", "clip.mp4", *many, "segmenter=scene", parts)
    assert done.status == 0, done.err
    assert jobs.settings.segmenter.semantic == MotionSegmenter(k=3)


def test_why_auto_passes_over_several_is_said_once(run, jobs, monkeypatch, tmp_path):
    pytest.importorskip("cinekit_litert")
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "none"))
    note = run("make", "clip.mp4").err.splitlines()[0]
    assert note.startswith("segmenter: motion, chosen by auto (scene_voc and scene cannot run")
    assert note.count("not installed") == 1


@pytest.mark.parametrize("wrong", ["motion", MotionSegmenter, None])
def test_in_python_a_segmenter_is_a_component(wrong):
    with pytest.raises(
        cinekit.ConfigError, match=r"segmenter: expected a component such as Motion"
    ):
        Settings(segmenter=wrong)
    with pytest.raises(cinekit.ConfigError, match=r"solver: expected a component such as Multi"):
        Settings(solver=wrong)
