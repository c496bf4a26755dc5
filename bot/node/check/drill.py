"""When the kill switch was last proved: the newest drill that the journals of a state folder tell of to its end."""

from __future__ import annotations

from pathlib import Path

from bot.errors import JournalError
from bot.journal import schema
from bot.journal.read import opened
from bot.journal.records import Kind
from bot.journal.times import new_york
from bot.node.check.items import CheckItem, passed, skipped
from bot.node.drill import ACTION, OVER
from bot.node.journals import FOLDER
from bot.plural import counted
from bot.units import HOUR_NS

DAY_NS = 24 * HOUR_NS
_LAST = (
    f"SELECT coalesce(max(wall_ns), 0) FROM records WHERE kind = '{Kind.OPERATOR}' AND {schema.RARE} "
    f"AND json_extract(body, '$.action') = '{ACTION}' AND json_extract(body, '$.detail') = '{OVER}'"
)


def drill_item(folder: Path, now_ns: int) -> CheckItem:
    """When by the wall; SKIP if there was none. `folder` is the state folder; a journal that cannot be read has an item of its own."""
    newest_ns = max((_last(path) for path in (folder / FOLDER).glob("*.sqlite")), default=0)
    if not newest_ns:
        return skipped("drill", "no kill drill in the journals of this folder yet; `mesbot drill` has one on a paper account")
    return passed(
        "drill", f"the last kill drill was {counted(max(0, now_ns - newest_ns) // DAY_NS, 'day')} ago, {new_york(newest_ns)} New York"
    )


def _last(path: Path) -> int:
    try:
        with opened(path) as db:
            return 0 if schema.is_empty(db) else db.execute(_LAST).fetchone()[0]
    except JournalError:
        return 0
