from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

import cinekit
from cinekit.app.hydra_app import _stem, quote
from cinekit.see.motion import MotionSegmenter
from cinekit.solve.expansion import ExpansionSolver


def test_make_runs_the_pipeline_with_everything_built(run, jobs):
    done = run("make", "clip.mp4", "segmenter=motion", "render.fade=4", "clip.start=1.5")
    assert done.status == 0
    (source, settings, output) = jobs.calls[0]
    assert source == Path("clip.mp4")
    assert isinstance(settings.segmenter, MotionSegmenter)
    assert settings.render.fade == 4
    assert settings.clip.start == 1.5
    assert output.parent.name == "clip"
    assert output.parent.parent == Path.cwd() / "outputs"
    assert "results: outputs/clip/" in done.out


def test_the_configuration_is_kept_with_the_results(run, jobs):
    run("make", "clip.mp4", "hydra.run.dir=out", "segmenter=motion")
    kept = OmegaConf.load("out/.hydra/config.yaml")
    assert kept.segmenter.name == "motion"
    assert kept.input == "clip.mp4"
    assert [path.name for path in Path("out").iterdir()] == [".hydra"]


def test_one_word_changes_a_component_and_one_its_option(run, jobs):
    run("make", "clip.mp4", "segmenter=motion", "solver=expansion", "solver.sweeps=2")
    assert jobs.settings.solver == ExpansionSolver(sweeps=2)


def test_writers_are_a_list(run, jobs):
    run("make", "clip.mp4", "segmenter=motion", "writer=[gif,webm]", "writer.gif.colours=64")
    assert sorted(jobs.settings.writers) == ["gif", "webm"]
    assert jobs.settings.writers["gif"].colours == 64


def test_presets_change_several_things_and_yield_to_the_command_line(run, jobs):
    assert run("make", "clip.mp4", "preset=liao2013", "energy.period_step=16").status == 0
    assert jobs.settings.energy.use_regions is False
    assert jobs.settings.energy.period_step == 16


def test_stabilise_is_one_word(run, jobs):
    for word in ("auto", "on", "off"):
        assert run("make", "clip.mp4", "segmenter=motion", f"stabilise={word}").status == 0
        assert str(jobs.calls[-1][1].stabilise.mode) == word


@pytest.mark.parametrize(
    "name",
    [
        "two words.mp4",
        "it's.mp4",
        "a=b,c.mp4",
        "[x]{y}(z).mp4",
        "${stem:a}.mp4",
        "ünï.mp4",
        "b\\c.mp4",
    ],
)
def test_any_file_name_is_taken_as_it_is(run, jobs, name):
    Path(name).touch()
    done = run("make", name, "segmenter=motion")
    assert done.status == 0, done.err
    assert jobs.calls[0][0] == Path(name)


@pytest.mark.parametrize("text", ["\\", "\\\\", "a\\'", "\\'b'", "$", "${", "\\${x}", "'", ""])
def test_quoting_survives_hydra_and_omegaconf(text):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (override,) = OverridesParser.create().parse_overrides([f"input={quote(text)}"])
    assert OmegaConf.create({"input": override.value()}).input == text


@pytest.mark.parametrize(
    ("path", "stem"),
    [("a/b/Clip 1.mov", "Clip_1"), ("..mp4", "clip"), ("x:y?.mp4", "x_y"), ("ünï.mp4", "ünï")],
)
def test_the_output_folder_has_a_plain_name(path, stem):
    assert _stem(path) == stem


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (),
            "expected CLIP (the video), received nothing: cinekit make CLIP [NAME=VALUE ...]",
        ),
        (("segmenter=motion",), "cinekit: expected CLIP (the video), received 'segmenter=motion'"),
        (("nowhere.mp4",), "cinekit: nowhere.mp4: expected a file, found none"),
        ((".",), "cinekit: .: expected a file, received a directory"),
        (
            ("clip.mp4", "--confg"),
            "unknown flag '--confg' (did you mean '--cfg'?); see cinekit make --help",
        ),
        (
            ("clip.mp4", "--cfg", "jobs"),
            "--cfg: expected one of job, hydra, all, received 'jobs' (did you mean 'job'?)",
        ),
        (("clip.mp4", "segmenter=moton"), "unknown segmenter 'moton' (did you mean 'motion'?)"),
        (("clip.mp4", "segmentr=motion"), "unknown option 'segmentr' (did you mean 'segmenter'?)"),
        (("clip.mp4", "render.fad=2"), "unknown option 'render.fad' (did you mean 'render.fade'?)"),
        (("clip.mp4", "render.fade=x"), "render.fade: expected int, received 'x'"),
        (("clip.mp4", "render.fade=-1"), "render.fade: expected a value in [0, 64], received -1"),
        (("clip.mp4", "+render.fades=2"), "render.fades: unknown option (did you mean 'fade'?)"),
        (("clip.mp4", "nonsense"), "expected NAME=VALUE after CLIP, received 'nonsense'"),
        (("clip.mp4", "energy=oh2017,liao2013"), "add --multirun to your command line"),
        (("clip.mp4", "solver=masks"), "unknown solver 'masks'; installed: "),
        (("clip.mp4", "--config-dir", "absent"), "Additional config directory"),
        (("clip.mp4", "render.fade=${nothing}"), "Interpolation key 'nothing' not found"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_1(run, jobs, arguments, message):
    done = run("make", *arguments)
    assert done.status == 1
    assert message in done.error
    assert not jobs.calls


def test_missing_mandatory_values_are_listed_at_once_before_anything_runs(run, jobs):
    done = run("make", "clip.mp4", "segmenter=masks", "render.length=???")
    assert done.status == 1
    assert "missing mandatory value of render.length, segmenter.path" in done.error
    assert not jobs.calls


def test_own_errors_of_a_job_are_one_line_without_traceback(run, jobs):
    jobs.fail = lambda _settings: cinekit.ClipError("clip.mp4: no video stream")
    done = run("make", "clip.mp4", "segmenter=motion")
    assert done.status == 1
    assert done.error == "cinekit: clip.mp4: no video stream"


def test_a_bug_keeps_its_traceback(run, jobs):
    jobs.fail = lambda _settings: ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        run("make", "clip.mp4", "segmenter=motion")


def test_ctrl_c_ends_with_130(run, jobs):
    jobs.fail = lambda _settings: KeyboardInterrupt()
    done = run("make", "clip.mp4", "segmenter=motion")
    assert done.status == 130
    assert done.error == "cinekit: interrupted"


def test_a_sweep_runs_every_job_even_after_one_failed(run, jobs):
    def fail(settings):
        return cinekit.SolverError("no") if settings.render.fade == 2 else None

    jobs.fail = fail
    done = run("make", "clip.mp4", "-m", "segmenter=motion", "render.fade=1,2,3")
    assert [settings.render.fade for _, settings, _ in jobs.calls] == [1, 2, 3]
    assert done.status == 1
    assert done.err.splitlines().count("cinekit: no") == 1
    outputs = [output for _, _, output in jobs.calls]
    assert [output.name for output in outputs] == ["0", "1", "2"]
    assert outputs[0].parent.name.endswith("_sweep")


def test_a_bad_word_in_a_sweep_is_told_before_any_job_runs(run, jobs):
    done = run("make", "clip.mp4", "-m", "segmenter=motion,moton")
    assert done.status == 1
    assert "did you mean 'motion'" in done.err
    assert not jobs.calls


def test_cfg_prints_the_configuration_and_runs_nothing(run, jobs):
    done = run("make", "clip.mp4", "--cfg", "job", "render.fade=3")
    assert done.status == 0
    assert OmegaConf.create(done.out).render.fade == 3
    assert run("make", "--cfg", "job").status == 0
    assert not jobs.calls


def test_a_folder_of_ones_own_options_can_be_added(run, jobs):
    Path("mine/solver").mkdir(parents=True)
    Path("mine/solver/quick.yaml").write_text("name: expansion\nsweeps: 1\n")
    done = run("make", "clip.mp4", "segmenter=motion", "--config-dir", "mine", "solver=quick")
    assert done.status == 0, done.err
    assert jobs.settings.solver == ExpansionSolver(sweeps=1)


def test_the_environment_is_left_as_it_was(run, jobs, monkeypatch):
    import os
    import sys

    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    before = list(sys.argv)
    run("make", "clip.mp4", "segmenter=motion")
    assert sys.argv == before
    assert "HYDRA_FULL_ERROR" not in os.environ


def test_auto_takes_motion_without_weights_and_says_why(run, jobs, monkeypatch, tmp_path):
    monkeypatch.setenv("CINEKIT_MODELS", str(tmp_path / "none"))
    done = run("make", "clip.mp4")
    assert done.status == 0, done.err
    assert jobs.settings.segmenter == MotionSegmenter()
    note = done.err.splitlines()[0]
    assert note.startswith(
        "segmenter: motion, chosen by auto (scene_voc and scene cannot run here: "
    )


def test_auto_takes_scene_where_the_weights_are(run, jobs, monkeypatch, test_data):
    pytest.importorskip("cinekit_litert")
    monkeypatch.setenv("CINEKIT_MODELS", str(test_data / "weights"))
    done = run("make", "clip.mp4")
    assert done.status == 0, done.err
    assert type(jobs.settings.segmenter).__name__ == "SceneSegmenter"
    assert done.err.splitlines()[0] == "segmenter: scene_voc, chosen by auto"
