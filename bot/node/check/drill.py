"""When the kill switch was last proved: the newest drill that the journals of a state folder tell of to its end."""

from __future__ import annotations

from pathlib import Path

from bot.errors import JournalError
from bot.journal import schema
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.journal.times import new_york
from bot.node.check.items import CheckItem, failed, passed, skipped
from bot.node.check.report import Mode
from bot.node.drill import ACTION, OVER
from bot.node.journals import FOLDER
from bot.plural import counted
from bot.units import HOUR_NS

DAY_NS = 24 * HOUR_NS
VALID_DAYS = 7
REMEDY = "Run `mesbot drill` on the paper account, which shares this state folder."
_LAST = (
    f"SELECT coalesce(max(wall_ns), 0) FROM records WHERE kind = '{Kind.OPERATOR}' AND {schema.RARE} "
    f"AND json_extract(body, '$.action') = '{ACTION}' AND json_extract(body, '$.detail') = '{OVER}'"
)


def drill_item(folder: Path, now_ns: int, mode: Mode) -> CheckItem:
    """Whether there was one within 7 days of the wall: LIVE fails without it, PAPER is told. `folder` is the state folder; a journal that
    cannot be read has an item of its own."""
    newest_ns = max((_last(path) for path in (folder / FOLDER).glob("*.sqlite")), default=0)
    days = max(0, now_ns - newest_ns) // DAY_NS
    last = f"the last kill drill was {counted(days, 'day')} ago, {new_york(newest_ns)} New York"
    if newest_ns and now_ns - newest_ns <= VALID_DAYS * DAY_NS:
        return passed("drill", last)
    found = last if newest_ns else "no kill drill yet in this folder"
    if mode == "LIVE":
        return failed("drill", f"{found}; LIVE wants one within {VALID_DAYS} days", REMEDY)
    return skipped("drill", f"{found}; LIVE wants one within {VALID_DAYS} days: `mesbot drill` on the paper account")


def _last(path: Path) -> int:
    try:
        with opened(path) as db:
            return 0 if schema.is_empty(db) else db.execute(_LAST).fetchone()[0]
    except JournalError:
        return 0
