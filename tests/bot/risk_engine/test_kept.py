"""What Nautilus' cache must hold for us is put back, and told."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OmsType, PositionAdjustmentType
from nautilus_trader.model.events import OrderCanceled, OrderDenied, PositionAdjusted
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, VenueOrderId
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Money
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.execution import TestExecStubs
from order_makers import ORIGIN, TRADER, USD, about, bracket, filled, kept, working

from bot.risk_engine.brackets import OrderTags, market_order
from bot.risk_engine.kept import Kept
from bot.supervision.orders import Role

ES = TestInstrumentProvider.es_future(2025, 12)


def a_cache(*orders: Order) -> Cache:
    cache = kept(*orders)
    for order in orders:
        cache.update_order(order)
    cache.add_instrument(ES)
    return cache


def copy(**changes: Any) -> FuturesContract:
    return FuturesContract.from_dict(FuturesContract.to_dict(ES) | changes)


class Found:
    """A cache, what is kept beside it, and what was told. Every fill came through the door but those in `forged`."""

    def __init__(self, *orders: Order) -> None:
        self.cache, self.told, self.names, self.foreign = a_cache(*orders), [], [order.client_order_id.value for order in orders], ""
        self.forged: list[Any] = []
        self.kept = Kept(
            self.cache,
            ES.id,
            lambda: self.names,
            lambda order: order.client_order_id and self.foreign,
            self.told.append,
            lambda order: order,
            lambda fill: fill not in self.forged,
        )
        self.kept.look()


def test_what_stays_as_it_is_needs_nothing():
    found, accounts = Found(working(bracket().first)), two_accounts()
    for account in accounts:
        found.cache.add_account(account)
    found.cache.add_position(a_position(), OmsType.NETTING)
    for _ in range(3):
        found.kept.look()
    assert found.told == []


def two_accounts() -> list[Any]:
    return [TestExecStubs.margin_account(), TestExecStubs.margin_account(AccountId("OTHER-001"))]


def test_each_account_is_missed_however_often_it_is_gone():
    found, accounts = Found(), two_accounts()
    for account in accounts:
        found.cache.add_account(account)
        found.kept.look()
    for _ in range(2):
        found.cache.reset()
        found.cache.add_instrument(ES)
        found.kept.look()
    assert {account.id: account for account in found.cache.accounts()} == {account.id: account for account in accounts}
    assert found.told == [f"{accounts[0].id} was taken away, {accounts[1].id} was taken away"] * 2


def test_an_order_that_nautilus_does_not_hold_yet_is_not_missed():
    found = Found()
    found.names.append("later")
    found.kept.look()
    assert found.told == []


def test_an_order_that_no_venue_knows_comes_back_too():
    order = bracket().first
    found = Found(order)
    found.cache.reset()
    found.kept.look()
    assert found.cache.order(order.client_order_id) is order


def test_an_open_position_comes_back_each_time_and_with_an_order_alone():
    order, position = working(bracket().first), a_position()
    found = Found(order)
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    for _ in range(2):
        found.cache.reset()
        found.cache.add_instrument(ES)
        found.kept.look()
    assert found.cache.positions_open(instrument_id=ES.id) == [position]
    assert found.told == [f"{order.client_order_id} was taken away, P-1 was taken away"] * 2


def test_a_position_that_is_there_is_not_missed_with_the_instrument():
    found = Found()
    found.cache.add_position(a_position(), OmsType.NETTING)
    found.kept.look()
    found.cache.add_instrument(copy(multiplier="50"))
    found.kept.look()
    assert found.told == [f"{ES.id} was replaced"]


def test_a_position_that_has_closed_stays_away():
    found, position = Found(), a_position()
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    fill = position.events[0]
    said = type(fill).to_dict(fill) | {"order_side": "SELL", "trade_id": "F-2", "event_id": UUID4().value, "client_order_id": "O-9"}
    position.apply(type(fill).from_dict(said))
    found.cache.reset()
    found.kept.look()
    assert (position.is_open, found.cache.positions(), found.told) == (False, [], [f"{ES.id} was taken away"])


def test_nothing_is_missed_before_there_was_anything():
    cache, told = Cache(), []
    kept_beside = Kept(cache, ES.id, lambda: ["x"], lambda _: "", told.append, lambda order: order, lambda _: True)
    kept_beside.look()
    cache.add_instrument(ES)
    kept_beside.look()
    assert told == []


@pytest.mark.parametrize("changes", [{"ts_event": 1}, {"ts_init": 2}])
def test_an_instrument_that_is_told_again_is_the_same(changes):
    found = Found()
    found.cache.add_instrument(copy(**changes))
    found.kept.look()
    assert found.told == []


@pytest.mark.parametrize("changes", [{"lot_size": "100"}, {"price_increment": "0.50"}, {"multiplier": "50"}, {"expiration_ns": 1}])
def test_another_instrument_gives_way_to_the_first(changes):
    found = Found()
    found.cache.add_instrument(copy(**changes))
    found.kept.look()
    assert (found.cache.instrument(ES.id) is ES, found.told) == (True, [f"{ES.id} was replaced"])


def test_an_instrument_of_another_kind_is_another():
    found, other = Found(), TestInstrumentProvider.equity()
    values = {name: value for name, value in FuturesContract.to_dict(ES).items() if name in type(other).to_dict(other)}
    found.cache.add_instrument(type(other).from_dict(type(other).to_dict(other) | values | {"type": "Equity"}))
    found.kept.look()
    assert found.told == [f"{ES.id} was replaced"]


def test_an_instrument_that_is_taken_away_comes_back():
    found = Found()
    found.cache.purge_instrument(ES.id)
    found.kept.look()
    assert (found.cache.instrument(ES.id) is ES, found.told) == (True, [f"{ES.id} was taken away"])


def test_it_is_put_back_before_it_is_told_and_told_once():
    cache, seen = a_cache(), []
    seen_there = lambda words: seen.append(cache.instrument(ES.id))  # noqa: E731
    kept_beside = Kept(cache, ES.id, list, lambda _: "", seen_there, lambda order: order, lambda _: True)
    kept_beside.look()
    cache.reset()
    kept_beside.look()
    kept_beside.look()
    assert seen == [ES]


def test_an_order_that_is_taken_away_comes_back_with_what_is_known_of_it():
    order = working(bracket().first)
    found = Found(order)
    found.cache.reset()
    found.kept.look()
    name = order.client_order_id
    assert (found.cache.order(name) is order, found.cache.client_order_id(order.venue_order_id)) == (True, name)
    assert found.cache.orders_open() == [order]
    assert found.told == [f"{ES.id} was taken away, {name} was taken away"]


def test_an_order_that_another_was_put_in_the_place_of_comes_back():
    order = working(bracket().first)
    found = Found(order)
    found.cache.add_order(bracket().first, overwrite=True)
    found.kept.look()
    assert (found.cache.order(order.client_order_id) is order, found.told) == (True, [f"{order.client_order_id} was replaced"])


def test_an_order_that_is_none_of_ours_any_more_is_not_missed():
    found = Found(working(bracket().first))
    found.names.clear()
    found.cache.reset()
    found.cache.add_instrument(ES)
    found.kept.look()
    assert found.told == []


def test_what_another_hand_has_applied_is_told_at_each_look():
    order = working(bracket().first)
    found = Found(order)
    found.foreign = "OrderCanceled"
    for _ in range(2):
        found.kept.look()
    assert found.told == [f"another hand has applied OrderCanceled to {order.client_order_id}"] * 2


def test_an_account_that_is_taken_away_comes_back():
    found, account = Found(), TestExecStubs.margin_account()
    found.cache.add_account(account)
    found.kept.look()
    found.cache.reset()
    found.cache.add_instrument(ES)
    found.kept.look()
    assert (found.cache.account(account.id) is account, found.told) == (True, [f"{account.id} was taken away"])


def test_another_account_of_the_same_name_is_told_and_stays():
    found, account, other = Found(), TestExecStubs.margin_account(), TestExecStubs.margin_account()
    found.cache.add_account(account)
    found.kept.look()
    found.cache.reset()
    found.cache.add_instrument(ES)
    found.cache.add_account(other)
    found.kept.look()
    assert (found.cache.account(account.id) is other, found.told) == (True, [f"{account.id} was taken away"])


def a_position() -> Position:
    order = working(bracket().first)
    fill = filled(order, 1000)
    said = type(fill).to_dict(fill) | {"position_id": "P-1", "instrument_id": ES.id.value}
    return Position(ES, type(fill).from_dict(said))


def test_an_open_position_comes_back_when_all_was_taken_away():
    found, position = Found(), a_position()
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    found.cache.reset()
    for _ in range(2):
        found.kept.look()
    assert found.cache.positions_open(instrument_id=ES.id) == [position]
    assert found.told == [f"{ES.id} was taken away, P-1 was taken away"]


def test_a_position_that_alone_is_gone_is_over():
    found, position = Found(), a_position()
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    found.cache.reset()
    found.cache.add_instrument(ES)
    found.kept.look()
    assert (found.cache.positions_open(), found.told) == ([], [])


# ------------------------------------------------------------------ what another hand has applied


def an_end(order: Order, name: str = "V-1") -> OrderCanceled:
    return OrderCanceled(**about(order), venue_order_id=VenueOrderId(name))


class Mended(Found):
    """Its orders can be made anew without another hand's events."""

    def __init__(self, *orders: Order) -> None:
        super().__init__(*orders)
        self.anew = working(bracket().first)
        foreign = lambda order: "" if order is self.anew else self.foreign  # noqa: E731
        self.kept = Kept(
            self.cache, ES.id, lambda: self.names, foreign, self.told.append, lambda order: self.anew, lambda fill: fill not in self.forged
        )
        self.kept.look()


def test_an_order_that_another_hand_has_ended_is_mended_before_an_answer_to_it_goes_on_and_told_once():
    order = working(bracket().first)
    found, name = Mended(order), order.client_order_id.value
    found.foreign = "OrderDenied"
    for _ in range(2):
        found.kept.mend(an_end(order))
    assert found.cache.order(order.client_order_id) is found.anew
    found.kept.look()
    assert found.told == [f"another hand has applied OrderDenied to {name}"]


def test_a_look_mends_it_too():
    order = working(bracket().first)
    found = Mended(order)
    found.foreign = "OrderDenied"
    found.kept.look()
    found.kept.look()
    assert found.cache.order(order.client_order_id) is found.anew
    assert found.told == [f"another hand has applied OrderDenied to {order.client_order_id}"]


def test_what_is_right_and_what_is_nobodys_is_not_mended():
    order = working(bracket().first)
    found = Mended(order)
    found.kept.mend(an_end(order))
    found.foreign = "OrderDenied"
    found.kept.mend(an_end(bracket().orders[1]))
    found.kept.mend("no event at all")
    assert found.cache.order(order.client_order_id) is order
    assert found.told == []


def test_an_order_that_a_simulated_venue_holds_stays_and_is_told_of():
    order = working(bracket().first)
    found = Found(order)
    found.foreign = "OrderDenied"
    found.kept.mend(an_end(order))
    assert found.cache.order(order.client_order_id) is order
    assert found.told == [f"another hand has applied OrderDenied to {order.client_order_id}"]


def test_links_that_are_cleared_are_put_back_and_told_once():
    stop, target = (working(order, name) for order, name in zip(bracket().orders[1:], ("V-1", "V-2"), strict=True))
    found, right = Found(stop, target), list(stop.linked_order_ids)
    found.kept.look()
    assert found.told == []
    stop.linked_order_ids.clear()
    for _ in range(2):
        found.kept.look()
    assert stop.linked_order_ids == right and right == [target.client_order_id]
    assert found.told == [f"another hand has changed what {stop.client_order_id} is linked with"]
    stop.linked_order_ids.append(stop.client_order_id)
    found.kept.look()
    assert stop.linked_order_ids == right and len(found.told) == 2


# ------------------------------------------------------------------ where Nautilus looks for it


def test_an_index_that_is_emptied_is_built_again_though_nothing_of_ours_works():
    found, position = Found(), a_position()
    found.cache.add_account(TestExecStubs.margin_account())
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    for _ in range(2):
        found.cache.clear_index()
        found.kept.look()
        found.kept.look()
    assert found.cache.positions_open(instrument_id=ES.id) == [position]
    assert found.told == ["the index was emptied"] * 2


def test_an_order_comes_back_to_where_it_is_looked_for():
    order = working(bracket().first)
    found, name = Found(order), order.client_order_id
    found.cache.update_order(order)
    found.kept.look()
    told = len(found.told)
    found.cache.clear_index()
    found.kept.look()
    found.kept.look()
    assert (found.cache.orders_open(), found.cache.client_order_id(order.venue_order_id)) == ([order], name)
    assert found.told[told:] == [f"{name} was not where it is looked for"]


def test_the_venues_name_of_an_order_is_the_one_that_the_order_has():
    order = working(bracket().first)
    found, name = Found(order), order.client_order_id
    found.cache.update_order(order)
    found.cache.add_venue_order_id(name, VenueOrderId("zz"), overwrite=True)
    found.kept.look()
    assert found.cache.venue_order_id(name) == order.venue_order_id
    found.cache.add_venue_order_id(ClientOrderId("another"), order.venue_order_id)
    found.kept.look()
    assert found.cache.client_order_id(order.venue_order_id) == name
    assert found.told[-2:] == [f"{name} was not where it is looked for"] * 2


def test_the_venues_own_name_goes_before_one_that_another_hand_has_given_an_order():
    order = bracket().first
    found, name = Found(order), order.client_order_id
    found.cache.add_venue_order_id(name, VenueOrderId("zz"))
    found.kept.mend(an_end(order))
    assert (found.cache.venue_order_id(name), found.told) == (VenueOrderId("V-1"), [])
    found.kept.mend(OrderDenied(**about(order, "account_id", "ts_event"), reason="no"))
    assert found.cache.venue_order_id(name) == VenueOrderId("V-1")


# ------------------------------------------------------------------ what another hand has written into a position


def forged(position: Position, side: str = "SELL", price: str = "1.00") -> Any:
    fill = position.events[0]
    changes = {"order_side": side, "trade_id": f"F-{side}", "last_px": price, "event_id": UUID4().value}
    event = type(fill).from_dict(type(fill).to_dict(fill) | changes)
    position.apply(event)
    return event


def held(found: Found) -> list[tuple[float, list[str]]]:
    positions = found.cache.positions_open(instrument_id=ES.id)
    return [(position.signed_qty, [fill.trade_id.value for fill in position.events]) for position in positions]


@pytest.mark.parametrize("side", ["SELL", "BUY"])
@pytest.mark.parametrize("by_an_answer", [True, False])
def test_a_position_is_as_the_fills_make_it_that_came_through_the_door(side, by_an_answer):
    order, position = working(bracket().first), a_position()
    found = Found(order)
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    found.told.clear()
    found.forged.append(forged(position, side))
    for _ in range(2):
        found.kept.mend(filled(order, 1000)) if by_an_answer else found.kept.look()
    assert held(found) == [(1.0, ["F-1"])]
    assert found.told == ["another hand has written into P-1"]


def test_an_answer_that_is_no_fill_asks_no_position():
    order, position = working(bracket().first), a_position()
    found = Found(order)
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    found.told.clear()
    found.forged.append(forged(position))
    found.kept.mend(an_end(order))
    assert found.told == []


def test_all_fills_that_came_are_in_the_position_again():
    found, position = Found(), a_position()
    found.cache.add_position(position, OmsType.NETTING)
    second = forged(position, "BUY")
    found.kept.look()
    found.forged.append(forged(position, "SELL"))
    found.kept.look()
    assert held(found) == [(2.0, ["F-1", second.trade_id.value])]


def test_an_adjustment_is_none_of_ours():
    found, position = Found(), a_position()
    found.cache.add_position(position, OmsType.NETTING)
    found.kept.look()
    position.apply_adjustment(
        PositionAdjusted(
            TRADER, position.strategy_id, ES.id, position.id, position.account_id, PositionAdjustmentType.FUNDING, None, Money(9e6, USD),
            "mine", UUID4(), 1, 1,
        )
    )  # fmt: skip
    found.kept.look()
    (now,) = found.cache.positions_open(instrument_id=ES.id)
    assert now.adjustments == [] and found.told == ["another hand has written into P-1"]


def test_a_position_of_which_no_fill_came_is_told_and_stays():
    found, position = Found(), a_position()
    found.cache.add_position(position, OmsType.NETTING)
    found.forged.extend(position.events)
    found.kept.look()
    assert found.cache.positions_open(instrument_id=ES.id) == [position]
    assert found.told == ["another hand has written into P-1"]


def test_an_order_whose_state_alone_is_lost_comes_back_to_the_open_ones():
    found, order = Found(), working(bracket().first)
    found.cache.add_order(order)
    found.cache.add_venue_order_id(order.client_order_id, order.venue_order_id)
    found.names.append(order.client_order_id.value)
    found.kept.look()
    assert found.cache.orders_open() == [order]
    assert found.told == [f"{order.client_order_id} was not where it is looked for"]


def test_an_order_that_is_linked_with_none_has_nothing_to_lose():
    order = working(market_order(ORIGIN, ClientOrderId("alone"), -1, 1, OrderTags("of a trade", 1, Role.EXIT, 1)))
    found = Found(order)
    found.kept.look()
    assert (order.linked_order_ids, found.told) == (None, [])


def test_a_cache_at_rest_is_looked_at_all_the_same():
    found = Found()
    found.cache.add_account(two_accounts()[0])
    for _ in range(3):
        found.kept.look()
    assert found.told == []
    found.cache.add_instrument(copy(info={"by": "another hand"}))
    found.kept.look()
    assert found.told == [f"{ES.id} was replaced"]
    found.cache.clear_index()
    found.kept.look()
    assert found.told[1:] == ["the index was emptied"]
    found.cache.reset()
    found.kept.look()
    assert "was taken away" in found.told[2]


def test_one_account_that_is_replaced_while_the_cache_rests_is_told_though_the_other_stays():
    found, (first, second) = Found(), two_accounts()
    for account in (first, second):
        found.cache.add_account(account)
    for _ in range(2):
        found.kept.look()
    found.cache.reset()
    found.cache.add_instrument(ES)
    for account in (first, two_accounts()[1]):
        found.cache.add_account(account)
    found.kept.look()
    assert found.told == [f"{second.id} was taken away"]


def test_what_begins_to_work_while_the_cache_rests_is_seen_at_the_next_look():
    found, order = Found(), working(bracket().first)
    for _ in range(2):
        found.kept.look()
    found.cache.add_order(order)
    found.cache.update_order(order)
    found.names.append(order.client_order_id.value)
    found.kept.look()
    found.foreign = "OrderCanceled"
    found.kept.look()
    assert found.told == [f"another hand has applied OrderCanceled to {order.client_order_id.value}"]
