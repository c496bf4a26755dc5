"""What releases a strategy from its state, in words (spec 7)."""

from __future__ import annotations

from bot.contracts.models import Learning
from bot.plural import counted


def from_throttle(comeback: bool, aged_in_sessions: int | None, learning: Learning, date: str = "") -> str:
    """Of a THROTTLED strategy; `aged_in_sessions` more without a trade and its evidence has aged, None: it never does.

    `date` is that of the last of them, ISO; "" where it is not known.
    """
    own = "the first real win" if comeback else f"win rate of {learning.throttle.level_1.win_rate_below:.0%} or more"
    if aged_in_sessions is None:
        return own
    when = counted(aged_in_sessions, "session") + (f", on {date}," if date else "")
    return f"{own}, or its evidence ages: in {when} if no trade of it closes until then"


def from_quarantine(learning: Learning) -> str:
    """Of a QUARANTINED one."""
    rule = learning.release
    return (
        f"{rule.shadow_wins_in_a_row} shadow wins in a row, or shadow expectancy above 0 over {rule.shadow_expectancy_min_trades} or more"
    )


def from_archive(strategy: str) -> str:
    """Of an ARCHIVED one."""
    return f"a person: mesbot strategy restore {strategy} --reason"
