"""What the broker's errors on orders do to them: the actions of the table (classify), one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.ibkr.errors import BrokerError, ModifyRejected, OrderRejectedByBroker, OrderWarning
from bot.ibkr.link.classify import NO_LIVE_IDS, Action, Rule, classify_order
from bot.ibkr.link.ids import FIRST_REQUEST_ID
from bot.ibkr.link.link import Link
from bot.ibkr.orders.order_state import BrokerOrder, Phase
from bot.ibkr.orders.orders import OrderMonitor

ID_LEAP = 100  # after a duplicate id: so far above it that a rolled-back gateway cannot catch up


class OrderAnswers:
    """Applies the table to errors that carry one of our order ids. An unknown code changes nothing and is asked about."""

    def __init__(self, link: Link, monitor: OrderMonitor) -> None:
        self._link, self._monitor = link, monitor
        self._actions: dict[Action, Callable[[BrokerOrder, Rule, BrokerError], None]] = {
            Action.REJECT: self._reject,
            Action.READ_ONLY: self._reject,
            Action.INVALID_PRICE: self._invalid_price,
            Action.MODIFY_REJECT: self._modify_reject,
            Action.CANCELED: self._canceled,
            Action.CANCEL_REJECT: self._cancel_reject,
            Action.NOT_FOUND: self._not_found,
            Action.DUPLICATE_ID: self._duplicate,
            Action.WARN: self._warn,
            Action.QUERY: self._query,
        }
        link.taps.listen("error", self._on_error)

    def _on_error(self, number: int, code: int, text: str, *_: Any) -> None:
        if number in NO_LIVE_IDS or number >= FIRST_REQUEST_ID:
            return
        order = self._monitor.by_id(number)
        if order is not None:
            rule = classify_order(code, text)
            error = (rule.error or OrderWarning)(text, code=code, order_ref=order.ref)
            self._actions[rule.action](order, rule, error)

    def _reject(self, order: BrokerOrder, rule: Rule, error: BrokerError) -> None:
        """An order that works is not ended by an answer to a request about it: its status and the next look say what became of it."""
        order.remarks.append(error.text)
        if order.change is not None:
            error = ModifyRejected(error.text, code=error.code, order_ref=order.ref)
            self._link.report(error)
        elif order.accepted and order.cancel_asked:
            self._cancel_reject(order, rule, error)
            return
        elif order.accepted:
            self._query(order, rule, error)
            return
        self._monitor.reject(order, error)

    def _invalid_price(self, order: BrokerOrder, rule: Rule, error: BrokerError) -> None:
        if order.change is not None or not order.accepted:
            self._reject(order, rule, error)
        else:
            self._warn(order, rule, error)

    def _modify_reject(self, order: BrokerOrder, rule: Rule, error: BrokerError) -> None:
        if order.change is not None:
            self._reject(order, rule, error)
        elif order.accepted:
            self._link.report(error)
        else:
            self._query(order, rule, error)

    def _canceled(self, order: BrokerOrder, _: Rule, error: BrokerError) -> None:
        order.remarks.append(error.text)
        self._monitor.end(order)

    def _cancel_reject(self, order: BrokerOrder, _: Rule, error: BrokerError) -> None:
        order.cancel_asked = False
        self._link.report(error)
        if order.live:
            self._monitor.listener.cancel_rejected(order, error)
            self._monitor.doubtful()

    def _not_found(self, order: BrokerOrder, _: Rule, error: BrokerError) -> None:
        """A cancel or a child whose parent is gone: the order is looked for before anything is said of it."""
        parent = self._monitor.orders.get(order.draft.parent_ref)
        if not order.accepted and parent is not None and parent.phase is Phase.REJECTED:
            self._monitor.reject(order, OrderRejectedByBroker("its entry was rejected", code=error.code, order_ref=order.ref))
            return
        self._link.report(error)
        if order.live:
            order.phase = Phase.DOUBT
            self._monitor.doubtful()

    def _duplicate(self, order: BrokerOrder, _: Rule, error: BrokerError) -> None:
        if self._link.ids is not None:
            self._link.ids.at_least(order.order_id + ID_LEAP)
        if order.resent:
            self._monitor.reject(order, error)
            return
        self._link.report(error)
        self._link.connection.send("reqIds", 1)  # the answer lifts our own count
        for each in (order, *self._monitor.children(order.ref)):
            if each.live:
                each.phase = Phase.DOUBT
        self._monitor.doubtful()

    def _warn(self, order: BrokerOrder, _: Rule, error: BrokerError) -> None:
        order.remarks.append(error.text)
        self._link.report(OrderWarning(error.text, code=error.code, order_ref=order.ref))

    def _query(self, order: BrokerOrder, _: Rule, error: BrokerError) -> None:
        self._link.report(error)
        self._monitor.doubtful()
