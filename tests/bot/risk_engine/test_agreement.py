"""Whether the account agrees that what is left is there: who is asked, what is made of the answer, and when it is asked again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from builders import an_intent, plan

from bot.decision.plan import ExitReason
from bot.messages import Holdings
from bot.risk_engine.agreement import AGAIN_NS, Agreement, Answerer, by_the_book, nobody
from bot.risk_engine.clocks import StampTime
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS


class Account:
    """An adapter that says what it `holds`; what it was asked, and which trades were acted on when (tenths of a second)."""

    def __init__(self, holds: Any, net: int = 1, answerer: Answerer | None = None) -> None:
        self.holds, self.net, self.asked, self.acted = holds, net, [], []
        self.wall = StampTime(0)
        self.agreement = Agreement(SimpleNamespace(wall=self.wall), lambda: self.net, self._act)
        self.agreement.ask(self._answer if answerer is None else answerer)
        self.trade = held()

    def _answer(self, question: Holdings) -> None:
        self.asked.append(question.expected)
        question.held = self.holds

    def _act(self, trade: Trade) -> None:
        assert trade is self.trade
        self.acted.append(self.wall.now_ns * 10 // SECOND_NS)
        self.agreement.missing(trade)

    def until(self, tenths: int) -> list[int]:
        for tenth in range(tenths + 1):
            self.wall.advance(tenth * SECOND_NS // 10)
        return self.acted


def held(side: int = 1, quantity: int = 1, closing: ExitReason | None = ExitReason.TIME) -> Trade:
    entry = TrackedOrder("E", Role.ENTRY, 1, side, quantity, state=OrderState.FILLED, filled=quantity)
    return Trade(an_intent(plan(side), name="I"), [Leg(1, quantity, 992, 1016, [entry])], closing=closing)


@pytest.mark.parametrize(
    ("side", "net", "holds", "missing"),
    [
        (1, 1, 1, 0),
        (1, 2, 1, 1),
        (1, 1, 0, 1),
        (1, 1, -1, 2),
        (1, 1, 4, 0),  # another hand holds as well: ours is there
        (-1, -1, -1, 0),
        (-1, -2, 0, 2),
        (-1, -1, 1, 2),
        (-1, -1, -3, 0),
        (1, 1, None, None),
        (-1, -1, None, None),
    ],
)
def test_what_the_account_does_not_hold_is_missing(side, net, holds, missing):
    account = Account(holds, net)
    account.trade = held(side, abs(net))
    assert account.agreement.missing(account.trade) == missing
    assert account.asked == [net]


def test_at_a_simulated_venue_the_book_counts():
    account = Account(None, answerer=by_the_book)
    assert (account.agreement.missing(account.trade), account.until(9)) == (0, [])


def test_before_anybody_is_named_the_book_counts():
    wall = StampTime(0)
    assert Agreement(SimpleNamespace(wall=wall), lambda: 1, lambda _: None).missing(held()) == 0


def _raises(question: Holdings) -> None:
    question.held = question.expected
    raise RuntimeError("away")


@pytest.mark.parametrize("answerer", [nobody, _raises])
def test_where_nobody_answers_nothing_is_known(answerer):
    account = Account(None, answerer=answerer)
    assert account.agreement.missing(account.trade) is None
    assert account.until(2) == [1, 2]


@pytest.mark.parametrize("nonsense", ["1", 1.0, True, [], float("nan")], ids=repr)
def test_an_answer_that_is_no_whole_number_is_none(nonsense):
    account = Account(nonsense)
    assert account.agreement.missing(account.trade) is None


@pytest.mark.parametrize("holds", [0, None])
def test_it_is_asked_again_ten_times_a_second_until_the_account_agrees(holds):
    account = Account(holds)
    account.agreement.missing(account.trade)
    assert AGAIN_NS == SECOND_NS // 10
    assert account.until(3) == [1, 2, 3]
    account.holds = 1
    assert account.until(20) == [1, 2, 3, 4]


def test_an_account_that_agrees_is_not_asked_again():
    account = Account(1)
    account.agreement.missing(account.trade)
    assert account.until(20) == []


def test_whoever_asks_meanwhile_begins_no_second_round():
    account = Account(0)
    for _ in range(3):
        account.agreement.missing(account.trade)
    assert account.until(2) == [1, 2]


def test_a_trade_that_is_held_on_or_holds_nothing_does_not_ask():
    account = Account(None)
    for trade in (held(closing=None), held(quantity=0)):
        assert account.agreement.missing(trade) == 0
    short = held()
    short.legs[0].orders.append(TrackedOrder("X", Role.EXIT, 1, -1, 2, state=OrderState.FILLED, filled=2))
    assert account.agreement.missing(short) == 0  # closed twice: it is bought back at once
    assert (account.asked, account.until(9)) == ([], [])


def test_a_trade_that_is_done_is_left_alone():
    account = Account(0)
    account.agreement.missing(account.trade)
    account.trade.done = True
    assert account.until(9) == []


def test_the_next_question_is_named_after_its_trade():
    account, named = Account(0), []
    account.wall.call_at = lambda name, *_: named.append(name)
    account.agreement.missing(account.trade)
    assert named == ["I-account"]
