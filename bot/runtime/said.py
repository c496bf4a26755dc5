"""What the parts of a run are saying just now: how one of them tells a message of another from what anybody may publish.

Nautilus' message bus takes anything from anybody, and delivers at once. So a message is its maker's word while its maker hands it
over, known by identity; the same words from another mouth, before or after, are nobody's. It promises nothing against code that takes
this object into its own hands.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

Handler = Callable[[Any], None]


class ListenerError(Exception):
    """A listener tried to end whoever speaks."""


class _Word(msgspec.Struct, gc=False):
    """A message that is being handed over, and who has taken it already."""

    where: str
    message: Any
    taken: list[Handler]


class Said:
    """The words of one run's parts. `msgbus` is Nautilus', `where` a topic or an endpoint."""

    def __init__(self) -> None:
        self._now: list[_Word] = []
        self._kept: dict[int, Any] | None = None

    def publish(self, msgbus: Any, topic: str, message: Any) -> None:
        """Tell everybody who listens to a topic."""
        self._hand_over(msgbus.publish, topic, message)

    def send(self, msgbus: Any, endpoint: str, message: Any) -> None:
        """Tell the one at an endpoint. Raises what the message bus raises, e.g. if there is none."""
        self._hand_over(msgbus.send, endpoint, message)

    def only(self, where: str, handler: Handler, other: Handler = lambda _: None) -> Handler:
        """The handler, for what a part says there, each word once; `other` takes the rest."""

        def hear(message: Any) -> None:
            for word in self._now:
                if word.message is message and word.where == where:
                    if handler in word.taken:
                        break
                    word.taken.append(handler)
                    return handler(message)
            other(message)

        return hear

    def begin_keeping(self) -> None:
        """What goes by Nautilus' own ways and waits in its queues is kept from now on; in a simulation nobody keeps any."""
        self._kept = {}

    def keep(self, message: Any) -> None:
        """A part says this by Nautilus' own ways: it is known until it is heard."""
        if self._kept is not None:
            self._kept[id(message)] = message

    def heard(self, message: Any) -> bool:
        """Whether a part has said this very message, true once. Where none is kept whoever speaks is believed."""
        return self._kept is None or self._kept.pop(id(message), None) is message

    def _hand_over(self, by: Callable[[str, Any], None], where: str, message: Any) -> None:
        self._now.append(_Word(where, message, []))
        try:
            by(where, message)
        except (CancelledError, GeneratorExit) as error:  # else a listener ends the task, or the queue, of whoever speaks
            raise ListenerError(f"a listener of {where} raised {type(error).__name__}") from error
        finally:
            self._now.pop()


@lru_cache(maxsize=64)
def said_in(journal_path: str) -> Said:
    """The words of the run that writes this journal, in this process."""
    return Said()
