"""Nothing that stands between the doors, and nothing that Nautilus' cache is made to hold, keeps the supervisor from leaving a position."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, AssetClass, LiquiditySide, OrderSide
from nautilus_trader.model.events import AccountState, OrderCanceled, OrderExpired, OrderFilled, OrderUpdated
from nautilus_trader.model.identifiers import Symbol, TradeId, VenueOrderId
from nautilus_trader.model.instruments import Cfd
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from rogue import MES, Rogue

from bot.decision.snapshot import KillState
from bot.messages import ENDPOINT_RISK_KILL, TOPIC_KILL, TOPIC_MARKET
from bot.risk_engine.brackets import price_of
from bot.runtime.runtime import runtime_of


def kill(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")


def another_instrument(now: int) -> Cfd:
    """One of the same name of which nobody may trade fewer than a hundred."""
    return Cfd(
        instrument_id=MES, raw_symbol=Symbol("MES"), asset_class=AssetClass.INDEX, quote_currency=USD, price_precision=2, size_precision=0,
        price_increment=Price.from_str("0.25"), size_increment=Quantity.from_int(1), min_quantity=Quantity.from_int(100),
        ts_event=now, ts_init=now,
    )  # fmt: skip


def by_cache(rogue: Rogue) -> None:
    rogue.cache.add_instrument(another_instrument(rogue.time_ns))


def by_data(rogue: Rogue) -> None:
    rogue.msgbus.send("DataEngine.process", another_instrument(rogue.time_ns))


@pytest.mark.parametrize("replace", [by_cache, by_data])
def test_an_instrument_that_somebody_replaces_is_a_kill_and_the_position_is_left_by_the_one_of_the_run(day, replace: Callable):
    kept = []
    acts = {"10:41": Rogue.enter, "10:45": replace, "10:48": lambda rogue: kept.append(rogue.cache.instrument(MES).min_quantity)}
    result = day(acts, until="11:00")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert result.played.kills[0][1] == "Nautilus' cache was changed"
    assert (result.rogue.nets[-1], result.controller._supervisor.net, result.rogue.seen("OrderDenied")) == (0, 0, [])
    assert kept != [Quantity.from_int(100)]


def test_an_exit_leaves_in_the_very_moment_the_instrument_is_another(day):
    def both(rogue: Rogue) -> None:
        by_cache(rogue)
        kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": both}, until="11:00")
    assert (result.rogue.nets[-1], result.rogue.seen("OrderDenied")) == (0, [])
    assert result.controller._supervisor.kill_state is KillState.HALTED


def test_an_instrument_that_is_told_again_as_it_is_is_none_other(day):
    def again(rogue: Rogue) -> None:
        found = rogue.cache.instrument(MES)
        rogue.cache.add_instrument(type(found).from_dict(type(found).to_dict(found) | {"ts_init": rogue.time_ns}))

    result = day({"10:41": Rogue.enter, "10:45": again}, until="11:00")
    assert (result.rogue.nets[-1], result.played.kills) == (1, [])


# ------------------------------------------------------------------ what another hand writes into Nautilus' own objects


def state_of(rogue: Rogue, usd: float) -> AccountState:
    account, money = rogue.cache.accounts()[0], Money(usd, USD)
    balance = AccountBalance(money, Money(0, USD), money)
    return AccountState(account.id, AccountType.MARGIN, USD, True, [balance], [], {}, UUID4(), rogue.time_ns, rogue.time_ns)


def rich(rogue: Rogue) -> None:
    """Writes millions into the account, and says so."""
    event = state_of(rogue, 9e6)
    rogue.cache.accounts()[0].apply(event)
    rogue.msgbus.publish(f"events.account.{event.account_id}", event)


def test_an_account_that_a_strategy_writes_into_approves_nothing_and_is_a_kill(day):
    def poor(rogue: Rogue) -> None:
        rogue.msgbus.send("Portfolio.update_account", state_of(rogue, 100.0))  # the venue's word, in a simulation

    def act(rogue: Rogue) -> None:
        rich(rogue)
        rogue.enter()

    result = day({"10:40": poor, "10:41": act}, until="11:00")
    assert result.controller._situation.snapshot().available_cents == 100_00
    assert set(result.rogue.nets) == {0} and len(result.played.denials) == 1
    assert result.played.kills[0] == ("TRIPPED", "another hand wrote into the account")


def test_what_the_portfolio_counts_itself_is_believed(day):
    seen = []

    def note(rogue: Rogue) -> None:
        seen.append(round(float(rogue.cache.accounts()[0].balance_free()) * 100))

    result = day({"10:41": Rogue.enter, "10:50": note}, until="10:51")
    assert result.played.kills == []
    assert seen == [result.controller._situation.snapshot().available_cents] and seen[0] < 10_000_00


def by_hand(rogue: Rogue, name: str, kind: type) -> None:
    """Applies an event to an order of a working bracket and says it."""
    order, now = rogue.order(name), rogue.time_ns
    about = (rogue.trader_id, order.strategy_id, MES, order.client_order_id, order.venue_order_id, order.account_id)
    if kind is OrderFilled:
        size, price, fee = order.quantity, price_of(rogue.close), Money(0, USD)
        event = kind(
            *about, TradeId("mine"), None, order.side, order.order_type, size, price, USD, fee, LiquiditySide.TAKER, UUID4(), now, now
        )
    else:
        event = kind(*about, UUID4(), now, now)
    order.apply(event)
    rogue.msgbus.publish(f"events.order.{rogue.id}", event)


@pytest.mark.parametrize("kind", [OrderCanceled, OrderExpired, OrderFilled])
@pytest.mark.parametrize("name", ["1S", "1T"])
def test_a_cover_that_a_strategy_ends_by_hand_is_a_kill_within_minutes(day, name, kind):
    result = day({"10:41": Rogue.enter, "10:50": lambda rogue: by_hand(rogue, name, kind)}, until="11:00")
    assert result.played.kills[0] == ("TRIPPED", "Nautilus' cache was changed")
    assert result.controller._supervisor.net == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", [OrderCanceled, pytest.param(OrderFilled, marks=pytest.mark.slow)])
def test_an_entry_that_a_strategy_ends_by_hand_is_a_kill_and_a_fill_of_it_is_booked(day, kind):
    away = {f"10:{minute}": (6, 8, 5, 6) for minute in range(42, 45)}
    result = day({"10:41": Rogue.enter, "10:42": lambda rogue: by_hand(rogue, "1E", kind)}, away | {"10:45": (0, 3, -2, 1)}, until="11:00")
    assert result.played.kills[0] == ("TRIPPED", "Nautilus' cache was changed")
    assert result.controller._supervisor.net == 0


def everything(rogue: Rogue) -> None:
    rogue.cache.reset()


def the_stop(rogue: Rogue) -> None:
    rogue.cache.add_order(rogue.market(OrderSide.SELL), overwrite=True)
    other = rogue.order_factory.market(MES, OrderSide.SELL, Quantity.from_int(1), client_order_id=rogue.order("1S").client_order_id)
    rogue.cache.add_order(other, overwrite=True)


@pytest.mark.parametrize("change", [everything, the_stop])
def test_a_cache_that_a_strategy_empties_is_put_back_and_the_position_is_left(day, change):
    result = day({"10:41": Rogue.enter, "10:45": change}, until="11:00")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert result.played.kills[0][1] == "Nautilus' cache was changed"
    assert (result.rogue.nets[-1], result.controller._supervisor.net) == (0, 0)
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["KILL"]


def test_an_exit_leaves_in_the_very_moment_the_cache_is_empty(day):
    def both(rogue: Rogue) -> None:
        rogue.cache.reset()
        kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": both}, until="11:00")
    assert (result.rogue.nets[-1], result.controller._supervisor.kill_state) == (0, KillState.HALTED)


# ------------------------------------------------------------------ what the judge is handed, and others hold as well


def test_limits_that_a_strategy_writes_into_are_not_the_judges(day):
    def write(rogue: Rogue) -> None:
        limits = runtime_of(rogue.controller._config.runtime).limits
        for name in [name for name in type(limits).__struct_fields__ if name.startswith("max_")]:
            msgspec.structs.force_setattr(limits, name, 10**6)
        msgspec.structs.force_setattr(limits, "contracts_of", {"K1": 5})
        rogue.enter(quantity=5, stop=6, target=12)

    result = day({"10:41": write}, until="11:00")
    assert (result.played.denials, set(result.rogue.nets)) == (["MAX_CONTRACTS"], {0})


def test_a_market_that_a_strategy_writes_into_is_not_the_judges(day):
    heard = []

    def write(rogue: Rogue) -> None:
        msgspec.structs.force_setattr(heard[-1].state, "beliefs", {})
        rogue.enter()

    result = day({"10:35": lambda rogue: rogue.msgbus.subscribe(TOPIC_MARKET, heard.append), "10:41": write}, until="11:00")
    assert result.controller._situation.state.beliefs
    assert (result.played.denials, result.rogue.nets[-1]) == ([], 1)


def test_an_exit_that_another_hand_ends_before_it_works_is_followed_by_another_on_the_next_bar(day):
    ended: list[str] = []

    def hear(rogue: Rogue) -> None:
        for order in rogue.cache.orders():
            if "-1X1" in order.client_order_id.value and order.status_string() == "SUBMITTED" and not ended:
                ended.append(order.client_order_id.value)
                now, about = rogue.time_ns, (rogue.trader_id, order.strategy_id, MES, order.client_order_id)
                order.apply(OrderCanceled(*about, None, order.account_id, UUID4(), now, now))

    def late(rogue: Rogue) -> None:
        rogue.msgbus.subscribe("*", lambda _: hear(rogue))
        kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": late}, until="11:00")
    assert len(ended) == 1
    assert (result.rogue.nets[-1], result.controller._supervisor.net) == (0, 0)
    assert result.played.kills[-1][0] == "HALTED"


def unlinked(orders: list) -> None:
    for order in orders:
        if order.linked_order_ids:
            order.linked_order_ids.clear()


def at_once(rogue: Rogue) -> None:
    listed = rogue.bracket(rogue.write(rogue.intent()))
    rogue.submit_order_list(listed)
    unlinked(listed.orders)


@pytest.mark.parametrize("acts", [{"10:41": Rogue.enter, "10:45": lambda rogue: unlinked(rogue.cache.orders_open())}, {"10:41": at_once}])
def test_links_that_a_strategy_clears_are_put_back_and_are_a_kill(day, acts):
    result = day(acts, until="11:00")
    assert result.played.kills[0] == ("TRIPPED", "Nautilus' cache was changed")
    assert (result.controller._supervisor.net, min(result.rogue.nets)) == (0, 0)
    assert result.played.kills[-1][0] == "HALTED"


# ------------------------------------------------------------------ what is written without an event


def balances(rogue: Rogue) -> None:
    millions = Money(9e6, USD)
    rogue.cache.accounts()[0].update_balances([AccountBalance(millions, Money(0, USD), millions)])


def fills(side: OrderSide, price: int) -> Callable[[Rogue], None]:
    def write(rogue: Rogue) -> None:
        stop, now, (position,) = rogue.order("1S"), rogue.time_ns, rogue.cache.positions_open()
        about = (rogue.trader_id, stop.strategy_id, MES, stop.client_order_id, stop.venue_order_id, stop.account_id)
        size, fee = Quantity.from_int(1), Money(0, USD)
        position.apply(
            OrderFilled(
                *about,
                TradeId("x"),
                position.id,
                side,
                stop.order_type,
                size,
                price_of(price),
                USD,
                fee,
                LiquiditySide.TAKER,
                UUID4(),
                now,
                now,
            )
        )

    return write


def index(rogue: Rogue) -> None:
    rogue.cache.clear_index()


def another_name(rogue: Rogue) -> None:
    stop, now = rogue.order("1S"), rogue.time_ns
    about = (rogue.trader_id, stop.strategy_id, MES, stop.client_order_id, VenueOrderId("zz"), stop.account_id)
    stop.apply(OrderUpdated(*about, stop.quantity, None, None, UUID4(), now, now))


@pytest.mark.parametrize(
    "write",
    [
        fills(OrderSide.SELL, 25_600),
        another_name,
        pytest.param(balances, marks=pytest.mark.slow),
        pytest.param(fills(OrderSide.BUY, 1), marks=pytest.mark.slow),
        pytest.param(index, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("at_once", [pytest.param(False, marks=pytest.mark.slow), True])
def test_what_is_written_without_an_event_is_a_kill_and_what_is_held_is_left(day, write, at_once):
    def act(rogue: Rogue) -> None:
        write(rogue)
        if at_once:
            kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": act}, until="11:00")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert (result.rogue.nets[-1], result.controller._supervisor.net) == (0, 0)
    assert result.controller._situation.snapshot().available_cents < 10_000_00


@pytest.mark.slow
def test_a_position_that_nobody_approved_is_not_flat_because_the_index_is_empty(day):
    def enter(rogue: Rogue) -> None:
        rogue.msgbus.subscribe(TOPIC_KILL, lambda _: index(rogue), priority=5)
        listed = rogue.bracket(rogue.write(rogue.intent()))
        rogue.submit_order_list(listed)
        rogue.cache.add_order(extra := rogue.market(OrderSide.BUY, 5))
        listed.orders.append(extra)  # in the very queue of the simulated venue

    result = day({"10:41": enter, "10:43": index}, until="11:00")
    assert (result.rogue.nets[-1], result.controller._supervisor.kill_state) == (5, KillState.TRIPPED)
