"""The parts of a run as Nautilus' importable configurations: the one assembly of backtest, paper, live and notebooks.

Nautilus makes the controller first, then the actors in this order, then the strategies; the risk engine refuses a start where
one is missing or in the wrong place (bot.risk_engine.parts). Everything is plain data and survives JSON.
"""

from __future__ import annotations

from typing import NamedTuple

from nautilus_trader.common.config import ActorConfig
from nautilus_trader.config import ImportableActorConfig, ImportableControllerConfig, ImportableStrategyConfig
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId

from actors.config import JournalActorConfig, LibraryActorConfig, RuntimeActorConfig
from actors.journal import JournalActor
from actors.learning import LearningActor
from actors.library import LibraryActor
from actors.market import MarketActor
from actors.part import Part
from actors.quality import QualityActor
from bot.errors import ContractError
from bot.risk_engine.controller import RiskController, RiskControllerConfig
from bot.runtime.runtime import RuntimeSpec, runtime_of
from strategies.base import ContractStrategyConfig


class Assembly(NamedTuple):
    """What a BacktestEngineConfig or TradingNodeConfig takes under the same names."""

    controller: ImportableControllerConfig
    actors: list[ImportableActorConfig]
    strategies: list[ImportableStrategyConfig]


def assembled(journal: JournalActorConfig, *, live: bool = False, paper: bool = False, replayed: bool = False) -> Assembly:
    """Risk engine, actors and strategies of the run that `journal` belongs to: its runtime and bars are everybody's.

    `live`: market time is not the kernel's clock but what messages are stamped with, and decisions wait for TOPIC_BEGIN. `paper`: it
    trades a paper account. `replayed`: of a live node, market time is recorded time.
    """
    spec, bar_type = journal.runtime, journal.bar_type
    shared = {"runtime": spec, "bar_type": bar_type}
    actors = [
        importable(JournalActor, journal),
        importable(QualityActor, RuntimeActorConfig(component_id=QualityActor.part, **shared)),
        importable(MarketActor, RuntimeActorConfig(component_id=MarketActor.part, **shared)),
        importable(LibraryActor, LibraryActorConfig(component_id=LibraryActor.part, live=live, **shared)),
        importable(LearningActor, RuntimeActorConfig(component_id=LearningActor.part, **shared)),
    ]
    return Assembly(
        risk_engine(spec, bar_type, live=live, paper=paper, replayed=replayed), actors, strategies(spec, bar_type.instrument_id)
    )


def risk_engine(
    spec: RuntimeSpec,
    bar_type: BarType,
    *,
    live: bool = False,
    paper: bool = False,
    replayed: bool = False,
    parts: tuple[str, ...] | None = None,
) -> ImportableControllerConfig:
    """The controller that puts the contract risk engine before both engines; `paper`, `replayed` and `parts` as in RiskControllerConfig."""
    config = RiskControllerConfig(
        component_id="RISK", runtime=spec, instrument_id=bar_type.instrument_id, bar_type=bar_type,
        time_from_stamps=live, replayed=replayed, parts=parts, paper=paper,
    )  # fmt: skip
    return ImportableControllerConfig(
        controller_path=RiskController.fully_qualified_name(), config_path=config.fully_qualified_name(), config=config.json_primitives()
    )


def importable(actor: type[Part], config: ActorConfig) -> ImportableActorConfig:
    """An actor as plain data."""
    return ImportableActorConfig(
        actor_path=actor.fully_qualified_name(), config_path=config.fully_qualified_name(), config=config.json_primitives()
    )


def strategies(spec: RuntimeSpec, instrument_id: InstrumentId) -> list[ImportableStrategyConfig]:
    """Every strategy that was found, as plain data, in the order of their names.

    Raises ContractError, one sentence, if one cannot be made: Nautilus would end the run without saying whose fault it was.
    """
    config = ContractStrategyConfig(runtime=spec, instrument_id=instrument_id)
    made = []
    for declared in runtime_of(spec).contracts.declared.values():
        try:
            declared.kind(config)
        except Exception as error:
            raise ContractError(f"{declared.file}: {declared.name} cannot be made: {type(error).__name__}: {error}") from error
        path = declared.kind.fully_qualified_name()
        made.append(
            ImportableStrategyConfig(strategy_path=path, config_path=config.fully_qualified_name(), config=config.json_primitives())
        )
    return made
