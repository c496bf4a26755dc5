"""Layer 6: K5's veto first, then warm-up and the learning loop's state of the strategy."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, PlanGate, refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused

L6 = Layer.BELIEF
MAY_TRADE = ("ACTIVE", "THROTTLED")  # states of the learning loop; any other refuses
K5_CODES = (Code.K5_NOISE, Code.K5_LUNCH_VOID, Code.K5_OPPOSITE_STOPS)


def _veto(now: Snapshot, limits: Limits) -> Refused | None:
    return now.veto


def _warm_up(now: Snapshot, limits: Limits) -> Refused | None:
    if not now.market.warming_up:
        return None
    return refused(Code.WARM_UP, L6, "undefined", " ".join(now.market.warming_up), "required", "all defined")


def _state(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    state = now.trust[plan.strategy].state
    if state in MAY_TRADE:
        return None
    code = Code.LEARNING_STATE if state not in (Code.QUARANTINED, Code.ARCHIVED) else Code(state)
    return refused(code, L6, "state", state, "required", " or ".join(MAY_TRADE))


BAR_GATES = (
    BarGate("K5 veto", L6, K5_CODES, _veto),
    BarGate("warm-up", L6, (Code.WARM_UP,), _warm_up),
)
PLAN_GATES = (PlanGate("learning state", L6, (Code.QUARANTINED, Code.ARCHIVED, Code.LEARNING_STATE), _state),)
