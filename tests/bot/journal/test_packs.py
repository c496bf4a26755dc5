"""Packed bodies: what comes out is what went in, whoever wrote it; a file of an earlier schema says the same, and is not written on."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import scripted_run
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_run import STRATEGIES, bar_ns

from bot.errors import JournalBroken, JournalError
from bot.journal import packs, schema
from bot.journal.packs import WHOLE, Bodies, Packer, taught
from bot.journal.read import headers, opened, read
from bot.journal.records import Kind, OperatorRecord
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.journal.why import why
from bot.report import frames
from bot.report.compare import compare
from bot.runtime.past import past_of

# Seven scripted bars and an outcome, each by the last program that wrote that schema.
EARLIER = {1: Path(__file__).with_name("first_schema.sqlite.gz"), 2: Path(__file__).with_name("second_schema.sqlite.gz")}
FIRST_HEAD = "7e2e9ddce38c20927622e53aea8289e485dc85fc014243bc4f0a853db1894cea"
HEADER = {"account": "DU1", "learning": True, "replayed_time": True, "continues": ""}
BARS = 7


@pytest.fixture(params=EARLIER)
def old(request, tmp_path):
    path = tmp_path / "old.sqlite"
    path.write_bytes(gzip.decompress(EARLIER[request.param].read_bytes()))
    return path


@pytest.fixture
def first(tmp_path):
    path = tmp_path / "first.sqlite"
    path.write_bytes(gzip.decompress(EARLIER[1].read_bytes()))
    return path


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "new.sqlite"
    with Journal.append(path, "paper", scripted_run.contracts(), HEADER, lambda: 1) as journal:
        scripted_run.write(journal, BARS)
        journal.add(Kind.OUTCOME, bar_ns(BARS), scripted_run.outcome(2), "K1")
        journal.close_link(bar_ns(BARS))
    return path


def version(path):
    with opened(path) as db:
        return schema.version_of(db)


def asked(path, query):
    with opened(path) as db:
        return db.execute(query).fetchall()


def asked_names(path, view):
    with opened(path) as db:
        return [column[0] for column in db.execute(f"SELECT * FROM {view}").description]


# ------------------------------------------------------------------------- there and back

text = st.text(max_size=40).map(lambda said: b'{"said":"%b"}' % said.replace("\n", " ").encode("utf-8", "replace"))


@given(st.lists(st.lists(st.none() | text, min_size=1, max_size=12), min_size=1, max_size=12), st.integers(1, 400))
@settings(max_examples=150, deadline=None)
def test_bodies_come_back_byte_for_byte_however_they_were_cut_into_packs_and_streams(groups, most):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db, pytest.MonkeyPatch.context() as patched:
        patched.setattr(packs, "STREAM_BYTES", most)
        for statement in schema.STATEMENTS:
            db.execute(statement)
        taught(db)
        packer, seq, expected = Packer(), 0, []
        for group in groups:
            lines = []
            for body in group:
                seq += 1
                if body is None and not lines:  # a pack begins with a body
                    db.execute("INSERT INTO records VALUES (?, 1, 1, 'fill', NULL, 1, 'own', 1, 1, 1, 1)", (seq,))
                    expected.append((seq, "own"))
                    continue
                if not lines:
                    first = seq
                lines.append(body or b"")
                db.execute("INSERT INTO records VALUES (?, 1, 1, 'bar', NULL, 1, ?, 1, 1, 1, 1)", (seq, None if body else "own"))
                expected.append((seq, body.decode() if body else "own"))
            if lines:
                db.execute("INSERT INTO packs VALUES (?, ?, ?, ?)", packer.pack(first, lines))
        assert db.execute(f"SELECT seq, body FROM {WHOLE} ORDER BY seq").fetchall() == expected
        assert db.execute(f"SELECT seq, body FROM {WHOLE} ORDER BY seq DESC").fetchall() == expected[::-1]
        for one in expected[:: max(1, len(expected) // 7)]:
            assert db.execute(f"SELECT seq, body FROM {WHOLE} WHERE seq = ?", one[:1]).fetchall() == [one]
        assert Bodies(db).faults() == ""


def test_a_bar_and_its_decisions_cost_little_more_than_what_is_new_in_them(new):
    (stored, bodies) = asked(
        new, f"SELECT (SELECT sum(length(bodies)) FROM packs), sum(length(body)) FROM {WHOLE} WHERE kind IN ('bar', 'decision')"
    )[0]
    assert stored < bodies / 10


def test_a_bar_is_found_without_the_rest_of_the_journal(new):
    with opened(new) as db:
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT body FROM {WHOLE} WHERE seq > 30 AND kind = 'bar'"))
    assert "SEARCH records USING INTEGER PRIMARY KEY" in plan


# --------------------------------------------------------------------------- strength


def changed(path, tmp_path, *statements):
    copy = tmp_path / "changed.sqlite"
    shutil.copy(path, copy)
    triggers = [statement for statement in schema.STATEMENTS if statement.startswith("CREATE TRIGGER")]
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        for trigger in triggers:
            db.execute(f"DROP TRIGGER {trigger.split()[2]}")
        for statement, *values in statements:
            db.execute(statement, values)
        for trigger in triggers:
            db.execute(trigger)
    return copy


def test_each_byte_of_a_pack_that_changes_is_told(new, tmp_path):
    (first, content), *_ = asked(new, "SELECT first_seq, bodies FROM packs ORDER BY first_seq LIMIT 1 OFFSET 2")
    for place in range(len(content)):
        other = content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        with pytest.raises(JournalBroken, match=f"the pack of record {first} is damaged"):
            verify(changed(new, tmp_path, ("UPDATE packs SET bodies = ? WHERE first_seq = ?", other, first)))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "DELETE FROM packs WHERE first_seq = (SELECT max(first_seq) FROM packs)",
            "the body of record 40 is missing",
        ),
        ("INSERT INTO packs SELECT 1, 1, crc32, bodies FROM packs WHERE first_seq = 2", "record"),
        ("INSERT INTO packs VALUES (9999, 9999, 0, x'')", "of record 9999"),
        ("UPDATE records SET body = '{}' WHERE seq = 4", "record 4|its records hash to"),
        ("UPDATE packs SET first_seq = first_seq + 1 WHERE first_seq = 2", "the body of record 2 is missing"),
    ],
)
def test_a_pack_that_is_gone_or_foreign_or_moved_is_told(new, tmp_path, statement, told):
    with pytest.raises(JournalBroken, match=told):
        verify(changed(new, tmp_path, (statement,)))


def test_two_packs_that_change_places_are_told(new, tmp_path):
    (one, a), (two, b) = asked(new, "SELECT first_seq, bodies FROM packs ORDER BY first_seq LIMIT 2 OFFSET 1")
    swap = [("UPDATE packs SET bodies = ? WHERE first_seq = ?", *pair) for pair in ((b, one), (a, two))]
    with pytest.raises(JournalBroken, match="is damaged"):
        verify(changed(new, tmp_path, *swap))


@pytest.mark.parametrize(
    "statement", ["UPDATE packs SET crc32 = 1", "DELETE FROM packs", "INSERT OR REPLACE INTO packs SELECT * FROM packs"]
)
def test_packs_are_append_only(new, statement):
    with closing(sqlite3.connect(new)) as db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)


def test_readers_of_a_damaged_pack_say_which_in_one_sentence(new, tmp_path):
    broken = changed(new, tmp_path, ("UPDATE packs SET crc32 = 0 WHERE first_seq = 2",))
    for reader in (lambda: why(broken, "2025-10-02 09:31"), lambda: frames.decisions(broken), lambda: compare(broken, new)):
        with pytest.raises(JournalError, match=r"cannot be read as a journal: the pack of record 2 is damaged; name .* of this one\.$"):
            reader()


# -------------------------------------------------------------------- the earlier schemas


def test_a_file_of_an_earlier_schema_is_verified_and_says_the_same_as_one_of_this(old, new):
    assert version(old) < version(new) == schema.SCHEMA_VERSION
    assert verify(old).head == verify(new).head == FIRST_HEAD
    with opened(old) as a, opened(new) as b:
        assert list(read(a)) == list(read(b)) and headers(a) == headers(b)
    for name in frames.FRAMES:
        assert frames.frame(old, name).equals(frames.frame(new, name)), name
    for view in schema.VIEWS:
        columns = ", ".join(f'"{name}"' for name in asked_names(old, view))
        assert asked(old, f"SELECT {columns} FROM {view}") == asked(new, f"SELECT {columns} FROM {view}"), view
    assert why(old, "2025-10-02 09:33").replace(str(old), str(new)) == why(new, "2025-10-02 09:33")
    assert past_of([old]) == past_of([new])
    assert compare(old, new).same


def test_what_a_person_asks_for_is_written_on_in_the_form_that_the_file_has(old):
    with Journal.append(old, "paper", scripted_run.contracts(), HEADER, lambda: 2, same_law=True) as journal:
        journal.write_ahead(Kind.OPERATOR, bar_ns(BARS), OperatorRecord("kill", "enough"))
        scripted_run.write(journal, 1)
    report = verify(old)
    assert report.records == 53 and report.head != FIRST_HEAD
    assert asked(old, "SELECT count(*) FROM records WHERE body IS NULL") == [(0 if version(old) == 1 else 48,)]
    assert asked(old, "SELECT count(*) FROM decisions") == [(8 * len(STRATEGIES),)]


def test_a_run_of_an_earlier_schema_is_not_resumed_and_not_touched(old):
    before = old.read_bytes()
    with pytest.raises(JournalError, match=r"begun by an earlier version of mesbot \(schema [12], now 3\).*begin the run anew"):
        Journal.create(old, "backtest", scripted_run.contracts(), {}, lambda: 1, resume=True)
    assert old.read_bytes() == before


def test_a_file_of_the_first_schema_with_packs_is_none(first):
    with closing(sqlite3.connect(first, isolation_level=None)) as db:
        db.execute(next(statement for statement in schema.STATEMENTS if statement.startswith("CREATE TABLE packs")))
    with pytest.raises(JournalBroken, match="packs does not belong to a journal"):
        verify(first)
