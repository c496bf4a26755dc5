"""What is new in a journal is told once, whatever happens to notifier and journal in between."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import small_journal
from builders import new_york_ns
from live_journal import INTENT, MOMENT, KillRecord, OperatorRecord, add, bar, fill, intent_record, opened, order, outcome

from bot import __version__
from bot.alerts import around
from bot.alerts.alert import Event, Said
from bot.alerts.around import failed_checks, new_locks, roll_due
from bot.alerts.digest import digest
from bot.alerts.follow import MOST_ROWS, added_since
from bot.alerts.news import GONE_NS, News
from bot.alerts.place import Place
from bot.contracts import load_contracts
from bot.journal.records import Action, DecisionRecord, GateRecord, Kind
from bot.journal.run_lock import RunLock, sign_of_life
from bot.node.health import SILENT_NS, Health, Vital
from bot.units import SECOND_NS

GATE = GateRecord("VWAP_Z", 8, "abs_z", 0.83, "minimum", 1.5, "", 0.67)
EVENING = dt.time(17, 15)


@pytest.fixture
def path(tmp_path) -> Path:
    """Where a paper account's journal goes."""
    (tmp_path / "journals").mkdir()
    return tmp_path / "journals" / "paper-DU1234567-2025.sqlite"


def news_of(path: Path, place: Place | None = None, *, from_now: bool = False) -> News:
    return News(path, place, EVENING, from_now=from_now)


def texts(news: News) -> list[str]:
    return [said.text for said in news.added(time.time_ns())]


def kept(news: News) -> Place:
    """Its place as the next notifier reads it."""
    return msgspec.json.decode(msgspec.json.encode(news.place), type=Place)


def test_a_run_is_told_from_its_start_to_its_end(path):
    news = news_of(path)
    assert texts(news) == []  # nothing is there yet
    with opened(path) as journal:
        assert texts(news) == [f"PAPER DU***567 has started, version {__version__}."]
        assert news.title == "mesbot PAPER DU***567"
        for kind, body in ((Kind.INTENT, intent_record(INTENT)), (Kind.FILL, fill()), (Kind.ORDER, order("OrderAccepted"))):
            add(journal, kind, body)
        add(journal, Kind.OUTCOME, outcome(1.5, trade_id=INTENT.intent_id, closed_ns=MOMENT))
        told = texts(news)
        assert len(told) == 2 and "K1 is in" in told[0] and "+$15.00 net" in told[1]
        journal.end({"open": ["K2 stays long 1."]})
    assert texts(news) == ["PAPER DU***567 has stopped. K2 stays long 1."]
    assert texts(news) == []


def test_nothing_is_told_twice_by_the_next_notifier_which_says_that_the_last_one_had_died(path):
    first = news_of(path)
    with opened(path) as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        assert len(texts(first)) == 2
        place = kept(first)
        add(journal, Kind.KILL, KillRecord("FLAT", "no position"))
    second = texts(news_of(path, place))
    assert len(second) == 2 and "had ended without being asked" in second[0] and "FLAT" in second[1]
    first.place.whole = True
    assert not any("ended without" in text for text in texts(news_of(path, kept(first))))


def test_a_journal_met_for_the_first_time_is_told_from_then_on_if_so_asked(path):
    with opened(path) as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        news = news_of(path, from_now=True)
        assert texts(news) == []
        add(journal, Kind.OPERATOR, OperatorRecord("resume", "looked"))
        assert len(texts(news)) == 1


def test_a_journal_that_begins_later_is_told_from_its_beginning_whatever_was_asked(path):
    news = news_of(path, from_now=True)
    with opened(path) as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        assert len(texts(news)) == 2


def test_another_file_in_its_place_is_told_from_its_beginning(path):
    news = news_of(path)
    with opened(path) as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
    texts(news)
    path.unlink()
    path.with_name(f"{path.name}.latch").unlink()
    with opened(path) as journal:
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "weekly"))
    assert [*texts(news), *texts(news)][-1].endswith("drill (weekly).")


def copied(path: Path, to: Path) -> Path:
    """A backup of this moment."""
    with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(to)) as copy:
        db.backup(copy)
    return to


def restored(path: Path, backup: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    backup.replace(path)


@pytest.mark.parametrize("stopped", [False, True], ids=["while it runs", "while it is stopped"])
@pytest.mark.parametrize(
    ("traded", "earlier"),
    [(0, False), (0, True), (5, False)],
    ids=["at once", "with a place of an earlier version", "when as many records are in it again"],
)
def test_a_backup_in_the_journals_place_is_told_critically_and_followed_from_its_end(path, tmp_path, traded, stopped, earlier):
    with opened(path) as journal:
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "before"))
        backup = copied(path, tmp_path / "backup")
        for number in range(3):
            add(journal, Kind.OPERATOR, OperatorRecord("drill", f"lost {number}"))
    news = news_of(path)
    texts(news)
    seq = news.place.seq
    if earlier:
        news.place.record_ns = news.place.header_ns = 0
    restored(path, backup)
    if traded:
        with opened(path) as journal:
            for number in range(traded):
                add(journal, Kind.OPERATOR, OperatorRecord("drill", f"unseen {number}"))
    after = news_of(path, kept(news)) if stopped else news
    after.place.whole = True
    (said,) = list(after.added(time.time_ns()))
    assert said.event is Event.HEALTH and f"record {seq}" in said.text and "replaced by another copy" in said.text
    assert texts(after) == []
    with opened(path) as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
    assert [each for each in texts(after) if "TRIPPED" in each] and texts(after) == []


@pytest.mark.parametrize("earlier", [False, True], ids=["its place", "a place of an earlier version"])
def test_a_journal_without_the_run_that_was_told_is_another_copy(path, tmp_path, earlier):
    with opened(path) as journal:
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "one"))
    backup = copied(path, tmp_path / "backup")
    opened(path).close()
    news = news_of(path)
    texts(news)
    if earlier:
        news.place.record_ns = news.place.header_ns = 0
    restored(path, backup)
    assert any("replaced by another copy" in text for text in texts(news))


def test_a_position_that_is_open_in_the_backup_is_watched_for_its_stop(path, tmp_path):
    with opened(path) as journal:
        for kind, body in ((Kind.INTENT, intent_record(INTENT)), (Kind.FILL, fill())):
            add(journal, kind, body)
        backup = copied(path, tmp_path / "backup")
        add(journal, Kind.ORDER, order("OrderAccepted"))
    news = news_of(path)
    texts(news)
    restored(path, backup)
    assert any("replaced" in text for text in texts(news))
    with opened(path) as journal:
        add(journal, Kind.ORDER, order("OrderCanceled"))
        texts(news)
        assert any("no stop known to work" in said.text for said in news.added(time.time_ns() + 10 * SECOND_NS))


def test_a_journal_that_vanishes_is_told_once_and_its_return_too_by_whatever_notifier(path, tmp_path):
    news = news_of(path)
    now = time.time_ns()
    assert list(news.added(now)) == list(news.added(now + 2 * GONE_NS)) == []  # it was never there
    opened(path).close()
    list(news.added(now))
    away = path.rename(tmp_path / "away")
    assert list(news.added(now)) == list(news.added(now + GONE_NS - 1)) == []
    (said,) = news.added(now + GONE_NS)
    assert said.event is Event.HEALTH and "is not there any more" in said.text
    assert list(news.added(now + 9 * GONE_NS)) == []
    again = news_of(path, kept(news))
    assert list(again.added(now + 20 * GONE_NS)) == list(again.added(now + 30 * GONE_NS)) == []
    away.rename(path)
    assert any("is there again" in text for text in texts(again)) and texts(again) == []


def test_a_journal_that_is_away_for_a_moment_is_not_told(path, tmp_path):
    opened(path).close()
    news, now = news_of(path), time.time_ns()
    list(news.added(now))
    for moment in range(3):
        away = path.rename(tmp_path / "away")
        assert list(news.added(now + moment * GONE_NS)) == []
        away.rename(path)
        assert list(news.added(now + moment * GONE_NS)) == []


def test_more_than_a_look_takes_comes_with_the_next_looks(path):
    with opened(path) as journal:
        for _ in range(MOST_ROWS + 10):
            journal.add(Kind.OPERATOR, new_york_ns("2025-09-16 10:41"), OperatorRecord("drill", "x"))
        journal.flush()
    news = news_of(path)
    counts = [len(texts(news)) for _ in range(3)]
    assert counts[1] > 0 and counts[2] == 0 and sum(counts) == MOST_ROWS + 11  # and the start


@pytest.mark.parametrize("body", ["[1]", '{"unclosed": ', "null"])
def test_a_record_of_a_later_version_or_a_damaged_one_is_told_and_the_next_one_too(path, body):
    with opened(path) as journal:
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "x"))
    with sqlite3.connect(path) as db:
        (seq,) = db.execute("SELECT max(seq) FROM records").fetchone()
        for number, (kind, text) in enumerate((("alarm", json.dumps({"text": "fire"})), ("kill", body), ("fill", "{}")), start=1):
            db.execute("INSERT INTO records VALUES (?, 1, 1, ?, NULL, 1, ?, NULL, NULL, NULL, NULL)", (seq + number, kind, text))
    said = [each for each in news_of(path).added(0) if each.event is Event.UNKNOWN]
    assert len(said) >= 3 and "fire" in said[0].text


def test_the_lock_that_a_loss_brings_is_told_once(path):
    with opened(path) as journal:
        news = news_of(path)
        for number in (1, 2):
            add(journal, Kind.OUTCOME, outcome(-1.0, trade_id=f"T{number}", day="2025-09-16", closed_ns=MOMENT))
        locks = [text for text in texts(news) if text.startswith("Entries are locked")]
        assert locks and any("losing streak" in lock for lock in locks)
        add(journal, Kind.OUTCOME, outcome(0.5, trade_id="T3", day="2025-09-16", closed_ns=MOMENT))
        assert not [text for text in texts(news) if "losing streak" in text]


def test_locks_that_were_there_before_are_not_told(path):
    place = Place()
    with opened(path) as journal:
        for number in (1, 2):
            add(journal, Kind.OUTCOME, outcome(-1.0, trade_id=f"T{number}", day="2025-09-16", closed_ns=MOMENT))
    assert list(new_locks(path, place, tell=False)) == [] and place.locks
    assert list(new_locks(path, place, tell=True)) == []


# ------------------------------------------------------------------ what no record says


def report(folder: Path, made_at_ns: int, status: object) -> None:
    body = {"made_at_ns": made_at_ns, "mode": "PAPER", "items": [{"name": "disk", "status": status, "found": "1 MB free"}]}
    (folder / "check-paper-DU1234567.json").write_text(json.dumps(body))


@pytest.mark.parametrize(("status", "told"), [("FAIL", 1), ("PASS", 0), ("WARN", 0), ("SKIP", 0), ("EXPLODED", 1), ([], 1), (None, 1)])
def test_a_check_that_failed_is_told_once(path, tmp_path, status, told):
    place = Place()
    report(tmp_path, 5, status)
    assert len(list(failed_checks(path, place))) == told
    assert list(failed_checks(path, place)) == []
    report(tmp_path, 6, status)
    assert len(list(failed_checks(path, place))) == told


@pytest.mark.parametrize("content", ["", "[]", "{", '{"made_at_ns": "x"}'])
def test_a_report_that_cannot_be_read_is_passed_over(path, tmp_path, content):
    (tmp_path / "check-paper-x.json").write_text(content)
    assert list(failed_checks(path, Place())) == []


def test_a_roll_is_told_once_a_few_days_before_it():
    contracts, place, told = load_contracts(None), Place(), []
    for day in (1, 8, 10, 12, 15, 16):
        told += [(day, said.text) for said in roll_due(contracts, dt.date(2025, 9, day), place)]
    assert len(told) == 1
    day, text = told[0]
    assert "expires on 2025-09-19" in text and day == 10 and around.ROLL_DAYS == 5


def test_the_digest_is_the_verdict_of_that_day_alone_and_how_things_stand(tmp_path):
    one, two = (tmp_path / "one.sqlite", tmp_path / "two.sqlite")
    first = digest(small_journal.write(one, days=("2025-10-01",), bars=75), dt.date(2025, 10, 1))
    second = digest(small_journal.write(two, days=("2025-10-01", "2025-10-02"), bars=75), dt.date(2025, 10, 2))
    assert first.event is Event.DIGEST and first.text.startswith("Wednesday 2025-10-01. Won $13.76")
    assert "Lost $12.49" in second.text and "in 1 trade over 1 session" in second.text
    assert "Kill switch ARMED." in second.text and "Next:" not in second.text


def test_a_session_without_a_bar_is_no_digest_but_an_alarm(tmp_path):
    path = small_journal.write(tmp_path / "journal.sqlite", days=("2025-10-01",), bars=5)
    said = digest(path, dt.date(2025, 10, 2))
    assert said.event is Event.HEALTH and "did the bot run?" in said.text


def digests(news: News, *moments: str) -> list[Said]:
    found = [said for moment in moments for said in news.around(new_york_ns(moment))]
    return [said for said in found if said.event in (Event.DIGEST, Event.HEALTH)]


def test_there_is_one_digest_a_session_and_none_where_the_exchange_is_closed(path):
    with opened(path) as journal:
        add(journal, Kind.BAR, bar())
    news = news_of(path)
    list(news.added(0))
    days = ("2025-09-16 17:14", "2025-09-16 17:15", "2025-09-16 17:16", "2025-09-16 23:59", "2025-09-20 17:20", "2025-09-22 17:15")
    assert [said.event for said in digests(news, *days)] == [Event.DIGEST, Event.HEALTH]  # no bar on Monday
    assert digests(news_of(path, kept(news)), "2025-09-22 18:00") == []


def test_a_digest_that_was_due_before_anybody_asked_is_not_made_up(path):
    with opened(path) as journal:
        add(journal, Kind.BAR, bar())
    news = news_of(path, from_now=True)
    list(news.added(0))
    assert digests(news, "2025-09-16 18:00", "2025-09-16 18:01") == []


# -------------------------------------------------------------------------------- health


def test_a_run_that_broke_off_is_ill_and_one_that_ended_is_over(path):
    with RunLock(path):
        journal = opened(path)
        assert Health(path).look(new_york_ns("2025-09-16 03:00")) == ("", False, False)
    journal.close()
    assert "INTERRUPTED" in Health(path).look(time.time_ns()).ill
    with RunLock(path), opened(path) as journal:
        journal.end({})
    vital = Health(path).look(time.time_ns())
    assert vital.over and "No process writes" in vital.ill


def test_a_journal_that_stands_still_while_the_session_is_open_is_ill(path, monkeypatch):
    clock = [new_york_ns("2025-09-16 10:00")]
    monkeypatch.setattr("live_journal.time.time_ns", lambda: clock[0])
    with RunLock(path), opened(path) as journal:
        clock[0] += 60 * SECOND_NS
        add(journal, Kind.BAR, bar())
        health = Health(path)
        assert health.look(clock[0] + SILENT_NS) == ("", False, False)
        assert "no bar was journaled since 10:01" in health.look(clock[0] + SILENT_NS + 1).ill
        assert health.look(new_york_ns("2025-09-16 16:30")).ill == ""
        assert health.look(new_york_ns("2025-09-20 11:00")).ill == ""  # a Saturday


@pytest.mark.parametrize("replayed", [False, True])
def test_a_run_whose_loop_does_not_turn_is_ill_whatever_the_hour(path, monkeypatch, replayed):
    monkeypatch.setattr("live_journal.time.time_ns", lambda: new_york_ns("2025-09-20 11:00"))  # a Saturday
    with RunLock(path), opened(path, replayed_time=replayed):
        sign_of_life(path)
        last_ns = path.with_name(f"{path.name}.lock").stat().st_mtime_ns
        assert Health(path).look(last_ns + 15 * SECOND_NS).ill == ""
        assert "no sign of life for 16 s" in Health(path).look(last_ns + 16 * SECOND_NS).ill


def test_a_run_that_has_given_no_sign_yet_is_starting(path):
    with RunLock(path), opened(path):
        assert "sign of life" not in Health(path).look(time.time_ns() + 60 * SECOND_NS).ill


def test_a_replay_is_not_measured_by_this_machines_clock(path, monkeypatch):
    monkeypatch.setattr("live_journal.time.time_ns", lambda: new_york_ns("2025-09-16 10:00"))
    with RunLock(path), opened(path, replayed_time=True):
        assert Health(path).look(new_york_ns("2025-09-16 12:00")) == ("", False, True)


def test_what_cannot_be_looked_at_is_ill(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"no journal at all" * 100)
    assert "cannot be seen" in Health(path).look(0).ill


def test_illness_is_told_when_it_begins_and_when_it_is_over_by_whatever_notifier(path):
    news = news_of(path)
    with RunLock(path):
        opened(path).close()
    list(news.added(0))
    (said,) = news.changed(news.health(0))
    assert said.event is Event.HEALTH and "INTERRUPTED" in said.text and "Nothing is open." in said.text
    assert list(news.changed(news.health(0))) == []
    again = news_of(path, kept(news))
    assert list(again.changed(again.health(0))) == []
    with RunLock(path), opened(path):
        (over,) = again.changed(again.health(new_york_ns("2025-09-20 11:00")))
        assert "the run goes on" in over.text


def test_an_illness_that_only_lasts_longer_is_told_once(path):
    news = news_of(path)
    told = [list(news.changed(Vital(f"The bot has given no sign of life for {seconds:,} s"))) for seconds in (16, 36, 1056)]
    assert [len(said) for said in told] == [1, 0, 0]
    assert list(news.changed(Vital("The session is open and no bar was journaled since 10:41")))


def test_a_decision_is_read_only_if_the_broker_stands_against_it(path):
    gate = GateRecord("BROKER_BLOCK", 0, "found", "DataRefused: 162", "required", "none", "", None)
    with opened(path) as journal:
        add(journal, Kind.BAR, bar())
        for other in (GATE, gate):
            add(journal, Kind.DECISION, DecisionRecord("K1", Action.SKIP, "skipped", 1.0, 1.0, gate=other))
    assert [row.kind for row in added_since(path, 0, 0).rows] == ["contracts", "bar", "decision"]
    assert any("no entries: DataRefused: 162" in text for text in texts(news_of(path)))
