"""A day that a rogue plays against the contract risk engine, on Nautilus' real backtest engine: bars, and what it does by minute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nautilus_trader.config import ExecAlgorithmConfig
from nautilus_trader.execution.algorithm import ExecAlgorithm
from nautilus_trader.model.identifiers import ExecAlgorithmId
from nautilus_trader.model.orders import Order
from rogue import Act, Rogue
from stage import DAY, FLAT, WARM_UP_DAY, Played, Prices, SeenVenue, bare, lawbook, play, quiet_day, with_strategies

from bot.backtest.run import BacktestRun

FILLS = {"10:42": (0, 3, -2, 1)}  # an entry at 25600 or 25601 is filled in this bar; stop and target are far


class Result:
    """What a rogue's day came to."""

    def __init__(self, rogue: Rogue, played: Played) -> None:
        self.rogue, self.played, self.controller = rogue, played, rogue.controller


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lawbook(tmp_path_factory.mktemp("law") / "contracts", FLAT, {"data_contract": {"dvs.penalties.missing_gap": 0.9}})


@pytest.fixture
def day(law: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Play a day: acts by minute, and bars that are not quiet by minute."""

    def run(acts: dict[str, Act], bars: dict[str, Prices | None] | None = None, until: str = "11:15", algorithm: bool = False) -> Result:
        rogue = Rogue(acts)
        monkeypatch.setattr("bot.backtest.config.assembled", bare)
        monkeypatch.setattr("bot.backtest.config.PessimisticVenue", SeenVenue)

        def before(run: BacktestRun) -> None:
            rogue.controller = run.risk
            with_strategies(rogue)(run)
            if algorithm:
                run.engine.add_exec_algorithm(Passing())

        script = dict(FILLS) | (bars or {})
        played = play(law, tmp_path / "out", quiet_day(WARM_UP_DAY) + quiet_day(DAY, until, script), before=before)
        return Result(rogue, played)

    return run


class Passing(ExecAlgorithm):
    """An execution algorithm that hands every order on."""

    def __init__(self) -> None:
        super().__init__(ExecAlgorithmConfig(exec_algorithm_id=ExecAlgorithmId("PASSING")))

    def on_order(self, order: Order) -> None:
        self.submit_order(order)
