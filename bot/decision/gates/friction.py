"""Layer 7: friction against the expected move. EUC, the other gate of this layer, needs the parts
that `evaluate` has just worked out, and stands there."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import PlanGate, refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import TOLERANCE


def _share(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    if plan.target_cents <= 0:
        return refused(Code.FRICTION_SHARE, Layer.EUC, "share", "no target", "limit", limits.friction_share)
    share = limits.friction_cents(plan.quantity, now.market.slippage_ticks) / plan.target_cents
    if share <= limits.friction_share + TOLERANCE:
        return None
    return refused(Code.FRICTION_SHARE, Layer.EUC, "share", share, "limit", limits.friction_share, "share of target")


PLAN_GATES = (PlanGate("friction share", Layer.EUC, (Code.FRICTION_SHARE,), _share),)
