"""The choice among the plans of one bar, and what is written down about every strategy."""

from __future__ import annotations

import msgspec

from bot.decision.codes import Code, Layer
from bot.decision.evaluate import Judgement, evaluate
from bot.decision.gates.gate import refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan, NoSetup
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Approved, Refused


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A plan with its judgement; `failures` includes being outranked."""

    plan: EntryPlan
    judgement: Judgement
    failures: tuple[Refused, ...]


def choose(plans: list[EntryPlan], now: Snapshot, limits: Limits, at_bar: tuple[Refused, ...]) -> tuple[list[Candidate], EntryPlan | None]:
    """Judge all plans of a bar and pick at most one: the highest EUC, ties to the lower K."""
    judged = [(plan, evaluate(plan, now, limits, at_bar)) for plan in plans]
    approved = [(plan, judgement) for plan, judgement in judged if isinstance(judgement.verdict, Approved)]
    winner, best = min(approved, key=lambda pair: (-_total(pair[1]), pair[0].strategy), default=(None, None))
    candidates = []
    for plan, judgement in judged:
        failures = judgement.failures
        if best is not None and plan is not winner and not failures:
            failures = (refused(Code.OUTRANKED, Layer.EUC, "euc", _total(judgement), f"{winner.strategy}_euc", _total(best), "R"),)
        candidates.append(Candidate(plan, judgement, failures))
    return candidates, winner


def no_answer(strategy: str, found: str) -> Refused:
    """The refusal of a strategy that was asked and did not answer, or raised."""
    return refused(Code.NO_ANSWER, Layer.BELIEF, strategy, found, "required", "an answer")


def no_setup(answer: NoSetup) -> Refused:
    """A missing setup, said like a refusal of the last layer: the template of the strategy does not fit."""
    return Refused(answer.code, int(Layer.TEMPLATE), answer.observed_name, answer.observed, answer.limit_name, answer.limit, answer.unit)


def _total(judgement: Judgement) -> float:
    assert judgement.euc is not None, "an approved plan has an EUC"
    return judgement.euc.total
