"""A clean run told in rows, for the checker's own tests: three quiet days in September 2025 with five entries.

Tuesday: `first`, a K1 long that reaches its target; `pair`, a K4 short of two legs, the second
stop moved to entry. Wednesday: `loser`, a K2 long that is stopped out; `second`, a K1 short left
at the market. Thursday: `late`, a K1 long that never fills. Prices are ticks around 26,000;
with so short a history the model slips stops and market orders by 3 ticks.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from checker_clock import MINUTE, SECOND, stamp
from checker_rows import TICK, Bar, Report

DAYS = tuple(date(2025, 9, day) for day in (16, 17, 18))
TUESDAY, WEDNESDAY, THURSDAY = DAYS
LEVEL = 26_000
QUIET = (LEVEL, LEVEL + 2, LEVEL - 2, LEVEL)
SLIP = 3
Row = dict[str, Any]


def at(day: date, clock: str) -> int:
    """UTC ns of "10:41" New York."""
    return stamp(day, time.fromisoformat(clock))


@dataclass
class Story:
    """Orders by id, and the bars that are not quiet; `report` tells it as Nautilus would."""

    orders: dict[str, Row] = field(default_factory=dict)
    loud: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    equity_usd: float = 10_000.0
    days: tuple[date, ...] = DAYS

    def add(self, *rows: Row) -> None:
        """Take orders in."""
        self.orders |= {row["id"]: row for row in rows}

    def drop(self, name: str) -> None:
        """Forget an entry with all its orders, and its bars."""
        self.orders = {key: row for key, row in self.orders.items() if row["list"] != name}

    def report(self) -> Report:
        """The finished rows."""
        rows = sorted(deepcopy(list(self.orders.values())), key=lambda row: (row["ts"], row["id"]))
        fills = sorted(
            (
                {"order": row["id"], "side": row["side"]} | {name: event[name] for name in ("ts", "quantity", "price", "fee")}
                for row in rows
                for event in row["events"]
                if event["kind"] == "Filled"
            ),
            key=lambda fill: (fill["ts"], not fill["order"].endswith("E")),
        )
        return Report(self._bars(), rows, fills, _positions(fills), self.equity_usd)

    def _bars(self) -> list[Bar]:
        made = []
        for day in self.days:
            for ts in range(at(day, "09:31"), at(day, "16:00") + 1, MINUTE):
                if ts not in self.missing:
                    made.append(Bar(ts, *self.loud.get(ts, QUIET), 1_000))
        return made


def _positions(fills: list[Row]) -> list[Row]:
    found: list[Row] = []
    net = 0
    for fill in fills:
        signed = fill["side"] * fill["quantity"]
        if not net:
            found.append({"side": fill["side"], "quantity": 0, "opened": fill["ts"], "closed": None, "pnl": 0.0})
        position = found[-1]
        position["quantity"] += fill["quantity"] if fill["side"] == position["side"] else 0
        position["pnl"] -= signed * fill["price"] * 5 + fill["fee"]
        net += signed
        if not net:
            position["closed"] = fill["ts"]
    return found


def order(name: str, entry: str, strategy: str, kind: str, side: int, ts: int, prices: dict[str, int], **more: Any) -> Row:
    """An order row; prices by name in ticks."""
    row = {"id": name, "list": entry, "strategy": strategy, "type": kind, "side": side, "ts": ts, "quantity": 1, "parent": None}
    row |= {"links": [], "contingency": "OUO", "reduce_only": False, "price": None, "trigger": None}
    row |= {"tags": {"slippage_ticks": str(SLIP), "leg": name.split("-")[1][0]}, "events": [{"kind": "Submitted", "ts": ts}]}
    return row | {key: value * TICK for key, value in prices.items()} | more


def bracket(
    name: str, strategy: str, side: int, ts: int, prices: tuple[int, int, int], leg: int = 1, trigger: int | None = None
) -> list[Row]:
    """Entry, stop and target of one leg, submitted and nothing more; prices are entry limit, stop and target."""
    entry, stop, target = (f"{name}-{leg}{letter}" for letter in "EST")
    kind, own = ("LIMIT", {"price": prices[0]}) if trigger is None else ("STOP_LIMIT", {"price": prices[0], "trigger": trigger})
    rows = [
        order(entry, name, strategy, kind, side, ts, own, contingency="OTO", links=[stop, target]),
        order(stop, name, strategy, "STOP_MARKET", -side, ts, {"trigger": prices[1]}, parent=entry, links=[target]),
        order(target, name, strategy, "LIMIT", -side, ts, {"price": prices[2]}, parent=entry, links=[stop]),
    ]
    rows[0]["events"].append(event("Accepted", ts))
    return rows


def event(kind: str, ts: int, **more: Any) -> Row:
    """An order event."""
    return {"kind": kind, "ts": ts, **more}


def filled(ts: int, price: int, quantity: int = 1) -> Row:
    """A fill at a price in ticks, with its fee."""
    return event("Filled", ts, price=price * TICK, quantity=quantity, fee=0.62 * quantity)


def enter(rows: list[Row], ts: int, price: int) -> None:
    """Fill a leg's entry; its children begin to work."""
    rows[0]["events"].append(filled(ts, price, rows[0]["quantity"]))
    for child in rows[1:]:
        child["events"].append(event("Accepted", ts))


def leave(rows: list[Row], ts: int, price: int, by: int) -> None:
    """Fill the stop (`by` 1) or the target (2) of a leg, which cancels the other."""
    rows[by]["events"].append(filled(ts, price, rows[by]["quantity"]))
    rows[3 - by]["events"].append(event("Canceled", ts))


def winner(story: Story, name: str, ts: int, stop: int = LEVEL - 10, quantity: int = 1) -> None:
    """A K1 long at 26,000 with its target 20 ticks away, reached in the ninth minute."""
    rows = bracket(name, "K1", 1, ts, (LEVEL, stop, LEVEL + 20))
    for row in rows:
        row["quantity"] = quantity
    enter(rows, ts + MINUTE, LEVEL)
    leave(rows, ts + 9 * MINUTE, LEVEL + 20, by=2)
    story.loud[ts + 9 * MINUTE] = (LEVEL, LEVEL + 21, LEVEL - 1, LEVEL + 10)
    story.add(*rows)


def loser(story: Story, name: str, ts: int, stop: int = LEVEL - 10, strategy: str = "K2") -> None:
    """A long at 26,000, stopped out in the ninth minute at the stop less slippage."""
    rows = bracket(name, strategy, 1, ts, (LEVEL, stop, LEVEL + 20))
    enter(rows, ts + MINUTE, LEVEL)
    leave(rows, ts + 9 * MINUTE, stop - SLIP, by=1)
    story.loud[ts + 9 * MINUTE] = (LEVEL, LEVEL + 1, stop - 1, stop)
    story.add(*rows)


def left_at_market(story: Story, name: str, ts: int, minutes: int = 15, slip: int = SLIP) -> None:
    """A K1 short at 26,000 with a stop of 6 ticks, left at the market."""
    end = ts + minutes * MINUTE
    rows = bracket(name, "K1", -1, ts, (LEVEL, LEVEL + 6, LEVEL - 15))
    enter(rows, ts + MINUTE, LEVEL)
    for child in rows[1:]:
        child["events"].append(event("Canceled", end))
    leaving = order(f"{name}-1X", None, "K1", "MARKET", 1, end, {}, contingency="NO_CONTINGENCY")
    leaving["tags"]["slippage_ticks"] = str(slip)
    leaving["events"].append(filled(end, LEVEL + slip))
    story.add(*rows, leaving)


def never_filled(story: Story, name: str, ts: int, seconds: int = 90) -> None:
    """A K1 long below the market that expires."""
    rows = bracket(name, "K1", 1, ts, (LEVEL - 5, LEVEL - 15, LEVEL + 10))
    for row in rows:
        row["events"].append(event("Canceled", ts + seconds * SECOND))
    story.add(*rows)


def pair(story: Story, name: str, ts: int, stops: tuple[int, int] = (LEVEL + 2, LEVEL + 2)) -> None:
    """A K4 short of two legs at 25,996: the first target in the fifth minute, the second in the tenth, its stop then at entry."""
    limit = LEVEL - 4
    for leg, (ends, target) in enumerate(((5, limit - 12), (10, limit - 18)), start=1):
        rows = bracket(name, "K4", -1, ts, (limit, stops[leg - 1], target), leg, trigger=LEVEL - 3)
        enter(rows, ts + MINUTE, limit)
        if leg == 2:
            rows[1]["events"].append(event("Updated", ts + 5 * MINUTE, trigger=limit * TICK, price=None, quantity=1))
        leave(rows, ts + ends * MINUTE, target, by=2)
        story.add(*rows)
    fall = [(-2, -1, -10, -9), *[(-9, -6, -12, -9)] * 3, (-9, -8, -18, -16), *[(-16, -13, -19, -16)] * 4, (-16, -15, -24, -22)]
    for minute, move in enumerate([*fall, (-22, -9, -23, -10)], start=1):
        story.loud[ts + minute * MINUTE] = tuple(LEVEL + ticks for ticks in move)


def clean() -> Story:
    """The story of the module's docstring; nothing in it is wrong."""
    story = Story()
    winner(story, "first", at(TUESDAY, "10:41"))
    pair(story, "pair", at(TUESDAY, "13:40"))
    loser(story, "loser", at(WEDNESDAY, "10:41"))
    left_at_market(story, "second", at(WEDNESDAY, "14:05"))
    never_filled(story, "late", at(THURSDAY, "10:41"))
    return story
