"""Numbers of things as a person reads them: 1 session, 2 sessions, 1 entry, 1,200 entries."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """How many of a thing there are, with its name; `many` is its plural where an s does not make it."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
