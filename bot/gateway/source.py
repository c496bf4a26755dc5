"""What a gateway replays: one day of a bars file or of seeded synthetic sessions, with the days before as history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from bot.bars.files import NO_LOADERS, Loaders, Reading, read_bars
from bot.bars.sessions import session_of
from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts
from bot.gateway.config import GatewayConfig
from bot.market.bar import Bar
from bot.units import MINUTE_NS

SYNTHETIC_DATE = dt.date(2025, 10, 2)  # a Thursday; nothing hangs on it
SYNTHETIC_SESSIONS = 22  # the last is replayed; medians of the minute need 20 before it
LEAD_MINUTES = TAIL_MINUTES = 5  # replayed before the regular session's open and after its close
DAYS_AHEAD = 100  # so that the front month's last trade date is covered


def file_config(
    path: Path,
    contracts: Contracts,
    reading: Reading,
    date: dt.date | None = None,
    loaders: Loaders = NO_LOADERS,
    **options: Any,
) -> GatewayConfig:
    """A gateway over one day of a bars file (default: its last whole session); `options` are GatewayConfig's.

    `loaders` read what this floor cannot.

    Raises BarsFileError if the file cannot be used, UsageError if it has no whole session on the date.
    """
    bars = read_bars(path, contracts, reading, loaders).to_list()
    first, last = (new_york(bar.ts_ns).date() for bar in (bars[0], bars[-1]))
    calendar = SessionCalendar(contracts.session, first - dt.timedelta(days=7), last + dt.timedelta(days=DAYS_AHEAD))
    return _config(bars, calendar, contracts, date, str(path), options)


def synthetic_config(seed: int, contracts: Contracts, date: dt.date | None = None, **options: Any) -> GatewayConfig:
    """A gateway over a synthetic day (default 2025-10-02) with 21 synthetic sessions before it; `options` are GatewayConfig's.

    The same seed and date give the same bars. Raises UsageError if the date has no session.
    """
    chosen = date or SYNTHETIC_DATE
    first = chosen - dt.timedelta(days=2 * SYNTHETIC_SESSIONS)
    calendar = SessionCalendar(contracts.session, first, chosen + dt.timedelta(days=DAYS_AHEAD))
    before = [session.date for session in calendar.sessions if session.date <= chosen.isoformat()][-SYNTHETIC_SESSIONS:]
    bars = synthetic_bars(seed, len(before), dt.date.fromisoformat(before[0]), calendar)
    return _config(bars, calendar, contracts, chosen, f"synthetic bars of seed {seed}", {"seed": seed, **options})


def _config(
    bars: list[Bar], calendar: SessionCalendar, contracts: Contracts, date: dt.date | None, name: str, options: dict[str, Any]
) -> GatewayConfig:
    session = session_of(bars, calendar, date, name)
    return GatewayConfig(
        bars=bars,
        start_ns=session.open_ns - LEAD_MINUTES * MINUTE_NS,
        end_ns=session.close_ns + TAIL_MINUTES * MINUTE_NS,
        contracts=contracts,
        calendar=calendar,
        **options,
    )
