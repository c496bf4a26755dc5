"""What words say: the verbs there are, reading words, and doing them to a host.

Verbs are found in the files of bot/gateway/verbs; one that is declared there is there. Orders are named by orderRef, permId or
`client/orderId`. Seconds are wall time.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import shlex
from collections.abc import Awaitable
from typing import Any

from bot.gateway import verbs
from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.verbs.verb import Verb


def find_verbs() -> dict[str, Verb]:
    """Every verb that a file of bot/gateway/verbs declares, by name. Raises GatewayError if two have one name."""
    found: dict[str, Verb] = {}
    for file in sorted(module.name for module in pkgutil.iter_modules(verbs.__path__)):
        for verb in vars(importlib.import_module(f"{verbs.__name__}.{file}")).values():
            if isinstance(verb, Verb) and found.setdefault(verb.name, verb) is not verb:
                homes = found[verb.name].action.__module__, verb.action.__module__
                raise GatewayError(f"two verbs are called {verb.name!r} ({homes[0]} and {homes[1]}); rename one of them.")
    return found


VERBS = find_verbs()


class Verbs:
    """Does what words say to one host."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def do(self, words: str) -> dict[str, Any] | Awaitable[dict[str, Any] | None] | None:
        """Do it; some verbs take time and hand back something to await.

        Raises GatewayError, one sentence, for a verb or words that are none.
        """
        verb, rest = read(words)
        try:
            return verb.action(self.host, rest)
        except (KeyError, ValueError, IndexError) as error:
            raise GatewayError(f"{words!r} cannot be done ({type(error).__name__}: {error}). {verb.manual}") from None


def read(words: str) -> tuple[Verb, list[str]]:
    """The verb that words name and what they say to it. Raises GatewayError, one sentence, for a verb or a form that is none."""
    try:
        name, *rest = shlex.split(words) or [""]
    except ValueError as error:
        raise GatewayError(f"{words!r} cannot be read: {error}.") from None
    verb = VERBS.get(name)
    if verb is None:
        near = "".join(f"; did you mean {other!r}?" for other in difflib.get_close_matches(name, VERBS, 1))
        raise GatewayError(f"{name!r} is no verb{near}; there are {', '.join(sorted(VERBS))}.")
    if not verb.takes(rest):
        raise GatewayError(f"{words!r} must be of the form {verb.manual}")
    return verb, rest
