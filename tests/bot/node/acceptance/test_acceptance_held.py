"""An acceptance over a true socket: the simulated gateway, a healthy dialect of it, a strange one, broken ones, and one in which a person
ends it. The quick run holds the whole of it once, against the simulated gateway."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dialects import Dialect, FillsFarOrders, LosesCancels, NeverFills, OtherSession, RefusesAForm, StrangeDialect, gateway_of

from bot.errors import Interrupted
from bot.gateway.gateway import Gateway
from bot.node.acceptance.contact import AcceptanceRefused
from bot.node.acceptance.drill_step import _judge
from bot.node.acceptance.frames import NAMES, Frame
from bot.node.acceptance.place import own_gateway
from bot.node.acceptance.report import Report, keep_earlier
from bot.node.acceptance.run import Acceptance, AcceptanceRequest, accept, compared_again
from bot.node.acceptance.steps import Ended, Steps


class Held:
    """An acceptance that was held at a gateway; `gateway` is it, stopped."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.said: list[str] = []
        self.gateway: Gateway | None = None
        self.words = ""  # a fault of the gateway
        self.interrupt_at = ""  # the words at which a person types Ctrl-C

    def say(self, line: str) -> None:
        self.said.append(line)
        if self.interrupt_at and self.interrupt_at in line:
            self.interrupt_at = ""
            os.kill(os.getpid(), signal.SIGINT)

    def at(self, session: type[OtherSession]) -> Report:
        return asyncio.run(self._at(gateway_of(session)))

    async def _at(self, make: type[Gateway]) -> Report:
        def made(config: Any) -> Gateway:
            self.gateway = make(config)
            if self.words:
                self.gateway.side.verbs.do(self.words)
            return self.gateway

        request = AcceptanceRequest(self.out, self.out / "unused")
        async with own_gateway(None, made) as place:
            return await Acceptance(request, place, self.say).held()

    @property
    def working(self) -> list[str]:
        return [order.request.order_ref for order in self.gateway.broker.open_orders()]

    @property
    def net(self) -> int:
        return sum(held.contracts for account in self.gateway.broker.accounts.values() for held in account.positions.values())

    def verdict(self) -> str:
        return json.loads((self.out / "acceptance.json").read_text())["verdict"]


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def listed(report: Report) -> set[tuple[str, str, str, str]]:
    return {(each.kind, each.field, each.real, each.simulated) for each in report.differences}


def ended(report: Report, how: Ended) -> list[str]:
    return [step.name for step in report.steps if step.ended is how]


def test_the_simulated_gateway_is_accepted_without_a_difference(tmp_path: Path) -> None:
    said: list[str] = []
    report = asyncio.run(accept(AcceptanceRequest(tmp_path, tmp_path / "unused"), said.append))
    assert (report.accepted, report.differences, report.left, ended(report, Ended.FAILED)) == (True, (), (), []), "\n".join(
        [*said, *report.lines()]
    )
    assert report.verdict.startswith("ACCEPTED") and (tmp_path / "acceptance.md").read_text().startswith(
        f"# Acceptance\n\n{report.verdict}"
    )
    assert json.loads((tmp_path / "acceptance.json").read_text())["verdict"] == report.verdict
    kept = "".join((tmp_path / name).read_text() for name in ("acceptance.md", "acceptance.json", "frames.jsonl"))
    assert "DU1234567" not in kept and "DU***567" in kept and "exec-1.01" in kept and "perm-1" in kept
    assert not (tmp_path / "unused").exists()
    assert asyncio.run(compared_again(tmp_path / "frames.jsonl", None)) == []


def test_an_earlier_report_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "acceptance.md").write_text(f"report {number}")
        (tmp_path / "frames.jsonl").write_text(f"frames {number}")
        keep_earlier(tmp_path, "frames.jsonl")
    assert not list(tmp_path.glob("*.*"))
    assert [(tmp_path / f"earlier-{number}" / "acceptance.md").read_text() for number in (1, 2)] == ["report 1", "report 2"]
    assert (tmp_path / "earlier-2" / "frames.jsonl").read_text() == "frames 2"


@pytest.mark.slow
def test_a_dialect_is_accepted_with_the_differences_that_it_makes_and_no_others(held: Held) -> None:
    report = held.at(Dialect)
    assert listed(report) == Dialect.DIFFERENCES, "\n".join(report.lines())
    assert (report.accepted, [each for each in report.differences if each.matters], held.working, held.net) == (True, [], [], 0)


@pytest.mark.slow
def test_what_no_bot_has_heard_matters_and_is_not_accepted(held: Held) -> None:
    report = held.at(StrangeDialect)
    assert listed(report) == Dialect.DIFFERENCES | StrangeDialect.STRANGE, "\n".join(report.lines())
    mattering = {(each.kind, each.field, each.real, each.simulated) for each in report.differences if each.matters}
    assert (mattering, report.accepted, ended(report, Ended.FAILED)) == (StrangeDialect.STRANGE, False, ["comparison"])
    assert (held.working, held.net) == ([], 0)


@pytest.mark.slow
def test_a_form_that_is_refused_fails_its_step_and_leaves_nothing(held: Held) -> None:
    report = held.at(RefusesAForm)
    assert ended(report, Ended.FAILED)[0] == "a stop-limit entry with stop and target"
    (step,) = [step for step in report.steps if step.name == "a stop-limit entry with stop and target"]
    assert "No stop-limit orders here" in step.found
    assert (report.accepted, report.left, held.working, held.net) == (False, (), [], 0)


@pytest.mark.slow
def test_an_order_that_never_fills_fails_the_drill_and_leaves_nothing(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.node.drill.OPEN_SECONDS", 1.0)
    report = held.at(NeverFills)
    assert ended(report, Ended.FAILED)[0] == "one contract filled, with its bracket, and closed"
    assert (report.accepted, report.left, held.working, held.net) == (False, (), [], 0)


@pytest.mark.slow
def test_orders_that_nobody_can_cancel_are_told_by_name_and_no_contract_is_filled(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.node.acceptance.hand.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("bot.node.acceptance.hand.TIDY_SECONDS", 1.0)
    report = held.at(LosesCancels)
    assert not report.accepted and report.verdict.startswith("NOT ACCEPTED, and something is left")
    assert held.working and all(any(ref in left for left in report.left) for ref in held.working)
    assert held.net == 0 and not any("drill" in line.lower() for line in held.said)


@pytest.mark.slow
@pytest.mark.parametrize("words", ["the two legs of K4", "Drill: opened", "connection lost and found"])
def test_who_types_ctrl_c_is_told_that_all_is_taken_back(held: Held, words: str) -> None:
    held.interrupt_at = words
    with pytest.raises(Interrupted, match="INTERRUPTED: what was sent is taken back"):
        held.at(OtherSession)
    assert (held.working, held.net, held.verdict()[:11]) == ([], 0, "INTERRUPTED"), "\n".join(held.said)
    assert held.gateway.broker.exchange.completed


@pytest.mark.slow
@pytest.mark.parametrize("words", ["a stop alone", "orders adopted"])
def test_an_error_that_nobody_foresaw_takes_back_what_was_sent(held: Held, words: str) -> None:
    def broken(line: str) -> None:
        held.said.append(line)
        if words in line:
            raise ZeroDivisionError("nobody foresaw it")

    held.say = broken
    report = held.at(OtherSession)
    assert (report.accepted, report.left, held.working, held.net) == (False, (), [], 0)
    assert any(step.name == "the acceptance" and "nobody foresaw it" in step.found for step in report.steps)


@pytest.mark.slow
def test_a_gateway_that_goes_away_for_good_leaves_orders_that_are_told_by_name(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hand.ANSWER_SECONDS", "hand.TIDY_SECONDS", "contact.START_SECONDS"):
        monkeypatch.setattr(f"bot.node.acceptance.{name}", 1.0)
    say = held.say

    def gone(line: str) -> None:
        say(line)
        if line.startswith("ok      the two legs of K4"):
            held.gateway.listener._server.close()
            held.gateway.listener.drop_all()

    held.say = gone
    report = held.at(OtherSession)
    assert not report.accepted and report.verdict.startswith("NOT ACCEPTED, and something is left: ")
    assert len(held.working) == 6 and all(any(ref in left for left in report.left) for ref in held.working)
    assert report.left[-1].startswith("It could not be asked whether anything is left")


@pytest.mark.slow
def test_a_far_order_that_fills_at_once_is_closed_again(held: Held) -> None:
    report = held.at(FillsFarOrders)
    assert (report.accepted, report.left, held.working, held.net) == (False, (), [], 0), "\n".join(held.said)
    assert len(held.gateway.broker.exchange.executions) >= 2


@pytest.mark.parametrize(("words", "sentence"), [("deny md 354 No subscription", "No subscription"), ("deny md 10167", "delayed")])
def test_a_login_without_live_data_is_refused_in_the_brokers_words(held: Held, words: str, sentence: str) -> None:
    held.words = words
    with pytest.raises(AcceptanceRefused, match=sentence):
        held.at(OtherSession)
    assert not held.gateway.broker.orders


@pytest.mark.slow
def test_data_that_are_refused_with_a_code_that_nobody_knows_fail_their_step_and_no_order_is_sent(held: Held) -> None:
    held.words = "deny md 31337 who knows"
    report = held.at(OtherSession)
    assert not report.accepted and ended(report, Ended.FAILED)[0] == "data" and not held.gateway.broker.orders
    assert any("who knows" in step.found for step in report.steps)


def execution(name: str, side: str, asked: str = "-1", ref: str = "20251002-OPERATOR-1132-1E") -> list[str]:
    told = {"reqId": asked, "execId": name, "side": side, "shares": "1", "orderRef": ref}
    return [told.get(field, "") for field in NAMES["execDetails"]]


@pytest.mark.parametrize(
    ("sides", "latched", "held_limits", "how", "closed"),
    [
        (("BOT", "SLD"), "", True, Ended.OK, True),
        (("BOT", "SLD"), "", False, Ended.DIFFERS, True),
        (("BOT", "SLD"), "it is HALTED", True, Ended.FAILED, True),
        (("BOT",), "", True, Ended.FAILED, False),
        ((), "", True, Ended.FAILED, True),
    ],
)
def test_a_drill_is_judged_by_what_it_has_traded(sides: tuple[str, ...], latched: str, held_limits: bool, how: Ended, closed: bool) -> None:
    told = [execution(f"e{number}", side) for number, side in enumerate(sides)]
    others = [execution("earlier", "BOT", asked="7"), execution("of a person", "BOT", ref="by hand")]
    frames = [Frame(0.0, 1, 7, "out", "execDetails", fields) for fields in (*told, *told, *others)]
    steps = Steps(lambda _: None)
    done = SimpleNamespace(latched=latched, held=held_limits)
    assert (_judge(done, frames, steps), [step.ended for step in steps.all]) == (closed, [how])
