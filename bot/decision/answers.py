"""Whether what a strategy answers can be used at all, before it is judged.

A strategy is anybody's code: what is no answer to the question is refused as none was given, with what was found, so
that nothing of it reaches a gate, the journal or the risk engine; and what is used is a copy, never the answer itself. It
does not say whether a plan is allowed.
"""

from __future__ import annotations

import math
import traceback
from typing import Any

import msgspec

from bot.decision.codes import Code
from bot.decision.plan import Act, EntryPlan, EntryType, ManagementAction, NoSetup, TradeView, Veto
from bot.market.state import MarketState
from bot.units import TOLERANCE
from bot.words import copied, kind_of, plain

Answer = EntryPlan | NoSetup | Veto | ManagementAction
WORDS = frozenset((str, Code))
PLAIN = (int, float, str)
for _kind in (NoSetup, Veto, EntryPlan, ManagementAction):
    msgspec.msgpack.Decoder(_kind)  # what is worked out of a type once, a millisecond, is not for the minute of the first plan
MOST = 2**31  # of any whole number in a plan: prices are ticks, quantities contracts


def usable(answer: Any, strategy: str, belief: str, trade: TradeView | None, *, vetoes: bool = False) -> Answer:
    """A copy of a strategy's answer, every field of its type. Raises ValueError, in words, if it cannot be used.

    `belief` is the one it declares; `trade` its own open trade, if it has one: only then it may manage. `vetoes` says
    that it is the filter, which never has a plan.
    """
    kind = type(answer)
    if kind is NoSetup or (kind is Veto and vetoes):
        _require(_said(answer))
        return copied(answer, kind)
    if kind is EntryPlan and not vetoes:
        plan = copied(answer, EntryPlan)
        _require(_plan(plan, strategy, belief))
        return plan
    if kind is ManagementAction and trade is not None:
        return usable_action(answer)
    raise ValueError(f"answered {short(answer)}, of {kind_of(answer)}")


def usable_action(answer: Any) -> ManagementAction:
    """A copy of what a strategy does with its trade, every field of its type. Raises ValueError, in words, if it cannot be used."""
    if type(answer) is not ManagementAction:
        raise ValueError(f"answered {short(answer)}, of {kind_of(answer)}")
    action = copied(answer, ManagementAction)
    if action.act is Act.EXIT and action.reason is None:
        raise ValueError("wants to leave for no reason")
    if action.act is Act.TIGHTEN and (action.stop is None or not 0 < action.stop < MOST):
        raise ValueError(f"wants its stop at {action.stop} ticks")
    return action


def _require(fault: str) -> None:
    if fault:
        raise ValueError(fault)


def _said(answer: NoSetup | Veto) -> str:
    texts = (answer.code, answer.observed_name, answer.limit_name, answer.unit)
    if not WORDS.issuperset(map(type, texts)):
        text = next(text for text in texts if type(text) not in WORDS)
        return f"a {type(answer).__name__} with {short(text)}, of {kind_of(text)}, where a word must be"
    for value in (answer.observed, answer.limit):
        if type(value) not in PLAIN or (type(value) is int and abs(value) >= MOST**2):
            return f"a {type(answer).__name__} with {short(value)}, of {kind_of(value)}; allowed are int, float and str"
    return ""


def _plan(plan: EntryPlan, strategy: str, belief: str) -> str:
    if plan.strategy != strategy:
        return f"a plan for {plan.strategy}"
    if plan.thesis.belief != belief:
        return f"a plan that stands on {plan.thesis.belief}, where it declares {belief}"
    if plan.side not in (1, -1):
        return f"a plan of side {plan.side}; allowed are 1 and -1"
    if not plan.legs or any(leg.quantity < 1 for leg in plan.legs):
        return "a plan without legs, or with one of no contract"
    if (plan.trigger is None) is (plan.entry_type is EntryType.STOP_LIMIT):
        return f"a {plan.entry_type} plan with trigger {plan.trigger}"
    return _out_of_reach(plan)


def _out_of_reach(plan: EntryPlan) -> str:
    """Numbers that are none, or that no market and no contract has."""
    level = plan.thesis.level or 0
    whole = [plan.limit, plan.trigger or 1, *(number for leg in plan.legs for number in (leg.quantity, leg.stop, leg.target))]
    if not all(0 < number < MOST for number in (*whole, plan.max_minutes)) or abs(level) >= MOST:
        return "a plan with a price, quantity or time that no market has"
    shares = (plan.ttl_seconds, plan.thesis.entry_value, plan.thesis.exit_belief or 0.0)
    return "" if all(map(math.isfinite, shares)) else "a plan with a number that is none"


def beyond_block(plan: EntryPlan, rules: Any, state: MarketState) -> str:
    """Where a plan leaves what its strategy's block allows (phases, min_belief, max_minutes); "" if nowhere."""
    if state.session_phase not in rules.phases:
        return f"a plan in phase {state.session_phase}, where its block allows {' '.join(map(str, rules.phases))}"
    if plan.max_minutes > rules.max_minutes:
        return f"a plan of {plan.max_minutes} minutes, where its block allows {rules.max_minutes}"
    belief = state.belief(plan.thesis.belief, plan.side).effective
    if not belief >= rules.min_belief - TOLERANCE:
        return f"a plan on {plan.thesis.belief} {belief:.2f}, where its block wants {rules.min_belief:.2f}"
    return ""


def raised(error: BaseException) -> str:
    """An exception in one line, whatever its own text does."""
    return " ".join(f"{kind_of(error)}: {plain(error)}".split())


def where_raised(error: BaseException) -> str:
    """The stack of an exception, without its own text."""
    return "".join(traceback.format_tb(error.__traceback__))


def short(value: Any) -> str:
    """A value in at most 60 characters, whatever its own text does."""
    text = " ".join(plain(value, how=repr).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
