"""The commands of docs/live.md and docs/operations.md, typed in their order against the simulated gateway.

What cannot be typed there as it stands on the page is named in a table, with the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from builders import ROOT
from test_pages import lines

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 240.0
ACCOUNT = "DU1234567"


class Ends(NamedTuple):
    """How a command must end: its exit codes, words that it says, and why that is not simply 0."""

    codes: tuple[int, ...] = (0,)
    says: str = ""
    reason: str = ""
    until_stopped: bool = False


LIVE = {
    "mesbot check": Ends(says="Passed."),
    "mesbot paper --trading-mode observe": Ends(says="OBSERVE: every plan is shadowed and nothing is sent.", until_stopped=True),
}
LIVE_ELSEWHERE = {
    "mesbot acceptance": "it needs an hour outside the entry windows: tests/bot/node/acceptance has one",
    "mesbot drill": "entries must be locked and bars believed, which a gateway's first minutes are not: tests/e2e/test_drill_running.py",
    "mesbot paper": "typed for the other page",
    "mesbot check --live": "a simulated gateway is no account of real money: tests/bot/node/test_check.py has one",
    "mesbot live": "the same: tests/e2e/test_live_start.py",
    'mesbot strategy restore K2 --reason "looked at its shadows"': "nothing archives it so soon: tests/bot/cli/test_strategy_restore.py",
}
OPERATIONS = {
    "mesbot check": Ends((1,), "TWS_CLIENT_ID=8 mesbot check", "the page says it of the time before the bot starts"),
    "TWS_CLIENT_ID=8 mesbot check": Ends(says="Passed."),
    "mesbot status": Ends(says="running, process"),
    "mesbot strategies": Ends(says="K1: VWAP mean reversion"),
    "mesbot journal verify": Ends(says="Head: "),
    "mesbot drill": Ends((2,), "No drill: ", "strategies may enter at this hour"),
    'mesbot kill --reason "…"': Ends(says="HALTED"),
    'mesbot kill --include-foreign --reason "…"': Ends((0, 2), "", "nobody is there to answer what it may ask"),
    'mesbot resume --reason "…"': Ends(says="ARMED"),
    "mesbot journal export --out journal-export --format parquet": Ends(says="trades.parquet"),
    "mesbot completion bash": Ends(says="_MESBOT_COMPLETE"),
}
NOT_TYPED = {
    "mesbot kill": "the verb's name; it is typed with its reason",
    "mesbot resume": "the same",
    'mesbot why "2025-09-30 10:31"': "no such bar in a day that is replayed here; typed with one that is",
}


class Shell:
    """A folder of its own to type in, as a person would, with one simulated gateway."""

    def __init__(self, folder: Path, port: int, side_port: int) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.folder, self.home, self._side_port = folder, folder / "home", side_port
        self.known = {"PATH": path, "HOME": str(folder), "MESBOT_HOME": str(self.home), "COLUMNS": "120", "LANG": "C.UTF-8"}
        self.known |= {"TWS_HOST": "127.0.0.1", "TWS_PORT": str(port), "TWS_ACCOUNT": ACCOUNT}

    def begin(self, line: str) -> subprocess.Popen[str]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(
            line if "=" in line.split()[0] else f"exec {line}", shell=True, cwd=self.folder, env=self.known, text=True, **streams
        )

    def type(self, line: str, ends: Ends) -> None:
        """Type a line and hold its end against what is expected; what runs until it is stopped is, once its journal has records."""
        mode = "OBSERVE" if "observe" in line else "PAPER"
        running = self.begin(line)
        if ends.until_stopped:
            self.until_bars(running, mode, 1)
            running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode in ends.codes, f"{line}\n{said}"
        assert ends.says in said and "Traceback" not in said, f"{line}\n{said}"

    def kinds(self, mode: str) -> list[str]:
        """The kinds of a mode's journal so far."""
        found: list[str] = []
        for path in (self.home / "journals").glob(f"{mode.lower()}-*.sqlite"):
            with contextlib.suppress(sqlite3.OperationalError), sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
                found += [kind for (kind,) in db.execute("SELECT kind FROM records ORDER BY seq")]
        return found

    def until_bars(self, running: subprocess.Popen[str], mode: str, count: int) -> None:
        """Let the market run fast until so many more minutes are journaled, and then at the wall's pace again."""
        before = self.kinds(mode)
        self.until(lambda: running.poll() is not None or len(self.kinds(mode)) > len(before))  # it is about to begin
        self.do("speed 10")
        self.until(lambda: running.poll() is not None or self.kinds(mode).count("bar") >= before.count("bar") + count)
        self.do("speed 1")

    def do(self, words: str) -> None:
        """Tell the gateway."""
        with socket.create_connection(("127.0.0.1", self._side_port)) as side, side.makefile("rw") as channel:
            print(json.dumps({"do": words}), file=channel, flush=True)
            assert json.loads(channel.readline())["ok"]

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not true():
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.1)


@contextlib.contextmanager
def shell(folder: Path) -> Iterator[Shell]:
    """With a gateway whose market begins at 09:25 of a synthetic day, when somebody first asks for its data."""
    words = [sys.executable, "-m", "bot.cli", "gateway", "--seed", "1", "--port", "0", "--side-port", "0", "--account", ACCOUNT]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "MESBOT_HOME": str(folder / "gateway")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as gateway:
        try:
            port, side_port = (int(re.search(r"127\.0\.0\.1:(\d+)", gateway.stdout.readline())[1]) for _ in range(2))
            yield Shell(folder, port, side_port)
        finally:
            gateway.send_signal(signal.SIGINT)
            gateway.communicate(timeout=PATIENCE_SECONDS)


def commands(page: str) -> list[str]:
    """Every `mesbot …` of a page in its order, once: of its blocks, and within its sentences and tables."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    typed = re.findall(r"^((?:[A-Z_]+=\S+ )?mesbot [^#\n]+?) *(?:#.*)?$|`(mesbot [^`\n]+)`", text, re.MULTILINE)
    return list(dict.fromkeys(block or inline for block, inline in typed))


def test_the_commands_of_live_work_in_their_order(tmp_path: Path) -> None:
    typed = [line for line in lines(ROOT / "docs" / "live.md") if not line.startswith("export ")]  # its port is this test's own
    assert set(typed) == {*LIVE, *LIVE_ELSEWHERE}, "a command that no table knows, or one that is gone"
    with shell(tmp_path) as here:
        for line in (line for line in typed if line in LIVE):
            here.type(line, LIVE[line])


def test_the_commands_of_operations_work_in_their_order_beside_a_bot_that_trades(tmp_path: Path) -> None:
    typed = [line for line in commands("operations.md") if line not in NOT_TYPED]
    assert set(typed) == set(OPERATIONS), "a command that the table does not know, or one that is gone"
    with shell(tmp_path) as here:
        bot = here.begin("mesbot paper")
        try:
            here.until_bars(bot, "PAPER", 6)  # past 09:35
            for line in typed:
                if line.startswith("mesbot resume"):
                    here.type(f'mesbot why "{newest_bar(here)}"', Ends(says="K1 "))
                    stop(bot)
                here.type(line, OPERATIONS[line])
        finally:
            stop(bot)


def stop(bot: subprocess.Popen[str]) -> None:
    if bot.poll() is None:
        bot.send_signal(signal.SIGTERM)
    said, _ = bot.communicate(timeout=PATIENCE_SECONDS)
    assert bot.returncode == 0, said


def newest_bar(here: Shell) -> str:
    """A minute that the bot has decided on, as a person types it."""
    from bot.journal.times import new_york

    (path,) = (here.home / "journals").glob("paper-*.sqlite")
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        (ts_ns,) = db.execute("SELECT max(ts_ns) FROM records WHERE kind = 'decision'").fetchone()
    return new_york(ts_ns)
