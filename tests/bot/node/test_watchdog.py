"""A loop that does not turn any more ends the process, which says so: in processes of their own, for they do end."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.node.watchdog import EXIT_CODE, Watchdog

PROGRAM = """
import asyncio, itertools, sys, time
from pathlib import Path
from bot.node.watchdog import Watchdog

async def main():
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(15, stopping.set)
    watchdog = Watchdog(Path(sys.argv[1]), starved_seconds=0.5, tick_seconds=0.05)
    watchdog.begin()
    watchdog.begin()
    await asyncio.sleep(0.2)
    print("ready", flush=True)
    {body}
    watchdog.end()

asyncio.run(main())
print("ended of its own will", flush=True)
"""


def started(body: str, path: Path) -> subprocess.Popen[str]:
    program = PROGRAM.replace("{body}", body)
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("told", [False, True], ids=["left alone", "told to end"])
def test_a_starved_loop_ends_the_process_with_a_sentence_and_its_place_also_when_it_is_told_to_end(tmp_path, told):
    path = tmp_path / "journal.sqlite.hung"
    process = started("event = asyncio.Event(); event.set()\n    while True: await event.wait()", path)
    if told:
        process.send_signal(signal.SIGTERM)
    said, complaint = process.communicate(timeout=20)
    assert process.returncode == EXIT_CODE and said == ""
    for text in (complaint, path.read_text()):
        assert "its event loop has not turned for 0.5 s" in text and "start it again" in text
        assert "in main" in text, "where it hung"


def test_each_turn_of_the_loop_is_told_and_none_that_does_not_come():
    async def run() -> tuple[int, int]:
        turns: list[int] = []
        watchdog = Watchdog(Path("nowhere/hung"), lambda: turns.append(1), tick_seconds=0.02)
        watchdog.begin()
        await asyncio.sleep(0.5)
        turned = len(turns)
        time.sleep(0.2)  # a loop that hangs
        hung = len(turns)
        watchdog.end()
        return turned, hung

    turned, hung = asyncio.run(run())
    assert 3 <= turned == hung


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_it_ends_also_where_nothing_can_be_written(tmp_path):
    with open("/dev/full", "w") as full:
        program = PROGRAM.replace("{body}", "time.sleep(60)")
        process = subprocess.Popen([sys.executable, "-c", program, "/dev/full"], stdout=subprocess.PIPE, stderr=full, text=True)
        process.communicate(timeout=20)
    assert process.returncode == EXIT_CODE


def test_a_process_in_which_no_thread_gets_its_turn_ends_as_well(tmp_path):
    process = started("sum(itertools.repeat(0))", tmp_path / "hung")
    process.communicate(timeout=30)
    assert process.returncode == 1 and "in main" in (tmp_path / "hung").read_text()


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(1.5)",
        "for _ in range(30): time.sleep(0.05); watchdog.lives()",
    ],
    ids=["a loop that turns", "work that gets done"],
)
def test_what_lives_is_left_alone_and_leaves_no_file(tmp_path, body):
    process = started(body, tmp_path / "hung")
    said, complaint = process.communicate(timeout=20)
    assert (process.returncode, said, complaint) == (0, "ended of its own will\n", "")
    assert not (tmp_path / "hung").exists()


def test_a_machine_that_was_suspended_has_lost_no_time(tmp_path):
    process = started("await stopping.wait()", tmp_path / "hung")
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1.5)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_disk_that_is_full_keeps_no_run_from_being_watched(tmp_path):
    process = started("while True: pass", tmp_path / "nowhere" / "hung")
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == EXIT_CODE and "has ended itself" in complaint
