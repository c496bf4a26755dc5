"""Which contracts count: for a run that begins within a trading day in which others were in force, and for a trade opened under others.

A day's contracts are those of its newest record, if a bar of that day was decided or a run began in it. What is not known here:
that a run went through 18:00 and has decided nothing since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bot.calendar import SessionCalendar, TradingDay, new_york
from bot.contracts.models import Contracts
from bot.contracts.recorded import read_by
from bot.contracts.within_day import KeyChange, WithinDay, within_day
from bot.decision.limits import Limits
from bot.errors import ContractError, JournalError
from bot.journal.contracts import all_hashes, contracts_of_intents, contracts_with, last_law
from bot.runtime.past import past_of
from bot.runtime.recover import Story

MARGIN = timedelta(days=7)
SHOWN_KEYS, SHOWN_VALUE, SHOWN_HASH = 8, 40, 12


class DayLaw(NamedTuple):
    """The contracts that a run which begins now is under.

    `of_day` is the hash of those of this trading day that what was read is held against ("" if it counts whole), `trading_day` the
    day (ISO date) and `waits_until_ns` when what was read counts whole (market time, UTC ns; 0: it does now). `told` is a sentence, or "".
    """

    contracts: Contracts
    trading_day: str
    of_day: str = ""
    waits_until_ns: int = 0
    told: str = ""


class TradeLaw(msgspec.Struct, frozen=True):
    """What a trade is managed by: the contracts that it was opened under, and what follows from them."""

    contracts: Contracts
    calendar: SessionCalendar
    limits: Limits


def day_law(loaded: Contracts, journals: Sequence[str | Path], market_ns: int) -> DayLaw:
    """The law of a run that begins at `market_ns` (UTC ns), goes on from these journals (oldest first) and has read `loaded`.

    Raises JournalError or ContractError, one sentence, if the contracts of this day, or those of an open trade, are such that this
    version, or the strategies at hand, cannot keep them.
    """
    last = last_law(journals)
    if last is None:
        return DayLaw(loaded, trading_day_at(loaded, market_ns).date)
    recorded, unreadable = loaded, None
    try:
        recorded = contracts_with(journals, last.sha256)
    except JournalError as error:
        unreadable = error
    day = trading_day_at(recorded, market_ns)
    within = last.trading_day == day.date or last.last_ns >= day.start_ns
    if within and unreadable is not None:
        raise JournalError(f"{unreadable} {_still(day)}") from unreadable
    found = _merged(recorded, loaded, day) if within else WithinDay(loaded, (), ())
    law = found.contracts
    unfinished = past_of(journals).unfinished if all_hashes(journals) - {law.sha256} else ()
    kept = other_laws(journals, unfinished, law.sha256)
    waits_until_ns = day.end_ns if law.sha256 != loaded.sha256 else 0
    return DayLaw(law, day.date, last.sha256 if within else "", waits_until_ns, _sentence(day, found, kept))


def trading_day_at(contracts: Contracts, market_ns: int) -> TradingDay:
    """The trading day of a moment (market time, UTC ns) by these contracts."""
    date = new_york(market_ns).date()
    return SessionCalendar(contracts.session, date - MARGIN, date + MARGIN).trading_day(market_ns)


def other_laws(journals: Sequence[str | Path], stories: Iterable[Story], sha256: str) -> dict[str, Contracts]:
    """The contracts that unfinished trades were opened under, by their ids, where they are not those with this hash.

    Raises JournalError, one sentence, if they are such that this version cannot read them.
    """
    hashes = contracts_of_intents(journals, {story.intent.intent_id for story in stories})
    found: dict[str, Contracts] = {}
    for name, other in hashes.items():
        if other != sha256:
            try:
                found[name] = contracts_with(journals, other)
            except JournalError as error:
                why = f"{name} was opened under them and is not over: start the version that wrote them, or close it by `mesbot kill`."
                raise JournalError(f"{error} {why}") from error
    return found


def trade_law(recorded: Contracts, law: Contracts, calendar: SessionCalendar) -> TradeLaw:
    """What a trade goes on with that was opened under `recorded`, in a run under `law` with this calendar."""
    own = read_by(recorded, law.declared)
    hours = calendar if own.session == law.session else SessionCalendar(own.session, calendar.first, calendar.last)
    return TradeLaw(own, hours, Limits.of(own))


def _merged(recorded: Contracts, loaded: Contracts, day: TradingDay) -> WithinDay:
    if recorded.sha256 == loaded.sha256:
        return WithinDay(loaded, (), ())
    try:
        return within_day(recorded, loaded)
    except ContractError as error:
        raise ContractError(f"{error}. {_still(day)}") from error


# ------------------------------------------------------------------------- words


def _still(day: TradingDay) -> str:
    return (
        f"They count until {_clock(day)}: start again after that, or now with the version and the strategies that wrote them; "
        "what is open is closed by `mesbot kill`."
    )


def _clock(day: TradingDay) -> str:
    return f"{new_york(day.end_ns):%H:%M} New York of {day.date}"


def _sentence(day: TradingDay, found: WithinDay, kept: dict[str, Contracts]) -> str:
    """All of it in one sentence; "" if there is nothing to say."""
    clauses = []
    if found.counts:
        clauses.append(f"{_keys(len(found.counts), 'is stricter and counts', 'are stricter and count')} now ({_listed(found.counts)})")
    if found.waits:
        what = _keys(len(found.waits), "is looser or neither and waits", "are looser or neither and wait")
        clauses.append(f"{what} until {_clock(day)} ({_listed(found.waits)})")
    if found.fault:
        clauses.append(f"what is stricter waits too where it would not hold together with the rest ({found.fault})")
    opened = f"within the trading day of {day.date}" if clauses else "while a trade is open"
    clauses += [f"the open trade {name} keeps those that it was opened under ({law.sha256[:SHOWN_HASH]})" for name, law in kept.items()]
    return f"Contracts changed {opened}: {'; '.join(clauses)}." if clauses else ""


def _keys(count: int, one: str, many: str) -> str:
    return f"{count} key {one}" if count == 1 else f"{count} keys {many}"


def _listed(changes: Sequence[KeyChange]) -> str:
    shown = [f"{each.key} {_shown(each.before)} -> {_shown(each.after)}" for each in changes[:SHOWN_KEYS]]
    rest = len(changes) - len(shown)
    return ", ".join([*shown, *([f"and {rest} more"] if rest else [])])


def _shown(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN_VALUE else f"{text[: SHOWN_VALUE - 1]}…"
