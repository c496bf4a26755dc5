"""The choice among the plans of one bar, and what is written down about every strategy."""

from __future__ import annotations

import msgspec

from bot.decision.codes import Code, Layer
from bot.decision.evaluate import Judgement, evaluate
from bot.decision.gates.gate import refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Approved, Refused


def choose(plans: list[EntryPlan], now: Snapshot, limits: Limits, at_bar: tuple[Refused, ...]) -> tuple[list[Judgement], EntryPlan | None]:
    """Judge all plans of a bar and pick at most one: the highest EUC, ties to the lower K; approved others are refused as outranked."""
    judged = [evaluate(plan, now, limits, at_bar) for plan in plans]
    approved = [each for each in judged if isinstance(each.verdict, Approved)]
    best = min(approved, key=lambda each: (-_total(each), each.plan.strategy), default=None)
    if best is None:
        return judged, None
    return [each if each is best or each.failures else _outranked(each, best) for each in judged], best.plan


def _outranked(judgement: Judgement, best: Judgement) -> Judgement:
    failure = refused(Code.OUTRANKED, Layer.EUC, "euc", _total(judgement), f"{best.plan.strategy}_euc", _total(best), "R")
    return msgspec.structs.replace(judgement, failures=(failure,))


def no_answer(strategy: str, found: str) -> Refused:
    """The refusal of a strategy that was asked and did not answer, or raised."""
    return refused(Code.NO_ANSWER, Layer.BELIEF, strategy, found, "required", "an answer")


def _total(judgement: Judgement) -> float:
    assert judgement.euc is not None, "an approved plan has an EUC"
    return judgement.euc.total
