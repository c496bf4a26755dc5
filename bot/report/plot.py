"""The parts that the report's figures share: lines, dots, axes and the layout, as plotly specifications."""

from __future__ import annotations

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
