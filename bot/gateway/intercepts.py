"""Faults that act on one request before it reaches the desk: lost orders, dropped sockets, fills that cross on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.gateway.answers import ANSWERS
from bot.gateway.broker import Refusal
from bot.gateway.orders import Order
from bot.gateway.requests import Request

if TYPE_CHECKING:
    from bot.gateway.gateway import Gateway
    from bot.gateway.session import Session

ORDER_KINDS = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel"})


def intercept(gateway: Gateway, session: Session, request: Request) -> bool:
    """Whether a fault has dealt with a request, so that it goes no further."""
    if request.kind not in ORDER_KINDS:
        return False
    switches = gateway.switches
    if gateway.delivery.telling.link_down and switches.swallow_orders_while_down:
        return True
    if request.kind == "placeOrder":
        assert request.order is not None
        if switches.drop_mid_bracket and not request.order.transmit:
            switches.drop_mid_bracket = False
            _answer_silently(gateway, session, request)
            return True
        if switches.drop_after_place:
            kept, switches.drop_after_place = switches.drop_after_place == "kept", ""
            if kept:
                _answer_silently(gateway, session, request)
            else:
                session.drop()
            return True
        if switches.fill_on_modify:
            switches.fill_on_modify = not _fill_whole(gateway, session, request)
    elif request.kind == "cancelOrder" and switches.fill_on_cancel:
        switches.fill_on_cancel = not _fill_whole(gateway, session, request)
    return False


def _answer_silently(gateway: Gateway, session: Session, request: Request) -> None:
    """The broker takes the request; the client's socket closes before a word of it comes back."""
    gateway.delivery.sessions.remove(session)
    try:
        ANSWERS[request.kind](session, request)
    except Refusal:
        pass
    finally:
        gateway.delivery.sessions.append(session)  # so that its end is noticed
        session.drop()


def _fill_whole(gateway: Gateway, session: Session, request: Request) -> bool:
    """Fill what is left of the order a request is about, before the request is handled; False if there is no such live order."""
    order = gateway.broker.orders.get((session.client_id or 0, request["orderId"]))
    if order is None or order.done:
        return False
    gateway.broker.exchange.fill(order, natural_price(gateway, order), order.remaining)
    return True


def natural_price(gateway: Gateway, order: Order) -> int:
    """The price in ticks a fault fills an order at if it is not told one: its limit, its trigger, or the last price."""
    if order.limit is not None:
        return order.limit
    return order.stop if order.stop is not None else gateway.marks[order.future.con_id]
