"""Verbs about orders."""

from __future__ import annotations

from decimal import Decimal

from bot.gateway import order_messages
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.intercepts import natural_price
from bot.gateway.order_request import OrderRequest
from bot.gateway.orders import Order, Status
from bot.gateway.verbs.form import ticks
from bot.gateway.verbs.verb import verb

MANUAL_CLIENT = 0


@verb(
    "fill ORDER [SIZE [of TOTAL]] [at PRICE]",
    "an order fills now, in part or whole, whatever the market does.",
    example="fill R 1 of 3 at 6300.25",
)
def _fill(host: Host, words: list[str]) -> None:
    order = _live(host, words[0])
    price = ticks(words[words.index("at") + 1]) if "at" in words else natural_price(host, order)
    size = int(words[1]) if len(words) > 1 and words[1].isdecimal() else order.remaining
    host.broker.exchange.fill(order, price, min(size, order.remaining))


@verb(
    "reject ORDERREF|* [code=CODE] [TEXT]",
    "refuse the order with this ref when it comes; 201 if no code is said, before acceptance if another.",
    example="reject MES-1 code=201 No trading permissions",
)
def _reject(host: Host, words: list[str]) -> None:
    name, *rest = words
    code = 201
    if rest and rest[0].startswith("code="):
        code = int(rest.pop(0).removeprefix("code="))
    told = " ".join(rest)
    text = f"{text_of(code)}{told}" if code == 201 else told or text_of(code)
    host.broker.desk.rejections[name.removeprefix("ref=")] = (code, text)


@verb("kill ORDER [REASON]", "the broker cancels an order, 202 with that reason.", example="kill R margin call")
def _kill(host: Host, words: list[str]) -> None:
    host.broker.exchange.cancel(_live(host, words[0]), " ".join(words[1:]))


@verb("tws-cancel ORDER", "someone cancels it in TWS.", example="tws-cancel R")
def _tws_cancel(host: Host, words: list[str]) -> None:
    host.broker.exchange.cancel(_live(host, words[0]), "")


@verb("tws-modify ORDER PRICE", "someone changes its price (a stop's trigger) in TWS.", example="tws-modify R 6290.50")
def _tws_modify(host: Host, words: list[str]) -> None:
    order, price = _live(host, words[0]), ticks(words[1])
    if order.limit is not None:
        order.limit = price
    else:
        order.stop = price
    host.broker.exchange.announce(order)


@verb("forget ORDER", "the broker no longer knows it; cancels get 10147.", example="forget R")
def _forget(host: Host, words: list[str]) -> None:
    order = host.broker.find(words[0])
    host.broker.orders.pop((order.client_id, order.order_id), None)
    if order in host.broker.exchange.open:
        host.broker.exchange.remove(order)


@verb(
    "status STATUS ORDER [WHY-HELD]",
    "orderStatus says so without a text; Inactive takes it off the market, Submitted puts it back.",
    example="status Inactive R locate",
)
def _status(host: Host, words: list[str]) -> None:
    order = host.broker.find(words[1])
    order.status = Status(words[0])
    if not order.done and order not in host.broker.exchange.open:
        host.broker.exchange.open.append(order)
    for client in host.clients():
        if client.client_id == order.client_id:
            fields = order_messages.order_status(order, order_id=order.order_id)
            if len(words) > 2:
                fields[10] = words[2]
            client.send(fields)


@verb("ghost-modify", "the next modification leaves the old order alive under its permId beside the new one.", example="ghost-modify")
def _ghost_modify(host: Host, _: list[str]) -> None:
    host.broker.desk.ghost_modify = True


@verb("fill-on-cancel", "the next order to be cancelled fills first.", example="fill-on-cancel")
def _fill_on_cancel(host: Host, _: list[str]) -> None:
    host.switches.fill_on_cancel = True


@verb("fill-on-modify", "the next order to be modified fills first.", example="fill-on-modify")
def _fill_on_modify(host: Host, _: list[str]) -> None:
    host.switches.fill_on_modify = True


@verb("rollback-id N [--reissue]", "next ids fall by N; --reissue: the ids count as unused again.", example="rollback-id 4 --reissue")
def _rollback_id(host: Host, words: list[str]) -> None:
    host.broker.roll_back_ids(int(words[0]), reissue="--reissue" in words)


@verb("next-id N", "the next order id of every client is N; the desk takes none below it.", example="next-id 1000000000")
def _next_id(host: Host, words: list[str]) -> None:
    host.broker.begin_ids_at(int(words[0]))


@verb(
    "manual buy|sell SIZE SYMBOL [PRICE]",
    "an order by hand in TWS (orderId 0, clientId 0): filled at once, or resting at a limit.",
    example="manual buy 1 MES 6300",
)
def _manual(host: Host, words: list[str]) -> None:
    action, size, symbol, *rest = words
    future = host.instruments.by_symbol(symbol)
    if future is None:
        raise GatewayError("Say manual buy or sell, a size and a listed symbol, e.g. manual buy 1 MES.")
    account = host.account()
    limit = ticks(rest[0]) if rest else None
    request = OrderRequest(
        action=action.upper(), quantity=Decimal(size), order_type="MKT" if limit is None else "LMT", limit_price=None, aux_price=None,
        tif="DAY", oca_group="", oca_type=0, account=account.name, open_close="", origin=0, order_ref="", transmit=True, parent_id=0,
        outside_rth=True, good_till_date="", model_code="", trigger_method=0, hidden=False, what_if=False, unserved=(),
    )  # fmt: skip
    order = Order(
        MANUAL_CLIENT, 0, host.broker.new_perm_id(), account.name, future, request, int(size), limit, transmitted=True,
        released=int(size), from_ns=host.now_ns, priced_ns=host.now_ns, manual=True,
    )  # fmt: skip
    host.broker.exchange.open.append(order)
    host.broker.exchange.announce(order)
    if limit is None:
        host.broker.exchange.fill(order, host.marks[future.con_id], int(size))


def _live(host: Host, name: str) -> Order:
    order = host.broker.find(name)
    if order.done:
        raise GatewayError(f"{name} is {order.status}.")
    return order
