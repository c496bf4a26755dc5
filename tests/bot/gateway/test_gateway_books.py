"""Whatever happens to orders, the broker's books agree: executions, positions, cash and groups. No sockets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.gateway.account import Account
from bot.gateway.broker import Broker, Refusal
from bot.gateway.instruments import Future
from bot.gateway.order_request import OrderRequest
from bot.market.bar import Bar
from bot.units import SECOND_NS, TICK_CENTS

FUTURE = Future(700202512, "MESZ5", "202512", dt.date(2025, 12, 19), 0)
CASH = 100_000_000
FEE = 62


class Silence:
    """Nobody listens."""

    def opened(self, order, *, commission=False): ...
    def status(self, order): ...
    def executed(self, execution): ...
    def paid(self, execution): ...
    def order_error(self, order, code, text): ...
    def position_changed(self, account, execution): ...


def request(action: str, quantity: int, kind: str, *, limit=None, stop=None, parent=0, transmit=True) -> OrderRequest:
    def points(ticks):
        return None if ticks is None else Decimal(ticks) / 4

    return OrderRequest(
        action=action, quantity=Decimal(quantity), order_type=kind, limit_price=points(limit), aux_price=points(stop), tif="GTC",
        oca_group="", oca_type=0, account="DU1", open_close="", origin=0, order_ref="", transmit=transmit, parent_id=parent,
        outside_rth=False, good_till_date="", model_code="", trigger_method=0, hidden=False, what_if=False, unserved=(),
    )  # fmt: skip


class Books(RuleBasedStateMachine):
    @initialize(per_piece=st.sampled_from([None, 1, 2]))
    def open(self, per_piece):
        self.now = 0
        self.marks = {FUTURE.con_id: 1000}
        self.account = Account("DU1", CASH, 240_000, 218_182, self.marks)
        self.broker = Broker(
            Silence(), {"DU1": self.account}, lambda: self.now, commission_cents=FEE, first_perm_id=0, day_end_ns=lambda now: now + 10**15
        )
        self.broker.exchange.contracts_a_piece = per_piece
        self.price = 1000
        self.brackets: list[tuple[int, int, int]] = []

    def place(self, order_request):
        number = self.broker.next_id(1)
        self.broker.place(1, number, FUTURE, order_request)
        return number

    @rule(buy=st.booleans(), quantity=st.integers(1, 4), away=st.integers(-8, 8), kind=st.sampled_from(["LMT", "STP LMT", "MKT"]))
    def bracket(self, buy, quantity, away, kind):
        side, entry, exit_ = (1, "BUY", "SELL") if buy else (-1, "SELL", "BUY")
        limit = self.price - away * side
        stop = limit - side if kind == "STP LMT" else None
        parent = self.place(request(entry, quantity, kind, limit=None if kind == "MKT" else limit, stop=stop, transmit=False))
        target = self.place(request(exit_, quantity, "LMT", limit=limit + 6 * side, parent=parent, transmit=False))
        protect = self.place(request(exit_, quantity, "STP", stop=limit - 6 * side, parent=parent))
        self.brackets.append((parent, target, protect))

    @rule(high=st.integers(0, 12), low=st.integers(0, 12), close=st.floats(0, 1))
    def piece(self, high, low, close):
        opening, start = self.price, self.now
        end = round(opening - low + close * (high + low))
        self.broker.exchange.open_piece(Bar(start, opening, opening, opening, opening, 1), start)
        self.now += 5 * SECOND_NS
        self.broker.exchange.run_piece(Bar(self.now, opening, opening + high, opening - low, end, 1), start)
        self.price = self.marks[FUTURE.con_id] = end

    @precondition(lambda self: self.brackets)
    @rule(data=st.data())
    def cancel(self, data):
        number = data.draw(st.sampled_from([number for bracket in self.brackets for number in bracket]))
        was_done = self.broker.orders[1, number].done
        if was_done:
            with pytest.raises(Refusal):
                self.broker.cancel(1, number)
        else:
            self.broker.cancel(1, number)

    @precondition(lambda self: self.brackets)
    @rule(data=st.data(), size=st.integers(1, 3))
    def fill_by_hand(self, data, size):
        live = [order for order in self.broker.exchange.open if order.working]
        if live:
            order = data.draw(st.sampled_from(live))
            self.broker.exchange.fill(order, self.price, min(size, order.released - order.filled))

    @invariant()
    def positions_are_the_sum_of_executions(self):
        if not hasattr(self, "broker"):
            return
        executions = self.broker.exchange.executions
        held = sum(e.shares * e.order.side for e in executions)
        assert self.account.position(FUTURE).contracts == held
        spent = sum(e.shares * e.order.side * e.price for e in executions) * TICK_CENTS
        commissions = sum(e.shares for e in executions) * FEE
        worth = held * self.marks[FUTURE.con_id] * TICK_CENTS
        assert self.account.equity_cents == pytest.approx(CASH - commissions - spent + worth, abs=len(executions) + 1)

    @invariant()
    def a_bracket_never_exits_more_than_it_entered(self):
        for numbers in getattr(self, "brackets", []):
            parent, target, protect = (self.broker.orders[1, number] for number in numbers)
            assert target.filled + protect.filled <= parent.filled <= parent.quantity
            for child in (target, protect):
                assert child.filled <= child.released <= child.quantity or child.done

    @invariant()
    def an_open_position_of_a_bracket_is_covered_by_its_children(self):
        for numbers in getattr(self, "brackets", []):
            parent, target, protect = (self.broker.orders[1, number] for number in numbers)
            left = parent.filled - target.filled - protect.filled
            for child in (target, protect):
                if not child.done:
                    assert child.released - child.filled == left

    @invariant()
    def what_is_done_is_no_longer_open_and_once_completed(self):
        if hasattr(self, "broker"):
            exchange = self.broker.exchange
            assert not [order for order in exchange.open if order.done]
            assert len({id(order) for order in exchange.completed}) == len(exchange.completed)


TestBooks = Books.TestCase
