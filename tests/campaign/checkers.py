"""What must be true of the gateway's own book whatever happens: asked after everything it tells of an order, and all the time between.

Nothing of the bot is read here. Times are of the wall, without the moments in which this process itself stood still. What is wrong for
a moment is none until its grace is over, and none while the broker cannot be reached. A position is bare for at most NAKED_SECONDS; the
longer grace is for spells in which, by the gateway's own log, a frame about orders was in fact lost, held up or cut. Those count in no
percentile, nor do those in which the broker kept a stop pending: there is nothing to do but to ask until the doubt is over.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from venue import CLIENT, Venue, named

from bot.gateway.broker import Refusal
from bot.gateway.orders import Order, Status

NAKED_SECONDS = 2.0  # while the link is up
GRACE_SECONDS = 2.0  # spec 6: a doubt lasts at most this, then the exit leaves
LATE_SECONDS = 1.0  # what two processes on a machine that does other things may be late
LOSING_SECONDS = 10.0  # where frames were lost: of several questions and answers
STALL_SECONDS = 0.25  # what is longer between two looks is no time in which anybody could have acted
BEFORE_SECONDS = 1.0  # an entry that fills so long after its stop has ended should have been gone
HEARD_SECONDS = 0.3  # after which the bot has heard what the account tells
ENTRY_AFTER_KILL_SECONDS = 0.25  # the request is looked for every 25 ms, and what was sent before is on its way
MOST_STOPS, MOST_TIMES = 6, 3  # stops of one leg, and times that one reference is sent
LINK_SECONDS = 6.0  # in which a bot that is taken by the gateway is connected again: its longest wait is one
LIMIT = 2
STEADY = 12  # frames to a client: more than the greeting of one that goes at once
TOLD = ("opened", "status", "executed", "paid", "order_error", "position_changed")


class Breach(NamedTuple):
    """An invariant that did not hold: which, and how, in one sentence."""

    checker: str
    sentence: str


class Spell(NamedTuple):
    """How long a position was not covered while the broker could be reached; `losing` if frames were lost, `pending` if a stop lay at
    the broker meanwhile and it did not say that it works."""

    seconds: float
    losing: bool
    pending: bool


class Watch:
    """Listens to a venue. `breaches` are what did not hold, each checker once; `spells` the naked times."""

    def __init__(self, venue: Venue, without: frozenset[str] = frozenset()) -> None:
        self.venue, self._without = venue, without
        self.breaches: list[Breach] = []
        self.spells: list[Spell] = []
        self._since: dict[str, float] = {}
        self._now = self._seen_at = time.monotonic()
        self._stood_still = 0.0
        self._pending = False  # in this naked spell
        self._tightest: dict[tuple[str, str], int] = {}
        self._sent: Counter[str] = Counter()
        self._stops: dict[str, set[str]] = defaultdict(set)
        self.entries: set[str] = set()
        self._linked_at = self._now
        self._listen()

    def _listen(self) -> None:
        venue, told, broker = self.venue, self.venue.host.delivery, self.venue.host.broker
        for name in TOLD:
            setattr(told, name, self._then_look(getattr(told, name)))
        place, cancel = broker.place, broker.cancel

        def placed(client_id: int, order_id: int, future: Any, request: Any) -> Any:
            if (client_id, order_id) not in broker.orders and not request.what_if:
                self._new(request.order_ref)
                venue.ids_forgotten(order_id, request.order_ref)
            in_order = order_id >= broker.next_id(client_id) or (client_id, order_id) in broker.orders
            try:
                return place(client_id, order_id, future, request)
            except Refusal as refusal:
                if refusal.code == 103 and not in_order and not self.venue.id_faults:
                    self.breaks("ids", f"{request.order_ref} came with id {order_id} after higher ones: error 103")
                raise

        def cancelled(client_id: int, order_id: int) -> None:
            if client_id == CLIENT and (order := broker.orders.get((client_id, order_id))) is not None:
                self._given_up(order)
            cancel(client_id, order_id)

        broker.place, broker.cancel = placed, cancelled

    def _then_look(self, tell: Any) -> Any:
        def told(*given: Any, **named: Any) -> None:
            tell(*given, **named)
            self.look()

        return told

    def breaks(self, checker: str, sentence: str) -> None:
        """An invariant did not hold."""
        if checker not in self._without and all(breach.checker != checker for breach in self.breaches):
            self.breaches.append(Breach(checker, sentence))

    # ------------------------------------------------------------- what may be sent

    def _new(self, ref: str) -> None:
        self._sent[ref] += 1
        if self._sent[ref] > MOST_TIMES:
            self.breaks("resent", f"{ref} was sent {self._sent[ref]} times")
        stem, _, last = ref.rpartition("-")
        if last[1:2] == "S":
            stops = self._stops[f"{stem}-{last[:1]}"]
            stops.add(ref)
            if len(stops) > MOST_STOPS:
                self.breaks("stops without end", f"{len(stops)} stops were sent for one leg: {ref}")
        if last[1:2] == "E":
            self.entries.add(stem)
            asked = self.venue.kill_asked_at
            if asked is not None and self.venue.bot.begun.is_set() and time.monotonic() - asked > ENTRY_AFTER_KILL_SECONDS:
                self.breaks("entry after a kill", f"{ref} came {time.monotonic() - asked:.2f} s after the kill was asked for")

    def _given_up(self, order: Order) -> None:
        """A stop is not cancelled by us while the account has told that it does not hold what the stop covers."""
        venue, told = self.venue, self.venue.position_told
        if told is None or time.monotonic() - venue.told_wrong_at < HEARD_SECONDS:
            return
        need = self._need(venue.net, venue.held)
        rest = sum(each.remaining for each in venue.orders if each is not order and each.transmitted and self._covers(each, need))
        agreed = max(0, told * (1 if need > 0 else -1))
        at_work = order.released > order.filled  # not the stop of an entry that has not filled
        if self._covers(order, need) and at_work and rest + agreed < abs(need):
            self.breaks("stop given up", f"{order.request.order_ref} was cancelled, and the account tells of {told} where net is {need}")

    # ------------------------------------------------------------- at every moment

    def look(self) -> None:
        """Is what works right for what is held?"""
        venue, moment = self.venue, time.monotonic()
        self._stood_still += max(0.0, moment - self._seen_at - STALL_SECONDS)
        self._seen_at, self._now = moment, moment - self._stood_still
        net, held, orders = venue.net, venue.held, [order for order in venue.orders if order.transmitted]
        if abs(net) > LIMIT:
            self.breaks("limit", f"net {net}, at most {LIMIT}")
        self._each(orders)
        self._linked()
        need = self._need(net, held)
        growing = any(self._role(order) == "E" for order in orders)
        stops = [order for order in orders if self._covers(order, need)]
        cover = sum(order.released - order.filled for order in stops if order.request.order_type == "STP")
        leaving = sum(order.remaining for order in stops if order.request.order_type != "STP")
        pending = [order.request.order_ref for order in orders if order.perm_id in venue.pending and self._role(order) == "S"]
        agrees = venue.position_told is None  # else no exit leaves, and the stop stays or is restored
        helpless = not agrees and bool(venue.refused or pending)  # the stop is refused as well, or never reaches the market
        stands = f"net {net}, held {held}, stops {cover}" + "".join(f", {ref} pending" for ref in pending)
        bare = cover + leaving < abs(need) and not helpless and not venue.forgotten_unasked
        self._lasting("naked", bare, stands, "naked behind a pending stop" if pending else "")
        self._pending = "naked" in self._since and (self._pending or bool(pending))
        back = [order.request.order_ref for order in venue.orders if not order.transmitted]
        self._lasting("held back", bool(back), f"{' '.join(back)} at the broker, not transmitted")
        twice = sum(order.released - order.filled for order in stops if order.perm_id in venue.ghosts)
        self._lasting("too much cover", bool(need) and cover - twice > abs(need) and not growing, f"net {net}, stops {cover}")
        left = [order.request.order_ref for order in orders if order.perm_id not in venue.ghosts]
        self._lasting("orphans", not need and not growing and bool(left), f"flat, and {' '.join(left)} still work")
        self._brackets(orders)
        lets = agrees and not venue.exit_refused  # what is refused again and again is sent more and more seldom, and a stop works meanwhile
        killed = venue.kill_asked_at is not None and venue.bot.begun.is_set() and moment - venue.kill_asked_at > 0.1
        silent = f" ({', '.join(rule.kind for rule in venue.host.frame_faults.rules)} lost)" if venue.host.frame_faults.rules else ""
        self._lasting("held after a kill", killed and bool(need) and lets, f"net {net} after a kill{silent}")
        legs = venue.legs
        venue.close_asked_of = {leg for leg in venue.close_asked_of if legs[leg]}
        closes = bool(venue.close_asked_of) and bool(need) and lets
        asked = f"{' '.join(sorted(venue.close_asked_of))} held after a closing was asked for{silent}"
        self._lasting("held after a closing", closes, asked)

    def _linked(self) -> None:
        """A gateway that takes the bot has it as its client, whatever else the bot lacks."""
        venue, now = self.venue, self._now
        if (
            not venue.takes
            or venue.losing
            or not venue.bot.begun.is_set()
            or any(client.frames_sent > STEADY for client in venue.clients())
        ):
            self._linked_at = now
        elif now - self._linked_at > LINK_SECONDS + LATE_SECONDS:
            self.breaks("no link", f"the gateway would take the bot, and it was not connected for {now - self._linked_at:.1f} s")

    @staticmethod
    def _role(order: Order) -> str:
        name = named(order)
        return "" if name is None else name["role"]

    @staticmethod
    def _need(net: int, held: int) -> int:
        """What must be covered: ours, as far as the account still holds it."""
        return 0 if net * held <= 0 else min(net, held) if net > 0 else max(net, held)

    def _covers(self, order: Order, need: int) -> bool:
        """A stop that works, or a closing order that the next piece fills. One that is only pending is neither."""
        at_work = order in self.venue.host.broker.exchange.open and order.status in (Status.PRE_SUBMITTED, Status.SUBMITTED)
        kind = order.request.order_type == "STP" or self._role(order) == "X"
        return at_work and kind and order.side * need < 0

    def _each(self, orders: list[Order]) -> None:
        for ref, count in Counter(order.request.order_ref for order in orders if order.perm_id not in self.venue.ghosts).items():
            if count > 1:
                self.breaks("duplicate", f"{ref} works {count} times")
        for order in orders:
            name = named(order)
            if name is None or name["role"] != "S" or order.stop is None or order.perm_id in self.venue.ghosts:
                continue
            key = name["intent"], name["leg"]
            if key not in self.venue.moved and (self._tightest.get(key, order.stop) - order.stop) * -order.side > 0:
                self.breaks("widened", f"{order.request.order_ref} went from {self._tightest[key]} to {order.stop} ticks")
            self._tightest[key] = order.stop

    def _brackets(self, orders: list[Order]) -> None:
        """An entry works with its stop, and one leg with the other."""
        known, legs, found = self.venue.host.broker, self.venue.legs, set()
        children = [child for order in orders for child in order.children]  # also of an entry whose ids the desk has forgotten
        everything = {order.perm_id: order for order in [*known.exchange.completed, *known.orders.values(), *children]}.values()
        by_ref = {order.request.order_ref: order for order in everything}
        for order in orders:
            name = named(order)
            if name is None or name["role"] != "E":
                continue
            stem = f"{name['intent']}-{name['leg']}"
            stop = by_ref.get(f"{stem}S")
            bare = not self.venue.forgotten_unasked and (stop is None or (stop.done and stop.status is not Status.FILLED))
            found.add(f"entry without its stop {stem}")
            self._lasting(f"entry without its stop {stem}", bare, f"{stem}E works, and its stop does not")
        for ref in self.venue.refused:
            if ref[-1] != "E" or legs[ref[:-1]]:
                continue
            stem = f"{ref[:-2]}{3 - int(ref[-2])}"
            other = by_ref.get(f"{stem}E")
            alone = bool(legs[stem]) or (other is not None and other.transmitted and not other.done)
            found.add(f"half a trade {stem}")
            self._lasting(f"half a trade {stem}", alone and self.venue.position_told is None, f"{stem} trades, and {ref} was refused")
        for key in [key for key in self._since if key.startswith(("entry without", "half a trade")) and key not in found]:
            self._filled_bare(key, legs, self._since.pop(key))

    def _filled_bare(self, key: str, legs: Counter[str], began: float) -> None:
        """The entry works no more: has it filled, long after its stop had ended?"""
        what, _, stem = key.rpartition(" ")
        if self._now - began > BEFORE_SECONDS and legs[stem] and self.venue.up and not self._lost(began):
            self.breaks(what, f"{stem}E filled {self._now - began:.1f} s after its stop had ended")

    # ------------------------------------------------------------- how long

    def _lost(self, began: float) -> bool:
        """Whether a frame that matters was lost, held up or cut since then, or in the time of a doubt before it."""
        return self.venue.lost_at - self._stood_still > began - GRACE_SECONDS

    def _lasting(self, what: str, wrong: bool, detail: str, name: str = "") -> None:
        """Something that is wrong at this moment, or not; under `name` if it lasts too long."""
        began = self._since.get(what)
        if not wrong or not self.venue.up or not self.venue.bot.begun.is_set():
            if began is not None:
                del self._since[what]
                if what == "naked" and not wrong:
                    self.spells.append(Spell(self._now - began, self._lost(began), self._pending))
            return
        began = self._since.setdefault(what, self._now)
        allowed = LOSING_SECONDS + LATE_SECONDS if self._lost(began) else NAKED_SECONDS if what == "naked" else GRACE_SECONDS + LATE_SECONDS
        if self._now - began > allowed:
            about = what.rpartition(" ")[0] if what.startswith(("entry without", "half a trade")) else what
            self.breaks(name or about, f"{detail}, for {self._now - began:.1f} s")

    @property
    def wrong(self) -> bool:
        """Whether something is not as it should be, and its grace not over."""
        return bool(self._since) or self._now - self._linked_at > HEARD_SECONDS

    @property
    def bracket_wrong(self) -> bool:
        """Whether an entry works that should be gone: the market waits for the bot longer than for anything else."""
        return any(key.startswith(("entry without", "half a trade")) for key in self._since)

    def settled(self) -> str:
        """What is still wrong, or ""."""
        self.look()
        return ", ".join(self._since)
