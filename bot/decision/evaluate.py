"""The one judge of an entry: all layers asked, the first failure names the refusal.

It promises nothing about orders: whether they equal the plan is the risk engine's question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bot.contracts.models import EucLaw
from bot.decision.codes import Code, Layer
from bot.decision.euc import Euc, EucInputs, euc, euc_inputs
from bot.decision.gates import BAR_GATES, PLAN_GATES, BarGate, PlanGate
from bot.decision.gates.gate import refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import APPROVED, Refused, Verdict
from bot.units import TOLERANCE
from bot.words import kind_of, plain


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """A plan, everything that said no to it (gates in order of authority), and EUC where it could be worked out."""

    plan: EntryPlan
    failures: tuple[Refused, ...]
    inputs: EucInputs | None
    euc: Euc | None

    @property
    def verdict(self) -> Verdict:
        """The first failure, or APPROVED without one."""
        return self.failures[0] if self.failures else APPROVED


def bar_failures(now: Snapshot, limits: Limits) -> tuple[Refused, ...]:
    """Every gate that refuses any entry at this moment, whatever the plan."""
    return tuple(_refusals(BAR_GATES, now, limits))


def evaluate(plan: EntryPlan, now: Snapshot, limits: Limits, at_bar: tuple[Refused, ...] | None = None) -> Judgement:
    """Judge a plan at this moment through all nine layers; a gate that raises is a refusal (GUARD_ERROR).

    `at_bar` is `bar_failures` of the same snapshot, if the caller has it already.
    """
    failures = list(bar_failures(now, limits) if at_bar is None else at_bar)
    failures += _refusals(PLAN_GATES, plan, now, limits)
    inputs, parts, failure = _euc(plan, now, limits)
    if failure is not None:
        failures.append(failure)
    failures.sort(key=lambda refusal: refusal.layer)
    return Judgement(plan, tuple(failures), inputs, parts)


def euc_failure(parts: Euc, weights: EucLaw) -> Refused | None:
    """EUC's own gate: at least the contract's minimum. nan is a refusal."""
    if parts.total >= weights.min_euc_r - TOLERANCE:
        return None
    return refused(Code.EUC_BELOW_MINIMUM, Layer.EUC, "euc", parts.total, "minimum", weights.min_euc_r, "R")


def _euc(plan: EntryPlan, now: Snapshot, limits: Limits) -> tuple[EucInputs | None, Euc | None, Refused | None]:
    try:
        if plan.risk_cents <= 0:  # the bracket gate has refused it; there is no R to measure in
            return None, None, None
        inputs = euc_inputs(plan, now, limits.friction_cents(plan.quantity, now.market.slippage_ticks))
        parts = euc(inputs, limits.euc)
        return inputs, parts, euc_failure(parts, limits.euc)
    except Exception as error:
        return None, None, guard_error("EUC", Layer.EUC, error)


def _refusals(gates: Sequence[BarGate | PlanGate], *given: Any) -> list[Refused]:
    """What these gates say no to; one that raises, or answers anything but None and Refused, says no as well."""
    found: list[Refused] = []
    for gate in gates:
        try:
            failure = gate.check(*given)
        except Exception as error:
            failure = guard_error(gate.name, gate.layer, error)
        if failure is not None:
            found.append(failure if type(failure) is Refused else guard_error(gate.name, gate.layer, TypeError(kind_of(failure))))
    return found


def guard_error(name: str, layer: Layer, error: Any) -> Refused:
    """The refusal of a guard that failed."""
    return refused(Code.GUARD_ERROR, layer, "guard", f"{name}: {kind_of(error)}: {plain(error)}", "required", "an answer")
