"""`mesbot demo`: three short sessions of synthetic bars through the live node on the simulated gateway, one journal for all.

Each session ends with its tape and the next start goes on from the journal, as a bot's days do. The contracts are those that ship:
the seeds were searched for, no limit was changed. What happens the journal says; nothing here promises it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import msgspec

from bot.bars.sessions import session_of
from bot.bars.source import synthetic_sessions
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.contracts.load import packaged_directory
from bot.decision.snapshot import KillState
from bot.errors import Interrupted, MesbotError
from bot.gateway.gateway import Gateway
from bot.ibkr.config import BrokerConfig
from bot.journal.folder import JOURNAL, fresh_journal
from bot.journal.read import opened
from bot.journal.run_lock import RunLock
from bot.market.bar import Bar
from bot.node.errors import NodeStopped
from bot.node.kill_request import leave_request, withdraw_requests
from bot.node.node import MesbotNode
from bot.node.paper import Day, gateway_config, replay_broker, replay_config
from bot.node.request import PaperRequest
from bot.state_folder import remember_replay
from bot.supervision.orders import Role, named_role
from bot.trading_hours import clock_ns

EQUITY_CENTS = 1_000_000
HISTORY = 6  # sessions before each, so that every signal is defined
POLL_SECONDS = 0.02
KILL_REASON = "the demo shows the kill switch"


class DemoStopped(Interrupted):
    """A person has ended it early; the text says where."""


@dataclass(frozen=True)
class DemoSession:
    """A session: its bars' seed and date, when its tape ends (New York), and when a person kills ("" never). `title` says what it shows."""

    title: str
    seed: int
    date: dt.date
    until: str
    kill_at: str = ""


SESSIONS = (
    DemoSession("a K1 win and a K2 loss", 4, dt.date(2025, 4, 22), "15:45"),
    DemoSession("two losses and the lock", 2, dt.date(2025, 4, 30), "13:35"),
    DemoSession("throttle, quarantine and the kill", 1, dt.date(2025, 6, 25), "11:20", "11:13:05"),
)


@dataclass(frozen=True)
class Demo:
    """Where a demo writes, and its contracts. Made by `begin`, once; then `play` each session in turn."""

    out: Path
    contracts: Contracts

    @classmethod
    def begin(cls, out: Path) -> Demo:
        """Put aside what an earlier demo has left. Raises JournalError if the folder cannot be written, JournalInUse if one runs there."""
        with RunLock(out / JOURNAL):
            fresh_journal(out)
            withdraw_requests(out / JOURNAL)
        return cls(out, load_contracts(packaged_directory()))

    @property
    def journal(self) -> Path:
        """The journal of all sessions."""
        return self.out / JOURNAL

    async def play(self, session: DemoSession) -> str:
        """One session from its open to its end or its kill; returns the head hash. Raises NodeError, JournalInUse, DemoStopped."""
        day = day_of(session, self.contracts)
        request = PaperRequest(self.out, speed=float("inf"), equity_usd=Decimal(self._equity_cents()) / 100, seed=session.seed)
        script = f"{session.kill_at} stand" if session.kill_at else ""
        tape = replace(gateway_config(request, day), end_ns=_clock_ns(session, session.until), script=script)
        with RunLock(self.journal):
            with suppress(MesbotError):  # then only `mesbot kill` does not find it
                remember_replay(self.journal)
            async with Gateway(tape) as gateway:
                return await self._through(session, request, day, gateway)

    async def _through(self, session: DemoSession, request: PaperRequest, day: Day, gateway: Gateway) -> str:
        broker = self._going_on(replay_broker(request, day, port=gateway.port))
        node = MesbotNode(replay_config(request, day, broker, gateway.side_port, begin="append", demo=session.title), broker)
        try:
            await node.start()
            await node.warmed_up()
            if session.kill_at:
                await self._kill(session, node, gateway)
            await _until(node, lambda: node.stopping.is_set() or (not session.kill_at and _killed(node)))
            ended = gateway.replay.ended.is_set() or _killed(node)
        except NodeStopped:
            ended = False
        finally:
            head = await node.stop()
            _let_go_of_signals()
        if not ended:
            raise DemoStopped(f"Stopped at {new_york(gateway.now_ns):%H:%M} New York of {session.date}")
        return head

    async def _kill(self, session: DemoSession, node: MesbotNode, gateway: Gateway) -> None:
        """As a person's `mesbot kill` does, at a moment of the market: its clock stands until the bot's way out is at the broker."""
        at_ns = _clock_ns(session, session.kill_at)
        await _until(node, lambda: gateway.now_ns >= at_ns and not gateway.clock.running.is_set())
        leave_request(self.journal, KILL_REASON)
        await _until(node, lambda: bool(node.desk.killed) and _leaving(node))
        gateway.clock.go()

    def _going_on(self, broker: BrokerConfig) -> BrokerConfig:
        """The same, beginning from what the journal holds by now."""
        earlier = (str(self.journal),) if self.journal.exists() else ()
        runtime = msgspec.structs.replace(broker.runtime, earlier=earlier, earlier_records=self._records())
        return msgspec.structs.replace(broker, runtime=runtime)

    def _records(self) -> int:
        return self._ask("SELECT count(*) FROM records WHERE ts_ns > 0")

    def _equity_cents(self) -> int:
        return EQUITY_CENTS + self._ask("SELECT coalesce(sum(net_cents), 0) FROM trades")

    def _ask(self, query: str) -> int:
        """A number that the journal holds; 0 before there is one."""
        if not self.journal.exists():
            return 0
        with opened(self.journal) as db:
            return db.execute(query).fetchone()[0]


def day_of(session: DemoSession, contracts: Contracts) -> Day:
    """The bars of a session with those of the sessions before it; the calendar covers all that the journal holds by then."""
    first = min(session.date, SESSIONS[0].date) - dt.timedelta(days=4 * HISTORY)
    calendar = SessionCalendar(contracts.session, first, session.date + dt.timedelta(days=120))
    before = [each.date for each in calendar.sessions if each.date < session.date.isoformat()][-HISTORY:]
    made = synthetic_sessions(session.seed, HISTORY + 1, contracts.session, dt.date.fromisoformat(before[0]))
    bars = [Bar(*row) for row in made.frame.itertuples(index=False, name=None)]
    return Day(bars, session_of(bars, calendar, session.date, made.label), calendar, contracts, made)


def _leaving(node: MesbotNode) -> bool:
    """Whether nothing is held, or the order that closes it is accepted."""
    orders = node.node.cache.orders_open()
    return not node.risk.open_trades() or any(named_role(order.client_order_id.value) is Role.EXIT for order in orders)


def _killed(node: MesbotNode) -> bool:
    return bool(node.desk.killed) and node.risk.kill_state is KillState.HALTED


def _let_go_of_signals() -> None:
    """A node takes them for its own end; between two of them Ctrl-C ends the program."""
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)


async def _until(node: MesbotNode, is_so: Callable[[], bool]) -> None:
    while not is_so():
        node.require_running()
        await asyncio.sleep(POLL_SECONDS)


def _clock_ns(session: DemoSession, clock: str) -> int:
    return clock_ns(session.date, dt.time.fromisoformat(clock))
