"""Objects that derive from Nautilus' own and raise where they are asked, in a cache that is everybody's: the way out leads past them."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.accounting.accounts.margin import MarginAccount
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.events import AccountState, OrderFilled, OrderInitialized
from nautilus_trader.model.position import Position
from rogue import MES, Rogue

from bot.backtest.instrument import minute_bars
from bot.decision.plan import ExitReason
from bot.messages import ENDPOINT_RISK_CLOSE, ENDPOINT_RISK_KILL, CloseTrade

OVER = [("20250916-K1-1041-1E", "FILLED"), ("20250916-K1-1041-1S", "CANCELED"), ("20250916-K1-1041-1T", "CANCELED")]
LEFT = [*OVER, ("20250916-K1-1041-1X1", "FILLED")]


def broken(_: object) -> Any:
    raise ValueError("evil")


class EvilBar(Bar):
    ts_event = property(broken)


class EvilAccount(MarginAccount):
    id = property(broken)


class EvilPosition(Position):
    events = property(broken)


def evil_bar(rogue: Rogue) -> None:
    last = rogue.cache.bar(minute_bars(MES))
    rogue.cache.add_bar(EvilBar(last.bar_type, last.open, last.high, last.low, last.close, last.volume, 1, 2))


def evil_account(rogue: Rogue) -> None:
    state = AccountState.to_dict(rogue.cache.accounts()[0].last_event)
    rogue.cache.add_account(EvilAccount(AccountState.from_dict(state | {"account_id": "OTHER-1"}), False))


def evil_position(rogue: Rogue) -> None:
    fill = OrderFilled.to_dict(rogue.cache.positions_open()[0].events[0])
    other = OrderFilled.from_dict(fill | {"position_id": "P-OTHER", "trade_id": "other"})
    rogue.cache.add_position(EvilPosition(rogue.cache.instrument(MES), other), OmsType.NETTING)


def kill(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")


def close(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade("20250916-K1-1041", ExitReason.TIME, "why not"))


@pytest.mark.parametrize("leave", [kill, close])
@pytest.mark.parametrize("evil", [evil_bar, evil_account, evil_position])
def test_nothing_that_stands_in_the_cache_keeps_a_position_from_being_left(day, evil, leave):
    result = day({"10:41": Rogue.enter, "10:45": lambda rogue: (evil(rogue), leave(rogue))}, until="10:50")
    assert sorted((order.client_order_id.value, order.status_string()) for order in result.played.orders) == LEFT
    assert (result.controller._supervisor.net, len(result.played.outcomes)) == (0, 1)


def test_a_position_that_cannot_be_read_is_a_kill_that_is_written_and_nothing_enters_any_more(day):
    result = day({"10:41": Rogue.enter, "10:43": evil_position, "10:45": Rogue.enter}, until="10:50")
    assert result.played.kills == [("TRIPPED", "a guard failed")]  # and never flat: what it holds cannot be known
    assert len([fill for fill in result.played.of("fill") if fill["role"] == "ENTRY"]) == 1


@pytest.mark.parametrize("kind", ["OrderAccepted", "OrderFilled", "OrderCanceled"])
def test_whoever_hears_an_answer_first_and_writes_into_its_order_makes_nobody_deaf(day, kind):
    def hear(rogue: Rogue) -> None:
        def write(event: Any) -> None:
            order = rogue.cache.order(event.client_order_id)
            if type(event).__name__ == kind:
                order.apply(OrderInitialized.from_dict(OrderInitialized.to_dict(order.init_event) | {"event_id": UUID4().value}))

        rogue.msgbus.subscribe("events.order.*", write, priority=2**31 - 1)
        rogue.enter()

    result = day({"10:41": hear, "10:45": close}, until="10:50")
    assert sorted((order.client_order_id.value, order.status_string()) for order in result.played.orders) == LEFT
    assert result.played.kills == []
    told = [(body["client_order_id"][-2:], body["event"]) for body in result.played.of("order event") if body["role"] == "STOP"]
    assert told[-2:] == [("1S", "OrderAccepted"), ("1S", "OrderCanceled")]
    assert result.rogue.nets[-1] == 0


def test_nobody_hears_an_answer_before_the_risk_engine(day):
    heard = {}

    def hear(rogue: Rogue) -> None:
        def note(event: Any) -> None:
            heard[type(event).__name__] = rogue.controller._supervisor.net

        rogue.msgbus.subscribe("events.order.*", note, priority=2**31 - 1)
        rogue.enter()

    day({"10:41": hear}, until="10:44")
    assert heard["OrderFilled"] == 1


@pytest.mark.parametrize("which", [1, 2, 3])
def test_a_command_of_the_way_out_that_failed_before_it_left_is_sent_again(day, which):
    """Cancel of the target, cancel of the stop, closing order: e.g. where whoever asks stands at the end of its stack."""
    sent = []

    def fail_once(rogue: Rogue) -> None:
        engine = rogue.controller._engine
        send = engine.send

        def failing(command: Any, **how: Any) -> None:
            sent.append(command)
            if len(sent) == which:
                raise RecursionError
            send(command, **how)

        engine.send = failing
        close(rogue)

    result = day({"10:41": Rogue.enter, "10:45": fail_once}, until="10:50")
    assert result.rogue.nets[-1] == 0 and not [order for order in result.played.orders if order.is_open]
    assert [fill["role"] for fill in result.played.of("fill")] == ["ENTRY", "EXIT"]


def test_a_kill_whose_leaving_failed_goes_on_with_the_next_look(day):
    def fail(rogue: Rogue) -> None:
        switch, failed = rogue.controller._supervisor.switch, []
        leave = switch._leave

        def failing() -> None:
            failed.append(1)
            if len(failed) <= 2:  # the kill itself, and the alarm about that
                raise RecursionError
            leave()

        switch._leave = failing
        kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": fail}, until="10:55")
    assert result.rogue.nets[-1] == 0
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
