"""`mesbot check` as a person runs it: the table, the exit code, the report; with and without a gateway."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from builders import CONTRACTS, ROOT, drilled
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.gateway.gateway import Gateway
from bot.gateway.source import synthetic_config

WAIT_SECONDS = 30.0


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot check ...` in an empty folder with its own state and no broker but one that is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT", "TWS_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)

    def check(*words: object, **environ: str) -> Result:
        return CliRunner().invoke(cli, ["check", *map(str, words)], env=environ)

    return check


@contextmanager
def gateway(*script: str, **options: Any) -> Iterator[str]:
    """A gateway on a loop and thread of its own; its port."""
    told: Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def serve() -> None:
        async with Gateway(synthetic_config(1, CONTRACTS, port=0, side_port=None, speed=60.0, **options)) as running:
            for words in script:
                running.side.verbs.do(words)
            stop = asyncio.Event()
            told.put((running.port, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    port, loop, stop = told.get(timeout=WAIT_SECONDS)
    try:
        yield str(port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_SECONDS)


def test_help_has_examples_and_says_the_exit_codes(run):
    result = run("--help")
    assert result.exit_code == 0
    for text in ("Examples:", "mesbot check --live", "TWS_PORT=4002", "No order is sent", "Exit code 0", "LIVE asks for one that passed"):
        assert text in " ".join(result.output.split()), text


def test_without_a_broker_it_passes_shows_every_item_and_keeps_the_report(run, tmp_path):
    result = run()
    assert result.exit_code == 0, result.output
    for row in (
        r"Check for PAPER, account not known",
        r"contracts +PASS +",
        r"Law\n  ✓  contracts +PASS .*\n  ✓  limits +PASS .*\n  ✓  strategies +PASS +K1, K2, K3, K4, K5 can be made *\nTime\n",
        r"Records\n  ✓  journal +PASS (.*\n)+  ✓  disk +PASS (.*\n)+  –  drill +SKIP (.*\n)+Broker\n",
        r"connection +SKIP +no broker configured \(TWS_HOST, TWS_PORT\)",
        r"Passed, but \d+ lines were not looked at \(SKIP\)\.",
        r"Report: .*check-paper-none\.json",
    ):
        assert re.search(row, result.output), row
    report = json.loads((tmp_path / "state" / "check-paper-none.json").read_text(encoding="utf-8"))
    assert (report["mode"], report["account"], report["contracts_sha256"]) == ("PAPER", "", CONTRACTS.sha256)
    assert {item["status"] for item in report["items"]} == {"PASS", "SKIP"}


@pytest.mark.parametrize("columns", [40, 80])
def test_it_fits_the_terminal_no_word_is_cut_and_no_line_ends_in_blanks(run, tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    result = run()
    lines = result.output.splitlines()
    assert result.exit_code == 0 and len(lines) > 20
    assert [line for line in lines if len(line) > columns and str(tmp_path) not in line and str(ROOT) not in line] == []
    assert re.search(rf"{re.escape(str(tmp_path / 'state'))}\b", result.output), "a path stays whole"
    assert [line for line in lines if line != line.rstrip()] == []


def test_as_json_it_is_the_report_that_is_kept(run, tmp_path):
    result = run("--json")
    assert result.exit_code == 0, result.output
    kept = json.loads((tmp_path / "state" / "check-paper-none.json").read_text(encoding="utf-8"))
    assert json.loads(result.stdout) == kept


def test_a_report_that_cannot_be_written_is_one_sentence(run, tmp_path):
    (tmp_path / "state" / "check-paper-none.json").mkdir(parents=True)
    result = run()
    assert result.exit_code == 1
    assert "check-paper-none.json cannot be written" in result.stderr
    assert "Traceback" not in result.output


def test_broken_contracts_fail_the_check_with_every_fault(run, tmp_path):
    shutil.copytree(ROOT / "contracts", tmp_path / "broken")
    path = tmp_path / "broken" / "constitution.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("max_contracts: 2", "max_contracts: 9"), encoding="utf-8")
    result = run("--contracts", "broken")
    assert result.exit_code == 1
    assert "position.max_contracts = 9" in result.output
    assert "Failed: contracts." in result.output


def test_an_environment_that_cannot_be_fails_without_a_stack_trace(run):
    result = run(TWS_PORT="high")
    assert result.exit_code == 1
    assert "TWS_PORT=high must be a whole number from 1 to 65535" in " ".join(result.output.split())
    assert "Traceback" not in result.output and result.exception.__class__ is SystemExit


def test_a_paper_gateway_passes_for_paper_and_fails_for_live_with_what_to_do(run, tmp_path):
    drilled(tmp_path / "state", time.time_ns())
    with gateway() as port:
        paper, live = run(TWS_PORT=port), run("--live", TWS_PORT=port)
    assert paper.exit_code == 0, paper.output
    assert re.search(r"account +PASS +DU[*]{3}567, a paper account", paper.output)
    assert (tmp_path / "state" / "check-paper-DU1234567.json").is_file()
    assert live.exit_code == 1, live.output
    assert "Check for LIVE" in live.output and "Failed: account." in live.output
    assert "-> Use the port and the account that belong to the mode." in live.output
    assert (tmp_path / "state" / "check-live-none.json").is_file()


def test_a_live_account_on_recorded_time_fails_by_its_clock_alone_and_the_report_carries_its_account(run, tmp_path):
    drilled(tmp_path / "state", time.time_ns())
    with gateway(accounts=("U7654321",)) as port:
        result = run("--live", TWS_HOST="127.0.0.1", TWS_PORT=port, TWS_CLIENT_ID="12")
    assert result.exit_code == 1, result.output
    assert "Failed: clock skew." in result.output
    report = json.loads((tmp_path / "state" / "check-live-U7654321.json").read_text(encoding="utf-8"))
    statuses = {item["name"]: item["status"] for item in report["items"]}
    named = [statuses[name] for name in ("connection", "account", "clock skew")]
    assert (report["mode"], *named) == ("LIVE", "PASS", "PASS", "FAIL")


def test_a_read_only_gateway_ends_with_one_and_the_box_to_untick(run):
    with gateway("readonly on") as port:
        result = run(TWS_PORT=port)
    assert result.exit_code == 1
    assert "Failed: orders." in result.output
    assert "Untick 'Read-Only API'" in result.output
