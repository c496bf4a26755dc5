"""Prints in how many records two journals of the same bars differ, by kind and by the fields that differ.

    python scripts/journal_difference.py before/journal.sqlite after/journal.sqlite [FIELD...]

Fields named behind the journals are left out, wherever in a record they stand: what one of the builds does not have yet.
"""

from __future__ import annotations

import sys
from collections import Counter
from itertools import zip_longest
from typing import Any

from bot.errors import JournalError
from bot.journal.read import Record, opened, read


def differences(before: str, after: str, *without: str) -> Counter[str]:
    """How often each kind differs in which fields, `without` some; records are paired in their order.

    Raises JournalError if a file cannot be read.
    """
    with opened(before) as old, opened(after) as new:
        pairs = zip_longest(read(old), read(new))
        return Counter(said for one, other in pairs if (said := _difference(one, other, without)))


def _difference(one: Record | None, other: Record | None, without: tuple[str, ...]) -> str:
    if one is None or other is None:
        return f"{(one or other).kind}: only in one of them"
    if (one.kind, one.ts_ns, one.strategy) != (other.kind, other.ts_ns, other.strategy):
        return f"{one.kind} stands where the other has {other.kind}, or is of another time or strategy"
    old, new = _stripped(one.body, without), _stripped(other.body, without)
    fields = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return f"{one.kind}: {', '.join(fields)}" if fields else ""


def _stripped(value: Any, without: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _stripped(each, without) for name, each in value.items() if name not in without}
    return [_stripped(each, without) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        found = differences(*sys.argv[1:])
    except JournalError as error:
        sys.exit(str(error))
    print(f"{found.total()} records differ")
    for text, count in found.most_common():
        print(f"{count:7,}  {text}")
