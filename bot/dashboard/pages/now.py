"""The page Now."""

from __future__ import annotations

from nicegui import ui

from bot.dashboard.facts import Fact, cards
from bot.dashboard.pages.frame import Desk, Rows, framed, heading, shown_as
from bot.dashboard.watch import Seen

# The cards side by side, each column by itself: a long card leaves no hole beside it. On a phone they follow one another.
COLUMNS_OF_CARDS = (("Bot",), ("Position", "Locks", "Scores"), ("Budgets",))
HEADROOM = (
    ("strategy", "Strategy"),
    ("action", "Decided"),
    ("said", "On the last bar"),
    ("to_enter", "What, at least, would have had to be otherwise"),
)


class Card:
    """Facts under a heading. One whose text alone has changed is changed in place, so that nothing jumps under a reader."""

    def __init__(self, title: str) -> None:
        with ui.element("section").classes("card"):
            heading(title)
            self._box = ui.element("div")
        self._facts: list[Fact] = []
        self._texts: list[ui.label] = []

    def show(self, facts: list[Fact]) -> None:
        """These facts, in this order."""
        if [fact.name for fact in facts] != [fact.name for fact in self._facts] or not self._texts:
            self._make(facts)
        for label, fact, before in zip(self._texts, facts, self._facts, strict=True):
            if fact != before:
                label.set_text(shown_as(fact.text))
                label.classes(replace=fact.tone)
        self._facts = facts

    def _make(self, facts: list[Fact]) -> None:
        self._box.clear()
        self._texts = []
        with self._box:
            for fact in facts:
                with ui.element("div").classes("fact" if fact.name else "fact bare"):
                    ui.label(fact.name)
                    self._texts.append(ui.label(shown_as(fact.text)).classes(replace=fact.tone))
        self._facts = facts


def now_page(desk: Desk) -> None:
    """What the bot is doing at this moment, and what keeps each strategy from entering."""
    made: dict[str, Card] = {}

    def show(seen: Seen) -> None:
        if seen.now is None:
            return
        for title, facts in cards(seen.now).items():
            made[title].show(facts)
        headroom.show(seen.now.headroom)

    with framed(desk, "Now", lambda seen: show(seen)):
        with ui.element("div").classes("cards"):
            for titles in COLUMNS_OF_CARDS:
                with ui.element("div").classes("pile"):
                    made.update({title: Card(title) for title in titles})
        with ui.element("section").classes("card wide"):
            heading("Headroom: what would have to be true for an entry")
            headroom = Rows(HEADROOM, "Headroom")
