"""A small run for the journal's tests: bars of a bar record, five decisions, sometimes an intent written ahead.

As a script: `python scripted_run.py FOLDER BARS` kills itself (SIGKILL) at each commit in
turn, in a fork a time, and leaves the journals `killed-N.sqlite` in FOLDER.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bot.contracts.load import load_contracts, packaged_directory
from bot.contracts.models import Contracts
from bot.decision.outcome import TradeOutcome
from bot.journal.records import Action, BarRecord, DecisionRecord, GateRecord, IntentRecord, Kind, PlanRecord
from bot.journal.store import Journal
from bot.units import MINUTE_NS

STRATEGIES = ("K1", "K2", "K3", "K4", "K5")
FIRST_BAR_NS = 1_759_411_860_000_000_000  # 2025-10-02 09:31 New York
GATE = GateRecord("VWAP_Z", 8, "abs_z", 0.83, "minimum", 1.5, "", 0.67)
PLAN = PlanRecord(
    side=1,
    entry_type="LIMIT",
    limit=6700.0,
    trigger=None,
    legs=[(1, 6698.0, 6703.0)],
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
EUC_INPUTS = {
    "reward_ratio": 2.0, "belief": 0.7, "instability": 0.0, "dvs": 1.0, "eqs": 1.0, "wins": 0.0, "losses": 0.0,
    "cost_r": 0.2, "cost_multiplier": 1.0,
}  # fmt: skip
EUC = {"probability": 0.46, "break_even": 0.4, "edge": 0.2, "uncertainty": 0.05, "cost": 0.1, "total": 0.05}


@cache
def contracts() -> Contracts:
    return load_contracts(packaged_directory())


def bar_ns(bar: int) -> int:
    return FIRST_BAR_NS + bar * MINUTE_NS


def bar_record(bar: int, dvs: float = 1.0) -> BarRecord:
    price = 6700.0 + bar * 0.25
    signals = {"vwap": price, "atr_norm": None, "noise": 0.5}
    return BarRecord(price, price + 1, price - 1, price + 0.25, 500 + bar, False, "range", 1, dvs, dvs, [], 1.0, [], signals)


def intent_record(bar: int) -> IntentRecord:
    return IntentRecord(
        intent_id=f"2025-10-02-K1-{bar}",
        strategy="K1",
        trading_day="2025-10-02",
        plan=PLAN,
        decided_ns=bar_ns(bar),
        expires_ns=bar_ns(bar + 1),
        slippage_ticks=1,
        dvs=1.0,
        eqs=1.0,
        euc=EUC,
        euc_inputs=EUC_INPUTS,
    )


def outcome(bar: int, *, shadow: bool = False, strategy: str = "K1", trade_id: str = "T1") -> TradeOutcome:
    return TradeOutcome(
        trade_id=trade_id,
        strategy=strategy,
        side=1,
        quantity=1,
        legs=1,
        regime="range",
        time_of_day="opening",
        trading_day="2025-10-02",
        opened_ns=bar_ns(bar + 1),
        closed_ns=bar_ns(bar + 4),
        decided_ns=bar_ns(bar),
        entry_price=6700.0,
        exit_price=6703.0,
        gross_cents=1500,
        net_cents=1376,
        risk_cents=1000,
        r=1.376,
        target_r=1.5,
        exit_reason="TARGET",
        thesis_valid_at_exit=True,
        belief=0.7,
        euc=EUC,
        dvs=1.0,
        eqs=1.0,
        signals={"vwap_z": -1.7},
        slippage_ticks=0.0,
        spread_ticks=1.0,
        mae_ticks=3,
        mfe_ticks=12,
        naked_seconds=0.0,
        budget_overrun=False,
        shadow=shadow,
        gates=("DVS_BELOW_MINIMUM",) if shadow else (),
    )


def write(journal: Journal, bars: int, on_bar: Callable[[int], None] = lambda bar: None) -> None:
    """The same records whoever calls it: bar, decisions, an intent on each third bar, link."""
    for bar in range(bars):
        on_bar(bar)
        ts_ns = bar_ns(bar)
        journal.add(Kind.BAR, ts_ns, bar_record(bar))
        for name in STRATEGIES:
            decision = DecisionRecord(name, Action.SKIP, f"{name} skipped", 1.0, 1.0, gate=GATE, smallest_change="abs_z …")
            journal.add(Kind.DECISION, ts_ns, decision, name)
        if bar % 3 == 2:
            journal.write_ahead(Kind.INTENT, ts_ns, intent_record(bar), "K1")
        journal.close_link(ts_ns)


def run(path: Path, bars: int, *, wall_ns: int = 1, resume: bool = False, flush_every_links: int = 1) -> str:
    """A whole run; returns the head."""
    with Journal.create(
        path, "backtest", contracts(), {"bars": str(path)}, lambda: wall_ns, resume=resume, flush_every_links=flush_every_links
    ) as journal:
        write(journal, bars)
        return journal.head


def _killed_at_commit(path: Path, bars: int, commit: int) -> bool:
    """Run in a fork that dies at its `commit`-th flush, after it. Whether it died before its end."""
    child = os.fork()
    if child == 0:
        flushes = 0
        flush = Journal.flush

        def counted(self: Journal, **how: bool) -> None:
            nonlocal flushes
            flush(self, **how)
            flushes += 1
            if flushes == commit:
                os.kill(os.getpid(), signal.SIGKILL)

        Journal.flush = counted  # type: ignore[method-assign]
        run(path, bars)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    contracts()  # read once, before the forks
    folder, bar_count = Path(sys.argv[1]), int(sys.argv[2])
    number = 1
    while _killed_at_commit(folder / f"killed-{number}.sqlite", bar_count, number):
        number += 1
