"""`mesbot acceptance` as a person runs it: where it goes, what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.errors import Interrupted
from bot.node.acceptance.compare import Difference
from bot.node.acceptance.contact import AcceptanceRefused
from bot.node.acceptance.report import Report
from bot.node.acceptance.run import AcceptanceRequest
from bot.node.acceptance.steps import Ended, Say, Step

STEP = Step("data", Ended.OK, "live")
DIFFERENCE = Difference("error", "", "2107", "", False, "nothing")


def report(verdict: str, *, accepted: bool, left: tuple[str, ...] = ()) -> Report:
    return Report(verdict, accepted, (STEP,), (DIFFERENCE,), left, "2025-10-02 11:31", "DU***567", "176", "0", "f" * 64)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, list[AcceptanceRequest]]]:
    """Runs `mesbot acceptance ...` in an empty folder; it comes to the report that is given, or raises it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    asked: list[AcceptanceRequest] = []

    def invoke(outcome: Report | Exception, *words: str) -> tuple[Result, list[AcceptanceRequest]]:
        async def accept(request: AcceptanceRequest, say: Say) -> Report:
            asked.append(request)
            say(STEP.line)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr("bot.node.acceptance.run.accept", accept)
        return CliRunner().invoke(cli, ["acceptance", *words]), asked

    return invoke


@pytest.mark.parametrize(
    ("outcome", "code", "last"),
    [
        (report("ACCEPTED: as the simulated one.", accepted=True), 0, "ACCEPTED: as the simulated one."),
        (report("NOT ACCEPTED: left.", accepted=False, left=("A-1E works",)), 1, "NOT ACCEPTED: left."),
        (AcceptanceRefused("No acceptance: a live account."), 2, "No acceptance: a live account."),
        (Interrupted("INTERRUPTED: taken back."), 130, "INTERRUPTED: taken back."),
    ],
)
def test_the_exit_code_says_how_it_ended_and_the_verdict_is_the_last_line(run, outcome, code, last) -> None:
    result, _ = run(outcome)
    assert (result.exit_code, result.output.splitlines()[-1]) == (code, last), result.output
    assert "ok      data: live." in result.output and "Traceback" not in result.output


def test_what_is_left_and_what_differs_stands_before_the_verdict(run) -> None:
    result, _ = run(report("NOT ACCEPTED.", accepted=False, left=("A-1E works",)))
    assert "- error 2107, which the simulation does not say: nothing." in result.output and "LEFT: A-1E works" in result.output


def test_without_a_broker_it_is_on_a_gateway_of_its_own_and_with_one_there(run, monkeypatch, tmp_path) -> None:
    result, asked = run(report("ACCEPTED.", accepted=True))
    assert "on a simulated gateway of its own" in result.output and asked[-1].endpoint is None
    monkeypatch.setenv("TWS_PORT", "4002")
    result, asked = run(report("ACCEPTED.", accepted=True), "--out", "kept", "--zone", "America/Chicago")
    assert (asked[-1].endpoint.port, asked[-1].out, asked[-1].zone, asked[-1].state) == (
        4002, Path("kept"), "America/Chicago", tmp_path / "state",
    )  # fmt: skip


@pytest.mark.parametrize("accepted", [True, False])
def test_as_json_it_is_one_document_on_standard_output(run, accepted: bool) -> None:
    result, _ = run(report("THE VERDICT.", accepted=accepted), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["verdict"], told["accepted"]) == (0 if accepted else 1, "THE VERDICT.", accepted)
    assert [step["name"] for step in told["steps"]] == ["data"] and "ok      data" in result.stderr


def test_as_json_a_refusal_is_a_document_too(run) -> None:
    result, _ = run(AcceptanceRefused("No acceptance: not flat."), "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (2, {"error": "No acceptance: not flat."})
