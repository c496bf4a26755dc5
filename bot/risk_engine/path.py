"""Whether those who must hear stand where they must: the risk engine at Nautilus' doors and topics, and the parts of the run at theirs.

They are known by identity. A handler that only claims to be equal to ours is somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Protocol

Handler = Callable[[Any], None]
FIRST = 1_000_000  # priority on the bus: the risk engine hears everything before anybody acts on it


class Part(Protocol):
    """A part of the run: at which endpoints it answers, and the topics it hears, with their priorities."""

    doors: dict[str, Handler]
    ears: list[tuple[str, Handler, int]]


class _Whoever:
    """Equal to any handler that it is compared with, and sees it: the bus shows what stands at an endpoint in no other way."""

    __hash__ = None

    def __init__(self) -> None:
        self.seen: Any = None

    def __eq__(self, other: object) -> bool:
        self.seen = other
        return True

    def __call__(self, message: Any) -> None:
        """Nothing."""


class Path:
    """The endpoints and topics that are ours, and those of `parts` (asked each time). `take` puts all there, `lost` says who is not."""

    def __init__(
        self, msgbus: Any, endpoints: dict[str, Handler], topics: dict[str, Handler], parts: Callable[[], Iterable[Part]] = tuple
    ) -> None:
        self._msgbus, self._endpoints, self._topics, self._parts = msgbus, endpoints, topics, parts

    def take(self) -> None:
        """Stand at every endpoint, whoever stood there before, and hear every topic."""
        for name, handler in self._doors():
            self._taken(name)
            self._msgbus.register(name, handler)
        for topic, handler, priority in list(self._deaf()):
            self._clear(topic, handler)
            self._msgbus.subscribe(topic, handler, priority=priority)

    def lost(self) -> list[str]:
        """Endpoints and topics where somebody else, or nobody, stands for us or for a part."""
        gone = [name for name, handler in self._doors() if not self._stands(name, handler)]
        return gone + [topic for topic, _, _ in self._deaf()]

    def _doors(self) -> Iterator[tuple[str, Handler]]:
        yield from self._endpoints.items()
        for part in self._parts():
            yield from part.doors.items()

    def _stands(self, name: str, handler: Handler) -> bool:
        if (found := self._taken(name)) is not None:
            self._msgbus.register(name, found)
        return found is handler

    def _taken(self, name: str) -> Any:
        """Who stood there, and does no longer; None if nobody did."""
        whoever = _Whoever()
        with suppress(KeyError, ValueError):
            self._msgbus.deregister(name, whoever)
        return whoever.seen

    def _deaf(self) -> Iterator[tuple[str, Handler, int]]:
        hearing = {(each.topic, id(each.handler), each.priority) for each in self._msgbus.subscriptions()}
        ours = [(topic, handler, FIRST) for topic, handler in self._topics.items()]
        for topic, handler, priority in (*ours, *(ear for part in self._parts() for ear in part.ears)):
            if (topic, id(handler), priority) not in hearing:
                yield topic, handler, priority

    def _clear(self, topic: str, handler: Handler) -> None:
        """Whoever is equal to ours must go first: the bus would take us for one that is there already."""
        for each in self._msgbus.subscriptions(topic):
            if each.topic == topic and each.handler == handler:
                self._msgbus.unsubscribe(topic, each.handler)
