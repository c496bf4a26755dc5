"""`mesbot kill` as a person runs it: it reaches the bot that can trade, whatever else is broken, and claims no more than it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result
from test_operate_command import HALF_PAST_TEN, HALTED, kills, write

from bot.cli.main import cli
from bot.journal.contracts import last_law
from bot.journal.records import LINK_FOUND, Kind, OperatorRecord, ReconcileRecord
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.node.foreign import NOTHING_LEFT
from bot.node.kill_request import FOREIGN, KillRequests, request_path
from bot.state_folder import remember_replay

KILL = ("kill", "--reason", "enough")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state; nobody answers, so it does not wait long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("bot.node.kill_follow.WAIT_SECONDS", 0.2)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def asked(path: Path) -> bool:
    return request_path(path).exists()


def damaged(name: str) -> Path:
    path = write(name)
    path.write_bytes(b"no database at all" * 100)
    return path


@pytest.mark.parametrize("broken", ["", "no database at all" * 100], ids=["empty", "damaged"])
def test_a_running_bot_is_asked_although_another_journal_cannot_be_read(run, broken):
    paper, observe = write("paper-DU1-2025"), write("observe-U1-2025")
    observe.write_text(broken)
    with RunLock(paper), RunLock(observe):
        result = run(*KILL)
    assert asked(paper) and not asked(observe)
    assert (result.exit_code, result.stderr.startswith("Not halted after 0.2 s: the bot has not answered")) == (1, True), result.output


def test_a_running_bot_is_asked_although_its_own_journal_cannot_be_read(run):
    paper = damaged("paper-DU1-2025")
    with RunLock(paper):
        result = run(*KILL)
    assert asked(paper) and result.exit_code == 1
    assert "Traceback" not in result.output and "cannot be read" in result.stderr


def test_what_came_of_a_kill_that_cannot_be_followed_is_not_claimed(run):
    with RunLock(damaged("paper-DU1-2025")):
        result = run(*KILL)
    assert result.exit_code == 1
    assert result.stderr.startswith("The kill was asked for, and what came of it is not known; look at TWS: ")


def test_a_running_bot_is_asked_although_the_contracts_are_broken(run):
    paper = write("paper-DU1-2025")
    with RunLock(paper):
        result = run(*KILL, "--contracts", "nowhere")
    assert asked(paper) and "nowhere" not in result.output


def test_an_open_trade_goes_before_a_bot_that_only_observes(run):
    paper, observe = write("paper-DU1-2025", open_intent=True), write("observe-DU1-2025")
    with RunLock(observe):
        result = run(*KILL)
    assert result.exit_code == 0, result.output
    assert "PAPER DU1: no bot runs; latched TRIPPED: start the bot to have it flatten 20250916-K1-1030" in result.output
    assert [state for state, _ in kills(paper)] == ["TRIPPED"] and not kills(observe)
    assert not asked(paper) and not asked(observe)


def test_a_kill_is_latched_under_contracts_that_this_version_cannot_read(run):
    paper = write("paper-DU1-2025", open_intent=True)
    elsewhere = CONTRACTS.session.model_copy(update={"timezone": "Europe/Berlin"})
    strange = CONTRACTS.model_copy(update={"sha256": "feed" * 16, "session": elsewhere})
    with Journal.append(paper, "paper", strange, {"account": "DU1"}, lambda: 1):
        pass
    result = run(*KILL)
    assert result.exit_code == 0 and "latched TRIPPED" in result.output, result.output
    assert last_law([paper]).sha256 == "feed" * 16


def test_a_bot_that_only_observes_is_meant_when_nothing_else_is_open(run):
    paper, observe = write("paper-DU1-2025"), write("observe-DU1-2025")
    with RunLock(observe):
        run(*KILL)
    assert asked(observe) and not asked(paper)


def test_what_else_is_open_is_told_and_fails(run):
    paper, _ = write("paper-DU1-2025", *HALTED), write("live-U1-2025", open_intent=True)
    with RunLock(paper):
        result = run(*KILL)
    assert "PAPER DU1 is HALTED already" in result.output
    assert result.exit_code == 1
    assert result.stderr == "LIVE U1 was not killed and has 20250916-K1-1030 open; kill it with --mode live --account U1.\n"


def test_a_journal_that_cannot_be_read_is_left_out_and_named(run):
    paper, _ = write("paper-DU1-2025", open_intent=True), damaged("live-U1-2025")
    result = run(*KILL)
    assert [state for state, _ in kills(paper)] == ["TRIPPED"]
    assert result.exit_code == 1
    assert result.stderr.startswith("LIVE U1 was left out, its journal cannot be read:")


def test_with_broken_contracts_and_no_bot_the_request_waits_for_the_next_start(run):
    paper = write("paper-DU1-2025", open_intent=True)
    result = run(*KILL, "--contracts", "nowhere")
    assert result.exit_code == 2 and asked(paper) and not kills(paper)
    assert "the next start carries it out first" in result.output


def test_a_tripped_switch_that_is_not_flat_is_no_success(run):
    paper = write("paper-DU1-2025", "TRIPPED", open_intent=True)
    with RunLock(paper):
        result = run(*KILL)
    assert (result.exit_code, "it is TRIPPED and goes on trying" in result.stderr) == (1, True)


def test_several_that_could_be_meant_are_listed_and_none_is_asked(run):
    paths = [write("paper-DU1-2025"), write("paper-DU2-2025")]
    result = run(*KILL)
    assert (result.exit_code, result.stderr) == (2, "Which one is meant: PAPER DU1, PAPER DU2? Name it with --mode and --account.\n")
    assert not any(map(asked, paths))


def test_without_a_journal_and_without_a_reason_it_is_wrong_usage(run):
    assert (run(*KILL).exit_code, run("kill", "--reason", " ").exit_code) == (2, 2)


@pytest.fixture
def replay(tmp_path: Path, run: Callable[..., Result]) -> Path:
    """The journal of a replay that has been noted."""
    path = tmp_path / "out" / "paper" / "journal.sqlite"
    path.parent.mkdir(parents=True)
    Journal.create(path, "paper", CONTRACTS, {}, lambda: 1).close()
    remember_replay(path)
    return path


def test_a_replay_that_runs_is_meant_when_no_account_has_anything(run, replay):
    paper = write("paper-DU1-2025")
    with RunLock(replay):
        result = run(*KILL)
    assert asked(replay) and not asked(paper) and not kills(paper)
    assert (result.exit_code, result.stderr.startswith("Not halted after 0.2 s: the bot has not answered")) == (1, True), result.output


def test_without_any_journal_of_an_account_a_replay_is_still_reached(run, replay):
    with RunLock(replay):
        assert run(*KILL).exit_code == 1
    assert asked(replay)


@pytest.mark.parametrize("words", [(), ("--mode", "paper"), ("--account", "DU1")])
def test_a_replay_that_has_ended_or_is_not_named_is_not_killed(run, replay, words):
    write("paper-DU1-2025")
    result = run(*KILL, *words)
    assert result.exit_code == 0 and not asked(replay), result.output


@pytest.mark.parametrize("open_intent", [True, False])
def test_what_an_account_has_open_goes_before_a_replay(run, replay, open_intent):
    paper = write("paper-DU1-2025", open_intent=open_intent)
    with RunLock(replay):
        if open_intent:
            run(*KILL)
        else:
            with RunLock(paper):
                run(*KILL)
    assert not asked(replay)


def test_while_the_broker_is_away_it_says_what_the_kill_waits_for(run, monkeypatch):
    monkeypatch.setattr("bot.node.kill_follow.QUIET_SECONDS", 0.0)
    paper = write("paper-DU1-2025", "TRIPPED", open_intent=True)
    with Journal.append(paper, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.add(Kind.RECONCILE, HALF_PAST_TEN, ReconcileRecord(LINK_FOUND, "the link is CUT since 10:29:07"))
        journal.close_link(HALF_PAST_TEN)
    with RunLock(paper):
        result = run(*KILL)
    assert "the link is CUT since 10:29:07; what the kill sends goes first when that is over." in result.stdout
    assert result.stdout.count("waits") == 1
    assert result.exit_code == 1 and "it is TRIPPED and goes on trying (" in result.stderr


def test_two_requests_at_once_are_one_that_names_both_reasons(run):
    paper = write("paper-DU1-2025")
    with RunLock(paper):
        run("kill", "--reason", "one hand")
        run("kill", "--reason", "the other hand")
        run("kill", "--reason", "one hand; the other hand")
    requests = KillRequests(paper)
    assert requests.take() == "one hand; the other hand" and requests.take() is None
    requests.done("one hand; the other hand")
    assert not [path for path in paper.parent.iterdir() if "kill" in path.name and path != paper]


# ------------------------------------------------------------------ what is foreign


def typed(words: tuple[str, ...], answer: str) -> Result:
    return CliRunner().invoke(cli, [*KILL, *words], input=answer)


@pytest.mark.parametrize("answer", ["", "\n", "foreign\n", "yes\n"])
def test_what_is_foreign_is_only_killed_after_the_word_was_typed(run, answer):
    paper = write("paper-DU1-2025")
    with RunLock(paper):
        result = typed(("--include-foreign",), answer)
    assert result.exit_code in (1, 2) and not asked(paper) and not request_path(paper, FOREIGN).exists()


@pytest.mark.parametrize(("words", "answer"), [((), "FOREIGN\n"), (("--yes",), "")])
def test_a_running_bot_is_asked_for_what_is_foreign_too(run, words, answer):
    paper = write("paper-DU1-2025")
    with RunLock(paper):
        result = typed(("--include-foreign", *words), answer)
    assert request_path(paper, FOREIGN).read_text() == "enough" and not asked(paper)
    assert result.exit_code == 1 and "the bot has not answered" in result.output


def test_without_a_bot_what_is_foreign_waits_for_the_next_start_and_a_resume_withdraws_it(run):
    paper = write("paper-DU1-2025")
    result = run(*KILL, "--include-foreign", "--yes")
    assert result.exit_code == 0 and "the next start ends and closes it" in result.output, result.output
    assert [state for state, _ in kills(paper)] == ["TRIPPED", "FLAT", "HALTED"] and request_path(paper, FOREIGN).exists()
    assert "enough (what is foreign included)" in run("status", "--json").output
    assert run("resume", "--reason", "looked").exit_code == 0
    assert not request_path(paper, FOREIGN).exists()


@pytest.mark.parametrize(
    ("last", "exit_code", "says"),
    [
        (NOTHING_LEFT, 0, "foreign: nothing is left"),
        ("foreign: left: BUY 1 MESZ5", 1, "Not all that is foreign could be ended"),
        ("", 1, "goes on trying"),
    ],
)
def test_a_switch_that_was_halted_already_is_followed_to_the_end_of_what_is_foreign(run, last, exit_code, says):
    paper = write("paper-DU1-2025", *HALTED)
    if last:
        with Journal.append(paper, "paper", CONTRACTS, {"account": "DU1"}, lambda: 2**62) as journal:
            journal.add(Kind.OPERATOR, HALF_PAST_TEN, OperatorRecord("kill", "enough", last))
    with RunLock(paper):
        result = run(*KILL, "--include-foreign", "--yes")
    assert (result.exit_code, says in result.output) == (exit_code, True), result.output
    assert "PAPER DU1 is HALTED already" in result.output
