"""Whatever happens to the bytes of a journal: it is found broken in one sentence, or nothing that is chained has changed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import scripted_run
from scripted_run import bar_ns

from bot.errors import JournalError, MesbotError
from bot.journal import schema
from bot.journal.contracts import newest_contracts
from bot.journal.latch import latch_path
from bot.journal.packs import WHOLE
from bot.journal.read import headers, opened, read
from bot.journal.records import KillRecord, Kind, OperatorRecord
from bot.journal.store import Journal
from bot.journal.times import new_york
from bot.journal.verify import verify
from bot.journal.why import why
from bot.runtime.past import past_of

BARS, FLIPS, CUTS, SEED = 7, 1_500, 150, 20250916
READERS: tuple[Callable[[Path], Any], ...] = (
    lambda path: past_of([path]),
    newest_contracts,
    lambda path: why(path, new_york(bar_ns(2))),
    lambda path: [*_opened(path, read)],
    lambda path: _opened(path, headers),
)


def _opened(path: Path, reading: Callable[[Any], Any]) -> list[Any]:
    with opened(path) as db:
        return list(reading(db))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small journal with every way a link ends: bars, intents, a kill, an operator's action, an outcome."""
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    with Journal.append(path, "live", scripted_run.contracts(), {"account": "U1"}, lambda: 1) as journal:
        scripted_run.write(journal, BARS)
        journal.add(Kind.OUTCOME, bar_ns(BARS), scripted_run.outcome(2), "K1")
        journal.add(Kind.OPERATOR, bar_ns(BARS), OperatorRecord("kill", "enough"))
        for state in ("TRIPPED", "FLAT", "HALTED"):
            journal.add(Kind.KILL, bar_ns(BARS), KillRecord(state, "manual"))
        scripted_run.write(journal, 1)
    return path.read_bytes()


def chained(path: Path) -> list[Any]:
    """All that the chain covers, read the plain way and by every index, and what the views say; wall times and run headers left out."""
    queries = (
        "SELECT seq, ts_ns, kind, strategy, sha256 FROM records NOT INDEXED JOIN contract_sets USING (contract_set) ORDER BY seq",
        f"SELECT seq, body FROM {WHOLE} ORDER BY seq",
        f"SELECT seq, ts_ns, kind FROM records INDEXED BY records_rare WHERE {schema.RARE} AND kind > '' ORDER BY kind, ts_ns, seq",
        "SELECT * FROM links NOT INDEXED ORDER BY link",
        "SELECT link, ts_ns FROM links INDEXED BY links_ts WHERE ts_ns > -1 ORDER BY ts_ns, link",
        *(f"SELECT * FROM {view}" for view in schema.VIEWS),
    )
    with opened(path) as db:
        return [db.execute(query).fetchall() for query in queries]


def sentence(error: MesbotError) -> bool:
    return "\n" not in str(error) and str(error).endswith(".")


def found(path: Path) -> bool:
    """Whether verify calls it broken, in one sentence; any other exception ends the test."""
    try:
        verify(path)
    except JournalError as error:
        assert sentence(error), str(error)
        return True
    return False


def flips(content: bytes) -> list[bytes]:
    chance, made = random.Random(SEED), []
    for _ in range(FLIPS):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        made.append(bytes(damaged))
    return made


def test_of_fifteen_hundred_flipped_bits_each_is_found_or_changes_nothing_that_is_chained(whole, tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(whole)
    expected, broken = chained(path), 0
    for damaged in flips(whole):
        path.write_bytes(damaged)
        if found(path):
            broken += 1
        else:
            assert chained(path) == expected
    assert broken > FLIPS / 6  # most of a small journal is the empty ends of pages


def test_a_journal_cut_anywhere_is_found_unless_only_what_was_not_used_yet_is_gone(whole, tmp_path):
    path, chance, unused = tmp_path / "journal.sqlite", random.Random(SEED), 0
    path.write_bytes(whole)
    expected = chained(path)
    for length in [0, *(chance.randrange(len(whole)) for _ in range(CUTS))]:
        path.write_bytes(whole[:length])
        if not found(path):
            assert chained(path) == expected, length
            assert not any(whole[length:])  # the empty end of the last page
            unused += 1
    assert unused < CUTS / 10


def test_readers_of_a_damaged_journal_answer_or_say_so_in_one_sentence(whole, tmp_path):
    path, refused = tmp_path / "journal.sqlite", 0
    for damaged in flips(whole)[::4]:
        path.write_bytes(damaged)
        for reader in READERS:
            try:
                reader(path)
            except JournalError as error:
                assert sentence(error), str(error)
                refused += 1
    assert refused


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"state":"HALTED"', b'"stAte":"HALTED"'),
        (b'"reason":"manual"', b'"reason":"man\xff\xfel"'),
        (b'"trade_id":"T1"', b'"trade_id":{T1"'),
        (b'"decided_ns":1', b'"decided_ns":x'),
        (b'"mode":"live"', b'"mode":"live}'),
    ],
)
def test_a_body_that_cannot_be_understood_is_one_sentence_for_every_reader(whole, tmp_path, old, new):
    path = tmp_path / "journal.sqlite"
    assert old in whole and len(old) == len(new)
    path.write_bytes(whole.replace(old, new))
    assert found(path)
    told = []
    for reader in READERS:
        try:
            reader(path)
        except JournalError as error:
            assert sentence(error)
            told.append(str(error))
    assert told


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE links SET ts_ns = 9223372036854775807 WHERE link = 2",
        "UPDATE links SET ts_ns = -9223372036854775808 WHERE link = 2",
        "UPDATE links SET last_seq = 9223372036854775807 WHERE link = 2",
        "UPDATE records SET ts_ns = 9223372036854775807 WHERE seq = 2",
        "UPDATE records SET body = '' WHERE seq = 2",
        "UPDATE runs SET body = 'gone'",
    ],
)
def test_a_value_that_cannot_be_is_found(whole, tmp_path, change):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(whole)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = [statement for statement in schema.STATEMENTS if statement.startswith("CREATE TRIGGER")]
        for statement in (*(f"DROP TRIGGER {trigger.split()[2]}" for trigger in triggers), change, *triggers):
            db.execute(statement)
    assert found(path)


def test_a_failure_over_a_whole_journal_is_not_called_damage(whole, tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(whole)
    with pytest.raises(KeyError), opened(path):
        raise KeyError("a mistake of the program")


def test_a_damaged_record_that_no_link_covers_yet_is_one_sentence_too(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.append(path, "live", scripted_run.contracts(), {"account": "U1"}, lambda: 1) as journal:
        journal.add(Kind.OUTCOME, bar_ns(BARS), scripted_run.outcome(2), "K1")
    content = path.read_bytes()
    assert content.count(b'"legs":1') == 1
    path.write_bytes(content.replace(b'"legs":1', b'"lEgs":1'))
    assert verify(path).unlinked == 1
    with pytest.raises(JournalError, match="its last records, which no link covers yet, make no sense") as told:
        past_of([path])
    assert sentence(told.value)


@pytest.mark.parametrize("new", [b'"mOde":"live"', b'"mode":123456', b'"mode":[{}]  '])
def test_a_run_header_that_names_no_mode_is_one_sentence(whole, tmp_path, new):
    path = tmp_path / "journal.sqlite"
    assert whole.count(b'"mode":"live"') == 1 and len(new.strip()) <= len(b'"mode":"live"')
    path.write_bytes(whole.replace(b'"mode":"live"', new.ljust(13)))
    with pytest.raises(JournalError, match=r"header of run 1|cannot be read") as told:
        _opened(path, headers)
    assert sentence(told.value)


def test_the_latch_is_not_part_of_the_file(whole, tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(whole)
    assert not latch_path(path).exists()
    (told,) = verify(path).told
    assert "is missing" in told and "HALTED" in told
