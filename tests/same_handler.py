"""A handler that claims to be another: a rogue puts it in that one's place."""

from __future__ import annotations

from typing import Any


class Same:
    """Equal to everybody and called like `other`; keeps what it hears, and passes it on if there is somebody `to` pass it on to."""

    def __init__(self, other: Any, to: Any = None) -> None:
        self.text, self.to, self.heard = str(other), to, []

    def __str__(self) -> str:
        return self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return True

    def __call__(self, message: Any) -> None:
        self.heard.append(message)
        if self.to is not None:
            self.to(message)
