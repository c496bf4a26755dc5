"""What a journal says of the broker's side."""

from __future__ import annotations

from pathlib import Path

from bot.journal import times
from bot.journal.read import opened, read
from bot.journal.records import LINK_FOUND, NOT_BELIEVED, Kind


def found_at_broker(path: Path) -> tuple[str, str]:
    """What was last found at the broker, as sentences: of orders, fills and positions, and of the link."""
    said = {False: "", True: ""}
    with opened(path) as db:
        for each in read(db, Kind.RECONCILE):
            if each.body["found"] == NOT_BELIEVED:
                continue
            text = f"{times.new_york(each.ts_ns)} New York: {each.body['found']}: {each.body['text']}"
            said[each.body["found"] == LINK_FOUND] = text
    return said[False], said[True]
