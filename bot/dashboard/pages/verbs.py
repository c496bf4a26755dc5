"""The buttons of an operator: each opens a dialog that wants a reason, the token and the verb typed out."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import run, ui

from bot.dashboard.operator import Operator, Verb, whose_journal
from bot.dashboard.target import Target
from bot.dashboard.watch import Seen
from bot.errors import MesbotError
from bot.masking import masked

MEANING = {
    Verb.STOP_ENTRIES: "No entry passes until it is released; entries that work are withdrawn. Stops, targets and exits go on.",
    Verb.RELEASE: "Entries may pass again.",
    Verb.FLATTEN: "Trips the kill switch: entries refused, orders cancelled, the position closed, halted until mesbot resume.",
}


def verb_buttons(operator: Operator, seen: Callable[[], Seen]) -> Callable[[Seen], None]:
    """Puts them here; returns what shows the ones that make sense with what was seen. In read-only mode there are none; they
    are hidden where nobody could carry one out."""
    if operator.read_only:
        ui.label("read-only").classes("muted")
        return lambda _: None
    buttons = {verb: _button(operator, verb, seen) for verb in Verb}

    def show(now: Seen) -> None:
        locked = now.now is not None and now.now.status.entry_lock is not None
        buttons[Verb.STOP_ENTRIES].set_visibility(now.can_be_asked and not locked)
        buttons[Verb.RELEASE].set_visibility(now.can_be_asked and locked)
        buttons[Verb.FLATTEN].set_visibility(now.can_be_asked)

    return show


def _button(operator: Operator, verb: Verb, seen: Callable[[], Seen]) -> ui.button:
    dialog = ui.dialog()
    with dialog, ui.element("div").classes("card").props(f'role="dialog" aria-label="{verb.title()}"'):
        ui.label(verb).style("font-weight: 700; font-size: 17px")
        whose = ui.label().style("font-weight: 600")
        ui.label(MEANING[verb]).classes("muted")
        reason = ui.input("Why; it is journaled").props("autofocus").style("width: 100%")
        token = ui.input("Token", password=True).props('autocomplete="off"').style("width: 100%")
        confirmed = ui.input(f"Type {verb} to confirm").props('autocomplete="off"').style("width: 100%")
        said = ui.label().classes("said").props('role="status"')
        with ui.element("div").style("display: flex; gap: 10px; justify-content: flex-end; margin-top: 10px"):
            ui.button("Close", on_click=dialog.close, color=None).props("flat").classes("plain")
            do = ui.button(verb, color=None).props("unelevated").classes("plain" if verb is Verb.RELEASE else "danger filled")

    meant: list[Target | None] = [None]  # the one that was shown when the dialog was opened: another bot may begin meanwhile

    async def carry_out() -> None:
        words, typed = (verb.value, meant[0], reason.value or "", token.value or "", confirmed.value or ""), token
        typed.set_value("")  # it does not stay on a screen that is left alone
        do.disable()
        said.set_text("…")
        try:
            lines = await run.io_bound(operator.carry_out, *words)
        except MesbotError as error:
            lines = [str(error)]
        finally:
            do.enable()
        said.set_text(masked("\n".join(lines)))

    def opened() -> None:
        meant[0] = seen().target
        whose.set_text(masked(whose_journal(meant[0])))
        for each in (reason, token, confirmed):
            each.set_value("")
        said.set_text("")
        dialog.open()

    do.on_click(carry_out)
    return (
        ui.button(verb, on_click=opened, color=None)
        .props("dense outline")
        .classes("plain" if verb is Verb.RELEASE else "danger")
        .style("padding: 4px 12px")
    )
