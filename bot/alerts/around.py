"""What no record says: a checklist that failed, a roll that is near, what is locked after a trade."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bot.alerts.alert import Event, Said
from bot.alerts.place import Place
from bot.calendar import SessionCalendar, expiries_from
from bot.contracts import Contracts
from bot.masking import masked
from bot.node.check.items import NO_FAILURE
from bot.node.journals import FOLDER
from bot.node.status import locks_of
from bot.own_files import why_not_ours

ROLL_DAYS = 5  # calendar days before it
REPORTS = "check-*.json"


def failed_checks(journal: Path, place: Place) -> Iterator[Said]:
    """Reports of `mesbot check` in the journal's state folder that were not told. Those that were there at first are known to a person."""
    folder = journal.parent.parent
    if journal.parent.name != FOLDER:
        return
    for path in sorted(folder.glob(REPORTS)):
        report = _report(path)
        made_at_ns = report.get("made_at_ns")
        name = masked(path.name)
        if not isinstance(made_at_ns, int) or made_at_ns <= place.checks.get(name, 0):
            continue
        place.checks[name] = made_at_ns
        failed = [item for item in report.get("items", ()) if item.get("status") not in NO_FAILURE]
        if failed:
            told = "; ".join(f"{item.get('name')}: {item.get('found')}" for item in failed)
            yield Said(Event.CHECK, f"mesbot check for {report.get('mode')} failed: {told}.")


def roll_due(contracts: Contracts, today: dt.date, place: Place) -> Iterator[Said]:
    """That entries go over to the next contract month within ROLL_DAYS; each roll once."""
    calendar = SessionCalendar(contracts.session, today - dt.timedelta(days=10), today + dt.timedelta(days=60))
    for expiry in expiries_from(today):
        if expiry > today + dt.timedelta(days=30):
            return
        roll = calendar.roll_date(expiry)
        if today <= roll <= today + dt.timedelta(days=ROLL_DAYS) and place.roll != roll.isoformat():
            place.roll = roll.isoformat()
            text = f"The roll is due: from {roll:%A} {roll} on the month after the one that expires on {expiry} is traded."
            yield Said(Event.ROLL, text)


def new_locks(journal: Path, place: Place, *, tell: bool) -> Iterator[Said]:
    """Locks that were not told; those of `tell` False are known already. Raises JournalError or CalendarError."""
    locks = list(locks_of(journal))
    for lock in locks:
        if tell and lock not in place.locks:
            yield Said(Event.LOCK, f"Entries are locked: {lock}.")
    place.locks = locks


def _report(path: Path) -> dict[str, Any]:
    if why_not_ours(path):
        return {}
    try:
        report = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
    return report if isinstance(report, dict) else {}
