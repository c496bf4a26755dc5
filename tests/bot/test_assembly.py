"""Configuration lists as a Nautilus user may write them: whole and in order they run, otherwise one sentence names the part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.common.config import resolve_path
from nautilus_trader.config import BacktestRunConfig, ImportableStrategyConfig

from bot.backtest.config import backtest_config
from bot.backtest.request import BacktestRequest
from bot.errors import MesbotError
from bot.journal.folder import JOURNAL
from bot.journal.verify import verify
from bot.risk_engine.parts import PARTS

STRATEGIES = ("K1", "K2", "K3", "K4", "K5")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A whole run of one session as JSON, its bars in a catalog."""
    folder = tmp_path_factory.mktemp("bars")
    return backtest_config(BacktestRequest(out=folder / "out", sessions=1), folder / "catalog").json().decode()


@pytest.fixture
def config(text: str, tmp_path: Path) -> BacktestRunConfig:
    """The run, with a journal of its own."""
    made = BacktestRunConfig.parse(text)
    journal = made.engine.actors[0].config["runtime"]["journal_path"]
    return BacktestRunConfig.parse(text.replace(journal, str(tmp_path / JOURNAL)))


def refusal(config: BacktestRunConfig) -> str:
    """The sentence with which a plain BacktestNode refuses to run it."""
    node = BacktestNode([config])
    with pytest.raises(MesbotError) as caught:
        node.run()
    node.dispose()
    return str(caught.value)


def name_of(strategy: ImportableStrategyConfig) -> str:
    return resolve_path(strategy.strategy_path).name


def with_engine(config: BacktestRunConfig, **changes: Any) -> BacktestRunConfig:
    return replace(config, engine=replace(config.engine, **changes))


def with_venue(config: BacktestRunConfig, **changes: Any) -> BacktestRunConfig:
    return replace(config, venues=[replace(config.venues[0], **changes)])


def test_the_whole_run_starts(config: BacktestRunConfig):
    assert len(BacktestNode([config]).run()) == 1


def test_the_parts_are_listed_in_the_order_that_is_checked(config: BacktestRunConfig):
    assert tuple(actor.config["component_id"] for actor in config.engine.actors) == PARTS
    assert tuple(map(name_of, config.engine.strategies)) == STRATEGIES


@pytest.mark.parametrize("place", range(len(PARTS)))
def test_an_actor_that_is_missing_is_named(config: BacktestRunConfig, place: int):
    actors = [*config.engine.actors]
    del actors[place]
    assert refusal(with_engine(config, actors=actors)).startswith(f"The run cannot start: {PARTS[place]} is missing")


@pytest.mark.parametrize("place", range(len(PARTS) - 1))
def test_actors_that_changed_places_are_named(config: BacktestRunConfig, place: int):
    actors = [*config.engine.actors]
    actors[place], actors[place + 1] = actors[place + 1], actors[place]
    found = refusal(with_engine(config, actors=actors))
    assert f"{PARTS[place + 1]} stands before {PARTS[place]} and must come after it" in found


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_that_is_missing_is_named(config: BacktestRunConfig, name: str):
    others = [each for each in config.engine.strategies if name_of(each) != name]
    assert f"strategy {name} is missing" in refusal(with_engine(config, strategies=others))


@pytest.mark.parametrize("place", range(len(PARTS)))
def test_without_the_controller_whichever_comes_first_refuses(config: BacktestRunConfig, place: int):
    found = refusal(with_engine(config, controller=None, actors=config.engine.actors[place:]))
    assert found.startswith(f"{PARTS[place]} refuses to start: the contract risk engine is not installed")


def test_without_controller_and_actors_a_strategy_refuses(config: BacktestRunConfig):
    assert refusal(with_engine(config, controller=None, actors=[])).startswith("K1 refuses to start: the contract risk engine")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modules": None}, "venue CME has no PessimisticVenue among its modules"),
        ({"modules": None, "fill_model": None}, "venue CME has no PessimisticVenue among its modules"),
        ({"fill_model": None}, "Venue CME fills by FillModel instead of PessimisticFillModel"),
        ({"fee_model": None}, "Venue CME charges by MakerTakerFeeModel instead of PerContractFeeModel"),
        ({"reject_stop_orders": True}, "Venue CME has reject_stop_orders=True and must have False"),
        ({"support_gtd_orders": True}, "Venue CME has support_gtd_orders=True and must have False"),
        ({"use_reduce_only": True}, "Venue CME has use_reduce_only=True and must have False"),
        ({"support_contingent_orders": False}, "Venue CME has support_contingent_orders=False and must have True"),
        ({"bar_execution": False}, "Venue CME has bar_execution=False and must have True"),
        ({"bar_adaptive_high_low_ordering": False}, "Venue CME has bar_adaptive_high_low_ordering=False and must have True"),
    ],
)
def test_a_venue_that_would_fill_otherwise_is_named(config: BacktestRunConfig, changes: dict[str, Any], said: str):
    assert said in refusal(with_venue(config, **changes))


def test_nautilus_own_checks_must_not_be_bypassed(config: BacktestRunConfig):
    engine = replace(config.engine, risk_engine=replace(config.engine.risk_engine, bypass=True))
    assert "RiskEngineConfig.bypass is true" in refusal(replace(config, engine=engine))


def test_a_part_with_contracts_that_have_changed_refuses(config: BacktestRunConfig):
    controller = config.engine.controller
    runtime = controller.config["runtime"] | {"contracts_sha256": "0" * 64}
    changed = replace(controller, config=controller.config | {"runtime": runtime})
    assert "changed while starting" in refusal(with_engine(config, controller=changed))


def test_a_second_run_of_the_same_configuration_puts_the_first_aside(config: BacktestRunConfig, tmp_path: Path):
    for _ in range(2):
        BacktestNode([config]).run()
    assert verify(tmp_path / JOURNAL).head == verify(tmp_path / "earlier" / "1" / JOURNAL).head


def test_a_journal_whose_runs_the_configuration_does_not_know_is_not_continued(config: BacktestRunConfig):
    BacktestNode([config]).run()
    journal, *others = config.engine.actors
    again = with_engine(config, actors=[replace(journal, config=journal.config | {"begin": "append"}), *others])
    assert "holds runs that this configuration does not begin from; make the configuration again" in refusal(again)
