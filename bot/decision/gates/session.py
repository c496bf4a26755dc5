"""Layer 3: session and calendar. The calendar gives its answer with the snapshot."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, refused
from bot.decision.limits import Limits
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused

L3 = Layer.SESSION


def _window(now: Snapshot, limits: Limits) -> Refused | None:
    if not now.entry_refusal:
        return None
    if now.market.session is None:
        return refused(Code.OUTSIDE_SESSION, L3, "now", now.entry_refusal, "required", "a regular session")
    return refused(Code.NO_ENTRY_WINDOW, L3, "window", now.entry_refusal, "required", "an entry window")


BAR_GATES = (BarGate("entry window", L3, (Code.OUTSIDE_SESSION, Code.NO_ENTRY_WINDOW), _window),)
