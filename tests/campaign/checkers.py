"""What must be true of the gateway's own book whatever happens: asked after everything it tells of an order, and all the time between.

Nothing of the bot is read here. Times are of the wall. What is wrong for a moment is none until its grace is over, and none while the
broker cannot be reached; where frames about orders are being lost the grace is longer, and the time counts in no percentile.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from venue import Venue, named

from bot.gateway.broker import Refusal
from bot.gateway.orders import Order, Status

GRACE_SECONDS = 2.0  # spec 6: a doubt lasts at most this, then the exit leaves
LATE_SECONDS = 1.0  # what two processes on a machine that does other things may be late
LOSING_SECONDS = 10.0  # where frames are lost: of several questions and answers
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
    """How long a position was not covered while the broker could be reached; `losing` if frames were being lost."""

    seconds: float
    losing: bool


class Watch:
    """Listens to a venue. `breaches` are what did not hold, each checker once; `spells` the naked times."""

    def __init__(self, venue: Venue, without: frozenset[str] = frozenset()) -> None:
        self.venue, self._without = venue, without
        self.breaches: list[Breach] = []
        self.spells: list[Spell] = []
        self._since: dict[str, tuple[float, bool]] = {}
        self._tightest: dict[tuple[str, str], int] = {}
        self._sent: Counter[str] = Counter()
        self._stops: dict[str, set[str]] = defaultdict(set)
        self.entries: set[str] = set()
        self._linked_at = time.monotonic()
        self._listen()

    def _listen(self) -> None:
        told, broker = self.venue.host.delivery, self.venue.host.broker
        for name in TOLD:
            setattr(told, name, self._then_look(getattr(told, name)))
        place = broker.place

        def placed(client_id: int, order_id: int, future: Any, request: Any) -> Any:
            if (client_id, order_id) not in broker.orders and not request.what_if:
                self._new(request.order_ref)
            in_order = order_id >= broker.next_id(client_id) or (client_id, order_id) in broker.orders
            try:
                return place(client_id, order_id, future, request)
            except Refusal as refusal:
                if refusal.code == 103 and not in_order and not self.venue.id_faults:
                    self.breaks("ids", f"{request.order_ref} came with id {order_id} after higher ones: error 103")
                raise

        broker.place = placed

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

    # ------------------------------------------------------------- at every moment

    def look(self) -> None:
        """Is what works right for what is held?"""
        venue = self.venue
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
        self._lasting("naked", cover + leaving < abs(need), f"net {net}, held {held}, stops {cover}")
        twice = sum(order.released - order.filled for order in stops if order.perm_id in venue.ghosts)
        self._lasting("too much cover", bool(need) and cover - twice > abs(need) and not growing, f"net {net}, stops {cover}")
        left = [order.request.order_ref for order in orders if order.perm_id not in venue.ghosts]
        self._lasting("orphans", not need and not growing and bool(left), f"flat, and {' '.join(left)} still work")
        self._brackets(orders)
        killed = venue.kill_asked_at is not None and venue.bot.begun.is_set() and time.monotonic() - venue.kill_asked_at > 0.1
        self._lasting("held after a kill", killed and bool(need), f"net {net} after a kill")

    def _linked(self) -> None:
        """A gateway that takes the bot has it as its client, whatever else the bot lacks."""
        venue, now = self.venue, time.monotonic()
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
        """An entry works with its stop, and one leg's with the other's."""
        known = self.venue.host.broker
        everything = {order.perm_id: order for order in [*known.exchange.completed, *known.orders.values()]}.values()
        by_ref = {order.request.order_ref: order for order in everything}
        for order in orders:
            name = named(order)
            if name is None or name["role"] != "E":
                continue
            stem = f"{name['intent']}-{name['leg']}"
            stop = by_ref.get(f"{stem}S")
            bare = stop is None or (stop.done and stop.status is not Status.FILLED)
            self._lasting(f"entry without its stop {stem}", bare, f"{stem}E works, and its stop does not")
            other = by_ref.get(f"{name['intent']}-{3 - int(name['leg'])}E")
            alone = other is not None and other.status is Status.INACTIVE and not other.filled
            self._lasting(f"half a trade {stem}", alone, f"{stem}E works, and the other leg was refused")
        working = {f"{name['intent']}-{name['leg']}" for order in orders if (name := named(order)) is not None and name["role"] == "E"}
        for key in [key for key in self._since if key.startswith(("entry without", "half a trade"))]:
            if key.rpartition(" ")[2] not in working:
                self._since.pop(key)

    # ------------------------------------------------------------- how long

    def _lasting(self, what: str, wrong: bool, detail: str) -> None:
        now, losing = time.monotonic(), self.venue.losing
        began = self._since.get(what)
        if not wrong or not self.venue.up or not self.venue.bot.begun.is_set():
            if began is not None:
                del self._since[what]
                if what == "naked" and not wrong:
                    self.spells.append(Spell(now - began[0], began[1]))
            return
        began = (now, losing) if began is None else (began[0], began[1] or losing)
        self._since[what] = began
        allowed = (LOSING_SECONDS if began[1] else GRACE_SECONDS) + LATE_SECONDS
        if now - began[0] > allowed:
            self.breaks(
                what.rpartition(" ")[0] if what[-1].isupper() or what[-1].isdigit() else what, f"{detail}, for {now - began[0]:.1f} s"
            )

    @property
    def wrong(self) -> bool:
        """Whether something is not as it should be, and its grace not over."""
        return bool(self._since)

    def settled(self) -> str:
        """What is still wrong, or ""."""
        self.look()
        return ", ".join(self._since)
