"""Journal records as short as a test can say them: what an intent, its orders and the rest leave behind.

Minutes are those after 10:00 New York on 2025-09-16. Orders are named as the supervisor names them, so that
a name says intent, leg, role and attempt.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
from builders import CONTRACTS, an_intent, new_york_ns

from bot.decision.intent import Intent
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan
from bot.journal.build import intent_record
from bot.journal.records import DayRecord, FillRecord, KillRecord, Kind, OrderRecord, QualityRecord, ShadowRecord
from bot.journal.store import Journal
from bot.runtime.past import Past, past_of
from bot.units import TICK_POINTS

ROLES = {"E": "ENTRY", "S": "STOP", "T": "TARGET", "X": "EXIT"}
NAN = float("nan")


class Step(NamedTuple):
    """One record and the market time it is written at."""

    kind: Kind
    ts_ns: int
    body: msgspec.Struct
    strategy: str | None = None


def at(minute: int, day: str = "2025-09-16") -> int:
    """The close of a bar, UTC ns; a minute from 60 on is of a later hour, one below 0 of an earlier."""
    return new_york_ns(f"{day} {10 + minute // 60:02d}:{minute % 60:02d}")


def intent_of_plan(minute: int, chosen: EntryPlan | None = None, day: str = "2025-09-16") -> Intent:
    """An intent of this bar, named as the library names it."""
    signals = {"atr_14": 2.0, "vwap_z": NAN}
    return an_intent(chosen, at(minute, day), eqs=0.9, regime="range", session_phase=2, signals=signals)


def decided(intent: Intent) -> Step:
    """The intent, written ahead of its orders."""
    return Step(Kind.INTENT, intent.decided.ts_ns, intent_record(intent), intent.plan.strategy)


class Told:
    """What is told of the orders of one intent; names are "1E", "2S", "1X1", "1S2"."""

    def __init__(self, intent: Intent) -> None:
        self.intent, self._plan = intent, intent.plan

    def order(self, name: str, event: str, minute: int = 42, quantity: int | None = None, **more: object) -> Step:
        """One order event; a stop's price is its trigger."""
        leg = self._plan.legs[int(name[0]) - 1]
        ticks = {"E": self._plan.limit, "S": leg.stop, "T": leg.target, "X": None}[name[1]]
        prices = {"trigger" if name[1] == "S" else "price": None if ticks is None else ticks * TICK_POINTS}
        body = OrderRecord(
            client_order_id=f"{self.intent.intent_id}-{name}",
            intent_id=self.intent.intent_id,
            strategy=self._plan.strategy,
            role=ROLES[name[1]],
            event=event,
            quantity=leg.quantity if quantity is None else quantity,
            **(prices | more),
        )
        return Step(Kind.ORDER, at(minute), body, self._plan.strategy)

    def every(self, event: str, *names: str, minute: int = 42) -> list[Step]:
        """The same event of these orders, of all brackets if none is named."""
        found = names or [f"{number}{letter}" for number in range(1, len(self._plan.legs) + 1) for letter in "EST"]
        return [self.order(name, event, minute) for name in found]

    def sent(self) -> list[Step]:
        """All brackets submitted, the entries accepted."""
        entries = [f"{number}E" for number in range(1, len(self._plan.legs) + 1)]
        return [*self.every("OrderSubmitted", minute=41), *self.every("OrderAccepted", *entries, minute=41)]

    def fill(self, name: str, ticks: float, quantity: int = 1, minute: int = 42) -> list[Step]:
        """A fill and the order event that goes with it."""
        side = self._plan.side if name[1] == "E" else -self._plan.side
        event = self.order(name, "OrderFilled", minute, quantity=quantity)
        body = FillRecord(
            event.body.client_order_id, self.intent.intent_id, self._plan.strategy, ROLES[name[1]], side, quantity,
            ticks * TICK_POINTS, 62, 0.0, at(minute), f"V-{name}-{minute}",
        )  # fmt: skip
        return [Step(Kind.FILL, at(minute), body, self._plan.strategy), event]

    def denied(self, role: str = "SubmitOrderList", minute: int = 41) -> Step:
        """The risk engine's refusal of a command."""
        name = f"{self.intent.intent_id}-1E"
        body = OrderRecord(
            name, self.intent.intent_id, self._plan.strategy, role, "Denied", 3, reason="ENTRY_SPACING: minutes=1, minimum=30"
        )
        return Step(Kind.ORDER, at(minute), body, self._plan.strategy)


def outcome(trade_id: str, minute: int = 50, **changes: object) -> TradeOutcome:
    """A K1 long that lost its stop."""
    values = dict(
        trade_id=trade_id, strategy="K1", side=1, quantity=1, legs=1, regime="range", time_of_day="morning", trading_day="2025-09-16",
        opened_ns=at(42), closed_ns=at(minute), decided_ns=at(41), entry_price=250.0, exit_price=248.0, gross_cents=-1000,
        net_cents=-1124, risk_cents=1000, r=-1.124, target_r=2.0, exit_reason="STOP", thesis_valid_at_exit=True, belief=0.9,
        euc={"total": 0.1}, dvs=1.0, eqs=1.0, signals={"vwap_z": -1.5}, slippage_ticks=1.0, spread_ticks=1.0, mae_ticks=8, mfe_ticks=0,
        naked_seconds=0.0, budget_overrun=False, shadow=False,
    )  # fmt: skip
    return TradeOutcome(**(values | changes))


def ended(made: TradeOutcome, minute: int | None = None) -> Step:
    """The record of an outcome."""
    return Step(Kind.OUTCOME, made.closed_ns if minute is None else at(minute), made, made.strategy)


def shadow(trade_id: str, state: str, minute: int = 41) -> Step:
    return Step(Kind.SHADOW, at(minute), ShadowRecord(trade_id, "K2", state, ["QUARANTINED"]), "K2")


def kill(state: str, reason: str = "", minute: int = 41) -> Step:
    return Step(Kind.KILL, at(minute), KillRecord(state, reason))


def charge(event: str, minute: int = 41, score: str = "EQS") -> Step:
    return Step(Kind.QUALITY, at(minute), QualityRecord(score, event, 0.1))


def day(date: str, equity_cents: int | None, minute: int = 41) -> Step:
    return Step(Kind.DAY, at(minute, date), DayRecord(date, equity_cents))


def write(path: Path, *steps: Step | list[Step]) -> Path:
    """A journal of these records, a link a minute."""
    flat = [each for step in steps for each in (step if isinstance(step, list) else [step])]
    with Journal.append(path, "live", CONTRACTS, {}, lambda: 1) as journal:
        for number, step in enumerate(flat, start=1):
            journal.add(step.kind, step.ts_ns, step.body, step.strategy)
            if number == len(flat) or flat[number].ts_ns > step.ts_ns:
                journal.close_link(step.ts_ns)
    return path


def past(path: Path, *steps: Step | list[Step]) -> Past:
    """What these records leave a restart to begin with."""
    return past_of([write(path, *steps)])
