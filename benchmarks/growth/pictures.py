"""The curves as SVG: time and peak memory side by side, both axes logarithmic, dashed what would be linear or flat.

Drawn by Vega-Lite through vl-convert, which needs nothing else (matplotlib would bring numpy, and pyarrow imports that
wherever it is found: what is measured would change). Text stays text, and the same points give the same bytes. There is
no background, and the colours can be told from white as well as from black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.growth.age import ARCHIVE, READING, YOUNG
from benchmarks.growth.curves import AGE, Curve
from benchmarks.growth.store import Point, Store

INK = "#76808a"
COLOURS = {
    "parse": "#2f81d8", "extract": "#a65fc9", ARCHIVE: "#d2691e", "verify": "#2e9a58",
    "restore": "#2f81d8", "info": "#a65fc9", "show": "#b5890b", "sql": "#d6518e", YOUNG: INK,
}  # fmt: skip
GRID = "#88888840"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two: its axis, and for each point its value."""

    title: str
    field: str
    factor: float


PANELS = (Panel("seconds", "seconds", 1.0), Panel("peak memory, MB", "peak", 1e-6))


def size_picture(curve: Curve, store: Store) -> str:
    """The picture of a curve against a size."""
    ticks = sorted({point.amount for job in curve.jobs for point in store.of(curve.name, job)})
    binary = "datum.value < 1024 ? datum.value + ' MiB' : datum.value / 1024 + ' GiB'"
    # Not by `format`: the points' own labels would be shortened as well.
    axis = {"values": ticks, "labelExpr": binary if curve.unit == "MiB" else "format(datum.value, '~s')"}
    series = {job: store.of(curve.name, job) for job in curve.jobs}
    return _svg(series, curve.axis, axis, is_linear=True)


def age_picture(store: Store) -> str:
    """The picture of the curve against age: the runs, and reading the archive after some of them."""
    series = {job: store.of(AGE, job) for job in (ARCHIVE, YOUNG, *READING)}
    ticks = sorted({point.amount for job in READING for point in series[job]})
    return _svg(series, "incremental runs", {"values": ticks}, is_linear=False)


def _svg(series: dict[str, list[Point]], title: str, axis: dict[str, Any], *, is_linear: bool) -> str:
    # Heavy, and installed only for the sake of the pictures.
    import vl_convert  # noqa: PLC0415

    drawn = {job: points for job, points in series.items() if points}
    panels = [_panel(panel, drawn, title, axis, is_linear=is_linear) for panel in PANELS]
    spec = {
        "$schema": _SCHEMA,
        "background": None,
        "hconcat": panels,
        "spacing": 36,
        "resolve": {"scale": {"color": "shared"}},
        "config": _config(),
    }
    svg: str = vl_convert.vegalite_to_svg(spec)
    return svg + "\n"


def _panel(
    panel: Panel, series: dict[str, list[Point]], title: str, axis: dict[str, Any], *, is_linear: bool
) -> dict[str, Any]:
    x = {
        "field": "amount",
        "type": "quantitative",
        "title": title,
        "axis": axis,
        "scale": {"type": "log", "nice": False},
    }
    y_scale = {"type": "log", "nice": True}
    y = {"field": "value", "type": "quantitative", "title": panel.title, "axis": {"format": "~r"}, "scale": y_scale}
    colour = {
        "field": "job",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(series), "range": [COLOURS[job] for job in series]},
    }
    encoding = {"x": x, "y": y, "color": colour}
    rows = [
        {"job": job, "amount": point.amount, "value": getattr(point, panel.field) * panel.factor}
        for job, points in series.items()
        for point in points
    ]
    slope = 1 if is_linear and panel.field == "seconds" else 0
    guides = [row for job, points in series.items() for row in _guide(job, points, panel, slope)]
    return {
        "width": 300,
        "height": 240,
        "layer": [
            {
                "data": {"values": guides},
                "mark": {"type": "line", "strokeDash": [3, 4], "strokeWidth": 1, "opacity": 0.8},
                "encoding": encoding,
            },
            {"data": {"values": rows}, "mark": {"type": "line", "strokeWidth": 1.5}, "encoding": encoding},
            {"data": {"values": rows}, "mark": {"type": "circle", "size": 26, "opacity": 1}, "encoding": encoding},
        ],
    }


def _guide(job: str, points: Sequence[Point], panel: Panel, slope: int) -> list[dict[str, Any]]:
    """A line through the last point, with that slope, that stays within what was measured: below the least value a
    guide would only stretch the axis."""
    last = points[-1]
    value = getattr(last, panel.field) * panel.factor
    least = min(getattr(point, panel.field) for point in points) * panel.factor
    first = points[0].amount
    if slope and value * first / last.amount < least:
        first = last.amount * least / value
    return [
        {"job": job, "amount": amount, "value": value * (amount / last.amount if slope else 1)}
        for amount in (first, last.amount)
    ]


def _config() -> dict[str, Any]:
    words = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 11,
        "titleFontSize": 12,
    }
    return {
        "font": "sans-serif",
        "view": {"stroke": GRID},
        "axis": words
        | {
            "titleFontWeight": "normal",
            "gridColor": GRID,
            "domainColor": INK,
            "tickColor": INK,
            "labelOverlap": True,
            "tickCount": 6,
        },
        "legend": words | {"orient": "bottom", "symbolOpacity": 1},
    }
