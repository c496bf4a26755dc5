"""`mesbot config`: JSON that Nautilus parses, the verbs' own options and defaults, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from nautilus_trader.config import BacktestRunConfig, ImportableConfig, TradingNodeConfig

from bot.cli.main import cli


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot config ...` in an empty folder with its own state and no broker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT", "TWS_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words: CliRunner().invoke(cli, ["config", *map(str, words)])


def runtime(made: BacktestRunConfig | TradingNodeConfig, engine: object) -> dict[str, object]:
    """What every part is told; asserted to be the same for all."""
    parts = [engine.controller, *engine.actors, *engine.strategies]
    (one,) = {str(part.config["runtime"]) for part in parts}
    assert one == str(engine.controller.config["runtime"])
    return engine.controller.config["runtime"]


def test_a_backtest_is_printed_as_nautilus_parses_it_and_its_bars_are_written(run, tmp_path: Path):
    result = run("backtest", "--sessions", 2, "--from", "2025-03-11", "--learning", "off", "--equity", "2500.50", "--out", "here")
    assert result.exit_code == 0, result.output
    made = BacktestRunConfig.parse(result.stdout)
    told = runtime(made, made.engine)
    assert told["journal_path"] == str(tmp_path / "here" / "journal.sqlite")
    assert told["learning"] is False and told["decide_from_ns"] > 0
    assert made.venues[0].starting_balances == ["2500.50 USD"]
    header = made.engine.actors[0].config["header"]
    assert header["bars"] == "2 synthetic sessions, seed 1" and header["equity_usd"] == "2500.50" and header["learning"] is False
    assert made.data[0].catalog_path == str(tmp_path / "here" / "catalog") and f"Bars: {made.data[0].catalog_path}" in result.stderr
    assert not (tmp_path / "here" / "journal.sqlite").exists()


def test_the_catalog_goes_where_it_is_wanted(run, tmp_path: Path):
    made = BacktestRunConfig.parse(run("backtest", "--sessions", 1, "--catalog", "bars").stdout)
    assert made.data[0].catalog_path == str(tmp_path / "bars") and any((tmp_path / "bars").rglob("*.parquet"))


def test_other_bars_than_those_of_the_catalog_are_refused(run):
    assert run("backtest", "--sessions", 1, "--catalog", "bars").exit_code == 0
    result = run("backtest", "--sessions", 1, "--seed", 2, "--catalog", "bars")
    assert result.exit_code == 2 and "holds something else than 1 synthetic session, seed 2" in result.output


def test_a_replay_is_printed_as_nautilus_parses_it(run, tmp_path: Path):
    result = run("node", "--sessions", 2, "--trading-mode", "observe", "--lockstep", 4003, "--out", "here")
    assert result.exit_code == 0, result.output
    made = TradingNodeConfig.parse(result.stdout)
    told = runtime(made, made)
    assert told["journal_path"] == str(tmp_path / "here" / "journal.sqlite") and told["observe"] is True
    assert isinstance(made.data_clients["IBKR"], ImportableConfig) and isinstance(made.exec_clients["IBKR"], ImportableConfig)
    desk = made.actors[-1].config
    assert (desk["component_id"], desk["lockstep_port"], desk["go"]) == ("DESK", 4003, True)
    assert desk["broker"] == made.exec_clients["IBKR"].config["broker"] == made.data_clients["IBKR"].config["broker"]
    assert (desk["broker"]["link"]["host"], desk["broker"]["link"]["port"]) == ("", 0)


def test_both_take_the_defaults_of_the_verbs_whose_options_they_have(run, tmp_path: Path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "backtest.yaml").write_text("sessions: 1\nequity: 3000\nno-report: true\n")
    (tmp_path / "config" / "paper.yaml").write_text("sessions: 2\nout: there\n")
    assert BacktestRunConfig.parse(run("backtest").stdout).venues[0].starting_balances == ["3000.00 USD"]
    node = TradingNodeConfig.parse(run("node").stdout)
    assert node.controller.config["runtime"]["journal_path"] == str(tmp_path / "there" / "journal.sqlite")


def test_a_replay_where_a_broker_is_configured_must_say_which_of_the_two_is_meant(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TWS_PORT", "4002")
    result = run("node", "--sessions", 2)
    assert result.exit_code == 2 and "--sessions is for a replay, and TWS_HOST or TWS_PORT names a broker" in result.output


@pytest.mark.parametrize("words", [("node", "--trading-mode", "live"), ("node", "--speedy"), ("elsewhere",)])
def test_what_does_not_exist_is_refused_by_name(run, words: tuple[str, ...]):
    result = run(*words)
    assert result.exit_code == 2 and words[-1] in result.output


def test_a_broken_contract_ends_it_before_anything_is_written(run, tmp_path: Path):
    result = run("backtest", "--contracts", "nowhere")
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
