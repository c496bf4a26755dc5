"""The commands of docs/live.md and docs/operations.md, typed in their order against the simulated gateway.

What cannot be typed there as it stands on the page is named in a table, with the reason. The market of the gateway stands at lunch when
the first is typed: an hour at which no strategy may enter, whatever the hour of this machine.
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
from typing import Any, NamedTuple

import pytest
from builders import ROOT

from bot.journal.times import new_york

sys.path.append(str(ROOT / "tests" / "bot" / "alerts"))
from services import Service

PATIENCE_SECONDS = 240.0
ACCOUNT, REAL_ACCOUNT = "DU1234567", "U7654321"
LUNCH, LUNCH_OVER = "11:35", "13:30"  # New York


class Ends(NamedTuple):
    """How a command must end: its exit codes, words that it says, and why that is not simply 0."""

    codes: tuple[int, ...] = (0,)
    says: str = ""
    reason: str = ""
    until_stopped: str = ""  # the mode whose first records end it


DRILLED = Ends((0, 1), "The drill's latch is cleared: the kill switch is ARMED.", "whether limits in milliseconds hold is this machine's")
LIVE = {
    "mesbot contracts": Ends(says="Contracts"),
    "mesbot check": Ends(says="Passed, but"),
    "mesbot paper --trading-mode observe": Ends(says="OBSERVE: every plan is shadowed and nothing is sent.", until_stopped="OBSERVE"),
    "mesbot status": Ends(says="OBSERVE"),
    "mesbot drill": DRILLED,
    "mesbot paper": Ends(says="Stopped", until_stopped="PAPER"),
    "mesbot check --live": Ends((1,), "Failed: clock skew.", "this gateway replays a day: tests/e2e/test_live_start.py has another"),
    "mesbot live": Ends((1,), "Clock skew: the gateway's clock is ", "the same"),
    'mesbot strategy restore K2 --reason "looked at its shadows"': Ends(
        (2,), "only an ARCHIVED strategy is restored by a person.", "nothing archives it so soon: tests/bot/cli/test_strategy_restore.py"
    ),
}
OPERATIONS = {
    "mesbot check": Ends((1,), "TWS_CLIENT_ID=8 mesbot check", "the page says it of the time before the bot starts"),
    "TWS_CLIENT_ID=8 mesbot check": Ends(says="Passed, but"),
    "mesbot status": Ends(says="running, process"),
    "mesbot strategies": Ends(says="K1: VWAP mean reversion"),
    "mesbot journal verify": Ends(says="Head: "),
    "mesbot drill": DRILLED,
    'mesbot lock --reason "…"': Ends(says="entries are locked"),
    'mesbot unlock --reason "…"': Ends(says="entries may pass again"),
    "mesbot status --healthy": Ends(says="PAPER DU***567: well"),
    'mesbot kill --reason "…"': Ends(says="HALTED"),
    'mesbot kill --include-foreign --reason "…"': Ends((0, 2), "", "nobody is there to answer what it may ask"),
    'mesbot resume --reason "…"': Ends(says="ARMED"),
    "mesbot journal export --out journal-export --format parquet": Ends(says="trades.parquet"),
    "mesbot completion bash": Ends(says="_MESBOT_COMPLETE"),
    "mesbot alerts test": Ends(says="taken"),
    "mesbot alerts run": Ends(says="", until_stopped="alerts"),
    "mesbot journal backup --to backups/2025-10-02": Ends(says="backups/2025-10-02"),
}
NOT_TYPED = {
    "live.md": {
        "mesbot acceptance": "it takes minutes of its own market: tests/bot/node/acceptance",
        "mesbot acceptance --recording frames.jsonl": "the same",
        "mesbot why": "the verb's name; the other page types it with a minute",
        "mesbot kill": "the verb's name; the other page types it with its reason",
        "mesbot resume": "the same",
    },
    "operations.md": {
        "mesbot kill": "the verb's name; it is typed with its reason",
        "mesbot resume": "the same",
        "mesbot paper": "it runs beside all of them",
        "mesbot live": "the verb's name; the other page types it",
        'mesbot why "2025-09-30 10:31"': "no such bar in a day that is replayed here; typed with one that is",
    },
}
BESIDE_A_BOT = "mesbot status --healthy"  # told of at the end of the page, when the bot is stopped: typed before it is
REAL = {"TWS_ACCOUNT": REAL_ACCOUNT}
OWN = {"mesbot check --live": REAL, "mesbot live": REAL}


class Shell:
    """A folder of its own to type in, as a person would, with one simulated gateway."""

    def __init__(self, folder: Path, port: int, side_port: int) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.folder, self.home, self._side_port = folder, folder / "home", side_port
        self.known = {"PATH": path, "HOME": str(folder), "MESBOT_HOME": str(self.home), "COLUMNS": "120", "LANG": "C.UTF-8"}
        self.known |= {"MESBOT_PAPER_WARM_UP_DAYS": "3", "MESBOT_LIVE_WARM_UP_DAYS": "3"}
        self.known |= {"TWS_HOST": "127.0.0.1", "TWS_PORT": str(port), "TWS_ACCOUNT": ACCOUNT}

    def begin(self, line: str, **own: str) -> subprocess.Popen[str]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        shown = line if "=" in line.split()[0] else f"exec {line}"
        return subprocess.Popen(shown, shell=True, cwd=self.folder, env={**self.known, **own}, text=True, **streams)

    def type(self, line: str, ends: Ends, **own: str) -> None:
        """Type a line and hold its end against what is expected; what runs until it is stopped is, once it has written something."""
        running = self.begin(line, **own)
        if ends.until_stopped:
            self.until_written(running, ends.until_stopped)
            running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode in ends.codes, f"{line}\n{said}"
        assert ends.says in said and "Traceback" not in said, f"{line}\n{said}"

    def until_written(self, running: subprocess.Popen[str], what: str) -> None:
        """Until a mode's journal has a minute, or the notifier says what it follows."""
        if what == "alerts":
            assert running.stdout.readline().startswith("Follows ")
        else:
            self.until_bars(running, what, 1)

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
        self.ask({"do": "speed 10"})
        self.until(lambda: running.poll() is not None or self.kinds(mode).count("bar") >= before.count("bar") + count)
        self.ask({"do": "speed 1"})

    def market_at_lunch(self) -> None:
        """Let the market run, before anybody looks at it, until the gateway's script slows it down."""
        for words in ("go", "speed 600"):
            self.ask({"do": words})
        self.until(lambda: LUNCH <= new_york(self.ask({"ask": "truth"})["clock_ns"])[11:16] < LUNCH_OVER)

    def ask(self, request: dict[str, str]) -> dict[str, Any]:
        """Of the gateway, over its side channel."""
        with socket.create_connection(("127.0.0.1", self._side_port)) as side, side.makefile("rw") as channel:
            print(json.dumps(request), file=channel, flush=True)
            answer = json.loads(channel.readline())
        assert answer["ok"], answer
        return answer

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not true():
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.1)


@contextlib.contextmanager
def shell(folder: Path) -> Iterator[Shell]:
    """With a gateway whose market stands at lunch of a synthetic day, and a paper account and one of real money."""
    accounts = ("--account", ACCOUNT, "--account", REAL_ACCOUNT)
    script = folder / "script"
    script.write_text(f"{LUNCH} speed 1\n", encoding="utf-8")
    words = [sys.executable, "-m", "bot.cli", "gateway", "--port", "0", "--side-port", "0", "--script", str(script), *accounts]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "MESBOT_HOME": str(folder / "gateway")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as gateway:
        try:
            port, side_port = (int(re.search(r"127\.0\.0\.1:(\d+)", gateway.stdout.readline())[1]) for _ in range(2))
            here = Shell(folder, port, side_port)
            here.market_at_lunch()
            yield here
        finally:
            gateway.send_signal(signal.SIGINT)
            gateway.communicate(timeout=PATIENCE_SECONDS)


def commands(page: str) -> list[str]:
    """Every `mesbot …` of a page in its order, once: of its blocks, and within its sentences and tables."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    typed = re.findall(r"^((?:[A-Z_]+=\S+ )?mesbot [^#\n]+?) *(?:#.*)?$|`(mesbot [^`\n]+)`", text, re.MULTILINE)
    return list(dict.fromkeys(block or inline for block, inline in typed))


@pytest.mark.parametrize(("page", "typed"), [("live.md", LIVE), ("operations.md", OPERATIONS)])
def test_every_command_of_a_page_is_typed_here_or_named_with_the_reason_why_not(page: str, typed: dict[str, Ends]) -> None:
    assert set(commands(page)) == {*typed, *NOT_TYPED[page]}, "a command that no table knows, or one that is gone"
    assert not [line for line, ends in typed.items() if ends.codes != (0,) and not ends.reason]


@pytest.mark.slow
def test_the_commands_of_live_work_in_their_order(tmp_path: Path) -> None:
    with shell(tmp_path) as here:
        for line in (line for line in commands("live.md") if line in LIVE):
            if line == "mesbot live":
                (tmp_path / "config").mkdir()
                (tmp_path / "config" / "live.yaml").write_text("trading-mode: live\n", encoding="utf-8")
            here.type(line, LIVE[line], **OWN.get(line, {}))


@pytest.mark.slow
def test_the_commands_of_operations_work_in_their_order_beside_a_bot_that_trades(tmp_path: Path) -> None:
    with shell(tmp_path) as here, Service() as service:
        here.known["MESBOT_ALERTS"] = service.address
        bot = here.begin("mesbot paper")
        try:
            here.until_bars(bot, "PAPER", 2)
            for line in (line for line in commands("operations.md") if line in OPERATIONS and line != BESIDE_A_BOT):
                if line.startswith("mesbot kill --reason"):
                    here.type(BESIDE_A_BOT, OPERATIONS[BESIDE_A_BOT])
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
    (path,) = (here.home / "journals").glob("paper-*.sqlite")
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        (ts_ns,) = db.execute("SELECT max(ts_ns) FROM records WHERE kind = 'decision'").fetchone()
    return new_york(ts_ns)
