"""The components of a run, in the order in which they must be made; the same for backtest, paper and live."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId

from actors.config import RuntimeActorConfig
from actors.journal import JournalActor
from actors.learning import LearningActor
from actors.library import LibraryActor
from actors.market import MarketActor
from actors.quality import QualityActor
from bot.errors import ContractError
from bot.journal.store import Journal
from bot.risk_engine.controller import RiskController, RiskControllerConfig, install
from bot.runtime.runtime import RuntimeSpec, runtime_of
from strategies.base import ContractStrategy, ContractStrategyConfig


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
    for strategy in strategies_of(spec, instrument_id):
        trader.add_strategy(strategy)
    return Assembly(risk, journal)


def strategies_of(spec: RuntimeSpec, instrument_id: InstrumentId) -> list[ContractStrategy]:
    """Every strategy that was found, made, in the order of names. Raises ContractError, one sentence, if one cannot be made."""
    config = ContractStrategyConfig(runtime=spec, instrument_id=instrument_id)
    made = []
    for declared in runtime_of(spec).contracts.declared.values():
        try:
            made.append(declared.kind(config))
        except Exception as error:
            raise ContractError(f"{declared.file}: {declared.name} cannot be made: {type(error).__name__}: {error}") from error
    return made
