"""The shape of a gate: one rule, its code and layer, and the sentence it speaks."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bot.decision.codes import Code, Layer
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused

BarCheck = Callable[[Snapshot, Limits], Refused | None]
PlanCheck = Callable[[EntryPlan, Snapshot, Limits], Refused | None]


class BarGate(msgspec.Struct, frozen=True):
    """A gate that looks at the moment alone; asked once per bar. `codes` are those it can speak."""

    name: str
    layer: Layer
    codes: tuple[Code, ...]
    check: BarCheck


class PlanGate(msgspec.Struct, frozen=True):
    """A gate that looks at a plan at this moment. `codes` are those it can speak."""

    name: str
    layer: Layer
    codes: tuple[Code, ...]
    check: PlanCheck


def refused(
    code: Code,
    layer: Layer,
    observed_name: str,
    observed: float | int | str,
    limit_name: str,
    limit: float | int | str,
    unit: str = "",
) -> Refused:
    """A refusal in the order in which its sentence reads."""
    return Refused(code.value, observed_name, observed, limit_name, limit, unit, layer=int(layer))
