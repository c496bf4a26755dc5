"""A situation restored from a journal is the one that the run had, wherever in the run its process ended."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from builders import EMPTY_BOOK, LIMITS, calendar, market, new_york_ns, trade_view
from integration.stage import frame_of, lawbook, play
from plain_journal import plain

from bot.bars.synth import synthetic_bars
from bot.contracts import load_contracts
from bot.decision.limits import Limits
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import TradeView
from bot.decision.snapshot import BookView, KillState
from bot.journal import schema
from bot.journal.read import opened, read
from bot.journal.records import DayRecord, Kind
from bot.journal.verify import verify
from bot.learning.states import LearningLoop
from bot.market.update import MarketUpdate, QualityUpdate
from bot.messages import (
    TOPIC_BOOK,
    TOPIC_EQS_EVENT,
    TOPIC_KILL,
    TOPIC_MARKET,
    TOPIC_TRUST,
    BookEvent,
    EntryEnded,
    IntentSubmitted,
    TradeChanged,
    TradeClosed,
    TradeOpened,
)
from bot.risk_engine.account import cents_of
from bot.runtime.past import Past, past_of
from bot.runtime.recover import Story, recovered
from bot.runtime.situation import Situation
from bot.units import HOUR_NS, MINUTE_NS

EARLY = {"strategies": {"signals.atr_norm_min_sessions": 1}}
BUSY = {  # trades may follow each other, K4's stops are moved, entries expire, and quarantines come and go
    "constitution": {
        "frequency.max_trades_per_day": 100,
        "frequency.max_entries_per_hour": 60,
        "frequency.min_spacing_minutes": 0,
        "frequency.max_submissions_per_day": 500,
        "losing_streak.max_losses": 3,
        "loss_limits.day_usd": 5_000.0,
        "loss_limits.week_usd": 5_000.0,
        "loss_limits.month_usd": 5_000.0,
    },
    "strategies": {"euc.min_euc_r": -9.0, "K1.min_abs_vwap_z": 0.5, "K1.min_belief": 0.2},
    "learning": {"evidence.half_life_sessions": 1, "evidence.aged_after_sessions": 1, "archive.quarantines": 100},
}
DEADLY = {"execution_contract": {"eqs.late_fill_seconds": 30, "eqs.events.late_fill.penalty": 0.8}}  # a third late fill kills


# ------------------------------------------------------------------ by hand


def situation() -> Situation:
    return Situation(LIMITS, calendar())


def restored(*events: tuple[int, Any], **more: Any) -> Situation:
    found = situation()
    found.restore(Past(events=events, **more))
    return found


def on_bar(now: Situation, moment: str) -> BookView:
    """The book on the bar of this moment."""
    ts_ns = new_york_ns(moment)
    state = market(ts_ns=ts_ns)
    now.on_market(MarketUpdate(QualityUpdate(ts_ns, (250.0, 251.0, 249.0, 250.0), 500, state.bar, 1.0, 1.0, (), 1.0, ()), state))
    return now.snapshot().book


TUESDAY = new_york_ns("2025-09-16 10:41")


def closed(
    net_cents: int = -1124,
    quantity: int = 1,
    overrun: bool = False,
    r: float | None = None,
    closed_ns: int = TUESDAY + 9 * MINUTE_NS,
    trade: str = "i",
) -> TradeClosed:
    outcome = dict.fromkeys(TradeOutcome.__struct_fields__) | {
        "net_cents": net_cents, "r": net_cents / 1000 if r is None else r, "quantity": quantity, "budget_overrun": overrun,
        "closed_ns": closed_ns, "trade_id": trade,
    }  # fmt: skip
    return TradeClosed(TradeOutcome(**outcome))


SUBMITTED = (TUESDAY, IntentSubmitted("i", "K1", TUESDAY))
FILLED = (TUESDAY + MINUTE_NS, EntryEnded("i", "K1", True))
MISSED = (TUESDAY + MINUTE_NS, EntryEnded("i", "K1", False))
LOST = (TUESDAY + 9 * MINUTE_NS, closed())
SENT = {"submissions_today": 1, "last_entry_ns": TUESDAY}


@pytest.mark.parametrize(
    ("events", "moment", "expected"),
    [
        ([], "2025-09-16 10:42", {}),
        ([SUBMITTED], "2025-09-16 10:42", SENT | {"in_flight": True, "trades_today": 1, "hour_entries": 1}),
        ([SUBMITTED], "2025-09-16 11:00", SENT | {"in_flight": True, "trades_today": 1}),  # another hour
        ([SUBMITTED, MISSED], "2025-09-16 10:43", SENT | {"hour_entries": 1}),
        ([SUBMITTED, FILLED], "2025-09-16 10:43", SENT | {"trades_today": 1, "hour_entries": 1}),
        (
            [SUBMITTED, FILLED, LOST],
            "2025-09-16 11:00",
            SENT | {"trades_today": 1, "losing_streak": 1, "last_loser_contracts": 1, "realised_day_cents": -1124,
                    "realised_week_cents": -1124, "realised_month_cents": -1124},
        ),
        (  # the next day of the week: what a day forgets is forgotten
            [SUBMITTED, FILLED, LOST],
            "2025-09-17 10:00",
            {"last_entry_ns": TUESDAY, "losing_streak": 1, "realised_week_cents": -1124, "realised_month_cents": -1124},
        ),
        ([SUBMITTED, FILLED, LOST], "2025-09-22 10:00", {"last_entry_ns": TUESDAY, "losing_streak": 1, "realised_month_cents": -1124}),
        ([SUBMITTED, FILLED, LOST], "2025-10-01 10:00", {"last_entry_ns": TUESDAY, "losing_streak": 1}),
        (
            [SUBMITTED, FILLED, LOST, (TUESDAY + HOUR_NS, closed(overrun=True))],
            "2025-09-16 12:00",
            SENT | {"trades_today": 1, "losing_streak": 2, "streak_locked": True, "overrun_locked": True, "last_loser_contracts": 1,
                    "realised_day_cents": -2248, "realised_week_cents": -2248, "realised_month_cents": -2248},
        ),
        (  # a served lock
            [SUBMITTED, FILLED, LOST, (TUESDAY + HOUR_NS, closed(overrun=True))],
            "2025-09-17 10:00",
            {"last_entry_ns": TUESDAY, "realised_week_cents": -2248, "realised_month_cents": -2248},
        ),
    ],
)  # fmt: skip
def test_what_was_counted_is_counted_again_and_days_pass_over_it(events, moment, expected):
    """Whether a position is open is the supervisor's to tell, when it resumes."""
    found = on_bar(restored(*events), moment)
    assert msgspec.structs.replace(found, position_open=False) == msgspec.structs.replace(EMPTY_BOOK, **expected)


def test_bars_of_history_that_come_after_a_restart_pass_no_day():
    now = restored(SUBMITTED, FILLED, LOST, (TUESDAY + HOUR_NS, closed()), day=DayRecord("2025-09-16", 1), last_ns=TUESDAY + HOUR_NS)
    for moment in ("2025-09-11 10:00", "2025-09-12 15:00", "2025-09-15 16:00", "2025-09-16 09:45"):
        assert on_bar(now, moment).streak_locked
    assert on_bar(now, "2025-09-16 12:00").realised_day_cents == -2248
    assert not on_bar(now, "2025-09-17 09:45").streak_locked


LATE = new_york_ns("2025-09-16 15:50")
BARS = ("2025-09-11 10:00", "2025-09-16 15:59", "2025-09-17 09:45", "2025-09-17 10:00")


@pytest.mark.parametrize("earlier", [(), (SUBMITTED, FILLED, LOST)], ids=["the first loss", "the second loss"])
@pytest.mark.parametrize("end", ["2025-09-16 15:53", "2025-09-16 17:30", "2025-09-17 09:31"])
@pytest.mark.parametrize("told_after", range(len(BARS)))
@pytest.mark.parametrize("known", [1, 2, 3])
def test_a_close_counts_for_the_day_it_happened_on_whenever_it_is_told(earlier, end, told_after, known):
    """Down over the end of a trade, told of it among the bars after a restart, and started once more: all count the same."""
    end_ns = new_york_ns(end)
    story = [
        (LATE, IntentSubmitted("j", "K1", LATE)),
        (LATE + MINUTE_NS, EntryEnded("j", "K1", True)),
        (end_ns, closed(quantity=2, overrun=True, closed_ns=end_ns, trade="j")),
    ]
    wanted = on_bar(restored(*earlier, *story), BARS[-1])
    again = restored(*earlier, *story[:known])
    for moment in BARS[:told_after]:
        on_bar(again, moment)
    told = [event for _, event in story[known:]]
    for event in (
        [*told[:-1], TradeOpened(trade_view(trade_id="j")), told[-1]] if told else []
    ):  # the supervisor tells of an adopted trade first
        again.on_book(event)
    for moment in BARS[told_after:]:
        found = on_bar(again, moment)
    assert found == wanted
    today = end.startswith("2025-09-17")
    assert (found.realised_day_cents, found.trades_today) == ((-1124, 1) if today else (0, 0))
    assert (found.streak_locked, found.overrun_locked) == (today and bool(earlier), today)


@pytest.mark.parametrize("state", KillState)
def test_the_kill_latch_is_taken_over(state):
    assert restored(kill_state=state).kill_state is state


@pytest.mark.parametrize(
    ("day", "last", "first_bar", "equity"),
    [
        (DayRecord("2025-09-16", 750_000), "2025-09-16 12:00", "2025-09-16 12:01", 750_000),  # the day goes on
        (DayRecord("2025-09-16", 750_000), "2025-09-16 12:00", "2025-09-17 09:31", 740_000),  # another day: the account's word
        (DayRecord("2025-09-16", 750_000), "2025-09-17 09:00", "2025-09-17 09:31", 740_000),
        (DayRecord("2025-09-16", None), "2025-09-16 12:00", "2025-09-16 12:01", 740_000),  # nobody knew it then
        (None, "2025-09-16 12:00", "2025-09-16 12:01", 740_000),
    ],
)
def test_the_equity_of_a_day_that_goes_on_is_the_one_it_began_with(day, last, first_bar, equity):
    now = restored(day=day, last_ns=new_york_ns(last))
    now.on_account(740_000, 700_000)
    on_bar(now, "2025-09-15 10:00")  # history
    on_bar(now, first_bar)
    assert now.snapshot().equity_cents == equity
    assert now.snapshot().available_cents == 700_000


# ------------------------------------------------------------------ at every moment of a run


HEARD = (TOPIC_BOOK, TOPIC_MARKET, TOPIC_KILL, TOPIC_TRUST, TOPIC_EQS_EVENT, "events.account.*")


class Said(NamedTuple):
    """What was said on the bus, at which time of the run's clock."""

    ts_ns: int
    topic: str
    message: Any


class Lived(NamedTuple):
    """A run that has ended: its journal, its law, and all that a situation hears, in order."""

    journal: Path
    law: Path
    said: list[Said]


def lived(folder: Path, *changes: dict[str, dict[str, Any]]) -> Lived:
    """Eight synthetic sessions through the whole stack, overheard."""
    made = synthetic_bars(1, 8, dt.date(2025, 9, 2), calendar())
    said: list[Said] = []

    def listen(run: Any) -> None:
        kernel = run.engine.kernel
        for topic in HEARD:
            keep = partial(_keep, said, kernel.clock, topic)
            kernel.msgbus.subscribe(topic, keep, priority=99)

    law = lawbook(folder / "law", EARLY, *changes)
    play(law, folder / "out", frame_of(bar for bar in made if calendar().session_at(bar.ts_ns)), before=listen)
    return Lived(folder / "out" / "journal.sqlite", law, said)


def _keep(said: list[Said], clock: Any, topic: str, message: Any) -> None:
    said.append(Said(clock.timestamp_ns(), topic, message))


class Witness:
    """What the run itself knew after so much of what was said."""

    def __init__(self, run: Lived) -> None:
        self.now = Situation(Limits.of(load_contracts(run.law)), calendar())
        self.trust: dict[str, Any] = {}
        self.charges: list[tuple[str, int]] = []
        self.unfinished: dict[str, TradeView | None] = {}  # by intent, as its strategy sees it
        self._said = iter(run.said)
        self._next = next(self._said, None)

    def until(self, ts_ns: int) -> None:
        """Hear everything up to this time."""
        while self._next is not None and self._next.ts_ns <= ts_ns:
            self._hear(self._next.topic, self._next.message)
            self._next = next(self._said, None)

    def _hear(self, topic: str, message: Any) -> None:
        if topic == TOPIC_BOOK:
            self.now.on_book(message)
            self._follow(message)
        elif topic == TOPIC_MARKET:
            self.now.on_market(message)
        elif topic == TOPIC_KILL:
            self.now.kill_state = message.state
        elif topic == TOPIC_TRUST:
            self.trust = message
        elif topic == TOPIC_EQS_EVENT:
            self.charges.append((message.kind, message.ts_ns))
        else:
            self.now.on_account(*cents_of(message))

    def _follow(self, event: BookEvent) -> None:
        if isinstance(event, IntentSubmitted):
            self.unfinished[event.intent_id] = None
        elif isinstance(event, TradeOpened | TradeChanged):
            self.unfinished[event.trade.trade_id] = event.trade
        elif isinstance(event, TradeClosed):
            del self.unfinished[event.outcome.trade_id]
        elif isinstance(event, EntryEnded) and not event.filled:
            del self.unfinished[event.intent_id]


def begin_earlier(db: sqlite3.Connection) -> None:
    """An empty file of the second schema: it has no plain columns, which could not be copied record by record."""
    for statement in (*schema.STATEMENTS_2, f"PRAGMA application_id = {schema.APPLICATION_ID}", "PRAGMA user_version = 2"):
        db.execute(statement)


def prefixes(journal: Path, target: Path) -> Iterator[tuple[int, int]]:
    """Grow `target` minute by minute into the journal; yields (last link, time) wherever something rare was written, and now and then."""
    db = sqlite3.connect(target, isolation_level=None)
    begin_earlier(db)
    whole = plain(journal)
    db.executemany("INSERT INTO contract_sets VALUES (?, ?)", whole.execute("SELECT * FROM contract_sets"))
    last = 0
    minutes = "SELECT max(link), ts_ns, max(last_seq) FROM links GROUP BY ts_ns ORDER BY 1"
    for link, ts_ns, last_seq in whole.execute(minutes).fetchall():
        records = whole.execute("SELECT * FROM records WHERE seq > ? AND seq <= ? ORDER BY seq", (last, last_seq))
        db.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", records)
        links = whole.execute("SELECT * FROM links WHERE ts_ns = ? ORDER BY link", (ts_ns,))
        db.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", links)
        rare = db.execute(f"SELECT count(*) FROM records WHERE seq > ? AND {schema.RARE}", (last,)).fetchone()[0]
        last = last_seq
        if rare or link % 100 == 0:
            yield link, ts_ns
    db.close()


def as_resumed(past: Past, limits: Limits) -> Situation:
    """A situation restored, and told of open positions as the supervisor tells it when it resumes."""
    now = Situation(limits, calendar())
    now.restore(past)
    for story in past.unfinished:
        trade = recovered(story)
        if trade.opened_ns:
            now.on_book(TradeOpened(trade.view()))
    return now


def as_seen(story: Story) -> TradeView | None:
    """The trade as its strategy would see it; None before its first fill."""
    trade = recovered(story)
    return trade.view() if trade.opened_ns else None


def open_for_good(views: dict[str, TradeView | None]) -> dict[str, TradeView | None]:
    """That a trade is being left is not journaled: a restart decides it anew."""
    return {name: view and msgspec.structs.replace(view, closing=False) for name, view in views.items()}


@pytest.mark.parametrize(
    ("law", "must_happen"),
    [
        pytest.param(
            (BUSY,),
            {"streak locked", "in flight", "open", "quarantined", "throttled", "aged", "charged", "several days"},
            marks=pytest.mark.slow,
        ),
        ((DEADLY,), {"halted", "open", "charged", "several days"}),
    ],
    ids=["a busy law", "a deadly law"],
)
def test_a_prefix_of_the_journal_restores_what_the_run_knew_at_that_moment(law, must_happen, tmp_path):
    run = lived(tmp_path, *law)
    witness, seen, checked = Witness(run), set(), 0
    contracts = load_contracts(run.law)
    limits = Limits.of(contracts)
    for link, ts_ns in prefixes(run.journal, tmp_path / "prefix.sqlite"):
        witness.until(ts_ns)
        past = past_of([tmp_path / "prefix.sqlite"])
        now, wanted = as_resumed(past, limits), witness.now
        assert now.book.view(ts_ns) == wanted.book.view(ts_ns), f"link {link}"
        assert now.kill_state is wanted.kill_state
        assert past.day is None or now.equity_cents == wanted.equity_cents
        assert list(past.charges) == witness.charges
        assert {story.intent.intent_id: as_seen(story) for story in past.unfinished} == open_for_good(witness.unfinished)
        learned = LearningLoop(contracts)
        assert learned.refold(past.learning, day_of, past.states) == []  # every change of state is journaled
        assert {name: learned.view(name) for name in witness.trust} == witness.trust
        seen |= _happened(now, past, witness)
        checked += 1
    assert must_happen <= seen
    assert checked > 60
    aged_at_first_bars(run.journal)
    assert verify(tmp_path / "prefix.sqlite") == verify(run.journal)


def aged_at_first_bars(journal: Path) -> None:
    """What age changes is journaled at a session's first bar, behind its DAY record."""
    with opened(journal) as db:
        records = list(read(db, Kind.DAY, Kind.STATE, Kind.BAR))
    for index, each in enumerate(records):
        if each.body.get("reason", "").startswith("EVIDENCE_AGED"):
            before = next(other for other in reversed(records[:index]) if other.kind is not Kind.STATE)
            after = next(other for other in records[index:] if other.kind is not Kind.STATE)
            assert (before.kind, after.kind) == (Kind.DAY, Kind.BAR)
            assert before.ts_ns == each.ts_ns == after.ts_ns


def day_of(ts_ns: int) -> str:
    return calendar().trading_day(ts_ns).date


def _happened(now: Situation, past: Past, witness: Witness) -> set[str]:
    """What this moment has to show."""
    book = now.book.view(past.last_ns)
    states = {view.state.lower() for view in witness.trust.values()} | {now.kill_state.lower()}
    flags = {"streak locked": book.streak_locked, "in flight": book.in_flight, "open": book.position_open, "charged": bool(past.charges),
             "aged": any(change.reason.startswith("EVIDENCE_AGED") for change in past.states.values())}  # fmt: skip
    days = {event.outcome.trading_day for _, event in past.events if isinstance(event, TradeClosed)}
    return states | {name for name, holds in flags.items() if holds} | ({"several days"} if len(days) > 2 else set())
