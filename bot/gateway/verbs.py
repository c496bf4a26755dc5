"""Faults and commands in words, for the side channel and scripts: `err 1100`, `fill MES-1 1 of 3`, `step 12`.

Each verb is a function of the gateway and its words; the first line of its docstring is its help. Orders are
named by orderRef, permId or `client/orderId`. Seconds are wall time.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from bot.gateway import verbs_connection, verbs_market, verbs_orders
from bot.gateway.errors import GatewayError
from bot.gateway.verb_forms import fits

if TYPE_CHECKING:
    from bot.gateway.gateway import Gateway

VERBS = {**verbs_connection.VERBS, **verbs_market.VERBS, **verbs_orders.VERBS}


class Verbs:
    """Does what words say to one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def do(self, words: str) -> dict[str, Any] | Awaitable[dict[str, Any] | None] | None:
        """Do it; some verbs take time and hand back something to await.

        Raises GatewayError, one sentence, for a verb or words that are none.
        """
        name, rest = read(words)
        try:
            return VERBS[name](self.gateway, rest)
        except (KeyError, ValueError, IndexError) as error:
            raise GatewayError(f"{words!r} cannot be done ({type(error).__name__}: {error}). {first_line(name)}") from None


def read(words: str) -> tuple[str, list[str]]:
    """The verb that words name and what they say to it. Raises GatewayError, one sentence, for a verb or a form that is none."""
    try:
        name, *rest = shlex.split(words) or [""]
    except ValueError as error:
        raise GatewayError(f"{words!r} cannot be read: {error}.") from None
    if name not in VERBS:
        near = "".join(f"; did you mean {other!r}?" for other in difflib.get_close_matches(name, VERBS, 1))
        raise GatewayError(f"{name!r} is no verb{near}; there are {', '.join(sorted(VERBS))}.")
    if not fits(name, rest):
        raise GatewayError(f"{words!r} must be of the form {first_line(name)}")
    return name, rest


def first_line(name: str) -> str:
    """The help of a verb."""
    return (VERBS[name].__doc__ or "").strip().splitlines()[0]
