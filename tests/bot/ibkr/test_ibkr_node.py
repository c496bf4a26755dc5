"""The adapter inside a real TradingNode: bars in, a bracket out, its life, and reconciliation after a restart."""

from __future__ import annotations

import pytest
from ibkr_node import MES, Puppet, node_on
from ibkr_rig import TEN, gateway_config, on_a_loop, synthetic, until
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId

from bot.gateway.gateway import Gateway
from bot.messages import TOPIC_EQS_EVENT, TOPIC_FEED
from bot.units import MINUTE_NS, SECOND_NS

ENTRY, STOP, TARGET = (f"20251002-K1-1001-1{letter}" for letter in "EST")
HOUR = TEN + 3600 * SECOND_NS


async def play(gateway: Gateway, words: str) -> object:
    result = gateway.side.verbs.do(words)
    return await result if hasattr(result, "__await__") else result


@on_a_loop
async def test_minutes_reach_a_strategy_with_their_close_as_both_stamps_and_equal_to_the_tape() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet):
            await play(gateway, "step 36")
            await until(lambda: len(puppet.bars) >= 4)
            minutes = {bar.ts_ns: bar for bar in synthetic()}
            assert [bar.ts_event for bar in puppet.bars] == [TEN + minute * MINUTE_NS for minute in range(4)]
            for bar in puppet.bars:
                truth = minutes[bar.ts_event]
                assert bar.ts_init == bar.ts_event
                prices = (bar.open, bar.high, bar.low, bar.close)
                assert [float(price) / 0.25 for price in prices] == [truth.open, truth.high, truth.low, truth.close]
                assert int(bar.volume) == truth.volume


@on_a_loop
async def test_a_bracket_lives_and_ends_in_nautilus_as_at_the_broker() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet) as node:
            ticks = gateway.marks[gateway.instruments.front.con_id] - 20
            puppet.submit_order_list(puppet.bracket(ticks, HOUR))
            await until(lambda: all(puppet.happened(ref) == ["OrderAccepted"] for ref in (ENTRY, STOP, TARGET)), lambda: puppet.seen)
            assert [order.request.tif for order in gateway.broker.open_orders()] == ["GTD", "GTC", "GTC"]
            assert gateway.broker.open_orders()[0].expires_ns == HOUR
            await play(gateway, f"fill {ENTRY}")
            await until(lambda: node.portfolio.net_position(MES) == 1)
            fill = next(event for event in puppet.seen if type(event).__name__ == "OrderFilled")
            assert (fill.ts_event, str(fill.commission)) == (gateway.now_ns, "0.62 USD")
            puppet.modify_order(
                node.cache.order(ClientOrderId(STOP)), trigger_price=puppet.bracket(ticks + 2, 0, name="X").orders[1].trigger_price
            )
            await until(lambda: "OrderUpdated" in puppet.happened(STOP))
            await play(gateway, f"fill {TARGET}")
            await until(lambda: node.cache.order(ClientOrderId(STOP)).status == OrderStatus.CANCELED)
            assert node.portfolio.net_position(MES) == 0
            assert node.cache.order(ClientOrderId(TARGET)).status == OrderStatus.FILLED


@on_a_loop
async def test_both_legs_of_a_list_are_brackets_of_their_own() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet):
            ticks = gateway.marks[gateway.instruments.front.con_id] - 20
            puppet.submit_order_list(puppet.bracket(ticks, HOUR, legs=2))
            await until(lambda: len(gateway.broker.open_orders()) == 6)
            parents = {order.request.order_ref: order.parent.request.order_ref for order in gateway.broker.open_orders() if order.parent}
            legs = {f"20251002-K1-1001-{leg}{child}": f"20251002-K1-1001-{leg}E" for leg in (1, 2) for child in "ST"}
            assert parents == legs


@on_a_loop
async def test_a_cancelled_entry_takes_its_children_along() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet) as node:
            ticks = gateway.marks[gateway.instruments.front.con_id] - 20
            puppet.submit_order_list(puppet.bracket(ticks, HOUR))
            await until(lambda: puppet.happened(ENTRY) == ["OrderAccepted"])
            puppet.cancel_order(node.cache.order(ClientOrderId(ENTRY)))
            await until(lambda: all(puppet.happened(ref)[-1:] == ["OrderCanceled"] for ref in (ENTRY, STOP, TARGET)))


@on_a_loop
async def test_an_entry_past_its_market_time_expires_at_that_time() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet):
            ticks = gateway.marks[gateway.instruments.front.con_id] - 4000
            puppet.submit_order_list(puppet.bracket(ticks, TEN + 90 * SECOND_NS))
            await until(lambda: puppet.happened(ENTRY) == ["OrderAccepted"])
            await play(gateway, "step 20")
            await until(lambda: puppet.happened(ENTRY)[-1] == "OrderExpired")
            assert puppet.seen[-1].ts_event <= TEN + 100 * SECOND_NS
            assert next(e for e in puppet.seen if type(e).__name__ == "OrderExpired").ts_event == TEN + 90 * SECOND_NS


@on_a_loop
async def test_a_second_node_finds_orders_fills_and_position_of_the_first() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet):
            ticks = gateway.marks[gateway.instruments.front.con_id] - 20
            puppet.submit_order_list(puppet.bracket(ticks, HOUR))
            await until(lambda: puppet.happened(TARGET) == ["OrderAccepted"])
            await play(gateway, f"fill {ENTRY}")
            await until(lambda: "OrderFilled" in puppet.happened(ENTRY))
        async with node_on(gateway.port, Puppet()) as node:
            assert node.cache.order(ClientOrderId(ENTRY)).status == OrderStatus.FILLED
            assert {node.cache.order(ClientOrderId(ref)).status for ref in (STOP, TARGET)} == {OrderStatus.ACCEPTED}
            assert node.portfolio.net_position(MES) == 1
            assert len(gateway.broker.open_orders()) == 2


@on_a_loop
async def test_an_entry_is_denied_while_the_link_is_down_and_the_charge_reaches_the_bus() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet((TOPIC_EQS_EVENT, TOPIC_FEED))
        async with node_on(gateway.port, puppet) as node:
            await play(gateway, "err 1100")
            await until(lambda: puppet.heard)
            assert puppet.heard[0].kind == "connection_disrupted"
            ticks = gateway.marks[gateway.instruments.front.con_id] - 20
            puppet.submit_order_list(puppet.bracket(ticks, HOUR))
            await until(lambda: all(puppet.happened(ref) == ["OrderDenied"] for ref in (ENTRY, STOP, TARGET)))
            assert "BrokerLinkLost" in node.cache.order(ClientOrderId(ENTRY)).last_event.reason
            assert gateway.broker.open_orders() == []


@on_a_loop
async def test_a_wide_quote_is_a_quality_event_of_market_time() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet((TOPIC_FEED,))
        async with node_on(gateway.port, puppet):
            await play(gateway, "spread 40")
            await play(gateway, "step 2")
            await until(lambda: puppet.heard)
            assert puppet.heard[0].kind == "bad_quote"
            assert TEN <= puppet.heard[0].ts_ns <= gateway.now_ns


@on_a_loop
async def test_past_minutes_come_before_live_ones_without_a_gap() -> None:
    async with Gateway(gateway_config()) as gateway:
        puppet = Puppet()
        async with node_on(gateway.port, puppet, warm_up_days=1):
            await play(gateway, "step 24")
            await until(lambda: puppet.bars and puppet.bars[-1].ts_event == TEN + 2 * MINUTE_NS)
            stamps = [bar.ts_event for bar in puppet.bars]
            assert stamps == sorted(set(stamps))
            tape = [bar.ts_ns for bar in synthetic() if stamps[0] <= bar.ts_ns <= stamps[-1]]
            assert stamps == tape and len(stamps) > 60


@on_a_loop
async def test_a_gateway_that_refuses_us_leaves_a_node_that_does_not_run() -> None:
    async with Gateway(gateway_config()) as gateway:
        await play(gateway, "readonly on")
        with pytest.raises(pytest.fail.Exception, match="trader running"):
            async with node_on(gateway.port, Puppet(), wait_seconds=1.0):
                pass
