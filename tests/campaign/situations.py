"""What each seed meets one of: a fault at the place where it hurts, and what makes it tell. Made of the same verbs as faults.py.

Faults that come anywhere seldom meet a position, and a position that is not to be left asks little of the way out. Here the fault comes
as an entry has filled, or just before it is sent, and often the trade is to be left a little later.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from faults import FILLED, ORDERS, QUESTIONS, Fault, code, doubt_while_cut, refused_late

if TYPE_CHECKING:
    from venue import Venue


def leave(venue: Venue, rng: random.Random, first: int, last: int) -> None:
    """After some pieces, so that the bot has heard of the fill, the trade is to be left: the strategy wants out, or a person kills."""
    kills = rng.random() < 0.4
    venue.after(rng.randrange(first, last), venue.kill_request if kills else venue.close_request)


def ghost_left(venue: Venue, rng: random.Random) -> None:
    """A change leaves the old stop alive, which no cancel reaches any more; then the trade is to be left."""
    venue.do("ghost-modify")
    venue.tell_bot("act", "tighten", rng.randrange(1000))
    leave(venue, rng, 2, 7)


def cancels_lost(venue: Venue, rng: random.Random) -> None:
    """The trade is to be left, and the cancels are lost on their way for a while."""
    venue.do("swallow cancelOrder all")
    leave(venue, rng, 2, 4)
    venue.after(rng.randrange(4, 12), lambda: venue.do("calm"))


def stop_refused_before(venue: Venue, rng: random.Random) -> None:
    """The stop of an entry that has not filled is refused at the exchange."""
    refused_late(venue, rng, "S")


def part_refused(venue: Venue, rng: random.Random) -> None:
    """One order of the next bracket is refused as it arrives: a stop, a target, or one leg's entry."""
    venue.refuse(rng.choice(("S", "S", "T", "1E", "2E", "2E", "2S")), rng.choice((201, 201, 383, code(rng))), 1)


def account_disagrees(venue: Venue, rng: random.Random) -> None:
    """The account tells wrongly of no position, and the trade is to be left."""
    venue.position_told = 0
    venue.tell_position()
    leave(venue, rng, 2, 7)
    venue.after(rng.randrange(12, 40), venue.tell_truth)


def held_back(venue: Venue, rng: random.Random) -> None:
    """The connection breaks between the orders of a bracket, and the cancels of what has arrived of it are lost."""
    venue.do("drop-mid-bracket")
    venue.do(f"swallow cancelOrder {rng.choice((1, 2, 2, 4))}")


def stops_refused(venue: Venue, rng: random.Random) -> None:
    """The stop that works is refused at the exchange, and so are all that come in its place."""
    venue.refuse("S", rng.choice((201, 383, code(rng), code(rng))), 12)
    venue.after(rng.randrange(0, 3), lambda: refused_late(venue, rng, "S"))


def asked_in_vain(venue: Venue, rng: random.Random) -> None:
    """A question is never answered any more, everything is asked anew, and the trade is to be left."""
    venue.do(f"swallow {rng.choice(QUESTIONS)} all")
    venue.do(rng.choice(("drop", "drop", "err 1101")))
    leave(venue, rng, 6, 18)


def disk_full_and_cut(venue: Venue, rng: random.Random) -> None:
    """Nothing can be written, and the connection breaks; then the trade is to be left."""
    venue.disk(full=True)
    venue.do("drop")
    leave(venue, rng, 6, 18)
    venue.after(rng.randrange(24, 200), lambda: venue.disk(full=False))


def stops_pending(venue: Venue, rng: random.Random) -> None:
    """The stop of the next entry is taken and never reaches the market: PendingSubmit."""
    venue.pending_stops = rng.choice((1, 2))


SITUATIONS: dict[str, Fault] = {
    "in doubt while cut": Fault(doubt_while_cut, ORDERS),
    "ghost, then out": Fault(ghost_left, FILLED),
    "out, and cancels lost": Fault(cancels_lost, FILLED),
    "stop refused before the entry fills": Fault(stop_refused_before, ("openOrder", "orderStatus")),
    "a part of the bracket refused": Fault(part_refused, before=True),
    "account disagrees, then out": Fault(account_disagrees, FILLED),
    "bracket cut, and cancels lost": Fault(held_back, before=True),
    "stops refused without end": Fault(stops_refused, FILLED),
    "asked in vain, then out": Fault(asked_in_vain, FILLED),
    "disk full and cut, then out": Fault(disk_full_and_cut, FILLED),
    "stop never reaches the market": Fault(stops_pending, before=True),
}
