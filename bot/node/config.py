"""A live run as Nautilus' TradingNodeConfig: what `mesbot paper` and `mesbot live` run, and what a stock TradingNode takes."""

from __future__ import annotations

import os
import sys

from nautilus_trader.common.config import ImportableFactoryConfig, NautilusConfig
from nautilus_trader.config import (
    ImportableConfig,
    LiveDataEngineConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId

from actors.config import JournalActorConfig
from actors.journal import JournalActor
from bot.assembly import assembled, importable
from bot.backtest.instrument import minute_bars
from bot.ibkr.config import BrokerConfig, IbkrDataClientConfig, IbkrExecClientConfig
from bot.ibkr.factories import IbkrDataClientFactory, IbkrExecClientFactory
from bot.node.desk_actor import DeskActor, DeskActorConfig
from bot.node.screen_actor import ScreenActor, ScreenActorConfig

CLIENT = "IBKR"


def journal_config(broker: BrokerConfig, **facts: object) -> JournalActorConfig:
    """The journal of a live run; `facts` are JournalActorConfig's mode, header and the like."""
    return JournalActorConfig(component_id=JournalActor.part, runtime=broker.runtime, bar_type=bars_of(broker), prompt=True, **facts)


def bars_of(broker: BrokerConfig) -> BarType:
    """The bars that drive the run: one-minute, last price, of the front month."""
    return minute_bars(InstrumentId.from_str(broker.instrument_id))


def node_config(
    broker: BrokerConfig, journal: JournalActorConfig, heading: str, *, warm_until_ns: int, lockstep_port: int = 0, go: bool = False
) -> TradingNodeConfig:
    """The whole node; `heading` is the title of its view, the rest as in DeskActorConfig.

    Reconciliation is the adapter's own (bot.ibkr.recovery, order_sync); Nautilus' would invent orders for what it does not know.
    """
    shared = {"runtime": broker.runtime, "bar_type": bars_of(broker)}
    screen = ScreenActorConfig(
        component_id=ScreenActor.part, heading=heading, begins_anew=go, warm_until_ns=warm_until_ns if go else 0, **shared
    )
    waiting = {"warm_until_ns": warm_until_ns, "lockstep_port": lockstep_port, "go": go}
    desk = DeskActorConfig(component_id=DeskActor.part, broker=broker, **waiting, **shared)
    paper, replayed = broker.link.paper and journal.mode == "paper", broker.link.replay
    parts = assembled(journal, live=True, paper=paper, replayed=replayed)
    return TradingNodeConfig(
        trader_id="MESBOT-001",
        logging=LoggingConfig(log_level="ERROR", log_colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR")),
        data_engine=LiveDataEngineConfig(graceful_shutdown_on_exception=True),
        risk_engine=LiveRiskEngineConfig(bypass=False, graceful_shutdown_on_exception=True),
        exec_engine=LiveExecEngineConfig(reconciliation=False, inflight_check_interval_ms=0, graceful_shutdown_on_exception=True),
        data_clients={CLIENT: _client(IbkrDataClientConfig(broker=broker), IbkrDataClientFactory)},
        exec_clients={CLIENT: _client(IbkrExecClientConfig(broker=broker), IbkrExecClientFactory)},
        controller=parts.controller,
        actors=[*parts.actors, importable(ScreenActor, screen), importable(DeskActor, desk)],
        strategies=parts.strategies,
        timeout_connection=broker.start_timeout_seconds + 5.0,  # the session names its reason first
        timeout_reconciliation=30.0,
        timeout_portfolio=10.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.2,
    )


def _client(config: NautilusConfig, factory: type) -> ImportableConfig:
    return ImportableConfig(
        path=config.fully_qualified_name(),
        config=config.json_primitives(),
        factory=ImportableFactoryConfig(path=f"{factory.__module__}:{factory.__name__}"),
    )
