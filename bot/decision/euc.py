"""EUC = Edge - Uncertainty - Cost of an entry plan, in R (spec 3).

Source of every weight: strategies.yaml: euc.
"""

from __future__ import annotations

import math

import msgspec

from bot.contracts.models import EucLaw
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot


class EucInputs(msgspec.Struct, frozen=True, gc=False):
    """What EUC is worked out from. Scores and belief 0..1; T and cost in R; wins and losses weighted counts."""

    reward_ratio: float
    belief: float
    instability: float
    dvs: float
    eqs: float
    wins: float
    losses: float
    cost_r: float
    cost_multiplier: float


class Euc(msgspec.Struct, frozen=True, gc=False):
    """EUC and its parts. `probability` is the posterior mean of a win; the rest is in R.

    EUC is worked out twice, with the strategy's evidence and as if it had no history; the parts are those of the smaller total,
    `other_total` is the other one (None in a journal from before that rule).
    """

    probability: float
    break_even: float
    edge: float
    uncertainty: float
    cost: float
    total: float
    other_total: float | None = None


def euc_inputs(plan: EntryPlan, now: Snapshot, friction_cents: int) -> EucInputs:
    """The inputs of a plan at this moment. Needs a plan whose risk is above 0."""
    belief = now.market.belief(plan.thesis.belief, plan.side)
    trust = now.trust[plan.strategy]
    return EucInputs(
        reward_ratio=plan.reward_ratio,
        belief=belief.effective,
        instability=belief.instability,
        dvs=now.dvs,
        eqs=now.eqs,
        wins=trust.wins,
        losses=trust.losses,
        cost_r=friction_cents / plan.risk_cents,
        cost_multiplier=trust.cost_multiplier,
    )


def euc(given: EucInputs, weights: EucLaw) -> Euc:
    """EUC of these inputs: the smaller of the one with the evidence and the one with no history, so that learning can only make
    entry harder. The total is nan if either is (and nan never passes a gate).
    """
    learned = _euc(given, weights)
    fresh = _euc(msgspec.structs.replace(given, wins=0.0, losses=0.0, cost_multiplier=1.0), weights)
    smaller, other = (fresh, learned) if fresh.total < learned.total or math.isnan(fresh.total) else (learned, fresh)
    return msgspec.structs.replace(smaller, other_total=other.total)


def _euc(given: EucInputs, weights: EucLaw) -> Euc:
    reward = given.reward_ratio
    break_even = 1.0 / (1.0 + reward)
    prior = break_even + weights.belief_slope * (given.belief - 0.5)
    prior = min(max(prior, weights.probability_floor), weights.probability_ceiling)
    alpha = weights.prior_weight * prior + given.wins
    beta = weights.prior_weight * (1.0 - prior) + given.losses
    weight = alpha + beta
    probability = alpha / weight
    deviation = math.sqrt(alpha * beta / (weight * weight * (weight + 1.0)))
    uncertain = weights.uncertainty
    uncertainty = (
        uncertain.dvs * (1.0 - given.dvs)
        + uncertain.eqs * (1.0 - given.eqs)
        + uncertain.instability * given.instability
        + uncertain.posterior * deviation * (1.0 + reward)
    )
    edge = probability * reward - (1.0 - probability)
    cost = given.cost_r * given.cost_multiplier
    return Euc(probability, break_even, edge, uncertainty, cost, edge - uncertainty - cost)
