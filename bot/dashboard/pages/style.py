"""How the pages look: the report's colours, by daylight and in the dark, on a phone and on a desk."""

from __future__ import annotations

from typing import Any

from bot.report.colours import AMBER, BLUE, CARD, DARK, GREEN, INK, RED, variables

_NAMED = {"ink": INK, "muted": "#5a6675", "card": CARD, "blue": BLUE, "good": "#246a4b", "bad": "#a33a2c", "amber": AMBER}
_LIGHT = {**_NAMED, "line": "#d5dbe2", "paper": "#f6f7f8", "alarm": "#fdf1ee", "alarmed": "#7c2d22"}
_NIGHT = {
    "ink": DARK[INK], "muted": "#9fadbc", "card": DARK[CARD], "blue": DARK[BLUE], "good": DARK[GREEN], "bad": DARK[RED],
    "amber": DARK[AMBER], "line": "#2b3540", "paper": "#12181f", "alarm": "#3a1f1b", "alarmed": "#f3b8ae",
}  # fmt: skip


CSS = (
    f":root {{ color-scheme: light dark; {variables(_LIGHT)} }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{ {variables(_NIGHT)} }} }}\n"
    """
body { background: var(--paper) !important; color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.nicegui-content { padding: 0; display: block; width: 100%; }
.top { background: var(--card); border-bottom: 1px solid var(--line); padding: 10px 20px; display: flex; flex-wrap: wrap;
  gap: 8px 18px; align-items: center; position: sticky; top: 0; z-index: 10; }
.top .name { font-weight: 700; letter-spacing: -.01em; }
.top .whose { border: 1px solid var(--muted); border-radius: 4px; padding: 0 7px; font-size: 13px; font-weight: 600; }
.top .whose:empty { display: none; }
.top a { color: var(--muted); text-decoration: none; padding: 6px 4px; border-bottom: 2px solid transparent; }
.top a.here { color: var(--ink); border-color: var(--blue); font-weight: 600; }
.top .space { flex: 1; }
.main a { color: var(--blue); }
a:focus-visible, .q-field__control:focus-within { outline: 3px solid var(--blue); outline-offset: 2px; }
.q-btn:focus-visible { box-shadow: 0 0 0 2px var(--paper), 0 0 0 5px var(--blue); }
.beat { color: var(--muted); font-variant-numeric: tabular-nums; font-size: 13px; }
.warning { background: var(--alarm); border-left: 4px solid var(--bad); color: var(--alarmed); padding: 10px 20px; font-weight: 600; }
.over { background: var(--card); border-left: 4px solid var(--blue); border-bottom: 1px solid var(--line); padding: 10px 20px; }
.cutnote { display: none; }
body.cut .cutnote { display: block; }
.main { max-width: 1360px; margin: 0 auto; padding: 18px 20px 60px; }
.stale .main, body.cut .main { filter: grayscale(1); min-height: 80vh;
  background: repeating-linear-gradient(-45deg, transparent 0 14px, var(--line) 14px 15px); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 14px; align-items: start; }
.pile { display: grid; gap: 14px; min-width: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; min-width: 0; }
.wide { grid-column: 1 / -1; margin-top: 14px; }
h2 { font-size: 15px; line-height: 1.4; font-weight: 650; margin: 0 0 6px; color: var(--ink); }
.fact { display: grid; grid-template-columns: 116px minmax(0, 1fr); gap: 2px 10px; padding: 3px 0; border-top: 1px solid var(--line); }
.fact > :first-child { color: var(--muted); font-size: 13.5px; padding-top: 1px; }
.fact > :last-child { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.fact.bare { grid-template-columns: minmax(0, 1fr); }
.fact.bare > :first-child { display: none; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.muted { color: var(--muted); font-size: 13.5px; }
.q-table__card { background: var(--card); color: var(--ink); box-shadow: none; border: 1px solid var(--line); border-radius: 8px; }
.q-table th { color: var(--muted); font-size: 12.5px; font-weight: 500; text-align: left; }
.q-table td { white-space: normal !important; overflow-wrap: break-word; vertical-align: top; font-size: 13.5px; height: auto !important;
  padding: 6px 10px !important; }
.q-table th { padding: 6px 10px !important; }
.q-table td, .q-table th { border-color: var(--line) !important; }
.q-table td:first-child { white-space: nowrap !important; }
.q-table__bottom--nodata { color: var(--muted); }
.q-btn.danger { color: var(--bad) !important; } .q-btn.danger.filled { background: var(--bad) !important; color: var(--card) !important; }
.q-btn.plain { color: var(--blue) !important; }
.filters { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; margin: 14px 0 8px; }
.filters .q-field { min-width: 130px; }
.q-field__native, .q-field__label, .q-field__input { color: var(--ink) !important; }
.q-btn { text-transform: none; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; }
.q-dialog .card { width: min(92vw, 460px); overflow-wrap: anywhere; }
@media (max-width: 700px) {
  .top { padding: 8px 12px; gap: 4px 10px; }
  .top .name { display: none; }
  .top nav { gap: 8px !important; }
  .top nav a { font-size: 14.5px; }
  .top .whose { padding: 0 5px; font-size: 12px; }
  .main { padding: 12px 10px 60px; }
  .fact { grid-template-columns: 92px minmax(0, 1fr); }
  .q-table thead { display: none; }
  .q-table, .q-table tbody, .q-table tbody tr, .q-table tbody td { display: block; width: 100%; max-width: 100%; }
  .q-table tbody tr, .q-table--dense .q-table tbody tr { border-bottom: 1px solid var(--line); padding: 6px 0; height: auto; }
  .q-table tbody td, .q-table--dense .q-table tbody td { border: 0; padding: 1px 10px !important; height: auto; position: static; }
  .q-table tbody td:first-child { font-weight: 600; }
  .q-table tbody td:not(:first-child) { display: grid; grid-template-columns: 88px minmax(0, 1fr); gap: 8px; }
  .q-table tbody td:empty, .q-table tbody td:first-child::before { display: none !important; }
  .q-table tbody td::before { color: var(--muted); font-size: 12px; position: static !important; background: none !important;
    opacity: 1 !important; }
  .top .q-btn { font-size: 12px; padding: 2px 8px !important; }
  .beat { font-size: 12px; }
}
"""
)

# A page whose dashboard has fallen silent shows old figures: nobody but the page itself can say so then.
HEARTBEAT = """<script>
(() => {
  let heard = Date.now(), words = "";
  setInterval(() => {
    const beat = document.querySelector(".beat"), now = Date.now();
    if (beat && beat.textContent !== words) { words = beat.textContent; heard = now; }
    document.body.classList.toggle("cut", now - heard > 3500);
  }, 250);
})();
</script>"""


def by_night(figure: Any) -> Any:
    """The same figure in the colours of the dark."""
    if isinstance(figure, dict):
        return {name: by_night(value) for name, value in figure.items()}
    if isinstance(figure, list):
        return [by_night(each) for each in figure]
    return DARK.get(figure, figure) if isinstance(figure, str) else figure
