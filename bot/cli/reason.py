"""The reason that a person gives with a verb: never empty, and as a terminal can show it again."""

from __future__ import annotations

from bot.errors import UsageError
from bot.words import one_line


def given_reason(reason: str, why: str = "why") -> str:
    """The reason on one line. Raises UsageError if it is empty; whatever else it holds never keeps a verb from being carried out."""
    said = one_line(reason)
    if not said:
        raise UsageError(f"--reason is empty; say {why}.")
    return said
