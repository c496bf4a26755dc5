"""What market, desk and faults need of a connected client. The session is one; nothing below it knows of sockets."""

from __future__ import annotations

from typing import Protocol

from bot.gateway.subscriptions import Subscriptions


class Client(Protocol):
    """Someone who asks and is told. `client_id` is None until startApi; `number` is unique within a run."""

    number: int
    client_id: int | None
    binds_manual_orders: bool
    market_data_type: int
    frames_sent: int
    requests_read: int
    subscriptions: Subscriptions

    @property
    def frozen(self) -> bool:
        """Whether it neither reads nor writes now."""

    def send(self, fields: list[str], kind: str = "") -> None:
        """One message, through the faults of messages."""

    def drop(self) -> None:
        """A fault: the connection ends at once; what has arrived and is unread is lost."""

    def freeze(self) -> None:
        """A fault: neither read nor write any more, without an end."""

    def thaw(self) -> None:
        """End of freeze; what was to be written goes out."""

    async def drained(self) -> None:
        """Wait until it has taken what was sent, one second at most; a frozen one is not waited for."""
