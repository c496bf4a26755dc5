"""Every endpoint that a running kernel has: whose it is, or why it may stay as Nautilus made it. One that nobody decided on fails."""

from __future__ import annotations

import asyncio
import fnmatch
from pathlib import Path

from live_hour import law as live_law
from live_hour import standing

HARMLESS = {
    "BacktestEngine.execute": "asks for data that the run has anyway",
    "DataEngine.*": "data: what comes of it is judged as data (QUALITY), and only the market's word opens anything",
    "Portfolio.update_account": "of a simulated exchange, which cannot be told from another",
    "Portfolio.update_order": "counts from Nautilus' own cache; we ask the portfolio nothing",
    "Portfolio.update_position": "counts from Nautilus' own cache; we ask the portfolio nothing",
    "RiskEngine.process": "Nautilus' risk engine notes an event and does nothing",
}
# A part of the run stands there, and believes parts alone or answers a question.
PARTS = ("mesbot.journal*", "mesbot.bar.ahead", "mesbot.K?.ask", "mesbot.K?.submit", "mesbot.venue.*")


def undecided(endpoints: list[str], path: set[str]) -> list[str]:
    """Those of which nobody has said anything."""
    patterns = (*HARMLESS, *PARTS)
    return [name for name in endpoints if name not in path and not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def both(endpoints: list[str], path: set[str]) -> list[str]:
    """Those that are ours and are called somebody else's."""
    return [name for name in endpoints if name in path and any(fnmatch.fnmatchcase(name, pattern) for pattern in PARTS)]


DOORS = {"RiskEngine.execute", "ExecEngine.execute", "ExecEngine.process", "OrderEmulator.execute", "Controller.execute"}
LIVE = {"Portfolio.update_account", "ExecEngine.reconcile_execution_report", "ExecEngine.reconcile_execution_mass_status"}


def test_every_endpoint_of_a_backtest_is_decided_on(day):
    found: list[list[str]] = []
    result = day({"10:41": lambda rogue: found.append(rogue.msgbus.endpoints())}, {}, until="10:45")
    path = set(result.controller._path._endpoints)
    assert (undecided(found[0], path), both(found[0], path)) == ([], [])
    assert path >= DOORS | {"SimulatedExchange.process_new_quote.CME"}


def test_every_endpoint_of_a_live_node_is_decided_on(tmp_path: Path):
    async def play() -> tuple[list[str], set[str]]:
        async with standing(live_law(tmp_path / "contracts"), tmp_path / "out") as hour:
            return hour.node.node.kernel.msgbus.endpoints(), set(hour.node.risk._path._endpoints)

    endpoints, path = asyncio.run(play())
    assert (undecided(endpoints, path), both(endpoints, path)) == ([], [])
    assert path >= DOORS | LIVE


def test_an_endpoint_of_tomorrow_is_undecided():
    assert undecided(["ExecEngine.undo", "RiskEngine.execute"], {"RiskEngine.execute"}) == ["ExecEngine.undo"]
