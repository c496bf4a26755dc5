"""Each kind of damage is found, named with its link, and told apart as far as it shows."""

import shutil
import sqlite3

import pytest
import scripted_run

from bot.errors import JournalBroken, JournalError
from bot.journal import schema
from bot.journal.packs import Bodies, Packer
from bot.journal.verify import verify

BARS = 6


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.sqlite"
    scripted_run.run(path, BARS)
    return path


def tamper(path, *changes, restore=True):
    """Change the file, by statements or by hand, as somebody would who drops the triggers first and puts them back after."""
    triggers = [statement for statement in schema.STATEMENTS if statement.startswith("CREATE TRIGGER")]
    with sqlite3.connect(path) as db:
        for trigger in triggers:
            db.execute(f"DROP TRIGGER {trigger.split()[2]}")
        for change in changes:
            change(db) if callable(change) else db.execute(change)
        for trigger in triggers if restore else []:
            db.execute(trigger)


def bodies_changed(seq, old, new):
    """Somebody changes a packed body, and packs it and all after it anew, so that only the chain can tell."""

    def change(db):
        packs, packer = unpacked(db), Packer()
        db.execute("DELETE FROM packs")
        for first, lines in packs.items():
            changed = [line.replace(old, new) if first + place == seq else line for place, line in enumerate(lines)]
            db.execute("INSERT INTO packs VALUES (?, ?, ?, ?)", packer.pack(first, changed))

    return change


def unpacked(db):
    """The bodies of each pack, by its first sequence."""
    bodies = Bodies(db)
    return {first: bodies.read(first, stream) for first, stream in db.execute("SELECT first_seq, stream FROM packs").fetchall()}


def test_an_untouched_journal_is_whole(path):
    report = verify(path)
    assert (report.links, report.records, report.unlinked) == (1 + BARS, 1 + BARS * 6 + 2, 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bodies_changed(2, b"6700.25", b"6700.50"), "its records hash to"),
        (bodies_changed(4, b",", b", "), r"the body of record 4 \(decision of K2\)"),
        (bodies_changed(4, b"{", b""), r"the body of record 4 \(decision of K2\)"),
        ("DELETE FROM packs WHERE first_seq = 2", "the body of record 2 is missing"),
        ("UPDATE packs SET bodies = substr(bodies, 2) WHERE first_seq = 2", "the pack of record 2 is damaged"),
        ("UPDATE packs SET stream = 8 WHERE first_seq = 2", "the pack of record 2 is of no stream"),
        ("UPDATE records SET body = 'gone' WHERE seq = 5", r"the body of record 5 \(decision of K3\)"),
        ("UPDATE records SET ts_ns = ts_ns + 1 WHERE seq = 3", "its records hash to"),
        ("UPDATE records SET kind = 'shadow' WHERE seq = 3", "its records hash to"),
        ("UPDATE records SET strategy = 'K2' WHERE seq = 3", "its records hash to"),
        ("UPDATE records SET contract_set = 9 WHERE seq = 3", "its records hash to"),
        ("DELETE FROM records WHERE seq = 3", r"record 3 is missing \(the next is 4\)"),
        ("UPDATE links SET ts_ns = ts_ns + 1 WHERE link = 2", "its records hash to"),
        ("UPDATE links SET head = 'ab' WHERE link = 2", "its records hash to"),
        ("UPDATE links SET last_seq = 6 WHERE link = 2", "its records hash to"),
    ],
)
def test_a_change_in_the_first_bar_is_found_there(path, change, told):
    tamper(path, change)
    with pytest.raises(JournalBroken, match=rf"broken at link 2 \(2025-10-02 09:31[0-9.:]* New York, records 2 to \d+\): {told}"):
        verify(path)


def test_a_swapped_pair_is_found(path):
    tamper(
        path,
        "UPDATE records SET seq = 1000 WHERE seq = 10",
        "UPDATE records SET seq = 10 WHERE seq = 11",
        "UPDATE records SET seq = 11 WHERE seq = 1000",
    )
    with pytest.raises(JournalBroken, match=r"link 3 \(2025-10-02 09:32"):
        verify(path)


def test_an_edit_of_the_contracts_hash_is_found(path):
    tamper(path, "UPDATE contract_sets SET sha256 = '00'")
    with pytest.raises(JournalBroken, match=r"link 1 \(before the first bar"):
        verify(path)


def test_a_dropped_trigger_is_found_even_if_nothing_else_was_changed(path):
    tamper(path, restore=False)
    with pytest.raises(JournalBroken, match="trigger records_no_update is missing"):
        verify(path)


def test_a_trigger_that_does_nothing_is_found(path):
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER links_no_delete")
        db.execute("CREATE TRIGGER links_no_delete BEFORE DELETE ON links BEGIN SELECT 1; END")
    with pytest.raises(JournalBroken, match="trigger links_no_delete was changed"):
        verify(path)


def test_a_foreign_table_is_found(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE notes (text TEXT)")
    with pytest.raises(JournalBroken, match="notes does not belong"):
        verify(path)


def test_records_cut_off_under_their_links_are_found(path):
    tamper(path, "DELETE FROM records WHERE seq > 33")
    with pytest.raises(JournalBroken, match=r"link 7 \(2025-10-02 09:36.*the file was cut"):
        verify(path)


def test_a_whole_link_without_its_records_is_found(path):
    tamper(path, "DELETE FROM records WHERE seq > 32")
    with pytest.raises(JournalBroken, match="its records are missing; the file was cut"):
        verify(path)


def test_a_missing_link_is_found(path):
    tamper(path, "DELETE FROM links WHERE link = 3")
    with pytest.raises(JournalBroken, match="3 was expected"):
        verify(path)


def test_a_renumbered_last_record_is_found(path):
    tamper(path, "UPDATE records SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM records)")
    with pytest.raises(JournalBroken, match=r"link 7 .*is missing"):
        verify(path)


def test_a_gap_after_the_last_link_is_found(path):
    tamper(path, "DELETE FROM links WHERE link = 7", "DELETE FROM records WHERE seq = 35")
    with pytest.raises(JournalBroken, match="after its last link: record 35 is missing"):
        verify(path)


def test_a_cut_of_records_and_links_together_shows_only_in_the_head(path, tmp_path):
    whole = verify(path)
    cut = ("DELETE FROM links WHERE link = 7", "DELETE FROM records WHERE seq > 32")
    tamper(path, *cut, "DELETE FROM packs WHERE first_seq > 32", "DELETE FROM bar_columns WHERE seq > 32")
    assert verify(path).head != whole.head
    assert verify(path).head == scripted_run.run(tmp_path / "shorter.sqlite", BARS - 1)


def test_damaged_pages_are_found(path, tmp_path):
    damaged = tmp_path / "damaged.sqlite"
    shutil.copy(path, damaged)
    content = bytearray(damaged.read_bytes())
    content[-8192:] = bytes(8192)
    damaged.write_bytes(content)
    with pytest.raises(JournalBroken):
        verify(damaged)


def test_a_missing_file_and_a_foreign_file_get_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        verify(tmp_path / "none.sqlite")
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (x)")
    with pytest.raises(JournalBroken, match="not a journal of mesbot"):
        verify(foreign)
    text = tmp_path / "text.sqlite"
    text.write_text("not a database" * 100)
    with pytest.raises(JournalError, match="cannot be read as a journal"):
        verify(text)
