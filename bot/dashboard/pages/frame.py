"""What all pages share: the head with its links and verbs, the sentence that says why what is shown is old, and text set as text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from nicegui import ui

from bot.calendar import new_york
from bot.dashboard.operator import Operator
from bot.dashboard.pages.style import CSS, HEARTBEAT
from bot.dashboard.pages.verbs import verb_buttons
from bot.dashboard.watch import Seen, Watch
from bot.masking import masked

PAGES = (("/", "Now"), ("/today", "Today"), ("/strategies", "Strategies"), ("/runs", "Runs"))
TICK_SECONDS, WORD_JOINER = 0.25, "\u2060"


class Desk(NamedTuple):
    """What the pages are made from: `out` is the folder of runs."""

    watch: Watch
    operator: Operator
    out: Any


@contextmanager
def framed(desk: Desk, here: str, show: Callable[[Seen], None]) -> Iterator[None]:
    """A page: what is made inside stands below the head, and `show` is called with what was seen each time there is something new."""
    ui.add_css(CSS)
    ui.add_body_html(HEARTBEAT)
    ui.page_title(f"mesbot: {here}")
    with ui.element("div").style("width: 100%") as root:
        with ui.element("header").classes("top"):
            ui.label("mesbot").classes("name")
            whose = ui.label().classes("whose")
            with ui.element("nav").props('aria-label="Pages"').style("display: flex; gap: 12px"):
                for path, name in PAGES:
                    ui.link(name, path).classes("here" if name == here else "").props('aria-current="page"' if name == here else "")
            ui.element("div").classes("space")
            beat = ui.label().classes("beat")
            locked = verb_buttons(desk.operator, lambda: desk.watch.seen)
        old = ui.label().classes("warning").props('role="alert"')
        over = ui.label().classes("over").props('role="status"')
        ui.label("This page has heard nothing from its dashboard for some seconds: what it shows is old.").classes("warning cutnote")
        with ui.element("main").classes("main"):
            yield
    shown = [-1, ""]

    def tick() -> None:
        seen = desk.watch.seen
        beat.set_text(f"{new_york(time.time_ns()):%H:%M:%S} New York")
        trouble = _trouble(seen)
        if trouble != shown[1] or shown[0] < 0:
            old.set_text(shown_as(trouble))
            old.set_visibility(bool(trouble))
            root.classes(add="stale") if trouble else root.classes(remove="stale")
            shown[1] = trouble
        if seen.number != shown[0]:
            shown[0] = seen.number
            told = "" if seen.now is None or trouble else seen.now.over
            whose.set_text("" if seen.target is None else shown_as(seen.target.kind))
            over.set_text(shown_as(told))
            over.set_visibility(bool(told))
            locked(seen)
            show(seen)

    tick()
    ui.timer(TICK_SECONDS, tick)


def _trouble(seen: Seen) -> str:
    """Also where the looking itself has stopped."""
    seconds = (time.time_ns() - seen.at_ns) / 1e9
    if seen.at_ns and seconds > 4:
        return f"The journal was last read {seconds:.0f} s ago: what is shown is old. {seen.trouble}"
    return seen.trouble


def shown_as(text: str) -> str:
    """A text for a page: without secrets, and with no line that ends between the sign of an amount and its dollars."""
    return masked(text).replace("−$", f"−{WORD_JOINER}$").replace("+$", f"+{WORD_JOINER}$")


class Rows:
    """A table whose rows are texts; `none` stands in its place without any. It is sent anew only where something has changed."""

    def __init__(self, columns: Sequence[tuple[str, str]], label: str, none: str = "none") -> None:
        heads = [{"name": name, "label": head, "field": name, "align": "left", "classes": f"of-{name}"} for name, head in columns]
        ui.add_css("@media (max-width: 700px) {" + "".join(f'.of-{name}::before {{ content: "{head}" }}' for name, head in columns) + "}")
        self._table = ui.table(columns=heads, rows=[], row_key="key").props(f'flat dense hide-pagination aria-label="{label}"')
        self._table.props(':rows-per-page-options="[0]"').style("width: 100%")
        self._none = ui.label(none).classes("muted")
        self._table.set_visibility(False)
        self._shown: list[dict[str, str]] | None = None

    def show(self, rows: Iterable[NamedTuple]) -> None:
        """These rows, in this order."""
        made = [{"key": number, **{name: shown_as(str(value)) for name, value in row._asdict().items()}} for number, row in enumerate(rows)]
        if made != self._shown:
            self._shown = made
            self._table.rows = made
            self._table.update()
            self._table.set_visibility(bool(made))
            self._none.set_visibility(not made)


def heading(text: str) -> ui.label:
    """The heading of a part of a page."""
    with ui.element("h2"):
        return ui.label(text)


def again(look: Callable[[], Any]) -> None:
    """The button that reads anew what is not read again by itself."""
    ui.button("Look again", on_click=look, color=None).props("flat dense").classes("plain")


def as_of() -> str:
    """The moment up to which something was read that is not read again by itself."""
    return f"As of {new_york(time.time_ns()):%H:%M:%S} New York."
