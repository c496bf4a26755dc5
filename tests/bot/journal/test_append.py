"""A live run goes on with the journal of earlier runs: one chain, whoever wrote which part of it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
import scripted_run
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_run import bar_ns, bar_record, intent_record

import bot
from bot.contracts.load import load_contracts, packaged_directory
from bot.contracts.models import Contracts
from bot.errors import JournalBroken, JournalError
from bot.journal import schema
from bot.journal.read import headers, opened, read
from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.journal.verify import verify

BARS = 4
LAW = scripted_run.contracts()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def append(path: Path, law: Contracts = LAW, wall_ns: int = 1) -> Journal:
    return Journal.append(path, "live", law, {"account": "DU1"}, lambda: wall_ns)


Step = Callable[[Journal], object]


def steps(bars: int) -> list[Step]:
    """What a run of so many bars does to its journal, call by call; each bar ends with its link."""
    found = []
    for bar in range(bars):
        found.append(lambda journal, bar=bar: journal.add(Kind.BAR, bar_ns(bar), bar_record(bar)))
        if bar % 2:
            found.append(lambda journal, bar=bar: journal.write_ahead(Kind.INTENT, bar_ns(bar), intent_record(bar), "K1"))
        found.append(lambda journal, bar=bar: journal.close_link(bar_ns(bar)))
    return found


def write(path: Path, chosen: list[Step], law: Contracts = LAW, wall_ns: int = 1) -> str:
    """One run that does these things and ends properly; the head it leaves."""
    with append(path, law, wall_ns) as journal:
        for step in chosen:
            step(journal)
        return journal.head


def stored(path: Path) -> list[tuple]:
    """Every record but its wall time, body as text."""
    with opened(path) as db:
        return db.execute("SELECT seq, ts_ns, kind, strategy, contract_set, body FROM records ORDER BY seq").fetchall()


def links(path: Path) -> list[tuple]:
    with opened(path) as db:
        return db.execute("SELECT link, ts_ns, last_seq FROM links ORDER BY link").fetchall()


def other_law(folder: Path, name: str = "other") -> Contracts:
    """The contracts with one number changed."""
    made = folder / name
    shutil.copytree(packaged_directory(), made)
    file = made / "constitution.yaml"
    text = file.read_text()
    assert "max_submissions_per_day: 6" in text
    file.write_text(text.replace("max_submissions_per_day: 6", "max_submissions_per_day: 5"))
    return load_contracts(made)


# ------------------------------------------------------------------ one chain


def test_a_file_that_does_not_exist_is_begun_as_a_new_journal_is(path, tmp_path):
    head = write(path, steps(BARS))
    with Journal.create(tmp_path / "created.sqlite", "live", LAW, {}, lambda: 1) as journal:
        for step in steps(BARS):
            step(journal)
        assert journal.head == head == verify(path).head


def test_several_runs_leave_one_unbroken_chain_with_records_and_links_numbered_on(path):
    heads, runs = [], (1, 2, 3)
    for run in runs:
        heads.append(write(path, steps(6)[run * 5 - 5 : run * 5], wall_ns=run))
        report = verify(path)
        assert (report.head, report.unlinked) == (heads[-1], 0)
    assert len(set(heads)) == 3
    assert [row[0] for row in stored(path)] == list(range(1, len(stored(path)) + 1))
    assert [row[0] for row in links(path)] == list(range(1, len(links(path)) + 1))
    with opened(path) as db:
        found = [(header["mode"], header["account"], header["wall_ns"]) for header in headers(db)]
    assert found == [("live", "DU1", run) for run in runs]


def test_a_run_that_records_nothing_leaves_the_chain_where_it_was(path):
    head = write(path, steps(BARS))
    before = stored(path), links(path)
    assert write(path, []) == head
    assert (stored(path), links(path)) == before


def test_a_journal_that_create_made_can_be_gone_on_with(path):
    scripted_run.run(path, BARS)
    begun = verify(path)
    head = write(path, steps(1))
    assert verify(path) == type(begun)(head=head, links=begun.links + 1, records=begun.records + 1, unlinked=0)


@settings(max_examples=40)
@given(ends=st.lists(st.integers(0, 3 * BARS), max_size=4))
def test_the_same_sequence_in_many_runs_leaves_the_records_of_one(tmp_path_factory, ends):
    folder, script = tmp_path_factory.mktemp("split"), steps(BARS)
    whole = write(folder / "one.sqlite", script)
    cuts = [0, *sorted(end for end in ends if end <= len(script)), len(script)]
    for start, end in pairwise(cuts):
        write(folder / "many.sqlite", script[start:end])
    assert stored(folder / "many.sqlite") == stored(folder / "one.sqlite")
    report = verify(folder / "many.sqlite")
    assert report.unlinked == 0
    bar_ends = {0, *accumulate(2 + bar % 2 for bar in range(BARS))}
    if set(cuts) <= bar_ends:  # no run ended inside a bar: then even the links are the same
        assert report.head == whole


# ------------------------------------------------------------------ a process that died


def test_records_left_without_a_link_get_one_as_they_stand(path):
    with append(path) as journal:
        for step in steps(BARS):
            step(journal)
        journal.add(Kind.BAR, bar_ns(BARS), bar_record(BARS))
        journal.write_ahead(Kind.BAR, bar_ns(BARS) + 1, bar_record(BARS))
    left, before = verify(path), stored(path)
    assert left.unlinked == 2
    with append(path) as journal:
        journal.add(Kind.BAR, bar_ns(BARS + 1), bar_record(BARS + 1))
        journal.close_link(bar_ns(BARS + 1))
    report = verify(path)
    assert (report.links, report.records, report.unlinked) == (left.links + 2, left.records + 1, 0)
    assert stored(path)[:-1] == before
    assert links(path)[-2:] == [
        (left.links + 1, bar_ns(BARS) + 1, left.records),
        (left.links + 2, bar_ns(BARS + 1), left.records + 1),
    ]


def test_records_left_without_a_link_and_new_contracts_are_two_links(path, tmp_path):
    with append(path) as journal:
        journal.write_ahead(Kind.BAR, bar_ns(0), bar_record(0))
    write(path, [], other_law(tmp_path))
    assert links(path) == [(1, 0, 1), (2, bar_ns(0), 2), (3, bar_ns(0), 3)]
    assert verify(path).unlinked == 0


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Journals of a run killed (SIGKILL) at each of its commits, as the processes left them."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, scripted_run.__file__, str(folder), str(BARS)]
    subprocess.run(command, check=True, timeout=120, env={"PYTHONPATH": str(Path(bot.__file__).parents[1])})
    return sorted(folder.glob("killed-*.sqlite"))


def test_killed_at_any_commit_the_chain_goes_on_and_covers_what_was_left(killed):
    reports = [verify(path) for path in killed]
    assert len(killed) > BARS and any(stored(path)[-1][2] == Kind.INTENT for path in killed), "no journal was killed inside a bar"
    for path, left in zip(killed, reports, strict=True):
        before = stored(path)
        head = write(path, steps(1))
        report = verify(path)
        assert (report.head, report.unlinked, report.records) == (head, 0, left.records + 1)
        assert stored(path)[: left.records] == before
        assert report.links == left.links + bool(left.unlinked) + 1


def begun_to(path: Path, *statements: str) -> None:
    """A journal whose process died before its first link, after so much of the beginning."""
    db = sqlite3.connect(path, isolation_level=None)
    schema.install(db)
    for statement in statements:
        db.execute(statement, (LAW.sha256,) if "?" in statement else ())
    db.close()


@pytest.mark.parametrize(
    "statements",
    [
        (),
        ("INSERT INTO contract_sets VALUES (1, ?)",),
        ("INSERT INTO contract_sets VALUES (1, ?)", "INSERT INTO runs VALUES (1, 5, '{}')"),
    ],
    ids=["after its tables", "after its contract set", "after its run header"],
)
def test_killed_before_its_first_link_the_journal_is_begun_all_the_same(path, tmp_path, statements):
    begun_to(path, *statements)
    assert verify(path).records == 0
    head = write(path, steps(BARS))
    assert head == verify(path).head == write(tmp_path / "whole.sqlite", steps(BARS))
    assert stored(path) == stored(tmp_path / "whole.sqlite")


# ------------------------------------------------------------------ contracts


def laws_of(path: Path) -> list[str]:
    """The contracts as CONTRACTS records tell them, in order."""
    with opened(path) as db:
        return [record.body["sha256"] for record in read(db, Kind.CONTRACTS)]


def test_contracts_that_changed_are_recorded_anew_once_and_unchanged_ones_are_not(path, tmp_path):
    other = other_law(tmp_path)
    assert other.sha256 != LAW.sha256
    a, b = LAW.sha256, other.sha256
    for law, told in ((LAW, [a]), (LAW, [a]), (other, [a, b]), (other, [a, b]), (LAW, [a, b, a])):
        write(path, steps(1), law)
        assert laws_of(path) == told
        assert verify(path).unlinked == 0
    with opened(path) as db:
        assert db.execute("SELECT contract_set, sha256 FROM contract_sets").fetchall() == [(1, a), (2, b)]
        bars = db.execute("SELECT sha256 FROM records JOIN contract_sets USING (contract_set) WHERE kind = 'bar' ORDER BY seq").fetchall()
    assert [sha for (sha,) in bars] == [a, a, b, b, a]


def test_contracts_recorded_anew_stand_at_the_time_the_journal_had_reached(path, tmp_path):
    write(path, steps(BARS))
    write(path, [], other_law(tmp_path))
    with opened(path) as db:
        *_, last = read(db)
    assert (last.kind, last.ts_ns, last.body["values"]["constitution"]["frequency"]["max_submissions_per_day"]) == (
        Kind.CONTRACTS,
        bar_ns(BARS - 1),
        5,
    )


def test_killed_while_the_new_contracts_were_being_recorded_they_are_recorded_by_the_next(path, tmp_path):
    write(path, steps(1))
    other = other_law(tmp_path)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO contract_sets VALUES (2, ?)", (other.sha256,))
    write(path, steps(1), other)
    assert laws_of(path) == [LAW.sha256, other.sha256]
    assert verify(path).unlinked == 0


# ------------------------------------------------------------------ what is refused


def damage(path: Path, *statements: str) -> None:
    """Change the file as somebody would who drops the triggers first and puts them back after."""
    triggers = [statement for statement in schema.STATEMENTS if statement.startswith("CREATE TRIGGER")]
    with sqlite3.connect(path) as db:
        for statement in (*(f"DROP TRIGGER {trigger.split()[2]}" for trigger in triggers), *statements, *triggers):
            db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE records SET body = replace(body, 'K1', 'K2') WHERE kind = 'intent'", "its records hash to"),
        ("UPDATE packs SET crc32 = crc32 + 1 WHERE first_seq = 2", "the pack of record 2 is damaged"),
        ("DELETE FROM records WHERE seq = 3", "record 3 is missing"),
        ("DELETE FROM links WHERE link = 2", "2 was expected"),
        ("UPDATE contract_sets SET sha256 = '00'", "its records hash to"),
        ("CREATE TABLE notes (text TEXT)", "notes does not belong"),
        ("PRAGMA user_version = 9", "its schema version is 9"),
    ],
)
def test_a_damaged_journal_is_refused_in_one_sentence_and_nothing_is_written_to_it(path, statement, told):
    write(path, steps(BARS))
    damage(path, statement)
    with opened(path) as db:
        before = list(db.iterdump())
    with pytest.raises(JournalBroken) as refused:
        append(path)
    text = str(refused.value)
    assert str(path) in text and told in text
    assert text.endswith(".") and "\n" not in text
    with opened(path) as db:
        assert list(db.iterdump()) == before


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("diary.sqlite", b"dear diary " * 999, "cannot be written as a journal"),
        ("nowhere/journal.sqlite", None, "cannot be written as a journal"),
    ],
)
def test_what_is_no_journal_is_refused_in_one_sentence_and_left_alone(tmp_path, name, content, told):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalError, match=told):
        append(path)
    assert (path.read_bytes() if path.exists() else None) == content


def test_the_second_of_two_writers_is_stopped_by_one_sentence_and_the_chain_stays_whole(path):
    write(path, steps(1))
    first, second = append(path), append(path)
    for step in steps(BARS)[2:5]:
        step(first)
    second.add(Kind.BAR, bar_ns(1), bar_record(1))
    with pytest.raises(JournalError, match="does another process write to it") as refused:
        second.close_link(bar_ns(1))
    assert "\n" not in str(refused.value)
    with pytest.raises(JournalError):
        second.close()
    for step in steps(BARS)[5:]:
        step(first)
    first.close()
    assert verify(path).unlinked == 0
    assert [row[2] for row in stored(path)].count(Kind.BAR) == BARS


def test_a_writer_that_begins_inside_the_bar_of_another_ends_that_bar_and_the_other_is_told(path):
    first = append(path)
    first.write_ahead(Kind.BAR, bar_ns(0), bar_record(0))
    second = append(path)
    first.add(Kind.BAR, bar_ns(0), bar_record(0))
    with pytest.raises(JournalError, match="does another process write to it"):
        first.close_link(bar_ns(0))
    with pytest.raises(JournalError):
        first.close()
    second.add(Kind.BAR, bar_ns(1), bar_record(1))
    second.close_link(bar_ns(1))
    second.close()
    assert verify(path).unlinked == 0
    assert [row[2] for row in stored(path)] == [Kind.CONTRACTS, Kind.BAR, Kind.BAR]
