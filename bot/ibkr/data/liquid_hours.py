"""The hours in which the broker itself calls a contract liquid; with the calendar's, the shorter ones count."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.units import SECOND_NS


class Span(NamedTuple):
    """From an opening to its close, UTC ns."""

    open_ns: int
    close_ns: int


def liquid_spans(text: str, zone: str) -> tuple[Span, ...] | None:
    """The spans of `20251002:0830-20251002:1500;20251003:CLOSED` (or `...:0830-1500`) in a zone; None if any of it cannot be read.

    A zone may have a remark behind it, as in `US/Central (Central Standard Time)`.
    """
    try:
        where = ZoneInfo(zone.split()[0])
        parts = [part for part in text.split(";") if part and not part.endswith(":CLOSED")]
        spans = tuple(_span(part, where) for part in parts)
    except (ValueError, IndexError, KeyError, OSError):
        return None
    return spans if text else None


def _span(part: str, zone: ZoneInfo) -> Span:
    date, _, rest = part.partition(":")
    begin, _, end = rest.partition("-")
    span = Span(_moment_ns(date, begin, zone), _moment_ns(*(end.split(":") if ":" in end else (date, end)), zone))
    if span.close_ns <= span.open_ns:
        raise ValueError(f"{part} ends before it begins")
    return span


def _moment_ns(date: str, time: str, zone: ZoneInfo) -> int:
    return int(dt.datetime.strptime(f"{date}{time}", "%Y%m%d%H%M").replace(tzinfo=zone).timestamp()) * SECOND_NS
