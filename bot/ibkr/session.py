"""One connection with everything on it: what the Nautilus clients share, and the one answer to "may an entry be sent?"."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

import msgspec

from bot.calendar import new_york
from bot.contracts.models import Timeouts
from bot.errors import CalendarError
from bot.ibkr.account import AccountBook
from bot.ibkr.config import BrokerConfig
from bot.ibkr.data.feed_watch import FeedWatch
from bot.ibkr.data.history import History
from bot.ibkr.data.market_data import MarketData
from bot.ibkr.data.provider import QUESTION as MONTHS
from bot.ibkr.data.provider import IbkrInstrumentProvider
from bot.ibkr.disruptions import Disruptions
from bot.ibkr.errors import BrokerError, MarketShut, NotSynced, ScheduledRestart
from bot.ibkr.link.cut_watch import CutWatch
from bot.ibkr.link.endpoint import located
from bot.ibkr.link.ids import IdSource
from bot.ibkr.link.kill_triggers import KillTriggers
from bot.ibkr.link.link import Link
from bot.ibkr.link.market_clock import MarketClock
from bot.ibkr.margin import QUESTION as MARGIN
from bot.ibkr.margin import InitialMargin
from bot.ibkr.orders.foreign_orders import ForeignOrders
from bot.ibkr.orders.judge import Judge
from bot.ibkr.orders.order_answers import OrderAnswers
from bot.ibkr.orders.order_messages import OrderMessages
from bot.ibkr.orders.order_sync import OrderSync, SyncTimes
from bot.ibkr.orders.orders import OrderMonitor
from bot.ibkr.orders.position_check import PositionCheck
from bot.ibkr.orders.twins import Twins
from bot.ibkr.orders.unheard import UnheardExits
from bot.ibkr.start_check import StartCheck
from bot.runtime.runtime import runtime_of
from bot.state_folder import state_folder

IDS_FILE, IDS_AGAIN_SECONDS = "order-ids.json", 2.0
DAILY_SECONDS = 10.0  # between looks whether a trading day has begun


class BrokerSession:
    """Builds the parts in the order in which they synchronise: contract and account, which a start needs, then orders, market data.

    `charge` takes EQS events (name, market time ns, detail), `trigger` kill triggers (name, detail). `start` and `stop` are counted: the
    first start connects, the last stop hangs up.
    """

    def __init__(
        self,
        config: BrokerConfig,
        rng: random.Random | None = None,
        pace: float = 1.0,
        times: SyncTimes | None = None,
    ) -> None:
        runtime = runtime_of(config.runtime)
        contracts, execution = runtime.contracts, runtime.contracts.execution_contract
        self.config, self._calendar = config, runtime.calendar
        self.charge: Callable[[str, int, str], None] = lambda *_: None
        self.trigger: Callable[[str, str], None] = lambda *_: None
        self.clock = MarketClock(time.time_ns, config.link.replay)
        self.link = Link(config.link, self.clock, self._ids, rng, pace)
        self.provider = IbkrInstrumentProvider(self.link, config, runtime.calendar)
        self.account = AccountBook(self.link)
        fee_usd, observe = float(contracts.risk_model.fee_per_side_usd), config.runtime.observe
        self.orders = OrderMonitor(self.link, fee_usd, self.provider.contract_of, observe=observe)
        self.orders.alarm = lambda *what: self.trigger(*what)
        judge, market_open = Judge(self.link, self.orders), lambda: runtime.calendar.globex_open(self.clock.now_ns())
        journaled = {name: ref for story in runtime.past.unfinished for name, ref in story.fill_names.items()}
        OrderMessages(self.link, self.orders, judge, Twins(self.link, self.orders, journaled))
        OrderAnswers(self.link, self.orders, judge)
        ForeignOrders(self.link, self.orders, config.symbol)
        self.positions = PositionCheck(self.orders, self.account, config.link.client_id, self.provider.is_front)
        UnheardExits(self.link, self.orders, market_open)
        self.order_sync = OrderSync(
            self.link,
            self.orders,
            judge,
            self.account,
            times or _times(config, execution.timeouts),
            market_open,
            lambda event, ref: self.charge(event, self.clock.now_ns(), ref),
            self.positions,
        )
        StartCheck(self.link, self.orders.ledger, self.account, self.provider, runtime.past)
        self.margin = InitialMargin(self.link, self.provider.contract, self.net, self._today, observe=observe)
        if not observe:
            CutWatch(self.link, self.margin.ask)
        self.feed = MarketData(self.link, contracts.data_contract, self.provider.contract, History(self.link, runtime.calendar.open_within))
        FeedWatch(self.link, self.feed, contracts.data_contract.dvs, runtime.calendar, config.watch_seconds)
        self.disruptions = Disruptions(
            self.link, self._idle, runtime.calendar, config.nightly_restart,
            lambda event, state: None if self.ended else self.charge(event, self.clock.now_ns(), state),
        )  # fmt: skip
        lost_seconds = execution.timeouts.connection_lost_seconds
        self._kill_triggers = KillTriggers(self.link, lost_seconds, pace, lambda *what: self.trigger(*what))
        self.link.lost = self.disruptions.lost
        self.link.loops += [self._keep_ids, self._ask_daily]
        self.link.taps.listen("garbled", lambda _, unasked: unasked and self.orders.doubtful())
        self.ended = False
        self.start_error: BrokerError | None = None  # why it was not SYNCED in time
        self._users = 0

    async def start(self) -> None:
        """Connect, if nobody has yet. Raises BrokerError, the reason why it is not SYNCED in time."""
        self._users += 1
        try:
            await self.link.start(self.config.start_timeout_seconds)
        except BrokerError as error:
            self._users -= 1
            self.start_error = error
            raise

    async def stop(self) -> None:
        """Hang up, if nobody else uses it; a session that has hung up is not used again."""
        self._users -= 1
        if self._users <= 0:
            self.ended = True
            self.feed.flow.stop()
            await self.link.stop()
            self._kill_triggers.stop()

    def entry_block(self) -> BrokerError | None:
        """Why no entry may be sent now, or None. The way out asks the link alone."""
        if not self.link.allows_way_out:
            return self.link.why_no_entries()
        if self.disruptions.near_restart():
            return ScheduledRestart(f"the gateway restarts at {self.config.nightly_restart} New York")
        halt = next(iter(self.orders.halts.values()), None)
        unkept = self.link.ids.trouble if self.link.ids is not None else None
        trouble = (
            self.link.read_only or unkept or halt or self.link.why_no_time() or self.feed.trouble or self.provider.expired() or self._shut()
        )
        return trouble or self.link.why_no_entries()  # of what is not told, the part itself knows best

    def close_ns(self) -> int | None:
        """The end of this session by the calendar or the broker's own hours, the earlier (UTC ns, market time); None outside one."""
        now = self.clock.now_ns()
        session = self._calendar.session_at(now)
        if session is None:
            return None
        try:
            span = self.provider.liquid_span(now)
        except NotSynced:
            return session.close_ns  # a position is left by what is known
        return now if span is None else min(session.close_ns, span.close_ns)

    def _shut(self) -> BrokerError | None:
        """Why no entry may be sent by the broker's hours, where the calendar's alone would allow it; None if there is no such thing."""
        now = self.clock.now_ns()
        session = self._calendar.session_at(now)
        if session is None or now >= (last_ns := self._calendar.last_entry_ns(session)):
            return None
        try:
            span = self.provider.liquid_span(now)
        except NotSynced as error:
            return error
        if span is not None and now < span.close_ns - (session.close_ns - last_ns):
            return None
        hours = "shut" if span is None else f"liquid until {new_york(span.close_ns):%H:%M} New York"
        return MarketShut(f"at {new_york(now):%H:%M} New York the broker calls {self.provider.contract().localSymbol} {hours}")

    def require_entry(self) -> None:
        """Raises BrokerError, what stands against entries now."""
        if (block := self.entry_block()) is not None:
            raise block

    def _idle(self) -> bool:
        """Whether nothing of ours was at the broker when it was heard last: no contract, no order, and nothing in doubt."""
        at_work = self.net() or self.orders.halts or any(order.live for order in self.orders.orders.values())
        return self.link.begun and self.account.all_told and not at_work

    async def _ask_daily(self) -> None:
        """With each trading day the broker's hours and its margin are asked for anew; entries wait for both."""
        asked_on = self._today()
        while True:
            await self.link.delay(DAILY_SECONDS)
            if (today := self._today()) != asked_on and self.link.allows_way_out:
                asked_on = today
                self.link.owe(MONTHS, *([MARGIN] if not self.config.runtime.observe else []))

    def _today(self) -> str:
        try:
            return self._calendar.trading_day(self.clock.now_ns()).date
        except CalendarError:
            return ""

    def net(self) -> int:
        """Contracts of the front month that the account holds, signed."""
        return sum(held.contracts for con_id, held in self.account.holdings.items() if self.provider.is_front(con_id))

    async def _keep_ids(self) -> None:
        """What could not be kept of the order ids is tried again, so that entries need not wait for a person."""
        told: BrokerError | None = None
        while True:
            await self.link.delay(IDS_AGAIN_SECONDS)
            ids = self.link.ids
            if ids is not None and ids.trouble is not None:
                ids.keep()
                if told is None and ids.trouble is not None:
                    self.link.report(ids.trouble)
            told = None if ids is None else ids.trouble

    def _ids(self, owner: str) -> IdSource:
        path = self.config.ids_path
        return IdSource(None if path is None else Path(path) if path else state_folder() / IDS_FILE, owner)


def _times(config: BrokerConfig, timeouts: Timeouts) -> SyncTimes:
    return SyncTimes(
        timeouts.order_unknown_seconds, timeouts.reconcile_after_reconnect_seconds, timeouts.reconcile_seconds, config.watch_seconds
    )


_SESSIONS: WeakValueDictionary[tuple[int, str, int, int], BrokerSession] = WeakValueDictionary()  # its node keeps it, and nothing else does


def session_of(loop: asyncio.AbstractEventLoop, config: BrokerConfig) -> BrokerSession:
    """The one session of a loop for a gateway and client id, made at the first call and again after it has hung up.

    Raises UsageError if the configuration leaves to the environment where the gateway is, and that does not say.
    """
    config = msgspec.structs.replace(config, link=located(config.link, os.environ))
    key = (id(loop), config.link.host, config.link.port, config.link.client_id)
    session = _SESSIONS.get(key)
    if session is None or session.ended:
        _SESSIONS.clear()  # one live node a process: whatever is left belongs to one that is gone
        session = _SESSIONS[key] = BrokerSession(config)
    return session
