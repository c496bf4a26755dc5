"""Minutes of one month from IB's history into a file of our own format: on a client id of its own, and without any order."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from bot.bars.formats import OHLC
from bot.bars.own_format import require_writable_name, write_bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.errors import UsageError
from bot.ibkr.data.download import Download, chosen_month, no_minutes, weeks_of
from bot.ibkr.data.front_month import Month
from bot.ibkr.data.part_file import PartFile, Piece
from bot.ibkr.errors import ProtocolError
from bot.ibkr.link.endpoint import MAX_CLIENT_ID, Endpoint
from bot.ibkr.link.ids import IdSource
from bot.ibkr.link.link import Link
from bot.ibkr.link.market_clock import MarketClock
from bot.node.probe import Probe, link_settings, probe
from bot.units import OFF_TICK, to_ticks

OWN_CLIENT_ID = 1000  # above the bot's, whose orders and subscriptions are never touched
START_SECONDS = 60.0
BEFORE, AFTER = dt.timedelta(days=14), dt.timedelta(days=120)  # around the days asked for, so that the calendar knows their weeks
PART = ".part"


@dataclass(frozen=True)
class DownloadRequest:
    """What is fetched: CME trading days from `first` to `last` (None: the last one that has ended), both included.

    `month` is a local symbol (MESZ5), the month of a last trade (2025-12), or "" for the front month. `live_account` says of which kind the
    account is. Raises UsageError, one sentence, if it contradicts itself or the file is there already.
    """

    endpoint: Endpoint
    out: Path
    first: dt.date
    last: dt.date | None = None
    month: str = ""
    live_account: bool = False
    contracts: Path | None = None

    def __post_init__(self) -> None:
        require_writable_name("--out", self.out)
        if self.last is not None and self.first > self.last:
            raise UsageError(f"--from {self.first} is after --to {self.last}; swap them.")

    @property
    def part(self) -> Path:
        """Where unfinished pieces are kept."""
        return self.out.with_name(self.out.name + PART)


def own_endpoint(endpoint: Endpoint) -> Endpoint:
    """The same gateway under another client id than the bot's."""
    above = endpoint.client_id + OWN_CLIENT_ID
    return replace(endpoint, client_id=above if above <= MAX_CLIENT_ID else endpoint.client_id - OWN_CLIENT_ID)


async def download(request: DownloadRequest, say: Callable[[str], None], pace: float = 1.0) -> str:
    """Fetch and write; the month, as IB calls it. `pace` is the link's.

    Raises BrokerError or UsageError, one sentence; what has come until then is kept beside the file and not asked for again.
    """
    contracts, endpoint = load_contracts(request.contracts), own_endpoint(request.endpoint)
    found = await probe(endpoint, contracts.execution_contract, paper=not request.live_account)
    link = _link(contracts, endpoint, found, paper=not request.live_account, pace=pace)
    link.errors.append(lambda error: say(f"{error.text.rstrip('.')}."))
    await link.start(START_SECONDS)
    try:
        now = new_york(found.broker_ns).date()
        calendar = SessionCalendar(contracts.session, request.first - BEFORE, max(request.last or now, now, request.first) + AFTER)
        last = _last_day(request, calendar, found.broker_ns)
        symbol, _, exchange = contracts.constitution.instrument.id.partition(".")
        month = await chosen_month(link, symbol, exchange, request.month, calendar, found.broker_ns)
        say(f"{month.local_symbol} (last trade {month.last_trade_date}), {request.first} to {last}, from {request.endpoint}")
        part = PartFile(request.part, month.con_id)
        pieces = await Download(link, calendar, month.contract, part, say).all(weeks_of(calendar, request.first, last))
    finally:
        await link.stop()
    _write(request, month, last, pieces)
    part.remove()
    return month.local_symbol


def _link(contracts: Contracts, endpoint: Endpoint, found: Probe, *, paper: bool, pace: float) -> Link:
    settings = link_settings(endpoint, contracts.execution_contract, paper=paper, replay=found.replays)
    return Link(settings, MarketClock(time.time_ns, found.replays), lambda owner: IdSource(None, owner), pace=pace)


def _last_day(request: DownloadRequest, calendar: SessionCalendar, now_ns: int) -> dt.date:
    """The last day to fetch. Days that have not ended are never fetched: the same command would give other bars later."""
    ended = [day.date for hours in calendar.globex_hours if hours[1] <= now_ns and (day := calendar.trading_day(hours[0]))]
    newest = dt.date.fromisoformat(ended[-1]) if ended else request.first - dt.timedelta(days=1)
    for option, day in (("--from", request.first), ("--to", request.last)):
        if day is not None and day > newest:
            raise UsageError(f"{option} {day}: that trading day has not ended at the gateway; the last one that has is {newest}: name it.")
    return request.last or newest


def _write(request: DownloadRequest, month: Month, last: dt.date, pieces: list[Piece]) -> None:
    rows = sorted({row[0]: row for piece in pieces for row in piece.minutes}.values())
    if not rows:
        raise no_minutes(month, request.first, last)
    frame = pd.DataFrame(rows, columns=["ts_ns", *OHLC, "volume"])
    ticks = to_ticks(frame[list(OHLC)].to_numpy())
    whole = np.rint(ticks)
    if (off := (np.abs(ticks - whole) > OFF_TICK).any(axis=1)).any():
        raise ProtocolError(f"{month.local_symbol} has prices off the tick in its history, at {new_york(rows[int(np.argmax(off))][0])}")
    frame[list(OHLC)] = whole.astype(np.int64)
    write_bars("--out", request.out, frame.astype(np.int64))
