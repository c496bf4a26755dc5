"""What a run has decided and what came of it: the facts of its journals that another run over the same bars must repeat.

Left out is what only one kind of venue says: that an order is taken, triggered or about to change (a broker takes a bracket's children at
once, a simulated venue when the entry fills), a refusal to cancel what has ended already, and the names that venues give. `naked_seconds`
of a trade are left out too: a live node counts them on the wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from bot.journal.read import Record, opened, read
from bot.journal.records import Kind
from bot.journal.times import minute_end

Body = dict[str, Any]


class Part(StrEnum):
    """What a fact is of."""

    BARS = "bars"
    DECISIONS = "decisions"
    ORDERS = "orders"
    FILLS = "fills"
    OUTCOMES = "outcomes"
    STATES = "states"


_PARTS = {
    Kind.BAR: Part.BARS, Kind.DECISION: Part.DECISIONS, Kind.INTENT: Part.ORDERS, Kind.ORDER: Part.ORDERS, Kind.FILL: Part.FILLS,
    Kind.OUTCOME: Part.OUTCOMES, Kind.STATE: Part.STATES, Kind.SHADOW: Part.STATES, Kind.DAY: Part.STATES, Kind.QUALITY: Part.STATES,
    Kind.KILL: Part.STATES, Kind.RECONCILE: Part.STATES,
}  # fmt: skip
_NOT_OF_BARS = frozenset({Kind.CONTRACTS, Kind.OPERATOR})  # what a person has set or done
_KINDS = tuple(kind for kind in Kind if kind not in _NOT_OF_BARS)  # a kind that no list has is a fact like any other
_OF_THE_VENUE = {Kind.ORDER: "venue_order_id", Kind.FILL: "trade_id", Kind.OUTCOME: "naked_seconds"}
_HOW_A_VENUE_SPEAKS = frozenset({"OrderAccepted", "OrderTriggered", "OrderPendingUpdate", "OrderPendingCancel"})
_MOMENTS = frozenset({"ts_ns", "opened_ns", "closed_ns"})
_ENDS = frozenset({"OrderFilled", "OrderCanceled", "OrderExpired", "OrderRejected", "OrderDenied"})


class Fact(NamedTuple):
    """One record: market time (UTC ns), part, whose it is (a strategy, an order, a trade, a score), and what it says."""

    ts_ns: int
    part: Part
    name: str
    body: Body


def facts(journals: Iterable[Path], from_ns: int = 0, until_ns: int = 2**63 - 1, *, by_minutes: bool = False) -> Iterator[Fact]:
    """The facts of journals that follow each other, as they were written, of market time [from, until]. Raises JournalError.

    `by_minutes`: everything counts at the close of its minute, which is all that a backtest knows of it.
    """
    ended: set[str] = set()
    for path in journals:
        with opened(path) as db:
            for record in read(db, *_KINDS):
                if from_ns <= record.ts_ns <= until_ns and (fact := _fact(record, ended)) is not None:
                    yield _at_minute(fact) if by_minutes else fact


def _fact(record: Record, ended: set[str]) -> Fact | None:
    kind, body = record.kind, record.body
    if kind is Kind.ORDER:
        order, event = body["client_order_id"], body["event"]
        if event in _HOW_A_VENUE_SPEAKS or (event == "OrderCancelRejected" and order in ended):
            return None
        if event in _ENDS:
            ended.add(order)
    body.pop(_OF_THE_VENUE.get(kind, ""), None)
    return Fact(record.ts_ns, _PARTS.get(kind, Part.STATES), _name(record), body)


def _at_minute(fact: Fact) -> Fact:
    for name in _MOMENTS & fact.body.keys():
        fact.body[name] = minute_end(fact.body[name])
    return fact._replace(ts_ns=minute_end(fact.ts_ns))


def _name(record: Record) -> str:
    body = record.body
    for key in ("client_order_id", "intent_id", "trade_id", "score", "trading_day") if record.kind not in (Kind.BAR, Kind.DECISION) else ():
        if body.get(key):
            return str(body[key])
    return record.strategy or record.kind.value
