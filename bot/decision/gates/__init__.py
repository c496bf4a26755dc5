"""The gates, one module a layer; the tables below are their order of authority.

Adding a gate touches its layer's module and that module's table, and codes.py for a new code.
"""

from __future__ import annotations

from bot.decision.gates import belief, constitution, friction, kill, lockouts, quality, session, template, tier
from bot.decision.gates.gate import BarGate, PlanGate

BAR_GATES: tuple[BarGate, ...] = (
    *kill.BAR_GATES,
    *constitution.BAR_GATES,
    *quality.BAR_GATES,
    *session.BAR_GATES,
    *lockouts.BAR_GATES,
    *tier.BAR_GATES,
    *belief.BAR_GATES,
)
PLAN_GATES: tuple[PlanGate, ...] = (
    *constitution.PLAN_GATES,
    *tier.PLAN_GATES,
    *belief.PLAN_GATES,
    *friction.PLAN_GATES,
    *template.PLAN_GATES,
)

__all__ = ["BAR_GATES", "PLAN_GATES", "BarGate", "PlanGate"]
