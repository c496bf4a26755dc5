"""The form of a verb: which words it takes, written as people read it, so that a script can be refused before anything runs.

`fill ORDER [SIZE [of TOTAL]] [at PRICE]`: small letters are said as they stand, capitals stand for a kind of word (KINDS),
`|` is between alternatives of one word, `[]` around what may be left out, `[]...` around what may also be repeated, and
` or ` is between two whole forms. What words mean is looked up when they are done.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from bot.gateway.errors import GatewayError
from bot.gateway.faults import require_kind
from bot.gateway.notation import exact_ticks
from bot.gateway.orders import Status

SECONDS_OF = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_FRAMES = "frames"  # the part of a match that names kinds of frames
_PART = re.compile(r"\[|\](?:\.\.\.)?|[^\s\[\]]+")
_CAPITALS = re.compile(r"([A-Z]+(?:-[A-Z]+)*)")


class Kind(NamedTuple):
    """A kind of word: the names that forms have for it, what it is, and its pattern."""

    names: str
    meaning: str
    pattern: str


KINDS = (
    Kind("WORD ACCOUNT EXECID FIELD NAME ORDERREF REQUEST-ID SYMBOL WHY-HELD", "one word", r"[^\0]+"),
    Kind("ORDER", "an orderRef, a permId or `client/orderId`", r"[^\0]+"),
    Kind("TEXT REASON", "one word or more", r"[^\0]*(?:\0[^\0]*)*"),
    Kind("COUNT CLIENT CODE N PIECES SEED SHARES TICKS", "a whole number from 0", r"\d+"),
    Kind("SIZE TOTAL", "a whole number from 1", r"0*[1-9]\d*"),
    Kind("CONTRACTS", "a whole number, below 0 for short", r"[+-]?\d+"),
    Kind("NUMBER TICKS-PER-SECOND", "a number from 0", r"\d+(?:\.\d+)?"),
    Kind("TIMES", "a number above 0", r"(?=[^\0]*[1-9])\d+(?:\.\d+)?"),
    Kind("RATE", "a number from 0 to 1", r"(?:0(?:\.\d+)?|1(?:\.0+)?)"),
    Kind("USD", "dollars, below 0 too", r"-?\d+(?:\.\d+)?"),
    Kind("PRICE", "points, on the tick", r"-?\d+(?:\.(?:0|25|5|50|75)0*)?"),
    Kind("SECONDS", "wall time: `20`, `20s`, `5m`, `2h`, `40d`", r"\d+(?:\.\d+)?[smhd]?"),
    Kind("SHIFT", "wall time with a sign or none: `+5s`, `-40d`, `0`", r"[+-]?\d+(?:\.\d+)?[smhd]?"),
    Kind("KIND", "a message or request of the TWS API, such as `openOrder` or `placeOrder`", rf"(?P<{_FRAMES}>\w+)"),
    Kind("KINDS", "kinds with commas between", rf"(?P<{_FRAMES}>\w+(?:,\w+)*)"),
    Kind("IDS", "account ids with commas between", r"[A-Za-z0-9._-]+(?:,[A-Za-z0-9._-]+)*"),
    Kind("STATUS", f"one of {', '.join(Status)}", f"(?:{'|'.join(Status)})"),
)
_PATTERNS = {name: kind.pattern for kind in KINDS for name in kind.names.split()}


def pattern_of(form: str) -> re.Pattern[str]:
    """The pattern of a form. Raises GatewayError, one sentence, for capitals that name no kind of word."""
    verb, _, rest = form.partition(" ")
    ways = ["".join(map(_pattern_of_part, _PART.findall(way))) for way in rest.split(" or ")]
    try:
        return re.compile("|".join(f"(?:{way})" for way in ways))
    except re.error as error:
        raise GatewayError(f"The form {form!r} of {verb} cannot be read ({error}); see {__name__}.") from None


def fits(pattern: re.Pattern[str], words: list[str]) -> bool:
    """Whether words have the form of a pattern. Raises GatewayError for a kind of frame that is none."""
    found = pattern.fullmatch("".join(f"\0{word}" for word in words))
    for kind in (found.groupdict().get(_FRAMES) or "").split(",") if found else ():
        if kind:
            require_kind(kind)
    return found is not None


def _pattern_of_part(part: str) -> str:
    match part:
        case "[":
            return "(?:"
        case "]":
            return ")?"
        case "]...":
            return ")*"
        case _:
            return rf"\0(?:{'|'.join(map(_pattern_of_word, part.split('|')))})"


def _pattern_of_word(word: str) -> str:
    pieces = _CAPITALS.split(word)  # every second one is capitals
    for name in pieces[1::2]:
        if name not in _PATTERNS:
            raise GatewayError(f"{name} is no kind of word that a verb can take; there are {', '.join(sorted(_PATTERNS))}.")
    return "".join(_PATTERNS[piece] if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))


# --------------------------------------------------------------------- what words mean


def on(words: list[str]) -> bool:
    """What `[on|off]` says: on unless off."""
    return words != ["off"]


def seconds(text: str) -> float:
    """Seconds of SECONDS or SHIFT."""
    unit = SECONDS_OF.get(text[-1:], 0.0)
    return float(text[:-1]) * unit if unit else float(text)


def ticks(text: str) -> int:
    """Ticks of a PRICE."""
    price = exact_ticks(Decimal(text))
    assert price is not None
    return price
