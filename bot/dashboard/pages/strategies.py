"""The page Strategies."""

from __future__ import annotations

import contextlib

from nicegui import run, ui

from bot.dashboard.kept import changes, ledger, trusted
from bot.dashboard.pages.frame import Desk, Rows, again, as_of, framed, heading
from bot.dashboard.watch import Seen
from bot.errors import MesbotError
from bot.masking import masked

TRUST = (("strategy", "Strategy"), ("state", "State"), ("evidence", "Evidence"), ("release", "Released by"))
CHANGES = (("time", "Time"), ("strategy", "Strategy"), ("change", "From → to"), ("reason", "Why"))
LEDGER = (("refuser", "Refused by"), ("kind", "Kind"), ("net", "Net"), ("episodes", "Episodes"), ("saved", "Saved"), ("cost", "Cost"))
NO_LEDGER = "No refused plan was followed to its end."


def strategies_page(desk: Desk) -> None:
    """How far each strategy is trusted, why, and what lets it go; what the refusals saved or cost."""
    newest = [-1]

    def show(seen: Seen) -> None:
        if seen.now is None:
            return
        trust.show(trusted(seen.now.status, seen.now.vetoer))
        if seen.now.seq != newest[0]:
            newest[0] = seen.now.seq
            ui.timer(0.1, states, once=True)

    async def states() -> None:
        with contextlib.suppress(MesbotError):  # the head of the page says why it cannot be read
            if (target := desk.watch.seen.target) is not None:
                changed.show(await run.io_bound(changes, target.path))

    async def look() -> None:
        target = desk.watch.seen.target
        if target is None:
            return
        try:
            found = await run.io_bound(ledger, target.path)
        except MesbotError as error:
            said.set_text(masked(str(error)))
            return
        table.show(found)
        said.set_text(f"{as_of()} {'' if found else NO_LEDGER}".strip())

    with framed(desk, "Strategies", lambda seen: show(seen)):
        heading("Trust")
        trust = Rows(TRUST, "Trust")
        ui.element("div").style("height: 18px")
        heading("Changes of state, the newest first")
        changed = Rows(CHANGES, "Changes of state")
        ui.element("div").style("height: 18px")
        heading("What refusals saved or cost")
        said = ui.label("…").classes("muted")
        table = Rows(LEDGER, "Ledger", none="")
        again(look)
    ui.timer(0.1, look, once=True)
