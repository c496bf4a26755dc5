"""Every refusal code, with the layer that speaks it and one line of meaning.

The table in docs/refusals.md is generated from here.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Layer(IntEnum):
    """Order of authority (spec 1): a lower number overrides a higher one."""

    KILL_SWITCH = 0
    CONSTITUTION = 1
    QUALITY = 2
    SESSION = 3
    LOCKOUT = 4
    TIER = 5
    BELIEF = 6
    EUC = 7
    TEMPLATE = 8


class Code(StrEnum):
    """Why an entry, a change or an order was refused."""

    KILL_SWITCH = "KILL_SWITCH"
    ENTRIES_LOCKED = "ENTRIES_LOCKED"
    OBSERVE_ONLY = "OBSERVE_ONLY"
    BROKER_BLOCK = "BROKER_BLOCK"
    NOBODY_RAN = "NOBODY_RAN"

    POSITION_OPEN = "POSITION_OPEN"
    INTENT_IN_FLIGHT = "INTENT_IN_FLIGHT"
    BUDGET_OVERRUN = "BUDGET_OVERRUN"
    LOSING_STREAK = "LOSING_STREAK"
    TRADES_PER_DAY = "TRADES_PER_DAY"
    SUBMISSIONS_PER_DAY = "SUBMISSIONS_PER_DAY"
    ENTRIES_PER_HOUR = "ENTRIES_PER_HOUR"
    ENTRY_SPACING = "ENTRY_SPACING"
    MAX_CONTRACTS = "MAX_CONTRACTS"
    SIZE_AFTER_LOSS = "SIZE_AFTER_LOSS"
    RISK_PER_TRADE = "RISK_PER_TRADE"
    STOP_TOO_WIDE = "STOP_TOO_WIDE"
    STOP_TOO_NARROW = "STOP_TOO_NARROW"
    DAILY_LOSS_BUDGET = "DAILY_LOSS_BUDGET"
    WEEKLY_LOSS_BUDGET = "WEEKLY_LOSS_BUDGET"
    MONTHLY_LOSS_BUDGET = "MONTHLY_LOSS_BUDGET"

    BAR_REJECTED = "BAR_REJECTED"
    DVS_UNKNOWN = "DVS_UNKNOWN"
    DVS_BELOW_MINIMUM = "DVS_BELOW_MINIMUM"
    EQS_BELOW_MINIMUM = "EQS_BELOW_MINIMUM"

    OUTSIDE_SESSION = "OUTSIDE_SESSION"
    NO_ENTRY_WINDOW = "NO_ENTRY_WINDOW"

    VOLATILITY_SHOCK = "VOLATILITY_SHOCK"
    EXECUTION_DANGER = "EXECUTION_DANGER"
    NEWS_SHOCK = "NEWS_SHOCK"
    BLACKOUT = "BLACKOUT"

    EQUITY_UNKNOWN = "EQUITY_UNKNOWN"
    TIER_STRATEGY = "TIER_STRATEGY"
    TIER_STOP = "TIER_STOP"
    TIER_RISK = "TIER_RISK"
    MARGIN_BUFFER = "MARGIN_BUFFER"

    K5_NOISE = "K5_NOISE"
    K5_LUNCH_VOID = "K5_LUNCH_VOID"
    K5_OPPOSITE_STOPS = "K5_OPPOSITE_STOPS"
    NO_ANSWER = "NO_ANSWER"
    WARM_UP = "WARM_UP"
    QUARANTINED = "QUARANTINED"
    ARCHIVED = "ARCHIVED"
    LEARNING_STATE = "LEARNING_STATE"

    FRICTION_SHARE = "FRICTION_SHARE"
    EUC_BELOW_MINIMUM = "EUC_BELOW_MINIMUM"
    OUTRANKED = "OUTRANKED"

    ENTRY_TYPE = "ENTRY_TYPE"
    TIME_TO_LIVE = "TIME_TO_LIVE"
    BRACKET_INCOMPLETE = "BRACKET_INCOMPLETE"
    PLAN_MISMATCH = "PLAN_MISMATCH"
    UNKNOWN_INTENT = "UNKNOWN_INTENT"
    DUPLICATE_INTENT = "DUPLICATE_INTENT"
    STOP_WIDENS = "STOP_WIDENS"
    STOP_CHANGES = "STOP_CHANGES"
    CHANGE_FORBIDDEN = "CHANGE_FORBIDDEN"
    CANCEL_FORBIDDEN = "CANCEL_FORBIDDEN"
    EXPOSURE = "EXPOSURE"
    NOT_RECOGNISED = "NOT_RECOGNISED"
    GUARD_ERROR = "GUARD_ERROR"


MEANING: dict[Code, str] = {
    Code.KILL_SWITCH: "the kill switch is not ARMED",
    Code.ENTRIES_LOCKED: "a person has locked entries; only `mesbot unlock` lets them pass again",
    Code.OBSERVE_ONLY: "the run's mode is OBSERVE: every plan is shadowed and nothing is sent",
    Code.BROKER_BLOCK: "the broker's side takes no entries now: link, feed, position or account stand against it",
    Code.NOBODY_RAN: "no bot ran when the bar closed, or it ended before its decisions were written down",
    Code.POSITION_OPEN: "a position is open; the book holds one at a time",
    Code.INTENT_IN_FLIGHT: "another entry is still working",
    Code.BUDGET_OVERRUN: "a trade lost more than its worst case; entries are locked until the next trading day",
    Code.LOSING_STREAK: "too many losses in a row; entries are locked until the next session",
    Code.TRADES_PER_DAY: "the day's trades are used up; the count is with this one",
    Code.SUBMISSIONS_PER_DAY: "the day's submissions are used up; the count is with this one",
    Code.ENTRIES_PER_HOUR: "this clock hour's entry is used up; the count is with this one",
    Code.ENTRY_SPACING: "the last entry is too recent",
    Code.MAX_CONTRACTS: "more contracts than the constitution or the strategy's own block allows",
    Code.SIZE_AFTER_LOSS: "more contracts than the last losing trade of this trading day had",
    Code.RISK_PER_TRADE: "planned risk above the limit",
    Code.STOP_TOO_WIDE: "stop wider than the limit for this quantity",
    Code.STOP_TOO_NARROW: "stop closer than the minimum",
    Code.DAILY_LOSS_BUDGET: "worst case exceeds what is left of the day's loss limit",
    Code.WEEKLY_LOSS_BUDGET: "worst case exceeds what is left of the week's loss limit",
    Code.MONTHLY_LOSS_BUDGET: "worst case exceeds what is left of the month's loss limit",
    Code.BAR_REJECTED: "the bar itself cannot be used",
    Code.DVS_UNKNOWN: "no data validity score yet",
    Code.DVS_BELOW_MINIMUM: "the bars cannot be believed",
    Code.EQS_BELOW_MINIMUM: "the fills cannot be believed",
    Code.OUTSIDE_SESSION: "no regular session now",
    Code.NO_ENTRY_WINDOW: "the session contract forbids entries at this time",
    Code.VOLATILITY_SHOCK: "a volatility shock is too recent",
    Code.EXECUTION_DANGER: "spread or slippage was dangerous too recently",
    Code.NEWS_SHOCK: "a news shock is too recent",
    Code.BLACKOUT: "inside a blackout of the constitution",
    Code.EQUITY_UNKNOWN: "the account's equity or funds are unknown",
    Code.TIER_STRATEGY: "the capital tier does not allow this strategy",
    Code.TIER_STOP: "stop wider than the capital tier allows for this quantity",
    Code.TIER_RISK: "planned risk above the capital tier's limit",
    Code.MARGIN_BUFFER: "available funds below the margin buffer",
    Code.K5_NOISE: "K5: the market is noise",
    Code.K5_LUNCH_VOID: "K5: the lunch void",
    Code.K5_OPPOSITE_STOPS: "K5: stopped out on both sides in this session",
    Code.NO_ANSWER: "the strategy did not answer",
    Code.WARM_UP: "signals are not defined yet",
    Code.QUARANTINED: "the learning loop has quarantined the strategy",
    Code.ARCHIVED: "the strategy is archived; only a person brings it back",
    Code.LEARNING_STATE: "the learning loop's state is none that may trade",
    Code.FRICTION_SHARE: "friction eats too much of the expected move",
    Code.EUC_BELOW_MINIMUM: "edge minus uncertainty minus cost is too small",
    Code.OUTRANKED: "another strategy's plan had the higher EUC",
    Code.ENTRY_TYPE: "the entry's order type is not allowed",
    Code.TIME_TO_LIVE: "the entry would live too long or not at all",
    Code.BRACKET_INCOMPLETE: "not a complete bracket",
    Code.PLAN_MISMATCH: "the orders differ from the journaled plan",
    Code.UNKNOWN_INTENT: "no journaled intent stands behind the orders",
    Code.DUPLICATE_INTENT: "this intent was submitted before",
    Code.STOP_WIDENS: "a stop may only come closer to the market than it is and than was asked for",
    Code.STOP_CHANGES: "the trade's changes of its stop are used up (a safety tightening becomes an exit)",
    Code.CHANGE_FORBIDDEN: "only the trigger of a strategy's own working stop may be changed",
    Code.CANCEL_FORBIDDEN: "only a strategy's own wholly unfilled entry may be cancelled",
    Code.EXPOSURE: "a command of the supervisor could lead beyond the limit, or close more than there is",
    Code.NOT_RECOGNISED: "none of the commands that may pass",
    Code.GUARD_ERROR: "a guard failed; that is a refusal and an alarm",
}
