"""Whether those who must hear stand where they must: the risk engine at Nautilus' doors and topics, and the parts of the run at theirs.

They are known by identity. A handler that only claims to be equal to ours is somebody else.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
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
        self._standing, self._hearing = standing_at(msgbus), hearing_at(msgbus)
        self._ears = [(topic, handler, FIRST) for topic, handler in topics.items()]
        self._looked_at: list[Any] = []  # subscriptions and ears, each by identity, and which of the ears hear nothing by them
        self._deaf_ears = self._ears  # where nobody hears anything

    def take(self) -> None:
        """Stand at every endpoint, whoever stood there before, and hear every topic."""
        parts = self._parts()
        for name, handler in zip(*self._doors(parts), strict=True):
            self._standing.pop(name, None)  # whoever it is: the bus would let nobody go who says that he equals nothing
            self._msgbus.register(name, handler)
        for topic, handler, priority in self._deaf(parts):
            self._clear(topic, handler)
            self._msgbus.subscribe(topic, handler, priority=priority)

    def lost(self) -> list[str]:
        """Endpoints and topics where somebody else, or nobody, stands for us or for a part."""
        parts = self._parts()
        names, handlers = self._doors(parts)
        deaf = self._deaf(parts)
        if not deaf and all(map(is_, map(self._standing.get, names), handlers)):
            return []
        gone = [name for name, handler in zip(names, handlers, strict=True) if self._standing.get(name) is not handler]
        return gone + [topic for topic, _, _ in deaf]

    def _doors(self, parts: Iterable[Part]) -> tuple[list[str], list[Handler]]:
        names, handlers = [*self._endpoints], [*self._endpoints.values()]
        for part in parts:
            if doors := part.doors:
                names += doors
                handlers += doors.values()
        return names, handlers

    def _deaf(self, parts: Iterable[Part]) -> list[tuple[str, Handler, int]]:
        """Ours that hear nothing. Nobody can change a subscription, only put in and take out; where none was the last answer holds."""
        now: list[Any] = [*self._hearing]
        for part in parts:
            now += part.ears
        if len(now) != len(self._looked_at) or not all(map(is_, now, self._looked_at)):
            hearing = {(each.topic, id(each.handler), each.priority) for each in self._hearing}
            ears = [*self._ears, *now[len(self._hearing) :]]
            self._looked_at, self._deaf_ears = now, [ear for ear in ears if (ear[0], id(ear[1]), ear[2]) not in hearing]
        return self._deaf_ears

    def _clear(self, topic: str, handler: Handler) -> None:
        """Whoever is equal to ours must go first: the bus would take us for one that is there already."""
        for each in self._msgbus.subscriptions(topic):
            if each.topic == topic and each.handler == handler:
                self._msgbus.unsubscribe(topic, each.handler)


PROBE = "RiskEngine.path"
OTHER_VERSION = "The message bus of this version of Nautilus does not show who stands at its {}; use 1.231.0."


def standing_at(msgbus: Any) -> dict[str, Handler]:
    """Nautilus' own table of who stands at which endpoint: the bus itself says who there is, and never who stands there.

    Raises RiskEngineError where it keeps none: another version of Nautilus.
    """
    msgbus.register(PROBE, repr)
    table = next((each for each in gc.get_referents(msgbus) if isinstance(each, dict) and each.get(PROBE) is repr), None)
    msgbus.deregister(PROBE, repr)
    if table is None:
        raise RiskEngineError(OTHER_VERSION.format("endpoints"))
    return table


def hearing_at(msgbus: Any) -> Mapping[Any, Any]:
    """Nautilus' own table of subscriptions, its keys: what the bus answers is made anew, and each compared with a pattern, whenever asked.

    Raises RiskEngineError where it keeps none: another version of Nautilus.
    """
    msgbus.subscribe(PROBE, repr)
    asked = msgbus.subscriptions()
    table = next((each for each in gc.get_referents(msgbus) if isinstance(each, dict) and _are(list(each), asked)), None)
    msgbus.unsubscribe(PROBE, repr)
    if table is None:
        raise RiskEngineError(OTHER_VERSION.format("topics"))
    return table


def _are(found: list[Any], right: list[Any]) -> bool:
    return len(found) == len(right) and all(map(is_, found, right))
