"""The simulation without sockets: market, broker, clock, who is connected, and the switches that faults set."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

from bot.gateway.account import Account, require_accounts
from bot.gateway.broker import Broker
from bot.gateway.client import Client
from bot.gateway.clock import Clock
from bot.gateway.config import GatewayConfig
from bot.gateway.delivery import Delivery
from bot.gateway.errors import GatewayError
from bot.gateway.faults import FrameFaults, Switches
from bot.gateway.feed import Feed
from bot.gateway.framelog import FrameLog
from bot.gateway.instruments import CENTRAL, Instruments
from bot.gateway.lockstep import Counts
from bot.gateway.pacing import Pacing
from bot.gateway.tape import Tape
from bot.units import SECOND_NS, to_cents

MAINTENANCE_SHARE = 1.1  # initial margin is this times maintenance


class Simulation:
    """A market and the broker behind it. Raises GatewayError if there is nothing to replay or an account has no proper name."""

    def __init__(self, config: GatewayConfig) -> None:
        if not config.bars or config.start_ns >= config.end_ns:
            raise GatewayError("There are no bars to replay; name a file or a seed, and a range that holds trading.")
        require_accounts(config.accounts)
        self.config = config
        self.clock = Clock(config.start_ns, config.speed)
        self.tape = Tape(config.bars, config.seed, config.calendar)
        self.instruments = Instruments(config.calendar, self.date, _central_date(config.end_ns))
        self.marks = {  # the last price in ticks by conId
            future.con_id: self.tape.price_at(config.start_ns) + future.basis_ticks for future in self.instruments.futures
        }
        self.switches, self.frame_faults, self.pacing = Switches(), FrameFaults(), Pacing()
        self.delivery = Delivery(self.later, config.master_client_id)
        self.broker = self._broker()
        self.feed = Feed(self.tape, self.delivery.sessions)
        self.frames = FrameLog(config.frames)
        self._held_ids: dict[int, float] = {}

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

    # --------------------------------------------------------------------------- time

    @property
    def now_ns(self) -> int:
        """Market time, UTC ns."""
        return self.clock.now_ns

    @property
    def date(self) -> dt.date:
        """The exchange's (Chicago's) date now."""
        return _central_date(self.clock.now_ns)

    @property
    def midnight_ns(self) -> int:
        """Since when executions are reported: midnight of the login's zone, US/Central."""
        return int(dt.datetime.combine(self.date, dt.time(), CENTRAL).timestamp()) * SECOND_NS

    def _day_end_ns(self, ts_ns: int) -> int:
        """End of the Globex day that a DAY order entered now is for."""
        ends = (end for _, end in self.config.calendar.globex_hours if end > ts_ns)
        return next(ends, ts_ns + 24 * 3600 * SECOND_NS)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after so many wall seconds."""
        asyncio.get_running_loop().call_later(seconds, action)

    def data_wanted(self) -> None:
        """A client has subscribed to market data: the clock may begin."""
        if self.config.begin == "subscribed":
            self.clock.go()

    # ------------------------------------------------------------------------- clients

    def admit(self, client: Client, client_id: int) -> bool:
        """Whether a client id is free; if so the client counts as connected."""
        held = self._held_ids.get(client_id, 0.0) > asyncio.get_running_loop().time()
        if held or any(other.client_id == client_id for other in self.delivery.sessions):
            return False
        self.delivery.sessions.append(client)
        return True

    def forget(self, client: Client) -> None:
        """A client is gone."""
        if client in self.delivery.sessions:
            self.delivery.sessions.remove(client)
            if client.client_id is not None and self.switches.hold_id_seconds:
                self._held_ids[client.client_id] = asyncio.get_running_loop().time() + self.switches.hold_id_seconds

    async def drained(self) -> None:
        """Wait until the clients have taken what was sent."""
        for client in list(self.delivery.sessions):
            await client.drained()

    def barrier(self, reasons: list[str]) -> dict[str, Any]:
        """What a lockstep barrier says."""
        sent = {str(client.client_id): client.frames_sent for client in self.delivery.sessions}
        return {"ts_ns": self.now_ns, "reasons": reasons, "exec_ids": self.delivery.take_exec_ids(), "frames": sent}

    def is_rest(self, barrier: dict[str, Any], requests: Counts) -> bool:
        """Whether nothing is under way: of each client that has counted them all `requests` have arrived, and it was sent nothing
        since the barrier. One that is not connected, or frozen, is not waited for.
        """
        counted = [client for client in self.delivery.sessions if str(client.client_id) in requests and not client.frozen]
        names = {str(client.client_id): client for client in counted}
        return all(
            client.requests_read == requests[name] and client.frames_sent == barrier["frames"].get(name) for name, client in names.items()
        )


def _central_date(ts_ns: int) -> dt.date:
    return dt.datetime.fromtimestamp(ts_ns // SECOND_NS, CENTRAL).date()
