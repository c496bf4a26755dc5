"""Numbers and times as TWS writes them in messages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.gateway.fields import UNSET_FLOAT
from bot.gateway.instruments import CENTRAL, ZONE_NAME
from bot.units import SECOND_NS, TICK_POINTS, to_points

UTC = dt.UTC


def points(ticks: float | None) -> str:
    """A price of so many ticks in points, `6400.25`; unset is the largest double."""
    return UNSET_FLOAT if ticks is None else repr(to_points(ticks))


def money(cents: float) -> str:
    """Dollars and cents of an amount in cents."""
    return f"{cents / 100:.2f}"


def flag(value: bool) -> str:
    """1 or 0."""
    return "1" if value else "0"


def zoned(ts_ns: int) -> str:
    """`yyyymmdd hh:mm:ss US/Central`: executions, completion times, bars with formatDate 1."""
    return f"{dt.datetime.fromtimestamp(ts_ns // SECOND_NS, CENTRAL):%Y%m%d %H:%M:%S} {ZONE_NAME}"


def dashed(ts_ns: int) -> str:
    """`yyyymmdd-hh:mm:ss` in UTC: the other form executions may come in."""
    return f"{dt.datetime.fromtimestamp(ts_ns // SECOND_NS, UTC):%Y%m%d-%H:%M:%S}"


def last_trade_text(date: dt.date, zone: str = "") -> str:
    """`yyyymmdd hh:mm:ss zone` of a contract's last trade, 08:30 at the exchange; in a zone, or as the exchange writes it."""
    if not zone:
        return f"{date:%Y%m%d} 08:30:00 {ZONE_NAME}"
    moment = dt.datetime.combine(date, dt.time(8, 30), CENTRAL).astimezone(ZoneInfo(zone))
    return f"{moment:%Y%m%d %H:%M:%S} {zone}"


def parse_moment(text: str) -> int:
    """UTC ns of `yyyymmdd hh:mm:ss [zone]` (no zone: US/Central) or `yyyymmdd-hh:mm:ss` (UTC). Raises ValueError."""
    parts = text.split()
    if len(parts) == 1:
        moment = dt.datetime.strptime(parts[0], "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    elif len(parts) in (2, 3):
        try:
            zone = ZoneInfo(parts[2]) if len(parts) == 3 else CENTRAL
        except (KeyError, OSError) as error:
            raise ValueError(f"unknown time zone {parts[2]!r}") from error
        moment = dt.datetime.strptime(" ".join(parts[:2]), "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
    else:
        raise ValueError(f"{text!r} is not yyyymmdd hh:mm:ss [zone]")
    return int(moment.timestamp()) * SECOND_NS


def exact_ticks(price: Decimal | None) -> int | None:
    """Whole ticks of a price in points; None if it is not set. Raises ValueError if it is off the tick."""
    if price is None:
        return None
    ticks = price / Decimal(str(TICK_POINTS))
    if ticks != ticks.to_integral_value():
        raise ValueError(f"{price} is not a multiple of {TICK_POINTS}")
    return int(ticks)
