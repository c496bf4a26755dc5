"""Times as a person reads and types them: New York, unless an offset is given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import UsageError
from bot.units import MINUTE_NS, SECOND_NS

NEW_YORK = ZoneInfo("America/New_York")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute_end(ts_ns: int) -> int:
    """The end of the minute (t - 1 min, t] that a market time (UTC ns) lies in: the close of its bar."""
    return -(-ts_ns // MINUTE_NS) * MINUTE_NS


def new_york(ts_ns: int) -> str:
    """A market time (UTC ns) as New York reads it: `2025-10-02 10:41`, with seconds if there are any.

    0, the time of records made before the first bar, is "before the first bar".
    """
    if ts_ns == 0:
        return "before the first bar"
    seconds, part = divmod(ts_ns, SECOND_NS)
    moment = datetime.fromtimestamp(seconds, NEW_YORK)
    if not moment.second and not part:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (f".{part // 1_000_000:03d}" if part else "")


def parse_time(text: str) -> int:
    """Market time (UTC ns) of what a person typed: `2025-10-02 10:41` in New York, or ISO with an offset or Z.

    Raises UsageError if it is no time, or has no hour.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f'"{text}" is not a time; write it as "2025-10-02 10:41" (New York) or "2025-10-02T14:41Z".') from None
    if ":" not in text and "T" not in text:
        raise UsageError(f'"{text}" names a day, not a bar; add the minute the bar closed, as in "{text.strip()} 10:41".')
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=NEW_YORK)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
