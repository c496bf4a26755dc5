"""When a position is to be left, by the clock. Bars decide it; this is for when they stop, or have not begun, while one is open.

It cannot close anything while the link is down, and promises no price.
"""

from __future__ import annotations

from bot.calendar import SessionCalendar
from bot.decision.plan import TradeView
from bot.units import MINUTE_NS, SECOND_NS

GRACE_NS = 15 * SECOND_NS  # so that the bar which decides it, or history in its place, comes first


def flatten_overdue(calendar: SessionCalendar, now_ns: int, close_ns: int | None = None) -> bool:
    """Whether no position should be held at this moment (market time, UTC ns) and one can be closed.

    `close_ns` is when the session ends, if the broker says earlier than the calendar.
    """
    session = calendar.session_at(now_ns)
    if session is None or not calendar.globex_open(now_ns):
        return calendar.globex_open(now_ns)
    earlier_ns = 0 if close_ns is None else max(0, session.close_ns - close_ns)
    return now_ns >= calendar.flatten_ns(session) - earlier_ns + GRACE_NS


def time_overdue(trade: TradeView, now_ns: int) -> bool:
    """Whether a trade has been held for its longest at this moment (market time, UTC ns)."""
    return now_ns >= trade.opened_ns + round(trade.plan.max_minutes * MINUTE_NS) + GRACE_NS
