"""The main job on clips with a known answer."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import cinekit
from cinekit.api import make
from cinekit.energy import EnergyOptions, WorkingOptions, energy_terms
from cinekit.errors import RenderError, WriteError
from cinekit.job import NOTHING_MOVES
from cinekit.loop import RenderOptions
from cinekit.model import Clip, Judgement, Loop, Scene, SemanticResponse, Verdict
from cinekit.protocols import Progress, SilentReporter, silent
from cinekit.result import Cinemagraph, Result, order_of
from cinekit.see import EVERYTHING, CandidateOptions, make_candidates, select_regions
from cinekit.settings import Settings
from cinekit.store.archive import plain
from cinekit.testing import planted_loop, still_clip
from cinekit.write.output import OutputFolder

SMALL = WorkingOptions(min_side=1, scale=0.5)
SINGLES = CandidateOptions(combine=1, everything=False)


@pytest.fixture(scope="module")
def planted() -> tuple[Clip, np.ndarray, int]:
    return planted_loop(40, size=(108, 144), frames=96)


@pytest.fixture(scope="module")
def made(planted: tuple[Clip, np.ndarray, int]) -> tuple[Result, dict[str, np.ndarray]]:
    frames: dict[str, np.ndarray] = {}

    def keep(_scene: Scene, loop: Loop, rendered: np.ndarray) -> None:
        frames[loop.candidate.id] = rendered

    return make(planted[0], sink=keep, candidates=SINGLES), frames


def test_the_planted_loop_is_found(planted, made) -> None:
    _, mask, period = planted
    (best, *_) = made[0].cinemagraphs
    looping = best.labels.looping
    overlap = (looping & mask).sum() / (looping | mask).sum()
    assert overlap >= 0.9
    periods, counts = np.unique(best.labels.period[looping], return_counts=True)
    assert periods[counts.argmax()] % period == 0
    assert best.judgement.verdict is Verdict.GOOD


def test_what_stands_still_is_bit_equal_over_the_loop(made) -> None:
    result, frames = made
    for cinemagraph in result.cinemagraphs:
        still = ~cinemagraph.labels.looping
        rendered = frames[cinemagraph.candidate.id]
        assert still.any()
        assert (rendered[:, still] == rendered[0, still]).all()


def test_frames_rendered_on_demand_are_the_ones_that_were_judged(made) -> None:
    result, frames = made
    for cinemagraph in result.cinemagraphs:
        again = cinemagraph.frames()
        np.testing.assert_array_equal(again, frames[cinemagraph.candidate.id])


def test_energies_fall_and_stages_are_timed(made) -> None:
    result, _ = made
    for cinemagraph in result.cinemagraphs:
        totals = {name: terms.total for name, terms in cinemagraph.energies.items()}
        assert totals["before"] >= totals["choice"] >= totals["starts"] * (1 - 1e-6)
        assert totals["borders before"] >= totals["borders after"] - 1e-6
    names = [stage.name for stage in result.stages]
    assert names == ["stabilise", "segment", "regions", "costs", "solve", "render"]
    assert all(stage.seconds >= 0 and stage.peak_bytes > 1e6 for stage in result.stages)


def test_threads_change_nothing(planted, made) -> None:
    alone = make(planted[0], candidates=SINGLES, threads=1)
    for a, b in zip(alone.cinemagraphs, made[0].cinemagraphs, strict=True):
        np.testing.assert_array_equal(a.labels.period, b.labels.period)
        np.testing.assert_array_equal(a.labels.start, b.labels.start)


class Heard(SilentReporter):
    """A reporter that remembers what was said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_the_user_is_told_what_was_done_to_the_clip_and_what_was_dropped() -> None:
    clip = dataclasses.replace(still_clip(), notes=("trimmed",), warnings=("12 frames lost",))
    heard = Heard()
    make(clip, reporter=heard)
    assert heard.notes.count("trimmed") == 1
    assert heard.warnings == ["12 frames lost"]
    assert "background: static" in heard.notes
    assert heard.notes[-1] == NOTHING_MOVES


def test_the_best_comes_first(made) -> None:
    (one, *_) = made[0].cinemagraphs

    def judged(verdict: Verdict, score: float | None, area: float) -> Cinemagraph:
        judgement = Judgement(verdict, (), {"moving_area": area})
        return dataclasses.replace(one, judgement=judgement, score=score)

    order = [
        judged(Verdict.GOOD, 3.5, 0.1),
        judged(Verdict.GOOD, 3.4, 0.5),
        judged(Verdict.GOOD, 3.4, 0.2),
        judged(Verdict.DOUBTFUL, 5.0, 0.9),
        judged(Verdict.REFUSED, 5.0, 0.95),
    ]
    assert sorted([order[i] for i in (2, 3, 1, 0, 4)], key=order_of) == order
    with pytest.raises(ValueError, match="best first"):
        dataclasses.replace(made[0], cinemagraphs=tuple(order[::-1]))


def test_the_command_ends_with_every_candidate_and_where_to_look(made, tmp_path: Path) -> None:
    from cinekit.app.make import summary

    result, _ = made
    judgement = Judgement(Verdict.REFUSED, ("torn", "jumps"), {})
    refused = dataclasses.replace(result.cinemagraphs[0], judgement=judgement)
    (tmp_path / "report.html").touch()
    lines = summary(dataclasses.replace(result, cinemagraphs=(refused,)), tmp_path).splitlines()
    name = refused.candidate.id
    assert lines == [f"{name}: refused (torn; jumps)", f"results: {tmp_path}/report.html"]


def test_nothing_moves_is_a_result(tmp_path: Path) -> None:
    result = make(still_clip(), output=tmp_path / "out")
    assert result.cinemagraphs == ()
    assert result.notes == (NOTHING_MOVES,)
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    assert document["candidates"] == []
    assert NOTHING_MOVES in (tmp_path / "out" / "report.html").read_text()


def test_without_regions_there_is_one_candidate(planted) -> None:
    energy = EnergyOptions(use_regions=False)
    result = make(planted[0], energy=energy, working=SMALL)
    assert [c.candidate.id for c in result.cinemagraphs] == [EVERYTHING]


def test_the_folder_has_what_result_json_says(planted, tmp_path: Path) -> None:
    make(planted[0], candidates=SINGLES, working=SMALL, output=tmp_path / "out")
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    named = {file for one in document["candidates"] for file in one["files"].values()}
    for one in (document, *document["candidates"]):
        named |= set(one["media"].values())
    named |= {"result.json", "features.json", *document["files"].values()}
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "out").as_posix() for path in files} == named
    assert any(name.endswith(".mp4") for name in named)


def test_files_hold_the_labels_and_as_many_rounds_as_asked(made, tmp_path: Path) -> None:
    from cinekit.testing.writer_suite import play_film
    from cinekit.write import read_vlp

    result, frames = made
    (first, *_) = result.cinemagraphs
    name = first.candidate.id
    with OutputFolder(tmp_path, Settings().writers, repeat=2) as outputs:
        for one in result:
            outputs.add(result, one, frames[one.id])
        outputs.finish(result)
    assert len(play_film(tmp_path / f"{name}.mp4").frames) == 2 * first.n_frames
    labels = read_vlp(tmp_path / f"labels_{name}.png", result.clip.n_frames)
    np.testing.assert_array_equal(labels.period, first.labels.period)
    # The published format has levels of 4 frames; see test_maps.py for what it holds exactly.
    assert np.abs(labels.start - first.labels.start).max() <= 2


def test_one_word_swaps_the_segmenter_or_the_solver(planted, tmp_path: Path) -> None:
    from PIL import Image

    from cinekit.see.masks import MaskSegmenter
    from cinekit.solve import ExpansionSolver

    clip, mask, _ = planted
    Image.fromarray(mask.astype(np.uint8)).save(tmp_path / "pond.png")
    result = make(
        clip,
        segmenter=MaskSegmenter(path=str(tmp_path / "pond.png"), names=("1=water",)),
        solver=ExpansionSolver(sweeps=1),
        candidates=SINGLES,
        working=SMALL,
    )
    assert [c.candidate.id for c in result.cinemagraphs] == ["water"]
    assert result.response.source == "masks of pond.png"
    assert result.settings["solver"] == {"class": "ExpansionSolver", "sweeps": 1, "tolerance": 1e-3}


def test_refused_candidates_are_listed_and_only_written_when_asked(made, tmp_path: Path) -> None:
    result, frames = made
    (first, *_) = result.cinemagraphs
    judgement = dataclasses.replace(first.judgement, verdict=Verdict.REFUSED, reasons=("torn",))
    refused = dataclasses.replace(first, judgement=judgement)
    result = dataclasses.replace(result, cinemagraphs=(refused,))
    for asked in (False, True):
        folder = tmp_path / str(asked)
        with OutputFolder(folder, Settings().writers, refused=asked) as outputs:
            outputs.add(result, refused, frames[refused.id])
            outputs.finish(result)
        assert bool(list(folder.glob("*.mp4"))) is asked
        assert "torn" in (folder / "report.html").read_text()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(WriteError, match=r"cannot make the folder .*file: "):
        make(still_clip(), output=tmp_path / "file")


def test_a_still_frame_beyond_the_clip_is_said_before_anything_is_found() -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Never:
        def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
            raise AssertionError("segmented in vain")

    clip = still_clip()
    with pytest.raises(RenderError, match=rf"expected a frame index below {clip.n_frames}"):
        make(clip, segmenter=Never(), render=RenderOptions(still=clip.n_frames))


def test_settings_become_plain_values() -> None:
    settings = plain(Settings())
    assert json.loads(json.dumps(settings)) == settings
    assert settings["render"]["blend"] == "poisson"
    assert settings["solver"]["class"] == "MultiscaleSolver"


def test_the_reported_energy_is_the_independent_one(planted) -> None:
    """The pipeline's own check (the stages raise otherwise), seen from outside on one candidate."""
    from cinekit.clip import stabilise
    from cinekit.energy import LoopCosts, make_working
    from cinekit.see.motion import MotionSegmenter
    from cinekit.solve import MultiscaleSolver, solve_candidates

    clip, _ = stabilise(planted[0])
    response = MotionSegmenter().respond(clip)
    regions = select_regions(clip, response)
    costs = LoopCosts(make_working(clip, response, regions, SMALL), EnergyOptions())
    for solved in solve_candidates(costs, make_candidates(regions, SINGLES), MultiscaleSolver()):
        own = energy_terms(costs, solved.candidate, solved.labels)
        last = list(solved.energies.values())[-1]
        assert last.total == pytest.approx(own.total, rel=1e-4)


def test_the_readme_example_runs(planted, tmp_path: Path, monkeypatch, capsys) -> None:
    from cinekit.write import Mp4Writer

    Mp4Writer().write(planted[0].frames, planted[0].fps, tmp_path / "your.mp4")
    monkeypatch.chdir(tmp_path)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (code, *_) = [part for part in readme.split("```python\n")[1:] if "cinekit.make(" in part]
    code = code.split("```")[0]
    assert len(code.strip().splitlines()) <= 6
    exec(compile(code, "README.md", "exec"), {})
    assert "good" in capsys.readouterr().out
    assert cinekit.Verdict.GOOD == "good"
