"""Nautilus' own nodes, in processes of their own, from the JSON that is printed and from the page for Nautilus users: the same heads."""

from __future__ import annotations

import asyncio
import math
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from whole_runs import ROOT

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.gateway.gateway import Gateway
from bot.journal.folder import JOURNAL
from bot.journal.verify import verify
from bot.node.paper import day_of, gateway_config, replay
from bot.node.request import PaperRequest

SESSIONS, SECONDS = 8, 240
PAGE = (ROOT / "docs" / "nautilus.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
STOCK_NODE = """
import sys
from pathlib import Path

from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode

node = TradingNode(config=TradingNodeConfig.parse(Path(sys.argv[1]).read_bytes()))
node.build()
node.run()
node.dispose()
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWS_", "MESBOT_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "MESBOT_HOME": str(folder / "home"), **more}


def python(program: str, folder: Path, *words: str) -> str:
    """Run a program in a fresh process; what it printed."""
    command = [sys.executable, "-W", "ignore", "-c", program, *words]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def mesbot(folder: Path, *words: str) -> str:
    return python("from bot.cli.main import main; main()", folder, *words)


@pytest.fixture(scope="module")
def backtest_head(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of `mesbot backtest --sessions 8`."""
    return verify(run_backtest(BacktestRequest(out=tmp_path_factory.mktemp("ours"), sessions=SESSIONS)).journal).head


@pytest.fixture(scope="module")
def paper_head(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of `mesbot paper --sessions 8 --speed max`."""
    return asyncio.run(replay(PaperRequest(out=tmp_path_factory.mktemp("ours"), sessions=SESSIONS, speed=math.inf))).head


# ------------------------------------------------------------------ the page


def test_the_page_shows_three_programs_of_at_most_thirty_lines():
    assert [len(block.splitlines()) <= 30 for block in BLOCKS] == [True] * 3


@pytest.mark.slow
def test_the_pages_backtest_has_the_head_of_the_command(tmp_path: Path, backtest_head: str):
    assert python(BLOCKS[0], tmp_path).strip() == backtest_head


@pytest.mark.slow
def test_the_printed_backtest_has_the_head_of_the_command(tmp_path: Path, backtest_head: str):
    (tmp_path / "run.json").write_text(mesbot(tmp_path, "config", "backtest", "--sessions", str(SESSIONS), "--out", "out/plain"))
    python(BLOCKS[1], tmp_path)
    assert verify(tmp_path / "out" / "plain" / JOURNAL).head == backtest_head


@pytest.mark.slow
def test_the_pages_node_has_the_head_of_the_command(tmp_path: Path, paper_head: str):
    python(BLOCKS[2], tmp_path)
    assert verify(tmp_path / "out" / "stock" / JOURNAL).head == paper_head


# ------------------------------------------------------------------ a stock node from JSON


async def run_node(folder: Path, change: dict[str, object] | None = None) -> tuple[int, str]:
    """A stock TradingNode in a process of its own on a standing gateway; its exit code and what it printed. `change` is of its JSON."""
    request = PaperRequest(out=folder / "out", sessions=SESSIONS, speed=math.inf)
    async with Gateway(gateway_config(request, day_of(request))) as gateway:
        words = ("config", "node", "--sessions", str(SESSIONS), "--out", "out", "--lockstep", str(gateway.side_port))
        printed = await asyncio.to_thread(mesbot, folder, *words)
        made = msgspec.json.decode(printed) | (change(msgspec.json.decode(printed)) if change else {})
        (folder / "node.json").write_bytes(msgspec.json.encode(made))
        node = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", STOCK_NODE, "node.json", cwd=folder,
            env=environment(folder, TWS_PORT=str(gateway.port)), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asyncio.wait_for(node.communicate(), SECONDS)
    return node.returncode, said.decode()


def test_a_stock_node_from_the_printed_configuration_trades_the_day_as_the_command_does(tmp_path: Path, paper_head: str):
    code, said = asyncio.run(run_node(tmp_path))
    assert code == 0, said
    assert verify(tmp_path / "out" / JOURNAL).head == paper_head
    with sqlite3.connect(tmp_path / "out" / JOURNAL) as db:
        assert db.execute("SELECT count(*) FROM records WHERE kind = 'fill'").fetchone()[0] > 0


def test_a_stock_node_that_lacks_a_part_ends_with_the_sentence_instead_of_hanging(tmp_path: Path):
    code, said = asyncio.run(run_node(tmp_path, lambda made: {"actors": made["actors"][:-1]}))
    assert code != 0
    assert "The run cannot start: DESK is missing; the parts are JOURNAL, QUALITY, MARKET, LIBRARY, LEARNING, DESK, in this order." in said
