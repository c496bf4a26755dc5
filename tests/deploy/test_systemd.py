"""The units verify, run verbs that exist, keep secrets out of their text, and log within bounds."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from builders import ROOT

from bot.errors import Terminated

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/mesbot/bin/mesbot"


def read(path: Path) -> dict[str, dict[str, list[str]]]:
    """Sections, keys, and each key's values in order."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(key, []).append(value)
    return found


def test_there_is_a_unit_for_the_bot_its_notifier_and_its_pages():
    assert [path.name for path in UNITS] == ["mesbot-alerts.service", "mesbot-dashboard.service", "mesbot.service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_verifies(path, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    made = tmp_path / path.name  # the program is not installed here, so that something else stands in its place
    made.write_text(path.read_text(encoding="utf-8").replace(PROGRAM, shutil.which("true")), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(made)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_unit_with_a_key_that_does_not_exist_would_be_seen(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    made = tmp_path / "wrong.service"
    made.write_text(f"[Service]\nExecStart={shutil.which('true')}\nRestrat=always\n", encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(made)], capture_output=True, text=True, check=False)
    assert "Restrat" in done.stdout + done.stderr


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_and_holds_no_secret(path):
    service = read(path)["Service"]
    assert service["User"] == ["mesbot"] and service["NoNewPrivileges"] == ["yes"] and service["ProtectSystem"] == ["strict"]
    assert service["UMask"] == ["0077"] and service["StateDirectoryMode"] == ["0700"] and service["LogNamespace"] == ["mesbot"]
    loaded = {each.partition(":")[0] for each in service.get("LoadCredential", ())}
    for setting in (word for line in service["Environment"] for word in shlex.split(line)):
        name, _, value = setting.partition("=")
        assert not name.endswith("_FILE") or value.removeprefix("%d/") in loaded, setting
        assert name not in ("TWS_ACCOUNT", "MESBOT_ALERTS", "MESBOT_HEARTBEAT_URL", "MESBOT_DASHBOARD_TOKEN")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_verb_that_exists(path):
    from click.testing import CliRunner

    from bot.cli.main import cli

    program, *words = shlex.split(read(path)["Service"]["ExecStart"][0])
    assert program == PROGRAM and CliRunner().invoke(cli, [*words, "--help"]).exit_code == 0


def test_the_bots_unit_names_the_gateways_zone_and_its_nightly_restart_as_the_compose_file_does():
    words = shlex.split(read(ROOT / "deploy" / "systemd" / "mesbot.service")["Service"]["ExecStart"][0])
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["bot"]["command"]
    for option in ("--zone", "--nightly-restart"):
        assert words[words.index(option) + 1] == composed[composed.index(option) + 1], option


def test_what_a_person_must_mend_is_not_tried_again_and_again():
    assert read(ROOT / "deploy" / "systemd" / "mesbot.service")["Service"]["RestartPreventExitStatus"] == ["2 3"]


def test_a_verb_that_was_asked_to_end_has_not_failed():
    for path in UNITS:
        assert read(path)["Service"]["SuccessExitStatus"] == [str(Terminated.exit_code)], path.name


def test_a_real_money_run_is_never_started_by_a_machine():
    for path in UNITS:
        assert " live" not in read(path)["Service"]["ExecStart"][0]


def test_the_log_is_bounded():
    made = configparser.ConfigParser()
    made.optionxform = str
    made.read(ROOT / "deploy" / "systemd" / "journald@mesbot.conf", encoding="utf-8")
    assert {"SystemMaxUse", "SystemMaxFileSize"} <= set(made["Journal"])
