"""What a stranger says, made safe: texts that any record can hold, and strict copies of messages.

Nothing in Python has seen to the types of a message, and whoever made it may still change it; so what is used is a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

MOST = 2_000  # characters of a stranger's text
BRIEF = 300  # of one that is shown among others


def plain(value: Any, how: Callable[[Any], str] = str) -> str:
    """A value as a text of at most MOST characters, whatever its own text does; what no file can hold becomes `?`. Never raises."""
    try:
        text = how(value)
        return str.encode(text, "utf-8", "replace").decode()[:MOST]
    except BaseException as error:  # a stranger's text may raise anything, and what it came with must not be lost
        return f"what cannot be shown ({kind_of(error)})"


def one_line(value: Any) -> str:
    """A person's words on one line, as `plain` has them; what would steer a terminal becomes `?`. Never raises."""
    return " ".join("".join(each if each.isprintable() else "?" for each in word) for word in plain(value).split())


def brief(text: str, most: int = BRIEF) -> str:
    """A text for a page or a table: of a very long one the beginning, and how long it is in the journal."""
    return text if len(text) <= most else f"{text[:most].rstrip()} … ({len(text):,} characters in the journal)"


def fault_in_words(error: BaseException) -> str:
    """What went wrong, then the class of the error, for whoever mends it: "by nothing (ZeroDivisionError)". Never raises."""
    said = " ".join(plain(error).split()).rstrip(".")
    return f"{said} ({kind_of(error)})" if said else f"nothing more is known of it than {kind_of(error)}"


def kind_of(value: Any) -> str:
    """The name of a value's type, which no stranger's class can forge. Never raises."""
    return _NAME.__get__(type(value))


_NAME = type.__dict__["__name__"]


def copied[T](message: Any, kind: type[T]) -> T:
    """A copy of a message: every field of exactly its type, every text one that any record can hold.

    Raises ValueError, with what was found, if it is not exactly of this kind or cannot be copied so.
    """
    if type(message) is not kind:
        raise ValueError(f"{kind_of(message)} where {kind.__name__} is required")
    try:
        return msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=kind)
    except Exception as error:
        raise ValueError(f"its {kind.__name__} cannot be read: {plain(error)}") from None
