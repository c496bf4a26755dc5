"""The components of a run, in the order in which they must be made; the same for backtest, paper and live."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from nautilus_trader.model.data import BarType

from actors.config import RuntimeActorConfig
from actors.journal import JournalActor
from actors.learning import LearningActor
from actors.library import LibraryActor
from actors.market import MarketActor
from actors.quality import QualityActor
from bot.journal.store import Journal
from bot.risk_engine.controller import RiskController, RiskControllerConfig, install
from bot.runtime.runtime import RuntimeSpec
from strategies.k1 import K1Config, VwapReversion
from strategies.k2 import FailedBreakReversal, K2Config
from strategies.k3 import K3Config, SweepReversal
from strategies.k4 import K4Config, MomentumExtension
from strategies.k5 import K5Config, NoiseFilter

STRATEGIES = (
    (VwapReversion, K1Config),
    (FailedBreakReversal, K2Config),
    (SweepReversal, K3Config),
    (MomentumExtension, K4Config),
    (NoiseFilter, K5Config),
)


class Assembly(NamedTuple):
    """The parts that whoever owns the run must hold."""

    risk: RiskController
    journal: JournalActor


def assemble(kernel: Any, spec: RuntimeSpec, bar_type: BarType, open_journal: Callable[[], Journal], *, live: bool = False) -> Assembly:
    """Add risk engine, actors and strategies to a Nautilus kernel.

    `live`: market time is not the kernel's clock but what messages are stamped with, the journal is written promptly, and
    decisions wait for TOPIC_BEGIN.
    Order matters: the risk engine stands in front before anybody can send; the journal is
    open before anybody writes; the learning actor tells its trust to those who listen already.
    """
    instrument_id = bar_type.instrument_id
    trader = kernel.trader
    risk = install(kernel, RiskControllerConfig(component_id="RISK", runtime=spec, instrument_id=instrument_id, time_from_stamps=live))
    config = RuntimeActorConfig(component_id="JOURNAL", runtime=spec, bar_type=bar_type)
    journal = JournalActor(config, open_journal, prompt=live)
    trader.add_actor(journal)
    library = partial(LibraryActor, live=live)
    for name, actor in (("QUALITY", QualityActor), ("MARKET", MarketActor), ("LIBRARY", library), ("LEARNING", LearningActor)):
        trader.add_actor(actor(RuntimeActorConfig(component_id=name, runtime=spec, bar_type=bar_type)))
    for strategy, config in STRATEGIES:
        trader.add_strategy(strategy(config(runtime=spec, instrument_id=instrument_id)))
    return Assembly(risk, journal)
