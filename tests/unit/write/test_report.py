"""result.json, the report and the comparison page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cinekit.errors import WriteError
from cinekit.labels import LabelMap
from cinekit.model import Ranking, Verdict
from cinekit.result import Result
from cinekit.testing.writer_suite import play_film, pond
from cinekit.write import (
    Files,
    Mp4Writer,
    OutputFolder,
    WebpWriter,
    differing_settings,
    labels_image,
    preview,
    ranked,
    read_result,
    result_json,
    rewrite,
    write_comparison,
)
from cinekit.write.report import energy_groups
from tests.unit.write import made

WRITTEN = Files(files={"mp4": "a b.mp4"}, types={"mp4": "video/mp4"})


def _check(value: Any, schema: dict[str, Any], where: str = "$") -> None:
    """The few words of JSON Schema that ours uses."""
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "null": type(None),
    }
    wanted = schema.get("type")
    if wanted is not None:
        names = [wanted] if isinstance(wanted, str) else wanted
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = any(
            (name == "number" and number)
            or (name == "integer" and number and float(value).is_integer())
            or (name in kinds and isinstance(value, kinds[name]))
            for name in names
        )
        assert fits, f"{where}: {value!r} is not {names}"
    if "const" in schema:
        assert value == schema["const"], where
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        assert value >= schema.get("minimum", value), where
        assert value <= schema.get("maximum", value), where
        assert "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"], where
    if "pattern" in schema:
        assert re.search(schema["pattern"], value), where
    if isinstance(value, dict):
        assert set(schema.get("required", [])) <= set(value), where
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            _check(item, inner, f"{where}.{key}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, schema.get("items", {}), f"{where}[{index}]")


def _schema() -> dict[str, Any]:
    text = files("cinekit.write").joinpath("templates/result.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@pytest.mark.parametrize("result", [made.three(), made.result()], ids=["three", "none"])
def test_result_fits_the_published_schema(result: Any, tmp_path: Path) -> None:
    rewrite(tmp_path, result_json(result, {"water": WRITTEN}))
    text = (tmp_path / "result.json").read_text("utf-8")
    _check(json.loads(text, parse_constant=pytest.fail), _schema())


def test_schema_check_can_fail() -> None:
    document = result_json(made.three())
    document["candidates"][0]["verdict"] = "splendid"
    with pytest.raises(AssertionError, match="verdict"):
        _check(document, _schema())


def test_schema_and_document_name_the_same_keys() -> None:
    document, schema = result_json(made.three()), _schema()
    assert list(document) == schema["required"]
    inner = schema["properties"]["candidates"]["items"]
    assert list(document["candidates"][0]) == inner["required"]


def test_every_key_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs/result-schema.md").read_text("utf-8")
    document = result_json(made.three())
    keys = [*document, *document["candidates"][0], *document["clip"], *document["stages"][0]]
    keys += [*document["working"], *document["stabilisation"], *document["regions"][0]]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_figures_that_are_not_finite_become_null() -> None:
    candidate = result_json(made.three())["candidates"][0]
    assert candidate["measures"]["odd"] is None
    assert candidate["statistics"] == {"moves": 12.0, "bound": None}


def test_candidate_holds_what_was_found() -> None:
    candidate = result_json(made.three(), {"water": WRITTEN})["candidates"][0]
    assert candidate["periods"] == {"16": 0.25, "32": 0.75}
    assert candidate["looping_area"] == 0.5
    assert candidate["seconds"] == 1.6
    assert candidate["energies"][0] == {
        "stage": "start",
        "temporal": 10.0,
        "label": 5.0,
        "spatial": 25.0,
        "total": 40.0,
    }
    assert candidate["files"] == {"mp4": "a b.mp4"}


class _Page(HTMLParser):
    """Collects tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "rect", "path", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "path"):
            assert self.open.pop() == tag
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def folder_of(result: Any, folder: Path, **writers: Any) -> Path:
    """Where a job would have left the result: every loop is the same pond."""
    with OutputFolder(folder, writers or {"mp4": Mp4Writer(preset="ultrafast")}) as outputs:
        for one in result:
            outputs.add(result, one, pond(8, made.H, made.W))
        outputs.finish(result)
    return folder


def page_of(result: Any, folder: Path, **writers: Any) -> str:
    return (folder_of(result, folder, **writers) / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(made.three("water #1"), tmp_path_factory.mktemp("result"))


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text("utf-8")


def test_report_is_well_formed_and_fetches_nothing(page: str) -> None:
    parsed = _Page(page)
    assert parsed.open == []
    for tag, attributes in parsed.tags:
        source = attributes.get("src")
        assert source is None or source.startswith("data:"), (tag, source)
        assert tag != "link"
    assert "@import" not in page
    assert not re.search(r"url\((?!data:)", page)


def test_report_escapes_everything(page: str) -> None:
    assert "<b>sons" not in page
    assert "<u>bird" not in page
    assert "<i>shakes" not in page
    assert "pond &amp; &lt;b&gt;sons" in page
    assert 'href="labels_water%20%231.png"' in page


def test_every_picture_says_what_it_shows(page: str) -> None:
    for tag, attributes in _Page(page).tags:
        if tag == "img":
            assert attributes.get("alt")
        if tag == "video":
            assert attributes.get("aria-label")


def test_embedded_loop_plays_every_frame(page: str, tmp_path: Path) -> None:
    match = re.search(r'class="loop" src="data:video/mp4;base64,([^"]+)"', page)
    assert match
    path = tmp_path / "loop.mp4"
    path.write_bytes(base64.b64decode(match[1]))
    assert len(play_film(path).frames) == 8


def test_embedded_label_map_is_bit_equal_to_the_map(page: str, tmp_path: Path) -> None:
    match = re.search(r'src="data:image/webp;base64,([^"]+)" alt="Label map of water #1:', page)
    assert match
    path = tmp_path / "labels.webp"
    path.write_bytes(base64.b64decode(match[1]))
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), labels_image(made.labels()))


def test_report_says_what_a_reader_asks_for(page: str) -> None:
    text = " ".join(_Page(page).text.split())
    for said in (
        *("1 good", "1 doubtful", "1 refused"),
        *("a seam may show", "torn: 30 % of its border"),
        *("trimmed", "a warning", "a note", "one class"),
        *("road static", "moves too little (0.021)"),
        "water : natural, 50 % of the frame, 80 % of it moves",
        *("1.6 s, 32 frames", "32 frames on 75 %"),
        *("stage 3 temporal: 4 label: 2 spatial: 14 20", "spatial: 0.4 0.5"),
        *("1 min 15 s", "2.00 GB", "32 × 24, 10 frames (every 4th)"),
        *("segmenter.class MaskSegmenter", "drift of 1.5 px"),
    ):
        assert said in text


def test_refused_candidates_are_listed_without_a_loop(page: str) -> None:
    refused = page[page.index('id="boat"') :]
    refused = refused[: refused.index("</article>")]
    assert "<video" not in refused
    assert "torn: 30 %" in refused
    assert page.index("<h2>Refused</h2>") < page.index('id="boat"')


def test_result_without_candidates_still_says_why(tmp_path: Path) -> None:
    text = " ".join(_Page(page_of(made.result(), tmp_path)).text.split())
    assert "Nothing moves by itself here" in text
    assert "road static" in text


def test_a_format_of_a_plugin_is_shown_as_its_media_type_says(tmp_path: Path) -> None:
    page = page_of(made.three(), tmp_path, webp=WebpWriter())
    assert page.count('<img class="loop" src="data:image/webp;base64,') == 2


CARDS = re.compile(r'<article class="card" id="([^"]+)">')
TASTE = Ranking("joint", True, "<ann>", 7, {"water": 2.0, "tree": 4.5, "boat": 5.0})


def test_another_ranking_puts_page_and_json_in_its_order(tmp_path: Path) -> None:
    goods = [made.cinemagraph(name, Verdict.GOOD) for name in ("tree", "water")]
    result = made.result(*goods, made.cinemagraph("boat", Verdict.REFUSED, "torn"))
    before = page_of(result, tmp_path)
    assert CARDS.findall(before) == ["tree", "water", "boat"]
    for scores, ids in (({"tree": 2.0, "water": 4.5}, ["water", "tree"]), (TASTE.scores, [])):
        document = ranked(read_result(tmp_path)[1], replace(TASTE, scores=scores))
        rewrite(tmp_path, document)
        document = read_result(tmp_path / "result.json")[1]
        _check(document, _schema())
        page = (tmp_path / "report.html").read_text("utf-8")
        ids = [*(ids or ["tree", "water"]), "boat"]
        assert [one["id"] for one in document["candidates"]] == CARDS.findall(page) == ids
        said = "Order: for &lt;ann&gt; by joint (7 ratings of their own)."
        assert f'<p class="order">{said}</p>' in page
    assert sorted(before.splitlines()) == sorted(
        page.replace(said, "Best loops first.").splitlines()
    )


def test_a_page_whose_media_are_gone_stays_as_it_was(tmp_path: Path) -> None:
    before = page_of(made.three(), tmp_path)
    (tmp_path / "media" / "_clip.mp4").unlink()
    with pytest.raises(WriteError, match=r"_clip\.mp4: cannot read what the report shows"):
        rewrite(tmp_path, ranked(read_result(tmp_path)[1], TASTE))
    assert (tmp_path / "report.html").read_text("utf-8") == before
    assert read_result(tmp_path)[1]["ranking"] is None


class Failing(Result):
    def __iter__(self) -> Iterator[Any]:
        yield self.cinemagraphs[0]
        yield self["nobody"]


def test_a_job_that_fails_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    for folder in (tmp_path / "new", tmp_path):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(KeyError, match="no candidate"):
            folder_of(Failing(**vars(made.three())), folder)
        assert sorted(tmp_path.rglob("*")) == before


def test_energy_bars_share_a_scale_only_within_a_size() -> None:
    groups = energy_groups(result_json(made.three())["candidates"][0]["energies"])
    assert [group["title"] for group in groups] == ["Working size", "Full size"]
    ends = [
        [
            round(stage["parts"][-1]["left"] + stage["parts"][-1]["width"], 6)
            for stage in g["stages"]
        ]
        for g in groups
    ]
    assert ends == [[100.0, 50.0], [100.0]]


def test_bar_of_a_far_worse_start_is_cut() -> None:
    def stage(name: str, total: float) -> dict[str, Any]:
        return {"stage": name, "temporal": 0.0, "label": total, "spatial": 0.0, "total": total}

    (group,) = energy_groups([stage("before", 749.0), stage("choice", 8.0), stage("starts", 4.0)])
    assert [bar["cut"] for bar in group["stages"]] == [True, False, False]
    assert [bar["parts"][1]["width"] for bar in group["stages"]] == [100.0, 40.0, 20.0]


def test_preview_gets_smaller_until_it_fits() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (4, 540, 960, 3), dtype=np.uint8)
    free, tight = preview(frames, 25.0, limit=10**9), preview(frames, 25.0, limit=1)
    assert len(tight) < len(free) / 4


def test_labels_of_many_frames_are_reported(tmp_path: Path) -> None:
    one = made.cinemagraph("water", Verdict.GOOD)
    still = LabelMap(np.ones((made.H, made.W), np.int16), np.zeros((made.H, made.W), np.int16), 1)
    page = page_of(made.result(replace(one, labels=still, energies={})), tmp_path)
    assert "0.0\u00a0%" in page


def _written(folder: Path, **segmenter: Any) -> Path:
    folder.mkdir()
    result = replace(made.three(), settings={"segmenter": segmenter, "repeat": 1})
    rewrite(folder, result_json(result, {"water": WRITTEN}))
    return folder


def test_comparison_names_what_differs_and_links_the_loops(tmp_path: Path) -> None:
    runs = [
        _written(tmp_path / "0", **{"class": "Motion", "k": 4}),
        _written(tmp_path / "1", **{"class": "Net", "model": "<ade>"}),
        _written(tmp_path / "2", **{"class": "Net", "model": "voc"}) / "result.json",
    ]
    path = write_comparison(runs, tmp_path / "comparison.html")
    page = _Page(path.read_text("utf-8"))
    assert page.open == []
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "video"]
    assert sources == ["0/a%20b.mp4", "1/a%20b.mp4", "2/a%20b.mp4"]
    text = " ".join(page.text.split())
    assert "segmenter Motion masks" in text
    assert "segmenter Net, segmenter.model <ade>" in text
    assert text.count("not written") == 6


def test_options_of_another_component_are_no_difference() -> None:
    runs = [
        {"settings": {"solver": {"class": "A", "x": 1}, "w": 0.1}},
        {"settings": {"solver": {"class": "B", "y": 2}, "w": 0.1}},
    ]
    assert differing_settings(runs) == [{"solver.class": "A"}, {"solver.class": "B"}]


def test_comparison_of_nothing_or_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="at least one"):
        write_comparison([], tmp_path / "c.html")
    with pytest.raises(WriteError, match="cannot read it"):
        write_comparison([tmp_path], tmp_path / "c.html")
    (tmp_path / "result.json").write_text('{"schema": "cinekit.result/99"}')
    with pytest.raises(WriteError, match="result/99"):
        write_comparison([tmp_path], tmp_path / "c.html")
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]
