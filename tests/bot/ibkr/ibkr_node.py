"""A Nautilus TradingNode with the broker's clients on the simulated gateway, and a strategy that does what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ibkr_rig import SPEC, WAIT_SECONDS, link_settings, until
from nautilus_trader.config import LiveExecEngineConfig, LoggingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, OrderListId, StrategyId
from nautilus_trader.model.orders import LimitOrder, OrderList
from nautilus_trader.trading.strategy import Strategy

from bot.ibkr.config import BrokerConfig, IbkrDataClientConfig, IbkrExecClientConfig
from bot.ibkr.factories import IbkrDataClientFactory, IbkrExecClientFactory
from bot.risk_engine.brackets import OrderOrigin, OrderTags, price_of, side_of, stop_order, target_order
from bot.supervision.orders import Role

MES = InstrumentId.from_str("MES.CME")
BARS = BarType.from_str("MES.CME-1-MINUTE-LAST-EXTERNAL")


class Puppet(Strategy):
    """Notes bars and order events; sends what it is told."""

    def __init__(self, topics: tuple[str, ...] = ()) -> None:
        super().__init__(StrategyConfig(strategy_id="PUPPET", order_id_tag="P"))
        self.bars: list[Bar] = []
        self.seen: list[Any] = []
        self.heard: list[Any] = []
        self._topics = topics

    def on_start(self) -> None:
        for topic in self._topics:
            self.msgbus.subscribe(topic, self.heard.append)
        self.subscribe_bars(BARS)

    def on_bar(self, bar: Bar) -> None:
        self.bars.append(bar)

    def on_order_event(self, event: Any) -> None:
        self.seen.append(event)

    def happened(self, ref: str) -> list[str]:
        """The names of an order's events after its submission."""
        names = [type(event).__name__ for event in self.seen if event.client_order_id.value == ref]
        return [name for name in names if name not in ("OrderInitialized", "OrderSubmitted")]

    def bracket(self, ticks: int, expires_ns: int, legs: int = 1, name: str = "20251002-K1-1001") -> OrderList:
        """A long bracket as the risk engine builds them: entry at `ticks`, stop 8 below, target 16 above; one contract a leg."""
        origin = OrderOrigin(self.trader_id, StrategyId(self.id.value), MES, self.clock.timestamp_ns())
        orders, list_id = [], OrderListId(name)
        for leg in range(1, legs + 1):
            entry, stop, target = (ClientOrderId(f"{name}-{leg}{letter}") for letter in "EST")
            tags = OrderTags(name, leg, Role.ENTRY, 1, expires_ns)
            orders.append(
                LimitOrder(
                    origin.trader_id, origin.strategy_id, MES, entry, side_of(1), self.cache.instrument(MES).make_qty(1), price_of(ticks),
                    UUID4(), origin.ts_ns, contingency_type=ContingencyType.OTO, order_list_id=list_id, linked_order_ids=[stop, target],
                    tags=tags.write(),
                )
            )  # fmt: skip
            child = {"order_list_id": list_id, "parent_order_id": entry, "contingency_type": ContingencyType.OUO}
            stop_tags, target_tags = (OrderTags(name, leg, role, 1) for role in (Role.STOP, Role.TARGET))
            orders.append(stop_order(origin, stop, -1, 1, ticks - 8, stop_tags, linked_order_ids=[target], **child))
            orders.append(target_order(origin, target, -1, 1, ticks + 16, target_tags, linked_order_ids=[stop], **child))
        return OrderList(list_id, orders)


def broker_config(port: int, **changes: Any) -> BrokerConfig:
    """Short timeouts, no id file."""
    values: dict[str, Any] = dict(runtime=SPEC, link=link_settings(port), ids_path=None, start_timeout_seconds=5.0, watch_seconds=0.05)
    return BrokerConfig(**(values | changes))


@asynccontextmanager
async def node_on(port: int, *strategies: Strategy, wait_seconds: float = WAIT_SECONDS, **changes: Any) -> AsyncIterator[TradingNode]:
    """A started node; the test fails if its trader does not run."""
    broker = broker_config(port, **changes)
    node = TradingNode(
        TradingNodeConfig(
            trader_id="MESBOT-001",
            logging=LoggingConfig(log_level="ERROR"),
            exec_engine=LiveExecEngineConfig(reconciliation=True, inflight_check_interval_ms=0, graceful_shutdown_on_exception=True),
            data_clients={"IBKR": IbkrDataClientConfig(broker=broker)},
            exec_clients={"IBKR": IbkrExecClientConfig(broker=broker)},
            timeout_connection=6.0,
            timeout_reconciliation=6.0,
            timeout_portfolio=3.0,
            timeout_disconnection=3.0,
            timeout_post_stop=0.1,
        ),
        loop=asyncio.get_running_loop(),
    )
    node.add_data_client_factory("IBKR", IbkrDataClientFactory)
    node.add_exec_client_factory("IBKR", IbkrExecClientFactory)
    for strategy in strategies:
        node.trader.add_strategy(strategy)
    node.build()
    running = asyncio.ensure_future(node.run_async())
    try:
        await until(lambda: node.trader.is_running, "the node's trader running", wait_seconds)
        yield node
    finally:
        await node.stop_async()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if node.kernel.executor is not None:  # dispose() would cancel the test itself: the loop is not the node's own
            node.kernel.executor.shutdown(wait=False, cancel_futures=True)
