"""Run configurations give a verb its defaults, below the environment and the options."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.backtest import backtest
from bot.cli.defaults import find_config, read_defaults
from bot.cli.main import cli
from bot.errors import UsageError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ./config/backtest.yaml in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config" / "backtest.yaml"
    path.parent.mkdir()
    path.write_text("")
    return path


def refusal_of(*words: str, env: dict[str, str] | None = None) -> str:
    """What a backtest with an impossible equity says: it names the equity it was given."""
    result = CliRunner().invoke(cli, ["backtest", *words], env=env)
    assert result.exit_code == 2
    return result.output


@pytest.mark.parametrize("verb", ["backtest", "paper", "live"])
def test_the_packaged_configuration_is_found_and_fits_its_verb(tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    assert find_config(verb) is not None
    command = cli.commands[verb]
    assert set(read_defaults(command, verb)) <= {param.name for param in command.params}


def test_as_shipped_live_observes_and_paper_trades_paper(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    modes = [read_defaults(cli.commands[verb], verb)["trading_mode"] for verb in ("live", "paper")]
    assert modes == ["observe", "paper"]


def test_a_key_may_be_written_with_underscores(config):
    config.write_text("from: 2025-09-15\nno_report: true")
    assert read_defaults(backtest, "backtest") == {"from_date": "2025-09-15", "no_report": True}


def test_a_verb_without_a_configuration_has_no_defaults(config):
    assert read_defaults(backtest, "nothing") == {}


def test_the_option_beats_the_environment_beats_the_configuration(config):
    config.write_text("equity: -1")
    assert "--equity -1:" in refusal_of()
    assert "--equity -2:" in refusal_of(env={"MESBOT_BACKTEST_EQUITY": "-2"})
    assert "--equity -3:" in refusal_of("--equity", "-3", env={"MESBOT_BACKTEST_EQUITY": "-2"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("equty: 5", "equty is no option of `mesbot backtest` (did you mean equity?)"),
        ("- 5", "expected one `option: value` a line"),
        ("equity: [", "cannot be read as YAML"),
        ("account: DU1", "account does not belong into a file; set TWS_ACCOUNT in the environment"),
        ("client_id: 7", "client-id does not belong into a file; set TWS_CLIENT_ID in the environment"),
    ],
)
def test_a_broken_configuration_is_one_clear_sentence(config, text, said):
    config.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_defaults(backtest, "backtest")
    assert said in str(caught.value)
    assert said in refusal_of()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from: 2025-10-99", "from '2025-10-99' must be a day that exists"),
        ("from: !!timestamp 2025-10-99", "cannot be read as YAML"),
        ("equity: 23:45", "'23:45' is not an amount of dollars"),
        ("learning: yes", "learning 'yes' must be on or off"),
    ],
)
def test_a_value_is_taken_as_it_is_written_and_refused_in_a_sentence(config, text, said):
    config.write_text(text)
    assert said in refusal_of()


def test_a_time_needs_no_quotes(config):
    paper = config.with_name("paper.yaml")
    paper.write_text("nightly-restart: 23:45\nequity: 10_000\nspeed: 1e3\nno-report: false\n")
    found = read_defaults(cli.commands["paper"], "paper")
    assert found == {"nightly_restart": "23:45", "equity": "10_000", "speed": "1e3", "no_report": False}


@pytest.mark.parametrize("nothing", ["", " ~", " null", "  # a remark"])
def test_a_key_without_a_value_leaves_the_options_own_default(config, nothing):
    config.write_text(f"equity:{nothing}\nlearning: on\nstamp:{nothing}\n")
    assert read_defaults(backtest, "backtest") == {"learning": "on"}


def test_an_empty_text_is_a_value(config):
    paper = config.with_name("paper.yaml")
    paper.write_text('nightly-restart: ""')
    assert read_defaults(cli.commands["paper"], "paper") == {"nightly_restart": ""}
