import sqlite3

import pytest
from msgspec import convert
from scripted_run import bar_ns, bar_record, contracts, intent_record, outcome, run, write
from test_verify import tamper

from bot.errors import JournalBroken, JournalError
from bot.journal.read import headers, opened, read
from bot.journal.records import Action, BarRecord, DecisionRecord, KillRecord, Kind, OperatorRecord, StateRecord
from bot.journal.store import Journal
from bot.journal.verify import verify


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def create(path, **options):
    return Journal.create(path, "backtest", contracts(), {"bars": "bars.csv"}, lambda: 7, **options)


def test_records_come_back_in_order_with_kind_time_strategy_and_body(path):
    run(path, 3)
    with opened(path) as db:
        records = list(read(db))
    assert [record.seq for record in records] == list(range(1, 1 + 1 + 3 * 6 + 1))
    assert records[0].kind is Kind.CONTRACTS
    assert records[1].body["signals"] == {"vwap": 6700.0, "atr_norm": None, "noise": 0.5}
    assert [(record.strategy, record.ts_ns) for record in records[2:4]] == [("K1", bar_ns(0)), ("K2", bar_ns(0))]


def test_the_contracts_record_holds_every_value_and_no_path(path):
    run(path, 1)
    with opened(path) as db:
        body = next(read(db, Kind.CONTRACTS)).body
    assert body["sha256"] == contracts().sha256
    assert body["values"]["constitution"]["loss_limits"]["day_usd"] == "30.0"
    assert "directory" not in body["values"]


def test_the_run_header_stands_outside_the_chain(path):
    run(path, 1, wall_ns=99)
    with opened(path) as db:
        (header,) = headers(db)
    assert header["wall_ns"] == 99
    assert header["mode"] == "backtest"
    assert header["bars"] == str(path)


def test_wall_time_path_and_batching_do_not_change_the_head(tmp_path):
    heads = {
        run(tmp_path / "a.sqlite", 9, wall_ns=1),
        run(tmp_path / "b.sqlite", 9, wall_ns=2),
        run(tmp_path / "c.sqlite", 9, flush_every_links=4),
    }
    assert len(heads) == 1


def test_any_other_value_changes_the_head(tmp_path):
    heads = []
    for number, dvs in enumerate((1.0, 0.9999999)):
        with create(tmp_path / f"{number}.sqlite") as journal:
            journal.add(Kind.BAR, bar_ns(0), bar_record(0, dvs))
            journal.close_link(bar_ns(0))
            heads.append(journal.head)
    assert heads[0] != heads[1]


def test_keys_of_a_dict_may_come_in_any_order(tmp_path):
    heads = set()
    for number, signals in enumerate(({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0})):
        with create(tmp_path / f"{number}.sqlite") as journal:
            journal.add(Kind.BAR, 1, BarRecord(1, 1, 1, 1, 1, False, "range", 1, 1, 1, [], 1, [], signals))
            journal.close_link(1)
            heads.add(journal.head)
    assert len(heads) == 1


def test_nan_is_written_as_null(path):
    with create(path) as journal:
        journal.add(Kind.BAR, 1, bar_record(0, float("nan")))
    with opened(path) as db:
        assert next(read(db, Kind.BAR)).body["dvs"] is None


def test_a_link_without_records_is_no_link(path):
    with create(path) as journal:
        head = journal.head
        journal.close_link(5)
        assert journal.head == head


BODIES = {
    Kind.DECISION: DecisionRecord("K1", Action.SKIP, "K1 skipped", 1.0, 1.0),
    Kind.OUTCOME: outcome(0),
    Kind.STATE: StateRecord("K1", "ACTIVE", "THROTTLED", 1, "two losses", "losses", 2.0, 2, "two wins"),
}
ENDERS = {
    Kind.INTENT: intent_record(0),
    Kind.KILL: KillRecord("TRIPPED", "manual"),
    Kind.OPERATOR: OperatorRecord("kill", "enough"),
}


@pytest.mark.parametrize("kind", Kind)
def test_a_link_ends_at_an_intent_kill_or_operator_record_and_at_no_other(path, kind):
    with create(path) as journal:
        head = journal.head
        journal.add(kind, bar_ns(0) - 1, (BODIES | ENDERS).get(kind, bar_record(0)))
        assert (journal.head != head) is (kind in ENDERS)
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        journal.close_link(bar_ns(0))
    with opened(path) as db:
        links = db.execute("SELECT ts_ns, last_seq FROM links WHERE link > 1 ORDER BY link").fetchall()
    assert links == ([(bar_ns(0), 2), (bar_ns(0), 3)] if kind in ENDERS else [(bar_ns(0), 3)])


@pytest.mark.parametrize("seq", [2, 3])
def test_a_kill_in_the_open_minute_cannot_be_edited_or_cut_unseen(path, seq):
    with create(path) as journal:
        journal.add(Kind.OPERATOR, bar_ns(0), ENDERS[Kind.OPERATOR])
        journal.add(Kind.KILL, bar_ns(0), ENDERS[Kind.KILL])
    assert verify(path).unlinked == 0
    tamper(path, f"UPDATE records SET body = replace(body, 'i', 'j') WHERE seq = {seq}")
    with pytest.raises(JournalBroken, match=rf"broken at link {seq} "):
        verify(path)


def test_a_link_has_the_latest_minute_of_its_records(path):
    with create(path) as journal:
        journal.add(Kind.BAR, bar_ns(1), bar_record(0))
        journal.add(Kind.KILL, bar_ns(0), ENDERS[Kind.KILL])
    with opened(path) as db:
        assert db.execute("SELECT ts_ns FROM links WHERE link = 2").fetchone() == (bar_ns(1),)


def test_an_existing_file_is_never_overwritten(path):
    run(path, 1)
    with pytest.raises(JournalError, match="exists already"):
        create(path)


def test_a_folder_that_does_not_exist_gets_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="cannot be written as a journal"):
        create(tmp_path / "nowhere" / "journal.sqlite")


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_text("a diary, but not ours " * 99)
    with pytest.raises(JournalError):
        create(path, resume=True)
    assert path.read_text().startswith("a diary")


@pytest.mark.parametrize("table", ["records", "links", "runs", "contract_sets"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {0} SET rowid = rowid + 1000",
        "DELETE FROM {0}",
        "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
    ],
)
def test_the_file_refuses_updates_deletes_and_replacements(path, table, change):
    run(path, 2)
    with sqlite3.connect(path) as db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(change.format(table))


def test_a_written_ahead_record_and_all_before_it_are_in_the_file_before_the_call_returns(path):
    with create(path, flush_every_links=1000) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        journal.write_ahead(Kind.INTENT, bar_ns(0), intent_record(0), "K1")
        with opened(path) as db:
            assert [record.kind for record in read(db)] == [Kind.CONTRACTS, Kind.BAR, Kind.INTENT]


def test_a_bar_is_in_the_file_when_its_link_is_closed(path):
    with create(path) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        with opened(path) as db:
            assert list(read(db, Kind.BAR)) == []
        journal.close_link(bar_ns(0))
        with opened(path) as db:
            assert len(list(read(db, Kind.BAR))) == 1


def test_a_second_writer_is_stopped_by_a_sentence(path):
    with create(path) as first:
        second = create(path, resume=True)
        first.add(Kind.BAR, bar_ns(0), bar_record(0))
        first.close_link(bar_ns(0))
        second.add(Kind.BAR, bar_ns(0), bar_record(0))
        with pytest.raises(JournalError, match="another process"):
            second.close_link(bar_ns(0))
        with pytest.raises(JournalError):
            second.close()


def test_a_resumed_run_compares_then_appends(path, tmp_path):
    run(path, 4)
    with create(path, resume=True) as journal:
        write(journal, 4)
    whole = run(tmp_path / "whole.sqlite", 9)
    assert run(path, 9, resume=True) == whole == verify(path).head
    with opened(path) as db:
        assert len(headers(db)) == 3


def test_resuming_a_file_that_does_not_exist_makes_it(path, tmp_path):
    assert run(path, 3, resume=True) == run(tmp_path / "other.sqlite", 3)


def test_a_resumed_run_that_decides_otherwise_is_stopped_with_both_records(path):
    run(path, 3)
    with create(path, resume=True) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        with pytest.raises(JournalBroken, match=r"record 3, stored: decision of K1 .* now: bar at 2025-10-02 09:31"):
            journal.add(Kind.BAR, bar_ns(0), bar_record(0))


def test_a_resumed_run_that_sees_another_price_is_stopped_at_the_place(path):
    run(path, 3)
    with create(path, resume=True) as journal, pytest.raises(JournalBroken) as caught:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0, dvs=0.7))
    assert '"dvs":1.0' in str(caught.value)
    assert '"dvs":0.7' in str(caught.value)


def test_a_resumed_run_that_adds_to_a_finished_bar_is_stopped(path):
    run(path, 1)
    with opened(path) as db:
        decisions = [convert(record.body, DecisionRecord) for record in read(db, Kind.DECISION)]
    with create(path, resume=True) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        for decision in decisions:
            journal.add(Kind.DECISION, bar_ns(0), decision, decision.strategy)
        with pytest.raises(JournalBroken, match="would follow in it"):
            journal.add(Kind.BAR, bar_ns(0), bar_record(1))


def test_a_resumed_run_that_ends_its_bars_elsewhere_is_stopped(path):
    run(path, 2)
    with create(path, resume=True) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        with pytest.raises(JournalBroken, match="link 2, stored: up to record 7"):
            journal.close_link(bar_ns(0))


@pytest.mark.parametrize("another", [False, True], ids=["gone", "replaced"])
def test_a_file_that_is_not_at_its_place_any_more_takes_nothing_and_all_of_it_when_it_is_back(path, tmp_path, another):
    aside = tmp_path / "aside"
    journal = create(path)
    journal.write_ahead(Kind.KILL, 1, KillRecord("TRIPPED", "one"))
    path.rename(aside)
    if another:
        path.write_bytes(aside.read_bytes())
    with pytest.raises(JournalError, match="is gone, or another file is in its place"):
        journal.write_ahead(Kind.KILL, 2, KillRecord("TRIPPED", "two"))
    aside.replace(path)
    journal.write_ahead(Kind.KILL, 3, KillRecord("TRIPPED", "three"))
    journal.close()
    with opened(path) as db:
        assert [record.body["reason"] for record in read(db, Kind.KILL)] == ["one", "two", "three"]


def test_other_contracts_cannot_resume_and_nothing_is_written(path):
    run(path, 2)
    before = verify(path)
    other = contracts().model_copy(update={"sha256": "0" * 64})
    with pytest.raises(JournalBroken, match="contracts 000000000000"):
        Journal.create(path, "backtest", other, {}, lambda: 1, resume=True)
    assert verify(path) == before
    with opened(path) as db:
        assert len(headers(db)) == 1


def test_a_resumed_run_may_end_early_and_loses_nothing(path):
    head = run(path, 5)
    run(path, 2, resume=True)
    assert verify(path).head == head
