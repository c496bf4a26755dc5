"""Layer 0: the kill switch, a person's lock of entries, a run that only observes, and what stands against entries at the broker."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, refused
from bot.decision.limits import Limits
from bot.decision.snapshot import KillState, Snapshot
from bot.decision.verdict import Refused


def _armed(now: Snapshot, limits: Limits) -> Refused | None:
    if now.kill_state is KillState.ARMED:
        return None
    return refused(Code.KILL_SWITCH, Layer.KILL_SWITCH, "state", now.kill_state.value, "required", KillState.ARMED.value)


def _unlocked(now: Snapshot, limits: Limits) -> Refused | None:
    if now.entry_lock is None:
        return None
    return refused(Code.ENTRIES_LOCKED, Layer.KILL_SWITCH, "locked", now.entry_lock.told, "until", "mesbot unlock")


def _observing(now: Snapshot, limits: Limits) -> Refused | None:
    if not now.observe:
        return None
    return refused(Code.OBSERVE_ONLY, Layer.KILL_SWITCH, "mode", "OBSERVE", "required", "PAPER or LIVE")


def _broker(now: Snapshot, limits: Limits) -> Refused | None:
    return refused(Code.BROKER_BLOCK, Layer.KILL_SWITCH, "found", now.broker, "required", "none") if now.broker else None


BAR_GATES = (
    BarGate("kill switch", Layer.KILL_SWITCH, (Code.KILL_SWITCH,), _armed),
    BarGate("entry lock", Layer.KILL_SWITCH, (Code.ENTRIES_LOCKED,), _unlocked),
    BarGate("observe", Layer.KILL_SWITCH, (Code.OBSERVE_ONLY,), _observing),
    BarGate("broker", Layer.KILL_SWITCH, (Code.BROKER_BLOCK,), _broker),
)
