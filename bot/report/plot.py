"""The parts that the report's figures share: lines, dots, axes and the layout, as plotly specifications."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from bot.report.colours import AMBER, CARD, GRID, INK, MUTED

Figure = dict[str, Any]


def line(x: list[Any], y: list[Any], texts: list[str], colour: str, shape: str = "linear", width: float = 1.4) -> Figure:
    """A line whose points say a text and their value."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "text": texts,
        "line": {"color": colour, "width": width, "shape": shape},
        "hovertemplate": "%{text}<br>%{y:,.2f}<extra></extra>",
    }


def dots(x: list[int], y: list[float], texts: list[str], axis: str) -> Figure:
    """Events, each with its text."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "text": texts,
        "yaxis": axis,
        "marker": {"color": AMBER, "size": 5},
        "hovertemplate": "%{text}<extra></extra>",
    }


def gate(value: float, axis: str) -> Figure:
    """A dashed line across the figure."""
    dashed = {"color": MUTED, "width": 1, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": value, "y1": value, "line": dashed}


def axis() -> Figure:
    """An axis without a title."""
    return {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "tickfont": {"color": MUTED}}


def titled(text: str) -> Figure:
    """The title of an axis, beyond its words however long they are: the margin grows with them."""
    return {"title": {"text": text, "font": {"color": MUTED, "size": 12}, "standoff": 8}, "automargin": True}


_STEPS, _ROOM = (1, 2, 5, 10), 0.04  # of a power of ten; of the span, so that no line lies on the edge


def holding(values: Iterable[float], most: int = 5) -> Figure:
    """The ticks and the range of an axis whose first and last tick hold all values between them, at most `most` round steps apart.

    Values are finite; a step is at least 1, and one value alone (0 without any) has a step on each side.
    """
    there = list(values) or [0.0]
    low, high = min(there), max(there)
    step = _round_step((high - low) / most)
    while True:
        first, last = math.floor(low / step), math.ceil(high / step)
        if last - first <= most:
            break
        step = _round_step(step * 1.01)
    if first == last:
        first, last = first - 1, last + 1
    room = _ROOM * (last - first) * step
    return {"tick0": first * step, "dtick": step, "range": [first * step - room, last * step + room]}


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(least, 1.0)))
    return next(step * power for step in _STEPS if step * power >= least)


_LOWER = {"ticks": "outside", "ticklen": 6, "tickcolor": "rgba(0,0,0,0)"}  # words below the lowest of the other axis, not over it


def layout(height: int) -> Figure:
    """The layout of a figure of so many pixels."""
    return {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 16, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 12, "color": INK},
        "showlegend": False,
        "hoverlabel": {"bgcolor": CARD, "bordercolor": GRID, "font": {"color": INK}},
        "xaxis": {**axis(), "tickangle": 0, **_LOWER},  # as many as have room, level: see the page's script
        "yaxis": axis(),
    }
