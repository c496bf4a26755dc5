"""The colours of report and dashboard, by daylight and in the dark; figures are written in those of daylight and the page changes them."""

from __future__ import annotations

INK, MUTED, GRID, CARD = "#1d2733", "#667385", "#e7eaee", "#ffffff"
BLUE, GREEN, RED, AMBER, GREY, CANDLE = "#2f5f8f", "#2e7d5b", "#b5483a", "#b9812c", "#a9b2bd", "#7f8b98"
SHADE = "rgba(181,72,58,.12)"
PALETTE = (BLUE, "#5b8f8a", AMBER, "#7d5a94", "#8a94a0", "#a3596b", "#6b7d3a", "#3f6f9f", "#94705a")  # by place, then anew
DARK = {
    INK: "#dde4ec", MUTED: "#94a2b2", GRID: "#2b3540", CARD: "#1a222b", BLUE: "#74abdf", GREEN: "#5dbb8b", RED: "#e58072", AMBER: "#dba64f",
    GREY: "#5d6a78", CANDLE: "#8b98a6", SHADE: "rgba(229,128,114,.18)", "#7d5a94": "#b594cd", "#6b7d3a": "#a9ba6c", "#a3596b": "#d08a9b",
    "#3f6f9f": "#6f9fd0", "#94705a": "#c39b83",
}  # fmt: skip
"""What stands in the dark for a colour of daylight; the others are seen on both."""


def variables(colours: dict[str, str]) -> str:
    """The colours by name, as CSS declares them."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
