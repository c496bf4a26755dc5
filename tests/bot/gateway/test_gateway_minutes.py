"""Under a backtest's rules the gateway fills whole minutes by the one fill rule. No sockets."""

from __future__ import annotations

import pytest
from test_gateway_books import CASH, FEE, FUTURE, Silence, request

from bot.fills import Judged
from bot.gateway.account import Account
from bot.gateway.broker import Broker
from bot.gateway.minutes import Minutes
from bot.market.bar import Bar
from bot.units import MINUTE_NS


class Desk:
    """A broker whose market is one minute after the other; `slippage` and `judged` are what a backtest would know."""

    def __init__(self, slippage: int = 2) -> None:
        self.now, self.slippage, self.verdict, self.asked = 0, slippage, Judged(), []
        self.account = Account("DU1", CASH, 100, 90, {FUTURE.con_id: 1000})
        self.broker = Broker(
            Silence(), {"DU1": self.account}, lambda: self.now, commission_cents=FEE, first_perm_id=1, day_end_ns=lambda ts_ns: 2**62
        )
        self.minutes = Minutes(self.broker.exchange, self)

    def slippage_ticks(self, order_ref: str) -> int:
        return self.slippage

    def judged(self, bar: Bar) -> Judged:
        self.asked.append(bar)
        return self.verdict

    def place(self, *what, **terms) -> int:
        number = self.broker.next_id(1)
        self.broker.place(1, number, FUTURE, request(*what, **terms))
        return number

    def bracket(self, limit: int, stop: int, target: int) -> None:
        entry = self.place("BUY", 1, "LMT", limit=limit, transmit=False)
        self.place("SELL", 1, "STP", stop=stop, parent=entry, transmit=False)
        self.place("SELL", 1, "LMT", limit=target, parent=entry)

    def minute(self, first: int, high: int, low: int, close: int) -> None:
        self.now += MINUTE_NS
        self.minutes.close(Bar(self.now, first, high, low, close, 10))

    @property
    def fills(self) -> list[tuple[int, int]]:
        """Side and price of every fill."""
        return [(each.order.side, each.price) for each in self.broker.exchange.executions]


@pytest.mark.parametrize(
    ("terms", "bar", "price"),
    [
        (("BUY", 1, "LMT", {"limit": 990}), (1000, 1001, 990, 995), None),  # touched only
        (("BUY", 1, "LMT", {"limit": 990}), (1000, 1001, 989, 995), 990),
        (("BUY", 1, "LMT", {"limit": 990}), (980, 985, 975, 982), 990),  # no better for the gap
        (("SELL", 1, "LMT", {"limit": 1010}), (1000, 1011, 999, 1005), 1010),
        (("BUY", 1, "STP LMT", {"limit": 1012, "stop": 1010}), (1000, 1010, 999, 1009), 1012),
        (("BUY", 1, "STP LMT", {"limit": 1012, "stop": 1010}), (1000, 1009, 999, 1009), None),  # its trigger is not reached
        (("BUY", 1, "STP LMT", {"limit": 1012, "stop": 1010}), (1013, 1020, 1012, 1018), None),  # beyond its limit
        (("SELL", 1, "STP", {"stop": 990}), (1000, 1001, 990, 995), 988),  # touched is enough, and slips
        (("SELL", 1, "STP", {"stop": 990}), (980, 985, 975, 982), 978),  # the open gapped through it
        (("BUY", 1, "STP", {"stop": 1010}), (1000, 1011, 999, 1005), 1012),
    ],
)
def test_an_order_that_works_gets_what_the_one_fill_rule_gives_it(terms, bar, price):
    desk = Desk()
    *what, prices = terms
    desk.place(*what, **prices)
    desk.minute(*bar)
    assert desk.fills == ([] if price is None else [(1 if what[0] == "BUY" else -1, price)])


def test_no_order_fills_on_the_minute_that_it_was_sent_on():
    desk = Desk()
    desk.now = MINUTE_NS
    desk.place("BUY", 1, "LMT", limit=990)
    desk.minutes.close(Bar(MINUTE_NS, 1000, 1001, 980, 995, 10))
    assert desk.fills == []


@pytest.mark.parametrize(
    ("bars", "fills"),
    [
        ([(1000, 1030, 985, 1000)], [(1, 990)]),  # its target is not filled in the entry's own bar
        ([(1000, 1030, 975, 1000)], [(1, 990), (-1, 978)]),  # its stop is
        ([(1000, 1001, 985, 1000), (1000, 1021, 995, 1010)], [(1, 990), (-1, 1020)]),
        ([(1000, 1001, 985, 1000), (1000, 1020, 995, 1010)], [(1, 990)]),  # touched only
        ([(1000, 1001, 985, 1000), (1000, 1030, 980, 1010)], [(1, 990), (-1, 978)]),  # both within reach: the stop
    ],
)
def test_a_bracket_is_filled_against_us_where_the_order_of_prices_is_not_known(bars, fills):
    desk = Desk()
    desk.bracket(990, 980, 1020)
    for bar in bars:
        desk.minute(*bar)
    assert desk.fills == fills
    assert len(desk.broker.exchange.open) == (2 if len(fills) == 1 else 0)


def test_a_market_order_gets_the_last_close_at_once():
    desk = Desk()
    desk.place("BUY", 1, "LMT", limit=990)
    desk.minute(1000, 1001, 985, 1000)
    desk.place("SELL", 1, "MKT")
    assert desk.fills == [(1, 990), (-1, 998)]
    assert [each.ts_ns for each in desk.broker.exchange.executions] == [MINUTE_NS, MINUTE_NS]


@pytest.mark.parametrize(("judged", "price"), [(Judged(False), 997), (Judged(False, True), 993), (Judged(False, True, True), 990)])
def test_a_bar_that_may_fill_nothing_fills_nothing_and_an_exit_gets_what_the_backtest_gives_it(judged, price):
    """Its close, the open if the position had to be left already, or the entry's own price if the trade is void."""
    desk = Desk()
    desk.bracket(990, 980, 1020)
    desk.minute(1000, 1001, 985, 1000)
    desk.verdict = judged
    desk.minute(995, 1050, 900, 999)
    assert desk.fills == [(1, 990)]
    desk.place("SELL", 1, "MKT")
    assert desk.fills[1:] == [(-1, price)]


def test_nobody_is_asked_about_a_bar_while_nothing_works():
    desk = Desk()
    desk.minute(1000, 1001, 985, 1000)
    desk.place("BUY", 1, "LMT", limit=990)
    desk.minute(1000, 1001, 995, 1000)
    assert [bar.ts_ns for bar in desk.asked] == [2 * MINUTE_NS]


def test_a_market_that_is_closed_fills_nothing():
    desk = Desk()
    desk.place("BUY", 1, "LMT", limit=990)
    desk.broker.exchange.closed = True
    desk.minute(1000, 1001, 980, 1000)
    desk.place("BUY", 1, "MKT")
    assert desk.fills == []
