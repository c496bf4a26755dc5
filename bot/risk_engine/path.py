"""Whether those who must hear stand where they must: the risk engine at Nautilus' doors and topics, and the parts of the run at theirs.

They are known by identity. A handler that only claims to be equal to ours is somebody else.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import is_
from typing import Any, Protocol

from bot.errors import RiskEngineError

Handler = Callable[[Any], None]
FIRST = 2**31 - 1  # priority on the bus, of which there is none higher: the risk engine hears everything before anybody acts on it


class Part(Protocol):
    """A part of the run: at which endpoints it answers, and the topics it hears, with their priorities."""

    doors: dict[str, Handler]
    ears: list[tuple[str, Handler, int]]


class Path:
    """The endpoints and topics that are ours, and those of `parts` (asked each time). `take` puts all there, `lost` says who is not."""

    def __init__(
        self, msgbus: Any, endpoints: dict[str, Handler], topics: dict[str, Handler], parts: Callable[[], Iterable[Part]] = tuple
    ) -> None:
        self._msgbus, self._endpoints, self._parts = msgbus, endpoints, parts
        self._standing = standing_at(msgbus)
        self._ears = [(topic, handler, FIRST) for topic, handler in topics.items()]
        self._looked_at: list[Any] = []  # subscriptions and ears, each by identity, and which of the ears hear nothing by them
        self._deaf_ears: list[tuple[str, Handler, int]] = []

    def take(self) -> None:
        """Stand at every endpoint, whoever stood there before, and hear every topic."""
        for name, handler in self._doors():
            self._standing.pop(name, None)  # whoever it is: the bus would let nobody go who says that he equals nothing
            self._msgbus.register(name, handler)
        for topic, handler, priority in self._deaf():
            self._clear(topic, handler)
            self._msgbus.subscribe(topic, handler, priority=priority)

    def lost(self) -> list[str]:
        """Endpoints and topics where somebody else, or nobody, stands for us or for a part."""
        gone = [name for name, handler in self._doors() if self._standing.get(name) is not handler]
        return gone + [topic for topic, _, _ in self._deaf()]

    def _doors(self) -> Iterator[tuple[str, Handler]]:
        yield from self._endpoints.items()
        for part in self._parts():
            yield from part.doors.items()

    def _deaf(self) -> list[tuple[str, Handler, int]]:
        """Ours that hear nothing. Nobody can change a subscription, only put in and take out; where none was the last answer holds."""
        subscriptions = self._msgbus.subscriptions()
        ears = [*self._ears, *chain.from_iterable(part.ears for part in self._parts())]
        now = [*subscriptions, *ears]
        if len(now) != len(self._looked_at) or not all(map(is_, now, self._looked_at)):
            hearing = {(each.topic, id(each.handler), each.priority) for each in subscriptions}
            self._looked_at, self._deaf_ears = now, [ear for ear in ears if (ear[0], id(ear[1]), ear[2]) not in hearing]
        return self._deaf_ears

    def _clear(self, topic: str, handler: Handler) -> None:
        """Whoever is equal to ours must go first: the bus would take us for one that is there already."""
        for each in self._msgbus.subscriptions(topic):
            if each.topic == topic and each.handler == handler:
                self._msgbus.unsubscribe(topic, each.handler)


def standing_at(msgbus: Any) -> dict[str, Handler]:
    """Nautilus' own table of who stands at which endpoint: the bus itself says who there is, and never who stands there.

    Raises RiskEngineError where it keeps none: another version of Nautilus.
    """
    probe = "RiskEngine.path"
    msgbus.register(probe, repr)
    table = next((each for each in gc.get_referents(msgbus) if isinstance(each, dict) and each.get(probe) is repr), None)
    msgbus.deregister(probe, repr)
    if table is None:
        raise RiskEngineError("The message bus of this version of Nautilus does not show who stands at its endpoints; use 1.231.0.")
    return table
