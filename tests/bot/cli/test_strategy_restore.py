"""`mesbot strategy restore`: a person brings an archived strategy back, the journal says who and why, and a restart knows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import CONTRACTS, new_york_ns
from click.testing import CliRunner, Result
from outcome_makers import outcome

from bot.cli.main import cli
from bot.journal.read import opened, read
from bot.journal.records import DayRecord, Kind
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.learning.states import LearningLoop
from bot.runtime.past import past_of
from bot.units import MINUTE_NS

DAY = "2025-09-16"
LOST_TWICE, WON_TWICE_IN_SHADOW = [(-1.0, False)] * 2, [(1.0, True)] * 2


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "2000")
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def archived(tmp_path: Path, account: str = "DU1") -> Path:
    """A journal in which K2 was quarantined three times on one day."""
    path = tmp_path / "state" / "journals" / f"paper-{account}-2025.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    loop, start = LearningLoop(CONTRACTS), new_york_ns(f"{DAY} 10:00") // MINUTE_NS
    results = [*LOST_TWICE, *WON_TWICE_IN_SHADOW, *LOST_TWICE, *WON_TWICE_IN_SHADOW, *LOST_TWICE]
    with Journal.append(path, "paper", CONTRACTS, {"account": account, "learning": True}, lambda: 1) as journal:
        opens = new_york_ns(f"{DAY} 09:31")
        journal.add(Kind.DAY, opens, DayRecord(DAY, 1_000_000))
        loop.on_session(DAY)
        for number, (r, shadow) in enumerate(results):
            closed = outcome(r, strategy="K2", day=DAY, minute=start + 10 * number, shadow=shadow)
            journal.add(Kind.OUTCOME, closed.closed_ns, closed, "K2")
            for change in loop.on_outcome(closed):
                journal.add(Kind.STATE, closed.closed_ns, change, "K2")
        journal.close_link(closed.closed_ns)
    return path


def state_after_a_restart(path: Path) -> tuple[str, list]:
    """What a start folds the journal to, and the changes that it would have to tell."""
    past, loop = past_of([path]), LearningLoop(CONTRACTS)
    untold = loop.refold(past.learning, lambda _: DAY, past.states)
    return loop.view("K2").state.value, untold


def test_it_comes_back_throttled_and_a_restart_agrees(run, tmp_path):
    path = archived(tmp_path)
    assert state_after_a_restart(path) == ("ARCHIVED", [])
    result = run("strategy", "restore", "K2", "--reason", "its rules were mended")
    assert result.exit_code == 0, result.output
    assert "K2 ARCHIVED -> THROTTLED\nReason:  its rules were mended\n" in result.output
    assert state_after_a_restart(path) == ("THROTTLED", [])
    assert verify(path).unlinked == 0


def test_the_journal_says_that_a_person_did_it_and_why(run, tmp_path):
    path = archived(tmp_path)
    run("strategy", "restore", "K2", "--reason", "its rules were mended")
    with opened(path) as db:
        (said,) = read(db, Kind.OPERATOR)
        *_, change = read(db, Kind.STATE)
    assert (said.strategy, said.body["action"], said.body["reason"]) == ("K2", "restore", "its rules were mended")
    assert (change.body["before"], change.body["after"], change.body["reason"]) == (
        "ARCHIVED", "THROTTLED", "restored by a person: its rules were mended",
    )  # fmt: skip


def test_the_record_names_the_command_that_there_is(run, tmp_path):
    with opened(archived(tmp_path)) as db:
        *_, change = read(db, Kind.STATE)
    words = change.body["release"].removeprefix("a person: mesbot ").split()
    assert run(*words, "mended").exit_code == 0


def test_a_second_time_there_is_nothing_to_restore(run, tmp_path):
    archived(tmp_path)
    run("strategy", "restore", "K2", "--reason", "mended")
    result = run("strategy", "restore", "K2", "--reason", "mended")
    assert result.exit_code == 2
    assert "K2 is THROTTLED in PAPER" in result.stderr and "only an ARCHIVED strategy is restored by a person" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["K2", "--reason", " "], 2, "--reason is empty; say why it may trade again."),
        (["K1", "--reason", "x"], 2, "K1 is ACTIVE in PAPER"),
        (["K77", "--reason", "x"], 2, "K77: no journal knows it; they know K1, K2, K3, K4."),
        (["K2", "--account", "DU9", "--reason", "x"], 2, "No journal of DU9"),
        (["K2"], 2, "Missing option '--reason'"),
    ],
)
def test_what_cannot_be_restored_is_one_sentence_and_nothing_is_written(run, tmp_path, words, code, text):
    path = archived(tmp_path)
    head = verify(path).head
    result = run("strategy", "restore", *words)
    assert (result.exit_code, text in result.stderr, verify(path).head) == (code, True, head), result.stderr


def test_of_several_journals_one_must_be_named(run, tmp_path):
    archived(tmp_path), archived(tmp_path, "DU2")
    result = run("strategy", "restore", "K2", "--reason", "x")
    assert (result.exit_code, "name one with --mode and --account" in result.stderr) == (2, True)
    assert run("strategy", "restore", "K2", "--account", "DU2", "--reason", "x").exit_code == 0


def test_while_a_bot_runs_on_the_journal_it_is_refused(run, tmp_path):
    path = archived(tmp_path)
    with RunLock(path):
        result = run("strategy", "restore", "K2", "--reason", "x")
    assert (result.exit_code, "stays ARCHIVED" in result.stderr) == (3, True)
