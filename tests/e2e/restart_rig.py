"""A simulated gateway that a test steps piece by piece, and `mesbot paper` beside it as a process that can be killed (SIGKILL).

The gateway stands between steps, so a killed process misses only what the test lets happen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bot.gateway.gateway import Gateway
from bot.gateway.truth import truth
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.node.paper import day_of, gateway_config
from bot.node.request import PaperRequest
from bot.units import MINUTE_NS

ROOT = Path(__file__).parents[2]
SEED, SESSIONS, WARM_UP_DAYS = 1, 8, 14  # the last of eight synthetic sessions; this seed trades on it
PATIENCE_SECONDS = 300.0  # only what hangs takes longer, however many others want the machine


class Row(NamedTuple):
    """One journal record."""

    ts_ns: int
    kind: str
    strategy: str | None
    body: str


class Rig:
    """`gateway` and at most one running node; `home` is its state folder."""

    def __init__(self, gateway: Gateway, home: Path) -> None:
        self.gateway, self.home = gateway, home
        self.node: asyncio.subprocess.Process | None = None

    async def start_node(self, *options: str, program: tuple[str, ...] = ("-m", "bot.cli"), may_die: bool = False) -> None:
        """Start the process and wait until it keeps step; if it `may_die` it can kill itself before. `program`: what is run as `mesbot`."""
        environment = {**os.environ, "MESBOT_HOME": str(self.home), "TWS_PORT": str(self.gateway.port), "PYTHONPATH": str(ROOT)}
        lockstep = ("--lockstep", str(self.gateway.side_port), "--warm-up-days", str(WARM_UP_DAYS))
        command = (sys.executable, *program, "paper", *lockstep, "--no-report", *options)
        self.node = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        with contextlib.suppress(TimeoutError):
            await self.until(lambda: bool(self.gateway.lockstep.parties) or self.node.returncode is not None)
        if not self.gateway.lockstep.parties and not (may_die and self.node.returncode == -signal.SIGKILL):
            if self.node.returncode is None:
                self.node.terminate()
            raise AssertionError(f"the node did not start: {(await self.node.stdout.read()).decode()}")

    async def kill_node(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self.node.kill()
        await self.node.wait()
        await self.all_gone()

    async def all_gone(self) -> None:
        """Wait until the gateway has noticed that the process has ended."""
        await self.until(lambda: not self.gateway.delivery.sessions and not self.gateway.lockstep.parties)

    async def step_until_killed(self) -> bool:
        """Let pieces pass until the process has killed itself; False if the tape ended first."""
        while self.node.returncode is None and await self.gateway.replay.step():
            pass
        if self.gateway.replay.ended.is_set():
            return False
        await self.all_gone()
        return True

    async def step_until(self, true: Callable[[], bool]) -> None:
        """Let pieces pass until something is true of the gateway."""
        while not true():
            if not await self.gateway.replay.step():
                raise AssertionError("the tape ended first")

    async def to_the_end(self) -> str:
        """The rest of the day; what the process printed. It ends by itself with the tape."""
        while await self.gateway.replay.step():
            pass
        printed, _ = await asyncio.wait_for(self.node.communicate(), PATIENCE_SECONDS)
        assert self.node.returncode == 0, printed.decode()
        return printed.decode()

    async def verb(self, *words: str) -> tuple[int, str]:
        """Run another verb on the same state folder; its exit code and what it printed.

        Pieces pass only while the node carries out a kill: however long the verb takes to start, the market has not moved before.
        """
        environment = {**os.environ, "MESBOT_HOME": str(self.home)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while process.returncode is None:
                if self.gateway.lockstep.parties and self.killing:
                    await self.gateway.replay.step()
                await asyncio.sleep(0.1)
        return process.returncode, (await process.stdout.read()).decode()

    async def stop_node(self) -> str:
        """SIGTERM; what the process printed."""
        self.node.terminate()
        printed, _ = await asyncio.wait_for(self.node.communicate(), PATIENCE_SECONDS)
        assert self.node.returncode == 0, printed.decode()
        return printed.decode()

    @property
    def truth(self) -> dict[str, Any]:
        """What the broker knows."""
        return truth(self.gateway)

    @property
    def position(self) -> int:
        """Contracts held at the broker."""
        return sum(each["contracts"] for each in self.truth["accounts"]["DU1234567"]["positions"].values())

    @property
    def working(self) -> set[str]:
        """References of our orders that work at the broker."""
        return {order["ref"] for order in self.truth["orders"]}

    @property
    def killing(self) -> bool:
        """Whether the journal tells of a kill that is not over."""
        states = [json.loads(row.body)["state"] for row in self.rows("kill")]
        return states[-1:] in (["TRIPPED"], ["FLAT"])

    @property
    def journal(self) -> Path:
        """The one journal of the state folder."""
        (path,) = (self.home / "journals").glob("*.sqlite")
        return path

    def rows(self, *kinds: str) -> list[Row]:
        """Records of these kinds, in order."""
        with opened(self.journal) as db:
            wanted = ", ".join("?" * len(kinds))
            query = f"SELECT ts_ns, kind, strategy, body FROM {WHOLE} WHERE kind IN ({wanted}) ORDER BY seq"
            return [Row(*row) for row in db.execute(query, kinds)]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true, without a piece passing."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not true():
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def rig(home: Path, minutes: int = 90) -> AsyncIterator[Rig]:
    """A standing gateway before the open, as fast as it is stepped; its tape holds so many minutes of the session."""
    request = PaperRequest(out=home / "unused", seed=SEED, sessions=SESSIONS, speed=math.inf)
    config = gateway_config(request, day_of(request))
    async with Gateway(replace(config, end_ns=min(config.end_ns, config.start_ns + minutes * MINUTE_NS))) as gateway:
        made = Rig(gateway, home)
        try:
            yield made
        finally:
            if made.node is not None and made.node.returncode is None:
                made.node.kill()
                await made.node.wait()
