"""What the journals of the state folder say, from real journals made as a live run makes them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from builders import CONTRACTS, an_intent, calendar, new_york_ns
from changed_contracts import changed

from bot.decision.intent import Intent
from bot.decision.outcome import TradeOutcome
from bot.errors import JournalError
from bot.journal import schema
from bot.journal.build import intent_record
from bot.journal.records import BarRecord, FillRecord, KillRecord, Kind, OrderRecord
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node.status import Budget, JournalName, JournalStatus, TrustStatus, journal_names, status_of
from bot.units import MINUTE_NS, SECOND_NS

NAME = JournalName("PAPER", "DU1", 2025)
BY_SHADOWS = "2 shadow wins in a row, or shadow expectancy above 0 over 3 or more"
BY_A_WIN = "the first real win, or its evidence ages: in 20 sessions, on 2025-10-02, if no trade of it closes until then"
TRADED = "2025-09-16 10:50"  # a Tuesday
NOW = new_york_ns("2025-09-16 12:00")

BAR = BarRecord(250.0, 251.0, 249.0, 250.0, 500, False, "range", 1, 1.0, 1.0, [], 1.0, [], {})


class Step(NamedTuple):
    """One record and when it is written."""

    kind: Kind
    ts_ns: int
    body: msgspec.Struct


def intent(moment: str = "2025-09-16 10:41", name: str = "20250916-K1-1041") -> Intent:
    ts_ns = new_york_ns(moment)
    return an_intent(ts_ns=ts_ns, name=name)


def decided(made: Intent) -> Step:
    return Step(Kind.INTENT, made.decided.ts_ns, intent_record(made))


def order(made: Intent, name: str, event: str, role: str = "ENTRY", **more: Any) -> Step:
    """One order event a second after the decision."""
    body = OrderRecord(f"{made.intent_id}-{name}", made.intent_id, "K1", role, event, 1, **more)
    return Step(Kind.ORDER, made.decided.ts_ns + SECOND_NS, body)


def filled(made: Intent) -> list[Step]:
    """The entry is sent, works and is filled at 250.00."""
    ts_ns = made.decided.ts_ns + 2 * SECOND_NS
    fill = FillRecord(f"{made.intent_id}-1E", made.intent_id, "K1", "ENTRY", 1, 1, 250.0, 62, 0.0, ts_ns, "V1")
    sent = [order(made, "1E", event, price=250.0) for event in ("OrderSubmitted", "OrderAccepted")]
    return [*sent, Step(Kind.FILL, ts_ns, fill), order(made, "1E", "OrderFilled", price=250.0)]


def closed(moment: str = TRADED, trade_id: str = "20250916-K1-1041", **changes: Any) -> Step:
    """A K1 long that lost its stop: -$11.24."""
    ts_ns = new_york_ns(moment)
    values = dict(
        trade_id=trade_id, strategy="K1", side=1, quantity=1, legs=1, regime="range", time_of_day="morning", trading_day=moment[:10],
        opened_ns=ts_ns - 8 * MINUTE_NS, closed_ns=ts_ns, decided_ns=ts_ns - 9 * MINUTE_NS, entry_price=250.0, exit_price=248.0,
        gross_cents=-1000, net_cents=-1124, risk_cents=1000, r=-1.124, target_r=2.0, exit_reason="STOP", thesis_valid_at_exit=True,
        belief=0.9, euc={}, dvs=1.0, eqs=1.0, signals={}, slippage_ticks=1.0, spread_ticks=1.0, mae_ticks=8, mfe_ticks=0,
        naked_seconds=0.0, budget_overrun=False, shadow=False,
    )  # fmt: skip
    return Step(Kind.OUTCOME, ts_ns, TradeOutcome(**(values | changes)))


def kill(moment: str, state: str, reason: str, detail: str = "") -> Step:
    return Step(Kind.KILL, new_york_ns(moment), KillRecord(state, reason, detail))


def traded(moment: str = "2025-09-16 10:41", **changes: Any) -> list[Step]:
    """A whole trade that begins at a minute and is over nine minutes later."""
    made = intent(moment, f"{moment[:10]}-K1-{moment[11:]}")
    ended = closed(f"{moment[:-2]}{int(moment[-2:]) + 9}", made.intent_id, **changes)
    return [decided(made), *filled(made), ended]


def write(state: Path, *steps: Step | list[Step], name: JournalName = NAME, contracts: Any = CONTRACTS, **header: Any) -> Path:
    """A journal of these records, in one link."""
    path = state / "journals" / f"{name.mode.lower()}-{name.account}-{name.year}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = [each for step in steps for each in (step if isinstance(step, list) else [step])]
    with Journal.append(path, name.mode.lower(), contracts, {"account": name.account, **header}, lambda: 1) as journal:
        for step in flat:
            journal.add(step.kind, step.ts_ns, step.body)
        journal.close_link(flat[-1].ts_ns if flat else 0)
    return path


def status(state: Path, now_ns: int = NOW, name: JournalName = NAME) -> JournalStatus:
    return status_of(state, name, CONTRACTS, now_ns)


# ------------------------------------------------------------------------- which


def test_without_a_state_folder_there_are_no_journals(tmp_path):
    assert journal_names(tmp_path / "nothing") == []


def test_each_mode_and_account_is_named_once_with_its_latest_year_and_other_files_are_no_journals(tmp_path):
    for name in (NAME, NAME._replace(year=2024), NAME._replace(mode="LIVE", account="U-7"), NAME._replace(mode="OBSERVE")):
        write(tmp_path, name=name)
    for other in ("notes", "backtest-DU1-2025", "paper-DU1", "paper-DU1-25", "paper-DU1-2026.sqlite.lock"):
        (tmp_path / "journals" / (other if other.endswith(".lock") else f"{other}.sqlite")).touch()
    assert journal_names(tmp_path) == [("LIVE", "U-7", 2025), ("OBSERVE", "DU1", 2025), ("PAPER", "DU1", 2025)]


# ---------------------------------------------------------------------- counters


@pytest.mark.parametrize(
    ("mode", "account", "link", "told"),
    [
        ("PAPER", "", "", "a replay: its gateway is simulated, no broker"),
        ("BACKTEST", "", "", "none: a backtest has no broker and no gateway"),
        ("PAPER", "DU1", "", "no trouble of it was told"),
        ("PAPER", "DU1", "09:40 New York: Link: it is away", "09:40 New York: Link: it is away"),
    ],
)
def test_of_a_link_that_never_changed_is_told_what_is_known(tmp_path, mode, account, link, told):
    write(tmp_path)
    assert msgspec.structs.replace(status(tmp_path), mode=mode, account=account, link=link).link_told == told


def test_a_journal_that_has_only_begun_says_that_nothing_happened(tmp_path):
    path = write(tmp_path)
    found = status(tmp_path)
    assert (found.mode, found.account, found.path, found.running) == ("PAPER", "DU1", str(path), None)
    assert (found.last_ns, found.last_record, found.as_of_ns) == (0, "before the first bar", NOW)
    assert (found.kill.state, found.kill.reason, found.kill.since_ns) == ("ARMED", "", 0)
    assert found.counters.day == Budget(0, 3000, 3000)
    assert (found.counters.trading_day, found.counters.trades_today, found.counters.locks) == ("2025-09-16", 0, ())
    assert found.learning == dict.fromkeys(("K1", "K2", "K3", "K4"), TrustStatus("ACTIVE", 0, 1.0, 0, 0, 0, ""))
    assert found.unfinished == ()
    assert (found.contracts_sha256, found.contracts_in_force, found.head) == (CONTRACTS.sha256, True, verify(path).head)


def test_a_lost_trade_is_counted_in_every_budget_beside_its_limit(tmp_path):
    write(tmp_path, traded())
    found, now = status(tmp_path), status(tmp_path).counters
    assert (now.day, now.week, now.month) == (Budget(-1124, 3000, 1876), Budget(-1124, 7500, 6376), Budget(-1124, 15000, 13876))
    assert (now.trades_today, now.max_trades, now.submissions_today, now.max_submissions) == (1, 2, 1, 6)
    assert (now.losing_streak, now.max_losses, now.locks) == (1, 2, ())
    assert found.last_record == "2025-09-16 10:50"


@pytest.mark.parametrize(
    ("moment", "before", "after"),
    [
        ("2025-09-16 18:00", (-1124, -1124, -1124), (0, -1124, -1124)),
        ("2025-09-19 18:00", (0, -1124, -1124), (0, 0, -1124)),
        ("2025-09-30 18:00", (0, 0, -1124), (0, 0, 0)),
    ],
)
def test_day_week_and_month_begin_anew_at_18_00_new_york_to_the_nanosecond(tmp_path, moment, before, after):
    write(tmp_path, traded())
    for now_ns, cents in ((new_york_ns(moment) - 1, before), (new_york_ns(moment), after)):
        now = status(tmp_path, now_ns).counters
        assert (now.day.realised_cents, now.week.realised_cents, now.month.realised_cents) == cents


def test_a_new_trading_day_counts_no_trade_and_no_submission(tmp_path):
    write(tmp_path, traded())
    roll = new_york_ns("2025-09-16 18:00")
    last, first = status(tmp_path, roll - 1).counters, status(tmp_path, roll).counters
    assert (last.trading_day, last.trades_today, last.submissions_today) == ("2025-09-16", 1, 1)
    assert (first.trading_day, first.trades_today, first.submissions_today, first.losing_streak) == ("2025-09-17", 0, 0, 1)


def test_a_losing_streak_locks_until_the_next_trading_day_and_is_served_then(tmp_path):
    write(tmp_path, traded(), traded("2025-09-16 11:20"))
    roll = new_york_ns("2025-09-16 18:00")
    locked, served = status(tmp_path, roll - 1).counters, status(tmp_path, roll).counters
    assert (locked.losing_streak, locked.locks) == (2, ("losing streak, until the next trading day",))
    assert (served.losing_streak, served.locks) == (0, ())


def test_a_stop_that_was_filled_worse_than_modelled_locks_until_the_next_trading_day(tmp_path):
    write(tmp_path, traded(budget_overrun=True))
    assert status(tmp_path).counters.locks == ("a stop filled worse than modelled, until the next trading day",)
    assert status(tmp_path, new_york_ns("2025-09-16 18:00")).counters.locks == ()


@pytest.mark.parametrize(("net_cents", "locks"), [(-2999, ()), (-3000, ("the loss budget of this day is spent, until its end",))])
def test_a_budget_is_spent_to_the_cent(tmp_path, net_cents, locks):
    write(tmp_path, traded(net_cents=net_cents))
    assert status(tmp_path).counters.locks == locks


def test_the_years_before_count_too(tmp_path):
    write(tmp_path, traded("2024-12-31 10:41"), name=NAME._replace(year=2024))
    write(tmp_path, traded("2025-01-02 10:41"))
    now = status(tmp_path, new_york_ns("2025-01-02 12:00")).counters
    assert (now.week.realised_cents, now.month.realised_cents, now.losing_streak) == (-2248, -1124, 2)


# -------------------------------------------------------------------- what time it is


def test_a_clock_behind_the_last_record_does_not_take_the_day_back(tmp_path):
    write(tmp_path, traded())
    found = status(tmp_path, new_york_ns("2025-09-10 12:00"))
    assert found.as_of_ns == found.last_ns == new_york_ns(TRADED)
    assert found.counters.day.realised_cents == -1124


def test_after_a_replay_the_last_record_says_what_time_it_is(tmp_path):
    write(tmp_path, traded(), replayed_time=True)
    found = status(tmp_path, new_york_ns("2026-06-01 12:00"))
    assert (found.replayed, found.as_of_ns) == (True, new_york_ns(TRADED))
    assert (found.counters.trading_day, found.counters.day.realised_cents) == ("2025-09-16", -1124)


def test_a_replay_that_has_recorded_nothing_yet_is_looked_at_by_the_wall(tmp_path):
    write(tmp_path, replayed_time=True)
    assert status(tmp_path).as_of_ns == NOW


# ----------------------------------------------------------------- kill and learning


def test_a_latched_kill_switch_tells_what_tripped_it_and_when(tmp_path):
    write(
        tmp_path,
        kill("2025-09-16 10:45", "TRIPPED", "order state desync", "1E: OrderAccepted"),
        kill("2025-09-16 10:46", "FLAT", "no position left"),
        kill("2025-09-16 10:47", "HALTED", "only a person starts trading again: mesbot resume"),
    )
    found = status(tmp_path).kill
    assert (found.state, found.reason) == ("HALTED", "order state desync: 1E: OrderAccepted")
    assert found.since_ns == new_york_ns("2025-09-16 10:45")


def test_a_kill_switch_that_a_person_armed_tells_who_said_what(tmp_path):
    write(tmp_path, kill("2025-09-16 10:45", "TRIPPED", "manual"), kill("2025-09-16 11:00", "ARMED", "resumed by a person: looked"))
    found = status(tmp_path).kill
    assert (found.state, found.reason, found.since_ns) == ("ARMED", "resumed by a person: looked", new_york_ns("2025-09-16 11:00"))


def test_the_latch_of_a_year_before_still_holds(tmp_path):
    write(tmp_path, kill("2024-12-31 10:45", "TRIPPED", "manual"), name=NAME._replace(year=2024))
    write(tmp_path)
    found = status(tmp_path).kill
    assert (found.state, found.reason, found.since_ns) == ("TRIPPED", "manual", new_york_ns("2024-12-31 10:45"))


def test_two_losses_quarantine_a_strategy_and_two_shadow_wins_bring_it_back_throttled(tmp_path):
    write(tmp_path, closed("2025-09-02 10:50", "T1"))
    assert status(tmp_path).learning["K1"] == TrustStatus("ACTIVE", 0, 1.0, 1, 0, 1, "")
    write(tmp_path, closed("2025-09-03 10:50", "T2"))
    assert status(tmp_path).learning["K1"] == TrustStatus("QUARANTINED", 0, 1.0, 2, 0, 2, BY_SHADOWS)
    assert status(tmp_path).learning["K2"].state == "ACTIVE"
    won = dict(net_cents=1876, r=1.876, shadow=True)
    write(tmp_path, closed("2025-09-04 10:50", "S1", **won))
    assert status(tmp_path).learning["K1"].state == "QUARANTINED"
    write(tmp_path, closed("2025-09-04 11:20", "S2", **won))
    assert status(tmp_path).learning["K1"] == TrustStatus("THROTTLED", 1, 1.2, 2, 0, 2, BY_A_WIN)
    days = [session.date for session in calendar().sessions if session.date > "2025-09-04"][:20]
    write(tmp_path, [Step(Kind.BAR, new_york_ns(f"{day} 09:31"), BAR) for day in days[:19]])
    assert status(tmp_path, new_york_ns(f"{days[18]} 12:00")).learning["K1"].release == BY_A_WIN.replace("20 sessions", "1 session")
    write(tmp_path, Step(Kind.BAR, new_york_ns(f"{days[19]} 09:31"), BAR))
    assert status(tmp_path, new_york_ns(f"{days[19]} 12:00")).learning["K1"] == TrustStatus("ACTIVE", 0, 1.0, 2, 0, 2, "")


@pytest.mark.parametrize(("sessions", "state"), [(0, "ARCHIVED"), (17, "ARCHIVED"), (18, "QUARANTINED")])
def test_sessions_without_a_trade_count_towards_what_archives_a_strategy(tmp_path, sessions, state):
    """Three quarantines within 20 sessions archive; the bars of each session between are all that tells of it."""
    days = [session.date for session in calendar().sessions][: 4 + sessions]

    def rounds(day: str) -> list[Step]:
        lost = [closed(f"{day} 10:{minute}", f"{day}-{minute}") for minute in (20, 30)]
        won = [closed(f"{day} 11:{minute}", f"{day}-s{minute}", net_cents=1876, r=1.876, shadow=True) for minute in (20, 50)]
        return lost + won

    idle = [Step(Kind.BAR, new_york_ns(f"{day} 09:31"), BAR) for day in days[1 : sessions + 1]]
    write(tmp_path, rounds(days[0]), idle, rounds(days[sessions + 1]), rounds(days[sessions + 2])[:2])
    assert status(tmp_path, new_york_ns(f"{days[-1]} 12:00")).learning["K1"].state == state


# -------------------------------------------------------------------- unfinished trades


def test_an_open_position_is_told_with_the_state_of_each_of_its_orders(tmp_path):
    made = intent()
    stop = order(made, "1S", "OrderAccepted", "STOP", trigger=248.0, venue_order_id="77")
    write(tmp_path, decided(made), filled(made), stop)
    (trade,) = status(tmp_path).unfinished
    assert (trade.intent_id, trade.strategy, trade.net, trade.decided_ns) == (made.intent_id, "K1", 1, made.decided.ts_ns)
    assert [(each.role, each.state, each.filled, each.quantity, each.price) for each in trade.orders] == [
        ("ENTRY", "FILLED", 1, 1, 250.0),
        ("STOP", "WORKING", 0, 1, 248.0),
        ("TARGET", "NONE", 0, 1, 254.0),
    ]
    assert trade.orders[1].client_order_id == "20250916-K1-1041-1S"


def test_an_intent_of_which_no_order_was_heard_is_unfinished_and_a_closed_trade_is_not(tmp_path):
    write(tmp_path, traded(), decided(intent("2025-09-16 11:20", "20250916-K1-1120")))
    (trade,) = status(tmp_path).unfinished
    assert (trade.intent_id, trade.net, {each.state for each in trade.orders}) == ("20250916-K1-1120", 0, {"NONE"})


# ------------------------------------------------------------------------ the file


def test_the_process_that_holds_the_journal_is_named(tmp_path):
    path = write(tmp_path)
    with RunLock(path):
        assert status(tmp_path).running == os.getpid()
    assert status(tmp_path).running is None


def test_a_journal_that_is_being_written_is_read_as_far_as_it_was_flushed_and_not_changed(tmp_path):
    path = write(tmp_path, traded())
    with Journal.append(path, "paper", CONTRACTS, {}, lambda: 1) as journal:
        late = kill("2025-09-16 11:00", "TRIPPED", "manual")
        journal.write_ahead(late.kind, late.ts_ns, late.body)
        head = journal.head
        found = status(tmp_path)
        assert (found.kill.state, found.last_ns, found.head) == ("TRIPPED", late.ts_ns, head)
        assert [each.suffix for each in path.parent.iterdir() if each.suffix == ".lock"] == []
        journal.close_link(late.ts_ns)
    assert verify(path).unlinked == 0


def test_contracts_that_have_changed_since_are_told(tmp_path):
    write(tmp_path, contracts=CONTRACTS.model_copy(update={"sha256": "0" * 64}))
    found = status(tmp_path)
    assert (found.contracts_sha256, found.contracts_in_force) == ("0" * 64, False)


STREAK = changed(("constitution.losing_streak.max_losses", 1), ("constitution.frequency.max_trades_per_day", 4))


def test_within_a_trading_day_limits_are_those_that_a_start_would_be_under(tmp_path):
    write(tmp_path, contracts=CONTRACTS, trading_day="2025-09-16")
    found = status_of(tmp_path, NAME, STREAK, NOW)
    assert (found.counters.max_losses, found.counters.max_trades, found.contracts_in_force) == (1, 2, False)
    assert found.contracts_told == (
        "of each key the stricter value counts until the trading day of 2025-09-16 ends; see `mesbot contracts`"
    )
    tomorrow = status_of(tmp_path, NAME, STREAK, new_york_ns("2025-09-17 12:00"))
    assert (tomorrow.counters.max_trades, tomorrow.contracts_told) == (4, "")


def test_contracts_that_this_version_cannot_read_are_told_and_keep_nobody_from_looking(tmp_path):
    elsewhere = CONTRACTS.session.model_copy(update={"timezone": "Europe/Berlin"})
    strange = CONTRACTS.model_copy(update={"sha256": "feed" * 16, "session": elsewhere})
    write(tmp_path, contracts=strange, trading_day="2025-09-16")
    found = status(tmp_path)
    assert "feedfeedfeed were recorded by a version of mesbot that this one cannot read" in found.contracts_told
    assert (found.contracts_in_force, found.counters.max_trades) == (False, 2)


def test_what_is_no_journal_is_one_sentence(tmp_path):
    path = write(tmp_path)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match=r"paper-DU1-2025\.sqlite cannot be read as a journal"):
        status(tmp_path)


def test_a_journal_whose_process_was_killed_before_its_first_record_is_one_sentence(tmp_path):
    path = write(tmp_path)
    path.unlink()
    path.touch()
    with pytest.raises(JournalError, match=r"paper-DU1-2025\.sqlite cannot be read as a journal: no such table"):
        status(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        schema.install(db)
    with pytest.raises(JournalError, match="it was ended before its first record"):
        status(tmp_path)
