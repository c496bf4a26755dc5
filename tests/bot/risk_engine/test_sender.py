"""The closing order: at the market, or through it by a limit where the venue has just refused that."""

from __future__ import annotations

from typing import Any

import pytest
from builders import CONTRACTS, an_intent
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.identifiers import InstrumentId, StrategyId
from order_makers import TRADER, kept

from bot.decision.plan import ExitReason
from bot.risk_engine.sender import Sender
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S = OrderState
THROUGH = CONTRACTS.execution_contract.exit.flatten_limit_ticks
CLOSE = 1000  # ticks


class Hands:
    """What a sender sends; the market closed at `last_close` ticks, 0 before any bar."""

    def __init__(self, last_close: int) -> None:
        self.trader_id, self.cache, self.last_close, self.slippage_ticks = TRADER, kept(), last_close, 0
        self.wall = TestClock()
        self.now_ns, self.sent = 0, []

    def send(self, command: Any, *, after_wait: bool = False) -> None:
        self.sent.append(command.order)


def closing(last_close: int, *before: tuple[OrderState, int | None]) -> tuple[str, float | None]:
    """Kind and limit (ticks) of the closing order of a long that follows these."""
    hands, leg = Hands(last_close), Leg(1, 1, 992, 1016)
    leg.orders += [TrackedOrder(f"X{n}", Role.EXIT, 1, -1, 1, price, state=state) for n, (state, price) in enumerate(before)]
    trade = Trade(an_intent(name="I"), [leg], closing=ExitReason.TIME)
    sender = Sender(hands, InstrumentId.from_str("MESZ5.CME"), lambda _: CONTRACTS.execution_contract, lambda *_: None)
    sender.owner("I", StrategyId("K1-001"))
    sender.exit(trade, leg, 1)
    (order,) = hands.sent
    return order.order_type.name, round(float(order.price) / 0.25) if order.has_price else None


MARKET = ("MARKET", None)
REFUSED, LIMIT = (S.REJECTED, None), (S.CANCELED, CLOSE - THROUGH)


@pytest.mark.parametrize(
    ("before", "sent"),
    [
        ((), MARKET),
        ((REFUSED,), ("LIMIT", CLOSE - THROUGH)),
        ((REFUSED, LIMIT), MARKET),  # it rested: the market is asked again
        ((REFUSED, (S.REJECTED, CLOSE - THROUGH)), MARKET),
        ((REFUSED, LIMIT, REFUSED), ("LIMIT", CLOSE - 2 * THROUGH)),
        ((REFUSED, LIMIT) * 2 + (REFUSED,), ("LIMIT", CLOSE - 4 * THROUGH)),
        ((REFUSED, LIMIT) * 9 + (REFUSED,), ("LIMIT", CLOSE - 8 * THROUGH)),
        (((S.CANCELED, None),), MARKET),
        (((S.DENIED, None),), MARKET),
    ],
)
def test_a_market_order_that_was_refused_is_followed_by_a_limit_and_that_by_a_market_order(before, sent):
    assert closing(CLOSE, *before) == sent


def test_before_any_bar_no_price_is_known_and_it_stays_at_the_market():
    assert closing(0, REFUSED) == MARKET


@pytest.mark.parametrize("state", [state for state in OrderState if state is not S.REJECTED])
def test_whatever_else_became_of_the_one_before_the_next_is_at_the_market(state):
    assert closing(CLOSE, (state, None)) == MARKET
