"""The secret that a person types: to see the pages from another machine, and to have a verb carried out from any."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from bot.errors import UsageError
from bot.plural import counted

NAME = "MESBOT_DASHBOARD_TOKEN"
LEAST_CHARACTERS = 12
WRONG_AT_MOST, FORGET_SECONDS = 5, 60.0


class Token:
    """Compared in constant time; after five wrong ones in a minute none is looked at until the minute is over."""

    def __init__(self, secret: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._secret, self._seconds = secret.encode(), seconds
        self._wrong: list[float] = []
        self._one_at_a_time = threading.Lock()

    def counted_apart(self) -> Token:
        """The same token with a count of its own: whoever may only try to log in must not keep a person from stopping the bot."""
        return Token(self._secret.decode(), self._seconds)

    def refusal(self, typed: str) -> str:
        """Why what was typed is not taken, as a sentence; "" if it is the token."""
        with self._one_at_a_time:
            return self._refusal(typed)

    def _refusal(self, typed: str) -> str:
        now = self._seconds()
        self._wrong = [at for at in self._wrong if now - at < FORGET_SECONDS]
        if len(self._wrong) >= WRONG_AT_MOST:
            return f"Too many wrong tokens; wait {FORGET_SECONDS:.0f} s."
        if hmac.compare_digest(typed.strip().encode(), self._secret):
            return ""
        self._wrong.append(now)
        return f"That is not the token; it is what {NAME} holds, or what mesbot dashboard printed when it began."


class Given(NamedTuple):
    """A token, and whether it was `made` here, so that it must be printed once."""

    secret: str
    made: bool


def given_token(environ: Mapping[str, str]) -> Given:
    """What the environment names, itself or in a file, else a new one. Raises UsageError if it is too short or cannot be read."""
    plain, file = environ.get(NAME), environ.get(f"{NAME}_FILE")
    if plain is not None and file is not None:
        raise UsageError(f"{NAME} and {NAME}_FILE are both set in the environment, and only one may be; unset the other.")
    if plain is None and file is None:
        return Given(secrets.token_urlsafe(24), True)
    secret = (plain if plain is not None else _content(file)).strip()
    if len(secret) < LEAST_CHARACTERS:
        found = counted(len(secret), "character")
        raise UsageError(f"{NAME} holds {found}, and at least {LEAST_CHARACTERS} are required; unset it to have one made.")
    return Given(secret, False)


def _content(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{NAME}_FILE={file} cannot be read ({why}); name a text file that holds the token.") from None
