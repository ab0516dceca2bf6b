"""The page that a sweep ends with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cinekit import api
from cinekit.app.comparison import _by_number
from cinekit.errors import ClipError
from cinekit.store.archive import plain
from cinekit.write import Files, result_json, rewrite
from tests.unit.write import made

SWEEP = "hydra.sweep.dir=swept"


@pytest.fixture
def writing(jobs, monkeypatch) -> None:
    """Jobs that leave a result behind, as real ones do."""
    imitation = api.make

    def make(source, *, settings, output, **rest):
        result = imitation(source, settings=settings, output=output, **rest)
        files = Files(files={"mp4": "water.mp4"}, types={"mp4": "video/mp4"})
        document = result_json(made.three(), {"water": files})
        document["settings"] = {"segmenter": plain(settings.segmenter)}
        output.mkdir(parents=True, exist_ok=True)
        rewrite(output, document)
        return result

    monkeypatch.setattr(api, "make", make)


def headings(page: Path) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", page.read_text("utf-8"))


def videos(page: Path) -> list[str]:
    return re.findall(r'<video[^>]* src="([^"]+)"', page.read_text("utf-8"))


def test_a_sweep_ends_with_one_page_for_all_its_jobs(writing, run):
    done = run("make", "clip.mp4", "-m", "segmenter=motion", "segmenter.k=1,2", SWEEP)
    assert done.status == 0
    assert done.out.splitlines()[-1] == "comparison: swept/comparison.html"
    page = Path("swept/comparison.html")
    assert videos(page) == ["0/water.mp4", "1/water.mp4"]
    assert headings(page) == ["segmenter.k 1", "segmenter.k 2"]


def test_jobs_stand_in_the_order_of_their_numbers():
    paths = [Path(f"a1/{job}/result.json") for job in (10, 9, 1, 2, 100)]
    assert [path.parts[1] for path in sorted(paths, key=_by_number)] == ["1", "2", "9", "10", "100"]


def test_a_job_that_failed_does_not_take_the_page_away(writing, jobs, run):
    jobs.fail = lambda settings: ClipError("no frame") if settings.segmenter.k == 2 else None
    done = run("make", "clip.mp4", "-m", "segmenter=motion", "segmenter.k=1,2,3", SWEEP)
    assert done.status == 1
    assert videos(Path("swept/comparison.html")) == ["0/water.mp4", "2/water.mp4"]


def test_jobs_are_called_what_was_typed(writing, run):
    run("make", "clip.mp4", "-m", "solver=multiscale,expansion", "clip.seconds=2", SWEEP)
    assert headings(Path("swept/comparison.html")) == ["solver multiscale", "solver expansion"]


def test_without_a_result_or_a_sweep_there_is_no_page(jobs, run):
    assert "comparison" not in run("make", "clip.mp4", "-m", "segmenter.k=1,2", SWEEP).out
    assert "comparison" not in run("make", "clip.mp4", "hydra.run.dir=one").out
    assert list(Path().rglob("comparison.html")) == []
