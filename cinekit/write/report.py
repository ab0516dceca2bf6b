"""``report.html``: one page that shows what came out, why, and what it cost.

Self-contained: every picture and loop is inside the file, nothing is fetched. Works without
JavaScript; a few lines of it add pausing and comparing with the clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from cinekit.judge import MEASURES
from cinekit.model import Cinemagraph, Result, Verdict
from cinekit.store.atomic import write_text
from cinekit.write.maps import labels_image, mask_overlay
from cinekit.write.media import LoopMedia, data_uri, picture_uri, preview
from cinekit.write.summary import result_json

TERMS = ("temporal", "label", "spatial")

_OUTLIER = 2.5
"""A start so many times above the other stages is drawn cut, so that those can be compared."""


def write_report(result: Result, path: Path, media: Mapping[str, LoopMedia]) -> Path:
    """Write the report of one job.

    path : the file, or a folder that gets ``report.html``.
    media : by candidate id; a candidate without an entry is listed without its loop.

    Returns
    -------
    The file that was written.

    Raises
    ------
    WriteError
        When the folder is not writable.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "report.html"
    write_text(path, report_html(result, media))
    return path


def report_html(result: Result, media: Mapping[str, LoopMedia]) -> str:
    """The report as text; see :func:`write_report`."""
    clip = result.clip
    document = result_json(result, {name: dict(item.files) for name, item in media.items()})
    middle = clip.frames[clip.n_frames // 2]
    empty = LoopMedia()
    shown = [
        _candidate(result, cinemagraph, data, media.get(cinemagraph.candidate.id, empty))
        for cinemagraph, data in zip(result.cinemagraphs, document["candidates"], strict=True)
    ]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            data=document,
            shown=[one for one in shown if one["verdict"] != Verdict.REFUSED.value],
            refused=[one for one in shown if one["verdict"] == Verdict.REFUSED.value],
            source=data_uri(preview(clip.frames, clip.fps), "video/mp4"),
            regions=[
                {**data, "image": picture_uri(mask_overlay(middle, region.mask), longest=640)}
                for region, data in zip(result.regions.regions, document["regions"], strict=True)
            ],
            moving_image=picture_uri(mask_overlay(middle, result.regions.moving), longest=640),
            moving_area=float(result.regions.moving.mean()),
            stages=_stage_bars(document["stages"]),
            settings=list(flat_settings(document["settings"])),
            measures=MEASURES,
        )
    )


def environment() -> jinja2.Environment:
    """The templates, everything autoescaped, a missing name an error."""
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("cinekit.write", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(percent=percent, number=number, seconds=seconds, megabytes=megabytes)
    return env


def _candidate(
    result: Result, cinemagraph: Cinemagraph, data: dict[str, Any], media: LoopMedia
) -> dict[str, Any]:
    """Everything the template needs about one candidate."""
    clip = result.clip
    middle = clip.frames[clip.n_frames // 2]
    labels = cinemagraph.labels
    return {
        **data,
        "title": data["id"].replace("_", " "),
        "loop": None if media.preview is None else data_uri(media.preview, media.media_type),
        "is_video": media.media_type.startswith("video/"),
        "labels": picture_uri(labels_image(labels), lossless=True),
        "target": picture_uri(mask_overlay(middle, cinemagraph.candidate.target), longest=640),
        "contact": None if media.contact is None else picture_uri(media.contact),
        "groups": energy_groups(data["energies"]),
        "last_frame": labels.n_frames - 1,
        "main_period": max(data["periods"].items(), key=lambda item: item[1], default=None),
    }


def energy_groups(energies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Energies as stacked bars, in groups that share a scale.

    Stages of the working clip compare with each other; the re-solve at full resolution, whose
    stages are called "borders ...", counts other pixels and has a scale of its own.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for stage in energies:
        title = "Full size" if stage["stage"].startswith("borders") else "Working size"
        groups.setdefault(title, []).append(stage)
    out = []
    for title, stages in groups.items():
        totals = [stage["total"] or 0 for stage in stages]
        top = max(totals, default=0)
        if len(totals) > 1 and totals[0] > _OUTLIER * max(totals[1:]):
            top = _OUTLIER * max(totals[1:])  # the start would flatten what came of it
        out.append({"title": title, "stages": [_bar(stage, top or 1) for stage in stages]})
    return out


def _bar(stage: dict[str, Any], top: float) -> dict[str, Any]:
    """Offsets and widths of the terms in percent of ``top``; a longer bar is cut and says so."""
    parts, left = [], 0.0
    for term in TERMS:
        width = min(100 * max(stage[term] or 0, 0) / top, 100 - left)
        parts.append({"term": term, "left": left, "width": width, "value": stage[term]})
        left += width
    cut = (stage["total"] or 0) > top * (1 + 1e-9)
    return {"name": stage["stage"], "total": stage["total"], "parts": parts, "cut": cut}


def _stage_bars(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stages on a common time line, in percent of the whole."""
    total = sum(stage["seconds"] for stage in stages) or 1
    out, left = [], 0.0
    for stage in stages:
        width = 100 * stage["seconds"] / total
        out.append({**stage, "left": left, "width": width})
        left += width
    return out


def flat_settings(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as (dotted name, value) pairs in their order."""
    if not isinstance(settings, dict):
        yield prefix, settings
        return
    for key, value in settings.items():
        yield from flat_settings(value, f"{prefix}.{key}" if prefix else str(key))


def percent(share: float | None) -> str:
    """A share as "12 %", small ones with a decimal."""
    if share is None:
        return "–"
    figure = f"{share * 100:.1f}" if abs(share) < 0.0995 else f"{share * 100:.0f}"
    return f"{figure}\u00a0%"


def number(value: Any) -> str:
    """A figure at three significant digits; anything else as it is."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration: "0.4 s", "12 s", "2 min 05 s"."""
    if value >= 60:
        return f"{int(value // 60)} min {int(value % 60):02d} s"
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def megabytes(value: float) -> str:
    """Bytes as MB (10**6) or GB (10**9); 0 is what a system says that does not count them."""
    if not value:
        return "not known"
    return f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"
