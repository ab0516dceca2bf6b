"""What an evaluation found, as a table, json and a page: [O] Fig. 8, 9 and 10.

Fig. 8 bars of mAP with the spread over seeds; Fig. 9 rating matrices, known and completed; Fig. 10
users by t-SNE of their latents. The page is one file without scripts.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from cinekit.rank.base import Array, Features, FittedRanker, UserRatings
from cinekit.rank.evaluate import METRICS, Scores

SCHEMA = "cinekit.evaluation/1"
COLUMNS = (*METRICS, "new items mAP", "new users")
NEW_USERS = "New users: mAP after 0, 5 and all ratings"


@dataclass(frozen=True, eq=False)
class Picture:
    """One ranker's view of everybody: completed (N, U), where users lie (U, 2) or None."""

    completed: Array
    places: Array | None


def picture(fitted: FittedRanker, features: Features, ratings: Array) -> Picture:
    """Completed ratings and a map of the users (None below 5 users or without latents)."""
    rows = np.arange(len(features))
    users = [UserRatings(told) for told in ratings.T]
    predicted = np.stack([fitted.predict(features, user, rows) for user in users], axis=1)
    completed = np.where(np.isnan(ratings), predicted, ratings)
    latents = [fitted.latent(user) for user in users]
    found = [latent for latent in latents if latent is not None and len(latent)]
    places = t_sne(np.stack(found)) if len(found) == len(users) >= 5 else None
    return Picture(completed, places)


def t_sne(latents: Array) -> Array:
    """Users as points of the plane: float64 (U, d) -> (U, 2), the same every time."""
    from sklearn.manifold import TSNE

    perplexity = min(15.0, (len(latents) - 1) / 3)
    model = TSNE(perplexity=perplexity, init="random", random_state=0, method="exact")
    return np.asarray(model.fit_transform(latents), np.float64)


def table(scores: Mapping[str, Scores]) -> str:
    """Every ranker, every metric, mean and standard deviation over the seeds, best mAP first."""
    rows = [("", *COLUMNS), *_rows(scores)]
    lines = [f"{name:<20}" + "".join(f"{cell:>19}" for cell in cells) for name, *cells in rows]
    return "\n".join([*lines, NEW_USERS])


def _rows(scores: Mapping[str, Scores]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            *(_spell(one.known[metric]) for metric in METRICS),
            _spell(one.new_items.get("mAP", ())),
            _gain(one),
        )
        for name, one in _ranked(scores)
    ]


def _html_table(scores: Mapping[str, Scores]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", *COLUMNS))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in _rows(scores)
    )
    return f"<table><tr>{head}</tr>{body}</table><p>{NEW_USERS}</p>"


def as_json(scores: Mapping[str, Scores], about: Mapping[str, Any]) -> str:
    """The whole evaluation for programs; a figure that does not exist is null."""
    rankers = {
        name: {
            "known": {m: _plain(v) for m, v in one.known.items()},
            "new_items": {m: _plain(v) for m, v in one.new_items.items()},
            "new_users": {str(k): _plain(v) for k, v in one.curve},
            "new_users_all": _plain(one.new_all),
        }
        for name, one in scores.items()
    }
    document = {"schema": SCHEMA, "about": dict(about), "rankers": rankers}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def as_html(
    scores: Mapping[str, Scores],
    pictures: Mapping[str, Picture],
    ratings: Array,
    about: str,
) -> str:
    """The page. about : one line on the data, simulated or real."""
    parts = [
        "<!doctype html><meta charset=utf-8><title>cinekit evaluate</title>",
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;"
        "padding:0 1rem;color:#222;background:#fff}table{border-collapse:collapse;"
        "font-variant-numeric:tabular-nums;margin-top:1rem}td,th{padding:.15rem .7rem;"
        "text-align:right;white-space:nowrap}td:first-child{text-align:left;padding-left:0}figure{display:inline-block;"
        "margin:0 1.5rem 1.5rem 0;vertical-align:top}img{image-rendering:pixelated;width:17rem;"
        "height:24rem;border:1px solid #ccc}</style>",
        f"<h1>How well rankers predict</h1><p>{html.escape(about)}</p>",
        f"<h2>Mean average precision</h2>{bars(scores)}",
        _html_table(scores),
        "<h2>New users: mAP by number of ratings told</h2>" + curves(scores),
        "<h2>Rating matrices</h2><p>Rows cinemagraphs, columns users, both in one order; "
        "blue 1, white 3, red 5, grey unknown.</p>",
        _matrix("known", ratings, ratings),
        *(_matrix(name, one.completed, ratings) for name, one in pictures.items()),
    ]
    maps = [(name, one.places) for name, one in pictures.items() if one.places is not None]
    if maps:
        parts.append(
            "<h2>Users</h2><p>t-SNE of the latents; colour is the mean rating: blue 1, green 3, "
            "red 5.</p>"
        )
        parts += [_map(name, places, ratings) for name, places in maps]
    return "\n".join(parts) + "\n"


def bars(scores: Mapping[str, Scores]) -> str:
    """Fig. 8 as inline SVG: mAP, whiskers of one standard deviation over the seeds."""
    rows = []
    for i, (name, one) in enumerate(_ranked(scores)):
        mean, spread = float(np.nanmean(one.known["mAP"])), float(np.nanstd(one.known["mAP"]))
        y, x = 26 * i, 160 + 440 * mean
        rows.append(
            f'<text x="150" y="{y + 16}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="160" y="{y + 3}" width="{440 * mean:.1f}" height="18" fill="#4a7fb5"/>'
            f'<path d="M{x - 440 * spread:.1f} {y + 12}H{x + 440 * spread:.1f}" stroke="#222"/>'
            f'<text x="{x + 440 * spread + 8:.1f}" y="{y + 16}">{mean:.3f}</text>'
        )
    size = f'viewBox="0 0 680 {26 * len(rows) + 6}" width="680"'
    return f'<svg {size} font-size="13" role="img">{"".join(rows)}</svg>'


def curves(scores: Mapping[str, Scores]) -> str:
    """The new-user curves as inline SVG."""
    lines = [(name, one.curve) for name, one in _ranked(scores) if one.curve]
    if not lines:
        return "<p>Too few users to hold any out.</p>"
    last = max(k for _, curve in lines for k, _ in curve)
    parts = []
    for i, (name, curve) in enumerate(lines):
        colour = f"hsl({360 * i / len(lines):.0f} 65% 40%)"
        points = [(40 + 380 * k / last, 260 - 240 * float(np.nanmean(v))) for k, v in curve]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="440" y="{24 + 18 * i}" fill="{colour}">{html.escape(name)}</text>'
        )
    axes = "".join(
        f'<path d="M40 {260 - 240 * level:.0f}H420" stroke="#{"222" if level == 0 else "ddd"}"/>'
        f'<text x="34" y="{264 - 240 * level:.0f}" text-anchor="end">{level:g}</text>'
        for level in (0, 0.25, 0.5, 0.75, 1)
    )
    axes += "".join(
        f'<text x="{40 + 380 * k / last:.0f}" y="277" text-anchor="middle">{k}</text>'
        for k in range(0, last + 1, max(1, last // 4))
    )
    height = max(285, 30 + 18 * len(lines))
    return (
        f'<svg viewBox="0 0 640 {height}" width="640" font-size="13">{axes}{"".join(parts)}</svg>'
    )


def _matrix(name: str, values: Array, ratings: Array) -> str:
    filled = np.where(np.isnan(ratings), np.nanmean(ratings), ratings)
    left, _, right = np.linalg.svd(filled - filled.mean(), full_matrices=False)
    shown = values[np.argsort(left[:, 0])][:, np.argsort(right[0])]
    away = np.nan_to_num((shown[..., None] - 3) / 2)
    white, red, blue = np.array([255.0] * 3), np.array([190, 40, 40]), np.array([40, 80, 180])
    colour = white + np.abs(away) * (np.where(away > 0, red, blue) - white)
    colour[np.isnan(shown)] = 170
    done, data = cv2.imencode(".png", colour[..., ::-1].astype(np.uint8))
    assert done  # a PNG of bytes in memory cannot fail
    source = "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()
    caption = f"<figcaption>{html.escape(name)}</figcaption>"
    return f'<figure><img src="{source}" alt="{html.escape(name)}">{caption}</figure>'


def _map(name: str, places: Array, ratings: Array) -> str:
    low, high = places.min(0), places.max(0)
    at = 15 + 270 * (places - low) / np.maximum(high - low, 1e-9)
    known = ~np.isnan(ratings)
    mean = np.where(known, ratings, 0).sum(0) / np.maximum(known.sum(0), 1)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="hsl({240 - 60 * (m - 1):.0f} 70% 50%)"/>'
        for (x, y), m in zip(at, mean, strict=True)
    )
    svg = f'<svg viewBox="0 0 300 300" width="300" style="border:1px solid #ccc">{dots}</svg>'
    return f"<figure>{svg}<figcaption>{html.escape(name)}</figcaption></figure>"


def _ranked(scores: Mapping[str, Scores]) -> list[tuple[str, Scores]]:
    return sorted(scores.items(), key=lambda one: -float(np.nanmean(one[1].known["mAP"])))


def _spell(values: Sequence[float]) -> str:
    known = [value for value in values if not np.isnan(value)]
    return f"{np.mean(known):.3f} ±{np.std(known):.3f}" if known else "-"


def _gain(one: Scores) -> str:
    if not one.curve:
        return "-"
    at = dict(one.curve)
    return " ".join(f"{np.nanmean(values):.3f}" for values in (at[0], at[5], one.new_all))


def _plain(values: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 6) for value in values]
