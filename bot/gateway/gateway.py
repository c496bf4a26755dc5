"""The gateway put together: market, broker, faults and servers. `async with Gateway(config) as gateway:` runs it."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from bot.calendar import SessionCalendar
from bot.contracts import Contracts
from bot.gateway import intercepts
from bot.gateway.account import Account, require_accounts
from bot.gateway.broker import Broker
from bot.gateway.clock import Clock
from bot.gateway.delivery import Delivery
from bot.gateway.errors import GatewayError
from bot.gateway.faults import FrameFaults, Switches
from bot.gateway.feed import Feed
from bot.gateway.framelog import FrameLog
from bot.gateway.instruments import CENTRAL, Instruments
from bot.gateway.listener import Listener
from bot.gateway.lockstep import TIMEOUT_SECONDS, Lockstep
from bot.gateway.pacing import Pacing
from bot.gateway.replay import Replay
from bot.gateway.requests import Request
from bot.gateway.script import Line, Script
from bot.gateway.session import Session
from bot.gateway.sidechannel import SideChannel
from bot.gateway.tape import Tape
from bot.market.bar import Bar
from bot.units import SECOND_NS, to_cents

MAINTENANCE_SHARE = 1.1  # initial margin is this times maintenance


@dataclass(frozen=True)
class GatewayConfig:
    """What a gateway is asked to be.

    `bars` are rising close-stamped minutes; those that open in [start_ns, end_ns) are replayed, earlier
    ones are history. `speed` is 1 for real time up to math.inf. `begin`: the clock runs at once, from the
    first market data subscription, or when told (`go` or `step` on the side channel). Port 0 takes a free
    one; `side_port` None means no side channel. `script` is lines of `HH:MM[:SS] fault` (New York time), and errors name
    its lines by `script_name`.
    """

    bars: list[Bar]
    start_ns: int
    end_ns: int
    contracts: Contracts
    calendar: SessionCalendar
    seed: int = 1
    speed: float = 1.0
    begin: Literal["at-once", "subscribed", "told"] = "subscribed"
    host: str = "127.0.0.1"
    port: int = 4002
    side_port: int | None = 0
    accounts: tuple[str, ...] = ("DU1234567",)
    cash_usd: float = 10_000.0
    slippage_ticks: int = 1
    contracts_a_piece: int | None = None
    master_client_id: int | None = None
    limit_rate: bool = True
    lockstep_seconds: float = TIMEOUT_SECONDS
    frames: Path | None = None
    script: str = ""
    script_name: str = "Script"


class Gateway:
    """One simulated IB Gateway. Everything runs on one event loop; state ends with the object, not with its sockets."""

    def __init__(self, config: GatewayConfig) -> None:
        if not config.bars or config.start_ns >= config.end_ns:
            raise GatewayError("There are no bars to replay; name a file or a seed, and a range that holds trading.")
        require_accounts(config.accounts)
        self.config = config
        self.clock = Clock(config.start_ns, config.speed)
        self.tape = Tape(config.bars, config.seed, config.calendar)
        self.instruments = Instruments(config.calendar, self.date)
        self.marks: dict[int, int] = {}
        self.switches, self.frame_faults, self.pacing = Switches(), FrameFaults(), Pacing()
        self.delivery = Delivery(self.later, config.master_client_id)
        self.broker = self._broker()
        self.feed = Feed(self.tape, self.delivery.sessions)
        self.lockstep = Lockstep(config.lockstep_seconds)
        self.frames = FrameLog(config.frames)
        self.script = Script(config.script, self.date, (config.start_ns, config.end_ns), config.script_name)
        self.say: Callable[[str], None] = lambda _: None  # takes lines for whoever sits at the gateway's terminal
        self.listener = Listener(self)
        self.side = SideChannel(self)
        self.replay = Replay(self, config.start_ns, config.end_ns)
        self._tasks: list[asyncio.Task[Any]] = []
        self._held_ids: dict[int, float] = {}
        for future in self.instruments.futures:
            self.marks[future.con_id] = self.tape.price_at(config.start_ns) + future.basis_ticks

    def _broker(self) -> Broker:
        config, law = self.config, self.config.contracts
        margin = to_cents(law.constitution.instrument.backtest_initial_margin_usd)
        accounts = {
            name: Account(name, to_cents(config.cash_usd), margin, round(margin / MAINTENANCE_SHARE), self.marks)
            for name in config.accounts
        }
        broker = Broker(
            self.delivery, accounts, lambda: self.clock.now_ns,
            commission_cents=to_cents(law.risk_model.fee_per_side_usd),
            first_perm_id=int(self.date.strftime("%y%m%d")) * 1000,
            day_end_ns=self._day_end_ns,
        )  # fmt: skip
        broker.exchange.slippage_ticks = config.slippage_ticks
        broker.exchange.contracts_a_piece = config.contracts_a_piece
        return broker

    # --------------------------------------------------------------------------- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen and run. Raises GatewayError if a port is taken."""
        await self.listener.open(self.config.host, self.config.port)
        if self.config.side_port is not None:
            await self.side.open(self.config.side_port)
        if self.config.begin == "at-once":
            self.replay.start()
        self._tasks.append(asyncio.create_task(self.replay.run(), name="gateway replay"))

    async def stop(self) -> None:
        """Close every socket and end every task. Raises what the replay died of, if it did."""
        for task in self._tasks:
            task.cancel()
        endings = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.side.close()
        await self.listener.close()
        self.frames.close()
        for ending in endings:
            if isinstance(ending, Exception):
                raise ending

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self.listener.port

    @property
    def side_port(self) -> int:
        """The side channel's port. Raises GatewayError if there is none."""
        return self.side.port

    @property
    def broken(self) -> bool:
        """Whether the replay has died of an error, which `stop` will raise."""
        return any(task.done() and not task.cancelled() and task.exception() for task in self._tasks)

    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: clients' port, then the side channel's."""
        return [*self.listener.addresses(), *self.side.addresses()]

    # --------------------------------------------------------------------------- time

    @property
    def now_ns(self) -> int:
        """Market time, UTC ns."""
        return self.clock.now_ns

    @property
    def date(self) -> dt.date:
        """The exchange's (Chicago's) date now."""
        return dt.datetime.fromtimestamp(self.clock.now_ns // SECOND_NS, CENTRAL).date()

    @property
    def midnight_ns(self) -> int:
        """Since when executions are reported: midnight of the login's zone, US/Central."""
        return int(dt.datetime.combine(self.date, dt.time(), CENTRAL).timestamp()) * SECOND_NS

    def _day_end_ns(self, ts_ns: int) -> int:
        """End of the Globex day that a DAY order entered now is for."""
        ends = (end for _, end in self.config.calendar.globex_hours if end > ts_ns)
        return next(ends, ts_ns + 24 * 3600 * SECOND_NS)

    def later(self, seconds: float, action: Any) -> None:
        """Do something after so many wall seconds."""
        asyncio.get_running_loop().call_later(seconds, action)

    def data_wanted(self) -> None:
        """A client has subscribed to market data: the clock may begin."""
        if self.config.begin == "subscribed":
            self.replay.start()

    def run_script(self) -> None:
        """Faults of the script whose time has come."""
        for line in self.script.due(self.now_ns):
            try:
                done = self.side.verbs.do(line.words)
            except GatewayError as error:
                self._cannot(line, error)
                continue
            if inspect.isawaitable(done):
                self._tasks.append(asyncio.ensure_future(self._finish(line, done)))

    async def _finish(self, line: Line, done: Awaitable[Any]) -> None:
        """A verb that takes time."""
        try:
            await done
        except GatewayError as error:
            self._cannot(line, error)

    def _cannot(self, line: Line, error: GatewayError) -> None:
        self.say(f"{line.where}: {error}")
        self.side.broadcast({"event": "script", "words": line.words, "error": str(error)})

    async def drained(self) -> None:
        """Wait until the clients have taken what was sent."""
        for session in list(self.delivery.sessions):
            if session.thawed.is_set():
                await session.drained()

    def barrier(self, reasons: list[str]) -> dict[str, Any]:
        """What a lockstep barrier says."""
        sent = {str(session.client_id): session.frames_sent for session in self.delivery.sessions}
        return {"ts_ns": self.now_ns, "reasons": reasons, "exec_ids": self.delivery.take_exec_ids(), "frames": sent}

    # ------------------------------------------------------------------------ sessions

    def admit(self, session: Session, client_id: int) -> bool:
        """Whether a client id is free; if so the session counts as connected."""
        held = self._held_ids.get(client_id, 0.0) > asyncio.get_running_loop().time()
        if held or any(other.client_id == client_id for other in self.delivery.sessions):
            return False
        self.delivery.sessions.append(session)
        return True

    def forget(self, session: Session) -> None:
        """A session has ended."""
        if session in self.delivery.sessions:
            self.delivery.sessions.remove(session)
            if session.client_id is not None and self.switches.hold_id_seconds:
                self._held_ids[session.client_id] = asyncio.get_running_loop().time() + self.switches.hold_id_seconds

    def intercept(self, session: Session, request: Request) -> bool:
        """Faults that act on one request; True if it goes no further."""
        return intercepts.intercept(self, session, request)
