"""What the simulated gateway holds, by its own book, and what must be true of it whatever anybody sends.

It is asked after everything the gateway tells of an order, and reads nothing of the bot but which orders the supervisor has sent, what
is journaled, and what must agree with the gateway: net, counters, kill state. Times are of the wall, but for those of orders.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from bot.decision.intent import Intent
from bot.decision.limits import Limits
from bot.decision.snapshot import KillState
from bot.gateway.gateway import Gateway
from bot.gateway.orders import Order
from bot.journal.build import intent_of
from bot.journal.intents import IntentReader
from bot.node.node import MesbotNode
from bot.supervision.orders import ORDER_NAME, Role, named_role
from bot.units import SECOND_NS

GRACE_SECONDS = 2.0  # a stop is there within 1 s, or its doubt lasts at most 2 s and the position is left (specification 6)
HELD_UP_SECONDS = 1.0  # what a loop with a node and a gateway on it may be late
TOLD = ("opened", "status", "executed", "paid", "order_error", "position_changed")


class GatewayTruth:
    """Listens to a gateway; `broken` are the invariants that did not hold, one sentence each."""

    def __init__(self, gateway: Gateway, node: MesbotNode, journal: str, limits: Limits) -> None:
        self.broken: list[str] = []
        self.written: dict[str, list[Intent]] = {}
        self.commands: list[Any] = []  # of the supervisor
        self.widened: set[tuple[str, str]] = set()  # legs whose stop another hand has moved
        self.said: Counter[str] = Counter()
        self._gateway, self._node, self._limits = gateway, node, limits
        self._intents = IntentReader(journal)
        self._own: set[str] = set()
        self._seen: dict[int, Order] = {}
        self._approved: dict[str, Intent] = {}
        self._tightest: dict[tuple[str, str], int] = {}
        self._since: dict[str, float] = {}
        self._listen()

    def _listen(self) -> None:
        told, send = self._gateway.delivery, self._node.risk.send

        def spied(command: Any, **how: Any) -> None:
            self.commands.append(command)
            orders = command.order_list.orders if hasattr(command, "order_list") else [getattr(command, "order", None)]
            self._own.update(order.client_order_id.value for order in orders if order is not None)
            send(command, **how)

        def heard(name: str) -> Any:
            tell = getattr(told, name)

            def told_of(*given: Any, **named: Any) -> None:
                tell(*given, **named)
                self.said[name] += 1
                self.look()

            return told_of

        self._node.risk.send = spied
        for name in TOLD:
            setattr(told, name, heard(name))

    # ------------------------------------------------------------- the gateway's book

    @property
    def orders(self) -> list[Order]:
        """All that it ever took, of whomever."""
        broker = self._gateway.broker
        return list({order.perm_id: order for order in [*broker.exchange.completed, *broker.orders.values()]}.values())

    @property
    def working(self) -> list[Order]:
        """Orders that may fill, now or once their entry has."""
        return [order for order in self._gateway.broker.open_orders() if order.transmitted]

    @property
    def net(self) -> int:
        """Signed contracts by its executions, in any month."""
        return sum(execution.shares * execution.order.side for execution in self._gateway.broker.exchange.executions)

    def breaks(self, sentence: str) -> None:
        """An invariant did not hold."""
        if sentence not in self.broken:
            self.broken.append(sentence)

    # ------------------------------------------------------------- what may be there

    def _allowed(self, order: Order) -> None:
        """An order may be there if the supervisor sent it, or if it is of the bracket of an intent of this very bar."""
        ref, most = order.request.order_ref, self._limits.max_contracts
        if order.future is not self._gateway.instruments.front:
            self.breaks(f"{ref} is on {order.future.local_symbol}")
        if order.quantity > most:
            self.breaks(f"{ref} is of {order.quantity} contracts, at most {most}")
        if ref not in self._own:
            self._of_a_bracket(order, ref)
        elif named_role(ref) in (None, Role.ENTRY):
            self.breaks(f"{ref} of the supervisor is no stop, target or exit")

    def _of_a_bracket(self, order: Order, ref: str) -> None:
        name = ORDER_NAME.search(ref)
        intent_id = "" if name is None else ref[: name.start()]
        record = self._intents.find(intent_id) if name is not None else None
        known = [*self.written.get(intent_id, []), *([intent_of(record)] if record is not None else [])]
        for intent in known:
            if name is not None and _facts(order) == _planned(intent, int(name["leg"]), named_role(ref), order.side):
                self._keep(intent, order)
                return
        self.breaks(f"{ref} is of no journaled intent: {_facts(order)}")

    def _keep(self, intent: Intent, order: Order) -> None:
        kept = self._approved.setdefault(intent.intent_id, intent)
        if kept != intent:
            self.breaks(f"{intent.intent_id} is there with two plans")
        now = self._gateway.now_ns
        if not intent.decided.ts_ns <= now < intent.expires_ns:  # one that was lost on its way is sent once more
            self.breaks(f"{order.request.order_ref} came at {now}, decided at {intent.decided.ts_ns}, expires at {intent.expires_ns}")

    def _width(self, order: Order) -> None:
        name = ORDER_NAME.search(order.request.order_ref)
        if name is None or order.stop is None or named_role(order.request.order_ref) is not Role.STOP:
            return
        key = (order.request.order_ref[: name.start()], name["leg"])
        if key not in self.widened and (self._tightest.get(key, order.stop) - order.stop) * -order.side > 0:
            self.breaks(f"{order.request.order_ref} went from {self._tightest[key]} to {order.stop} ticks, away from the market")
        self._tightest[key] = order.stop

    # ------------------------------------------------------------- what must hold at every step

    @property
    def connected(self) -> bool:
        """Whether the bot can do anything about it."""
        return self._node.session.link.ready and not self._gateway.delivery.telling.link_down

    def look(self) -> None:
        """Is what works right for what is held? A wrong moment is none until its grace is over, and none while the link is down."""
        for order in self.orders:
            if order.perm_id not in self._seen:
                self._allowed(order)
                self._seen[order.perm_id] = order
        net, working = self.net, self.working
        if abs(net) > self._limits.max_contracts:
            self.breaks(f"net {net}, at most {self._limits.max_contracts}")
        for order in working:
            self._width(order)
        for ref, count in Counter(order.request.order_ref for order in working).items():
            if count > 1:
                self.breaks(f"{ref} works {count} times")
        stops = [order for order in working if order.request.order_type == "STP" and order.side * net < 0]
        cover = sum(order.released - order.filled for order in stops)
        growing = any(named_role(order.request.order_ref) is Role.ENTRY for order in working)
        self._lasting("bare", cover < abs(net), f"net {net}, stops {cover}")
        self._lasting("too much", bool(net) and cover > abs(net) and not growing, f"net {net}, stops {cover}")
        orphans = [] if net or growing else [order.request.order_ref for order in working]
        self._lasting("orphans", bool(orphans), " ".join(orphans))

    def _lasting(self, what: str, wrong: bool, detail: str) -> None:
        now = time.monotonic()
        if not wrong:
            self._since.pop(what, None)
        elif not self.connected:
            self._since[what] = now
        elif now - self._since.setdefault(what, now) > GRACE_SECONDS + HELD_UP_SECONDS:
            self.breaks(f"{what}: {detail}, for {now - self._since[what]:.1f} s")

    @property
    def wrong(self) -> bool:
        """Whether something is not as it should be, and its grace not over."""
        return bool(self._since) and not self.broken

    def settled(self) -> None:
        """Nothing is on its way: the risk engine's book must be the gateway's, and so must its counters."""
        self.look()
        supervisor, book = self._node.risk._supervisor, self._node.risk._situation.book.view(self._gateway.now_ns)
        entries = [order for order in self._seen.values() if named_role(order.request.order_ref) is Role.ENTRY]
        legs = {name: [order for order in entries if order.request.order_ref.startswith(f"{name}-")] for name in self._approved}
        live = {name: [order for order in each if order.transmitted and not order.done] for name, each in legs.items()}
        trades = sum(any(order.filled for order in each) or bool(live[name]) for name, each in legs.items())
        found, right = {"net": supervisor.net, "trades": book.trades_today}, {"net": self.net, "trades": trades}
        if found != right:
            self.breaks(f"the risk engine says {found}, the gateway {right}")
        if book.submissions_today < len(legs) or min(book.trades_today, book.submissions_today) < 0:
            self.breaks(f"{book.submissions_today} submissions, {len(legs)} brackets at the gateway")
        if book.position_open != bool(self.net):
            self.breaks(f"position_open is {book.position_open} at net {self.net}")

    def end(self, excused: bool) -> None:
        """The hour is over. A kill ends flat; without an excuse there is none."""
        self.settled()
        state = self._node.risk._supervisor.kill_state
        if state is not KillState.ARMED and (state is not KillState.HALTED or self.net or self.working):
            self.breaks(f"a kill ended {state} with net {self.net} and {len(self.working)} orders")
        if state is not KillState.ARMED and not excused:
            self.breaks("a kill without a cause")


def _facts(order: Order) -> tuple[Any, ...]:
    """What a bracket's order is, as it came: its parent by name."""
    request = order.request
    parent = order.parent.request.order_ref if order.parent is not None else ""
    kind = (request.order_type, order.side, int(request.quantity), order.limit, order.stop)
    return (*kind, parent, (order.expires_ns or 0) // SECOND_NS if request.tif == "GTD" else 0)


def _planned(intent: Intent, number: int, role: Role | None, side: int) -> tuple[Any, ...] | None:
    """The same by the intent; None if it has no such order."""
    plan = intent.plan
    if number > len(plan.legs) or role in (None, Role.EXIT):
        return None
    leg, entry = plan.legs[number - 1], f"{intent.intent_id}-{number}E"
    if role is Role.ENTRY:
        kind = "LMT" if plan.trigger is None else "STP LMT"
        return (kind, plan.side, leg.quantity, plan.limit, plan.trigger, "", intent.expires_ns // SECOND_NS)
    if role is Role.STOP:
        return ("STP", -plan.side, leg.quantity, None, leg.stop, entry, 0)
    return ("LMT", -plan.side, leg.quantity, leg.target, None, entry, 0)
