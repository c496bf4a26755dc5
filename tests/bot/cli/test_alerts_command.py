"""`mesbot alerts`: a test that names no address, and levels that a person may choose."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from live_journal import KillRecord, add, opened
from services import SECRET, Service

from bot.alerts.alert import LEVELS, Event
from bot.cli.alerts import run
from bot.cli.defaults import read_defaults
from bot.cli.main import cli
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock


def alerts(*words: str, **environ: str):
    return CliRunner().invoke(cli, ["alerts", *words], env=environ)


def test_the_test_says_which_service_took_the_message_and_names_none(tmp_path):
    with Service() as takes, Service("refuses") as refuses:
        result = alerts("test", MESBOT_ALERTS=f"{takes.address}\n{refuses.address}")
    assert result.exit_code == 1
    assert "1: json://***: taken" in result.output and "2: json://***: NOT taken" in result.output
    assert "1 of 2 did not take the message (2: json://***)" in result.output
    assert len(takes.messages) == 1 and SECRET not in result.output


def test_the_test_passes_where_every_service_takes_it():
    with Service() as service:
        result = alerts("test", MESBOT_ALERTS=service.address)
    assert (result.exit_code, result.output) == (0, "1: json://***: taken\n")


@pytest.mark.parametrize("verb", ["test", "run"])
def test_without_an_address_it_says_what_to_set(verb):
    result = alerts(verb, MESBOT_ALERTS=None, MESBOT_ALERTS_FILE=None, MESBOT_HEARTBEAT_URL=None)
    assert result.exit_code == 2 and "set MESBOT_ALERTS" in result.output and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("kill: loud", "kill 'loud' must be info, warning or critical"),
        ("kil: info", "kil is no option of `mesbot alerts` (did you mean kill?)"),
        ("least: none", "least 'none' must be info"),
        ("digest-at: noon", "no time of the day such as 17:15"),
        ("per-minute: 0", "per-minute '0' must be a whole number from 1 to 60"),
        ("unknown: info", "unknown is no option"),
    ],
)
def test_a_level_or_an_event_that_does_not_exist_is_refused_in_a_sentence(tmp_path, monkeypatch, line, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "alerts.yaml").write_text(line)
    result = alerts("run", MESBOT_ALERTS="json://127.0.0.1:1")
    assert result.exit_code == 2 and said in result.output and "Traceback" not in result.output


def test_the_packaged_configuration_gives_every_event_its_level(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = read_defaults(run, "alerts")
    assert {event: shipped[f"level_{event.name}"] for event in Event if event is not Event.UNKNOWN} == LEVELS


@pytest.mark.slow
def test_a_notifier_by_itself_finds_the_journal_that_is_written_and_ends_when_asked(tmp_path):
    path = tmp_path / "journals" / "paper-DU1234567-2025.sqlite"
    path.parent.mkdir()
    with Service() as service, RunLock(path), opened(path) as journal:
        environ = {"MESBOT_HOME": str(tmp_path), "MESBOT_ALERTS": service.address, "PATH": ""}
        words = [sys.executable, "-m", "bot.cli", "alerts", "run", "--per-minute", "60"]
        with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout.readline().startswith("Follows ")
            add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
            service.wait_for(lambda each: "TRIPPED" in each.told)
            second = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60)
            assert second.returncode == 1 and "is in use by process" in second.stderr
            process.send_signal(signal.SIGTERM)
            printed = process.communicate(timeout=60)[0]
    assert process.returncode == 0 and SECRET not in printed and "started" not in service.told  # it was met for the first time


def test_a_checkout_ships_no_address():
    for path in (Path(__file__).parents[3] / "config").glob("*.yaml"):
        assert "://" not in path.read_text()
