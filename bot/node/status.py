"""What the journals of the state folder say, without a broker: one status for each mode and account.

Everything counted is the fold a restart begins with (bot/runtime/past.py), carried on to now. It does not know what
happened after the last record: the broker may hold more, or less, than the journal tells.
"""
# long because: all that one status says is folded here, once

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bot.calendar import SessionCalendar, new_york, sessions_after
from bot.contracts import Contracts
from bot.decision.limits import Limits
from bot.decision.snapshot import BookView, EntryLock, KillState
from bot.errors import JournalError
from bot.journal import times
from bot.journal.contracts import newest_contracts
from bot.journal.read import headers, opened, read
from bot.journal.records import Kind
from bot.journal.run_end import interrupted
from bot.journal.run_lock import held_by
from bot.learning.states import LearningLoop
from bot.node.found import found_at_broker
from bot.node.journals import FOLDER, NAMED, Journals, journals_of, newest_of, with_earlier
from bot.node.kill_request import ALLOW_ENTRIES, STOP_ENTRIES, refused_request, waiting_kill, waiting_request
from bot.node.laws import law_and_words, market_ns_of, readable_contracts
from bot.node.request import Mode
from bot.own_files import require_ours
from bot.runtime.past import Past, past_of
from bot.runtime.recover import Story, recovered
from bot.runtime.situation import Situation
from bot.units import to_points

MARGIN = dt.timedelta(days=7)  # so that the calendar knows the trading days around the first and the last moment
_NAME = re.compile(rf"({'|'.join(mode.lower() for mode in Mode)})-{NAMED}")
_NEWEST = (
    "SELECT (SELECT sha256 FROM records JOIN contract_sets USING (contract_set) ORDER BY seq DESC LIMIT 1),"
    " (SELECT head FROM links ORDER BY link DESC LIMIT 1)"
)


class JournalName(NamedTuple):
    """Whose journal it is; `mode` in capitals, `account` as the file writes it, `year` the latest there is."""

    mode: str
    account: str
    year: int

    def path(self, state: Path) -> Path:
        """The newest file of that year."""
        return newest_of(state / FOLDER, f"{self.mode.lower()}-{self.account}", self.year)


class Budget(msgspec.Struct, frozen=True):
    """One loss limit in whole cents: realised net of fees, the limit, and what a worst case may still cost."""

    realised_cents: int
    limit_cents: int
    left_cents: int


class KillStatus(msgspec.Struct, frozen=True):
    """The kill switch: why and when it was tripped (market time, UTC ns); armed again, who said so; "" and 0 if never tripped."""

    state: KillState
    reason: str
    since_ns: int


class TrustStatus(msgspec.Struct, frozen=True):
    """A strategy's learning state; the counts are those of its rolling last real trades. `release` says what lets it go, "" if ACTIVE."""

    state: str
    throttle_level: int
    cost_multiplier: float
    trades: int
    wins: int
    losses: int
    release: str


class OrderStatus(msgspec.Struct, frozen=True):
    """An order as its last record leaves it; state NONE: no record speaks of it, so it may be anywhere. `price` is points."""

    client_order_id: str
    role: str
    state: str
    quantity: int
    filled: int
    price: float | None


class UnfinishedTrade(msgspec.Struct, frozen=True):
    """An intent that may still have orders or a position; `net` is signed contracts, `decided_ns` market time (UTC ns)."""

    intent_id: str
    strategy: str
    net: int
    decided_ns: int
    orders: tuple[OrderStatus, ...]


class Counters(msgspec.Struct, frozen=True):
    """What the constitution counts, beside its limits; `locks` are sentences that say what no entry passes, and until when."""

    trading_day: str
    day: Budget
    week: Budget
    month: Budget
    trades_today: int
    max_trades: int
    submissions_today: int
    max_submissions: int
    losing_streak: int
    max_losses: int
    locks: tuple[str, ...]


class JournalStatus(msgspec.Struct, frozen=True):
    """All of it. Times are market time, UTC ns; `last_record` is New York; the counters stand as of `as_of_ns`.

    `running` is the id of the process that writes the journal, None if nobody does. `told` are sentences about the latch
    beside the journal; `kill` is the stricter of both. `interrupted` says that the last run did not
    come to its end, "" if it did. `kill_request` is the reason of a
    `mesbot kill` that nobody has carried out, None if there is none: the next start does; `refused_request` why one that lies there is
    none, "" if that is not so. `trouble` is what was last found
    wrong with orders, fills or positions at the broker, `link` what was last said of the link to it, "" if nothing was. `replayed`
    says that the gateway of the last run replayed recorded time: then the market's time is the last record's, not the wall's.
    `contracts_sha256` is what the newest record was made under, `contracts_told` a sentence if contracts at hand count only in
    part, or not at all; limits are of those that a start would be under. `entry_lock` is a person's; `lock_request` and
    `unlock_request` are the reasons of what was asked for and no bot has carried out yet, None if nothing was.
    """

    mode: str
    account: str
    path: str
    running: int | None
    replayed: bool
    last_ns: int
    last_record: str
    as_of_ns: int
    counters: Counters
    kill: KillStatus
    told: tuple[str, ...]
    interrupted: str
    kill_request: str | None
    refused_request: str
    trouble: str
    link: str
    learning: dict[str, TrustStatus]
    unfinished: tuple[UnfinishedTrade, ...]
    contracts_sha256: str
    contracts_in_force: bool
    contracts_told: str
    head: str
    entry_lock: EntryLock | None
    lock_request: str | None
    unlock_request: str | None

    @property
    def link_told(self) -> str:
        """What is known of the link, for a person: that a backtest or a replay has no broker, of an account what was said last."""
        if self.account:
            return self.link or "no trouble of it was told"
        backtest = self.mode == "BACKTEST"
        return self.link or (
            "none: a backtest has no broker and no gateway" if backtest else "a replay: its gateway is simulated, no broker"
        )


def journal_names(state: Path) -> list[JournalName]:
    """The modes and accounts that have journals in the state folder, each with its latest year. Raises NotOurs."""
    require_ours(state / FOLDER, folder=True)
    found = [_NAME.fullmatch(path.stem) for path in sorted((state / FOLDER).glob("*.sqlite"))]
    latest: dict[tuple[str, str], int] = {}
    for each in (name for name in found if name is not None):
        whose = each[1].upper(), each[2]
        latest[whose] = max(latest.get(whose, 0), int(each[4]))
    return [JournalName(mode, account, year) for (mode, account), year in latest.items()]


def status_of(state: Path, name: JournalName, contracts: Contracts, now_ns: int) -> JournalStatus:
    """The status of one mode and account under these contracts at `now_ns` of the wall (UTC ns). Nothing is written.

    Raises JournalError if a file is no journal, CalendarError if it holds times that no calendar covers.
    """
    journals = journals_of(state, *name)
    return status_from(past_of(journals.earlier), journals, name.mode, name.account, contracts, now_ns)


def status_from(past: Past, journals: Journals, mode: str, account: str, contracts: Contracts, now_ns: int) -> JournalStatus:
    """The same of any journals, whose fold is at hand. Raises as `status_of`."""
    newest = _newest(journals.path)
    replayed = newest.replayed or not account  # without an account there was no market but a recorded one
    trouble, link = found_at_broker(journals.path)
    as_of_ns = market_ns_of(replayed, past.last_ns, now_ns)
    law, told = law_and_words(contracts, journals, newest.contracts_sha256, as_of_ns)
    calendar = _calendar(law, journals.first_ns or as_of_ns, as_of_ns)
    return JournalStatus(
        mode=mode,
        account=account,
        path=str(journals.path),
        running=held_by(journals.path),
        replayed=replayed,
        last_ns=past.last_ns,
        last_record=times.new_york(past.last_ns),
        as_of_ns=as_of_ns,
        counters=_counters(past, Limits.of(law), calendar, as_of_ns),
        kill=_kill(journals.earlier, past),
        told=past.told,
        interrupted=newest.interrupted,
        kill_request=waiting_kill(journals.path),
        refused_request=refused_request(journals.path),
        trouble=trouble,
        link=link,
        learning=_learning(past, law, readable_contracts(journals.path), calendar),
        unfinished=tuple(map(_unfinished, past.unfinished)),
        contracts_sha256=newest.contracts_sha256,
        contracts_in_force=newest.contracts_sha256 == contracts.sha256,
        contracts_told=told,
        head=newest.head,
        entry_lock=past.entry_lock,
        lock_request=waiting_request(journals.path, STOP_ENTRIES),
        unlock_request=waiting_request(journals.path, ALLOW_ENTRIES),
    )


def locks_of(path: Path) -> tuple[str, ...]:
    """What no entry passes after the last record of a journal, as in Counters. Raises JournalError or CalendarError."""
    contracts, past = newest_contracts(path), past_of(with_earlier(path))
    if contracts is None or not past.last_ns:
        return ()
    return _counters(past, Limits.of(contracts), _calendar(contracts, past.first_ns or past.last_ns, past.last_ns), past.last_ns).locks


class _Newest(NamedTuple):
    """What the fold does not carry: it stands beside the records."""

    replayed: bool
    contracts_sha256: str
    head: str
    interrupted: str


def _newest(path: Path) -> _Newest:
    with opened(path) as db:
        runs, (contracts_sha256, head) = headers(db), db.execute(_NEWEST).fetchone()
        broken_off = interrupted(path, db, runs)
    if not runs or head is None:
        raise JournalError(f"{path} holds no run: it was ended before its first record.")
    return _Newest(bool(runs[-1].get("replayed_time")), contracts_sha256, head, broken_off)


def _calendar(contracts: Contracts, first_ns: int, last_ns: int) -> SessionCalendar:
    return SessionCalendar(contracts.session, new_york(first_ns).date() - MARGIN, new_york(last_ns).date() + MARGIN)


def _counters(past: Past, limits: Limits, calendar: SessionCalendar, as_of_ns: int) -> Counters:
    situation, today = Situation(limits, calendar), calendar.trading_day(as_of_ns)
    situation.restore(past)
    situation.book.roll(today)  # a day that began after the last record has counted nothing yet
    book = situation.book.view(as_of_ns)
    day = _budget(book.realised_day_cents, limits.day_cents)
    week = _budget(book.realised_week_cents, limits.week_cents)
    month = _budget(book.realised_month_cents, limits.month_cents)
    return Counters(
        trading_day=today.date,
        day=day,
        week=week,
        month=month,
        trades_today=book.trades_today,
        max_trades=limits.max_trades,
        submissions_today=book.submissions_today,
        max_submissions=limits.max_submissions,
        losing_streak=book.losing_streak,
        max_losses=limits.max_losses,
        locks=_locks(book, {"day": day, "week": week, "month": month}, past.entry_lock),
    )


def _budget(realised_cents: int, limit_cents: int) -> Budget:
    return Budget(realised_cents, limit_cents, limit_cents + realised_cents)


def _locks(book: BookView, budgets: dict[str, Budget], by_a_person: EntryLock | None) -> tuple[str, ...]:
    person = () if by_a_person is None else (f"{by_a_person.told}; until mesbot unlock",)
    held = {
        "losing streak, until the next trading day": book.streak_locked,
        "a stop filled worse than modelled, until the next trading day": book.overrun_locked,
    }
    spent = {f"the loss budget of this {name} is spent, until its end": budget.left_cents <= 0 for name, budget in budgets.items()}
    return person + tuple(lock for lock, holds in (held | spent).items() if holds)


def _kill(paths: Sequence[Path], past: Past) -> KillStatus:
    """The fold keeps the last step's words ("no position left"); a person asks for those of the one that tripped it."""
    steps = []
    for path in paths:
        with opened(path) as db:
            steps += [step for step in read(db, Kind.KILL) if step.body["state"] in (KillState.TRIPPED, KillState.ARMED)]
    if not steps or (steps[-1].body["state"] == KillState.ARMED) != (past.kill_state is KillState.ARMED):  # the latch knows better
        return KillStatus(past.kill_state, past.kill_reason, 0)
    reason, detail = steps[-1].body["reason"], steps[-1].body["detail"]
    return KillStatus(past.kill_state, f"{reason}: {detail}" if detail else reason, steps[-1].ts_ns)


def _learning(past: Past, contracts: Contracts, recorded: Contracts | None, calendar: SessionCalendar) -> dict[str, TrustStatus]:
    """Of the strategies in force, and of those that the journal knows."""
    traded = () if recorded is None else recorded.traders
    loop = LearningLoop(contracts)
    loop.refold(past.learning, lambda ts_ns: calendar.trading_day(ts_ns).date)
    views = {name: loop.view(name) for name in sorted({*contracts.traders, *traded})}
    date_of = sessions_after(past.last_ns, contracts.session)
    return {
        name: TrustStatus(
            view.state, view.throttle_level, view.cost_multiplier, seen.trades, seen.wins, seen.losses, loop.release(name, date_of)
        )
        for name, view in views.items()
        for seen in [view.metrics]
    }


def _unfinished(story: Story) -> UnfinishedTrade:
    trade = recovered(story)
    orders = tuple(
        OrderStatus(
            order.order_id,
            order.role.value,
            order.state.value,
            order.quantity,
            order.filled,
            None if order.price is None else to_points(order.price),
        )
        for leg in trade.legs
        for order in leg.orders
    )
    return UnfinishedTrade(trade.intent_id, trade.plan.strategy, trade.net, trade.intent.decided.ts_ns, orders)
