"""The notifier beside a replayed day: what it tells, and that nothing it meets changes or delays what is decided."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "bot" / "alerts"))
from live_journal import KillRecord, OperatorRecord, add, opened
from services import HANGS, SECRET, Service

from bot.journal.records import Kind

PATIENCE_SECONDS = 300.0
BAR_TO_ORDER = """
SELECT (SELECT min(wall_ns) FROM records o WHERE o.kind = 'order event' AND o.seq > i.seq
          AND json_extract(o.body, '$.intent_id') = json_extract(i.body, '$.intent_id')
          AND json_extract(o.body, '$.event') = 'OrderSubmitted')
     - (SELECT min(wall_ns) FROM records b WHERE b.kind = 'bar' AND b.ts_ns = i.ts_ns)
FROM records i WHERE i.kind = 'intent'"""


@contextlib.contextmanager
def replay(folder: Path, address: str | None, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`mesbot paper` of a synthetic day, with alerts to this address (None: without)."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TWS_", "MESBOT_"))}
    environ["MESBOT_HOME"] = str(folder / "home")
    if address is not None:
        (folder / "addresses").write_text(address)
        environ["MESBOT_ALERTS_FILE"] = str(folder / "addresses")
    command = [sys.executable, "-m", "bot.cli", "paper", "--no-report", "--sessions", "8", "--out", str(folder / "out"), *words]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> str:
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, printed
    return printed


def head_of(folder: Path) -> str:
    with contextlib.closing(sqlite3.connect(folder / "out" / "journal.sqlite")) as db:
        return db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone()[0]


def seconds_from_bar_to_order(folder: Path) -> list[float]:
    """Of each entry of the day: from its bar's record to that of its first order, by this machine's clock."""
    with contextlib.closing(sqlite3.connect(folder / "out" / "journal.sqlite")) as db:
        return [wall_ns / 1e9 for (wall_ns,) in db.execute(BAR_TO_ORDER)]


def notifiers(folder: Path) -> list[int]:
    """The ids of the notifiers that run beside a replay of this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"--beside" in (path / "cmdline").read_bytes().split(b"\0") and (path / "cwd").readlink() == folder:
                found.append(int(path.name))
    return found


@pytest.mark.slow
def test_a_day_is_told_from_start_to_digest_and_a_hanging_service_changes_nothing(tmp_path):
    plain, told, hung = (tmp_path / name for name in ("plain", "told", "hung"))
    for folder in (plain, told, hung):
        folder.mkdir()
    with replay(plain, None, "--speed", "max") as process:
        ended(process)
    with Service() as service, replay(told, service.address, "--speed", "max") as process:
        printed = ended(process)
        service.wait_for(lambda each: "has stopped" in each.told and "Kill switch ARMED" in each.told)
        assert "PAPER has started" in service.told and SECRET not in printed
    with Service(HANGS) as service, replay(hung, service.address, "--speed", "max") as process:
        begun = time.monotonic()
        ended(process)
        assert service.tried >= 1 and time.monotonic() - begun < PATIENCE_SECONDS
    assert head_of(plain) == head_of(told) == head_of(hung)
    alone, beside = seconds_from_bar_to_order(plain), seconds_from_bar_to_order(hung)
    assert alone and len(alone) == len(beside)
    assert max(beside) < 5 * max(alone) + 0.5, (alone, beside)  # of the same kind; a service's patience is eight seconds


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the notifier in /proc")
def test_a_notifier_that_is_killed_is_started_again_and_that_is_told(tmp_path):
    with Service() as service, replay(tmp_path, service.address, "--speed", "60") as process:
        service.wait_for(lambda each: "has started" in each.told)
        (first,) = notifiers(tmp_path)
        assert SECRET not in Path(f"/proc/{first}/cmdline").read_text()
        os.kill(first, signal.SIGKILL)
        service.wait_for(lambda each: "had ended without being asked to" in each.told)
        process.send_signal(signal.SIGINT)
        printed = ended(process)
        service.wait_for(lambda each: "has stopped" in each.told)
    assert "The notifier had ended (exit code -9) and was started again" in printed
    assert service.told.count("has started") == 1
    assert notifiers(tmp_path) == [] and SECRET not in printed


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the notifier in /proc")
def test_a_run_that_dies_is_told_by_the_notifier_that_outlives_it(tmp_path):
    with Service() as service, replay(tmp_path, service.address, "--speed", "60") as process:
        service.wait_for(lambda each: "has started" in each.told)
        process.kill()
        service.wait_for(lambda each: "INTERRUPTED" in each.told)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while notifiers(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (tmp_path / "out" / "journal.sqlite.alerts").exists()


def test_an_address_that_cannot_be_is_refused_before_anything_begins(tmp_path):
    with replay(tmp_path, f"nosuchservice://{SECRET}") as process:
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and "is no address that apprise can use" in printed
    assert SECRET not in printed and "Traceback" not in printed and not (tmp_path / "out" / "journal.sqlite").exists()


@contextlib.contextmanager
def notifier(home: Path, address: str) -> Iterator[subprocess.Popen[str]]:
    """`mesbot alerts run` by itself, with its state in this folder."""
    environ = of_mesbot(home) | {"MESBOT_ALERTS": address, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "bot.cli", "alerts", "run"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def of_mesbot(home: Path) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TWS_", "MESBOT_"))}
    return environ | {"MESBOT_HOME": str(home)}


def verb(home: Path, *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "bot.cli", *words], env=of_mesbot(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_notifier_beside_which_a_backup_is_restored_goes_on_telling(tmp_path):
    home, backup = tmp_path / "home", tmp_path / "backup"
    path = home / "journals" / "paper-DU1234567-2025.sqlite"
    path.parent.mkdir(parents=True)
    with opened(path) as journal:
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "before the backup"))
    with Service() as service, notifier(home, service.address) as process:
        assert "Follows" in process.stdout.readline()
        verb(home, "journal", "backup", "--to", str(backup))
        for number in range(8):  # more messages than a minute has
            with opened(path) as journal:
                add(journal, Kind.OPERATOR, OperatorRecord("drill", f"number {number}"))
            service.wait_for(lambda each, number=number: number > 3 or f"number {number}" in each.told)
        begun = time.monotonic()
        with opened(path) as journal:
            add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        service.wait_for(lambda each: "TRIPPED" in each.told)
        assert time.monotonic() - begun < 20  # five seconds and a turn; a full minute had held it up
        away = path.parent.rename(home / "elsewhere")
        service.wait_for(lambda each: "is not there any more" in each.told)
        shutil.copytree(backup, home, dirs_exist_ok=True)
        service.wait_for(lambda each: "is there again" in each.told and "was replaced by another copy" in each.told)
        verb(home, "lock", "--reason", "after the restore")
        process.terminate()
        assert process.wait(60) in (0, 143)
        service.wait_for(lambda each: "after the restore" in each.told)
        assert service.told.count("was replaced by another copy") == service.told.count("is not there any more") == 1 and away.exists()
