"""What becomes of a plan that was judged: an intent if it was chosen, a refused plan if not."""

from __future__ import annotations

import msgspec

from bot.decision.moment import Moment
from bot.decision.plan import EntryPlan
from bot.units import SECOND_NS


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


def expiry_ns(plan: EntryPlan, decided_ns: int, entry_refusal: str, window_end_ns: int) -> int:
    """Until when the entry of a plan may work (UTC ns): its time to live, or the end of the entry window if that is sooner.

    Outside any window (`entry_refusal` says why) it is the time to live.
    """
    expires_ns = decided_ns + round(plan.ttl_seconds * SECOND_NS)
    return expires_ns if entry_refusal else min(expires_ns, window_end_ns)
