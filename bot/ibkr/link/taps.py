"""Who listens to which message of the library, and who hears that one could not be read."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from bot.ibkr.errors import BrokerError, ProtocolError

Listener = Callable[..., None]


class Taps:
    """Who listens to which message, over all connections. A listener that raises is reported, and the others still hear it."""

    def __init__(self, on_failure: Callable[[BrokerError], None]) -> None:
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._on_failure = on_failure

    def listen(self, message: str, listener: Listener) -> None:
        """Hear a message (a wrapper method's name) with the wrapper's arguments."""
        self._listeners[message].append(listener)

    def fail(self, error: BrokerError) -> None:
        """Report that something could not be read."""
        self._on_failure(error)

    def tell(self, message: str, *arguments: Any) -> bool:
        """Hand a message to its listeners; whether all of them could take it."""
        taken = True
        for listener in self._listeners[message]:
            try:
                listener(*arguments)
            except Exception as error:
                taken = False
                self._on_failure(ProtocolError(f"{message}: {type(error).__name__}: {error}"))
        return taken


class DecoderAlarm(logging.Handler):
    """The library logs and swallows what it cannot decode: a lost message that nobody would notice."""

    def __init__(self, alarm: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._alarm = alarm

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else ""
        self._alarm(f"{record.getMessage()[:300]} {cause}")
