"""Label maps become loops again."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cinekit.app.render import render
from cinekit.errors import ConfigError, RenderError, WriteError
from cinekit.labels import LabelMap
from cinekit.loop import (
    Activation,
    RenderOptions,
    begin_at,
    calmest_frame,
    loop_length,
    render_loop,
)
from cinekit.model import Clip
from cinekit.replay import render_map
from cinekit.testing import planted_loop
from cinekit.write import write_vlp

PLAIN = ("stabilise=off", "hydra.run.dir=out", "segmenter=motion")


@pytest.fixture
def clip() -> Clip:
    return planted_loop(20, size=(48, 64), frames=60)[0]


@pytest.fixture
def labels(clip: Clip) -> LabelMap:
    period, start = np.ones(clip.size, np.int16), np.full(clip.size, 7, np.int16)
    period[10:40, 20:50], start[10:40, 20:50] = 21, 13
    return LabelMap(period, start, clip.n_frames)


@pytest.fixture
def path(labels: LabelMap, tmp_path: Path) -> Path:
    write_vlp(labels, tmp_path / "labels_water.png")
    return tmp_path / "labels_water.png"


def test_a_map_renders_what_its_labels_render(clip, labels, path):
    options = RenderOptions(min_seconds=1.0)
    n = loop_length(labels, clip.fps, options)
    expected = render_loop(clip, labels, n, options)
    begin_at(expected, calmest_frame(expected, labels))
    np.testing.assert_array_equal(render_map(clip, path, options), expected)


def test_a_published_map_of_half_the_size_renders(clip, tmp_path):
    path = tmp_path / "published.vlp"
    picture = np.full((24, 32, 4), (2, 2, 0, 255), np.uint8)
    picture[5:20, 10:25] = (2, 3, 5, 100)
    Image.fromarray(picture).save(path, "PNG")
    loop = render_map(clip, path, RenderOptions(length="20f"))
    moving = (loop != loop[0]).any(axis=(0, 3))
    assert moving[10:40, 20:50].any()
    moving[10:40, 20:50] = False
    assert not moving.any()
    assert (loop[:, 0, 0] == clip.frames[10, 0, 0]).all()


def test_the_slider_of_a_map_is_its_own(clip, labels, tmp_path):
    path = tmp_path / "labels.png"
    threshold = np.ones(clip.size, np.float32)
    threshold[10:40, 20:35] = 0.3
    write_vlp(labels, path, Activation(threshold, np.full(clip.size, 26, np.int16)))
    options = RenderOptions(length="21f", dynamism=0.5)
    loop = render_map(clip, path, options)
    assert (loop[:, 10:40, 35:50] == clip.frames[26, 10:40, 35:50]).all()
    assert not (loop[:, 10:40, 20:35] == loop[0, 10:40, 20:35]).all()
    still = render_map(clip, path, RenderOptions(length="21f", dynamism=0.0))
    assert (still == still[0]).all()


def test_what_does_not_fit_is_refused(clip, path, tmp_path):
    wide = Clip(np.repeat(clip.frames, 2, axis=2), clip.fps)
    with pytest.raises(RenderError, match=r"shape of the clip, 128x48, .* is 64x48"):
        render_map(wide, path)
    with pytest.raises(WriteError, match=r"clip of 59 frames, .* is for one of 60"):
        render_map(Clip(clip.frames[:59], clip.fps), path)
    with pytest.raises(ConfigError, match="a map has no candidates and regions"):
        render_map(clip, path, RenderOptions(dynamism_of={"water": 0.5}))


def test_the_command_writes_the_loop_with_every_writer(clip, path, jobs, capsys):
    overrides = [*PLAIN, "writer=[mp4,gif]", "render.length=42f"]
    assert render(overrides, clip, path) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "loop: out/water.mp4",
        "loop: out/water.gif",
    ]
    with av.open("out/water.mp4") as film:
        assert sum(1 for _ in film.decode(video=0)) == 42


def test_the_command_needs_a_clip_and_a_map(run, jobs, path):
    for arguments in (["clip.mp4"], ["clip.mp4", "render.length=4"]):
        done = run("render", *arguments)
        assert done.status == 1
        assert "expected MAP (labels_*.png of a result" in done.error
        assert "cinekit render CLIP MAP [NAME=VALUE ...]" in done.error
    missing = run("render", "clip.mp4", "nowhere.png").error
    assert "nowhere.png: expected a label map after the clip" in missing
    assert "nowhere.mp4: expected a file" in run("render", "nowhere.mp4", str(path)).error
    assert "cinekit render CLIP MAP" in run("render", "--help").out
