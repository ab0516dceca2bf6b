"""Another order for a result that was written: the files stay, page and json are rearranged."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cinekit.errors import WriteError
from cinekit.store.atomic import write_text
from cinekit.write.summary import write_result

_ARTICLE = re.compile(r'<article class="card" id="([^"]+)">.*?</article>', re.DOTALL)
_LINE = re.compile(r'(<p class="order">)[^<]*(</p>)')
_REFUSED = "<h2>Refused</h2>"


def reorder_result(folder: Path, ids: Sequence[str], ranking: Mapping[str, Any], line: str) -> None:
    """Put the candidates of ``result.json`` and, where there is one, ``report.html`` in order.

    ids : candidates, best first; those that are not named keep their order behind them, and what
        was refused stays in its own part of the page.
    ranking : what ``result.json`` says about the order, under "ranking".
    line : the same for the reader of the page.

    Raises
    ------
    WriteError
        When the files cannot be read or the folder is not writable; each stays whole.
    """
    place = {name: i for i, name in enumerate(ids)}
    try:
        document = json.loads((folder / "result.json").read_text("utf-8"))
        report = folder / document["files"].get("report", "report.html")
        page = report.read_text("utf-8") if report.exists() else None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise WriteError(f"{folder}: expected a result to put in order ({error})") from None
    document["candidates"].sort(key=lambda one: place.get(one["id"], len(place)))
    write_result({**document, "ranking": dict(ranking)}, folder / "result.json")
    if page is not None:
        write_text(report, reorder_page(page, place, line))


def reorder_page(page: str, place: Mapping[str, int], line: str) -> str:
    """The report with its cards in order; each part of the page for itself."""
    shown, refused, rest = page.partition(_REFUSED)
    shown = _LINE.sub(lambda found: found[1] + html.escape(line) + found[2], shown, count=1)
    return _sorted_cards(shown, place) + refused + _sorted_cards(rest, place)


def _sorted_cards(part: str, place: Mapping[str, int]) -> str:
    cards = sorted(
        _ARTICLE.finditer(part), key=lambda card: place.get(html.unescape(card[1]), len(place))
    )
    best_first = iter(cards)
    return _ARTICLE.sub(lambda _card: next(best_first)[0], part)
