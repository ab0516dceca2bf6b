"""A written result in another order: page and json, nothing else of them changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cinekit.errors import WriteError
from cinekit.model import Verdict
from cinekit.write import reorder_result, result_json, write_report, write_result
from tests.unit.write import made
from tests.unit.write.test_report import _check, _schema

RANKING = {"by": "joint", "personal": True, "user": "ann", "ratings": 7, "scores": {"tree": 4.5}}
CARDS = re.compile(r'<article class="card" id="([^"]+)">')


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("result")
    good = [made.cinemagraph(name, Verdict.GOOD) for name in ("water", "tree", "person")]
    refused = [made.cinemagraph(name, Verdict.REFUSED, "torn") for name in ("sky", "cloud")]
    result = made.result(*good, *refused)
    write_report(result, folder, {})
    write_result(
        result_json(result, folder_files={"report": "report.html"}), folder / "result.json"
    )
    return folder


def state(folder: Path) -> tuple[list[str], list[str], str]:
    document = json.loads((folder / "result.json").read_text("utf-8"))
    page = (folder / "report.html").read_text("utf-8")
    return [one["id"] for one in document["candidates"]], CARDS.findall(page), page


def test_page_and_json_take_the_order_and_the_refused_stay_where_they_are(written: Path):
    before = state(written)[2]
    reorder_result(written, ["tree", "sky", "water"], RANKING, "Order: for <ann>.")
    ids, cards, page = state(written)
    assert ids == ["tree", "sky", "water", "person", "cloud"]
    assert cards == ["tree", "water", "person", "sky", "cloud"]
    assert '<p class="order">Order: for &lt;ann&gt;.</p>' in page
    document = json.loads((written / "result.json").read_text())
    assert document["ranking"] == RANKING
    _check(document, _schema())
    assert sorted(before.splitlines()) == sorted(
        page.replace("Order: for &lt;ann&gt;.", "Best loops first.").splitlines()
    )
    assert sorted(path.name for path in written.iterdir()) == ["report.html", "result.json"]


def test_the_next_order_replaces_the_last(written: Path):
    reorder_result(written, ["person", "tree", "water"], RANKING, "Order: by \\1 prior.")
    ids, cards, page = state(written)
    assert (ids[0], cards[0]) == ("person", "person")
    assert page.count('class="order"') == 1
    assert "Order: by \\1 prior." in page


def test_a_result_without_a_page_is_ordered_too(written: Path, tmp_path: Path):
    (tmp_path / "result.json").write_text((written / "result.json").read_text())
    reorder_result(tmp_path, ["cloud"], RANKING, "")
    assert json.loads((tmp_path / "result.json").read_text())["candidates"][0]["id"] == "cloud"


def test_a_folder_without_a_result_is_one_line(tmp_path: Path):
    with pytest.raises(WriteError, match="expected a result to put in order"):
        reorder_result(tmp_path, [], RANKING, "")
