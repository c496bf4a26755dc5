"""Numbers of things, and choices of them, as a person reads them: 1 session, 2 sessions, 1,200 entries; K1, K2 or K3."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, one: str, many: str = "") -> str:
    """How many of a thing there are, with its name; `many` is its plural where an s does not make it."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def either(names: Sequence[str]) -> str:
    """One of these: "K1", "K1 or K2", "K1, K2 or K3"; "" of none."""
    *others, last = names or [""]
    return f"{', '.join(others)} or {last}" if others else last
