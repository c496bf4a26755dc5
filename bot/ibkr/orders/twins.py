"""Executions of an order of ours that is not the one we follow under its name: a change or a second sending has left the broker two.

Whatever works at the broker under our client id and our reference is ours, also where it was given up or was to go. Its execution
closes, or opens, as much as any other; so it is told, once, under a name of its own: what is followed may fill as well.
"""

from __future__ import annotations

import msgspec

from bot.ibkr.errors import DuplicateLiveOrder
from bot.ibkr.link.link import Link
from bot.ibkr.orders.order_state import BrokerOrder, Fill, Phase
from bot.ibkr.orders.orders import OrderMonitor
from bot.supervision.orders import twin_name


class Twins:
    """Of one monitor. `journaled` are the references under which earlier runs wrote executions down, by their names: they stay."""

    def __init__(self, link: Link, monitor: OrderMonitor, journaled: dict[str, str]) -> None:
        self._link, self._monitor, self._journaled = link, monitor, journaled
        monitor.ledger.order_of = self._order_of

    def _order_of(self, fill: Fill) -> str:
        """The reference of the order that has filled: its own, or that of a twin of it."""
        if fill.client_id != self._link.settings.client_id:
            return fill.ref
        if name := self._journaled.get(fill.base_id):
            return name
        if (known := self._monitor.by_perm(fill.perm_id)) is not None:
            return known.ref
        ref = fill.ref or self._given_up(fill)
        return twin_name(ref, fill.perm_id or fill.order_id) if ref and self._is_twin(ref, fill) else fill.ref

    def _given_up(self, fill: Fill) -> str:
        """The reference that was sent under its permId or its order id, and is not followed there any more; "" if none was."""
        return self._monitor.retired_perms.get(fill.perm_id, "") or self._monitor.retired.get(fill.order_id, "")

    def _is_twin(self, ref: str, fill: Fill) -> bool:
        order = self._monitor.orders.get(ref)
        if order is None:
            others = [each for each in self._monitor.ledger.fills.values() if each.ref == ref]
            return any(each.perm_id != fill.perm_id for each in others if each.perm_id and fill.perm_id)
        return bool(self._given_up(fill)) or (fill.perm_id != 0 and order.perm_id not in (0, fill.perm_id, fill.order_id))

    def follow(self, ref: str, fill: Fill) -> BrokerOrder | None:
        """The twin of `ref` that has filled; None if it is none, if it is told already, or while the first look is under way."""
        order, told = self._monitor.orders.get(ref or self._given_up(fill)), fill.base_id in self._monitor.ledger.told
        if order is None or fill.ref in ("", order.ref) or told or self._monitor.quiet:
            return None
        draft = msgspec.structs.replace(order.draft, ref=fill.ref, parent_ref="", oca_group="", good_till_ns=0)
        twin = BrokerOrder(draft, fill.con_id, fill.order_id, fill.perm_id, Phase.WORKING, accepted=True, sent_at=self._link.seconds())
        if not self._monitor.listener.doubled(order, twin):
            return None
        self._monitor.add_twin(twin)
        if "duplicate" not in self._monitor.halts:
            text = f"permId {fill.perm_id} has filled beside {order.perm_id or 'one that is not acknowledged'}"
            self._monitor.halt("duplicate", DuplicateLiveOrder(text, order_ref=order.ref))
        return twin
