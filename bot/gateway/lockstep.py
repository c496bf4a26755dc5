"""Lockstep: the clock waits for those who have attached until they have done with what they were shown.

A barrier stands after the piece that closes a minute (after every piece if a node wants that: it acts on
five-second bars), and after any moment at which something was told about orders. It carries a number, the
market time, its reasons, the execIds told since the last one and how many frames each client has been sent.
Each attached node answers `ready` with the number when it has handled all that, decided the bar, and its own
orders are acknowledged. Whoever does not answer within the limit (wall time) is passed over for this barrier,
and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[dict[str, Any]], None]
TIMEOUT_SECONDS = 5.0


@dataclass(eq=False)
class Party:
    """One attached node: how to tell it, whether it wants a barrier after every piece, and the last one it has answered."""

    tell: Tell
    every_piece: bool = False
    ready: int = 0
    event: asyncio.Event = field(default_factory=asyncio.Event)


class Lockstep:
    """The barriers of a run. Without parties nothing ever waits."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.timeout_seconds = timeout_seconds
        self.barriers = 0
        self.timeouts = 0
        self.parties: list[Party] = []

    @property
    def every_piece(self) -> bool:
        """Whether someone wants a barrier after every piece."""
        return any(party.every_piece for party in self.parties)

    def attach(self, tell: Tell, *, every_piece: bool = False) -> Party:
        """From now on barriers wait for this one."""
        party = Party(tell, every_piece)
        self.parties.append(party)
        return party

    def detach(self, party: Party) -> None:
        """Do not wait for it any more."""
        if party in self.parties:
            self.parties.remove(party)
        party.event.set()

    def ready(self, party: Party, number: int) -> None:
        """It has answered a barrier, and so all before."""
        party.ready = max(party.ready, number)
        party.event.set()

    async def wait(self, barrier: dict[str, Any]) -> None:
        """Raise a barrier with these facts and wait."""
        if not self.parties:
            return
        self.barriers += 1
        number = self.barriers
        parties = list(self.parties)
        for party in parties:
            party.tell({"event": "barrier", "barrier": number, **barrier})
        try:
            async with asyncio.timeout(self.timeout_seconds):
                for party in parties:
                    while party.ready < number and party in self.parties:
                        party.event.clear()
                        await party.event.wait()
        except TimeoutError:
            self.timeouts += 1
