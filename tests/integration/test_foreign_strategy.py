"""The law binds a strategy from a folder exactly as K1, whatever it does; and the journal says what it did."""

from __future__ import annotations

from pathlib import Path

import pytest
from foreign import spoil, with_own_belief, write
from stage import DAY, FLAT, WARM_UP_DAY, Played, lawbook, play, quiet_day

from bot.backtest.run import BacktestRun
from bot.calendar import new_york
from bot.journal.why import why
from bot.messages import TradeOpened
from bot.report.html import render
from bot.report.summary import Summary
from bot.runtime.past import past_of
from bot.units import MINUTE_NS

ENTER = "if state.minute_of_session == 71:\n    return Setup(1)\nreturn NoSetup('LATER', 'minute', state.minute_of_session, 'required', 71)"
SAME_BAR = "        side, close, rules, failed = setup.side, state.bar.close, self.rules, state.failed_break\n"
PLAN = (  # one leg around the close, which the quiet day fills
    "        close = state.bar.close\n"
    "        thesis = Thesis(self.belief, 0.9, level=close - 40)\n"
    "        legs = (Leg({quantity}, close - {stop}, close + 2 * {stop}),)\n"
    "        return EntryPlan({strategy}, 1, EntryType.LIMIT, {limit}, None, legs, 90.0, 20, thesis)\n"
)


def planning(folder: Path, *, strategy: str = "self.name", limit: str = "close", quantity: str = "1", stop: str = "8") -> Path:
    """Z6 that has one plan, at 10:41."""
    write(folder, detect=ENTER)
    spoil(folder, "  min_belief: 0.65\n", "  min_belief: 0.0\n", kind="yaml")  # a quiet day believes in nothing
    spoil(folder, "  max_minutes: 15\n", "  max_minutes: 20\n", kind="yaml")
    return spoil(folder, SAME_BAR, PLAN.format(strategy=strategy, limit=limit, quantity=quantity, stop=stop) + SAME_BAR)


def run(folder: Path, strategies: Path) -> Played:
    law = lawbook(folder / "law", FLAT, {"strategies": {"K5.veto_belief": 1.0}})  # a quiet day is all noise
    return play(law, folder / "out", [*quiet_day(WARM_UP_DAY), *quiet_day(DAY)], strategies=(strategies,))


def decisions(played: Played, minute: str = "10:41") -> dict[str, dict]:
    """The decisions of the bar of a minute, by strategy."""
    at_ns = next(record.ts_ns for record in played.records if record.kind == "bar" and _clock(record.ts_ns) == f"{DAY} {minute}")
    return {record.strategy: record.body for record in played.records if record.kind == "decision" and record.ts_ns == at_ns}


def _clock(ts_ns: int) -> str:
    return f"{new_york(ts_ns):%Y-%m-%d %H:%M}"


def told(folder: Path) -> tuple[str, str]:
    """What `mesbot why` says of Z6 at 10:41, and the report; neither is told where Z6 is."""
    journal = folder / "out" / "journal.sqlite"
    return why(journal, f"{DAY} 10:41", "z6"), render(Summary.from_journal(journal))


# ------------------------------------------------------------------ what it may


def test_it_trades_under_the_law_as_any_other_and_its_trade_is_reported(tmp_path):
    played = run(tmp_path, planning(tmp_path / "mine"))
    assert decisions(played)["Z6"]["action"] == "ENTER"
    assert [outcome["strategy"] for outcome in played.outcomes] == ["Z6"]
    assert played.denials == [] and played.kills == []
    explained, report = told(tmp_path)
    assert "Z6 long enters" in explained
    assert "<b>Z6</b>" in report and "Z6 long, 2025-09-16 10:41" in report


def test_every_strategy_has_one_decision_a_bar_in_the_order_of_names_the_filter_last(tmp_path):
    played = run(tmp_path, planning(tmp_path / "mine"))
    assert list(decisions(played)) == ["K1", "K2", "K3", "K4", "Z6", "K5"]


# ------------------------------------------------------------------ what it may not


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"quantity": "2", "stop": "4"}, "MAX_CONTRACTS", "contracts=2, maximum=1"),
        ({"stop": "13"}, "RISK_PER_TRADE", "risk=16.25, maximum=15.00"),
        ({"stop": "3"}, "STOP_TOO_NARROW", "stop_ticks=3, minimum=4"),
        ({"strategy": "'K1'"}, "NO_ANSWER", "Z6=a plan for K1, required=an answer"),
        ({"limit": "float('nan')"}, "NO_ANSWER", "its EntryPlan cannot be read: Expected `int`, got `float`"),
        ({"quantity": "0"}, "NO_ANSWER", "Z6=a plan without legs, or with one of no contract"),
    ],
)
def test_a_plan_beyond_the_law_is_refused_and_said(tmp_path, changes, code, words):
    played = run(tmp_path, planning(tmp_path / "mine", **changes))
    found = decisions(played)["Z6"]
    assert (found["action"], found["gate"]["code"]) == ("SKIP", code)
    assert words in found["sentence"]
    assert played.orders == [] and played.kills == []
    explained, report = told(tmp_path)
    assert words in explained and code in report


@pytest.mark.parametrize(
    ("detect", "words"),
    [
        ("raise RuntimeError('I have had enough')", "Z6=RuntimeError: I have had enough, required=an answer"),
        ("return 1 / 0", "Z6=ZeroDivisionError: division by zero"),
        ("return 'buy'", "Z6=answered 'buy', of str"),
        ("return object", "Z6=answered <class 'object'>, of type"),
        ("return None", "Z6=silence"),
        ("return NoSetup(None, 'a', 1, 'b', 2)", "Z6=a NoSetup with None, of NoneType, where a word must be"),
        ("raise SystemError", "Z6=SystemError"),
    ],
)
def test_a_strategy_that_gives_no_answer_has_none_and_the_others_decide_as_ever(tmp_path, detect, words):
    played = run(tmp_path, write(tmp_path / "mine", detect=detect))
    found = decisions(played)
    assert found["Z6"]["gate"]["code"] == "NO_ANSWER" and words in found["Z6"]["sentence"]
    assert {found[name]["gate"]["code"] for name in ("K1", "K2", "K3", "K4")} & {"NO_ANSWER"} == set()
    assert played.orders == [] and played.kills == []
    explained, report = told(tmp_path)
    assert words in explained and "NO_ANSWER" in report


@pytest.mark.parametrize("evidence", ["return 1 / 0", "return 7", "return None"])
def test_evidence_that_is_none_closes_its_belief_and_the_decision_says_why(tmp_path, evidence):
    mine = with_own_belief(tmp_path / "mine", f"\n\ndef evidence(state, side, weights):\n    {evidence}\n")
    played = run(tmp_path, mine)
    found = decisions(played)["Z6"]
    assert found["gate"]["code"] == "NO_ANSWER" and "Z6=the evidence of F6" in found["sentence"]
    assert found["beliefs"] == [0.0, 0.0]
    assert played.orders == [] and played.kills == []


SENDS = {
    "a market order": (
        "from nautilus_trader.model.enums import OrderSide\n"
        "from nautilus_trader.model.objects import Quantity\n"
        "order = self.order_factory.market(self.config.instrument_id, OrderSide.BUY, Quantity.from_int(1))\n"
        "self.submit_order(order)",
        "NOT_RECOGNISED",
    ),
    "a bracket nobody has decided": (
        "from nautilus_trader.model.enums import OrderSide, OrderType\n"
        "from nautilus_trader.model.objects import Price, Quantity\n"
        "price = state.bar.close * 0.25\n"
        "self.submit_order_list(self.order_factory.bracket(\n"
        "    self.config.instrument_id, OrderSide.BUY, Quantity.from_int(1), entry_order_type=OrderType.LIMIT,\n"
        "    entry_price=Price(price, 2), sl_trigger_price=Price(price - 2, 2), tp_price=Price(price + 4, 2)))",
        "UNKNOWN_INTENT",
    ),
    "an order round the risk engine": (
        "from nautilus_trader.core.uuid import UUID4\n"
        "from nautilus_trader.execution.messages import SubmitOrder\n"
        "from nautilus_trader.model.enums import OrderSide\n"
        "from nautilus_trader.model.objects import Quantity\n"
        "order = self.order_factory.market(self.config.instrument_id, OrderSide.BUY, Quantity.from_int(1))\n"
        "self.msgbus.send('ExecEngine.execute', SubmitOrder(trader_id=self.trader_id, strategy_id=self.id, order=order,\n"
        "    command_id=UUID4(), ts_init=self.clock.timestamp_ns()))",
        "NOT_RECOGNISED",
    ),
}


@pytest.mark.parametrize("send, code", SENDS.values(), ids=SENDS)
def test_an_order_of_its_own_is_denied_and_the_journal_says_whose_it_was(tmp_path, send, code):
    once = "if state.minute_of_session == 71:\n" + "\n".join(f"    {line}" for line in send.split("\n"))
    played = run(tmp_path, write(tmp_path / "mine", detect=once))
    denied = [record for record in played.records if record.kind == "order event" and record.body["event"] == "Denied"]
    assert denied and {record.body["strategy"] for record in denied} == {"Z6"}
    assert {order.status_string() for order in played.orders} <= {"DENIED"} and played.positions == []  # Nautilus may not know it
    assert set(played.denials) == {code} and played.kills == []
    explained, report = told(tmp_path)
    assert "Denied" in explained and code in explained
    assert f"The risk engine denied 2 commands in the name of Z6: {code} × 2." in report  # one on each of the two days


BESIDE_A_PLAN = """
    def _on_book(self, event):
        from nautilus_trader.model.enums import OrderSide
        from nautilus_trader.model.objects import Quantity
        super()._on_book(event)
        if type(event).__name__ == "IntentSubmitted":
            self.submit_order(self.order_factory.market(self.config.instrument_id, OrderSide.BUY, Quantity.from_int(1)))

"""


def test_what_is_refused_while_a_plan_is_submitted_is_not_that_plans_refusal(tmp_path):
    mine = planning(tmp_path / "mine")
    spoil(mine, "    def plan_exit", f"{BESIDE_A_PLAN.lstrip(chr(10))}    def plan_exit")
    played = run(tmp_path, mine)
    assert set(played.denials) == {"NOT_RECOGNISED"}
    decided = decisions(played)["Z6"]
    assert decided["action"] == "ENTER" and "gate" not in decided
    assert [record for record in played.records if record.kind == "shadow" and _clock(record.ts_ns) == f"{DAY} 10:41"] == []
    assert "ENTRY" in {record.body["role"] for record in played.records if record.kind == "order event"}


def test_a_strategy_that_cannot_manage_its_trade_loses_it(tmp_path):
    mine = spoil(
        planning(tmp_path / "mine"),
        "        if (state.bar.close - trade",
        "        raise RuntimeError('what now')\n        if (state.bar.close - trade",
    )
    played = run(tmp_path, mine)
    (outcome,) = played.outcomes
    assert (outcome["strategy"], outcome["exit_reason"], outcome["quantity"]) == ("Z6", "THESIS", 1)
    assert any("RuntimeError: what now" in body["sentence"] for body in played.of("decision") if body["action"] == "EXIT")


def test_a_trade_whose_strategy_is_not_here_is_left_at_once(tmp_path):
    """As after a start without its folder: the trade is adopted, and nobody can say when it is void."""

    def forget_k6(made: BacktestRun) -> None:
        library = next(actor for actor in made.engine.trader.actors() if actor.id.value == "LIBRARY")
        hear = library._on_book

        def on_book(event: object) -> None:
            hear(event)
            if isinstance(event, TradeOpened):
                library._traders = ("K1", "K2", "K3", "K4")

        library._on_book = on_book

    law = lawbook(tmp_path / "law", FLAT, {"strategies": {"K5.veto_belief": 1.0}})
    bars = [*quiet_day(WARM_UP_DAY), *quiet_day(DAY)]
    played = play(law, tmp_path / "out", bars, before=forget_k6, strategies=(planning(tmp_path / "mine"),))
    first, *_ = played.outcomes
    assert (first["strategy"], first["exit_reason"]) == ("Z6", "THESIS")
    assert first["closed_ns"] - first["opened_ns"] <= 2 * MINUTE_NS


# ------------------------------------------------------------------ what the law ends, and what the block says


def _held(folder: Path, body: str) -> Path:
    """Z6 that enters at 10:41 and manages its trade as `body` says."""
    planning(folder)
    path = folder / "z6.py"
    path.write_text(path.read_text() + f"\n    def plan_management(self, trade, state):\n        {body}\n", encoding="utf-8")
    return folder


def test_a_trade_that_its_strategy_would_hold_for_ever_ends_by_the_rules_of_all(tmp_path):
    body = "from bot.decision.plan import Act, ManagementAction; return ManagementAction(Act.HOLD, 'for ever')"
    played = run(tmp_path, _held(tmp_path / "mine", body))
    assert [(each["strategy"], each["exit_reason"]) for each in played.outcomes][:1] == [("Z6", "TIME")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  max_minutes: 20\n", "  max_minutes: 19\n", "a plan of 20 minutes, where its block allows 19"),
        ("  min_belief: 0.0\n", "  min_belief: 0.9\n", "where its block wants 0.90"),
        ("  phases: [1, 2, 4]\n", "  phases: [4]\n", "a plan in phase 2, where its block allows 4"),
    ],
)
def test_a_plan_outside_its_own_block_is_no_answer(tmp_path, old, new, said):
    mine = spoil(planning(tmp_path / "mine"), old, new, kind="yaml")
    played = run(tmp_path, mine)
    gate = decisions(played)["Z6"]["gate"]
    assert (gate["code"], said in gate["observed"]) == ("NO_ANSWER", True)
    assert [each for each in played.outcomes if each["strategy"] == "Z6"] == []


def test_a_strategy_that_is_chosen_and_submits_nothing_does_not_keep_the_others_from_trading(tmp_path):
    mine = planning(tmp_path / "mine")
    path = mine / "z6.py"
    path.write_text(path.read_text() + "\n    def _on_submit(self, intent):\n        pass\n", encoding="utf-8")
    gate = decisions(run(tmp_path, mine))["Z6"]["gate"]
    assert (gate["code"], gate["observed"]) == ("NO_ANSWER", "it was chosen and submitted nothing")


@pytest.mark.parametrize("raising", ["raise RuntimeError('filled')", "raise SystemExit(0)"])
def test_an_event_method_that_raises_ends_no_run_and_trips_the_kill_switch(tmp_path, raising):
    mine = planning(tmp_path / "mine")
    path = mine / "z6.py"
    path.write_text(path.read_text() + f"\n    def on_order_filled(self, event):\n        {raising}\n", encoding="utf-8")
    played = run(tmp_path, mine)
    trip = next(body for body in played.of("kill"))
    assert trip["state"] == "TRIPPED" and "Z6 raised on OrderFilled" in trip["detail"]
    assert [each["exit_reason"] for each in played.outcomes if each["strategy"] == "Z6"] == ["KILL"]


@pytest.mark.parametrize("raising", ["raise SystemExit(3)", "raise type('Z', (Exception,), {'__str__': lambda self: 1 / 0})()"])
def test_what_a_strategy_raises_is_no_answer_whatever_it_is(tmp_path, raising):
    played = run(tmp_path, write(tmp_path / "mine", detect=raising))
    assert decisions(played)["Z6"]["gate"]["code"] == "NO_ANSWER"


OUT = "from bot.decision.plan import Act, ExitPlan, ExitReason, ManagementAction"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("plan_exit", "ExitPlan('THESIS', 'out')"),
        ("plan_exit", "ExitPlan(7, chr(0xD800))"),
        ("plan_management", "ManagementAction('exit', 'out', reason=ExitReason.THESIS)"),
    ],
)
def test_an_exit_in_words_of_its_own_ends_the_trade_as_one_that_a_restart_can_read(tmp_path, method, answer):
    folder = planning(tmp_path / "mine")
    path = folder / "z6.py"
    path.write_text(f"{path.read_text()}\n    def {method}(self, trade, state):\n        {OUT}; return {answer}\n", encoding="utf-8")
    played = run(tmp_path, folder)
    (ended,) = [outcome for outcome in played.outcomes if outcome["strategy"] == "Z6"]
    assert (ended["exit_reason"], played.kills) == ("THESIS", [])
    assert ended["closed_ns"] - ended["opened_ns"] <= 2 * MINUTE_NS
    assert past_of((str(tmp_path / "out" / "journal.sqlite"),)).unfinished == ()
