"""What would have had to be otherwise for a decision to be an entry, as a person reads it: a clause for each failing gate.

A journal records the smallest change in the names of its gates; those bytes stay. This reads the gates and says what each is about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from bot.decision.codes import Code
from bot.decision.verdict import shown
from bot.journal.sentences import apart

PHASES = ("pre-market", "opening", "mid-morning", "lunch", "afternoon", "close", "after hours")
_AT_LIMIT = {"max": "fall below", "bel": "fall below", "min": "rise above", "abo": "rise above"}

GATES: Mapping[str, str] = {
    Code.KILL_SWITCH: "the kill switch would have to be ARMED",
    Code.ENTRIES_LOCKED: "a person would have to let entries pass again (mesbot unlock)",
    Code.OBSERVE_ONLY: "the mode would have to be PAPER or LIVE",
    Code.BROKER_BLOCK: "what stands against entries at the broker would have to be over",
    Code.NOBODY_RAN: "a bot would have to run",
    Code.POSITION_OPEN: "the open position would have to be closed",
    Code.INTENT_IN_FLIGHT: "the other entry would have to be filled or gone",
    Code.BUDGET_OVERRUN: "the next trading day would have to begin",
    Code.LOSING_STREAK: "losses in a row would have to be fewer than {limit}, as they are from the next session on",
    Code.TRADES_PER_DAY: "the day would have to have a trade left ({limit} are allowed)",
    Code.SUBMISSIONS_PER_DAY: "the day would have to have a submission left ({limit} are allowed)",
    Code.ENTRIES_PER_HOUR: "the next clock hour would have to begin",
    Code.ENTRY_SPACING: "the last entry would have to be {gap} longer ago",
    Code.MAX_CONTRACTS: "the plan's contracts would have to {change}",
    Code.SIZE_AFTER_LOSS: "the plan's contracts would have to {change}, to those of the day's last losing trade",
    Code.RISK_PER_TRADE: "the plan's risk would have to {change}",
    Code.STOP_TOO_WIDE: "the distance of the stop would have to {change}",
    Code.STOP_TOO_NARROW: "the distance of the stop would have to {change}",
    Code.DAILY_LOSS_BUDGET: "the worst case would have to {change}, to fit into what is left of the day's loss limit",
    Code.WEEKLY_LOSS_BUDGET: "the worst case would have to {change}, to fit into what is left of the week's loss limit",
    Code.MONTHLY_LOSS_BUDGET: "the worst case would have to {change}, to fit into what is left of the month's loss limit",
    Code.BAR_REJECTED: "the bar's prices would have to be usable",
    Code.DVS_UNKNOWN: "the data validity score (DVS) would have to be known",
    Code.DVS_BELOW_MINIMUM: "the data validity score (DVS) would have to {change}",
    Code.EQS_BELOW_MINIMUM: "the execution quality score (EQS) would have to {change}",
    Code.OUTSIDE_SESSION: "a regular session would have to be on",
    Code.NO_ENTRY_WINDOW: "it would have to be a time at which the session contract lets entries pass",
    Code.VOLATILITY_SHOCK: "the last volatility shock would have to be {gap} longer ago",
    Code.EXECUTION_DANGER: "the last dangerous spread or slippage would have to be {gap} longer ago",
    Code.NEWS_SHOCK: "the last news shock would have to be {gap} longer ago",
    Code.BLACKOUT: "the blackout would have to be over",
    Code.EQUITY_UNKNOWN: "the account's equity and funds would have to be known",
    Code.TIER_STRATEGY: "the account's equity would have to be in a tier that allows the strategy",
    Code.TIER_STOP: "the distance of the stop would have to {change}, for the capital tier",
    Code.TIER_RISK: "the plan's risk would have to {change}, for the capital tier",
    Code.MARGIN_BUFFER: "the account's available funds would have to {change}",
    Code.K5_NOISE: "the market's noise would have to {change}",
    Code.K5_LUNCH_VOID: "the lunch void would have to be over",
    Code.K5_OPPOSITE_STOPS: "stop-outs on both sides in this session would have to be fewer than {limit}",
    Code.NO_ANSWER: "the strategy would have to answer",
    Code.WARM_UP: "signals that need more bars would have to be defined: {observed}",
    Code.QUARANTINED: "the strategy would have to be out of quarantine",
    Code.ARCHIVED: "a person would have to bring the strategy back",
    Code.LEARNING_STATE: "the strategy's learning state would have to be one that may trade",
    Code.FRICTION_SHARE: "the share of the way to the target that fees and slippage take would have to {change}",
    Code.EUC_BELOW_MINIMUM: "edge minus uncertainty minus cost (EUC) would have to {change}",
    Code.OUTRANKED: "EUC would have to {change}, above that of the plan that was chosen",
    Code.ENTRY_TYPE: "the entry's order type would have to be {limit}",
    Code.TIME_TO_LIVE: "the time that the entry may work would have to {change}",
    Code.BRACKET_INCOMPLETE: "the plan would have to be a complete bracket",
    Code.GUARD_ERROR: "the gate would have to give an answer",
}  # fmt: skip
"""By the code of a refusal; {change} is "rise by 0.05" or the like, {gap} the distance and {limit} the limit. Those of the risk engine
(no decision names them) are not here."""

SETUPS: Mapping[str, str] = {
    "PHASE": "the session would have to be in its phase {phases}",
    "NOT_BEFORE": "the session would have to be {gap} older",
    "REGIME": "the market's regime would have to be {words}",
    "CHOPPY": "the market's regime would have to be {words}",
    "EXTREME_EXCEEDED": "the price would have to be back within the extreme, {gap} from here",
    "VWAP_Z": "the price's distance from VWAP, in standard deviations, would have to {change}",
    "VWAP_SIDE": "the price's distance from VWAP towards the plan's side, in standard deviations, would have to {change}",
    "VWAP": "VWAP would have to be known",
    "MICRO_TREND": "the trend of the last bars would have to {change}",
    "CLOSE_LOCATION": "the close within its bar, -1 to 1 towards VWAP, would have to {change}",
    "OPPOSITE_F2": "the belief in a failed break the other way (F2) would have to {change}",
    "TARGET_TICKS": "the way to the target would have to {change}",
    "FAILED_BREAK": "the strength of a failed break would have to {change}",
    "TREND_AGAINST": "the trend on the plan's side would have to {change}",
    "SWEEP": "the strength of a sweep would have to {change}",
    "RANGE": "the close beyond the 20-bar range would have to {change}",
    "BODY_IMPULSE": "the bar's body beside those before it would have to {change}",
    "VOLUME_Z": "volume above its usual, in standard deviations, would have to {change}",
    "NOISE": "the market's noise would have to {change}",
    **{f"F{number}": f"the belief F{number} would have to {{change}}" for number in range(1, 6)},
}
"""By the code of a setup's condition; a strategy of one's own has others, which its own names say."""


def what_had_to_change(gates: Iterable[Mapping[str, Any]]) -> str:
    """A clause for each failing gate, in their order of authority, all of which had to give way; "" if none failed.

    A gate is as a journal has it: code, observed_name, observed, limit_name, limit and unit; a value that is not known is None.
    """
    return "; and ".join(dict.fromkeys(map(_clause, gates)))


def _clause(gate: Mapping[str, Any]) -> str:
    name = str(gate["observed_name"]).replace("_", " ")  # a strategy of one's own may call it anything
    said = GATES.get(gate["code"]) or SETUPS.get(gate["code"]) or "{name} would have to {change}"
    observed, limit, unit = gate["observed"], gate["limit"], gate["unit"]
    numbers = all(isinstance(value, int | float) and not math.isnan(value) for value in (observed, limit))
    if not numbers and ("{gap}" in said or ("{change}" in said and not isinstance(limit, str))):
        return f"{name} would have to be known"
    return said.format(
        name=name,
        change=_change(observed, str(gate["limit_name"]), limit, unit) if numbers else f"be {limit}",
        gap=_distance(abs(observed - limit), unit or "ticks") if numbers else "",
        limit=shown(limit) if limit is not None else "known",
        observed=", ".join(observed.split()) if isinstance(observed, str) else gate["observed_name"],
        words="known" if limit is None else str(limit) if str(limit).startswith("not ") else " or ".join(str(limit).split()),
        phases=" or ".join(PHASES[int(each)] for each in str(limit).split() if each.isdecimal() and int(each) < len(PHASES)),
    )


def _change(observed: float, limit_name: str, limit: float, unit: str) -> str:
    gap = observed - limit
    if gap == 0:
        return f"{_AT_LIMIT.get(limit_name[:3], 'move past')} {shown(limit)}"
    return f"fall by {apart(gap, unit)}" if gap > 0 else f"rise by {apart(-gap, unit)}"


def _distance(size: float, unit: str) -> str:
    """With its unit; a whole one without decimals, and never 0: what stands on its limit needs a little more."""
    return apart(int(size) if size == int(size) else size, unit) if size else "a little"
