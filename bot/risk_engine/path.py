"""Whether the risk engine is the handler on the path: both of Nautilus' endpoints, and the events it lives by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Handler = Callable[[Any], None]


class _Whoever:
    """Equal to any handler, so that one that was put in our place can be taken away."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True

    def __call__(self, message: Any) -> None:
        """Nothing."""


class Path:
    """The endpoints and topics that are ours. `take` puts us there, `lost` says who is not there any more."""

    def __init__(self, msgbus: Any, endpoints: dict[str, Handler], topics: dict[str, Handler]) -> None:
        self._msgbus, self._endpoints, self.topics = msgbus, endpoints, topics

    def take(self) -> None:
        """Stand at every endpoint, whoever stood there before."""
        for name, handler in self._endpoints.items():
            if name in self._msgbus.endpoints():
                self._msgbus.deregister(name, _Whoever())
            self._msgbus.register(name, handler)

    def lost(self) -> list[str]:
        """Endpoints and topics where somebody else, or nobody, stands for us."""
        gone = [name for name, handler in self._endpoints.items() if not self._stands(name, handler)]
        return gone + [topic for topic, handler in self.topics.items() if not self._msgbus.is_subscribed(topic, handler)]

    def _stands(self, name: str, handler: Handler) -> bool:
        try:
            self._msgbus.deregister(name, handler)
        except (KeyError, ValueError):
            return False
        self._msgbus.register(name, handler)
        return True
