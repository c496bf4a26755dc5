"""The page Now as words: cards of facts, each a name, a text and a tone. The figures are those of `mesbot status` and the journal."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from bot.dashboard.now import Now
from bot.decision.snapshot import KillState
from bot.journal.times import new_york
from bot.node.status import Budget, JournalStatus, UnfinishedTrade
from bot.report.wording import balance, dollars
from bot.words import brief


class Tone(StrEnum):
    """How a fact is shown: as it should be, as it should not be, or plain. What is not known is never GOOD."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


class Fact(NamedTuple):
    """One line of a card."""

    name: str
    text: str
    tone: Tone = Tone.PLAIN


def cards(now: Now) -> dict[str, list[Fact]]:
    """The facts by the heading of their card, in order."""
    return {
        "Bot": list(_bot(now)),
        "Position": list(_position(now)),
        "Locks": list(_locks(now)),
        "Budgets": list(_budgets(now.status)),
        "Scores": [Fact(*line.split(None, 1)) if " " in line else Fact("", line) for line in now.scores] or [Fact("", "no bar yet")],
    }


def _bot(now: Now) -> Iterator[Fact]:
    status = now.status
    yield Fact("mode", now.kind)
    yield Fact("journal", status.path)
    if now.over:
        yield Fact("bot", "none: the run is over")
    elif status.running is None:
        yield Fact("bot", "not running", Tone.BAD)
    else:
        yield Fact("bot", f"runs, process {status.running or 'unknown'}")
    yield Fact("clock", f"{new_york(status.as_of_ns)[:16]} New York{', of replayed time' if status.replayed else ''}")
    yield Fact(
        "last bar", f"{new_york(now.bar_ns)}{'' if now.close is None else f', close {now.close:,.2f}'}" if now.bar_ns else "none yet"
    )
    armed = status.kill.state == KillState.ARMED
    why = f": {brief(status.kill.reason)}" if status.kill.reason and not armed else ""
    yield Fact("kill switch", f"{status.kill.state}{why}", Tone.GOOD if armed else Tone.BAD)
    for sentence in (*status.told, *_requests(status)):
        yield Fact("told", sentence, Tone.BAD)
    yield Fact("link", brief(status.link_told))
    if status.trouble:
        yield Fact("last trouble", brief(status.trouble))
    if not now.over:
        yield Fact("entry window", now.window)


def _requests(status: JournalStatus) -> Iterator[str]:
    """What was asked for and is not carried out yet."""
    asked = (("kill", status.kill_request), ("lock", status.lock_request), ("unlock", status.unlock_request))
    yield from (f"a {what} waits to be carried out: {brief(reason)}" for what, reason in asked if reason is not None)
    if status.refused_request:
        yield brief(status.refused_request)
    if status.interrupted:
        yield status.interrupted


def _position(now: Now) -> Iterator[Fact]:
    first, *rest = now.position
    yield Fact("position", first)
    for line in rest:
        yield Fact("open", f"{line}, at the close of {new_york(now.bar_ns)}" if now.close is not None else line)
    for trade in now.status.unfinished:
        yield from _orders(trade)
    if now.bare:
        yield Fact("cover", "contracts are held and no stop is known to work for them", Tone.BAD)
    yield Fact("naked time today", f"{now.naked_seconds:.1f} s", Tone.BAD if now.naked_seconds > 1 else Tone.PLAIN)


def _orders(trade: UnfinishedTrade) -> Iterator[Fact]:
    for order in trade.orders:
        at = "" if order.price is None else f" at {order.price:,.2f}"
        yield Fact(order.role.lower(), f"{order.state}{at}, {order.filled} of {order.quantity} filled")


def _locks(now: Now) -> Iterator[Fact]:
    locks = now.status.counters.locks + now.lockouts
    if not locks:
        yield Fact("", "none")
    for lock in locks:
        yield Fact("", lock, Tone.BAD)


def _budgets(status: JournalStatus) -> Iterator[Fact]:
    counters = status.counters
    yield Fact("trading day", counters.trading_day)
    for name, budget in (("day", counters.day), ("week", counters.week), ("month", counters.month)):
        yield Fact(name, _budget(budget), Tone.BAD if budget.left_cents <= 0 else Tone.PLAIN)
    yield Fact("trades", f"{counters.trades_today} of {counters.max_trades} today")
    yield Fact("submissions", f"{counters.submissions_today} of {counters.max_submissions} today")
    yield Fact("losing streak", f"{counters.losing_streak} of {counters.max_losses}")


def _budget(budget: Budget) -> str:
    return f"{dollars(budget.realised_cents)}; may still lose {balance(max(0, budget.left_cents))} (limit {dollars(-budget.limit_cents)})"
