"""Plays a year: a simulated gateway that is stepped through every minute of CME's hours, the bot's process on it, and what happens to both.

The gateway stands between steps, so that the market does not move while a bot starts, a node makes room for the next one or a link comes
back. While the gateway is down for the bot the market moves on. Whoever plays is also the person who resumes after a kill.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from year_bot import Bot
from year_plan import Happening, Plan, What
from year_rows import kill_state

from bot.bars.synth import synthetic_bars
from bot.calendar import new_york
from bot.contracts import Contracts
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.gateway.truth import truth
from bot.units import HOUR_NS

PATIENCE_SECONDS = 300.0  # of the wall: only what hangs takes longer, however many others want the machine
LOCKSTEP_SECONDS = 120.0
ACCOUNT, EQUITY_USD = "DU1234567", 10_000.0


class Broken(Exception):
    """The story cannot go on: one sentence."""


class Measured(msgspec.Struct):
    """A session as seen from outside after its close. Seconds are of the wall, from the measure before, but for `cpu_seconds`: of a
    processor, since the bot's process began. `files` are the journals' bytes."""

    date: str
    seconds: float
    start_seconds: float  # of these, spent on starts of the bot, and on nodes that take each other's place
    rss_kib: int
    threads: int
    handles: int
    cpu_seconds: float
    process: int  # how many times the bot had been started by then
    files: int
    executions: int
    position: int
    working: int
    timeouts: int  # barriers that nobody answered in time, so far


class Story(msgspec.Struct):
    """What was done and seen. `happened` are (market time UTC ns, what, detail) in order; `executions` are the broker's own."""

    sessions: list[tuple[str, int, int]]
    measured: list[Measured] = []
    happened: list[tuple[int, str, str]] = []
    executions: list[dict] = []
    cash_usd: float = 0.0
    broken: str = ""


async def play(plan: Plan, contracts: Contracts, seed: int, folder: Path, tell: Callable[[str], None]) -> Story:
    """The story, which is also kept in `folder` (story.json) as far as it went."""
    story = Story([(each.date, each.open_ns, each.close_ns) for each in plan.sessions])
    async with _standing(plan, contracts, seed, folder) as (gateway, bot):
        year = _Year(plan, gateway, bot, story, tell)
        try:
            await year.through()
        except (Broken, TimeoutError) as broken:
            story.broken = f"{broken or 'waited in vain'} at {new_york(gateway.now_ns):%Y-%m-%d %H:%M}\n{bot.said()}"
        year.keep()
    return story


@asynccontextmanager
async def _standing(plan: Plan, contracts: Contracts, seed: int, folder: Path) -> AsyncIterator[tuple[Gateway, Bot]]:
    before = sum(plan.history.isoformat() <= each.date < plan.sessions[0].date for each in plan.calendar.sessions)
    config = GatewayConfig(
        bars=synthetic_bars(seed, before + len(plan.sessions), plan.history, plan.calendar),
        start_ns=plan.start_ns, end_ns=plan.end_ns, contracts=contracts, calendar=plan.calendar, seed=seed, speed=math.inf,
        begin="told", port=0, side_port=0, cash_usd=EQUITY_USD, lockstep_seconds=LOCKSTEP_SECONDS,
    )  # fmt: skip
    async with Gateway(config) as gateway:
        bot = Bot(folder, gateway.port, gateway.side_port)
        await bot.start()
        try:
            yield gateway, bot
        finally:
            await bot.kill()


class _Year:
    def __init__(self, plan: Plan, gateway: Gateway, bot: Bot, story: Story, tell: Callable[[str], None]) -> None:
        self._plan, self._gateway, self._bot, self._story, self._tell = plan, gateway, bot, story, tell
        self._began, self._starting = time.monotonic(), 0.0

    async def through(self) -> None:
        """From before the first open to after the last close; the bot ends by itself with the tape."""
        await self._attached()
        for happening in self._plan.happenings:
            await self._step_to(happening.ts_ns)
            await self._happen(happening)
        while await self._gateway.replay.step():
            pass
        await asyncio.wait_for(self._bot.process.wait(), PATIENCE_SECONDS)
        if self._bot.process.returncode:
            raise Broken(f"the bot ended with code {self._bot.process.returncode}")

    async def _step_to(self, ts_ns: int) -> None:
        while self._gateway.now_ns < ts_ns:
            if not self._gateway.lockstep.parties:
                await self._attached()  # it has taken another node without being expected to, or is gone
                self._note("unexpected", "a node took the place of another")
            if not await self._gateway.replay.step():
                raise Broken("the tape ended first")

    async def _happen(self, what: Happening) -> None:
        match what.what:
            case What.RESTART | What.LOGOUT:
                await self._down(what)
            case What.TURN:
                await self._turn(what)
            case What.KILL:
                await self._killed()
            case What.STOP:
                await self._stopped("in order")
            case What.EXPIRE:
                self._expire(what.name)
            case What.MEASURE:
                await self._measure(what.name)

    # ------------------------------------------------------------------ the gateway

    async def _down(self, what: Happening) -> None:
        """It tells that it has lost IBKR, hangs up and refuses; the market goes on; then it is there again."""
        gateway = self._gateway
        gateway.tell(1100)
        await gateway.listener.refuse()
        gateway.listener.drop_all()
        parties, gateway.lockstep.parties = gateway.lockstep.parties, []
        while gateway.now_ns < what.until_ns and await gateway.replay.step():
            pass
        gateway.lockstep.parties = parties
        await gateway.listener.reopen()
        await self._served()
        self._note(what.what)

    async def _served(self) -> None:
        """Until the bot has its bars again, and nothing is under way."""
        await self._until(lambda: any(client.subscriptions.bars for client in self._gateway.delivery.sessions), "the link comes back")
        await self._gateway.lockstep.rest(["answers"], self._gateway.barrier, self._gateway.is_rest)

    def _expire(self, month: str) -> None:
        for future in self._gateway.instruments.futures:
            if f"{future.last_trade_date:%Y-%m}" == month:
                self._gateway.side.verbs.do(f"expire {future.local_symbol}")

    # ---------------------------------------------------------------------- the bot

    async def _attached(self) -> None:
        """Until a node keeps step."""
        began = time.monotonic()
        await self._until(lambda: bool(self._gateway.lockstep.parties), "a node keeps step")
        await self._served()
        self._starting += time.monotonic() - began

    async def _turn(self, what: Happening) -> None:
        """The node that is there makes room for the next one by itself."""
        began, before = time.monotonic(), self._gateway.lockstep.parties[0]
        await self._until(lambda: before not in self._gateway.lockstep.parties, f"the bot takes another node ({what.name})")
        self._starting += time.monotonic() - began
        await self._attached()
        self._note(What.TURN, what.name)

    async def _killed(self) -> None:
        """kill -9 as soon as a position is held, or at the end of the morning; a unit starts it again."""
        until_ns = self._gateway.now_ns + 3 * HOUR_NS
        while not self._gateway.broker.exchange.at_work and self._gateway.now_ns < until_ns:
            await self._step_to(self._gateway.now_ns + 1)
        held = "with orders or a position" if self._gateway.broker.exchange.at_work else "flat"
        await self._bot.kill()
        await self._started_again(What.KILL, held)

    async def _stopped(self, why: str, *verb: str) -> None:
        """SIGTERM, what a person does in between, and a start."""
        if code := await self._bot.stop():
            raise Broken(f"asked to stop, the bot ended with code {code}")
        if verb:
            code, printed = await self._bot.verb(*verb)
            if code:
                raise Broken(f"mesbot {' '.join(verb)} ended with code {code}: {printed}")
        await self._started_again(What.STOP, why)

    async def _started_again(self, what: str, why: str) -> None:
        await self._until(
            lambda: not self._gateway.lockstep.parties and not self._gateway.delivery.sessions, "the gateway sees that it is gone"
        )
        self._note(what, why)
        await self._bot.start()
        await self._attached()

    async def _until(self, true: Callable[[], bool], what: str) -> None:
        """Wait without a piece passing. Raises Broken if the bot ends meanwhile, or this takes too long."""
        began = time.monotonic()
        while not true():
            gone = self._bot.process.returncode
            if gone is not None and "gone" not in what:
                raise Broken(f"waited until {what}: the bot has ended with code {gone}")
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise Broken(f"waited {PATIENCE_SECONDS:g} s in vain until {what}")
            await asyncio.sleep(0.02)

    # -------------------------------------------------------------------- measuring

    async def _measure(self, date: str) -> None:
        known, size = truth(self._gateway), self._bot.size()
        now = time.monotonic()
        files = sum(path.stat().st_size for path in (self._bot.home / "journals").glob("*.sqlite*"))
        positions = known["accounts"][ACCOUNT]["positions"].values()
        self._story.measured.append(
            Measured(
                date, round(now - self._began, 2), round(self._starting, 2), *size, self._bot.starts, files, len(known["executions"]),
                sum(each["contracts"] for each in positions), len(known["orders"]), known["lockstep_timeouts"],
            )
        )  # fmt: skip
        self._tell(json.dumps(msgspec.to_builtins(self._story.measured[-1])))
        self.keep()
        self._began, self._starting = now, 0.0
        if kill_state(self._bot.home) == "HALTED":
            await self._stopped("a person resumes after a kill", "resume", "--reason", "looked at it")

    def keep(self) -> None:
        """Write down what is known so far."""
        known = truth(self._gateway)
        self._story.executions, self._story.cash_usd = known["executions"], known["accounts"][ACCOUNT]["cash_usd"]
        (self._bot.home / "story.json").write_bytes(msgspec.json.encode(self._story))

    def _note(self, what: str, detail: str = "") -> None:
        self._story.happened.append((self._gateway.now_ns, what, detail))
