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
    """EUC and its parts. `probability` is the posterior mean of a win; the rest is in R."""

    probability: float
    break_even: float
    edge: float
    uncertainty: float
    cost: float
    total: float


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
    """EUC of these inputs; every part is nan if an input is nan (and nan never passes a gate)."""
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
