"""The HTML page around the report's sections: style, plotly.js (inlined once), and figures drawn when they come into view."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import msgspec
from plotly.offline import get_plotlyjs

_STYLE = """
:root {
  --ink: #1d2733; --muted: #667385; --line: #e3e7ec; --paper: #fbfbfa; --card: #ffffff;
  --blue: #2f5f8f; --green: #2e7d5b; --red: #b5483a;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1220px; margin: 0 auto; padding: 40px 28px 80px; }
.warning { background: #fdf1ee; border-left: 4px solid var(--red); color: #7c2d22; padding: 12px 18px; margin: 0 0 28px; font-weight: 600; }
h1 { font-size: 28px; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; margin: 0 0 4px; }
h2 { font-size: 18px; font-weight: 650; letter-spacing: -.005em; margin: 56px 0 6px; }
h3 { font-size: 14px; font-weight: 600; margin: 0 0 2px; }
p { margin: 0 0 12px; max-width: 92ch; }
.muted, .lead { color: var(--muted); font-size: 13.5px; }
.verdict { font-size: 19px; line-height: 1.45; max-width: 52em; }
.lead { margin-bottom: 24px; font-size: 15px; }
code, .mono { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: #eef0f3; padding: 1px 5px; border-radius: 3px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 8px 0 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.card > span { display: block; color: var(--muted); font-size: 12.5px; }
.card b { display: block; font-size: 22px; font-weight: 620; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 14px 4px; margin: 12px 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 14px; }
.grid .panel, .grid .scroll { margin: 0; min-width: 0; align-self: start; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 12px 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13.5px; }
th { text-align: left; color: var(--muted); font-weight: 500; font-size: 12.5px; white-space: nowrap; vertical-align: bottom; }
th, td { padding: 7px 9px; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th.n, td.n { text-align: right; white-space: nowrap; }
td.t { white-space: nowrap; }
td.w { min-width: 11em; }
tr.total td { font-weight: 620; border-top: 1px solid #c9d0d8; }
[title] { text-decoration: underline dotted transparent; text-underline-offset: 3px; }
[title]:hover { text-decoration-color: var(--muted); }
.up { color: var(--green); }
.down { color: var(--red); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 12px 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 560px) { main { padding: 24px 14px 60px; } .grid { grid-template-columns: 1fr; } }
@media print { .panel { break-inside: avoid; } }
"""

# Figures are drawn when they come near the window, so a year of trades opens as fast as a day.
_SCRIPT = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const draw = box => { const f = figures[box.id]; Plotly.newPlot(box, f.data, f.layout, {displayModeBar: false, responsive: true}); };
const watch = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) { watch.unobserve(entry.target); draw(entry.target); }
}, {rootMargin: "800px"});
for (const box of document.querySelectorAll(".figure")) watch.observe(box);
window.addEventListener("beforeprint", () => document.querySelectorAll(".figure:not(.js-plotly-plot)").forEach(draw));
"""


class Page:
    """A page under construction: sections of HTML, and the figures in them."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = []
        self._figures: dict[str, object] = {}

    def add(self, html: str) -> None:
        """Append HTML that is safe already."""
        self._parts.append(html)

    @property
    def text(self) -> str:
        """The HTML that was added so far."""
        return "\n".join(self._parts)

    def figure(self, spec: dict[str, object]) -> str:
        """Keep a plotly figure and return the box it will be drawn in. Its height stands in its layout, in pixels."""
        name = f"figure-{len(self._figures) + 1}"
        self._figures[name] = spec
        height = spec["layout"]["height"]  # type: ignore[index]
        return f'<div class="figure" id="{name}" style="height:{height}px"></div>'

    def html(self) -> str:
        """The whole document, with no link to anywhere else."""
        # "<" is escaped so that no text of a record can end the script element.
        figures = msgspec.json.encode(self._figures).decode().replace("<", "\\u003c")
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self._title)}</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
            f"<body><main>\n{self.text}\n</main>\n"
            f'<script id="figures" type="application/json">{figures}</script>\n'
            f"<script>{get_plotlyjs()}</script>\n<script>{_SCRIPT}</script></body></html>\n"
        )


def table(headings: list[str], rows: list[list[str]], numeric: Collection[int], prose: Collection[int] = (), *, total: bool = False) -> str:
    """A table of cells that are safe HTML.

    Columns in `numeric` are set to the right, those in `prose` may break into lines; `total` marks the last row.
    """

    def cells(tag: str, values: list[str]) -> str:
        kinds = ["n" if index in numeric else "w" if index in prose else "t" for index in range(len(values))]
        return "".join(f'<{tag} class="{kind}">{value}</{tag}>' for kind, value in zip(kinds, values, strict=True))

    head = f"<tr>{cells('th', headings)}</tr>"
    marks = ["" for _ in rows[:-1]] + [' class="total"' if total else ""]
    body = "\n".join(f"<tr{mark}>{cells('td', row)}</tr>" for mark, row in zip(marks, rows, strict=False))
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>\n{body}\n</tbody></table></div>'


def coloured(text: str, value: float) -> str:
    """Text in green above 0, in red below."""
    return f'<span class="{"up" if value > 0 else "down" if value < 0 else ""}">{text}</span>'
