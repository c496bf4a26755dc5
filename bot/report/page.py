"""The HTML page around the report's sections: style by daylight and in the dark, contents, plotly.js (inlined once), and figures drawn
when they come into view.
"""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import msgspec
from plotly.offline import get_plotlyjs

from bot.journal.folder import EARLIER
from bot.report.colours import BLUE, CARD, DARK, GREEN, INK, MUTED, RED, variables

FOLD_FROM = 12  # rows of a table, or figures, from which on they are folded
_NAMED = {"ink": INK, "muted": MUTED, "card": CARD, "blue": BLUE, "green": GREEN, "red": RED}
_LIGHT = {**_NAMED, "line": "#e3e7ec", "total": "#c9d0d8", "paper": "#fbfbfa", "code": "#eef0f3", "alarm": "#fdf1ee", "alarmed": "#7c2d22"}
_BY_NIGHT = {name: DARK[colour] for name, colour in _NAMED.items()} | {
    "line": "#2b3540", "total": "#45525f", "paper": "#12181f", "code": "#242e39", "alarm": "#3a1f1b", "alarmed": "#f3b8ae",
}  # fmt: skip


_STYLE = (
    f":root {{ color-scheme: light dark; {variables(_LIGHT)} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {variables(_BY_NIGHT)} }} }}\n"
    """
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1220px; margin: 0 auto; padding: 40px 28px 80px; }
.warning { background: var(--alarm); border-left: 4px solid var(--red); color: var(--alarmed);
  padding: 12px 18px; margin: 0 0 28px; font-weight: 600; }
h1 { font-size: 28px; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; margin: 0 0 4px; }
h2 { font-size: 18px; font-weight: 650; letter-spacing: -.005em; margin: 56px 0 6px; }
h3 { font-size: 14px; font-weight: 600; margin: 0 0 2px; }
p { margin: 0 0 12px; max-width: 92ch; }
p, li, .warning { overflow-wrap: anywhere; }
.muted, .lead { color: var(--muted); font-size: 13.5px; }
.verdict { font-size: 19px; line-height: 1.45; max-width: 52em; }
.lead { margin-bottom: 24px; font-size: 15px; }
code, .mono { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--code); color: var(--ink); padding: 1px 5px; border-radius: 3px;
  box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 8px 0 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.card > span { display: block; color: var(--muted); font-size: 12.5px; }
.card b { display: block; font-size: 22px; font-weight: 620; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 14px 4px; margin: 12px 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 14px; }
.grid .panel, .grid .scroll { margin: 0; min-width: 0; align-self: start; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: 12px 0; background:
  linear-gradient(to right, var(--card) 30%, transparent) left / 32px 100%,
  linear-gradient(to left, var(--card) 30%, transparent) right / 32px 100%,
  linear-gradient(to right, var(--total), transparent) left / 9px 100%,
  linear-gradient(to left, var(--total), transparent) right / 9px 100%,
  var(--card); background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 4px 0 20px; font-size: 13.5px; }
a { color: var(--blue); text-decoration: none; }
a:hover { text-decoration: underline; }
h2 > a { color: inherit; }
details { margin: 12px 0; min-width: 0; }
summary { cursor: pointer; color: var(--blue); font-size: 13.5px; padding: 4px 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13.5px; }
th { text-align: left; color: var(--muted); font-weight: 500; font-size: 12.5px; white-space: nowrap; vertical-align: bottom; }
th, td { padding: 7px 9px; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th.n, td.n { text-align: right; white-space: nowrap; }
td.t { white-space: nowrap; }
td.w { min-width: 11em; overflow-wrap: anywhere; }
tr.total td { font-weight: 620; border-top: 1px solid var(--total); }
[title] { text-decoration: underline dotted transparent; text-underline-offset: 3px; }
[title]:hover { text-decoration-color: var(--muted); }
.up { color: var(--green); }
.down { color: var(--red); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 12px 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 560px) {
  main { padding: 24px 14px 60px; } .grid { grid-template-columns: minmax(0, 1fr); } .cards { grid-template-columns: 1fr 1fr; }
  h1 { font-size: 22px; } .verdict { font-size: 17px; } .panel { padding: 8px 4px 2px; } .panel h3, .panel > .muted { padding: 0 8px; }
  table { font-size: 12.5px; } th, td { padding: 6px 7px; } td.w { min-width: 26em; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; }
}
@media print { .panel { break-inside: avoid; } nav { display: none; } }
"""
)

# Figures are drawn when they come near the window, so a year of trades opens as fast as a day. Ticks that have no room are left out.
_SCRIPT = """
const told = document.getElementById("figures").textContent, night = JSON.parse(document.getElementById("night").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)"), figures = {};
const dress = atNight => {
  let text = told;
  if (atNight) for (const [day, colour] of Object.entries(night)) text = text.replaceAll(JSON.stringify(day), JSON.stringify(colour));
  Object.assign(figures, JSON.parse(text));
};
const thin = (axis, width) => {
  const step = Math.ceil(axis.tickvals.length / Math.max(2, Math.floor(width / 84)));
  for (const name of ["tickvals", "ticktext"]) axis[name] = axis[name].filter((_, place) => place % step === 0);
};
const draw = box => {
  const f = figures[box.id], layout = structuredClone(f.layout), width = box.clientWidth - layout.margin.l;
  if (layout.xaxis.tickvals) thin(layout.xaxis, width);
  else layout.xaxis.nticks = Math.min(layout.xaxis.nticks || 12, Math.max(2, Math.floor(width / 84)));
  Plotly.react(box, f.data, layout, {displayModeBar: false, responsive: true});
};
dress(dark.matches);
const watch = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) { watch.unobserve(entry.target); draw(entry.target); }
}, {rootMargin: "800px"});
for (const box of document.querySelectorAll(".figure")) watch.observe(box);
const redraw = atNight => { dress(atNight); document.querySelectorAll(".js-plotly-plot").forEach(draw); };
dark.addEventListener("change", () => redraw(dark.matches));
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) { width = innerWidth; document.querySelectorAll(".js-plotly-plot").forEach(draw); }
});
// The next run into the same folder moves journal and report beneath it together: what is to be typed names the journal there.
const folder = document.body.dataset.folder, here = decodeURIComponent(location.pathname).replace(/\\/[^/]*$/, "");
if (location.protocol === "file:" && folder && here.startsWith(`${folder}/EARLIER/`))
  for (const code of document.querySelectorAll("code")) code.textContent = code.textContent.replace(`${folder}/`, `${here}/`);
addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach(each => { each.open = true; });
  dress(false);
  document.querySelectorAll(".figure").forEach(draw);
});
addEventListener("afterprint", () => redraw(dark.matches));
""".replace("EARLIER", EARLIER)


_CONTENTS = "<!-- contents -->"


class Page:
    """A page under construction: sections of HTML, and the figures in them. `folder` is where its journal lies, for its commands."""

    def __init__(self, title: str, folder: str = "") -> None:
        self._title, self._folder = title, folder
        self._parts: list[str] = []
        self._figures: dict[str, object] = {}
        self._contents: dict[str, str] = {}

    def add(self, html: str) -> None:
        """Append HTML that is safe already."""
        self._parts.append(html)

    def section(self, title: str) -> None:
        """Begin a section, which the contents lead to."""
        name = f"section-{len(self._contents) + 1}"
        self._contents[name] = title
        self.add(f'<h2 id="{name}">{escape(title)}</h2>')

    def contents(self) -> None:
        """Leave the place for the list of all sections, those to come included."""
        self.add(_CONTENTS)

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
            f'<body data-folder="{escape(self._folder)}"><main>\n{self.text.replace(_CONTENTS, self._links(), 1)}\n</main>\n'
            f'<script id="figures" type="application/json">{figures}</script>\n'
            f'<script id="night" type="application/json">{msgspec.json.encode(DARK).decode()}</script>\n'
            f"<script>{get_plotlyjs()}</script>\n<script>{_SCRIPT}</script></body></html>\n"
        )

    def _links(self) -> str:
        links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in self._contents.items())
        return f'<nav aria-label="Contents">{links}</nav>'


def folded(title: str, html: str, size: int) -> str:
    """HTML behind its title, to be opened, if it is as long as `size` says; else as it is."""
    return html if size < FOLD_FROM else f"<details><summary>{escape(title)}</summary>{html}</details>"


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
