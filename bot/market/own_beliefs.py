"""Beliefs that strategies bring along: their own evidence functions, held to the same smoothing and the same quality.

An evidence function is a stranger's code. Whatever it does, the belief is closed (likelihood nan, effective 0) for that
bar and the bar goes on; what it did is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from numbers import Real

from bot.contracts.declaration import Evidence
from bot.contracts.models import Contracts, OwnBelief, TraderRules
from bot.market.beliefs import Smoother, quality_share
from bot.market.state import NAN, Belief, MarketState

SIDES = (1, -1)


class _Brought:
    """One belief that a strategy owns."""

    def __init__(self, name: str, evidence: Evidence, numbers: OwnBelief, phases: frozenset[int], alpha: float) -> None:
        self.name, self.phases = name, phases
        self.smoothers = (Smoother(numbers, alpha), Smoother(numbers, alpha))
        self._evidence, self._weights = evidence, numbers.weights

    def evidence(self, state: MarketState, side: int) -> tuple[float, str]:
        """The evidence in -1..1, nan if there is none; and what the function did wrong, "" if nothing."""
        try:
            found = self._evidence(state, side, self._weights)
        except (Exception, SystemExit) as error:
            return NAN, f"raised {type(error).__name__}: {_printed(error, str)}"
        if not isinstance(found, Real) or isinstance(found, bool):
            return NAN, f"gave {_printed(found)}, allowed is a number from -1 to 1"
        if math.isnan(found):
            return NAN, "" if state.warming_up else "gave nan, though every signal is defined"
        if not -1.0 <= found <= 1.0:
            return NAN, f"gave {found:g}, allowed is -1 to 1"
        return float(found), ""


def _printed(found: object, how: Callable[[object], str] = repr) -> str:
    try:
        return how(found)
    except Exception:  # whatever a stranger's text does
        return "what cannot be shown"


class OwnBeliefs:
    """All that are brought along. `faults` says, by belief, what its evidence did wrong on the last bar."""

    def __init__(self, contracts: Contracts) -> None:
        gates = contracts.constitution.quality_gates
        self._gates = gates.dvs.enter, gates.eqs.enter
        self._brought = list(_brought(contracts))
        self.names = tuple(each.name for each in self._brought)
        self.faults: dict[str, str] = {}

    def restart(self) -> None:
        """Begin a session."""
        for each in self._brought:
            for smoother in each.smoothers:
                smoother.restart()

    def of(self, state: MarketState) -> dict[str, tuple[Belief, Belief]]:
        """Their beliefs for (long, short), from a state that holds the core's alone."""
        quality = quality_share(state.dvs, state.eqs, *self._gates)
        self.faults = {}
        return {each.name: self._pair(each, state, quality if state.session_phase in each.phases else 0.0) for each in self._brought}

    def _pair(self, brought: _Brought, state: MarketState, applicability: float) -> tuple[Belief, Belief]:
        pair = []
        for side, smoother in zip(SIDES, brought.smoothers, strict=True):
            evidence, fault = brought.evidence(state, side)
            if fault:
                self.faults[brought.name] = f"the evidence of {brought.name} {fault}"
            pair.append(smoother.update(evidence, applicability))
        return pair[0], pair[1]


def _brought(contracts: Contracts) -> Iterator[_Brought]:
    alpha = contracts.strategies.beliefs.instability_alpha
    for name, declared in contracts.declared.items():
        rules = contracts.rules[name]
        if declared.evidence is not None and isinstance(rules, TraderRules) and rules.belief is not None:
            yield _Brought(declared.belief, declared.evidence, rules.belief, frozenset(rules.phases), alpha)
