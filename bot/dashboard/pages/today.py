"""The page Today."""

from __future__ import annotations

import contextlib
import time

from nicegui import ui

from bot.dashboard.pages.frame import Desk, Rows, framed, heading
from bot.dashboard.pages.style import by_night
from bot.dashboard.today import ALL, WIDE, Today, chart, labels, page_of
from bot.dashboard.watch import Seen

COLUMNS = (
    ("time", "Time"),
    ("strategy", "Strategy"),
    ("action", "Decided"),
    ("gate", "First gate"),
    ("said", "Why"),
    ("to_enter", "To enter"),
)
MINUTES = "Minutes"
CHART_SECONDS, LIGHT_SECONDS = 2.0, 20.0
RESIZED = "resized"
# Answered and listened to in one breath: a window that changes in between would be drawn as it was.
WINDOW = (
    f"(addEventListener('resize', () => emitEvent('{RESIZED}', innerWidth)), "
    "[matchMedia('(prefers-color-scheme: dark)').matches, innerWidth])"
)


class _Decisions:
    """The list with its filters; the page that is looked at stays where it is when decisions come."""

    def __init__(self) -> None:
        self._today: Today | None = None
        self._number, self._counted = 1, -1
        with ui.element("div").classes("filters"):
            self._fields = {
                name: self._select(name, label) for name, label in (("strategy", "Strategy"), ("action", "Decided"), ("gate", "First gate"))
            }
            self._words = ui.input("Words", on_change=self._anew).props("clearable dense debounce=300")
        self._table = Rows(COLUMNS, "Decisions")
        with ui.element("div").classes("filters"):
            ui.button("Newer", on_click=lambda: self._turn(-1), color=None).props("flat dense").classes("plain")
            self._where = ui.label().classes("muted")
            ui.button("Older", on_click=lambda: self._turn(1), color=None).props("flat dense").classes("plain")

    def _select(self, name: str, label: str) -> ui.select:
        return ui.select([ALL], value=ALL, label=label, on_change=self._anew).props("dense options-dense")

    def _anew(self) -> None:
        self._number = 1
        self._draw()

    def _turn(self, by: int) -> None:
        self._number += by
        self._draw()

    def show(self, today: Today) -> None:
        """What there is to choose from, and the rows."""
        self._today = today
        if len(today.rows) == self._counted:
            return
        self._counted = len(today.rows)
        for name, select in self._fields.items():
            choices = today.choices(name)
            if choices != select.options:
                select.set_options(choices, value=select.value if select.value in choices else ALL)
        self._draw()

    def _draw(self) -> None:
        if self._today is None:
            return
        chosen = {name: select.value for name, select in self._fields.items()}
        found = self._today.chosen(**chosen, words=self._words.value or "")
        rows, self._number, pages = page_of(found, self._number)
        self._table.show(rows)
        self._where.set_text(f"{len(found):,} of {len(self._today.rows):,} decisions of {self._today.date}, page {self._number} of {pages}")


def today_page(desk: Desk) -> None:
    """The decisions of the session with their reasons, and its minutes."""
    dark, width, drawn = [False], [WIDE], [0.0, ()]

    def show(seen: Seen) -> None:
        if seen.today is None:
            return
        decisions.show(seen.today)
        if seen.today.date:
            minutes.set_text(f"{MINUTES} of {seen.today.date}, New York; prices in points")
            listed.set_text(f"Decisions of {seen.today.date}")
        size = (seen.today.date, len(seen.today.minutes), len(seen.today.marks))
        if size != drawn[1] and time.monotonic() - drawn[0] > CHART_SECONDS:
            drawn[:] = time.monotonic(), size
            figure = chart(seen.today, width[0])
            plot.update_figure(by_night(figure) if dark[0] else figure)

    async def look_at_the_window() -> None:
        with contextlib.suppress(TimeoutError):  # then it is drawn as by daylight on a wide one
            is_dark, pixels = await ui.run_javascript(WINDOW, timeout=LIGHT_SECONDS)
            seen_in(bool(is_dark), int(pixels))

    def seen_in(is_dark: bool, pixels: int) -> None:
        """Draw anew where this window shows it otherwise: most are wide and light, as the first chart is."""
        was = dark[0], labels(width[0])
        dark[0], width[0] = is_dark, pixels
        if was != (is_dark, labels(pixels)):
            drawn[:] = 0.0, ()

    with framed(desk, "Today", lambda seen: show(seen)):
        with ui.element("section").classes("card").style("margin-bottom: 14px"):
            minutes = heading(MINUTES)
            plot = ui.plotly({"data": [], "layout": {"height": 380}}).style("width: 100%; height: 380px")
        listed = heading("Decisions")
        decisions = _Decisions()
    ui.on(RESIZED, lambda told: seen_in(dark[0], int(told.args)), throttle=0.5, leading_events=False)
    ui.timer(0.2, look_at_the_window, once=True)
