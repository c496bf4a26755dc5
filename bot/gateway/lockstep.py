"""Lockstep: the clock waits for those who have attached until they have done with what they were shown.

A barrier stands after the piece that closes a minute, after every piece while an order works or a position is held (always if
a node wants that: it acts on five-second bars), and after any moment at which something was told about orders. It carries a
number, the market time, its reasons, the execIds told since the last one and how many frames each client has been sent.
Each attached node answers `ready` with the number when it has handled all that, decided the bar, and its own orders are
acknowledged, and says how many requests it has sent by then. While one of those has not arrived, or something was sent
since, another barrier follows at the same moment, for the reason `answers`: an exit takes several questions and answers, and
the market moves on when none is under way. A question that is never answered holds nothing up. Whoever does not come to
rest within the limit (wall time) is passed over, and counted; until it does again it is not waited for after single pieces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[dict[str, Any]], None]
Facts = Callable[[list[str]], dict[str, Any]]
Counts = dict[str, int]  # by client id
TIMEOUT_SECONDS = 5.0


@dataclass(eq=False)
class Party:
    """One attached node: how to tell it, whether it wants a barrier after every piece, the last one it has answered, and how many
    requests it had sent by then; of a client that it says nothing of, nothing is waited for.
    """

    tell: Tell
    every_piece: bool = False
    ready: int = 0
    requests: Counts = field(default_factory=dict)
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

    def ready(self, party: Party, number: int, requests: Counts) -> None:
        """It has answered a barrier, and so all before."""
        party.ready, party.requests = max(party.ready, number), requests
        party.event.set()

    async def rest(self, reasons: list[str], facts: Facts, is_rest: Callable[[dict[str, Any], Counts], bool]) -> bool:
        """Raise barriers for these reasons until everybody has answered one and nothing was under way then; False if that took too long.

        `facts` are what a barrier says; `is_rest` is told them, and the requests that were sent.
        """
        try:
            async with asyncio.timeout(self.timeout_seconds):
                while self.parties:
                    barrier = facts(reasons)
                    if is_rest(barrier, await self._answers(barrier)):
                        break
                    reasons = ["answers"]
        except TimeoutError:
            self.timeouts += 1
            return False
        return True

    async def _answers(self, barrier: dict[str, Any]) -> Counts:
        """Raise one barrier and wait; the requests that were sent by then."""
        self.barriers += 1
        number, parties = self.barriers, list(self.parties)
        for party in parties:
            party.tell({"event": "barrier", "barrier": number, **barrier})
        for party in parties:
            while party.ready < number and party in self.parties:
                party.event.clear()
                await party.event.wait()
        return {client: count for party in parties for client, count in party.requests.items()}
