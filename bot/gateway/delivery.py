"""Who is told what happens to orders: the owner, the master client, and client 0 of manual orders.

Also the faults that change what is told: executions before acceptance, late or missing commissions,
a broker link that is down. An order's id is its owner's; manual orders show 0, or a negative id to a client 0
that has bound them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.gateway import messages, order_messages
from bot.gateway.account import Account
from bot.gateway.client import Client
from bot.gateway.notation import dashed, zoned
from bot.gateway.orders import Execution, Order


@dataclass
class Telling:
    """Faults of telling. `commission`: normal, drop, first (before its execution), or delay by so many wall seconds."""

    link_down: bool = False
    exec_first: set[str] = field(default_factory=set)  # orderRefs, * for the next order
    commission: str = "normal"
    commission_delay_seconds: float = 0.0
    zone: str = ""  # how execution times are written: '' US/Central, utc, old (no zone), or another zone's name

    def time(self, ts_ns: int) -> str:
        """An execution's time as the fault in force writes it."""
        if self.zone == "utc":
            return dashed(ts_ns)
        central = zoned(ts_ns)
        if self.zone == "old":
            return central.rpartition(" ")[0].replace(" ", "  ")
        return f"{central.rpartition(' ')[0]} {self.zone}" if self.zone else central


class Delivery:
    """Sends order events to the clients that may see them. Implements exchange.Notices."""

    def __init__(self, later: Callable[[float, Callable[[], None]], None], master_client_id: int | None) -> None:
        self.sessions: list[Client] = []
        self.telling = Telling()
        self.events = 0  # counts everything told about orders; the lockstep looks whether it grew
        self.fresh_exec_ids: list[str] = []
        self.master_client_id = master_client_id
        self._later = later
        self._withheld: dict[int, list[tuple[str, Order]]] = {}

    # ----------------------------------------------------------------- exchange.Notices

    def opened(self, order: Order, *, commission: bool = False) -> None:
        """openOrder to all who may see it."""
        if self._withhold("opened", order):
            return
        for client in self._audience(order):
            client.send(order_messages.open_order(order, order_id=self.visible_id(order, client), commission=commission))

    def status(self, order: Order) -> None:
        """orderStatus to all who may see it."""
        if self._withhold("status", order):
            return
        for client in self._audience(order):
            client.send(order_messages.order_status(order, order_id=self.visible_id(order, client)))

    def executed(self, execution: Execution) -> None:
        """execDetails, unasked (request id -1)."""
        order = execution.order
        self.fresh_exec_ids.append(execution.exec_id)
        if self.telling.commission == "first":
            self._send_commission(execution)
        time = self.telling.time(execution.ts_ns)
        for client in self._audience(order):
            client.send(order_messages.exec_details(execution, -1, self.visible_id(order, client), time))
        for what, held in self._withheld.pop(order.perm_id, []):
            getattr(self, what)(held)

    def paid(self, execution: Execution) -> None:
        """commissionReport, when the fault in force says so."""
        mode = self.telling.commission
        if mode == "delay":
            self._later(self.telling.commission_delay_seconds, lambda: self._send_commission(execution))
        elif mode == "normal":
            self._send_commission(execution)

    def order_error(self, order: Order, code: int, text: str) -> None:
        """An error on an order, to its owner only, under the owner's id."""
        for client in self._audience(order, owner_only=True):
            client.send(messages.error(self.visible_id(order, client), code, text))

    def position_changed(self, account: Account, execution: Execution) -> None:
        """position and account values to everyone who has subscribed to them."""
        for client in list(self.sessions):
            if not self.telling.link_down:
                client.subscriptions.send_position(account, execution.order.future)
                client.subscriptions.send_account(account)

    # ------------------------------------------------------------------------- questions

    def take_exec_ids(self) -> list[str]:
        """The execIds told since the last call."""
        taken, self.fresh_exec_ids = self.fresh_exec_ids, []
        return taken

    def visible_id(self, order: Order, client: Client) -> int:
        """The order id as a client sees it."""
        if not order.manual:
            return order.order_id
        return -order.perm_id if client.binds_manual_orders else 0

    def is_master(self, client: Client) -> bool:
        """Whether a client hears everything."""
        return self.master_client_id is not None and client.client_id == self.master_client_id

    def _audience(self, order: Order, *, owner_only: bool = False) -> Iterator[Client]:
        self.events += 1
        if self.telling.link_down:
            return
        for client in list(self.sessions):
            owner = client.client_id == order.client_id
            if owner or (not owner_only and self.is_master(client)):
                yield client

    def _withhold(self, what: str, order: Order) -> bool:
        """Before its first execution, an order under the fault `order exec-first` is not told of."""
        if order.filled or order.done:
            return False
        armed = self.telling.exec_first
        if order.perm_id not in self._withheld:
            name = next((name for name in (order.request.order_ref, "*") if name in armed), None)
            if name is None:
                return False
            armed.discard(name)
            self._withheld[order.perm_id] = []
        self._withheld[order.perm_id].append((what, order))
        return True

    def _send_commission(self, execution: Execution) -> None:
        for client in self._audience(execution.order):
            client.send(order_messages.commission_report(execution))
