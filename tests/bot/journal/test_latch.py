"""The latch keeps a kill that the journal could not keep, finds a journal that was cut before one, and is never taken for ARMED."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import latch_deaths
import msgspec
import pytest
import scripted_run
from latch_deaths import NAME, STATES, append, arm, kill, traded
from scripted_run import bar_ns, bar_record, intent_record
from test_verify import tamper

import bot
from bot.errors import JournalBroken, JournalError
from bot.journal import latch
from bot.journal.file import JournalFile
from bot.journal.latch import HALF_BYTES, Latch, Latched, latch_path, read_latch
from bot.journal.read import opened, read
from bot.journal.records import KillRecord, Kind
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.runtime.past import past_of

LAW = scripted_run.contracts()


@pytest.fixture
def path(tmp_path):
    return tmp_path / NAME


@pytest.fixture(scope="module")
def deaths(tmp_path_factory):
    """Folders of what processes left that died on the way; see latch_deaths."""
    folder = tmp_path_factory.mktemp("deaths")
    command = [sys.executable, latch_deaths.__file__, str(folder)]
    subprocess.run(command, check=True, timeout=240, env={"PYTHONPATH": str(Path(bot.__file__).parents[1])})
    return folder


def in_force(path: Path) -> str:
    """The state in force; that the file is whole is checked by the way."""
    verify(path)
    return past_of([path]).kill_state.value


def kills(path: Path) -> list[str]:
    with opened(path) as db:
        return [record.body["state"] for record in read(db, Kind.KILL)]


def disks_journal_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(JournalFile, "commit", fails)


# ------------------------------------------------------------------ what it says


def test_it_follows_kill_and_operator_records_and_names_the_link_of_the_last(path):
    traded(path)
    assert read_latch(path) == Latched()
    with append(path) as journal:
        kill(journal, *STATES)
        said, expected = read_latch(path), Latched("HALTED", "manual", verify(path).links, journal.head)
        assert said == expected
        scripted_run.write(journal, 1)
    assert read_latch(path) == expected
    with append(path) as journal:
        arm(journal)
        assert read_latch(path) == Latched("ARMED", "resumed by a person", verify(path).links, journal.head)
    assert verify(path).told == past_of([path]).told == ()


def test_its_room_is_there_from_the_start_and_it_is_overwritten_in_place(path):
    with append(path) as journal:
        before = os.stat(latch_path(path))
        kill(journal, *STATES)
    after = os.stat(latch_path(path))
    assert before.st_size == after.st_size == 2 * HALF_BYTES
    assert before.st_ino == after.st_ino
    assert before.st_blocks == after.st_blocks


def test_an_entry_never_waits_for_it(path, monkeypatch):
    with append(path) as journal:
        commits = []
        commit = journal._file.commit
        monkeypatch.setattr(journal._file, "commit", lambda *rows, **how: commits.append(how["durable"]) or commit(*rows, **how))
        monkeypatch.setattr(latch, "_sync", None)
        journal.write_ahead(Kind.INTENT, bar_ns(0), intent_record(0), "K1")
        assert commits == [True]


def test_a_backtest_has_none_and_is_told_of_none(path):
    with Journal.create(path, "backtest", LAW, {}, lambda: 1) as journal:
        kill(journal, "TRIPPED")
    assert not latch_path(path).exists()
    assert verify(path).told == past_of([path]).told == ()


# ------------------------------------------------------------------ the disk is full


@pytest.mark.parametrize("states", [STATES[:1], STATES])
def test_a_kill_on_a_full_disk_and_a_death_after_it_is_still_a_kill(deaths, states):
    path = deaths / "full" / f"{len(states)}" / NAME
    assert kills(path) == []
    past = past_of([path])
    assert (past.kill_state, past.kill_reason) == (states[-1], "manual")
    (told,) = past.told
    assert told.startswith(f"{path} leaves its kill switch ARMED, its latch {states[-1]} (manual): not both could be written.")
    assert f"The kill switch is {states[-1]}; it stays so until `mesbot resume" in told and "\n" not in told
    assert verify(path).told == past.told
    append(path).close()
    assert kills(path) == [states[-1]]
    assert (in_force(path), past_of([path]).told) == (states[-1], ())


def test_what_could_not_be_written_goes_with_the_next_transaction_that_works_and_then_the_latch_names_it(path, monkeypatch):
    traded(path)
    with append(path) as journal:
        with monkeypatch.context() as full:
            disks_journal_fails(full)
            with pytest.raises(JournalError):
                kill(journal, *STATES)
            assert (read_latch(path).state, read_latch(path).link) == ("HALTED", 0)
        journal.add(Kind.BAR, bar_ns(4), bar_record(4))
        journal.flush()
        assert kills(path) == list(STATES)
        assert read_latch(path).link == verify(path).links


def test_a_latch_that_cannot_be_written_does_not_keep_the_kill_from_the_journal(path):
    journal = append(path)
    os.remove(latch_path(path))
    with pytest.raises(JournalError, match=r"\.latch cannot be written"):
        kill(journal, *STATES)
    assert kills(path) == list(STATES)
    with pytest.raises(JournalError, match=r"\.latch cannot be written"):
        journal.write_ahead(Kind.INTENT, bar_ns(3), intent_record(3), "K1")
    with pytest.raises(JournalError):
        journal.close()
    assert in_force(path) == "HALTED"


def test_no_run_starts_without_room_for_it(path, monkeypatch):
    traded(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(latch, "_sync", full)
    with pytest.raises(JournalError, match="no room for the kill switch's latch") as refused:
        append(path)
    assert "\n" not in str(refused.value)
    assert [file.name for file in path.parent.iterdir() if "latch" in file.name] == [f"{path.name}.latch"]


# ------------------------------------------------------------------ kill -9 at every step


def states_after_each_death(deaths: Path, deed: str) -> list[str]:
    """The state in force after a death at each step, and when nobody died; the next start knows the same."""
    found = []
    for folder in sorted((deaths / deed).iterdir()):
        found.append(in_force(folder / NAME))
        append(folder / NAME).close()
        assert in_force(folder / NAME) == found[-1], folder
    return found


def test_killed_at_any_step_of_a_kill_it_is_in_force_from_its_first_write_on(deaths):
    assert states_after_each_death(deaths, "kill") == ["ARMED"] + ["TRIPPED"] * 6  # latch, journal, latch


def test_a_kill_whose_words_are_no_text_is_in_force_from_its_first_write_on(deaths):
    after = states_after_each_death(deaths, "kill in no words")
    assert after[0] == "ARMED" and set(after[1:]) == {"TRIPPED"}


def test_killed_at_any_step_of_a_resume_it_is_armed_only_after_its_last_write(deaths):
    assert states_after_each_death(deaths, "resume") == ["HALTED"] * 3 + ["ARMED"] * 2  # journal, latch


def test_killed_at_any_step_of_a_whole_kill_it_never_falls_back(deaths):
    order = ["ARMED", *STATES]
    found = [order.index(state) for state in states_after_each_death(deaths, "whole kill")]
    assert found == sorted(found) and set(found) == {0, 1, 2, 3}


def test_a_write_cut_short_anywhere_leaves_the_older_half_and_is_never_armed(path):
    traded(path, *STATES)
    with append(path) as journal:
        whole, older = latch_path(path).read_bytes(), read_latch(path)
        arm(journal)
    newer = latch_path(path).read_bytes()
    (at,) = [at for at in (0, HALF_BYTES) if whole[at : at + HALF_BYTES] != newer[at : at + HALF_BYTES]]
    for length in range(0, 250, 7):
        latch_path(path).write_bytes(newer[:at] + newer[at : at + length] + whole[at + length : at + HALF_BYTES] + newer[at + HALF_BYTES :])
        said = read_latch(path)
        assert (said.state, said.link) in {(older.state, older.link), ("ARMED", older.link + 2)}
        assert said.state == "HALTED" or not said.fault


# ------------------------------------------------------------------ damage


@pytest.mark.parametrize("states", [(), STATES])
def test_no_flipped_bit_of_it_arms_the_switch_or_passes_for_another_state(path, states):
    traded(path, *states)
    whole, said = latch_path(path).read_bytes(), read_latch(path)
    for place in [*range(300), *range(HALF_BYTES - 3, HALF_BYTES + 300), 2 * HALF_BYTES - 1]:
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            latch_path(path).write_bytes(damaged)
            found = read_latch(path)
            assert found == said or (found.state == "HALTED" and found.fault), (place, bit)


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"no latch", b"\xff" * 9000])
def test_a_damaged_latch_is_a_halt_with_a_sentence_until_somebody_resumes(path, content):
    traded(path)
    latch_path(path).write_bytes(content)
    past = past_of([path])
    assert past.kill_state == "HALTED"
    (told,) = past.told
    assert told.startswith(f"{latch_path(path)} is damaged. The kill switch is HALTED; it stays so until `mesbot resume")
    assert verify(path).told == past.told
    append(path).close()
    assert (in_force(path), past_of([path]).told, kills(path)) == ("HALTED", (), ["HALTED"])
    with append(path) as journal:
        arm(journal)
    assert (in_force(path), past_of([path]).told) == ("ARMED", ())


def test_a_latch_that_cannot_be_read_is_a_halt(path):
    traded(path)
    os.remove(latch_path(path))
    latch_path(path).mkdir()
    assert past_of([path]).kill_state == "HALTED"


@pytest.mark.parametrize("state", ["ASLEEP", "armed", ""])
def test_a_state_that_does_not_exist_is_a_halt(path, state):
    traded(path)
    with append(path) as journal:
        journal.write_ahead(Kind.KILL, bar_ns(3), KillRecord(state, "made up"))
    assert in_force(path) == "HALTED"


def test_a_latch_of_a_program_that_knows_more_states_is_damaged_for_this_one(path, monkeypatch):
    traded(path)
    with monkeypatch.context() as other:
        other.setattr(
            latch, "_half_bytes", lambda number, said: half(f'{{"number":{number},"state":"NAPPING","reason":"","link":0,"head":""}}')
        )
        Latch.of(path, Latched())
    assert read_latch(path).fault and past_of([path]).kill_state == "HALTED"


def half(body: str) -> bytes:
    return f"mesbot-latch-1 {hashlib.sha256(body.encode()).hexdigest()} {body}\n".encode().ljust(HALF_BYTES)


# ------------------------------------------------------------------ not the same journal


def refused(deed: Callable[[], object]) -> str:
    with pytest.raises(JournalBroken) as broken:
        deed()
    text = str(broken.value)
    assert "\n" not in text and text.endswith("begin anew.")
    return text


def everywhere(path: Path) -> set[str]:
    return {refused(lambda: verify(path)), refused(lambda: past_of([path])), refused(lambda: append(path))}


def test_a_kill_cut_off_the_end_with_its_link_is_found_by_everybody(path):
    traded(path, *STATES)
    with opened(path) as db:
        (link, seq) = db.execute("SELECT link, last_seq FROM links ORDER BY link DESC LIMIT 4,1").fetchone()
    tamper(path, f"DELETE FROM links WHERE link > {link}", f"DELETE FROM records WHERE seq > {seq}")
    (text,) = everywhere(path)
    assert f"link {link + 4} with the head" in text and "is not in the file" in text


def test_an_older_copy_of_the_journal_is_found(path, tmp_path):
    traded(path)
    shutil.copy(path, tmp_path / "copy")
    with append(path) as journal:
        kill(journal, *STATES)
    shutil.copy(tmp_path / "copy", path)
    everywhere(path)


def test_another_journal_in_its_place_is_found(path, tmp_path):
    traded(path, "TRIPPED")
    with append(tmp_path / "other.sqlite") as journal:
        scripted_run.write(journal, 9)
    shutil.copy(tmp_path / "other.sqlite", path)
    (text,) = everywhere(path)
    assert "has the head" in text


def test_an_emptied_or_removed_journal_is_not_begun_anew_beside_its_latch(path):
    traded(path, *STATES)
    path.write_bytes(b"")
    refused(lambda: past_of([path]))
    refused(lambda: append(path))
    path.unlink()
    refused(lambda: append(path))


def test_a_missing_latch_is_told_and_made_anew_from_the_journal(path):
    traded(path, *STATES)
    expected = read_latch(path)
    latch_path(path).unlink()
    past = past_of([path])
    assert past.kill_state == "HALTED"
    (told,) = past.told
    assert told == f"{latch_path(path)} is missing, so the journal alone says that the kill switch is HALTED; the next start makes it anew."
    append(path).close()
    assert read_latch(path) == msgspec.structs.replace(expected, reason="then")
    assert past_of([path]).told == ()


def test_a_missing_latch_with_nothing_to_keep_is_not_worth_a_word(path):
    traded(path)
    latch_path(path).unlink()
    assert verify(path).told == past_of([path]).told == ()


# ------------------------------------------------------------------ a new year


def test_the_latch_of_a_new_years_file_says_nothing_until_it_is_told_something(tmp_path):
    old, new = tmp_path / "live-U1-2025.sqlite", tmp_path / "live-U1-2026.sqlite"
    traded(old, *STATES)
    append(new).close()
    assert past_of([old, new]).kill_state == "HALTED"
    with append(new) as journal:
        arm(journal)
    assert past_of([old, new]).kill_state == "ARMED"
    assert past_of([old, new]).told == ()
