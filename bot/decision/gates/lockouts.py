"""Layer 4: regime lockouts. Each lasts its minutes from the bar that last triggered it."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, refused
from bot.decision.limits import Limits
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import MINUTE_NS

L4 = Layer.LOCKOUT


def _since(code: Code, now_ns: int, trigger_ns: int, lock_ns: int) -> Refused | None:
    if not trigger_ns or now_ns - trigger_ns >= lock_ns:
        return None
    return refused(code, L4, "minutes_since", (now_ns - trigger_ns) / MINUTE_NS, "minimum", lock_ns / MINUTE_NS, "minutes")


def _volatility(now: Snapshot, limits: Limits) -> Refused | None:
    return _since(Code.VOLATILITY_SHOCK, now.ts_ns, now.lockouts.volatility_ns, limits.volatility_ns)


def _execution(now: Snapshot, limits: Limits) -> Refused | None:
    return _since(Code.EXECUTION_DANGER, now.ts_ns, now.lockouts.execution_ns, limits.execution_ns)


def _news(now: Snapshot, limits: Limits) -> Refused | None:
    return _since(Code.NEWS_SHOCK, now.ts_ns, now.lockouts.news_ns, limits.news_ns)


def _blackout(now: Snapshot, limits: Limits) -> Refused | None:
    for blackout in limits.blackouts:
        if blackout.start_ns <= now.ts_ns < blackout.end_ns:
            minutes = (blackout.end_ns - now.ts_ns) / MINUTE_NS
            return refused(Code.BLACKOUT, L4, "reason", blackout.reason, "minutes_left", minutes, "minutes")
    return None


BAR_GATES = (
    BarGate("volatility shock", L4, (Code.VOLATILITY_SHOCK,), _volatility),
    BarGate("execution danger", L4, (Code.EXECUTION_DANGER,), _execution),
    BarGate("news shock", L4, (Code.NEWS_SHOCK,), _news),
    BarGate("blackout", L4, (Code.BLACKOUT,), _blackout),
)
