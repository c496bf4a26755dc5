"""The notifier as a process follows one journal, and the next year's when that begins."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import ROOT
from live_journal import KillRecord, add, opened
from services import SECRET, Service

from bot.alerts import run
from bot.alerts.run import follow
from bot.alerts.watch import Settings
from bot.errors import MesbotError, UsageError
from bot.journal.records import Kind
from bot.journal.run_lock import JournalInUse, RunLock


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(run, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(run, "TURN_SECONDS", 0.0)


@contextmanager
def following(path: Path | None, state: Path, service: Service):
    """A notifier in a thread while this lasts; yields what it says."""
    stopping, said = threading.Event(), []
    words = (path, state, Settings(per_minute=60), {"MESBOT_ALERTS": service.address}, said.append, stopping)
    thread = threading.Thread(target=follow, args=words)
    thread.start()
    try:
        yield said
    finally:
        stopping.set()
        thread.join(60)
    assert not thread.is_alive() and not any(SECRET in line for line in said)


@pytest.mark.parametrize("named", [True, False])
def test_over_new_years_night_it_goes_on_with_the_new_years_journal(tmp_path, named):
    old, new = (tmp_path / "journals" / f"paper-DU1234567-{year}.sqlite" for year in (2025, 2026))
    old.parent.mkdir()
    with Service() as service:
        with RunLock(old):
            journal = opened(old)
            following_it = following(old if named else None, tmp_path, service)
            said = following_it.__enter__()
            assert any(any("Follows" in line for line in said) or threading.Event().wait(0.01) for _ in range(6000))
            add(journal, Kind.KILL, KillRecord("TRIPPED", "in the old year"))
            journal.end({})
            journal.close()
        with RunLock(new), opened(new) as later:
            add(later, Kind.KILL, KillRecord("TRIPPED", "in the new year"))
            service.wait_for(lambda each: "in the new year" in each.told)
            following_it.__exit__(None, None, None)
    assert service.told.count("in the old year") == service.told.count("in the new year") == 1
    assert [line.rpartition("-")[2] for line in said if "Follows" in line] == ["2025.sqlite.", "2026.sqlite."]


def test_it_waits_for_a_journal_that_does_not_exist_yet(tmp_path):
    path = tmp_path / "journals" / "paper-DU1234567-2025.sqlite"
    path.parent.mkdir()
    with Service() as service, following(None, tmp_path, service) as said, RunLock(path), opened(path) as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "the first"))
        service.wait_for(lambda each: "the first" in each.told or any("Follows" in line for line in said))
        add(journal, Kind.KILL, KillRecord("TRIPPED", "the second"))
        service.wait_for(lambda each: "the second" in each.told)


def test_one_that_takes_ever_more_memory_ends_to_be_started_again(tmp_path, monkeypatch):
    path = tmp_path / "paper-DU1234567-2025.sqlite"
    opened(path).close()
    taken = iter([100, 100, 200, 201])
    monkeypatch.setattr(run, "_memory", taken.__next__)
    environ = {"MESBOT_HEARTBEAT_URL": "http://127.0.0.1:1"}
    with pytest.raises(MesbotError, match="2 times the memory"):
        follow(path, tmp_path, Settings(), environ, print, threading.Event())
    assert list(taken) == []


@pytest.mark.skipif(not run.MEMORY.exists(), reason="the system does not say what a process has in memory")
def test_its_own_limit_of_memory_acts_before_the_units(tmp_path):
    """One that begins as `mesbot alerts run` does, with a journal and a service."""
    path = tmp_path / "paper-DU1234567-2025.sqlite"
    opened(path).close()
    code = (
        "import sys, threading\nfrom pathlib import Path\nfrom bot.alerts import run\nfrom bot.alerts.watch import Settings\n"
        "path, ending = Path(sys.argv[1]), threading.Event()\nending.wait = lambda seconds: True\n"
        "run.follow(path, path.parent, Settings(), {'MESBOT_ALERTS': 'json://127.0.0.1:1'}, str, ending)\n"
        "print(run._memory() * run.os.sysconf('SC_PAGE_SIZE'))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(ROOT / "deploy" / "systemd" / "mesbot-alerts.service")
    most = int(unit["Service"]["MemoryMax"].removesuffix("M")) << 20
    libraries = 320 << 20  # their pages, which the unit counts too
    assert 100 << 20 < run.MOST_TIMES * int(done.stdout) < most - libraries


@pytest.mark.skipif(not run.MEMORY.exists(), reason="the system does not say what a process has in memory")
def test_what_it_has_in_memory_falls_when_it_lets_go():
    before = run._memory()
    block = bytearray(b"x" * (64 << 20))
    assert run._memory() > before + len(block) // (2 * os.sysconf("SC_PAGE_SIZE"))
    del block
    assert run._memory() < before + (32 << 20) // os.sysconf("SC_PAGE_SIZE")


def test_two_notifiers_of_one_journal_refuse_each_other(tmp_path):
    path = tmp_path / "paper-DU1234567-2025.sqlite"
    opened(path).close()
    with RunLock(path.with_name(f"{path.name}.alerts")), pytest.raises(JournalInUse):
        follow(path, tmp_path, Settings(), {"MESBOT_HEARTBEAT_URL": "http://127.0.0.1:1"}, print, threading.Event())


def test_without_an_address_it_does_not_begin(tmp_path):
    with pytest.raises(UsageError, match="set MESBOT_ALERTS"):
        follow(None, tmp_path, Settings(), {}, print, threading.Event())


def test_a_log_is_masked_bounded_and_for_its_owner(tmp_path):
    log, mask = tmp_path / "x.log", os.umask(0o022)
    try:
        run.logged(log)("Follows DU1234567.")
    finally:
        os.umask(mask)
    assert "DU***567" in log.read_text() and log.stat().st_mode & 0o077 == 0
