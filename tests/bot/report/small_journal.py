"""A journal made by hand for the report's tests: seeded prices, decisions, trades, shadows, state changes.

On bar 60 of each session K1 enters long (bar 70 ends it: a win on even sessions, else a loss), and
DVS refuses a K2 plan, which is shadowed; from session 4 on K2 is in quarantine, which refuses it too.
One bar of the whole journal is rejected and has no open.
"""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import UNSET
from msgspec.structs import replace

from bot.contracts.load import load_contracts, packaged_directory
from bot.decision.outcome import Mark, TradeOutcome
from bot.journal.records import (
    Action,
    BarRecord,
    DecisionRecord,
    GateRecord,
    IntentRecord,
    KillRecord,
    Kind,
    OperatorRecord,
    PlanRecord,
    QualityRecord,
    ReconcileRecord,
    StateRecord,
)
from bot.journal.store import Journal
from bot.units import MINUTE_NS, SECOND_NS

DAYS = ("2025-10-01", "2025-10-02", "2025-10-03", "2025-10-06", "2025-10-07", "2025-10-08")
ENTRY, EXIT = 60, 70
ENDED: dict[str, list[str]] = {}
UNMARKED: dict[int, Mark] = {}
REJECTED = (2, 50)  # session, bar
QUARANTINED_FROM = 3  # the session on whose bar 70 K2's quarantine begins
NAN = float("nan")
DVS_GATE = GateRecord("DVS_BELOW_MINIMUM", 2, "dvs", 0.7, "minimum", 0.8, "", 0.1)
NO_SETUP = GateRecord("VWAP_Z", 8, "abs_z", 0.83, "minimum", 1.5, "", 0.67)
NOISE = GateRecord("K5_NOISE", 6, "noise", 0.74, "limit", 0.7, "", 0.04)
EUC = {"probability": 0.46, "break_even": 0.4, "edge": 0.2, "uncertainty": 0.05, "cost": 0.1, "total": 0.05}
EUC_INPUTS = {
    "reward_ratio": 1.5, "belief": 0.7, "instability": 0.0, "dvs": 1.0, "eqs": 1.0, "wins": 0.0, "losses": 0.0,
    "cost_r": 0.2, "cost_multiplier": 1.0,
}  # fmt: skip


def open_ns(day: str) -> int:
    moment = datetime.fromisoformat(f"{day} 09:30").replace(tzinfo=ZoneInfo("America/New_York"))
    return int(moment.timestamp()) * SECOND_NS


def plan(limit: float) -> PlanRecord:
    return PlanRecord(
        side=1,
        entry_type="LIMIT",
        limit=limit,
        trigger=None,
        legs=[(1, limit - 2.0, limit + 3.0)],
        stop_ticks=8,
        risk_cents=1000,
        reward_ratio=1.5,
        max_minutes=20,
        ttl_seconds=90.0,
        belief="F1",
        entry_value=0.7,
        exit_belief=0.5,
        level=None,
    )


def outcome(
    strategy: str, day: str, limit: float, *, won: bool, shadow: bool = False, gates: tuple[str, ...] = ("DVS_BELOW_MINIMUM",)
) -> TradeOutcome:
    decided_ns = open_ns(day) + ENTRY * MINUTE_NS
    net_cents = 1376 if won else -1249
    return TradeOutcome(
        trade_id=f"{strategy}-{day}",
        strategy=strategy,
        side=1,
        quantity=1,
        legs=1,
        regime="range",
        time_of_day="mid-morning",
        trading_day=day,
        opened_ns=decided_ns + MINUTE_NS,
        closed_ns=open_ns(day) + EXIT * MINUTE_NS,
        decided_ns=decided_ns,
        entry_price=limit,
        exit_price=limit + 3.0 if won else limit - 2.25,
        gross_cents=net_cents + 124,
        net_cents=net_cents,
        risk_cents=1000,
        r=net_cents / 1000,
        target_r=1.5,
        exit_reason="TARGET" if won else "STOP",
        thesis_valid_at_exit=True,
        belief=0.7,
        euc=EUC,
        dvs=1.0,
        eqs=1.0,
        signals={"vwap_z": -1.7},
        slippage_ticks=0.0 if won else 1.0,
        spread_ticks=1.0,
        mae_ticks=3,
        mfe_ticks=12,
        naked_seconds=0.0,
        budget_overrun=False,
        shadow=shadow,
        gates=gates if shadow else (),
    )


def other(trade: TradeOutcome, strategy: str) -> TradeOutcome:
    """The same trade, made by another strategy."""
    return replace(trade, strategy=strategy)


def _bar(price: float, rng: random.Random, dvs: float, phase: int) -> BarRecord:
    close = price + rng.randint(-8, 8) * 0.25
    high, low = max(price, close) + rng.randint(0, 4) * 0.25, min(price, close) - rng.randint(0, 4) * 0.25
    events = [("thin", 0.3)] if dvs < 1.0 else []
    signals = {"vwap": price, "atr_norm": None, "slippage_ticks": 1.0, "noise": 0.5}
    return BarRecord(price, high, low, close, rng.randint(200, 2000), False, "range", phase, dvs, dvs, events, 1.0, [], signals)


def _phase(bar: int) -> int:
    return 1 if bar < 60 else 2 if bar < 120 else 3 if bar < 240 else 4 if bar < 330 else 5


def _write_session(journal: Journal, number: int, day: str, bars: int, price: float, rng: random.Random, mark: Mark | None) -> float:
    won = number % 2 == 0
    entry = 0.0
    for bar in range(1, bars + 1):
        ts_ns = open_ns(day) + bar * MINUTE_NS
        dvs = 0.7 if ENTRY - 5 <= bar <= ENTRY + 4 and number == 1 else 1.0
        record = _bar(price, rng, dvs, _phase(bar))
        if (number, bar) == REJECTED:
            record = replace(record, open=NAN, high=NAN, rejected=True, regime="", signals={}, dvs_events=[("impossible", 0.5)])
        journal.add(Kind.BAR, ts_ns, record)
        price = record.close
        if bar == ENTRY:
            entry = price
        for name in ("K1", "K2", "K3", "K4", "K5"):
            journal.add(Kind.DECISION, ts_ns, _decision(name, bar, entry), name)
        if bar == ENTRY:
            journal.write_ahead(Kind.INTENT, ts_ns, _intent(day, ts_ns, entry), "K1")
        if bar == EXIT:
            traded = replace(outcome("K1", day, entry, won=won), mark=mark or UNSET)
            journal.add(Kind.OUTCOME, ts_ns, traded, "K1")
            gates = (
                ("DVS_BELOW_MINIMUM", "QUARANTINED") if number > QUARANTINED_FROM else ("DVS_BELOW_MINIMUM", "K5_NOISE")[: 1 + number % 2]
            )
            journal.add(Kind.OUTCOME, ts_ns, outcome("K2", day, entry, won=False, shadow=True, gates=gates), "K2")
        if bar == EXIT and number == QUARANTINED_FROM:
            evidence = StateRecord("K2", "ACTIVE", "QUARANTINED", 0, "by hand", "loss_streak", 2.0, 0, "2 shadow wins in a row")
            journal.add(Kind.STATE, ts_ns, evidence, "K2")
        if bar == EXIT and number == 3:
            evidence = StateRecord("K1", "ACTIVE", "THROTTLED", 1, "win rate below 40 %", "win rate", 0.33, 3, "a win rate of 40 %")
            journal.add(Kind.STATE, ts_ns, evidence, "K1")
            journal.add(Kind.QUALITY, ts_ns, QualityRecord("EQS", "excess_slippage", 0.1, "3 ticks, model 1"))
        journal.close_link(ts_ns)
    return price


def _decision(name: str, bar: int, entry: float) -> DecisionRecord:
    if name == "K1" and bar == ENTRY:
        return DecisionRecord(name, Action.ENTER, "K1 long enters", 1.0, 1.0, plan=plan(entry), euc=EUC)
    if name == "K2" and bar in (ENTRY, ENTRY + 1):
        return DecisionRecord(name, Action.SKIP, "K2 long skipped", 0.7, 1.0, gate=DVS_GATE, plan=plan(entry))
    if name == "K5" and bar == ENTRY + 1:
        return DecisionRecord(name, Action.VETO, "K5 vetoes this bar", 1.0, 1.0, gate=NOISE)
    return DecisionRecord(name, Action.SKIP, f"{name} skipped", 1.0, 1.0, gate=NO_SETUP)


def _intent(day: str, ts_ns: int, entry: float) -> IntentRecord:
    return IntentRecord(
        intent_id=f"{day}-K1",
        strategy="K1",
        trading_day=day,
        plan=plan(entry),
        decided_ns=ts_ns,
        expires_ns=ts_ns + 90 * SECOND_NS,
        slippage_ticks=1,
        dvs=1.0,
        eqs=1.0,
        euc=EUC,
        euc_inputs=EUC_INPUTS,
    )


def write(
    path: Path,
    *,
    days: tuple[str, ...] = DAYS,
    bars: int = 390,
    ended: dict[str, list[str]] | None = ENDED,
    marks: dict[int, Mark] = UNMARKED,
    wall_ns: int = 1,
    **header: object,
) -> Path:
    """The journal of these sessions, each of so many bars; `ended` None: interrupted. `marks` are those of K1's trades, by session."""
    rng = random.Random(1)
    contracts = load_contracts(packaged_directory())
    with Journal.create(
        path, "backtest", contracts, {"bars": "bars.csv", "equity_usd": 10_000, **header}, lambda: wall_ns, flush_every_links=500
    ) as journal:
        price = 6700.0
        for number, day in enumerate(days):
            price = _write_session(journal, number, day, bars, price, rng, marks.get(number))
        if ended is not None:
            journal.end(ended)
    return path


def add_reason(path: Path, reason: str) -> Path:
    """The journal, with this reason wherever a record has one: a state, the kill switch, a person, the broker."""
    ts_ns = open_ns(DAYS[-1]) + 391 * MINUTE_NS
    header = {"bars": "bars.csv", "equity_usd": 10_000, "learning": True}
    with Journal.append(path, "backtest", load_contracts(packaged_directory()), header, lambda: 1) as journal:
        change = StateRecord("K1", "ACTIVE", "QUARANTINED", 0, reason, "loss_streak", 2.0, 0, reason)
        journal.add(Kind.STATE, ts_ns, change, "K1")
        journal.add(Kind.RECONCILE, ts_ns, ReconcileRecord("PositionMismatch", reason))
        journal.add(Kind.OPERATOR, ts_ns, OperatorRecord("lock", reason))
        journal.write_ahead(Kind.KILL, ts_ns, KillRecord("TRIPPED", reason, reason))
        journal.end({})
    return path
