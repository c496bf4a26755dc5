"""What becomes of a plan that was judged: an intent if it was chosen, a refused plan if not."""

from __future__ import annotations

import msgspec

from bot.decision.moment import Moment
from bot.decision.plan import EntryPlan


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A chosen plan, when it was decided, and until when its entry may work (UTC ns)."""

    intent_id: str
    plan: EntryPlan
    expires_ns: int
    decided: Moment


class RefusedPlan(msgspec.Struct, frozen=True, gc=False):
    """A plan that was not taken, with every gate that refused it; learning follows it as a shadow trade until `expires_ns` (UTC)."""

    plan: EntryPlan
    expires_ns: int
    gates: tuple[str, ...]
    decided: Moment
