"""`mesbot drill` as a person runs it: whom it asks, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_operate_command import write

from bot.cli.main import cli
from bot.journal.run_lock import RunLock
from bot.node.drill_run import Drilled
from bot.node.kill_request import DRILL, request_path
from bot.runtime.kill_times import BLOCKED, FLAT, SENT, KillStep, KillTimes


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state and no broker; nobody answers, so it does not wait long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("bot.node.drill_run.ANSWER_SECONDS", 0.1)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def done(flat_seconds: float, latched: str = "") -> Drilled:
    steps = (KillStep(BLOCKED, 0.01), KillStep(SENT, 0.02), KillStep(FLAT, flat_seconds))
    return Drilled(Path("journal.sqlite"), KillTimes(steps, 0.1), latched, latched_before=False)


@pytest.mark.parametrize(
    ("came_to", "exit_code", "says"),
    [
        (done(0.3), 0, "the kill switch is ARMED"),
        (done(2.3), 1, "A limit did not hold"),
        (done(0.3, "it is HALTED"), 1, "The kill switch stays latched"),
    ],
)
def test_with_no_broker_it_has_its_own_gateway_and_the_exit_code_says_whether_all_held(run, monkeypatch, came_to, exit_code, says):
    async def here(out: Path, reason: str, *_: object) -> Drilled:
        assert (out, reason) == (Path("out/drill"), "drill")
        return came_to

    monkeypatch.setattr("bot.node.drill_run.drill_here", here)
    result = run("drill")
    assert (result.exit_code, says in result.output) == (exit_code, True), result.output
    assert "flat" in result.output and "limit 2,000 ms" in result.output


def test_a_paper_bot_that_runs_is_asked_and_one_that_does_not_answer_is_left_alone(run):
    paper, live = write("paper-DU1-2025"), write("live-U1-2025")
    with RunLock(paper), RunLock(live):
        result = run("drill")
    assert (result.exit_code, result.stderr.startswith("No drill: the bot has not answered within 0.1 s")) == (2, True), result.output
    assert not request_path(paper, DRILL).exists() and not request_path(live, DRILL).exists()


def test_of_several_paper_bots_one_must_be_named(run):
    one, other = write("paper-DU1-2025"), write("paper-DU2-2025")
    with RunLock(one), RunLock(other):
        result = run("drill")
    assert (result.exit_code, "Which one is meant: PAPER DU1, PAPER DU2?" in result.stderr) == (2, True), result.output


def test_a_start_that_is_refused_is_one_sentence(run, monkeypatch):
    monkeypatch.setenv("TWS_PORT", "1")
    result = run("drill")
    assert (result.exit_code, result.stderr.startswith("No drill: "), result.stderr.count("\n")) == (2, True, 1), result.output


def test_it_wants_a_reason_that_says_something(run):
    assert run("drill", "--reason", " ").exit_code == 2
