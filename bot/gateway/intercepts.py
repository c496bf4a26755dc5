"""Faults that act on one request before it reaches the desk: lost orders, dropped sockets, fills that cross on the wire."""

from __future__ import annotations

from bot.gateway.answers import ANSWERS
from bot.gateway.broker import Refusal
from bot.gateway.client import Client
from bot.gateway.orders import Order
from bot.gateway.requests import Request
from bot.gateway.simulation import Simulation

ORDER_KINDS = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel"})


def intercept(simulation: Simulation, client: Client, request: Request) -> bool:
    """Whether a fault has dealt with a request, so that it goes no further."""
    if request.kind not in ORDER_KINDS:
        return False
    switches = simulation.switches
    asks = request.order is not None and request.order.what_if  # which IBKR's servers alone can answer
    if simulation.delivery.telling.link_down and (switches.swallow_orders_while_down or asks):
        return True
    if request.kind == "placeOrder":
        assert request.order is not None
        if switches.drop_mid_bracket and not request.order.transmit:
            switches.drop_mid_bracket = False
            _answer_silently(simulation, client, request)
            return True
        if switches.drop_after_place:
            kept, switches.drop_after_place = switches.drop_after_place == "kept", ""
            if kept:
                _answer_silently(simulation, client, request)
            else:
                client.drop()
            return True
        if switches.fill_on_modify:
            switches.fill_on_modify = not _fill_whole(simulation, client, request)
    elif request.kind == "cancelOrder" and switches.fill_on_cancel:
        switches.fill_on_cancel = not _fill_whole(simulation, client, request)
    return False


def _answer_silently(simulation: Simulation, client: Client, request: Request) -> None:
    """The broker takes the request; the client's socket closes before a word of it comes back."""
    simulation.delivery.sessions.remove(client)
    try:
        ANSWERS[request.kind](simulation, client, request)
    except Refusal:
        pass
    finally:
        simulation.delivery.sessions.append(client)  # so that its end is noticed
        client.drop()


def _fill_whole(simulation: Simulation, client: Client, request: Request) -> bool:
    """Fill what is left of the order a request is about, before the request is handled; False if no such order is at the exchange."""
    order = simulation.broker.orders.get((client.client_id or 0, request["orderId"]))
    if order is None or not order.working:
        return False
    simulation.broker.exchange.fill(order, natural_price(simulation, order), order.remaining)
    return True


def natural_price(simulation: Simulation, order: Order) -> int:
    """The price in ticks a fault fills an order at if it is not told one: its limit, its trigger, or the last price."""
    if order.limit is not None:
        return order.limit
    return order.stop if order.stop is not None else simulation.marks[order.future.con_id]
