"""The plain sentences of a decision record. They are built on the hot path, so each is one format."""

from __future__ import annotations

from collections.abc import Sequence

from bot.decision.verdict import shown
from bot.journal.records import Action, GateRecord

LAYER_NAMES = (
    "kill switch",
    "constitution",
    "quality",
    "session and calendar",
    "regime lockout",
    "capital tier",
    "belief, stability and learning",
    "friction and EUC",
    "template and execution",
)
"""The nine layers in order of authority, as a person reads them."""

_VERBS = {
    Action.ENTER: "enters",
    Action.MANAGE: "managed",
    Action.EXIT: "exits",
    Action.SKIP: "skipped",
    Action.VETO: "vetoes this bar",
}
_SIDES = {1: " long ", -1: " short ", 0: " "}
# Words for an observation that stands exactly on a limit it may not touch.
_AT_LIMIT = {"max": "fall below", "bel": "fall below", "min": "rise above"}


def decision_sentence(strategy: str, side: int, action: Action, text: str) -> str:
    """One plain sentence for a decision, e.g. "K1 long skipped: FRICTION_SHARE: share=0.41, limit=0.30".

    `side` is 1, -1 or 0 (no side, as for the filter). `text` is `Refused.text` or a short phrase; may be empty.
    """
    head = f"{strategy}{_SIDES[side]}{_VERBS[action]}"
    return f"{head}: {text}" if text else head


def smallest_change(gates: Sequence[GateRecord]) -> str:
    """What would have let a plan pass, from the distances of all failing gates in authority order.

    All of them had to give way: "share would have to fall by 0.11; also dvs to rise by 0.05".
    "" if no gate failed. A value that is not known (nan) would have to be known.
    """
    if not gates:
        return ""
    first = f"{gates[0].observed_name} would have {_change(gates[0])}"
    if len(gates) == 1:
        return first
    return first + "; also " + ", ".join([f"{gate.observed_name} {_change(gate)}" for gate in gates[1:]])


def _change(gate: GateRecord) -> str:
    observed, limit, unit = gate.observed, gate.limit, gate.unit
    if isinstance(observed, str) or isinstance(limit, str):
        return f"to be {limit}"
    if observed is None or limit is None or observed != observed:  # nan, which a record holds as None
        return "to be known"
    gap = observed - limit
    if gap == 0:
        return f"to {_AT_LIMIT.get(gate.limit_name[:3], 'move past')} {shown(limit)}"
    return f"to fall by {amount(gap, unit)}" if gap > 0 else f"to rise by {amount(-gap, unit)}"


_ONE = {"entries": "entry", "losses": "loss"}


def apart(size: float | int, unit: str) -> str:
    """A distance as a screen shows it: "1 entry"; `amount` is what journals hold, whose bytes stay."""
    return f"{shown(size)} {_ONE[unit]}" if size == 1 and unit in _ONE else amount(size, unit)


def amount(size: float | int, unit: str) -> str:
    """A distance with its unit: "0.11", "2 ticks", "1 tick"; a whole number is shown as one."""
    if not unit:
        return shown(size)
    return f"{shown(size)} {unit[:-1] if size == 1 and unit.endswith('s') else unit}"
