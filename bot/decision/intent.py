"""Intent: a chosen plan, and what was true when it was chosen."""

from __future__ import annotations

import msgspec

from bot.decision.euc import Euc, EucInputs
from bot.decision.plan import EntryPlan


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A chosen plan with everything that was true when it was chosen; `signals` are the decision bar's (prices in points)."""

    intent_id: str
    trading_day: str
    decided_ns: int
    expires_ns: int
    slippage_ticks: int
    plan: EntryPlan
    dvs: float
    eqs: float
    euc: Euc
    inputs: EucInputs
    regime: str = ""
    session_phase: int = 0
    signals: dict[str, float] = {}
