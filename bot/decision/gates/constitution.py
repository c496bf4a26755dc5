"""Layer 1: position, frequency, streak, size, risk and loss limits of the constitution."""

from __future__ import annotations

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, PlanGate, refused
from bot.decision.limits import Limits
from bot.decision.plan import EntryPlan
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import MINUTE_NS, to_usd

L1 = Layer.CONSTITUTION


def _position(now: Snapshot, limits: Limits) -> Refused | None:
    return refused(Code.POSITION_OPEN, L1, "concurrent", 2, "maximum", 1, "positions") if now.book.position_open else None


def _in_flight(now: Snapshot, limits: Limits) -> Refused | None:
    return refused(Code.INTENT_IN_FLIGHT, L1, "in_flight", 2, "maximum", 1, "intents") if now.book.in_flight else None


def _overrun(now: Snapshot, limits: Limits) -> Refused | None:
    return refused(Code.BUDGET_OVERRUN, L1, "entries", "locked", "until", "the next trading day") if now.book.overrun_locked else None


def _streak(now: Snapshot, limits: Limits) -> Refused | None:
    if not now.book.streak_locked:
        return None
    return refused(Code.LOSING_STREAK, L1, "losses_in_a_row", now.book.losing_streak, "lock_at", limits.max_losses, "losses")


def _trades(now: Snapshot, limits: Limits) -> Refused | None:
    count = now.book.trades_today + 1
    return refused(Code.TRADES_PER_DAY, L1, "trades", count, "maximum", limits.max_trades, "trades") if count > limits.max_trades else None


def _submissions(now: Snapshot, limits: Limits) -> Refused | None:
    count = now.book.submissions_today + 1
    if count <= limits.max_submissions:
        return None
    return refused(Code.SUBMISSIONS_PER_DAY, L1, "submissions", count, "maximum", limits.max_submissions, "submissions")


def _hour(now: Snapshot, limits: Limits) -> Refused | None:
    count = now.book.hour_entries + 1
    if count <= limits.max_hour_entries:
        return None
    return refused(Code.ENTRIES_PER_HOUR, L1, "entries", count, "maximum", limits.max_hour_entries, "entries")


def _spacing(now: Snapshot, limits: Limits) -> Refused | None:
    since = now.ts_ns - now.book.last_entry_ns
    if since >= limits.spacing_ns:
        return None
    return refused(Code.ENTRY_SPACING, L1, "minutes", since / MINUTE_NS, "minimum", limits.spacing_ns / MINUTE_NS, "minutes")


def _contracts(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    limit = min(limits.max_contracts, limits.contracts_of[plan.strategy])
    return refused(Code.MAX_CONTRACTS, L1, "contracts", plan.quantity, "maximum", limit, "contracts") if plan.quantity > limit else None


def _size_after_loss(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    limit = now.book.last_loser_contracts
    if not limit or plan.quantity <= limit:
        return None
    return refused(Code.SIZE_AFTER_LOSS, L1, "contracts", plan.quantity, "maximum", limit, "contracts")


def _risk(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    if plan.risk_cents <= limits.max_risk_cents:
        return None
    return refused(Code.RISK_PER_TRADE, L1, "risk", to_usd(plan.risk_cents), "maximum", to_usd(limits.max_risk_cents), "USD")


def _stop_wide(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    limit = limits.widest_stop_ticks(plan.quantity)
    return refused(Code.STOP_TOO_WIDE, L1, "stop_ticks", plan.stop_ticks, "maximum", limit, "ticks") if plan.stop_ticks > limit else None


def _stop_narrow(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
    if plan.min_stop_ticks >= limits.min_stop_ticks:
        return None
    return refused(Code.STOP_TOO_NARROW, L1, "stop_ticks", plan.min_stop_ticks, "minimum", limits.min_stop_ticks, "ticks")


def _budget(code: Code, limit_name: str, realised_name: str) -> PlanGate:
    def check(plan: EntryPlan, now: Snapshot, limits: Limits) -> Refused | None:
        worst = limits.worst_case_cents(plan.risk_cents, plan.quantity, now.market.slippage_ticks)
        remaining = getattr(limits, limit_name) + getattr(now.book, realised_name)
        return refused(code, L1, "worst_case", to_usd(worst), "remaining", to_usd(remaining), "USD") if worst > remaining else None

    return PlanGate(code.value.lower().replace("_", " "), L1, (code,), check)


BAR_GATES = (
    BarGate("one position", L1, (Code.POSITION_OPEN,), _position),
    BarGate("one intent in flight", L1, (Code.INTENT_IN_FLIGHT,), _in_flight),
    BarGate("budget overrun lock", L1, (Code.BUDGET_OVERRUN,), _overrun),
    BarGate("losing streak lock", L1, (Code.LOSING_STREAK,), _streak),
    BarGate("trades a day", L1, (Code.TRADES_PER_DAY,), _trades),
    BarGate("submissions a day", L1, (Code.SUBMISSIONS_PER_DAY,), _submissions),
    BarGate("entries an hour", L1, (Code.ENTRIES_PER_HOUR,), _hour),
    BarGate("spacing of entries", L1, (Code.ENTRY_SPACING,), _spacing),
)
PLAN_GATES = (
    PlanGate("contracts", L1, (Code.MAX_CONTRACTS,), _contracts),
    PlanGate("size after a loss", L1, (Code.SIZE_AFTER_LOSS,), _size_after_loss),
    PlanGate("risk per trade", L1, (Code.RISK_PER_TRADE,), _risk),
    PlanGate("widest stop", L1, (Code.STOP_TOO_WIDE,), _stop_wide),
    PlanGate("narrowest stop", L1, (Code.STOP_TOO_NARROW,), _stop_narrow),
    _budget(Code.DAILY_LOSS_BUDGET, "day_cents", "realised_day_cents"),
    _budget(Code.WEEKLY_LOSS_BUDGET, "week_cents", "realised_week_cents"),
    _budget(Code.MONTHLY_LOSS_BUDGET, "month_cents", "realised_month_cents"),
)
