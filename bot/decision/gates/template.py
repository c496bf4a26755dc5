"""Layer 8: the form of an entry: order type, time to live, complete brackets on the right sides."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import PlanGate, refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import SECOND_NS

L8 = Layer.TEMPLATE


def _entry_type(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    if plan.entry_type in limits.entry_types:
        return None
    return refused(Code.ENTRY_TYPE, L8, "type", str(plan.entry_type), "allowed", " or ".join(sorted(limits.entry_types)))


def _ttl(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    if 0 < plan.ttl_seconds <= limits.ttl_ns / SECOND_NS:
        return None
    return refused(Code.TIME_TO_LIVE, L8, "ttl", plan.ttl_seconds, "maximum", limits.ttl_ns / SECOND_NS, "seconds")


def _bracket(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    for number, leg in enumerate(plan.legs, start=1):
        stop, target = (plan.limit - leg.stop) * plan.side, (leg.target - plan.limit) * plan.side
        if leg.quantity < 1 or stop <= 0 or target <= 0:
            found = f"leg {number}: quantity {leg.quantity}, stop {stop} and target {target} ticks away"
            return refused(Code.BRACKET_INCOMPLETE, L8, "found", found, "required", "each above 0")
    if not plan.legs:
        return refused(Code.BRACKET_INCOMPLETE, L8, "legs", 0, "minimum", 1)
    return None


PLAN_GATES = (
    PlanGate("entry type", L8, (Code.ENTRY_TYPE,), _entry_type),
    PlanGate("time to live", L8, (Code.TIME_TO_LIVE,), _ttl),
    PlanGate("complete brackets", L8, (Code.BRACKET_INCOMPLETE,), _bracket),
)
