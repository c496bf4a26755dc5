"""Plays one seed: a gateway that is stepped through a part of a morning, the bot's process on it, faults, and at the end no faults.

The market goes on as soon as the bot has dealt with what it was told; while something is in doubt a piece of five seconds takes
PIECE_SECONDS of the wall, and WRONG_SECONDS as long as something is wrong, so that the bot's own waits have their time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from bot_process import BotProcess, Hung
from bot_side import PACE, Standing, Start
from checkers import Breach, Spell, Watch
from journal_checks import journal_breaches
from live_hour import HASTE
from mix import MINUTES, PIECES, Script
from model_day import BARS, BUSY
from stage import DAY, FLAT, WARM_UP_DAY, lawbook, quiet_day, spec_of
from venue import CountedLog, Venue

from bot.calendar import SessionCalendar, clock_ns
from bot.contracts import load_contracts
from bot.gateway import messages
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.node.node import WITHDRAW_SECONDS
from bot.units import MINUTE_NS

BEGIN_NS = clock_ns(DAY, dt.time(10, 30))
ANSWER_SECONDS, BAR_SECONDS, PIECE_SECONDS, WRONG_SECONDS = 0.05, 0.3, 0.05, 0.5
BRACKET_SECONDS = 1.2  # a little more than checkers.BEFORE_SECONDS
CONVERGE_PIECES = 12  # 60 s of market time
ROUND_SECONDS = 3.0  # what is missing is asked for every minute; a round that is under way still waits for its answers then
START_SECONDS, STARTS = 25.0, 4
END_SECONDS = WITHDRAW_SECONDS + 3.0  # it waits as long for the broker's word about orders in doubt, and then stops
SLIP = re.compile(r"(TypeError|AttributeError|NameError)\W.*")  # a mistake in a program: of a broken build, its own


class Told(NamedTuple):
    """What a seed came to. `seconds` are of the wall, `frames` is the log of everything on the wire."""

    seed: int
    breaches: list[Breach]
    faults: list[str]
    spells: list[Spell]
    entered: int
    kill_seconds: float | None
    seconds: float
    frames: Path
    printed: str


def law(folder: Path) -> Path:
    """The contracts of the campaign: so much may be done in a day that a few minutes are enough."""
    return lawbook(folder, FLAT, BUSY, HASTE)


def play(contracts: Path, folder: Path, script: Script, broken: str = "", without: Iterable[str] = ()) -> Told:
    """Play a seed into `folder` on a broken build or the true one; checkers named in `without` are not asked."""
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_play(contracts, folder, script, broken, frozenset(without)))


async def _play(contracts: Path, folder: Path, script: Script, broken: str, without: frozenset[str]) -> Told:
    began = time.monotonic()
    async with _standing(contracts, folder, script, broken, without) as run:
        try:
            await run.through()
        except Hung as hung:
            run.watch.breaks("hung", f"the bot's loop does not turn; it is in {hung}")
        except _Over as over:
            run.watch.breaks("ended by itself", str(over))
        finally:
            run.bot.kill()
        for breach in [] if run.watch.breaches else journal_breaches(run.bot.journal, run.venue):
            run.watch.breaks(*breach)
        if broken and (slip := SLIP.search(run.bot.printed)):  # nothing that it meets is the fault that it means
            run.watch.breaches[:] = [Breach("broken build", f"does not fit the product any more: {slip[0]}")]
    return Told(
        script.seed, run.watch.breaches, run.venue.done, run.watch.spells, len(run.watch.entries), run.kill_seconds,
        time.monotonic() - began, folder / "frames.jsonl", run.bot.printed,
    )  # fmt: skip


class _Over(Exception):
    """The bot has ended and does not start again."""


def _port() -> int:
    """A free port that no outgoing connection is given: a bot that tries again and again would meet itself there."""
    for port in random.Random().sample(range(15_000, 30_000), 50):
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if found.connect_ex(("127.0.0.1", port)):
                return port
    raise OSError("no port from 15000 to 30000 is free")


@asynccontextmanager
async def _standing(contracts: Path, folder: Path, script: Script, broken: str, without: frozenset[str]) -> AsyncIterator[_Run]:
    bars = quiet_day(WARM_UP_DAY) + quiet_day(DAY, "12:00", {minute: BARS[kind] for minute, kind in script.bars})
    read = load_contracts(contracts)
    config = GatewayConfig(
        bars=bars, start_ns=BEGIN_NS, end_ns=BEGIN_NS + 85 * MINUTE_NS, contracts=read, speed=float("inf"), begin="told", port=_port(),
        calendar=SessionCalendar(read.session, WARM_UP_DAY.replace(day=1), DAY.replace(month=12)), limit_rate=False,
        contracts_a_piece=script.at_a_time, side_port=None,
    )  # fmt: skip
    journal = folder / "journal.sqlite"
    bot = BotProcess(journal)
    async with Gateway(config) as gateway:
        venue = Venue(gateway, bot, script.faults, CountedLog(folder / "frames.jsonl"))
        messages.position, messages.portfolio = venue.position, venue.portfolio
        run = _Run(venue, bot, Watch(venue, without), script, Start(spec_of(contracts, folder), gateway.port, 0, "", script.acts, broken))
        looking = asyncio.ensure_future(run.look_on())
        try:
            yield run
        finally:
            looking.cancel()


class _Run:
    """One seed under way."""

    def __init__(self, venue: Venue, bot: BotProcess, watch: Watch, script: Script, start: Start) -> None:
        self.venue, self.bot, self.watch, self._script, self._start = venue, bot, watch, script, start
        self.kill_seconds: float | None = None
        self._standing: Standing | None = None
        self._ended_at: float | None = None

    async def look_on(self) -> None:
        """Time passes: graces end."""
        while True:
            self.watch.look()
            await asyncio.sleep(0.02)

    # ------------------------------------------------------------------ the seed

    async def through(self) -> None:
        """Start, the minutes with their faults, the end without."""
        await self._begin()
        for _ in range(MINUTES):
            for _ in range(PIECES):
                await self._piece()
            if self.watch.breaches:
                return
        if random.Random(self._script.seed).random() < 0.3:
            await self._kill()  # the way out asks for nothing but the connection
        self.venue.stop_faults()
        await self._converge()
        await self._kill()
        if not self.watch.breaches and not await self.bot.stop(END_SECONDS):
            self.watch.breaks("does not end", f"asked to stop, it still ran after {END_SECONDS:g} s")

    async def _begin(self) -> None:
        """Start the bot as a person would: again, if it does not come."""
        market_ns, folder = self.venue.host.now_ns, self.bot.journal.parent
        for _ in range(STARTS):
            earlier = (str(self.bot.journal),) if self.bot.journal.exists() else ()
            spec = msgspec.structs.replace(
                self._start.spec, decide_from_ns=market_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS, earlier=earlier,
                earlier_records=time.time_ns() if earlier else 0,
            )  # fmt: skip
            start = self._start._replace(spec=spec, begin_ns=market_ns, ids_path=str(folder / "order-ids.json"))
            self.bot.start(start)
            if self.venue._full:
                self.bot.limit_files(full=True)
            until = time.monotonic() + START_SECONDS
            while self.bot.running and self.bot.over is None and not self.bot.begun.is_set() and time.monotonic() < until:
                await asyncio.sleep(0.02)
                self.venue.stands()
            if self.bot.begun.is_set():
                return
            self.bot.kill()
            self.venue.stop_faults()  # a person mends what keeps it from starting
        raise _Over(f"it did not start in {STARTS} attempts: {self.bot.over}\n{self.bot.printed[-2000:]}")

    async def _piece(self) -> None:
        began = time.monotonic()
        if not self.bot.running or self.bot.over is not None:
            await self._gone()
        await self.venue.piece()
        self.watch.look()
        frames = next((client.frames_sent for client in self.venue.clients()), 0)
        bar_ns = self.venue.host.now_ns // MINUTE_NS * MINUTE_NS
        quiet = not self.venue.host.feed.faults.silent("bars")
        wait = (
            ANSWER_SECONDS if not (quiet and self.venue.host.now_ns == bar_ns and self.venue.up and not self.venue.losing) else BAR_SECONDS
        )
        self._standing = await self.bot.ask(frames, bar_ns, wait)
        slow = self._standing is None or self._standing.doubtful or not self.venue.up
        await asyncio.sleep(max(0.0, PIECE_SECONDS - (time.monotonic() - began)) if slow else 0)
        while self.watch.wrong and time.monotonic() - began < (BRACKET_SECONDS if self.watch.bracket_wrong else WRONG_SECONDS):
            await asyncio.sleep(0.005)

    async def _gone(self) -> None:
        """It is not there: killed hard, or ended by itself, which only a start that fails may."""
        if self.bot.restart_after is None and not self.bot.running and self.bot.over is None:
            raise _Over(f"the process is gone without a word\n{self.bot.printed[-3000:]}")
        if self.bot.over is not None:
            raise _Over(f"{self.bot.over}\n{self.bot.printed[-3000:]}")
        if self.bot.restart_after is not None and self.venue.host.replay.pieces_done >= self.bot.restart_after:
            await self._begin()

    async def _converge(self) -> None:
        """60 s of market time: what the bot holds is covered, and it knows all there is to know."""
        wall = CONVERGE_PIECES * 5.0 / PACE + ROUND_SECONDS
        for _ in range(CONVERGE_PIECES):
            began = time.monotonic()
            await self._piece()
            while not self._converged() and time.monotonic() - began < wall / CONVERGE_PIECES and self.bot.running:
                self._standing = await self.bot.ask(0, 0, 0.02)
                await asyncio.sleep(0.02)
            if self._converged():
                return
        left = self.watch.settled()
        standing = self._standing
        told = "it is gone" if standing is None else f"link {standing.link}, in doubt: {standing.doubtful}, {standing.block}"
        self.watch.breaks("converges", f"60 s after the last fault: {left or 'all is covered'}; {told}")

    def _converged(self) -> bool:
        """A ghost is an order of which the API says nothing true: it stays in doubt."""
        standing = self._standing
        known = standing is not None and standing.link == "SYNCED" and (not standing.doubtful or bool(self.venue.ghosts))
        return known and not self.watch.settled()

    async def _kill(self) -> None:
        """A person kills: flat, and nothing of ours is left."""
        if self.watch.breaches:
            return
        self.venue.kill_request()
        began = time.monotonic()
        while time.monotonic() - began < 2 * END_SECONDS and not self.watch.breaches:
            await self._piece()
            if self._over():
                self.kill_seconds = time.monotonic() - began
                return
        left = [f"{order.request.order_ref} ({'works' if order.transmitted else 'held back'})" for order in self._left()]
        if self.venue.up and not self.watch.breaches:
            self.watch.breaks("left at the end", f"after the kill: net {self.venue.net}, {' '.join(left) or 'no orders'}, {self._standing}")

    def _left(self) -> list:
        return [order for order in self.venue.orders if order.perm_id not in self.venue.ghosts]

    def _over(self) -> bool:
        need = Watch._need(self.venue.net, self.venue.held)
        return not need and not self._left() and self._standing is not None and self._standing.kill == "HALTED"
