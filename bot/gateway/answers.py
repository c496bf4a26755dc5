"""What each request is answered with. One function a request; orders and accounts here, data in data_answers.py."""

from __future__ import annotations

from bot.gateway import data_answers, messages, order_messages
from bot.gateway.broker import Refusal, WhatIf
from bot.gateway.client import Client
from bot.gateway.data_answers import Answer
from bot.gateway.error_texts import READ_ONLY
from bot.gateway.instruments import CURRENCY, EXCHANGE, SEC_TYPE, SYMBOL
from bot.gateway.notation import money, parse_moment
from bot.gateway.orders import Execution, Order
from bot.gateway.requests import Request
from bot.gateway.simulation import Simulation
from bot.units import SECOND_NS

READ_ONLY_KINDS = {
    "placeOrder": 3, "cancelOrder": 4, "reqOpenOrders": 5, "reqAutoOpenOrders": 15, "reqAllOpenOrders": 16, "reqGlobalCancel": 58,
    "reqCompletedOrders": 99,
}  # fmt: skip


def refuse_if_read_only(simulation: Simulation, request: Request) -> None:
    """Raises Refusal 321 for anything about orders if the API is read-only."""
    if simulation.switches.read_only and request.kind in READ_ONLY_KINDS:
        raise Refusal(321, READ_ONLY.format(number=READ_ONLY_KINDS[request.kind]))


def place_order(simulation: Simulation, client: Client, request: Request) -> None:
    """placeOrder: a new order, a modification, or a what-if."""
    assert client.client_id is not None and request.order is not None
    future = data_answers.one_future(simulation, request)
    answer = simulation.broker.place(client.client_id, request["orderId"], future, request.order)
    if answer is not None:
        client.send(_what_if(answer, request["orderId"]))


def cancel_order(simulation: Simulation, client: Client, request: Request) -> None:
    """cancelOrder, of this client's own order."""
    assert client.client_id is not None
    simulation.broker.cancel(client.client_id, request["orderId"])


def cancel_all(simulation: Simulation, _: Client, __: Request) -> None:
    """reqGlobalCancel."""
    simulation.broker.cancel_all()


def open_orders(simulation: Simulation, client: Client, request: Request) -> None:
    """reqOpenOrders: this client's. reqAllOpenOrders: everybody's."""
    chosen = client.client_id if request.kind == "reqOpenOrders" else None
    _send_open(simulation, client, simulation.broker.open_orders(chosen))
    client.send(messages.ending("openOrderEnd"))


def auto_open_orders(_: Simulation, client: Client, request: Request) -> None:
    """reqAutoOpenOrders: client 0 binds the orders that are entered by hand."""
    if client.client_id != 0:
        raise Refusal(321, "Error validating request:-'b15' : cause - Only the default client (i.e 0) can auto bind orders")
    client.binds_manual_orders = request["bind"]


def completed_orders(simulation: Simulation, client: Client, request: Request) -> None:
    """reqCompletedOrders: filled, cancelled and rejected orders of everybody, or of API clients only."""
    for order in simulation.broker.exchange.completed:
        if not (request["apiOnly"] and order.manual):
            client.send(order_messages.completed_order(order))
    client.send(messages.ending("completedOrdersEnd"))


def executions(simulation: Simulation, client: Client, request: Request) -> None:
    """reqExecutions: today's, filtered; commission reports only for own ones, or for the master client."""
    since = simulation.midnight_ns
    if request["time"]:
        try:
            since = max(since, parse_moment(request["time"]))
        except ValueError as error:
            raise Refusal(321, f"Error validating request:-'b7' : cause - {error}") from None
    for execution in simulation.broker.exchange.executions:
        if execution.ts_ns >= since and _passes(execution, request):
            send_execution(simulation, client, execution, request["reqId"])
    client.send(messages.ending("execDetailsEnd", request["reqId"]))


def send_execution(simulation: Simulation, client: Client, execution: Execution, request_id: int) -> None:
    """execDetails and, if this session may see it, the commission."""
    order = execution.order
    delivery = simulation.delivery
    time = delivery.telling.time(execution.ts_ns)
    client.send(order_messages.exec_details(execution, request_id, delivery.visible_id(order, client), time))
    if (order.client_id == client.client_id or delivery.is_master(client)) and delivery.telling.commission != "drop":
        client.send(order_messages.commission_report(execution))


def _passes(execution: Execution, request: Request) -> bool:
    order = execution.order
    side = {"BUY": "BOT", "SELL": "SLD"}.get(request["side"], request["side"])
    return (
        (request["clientId"] or order.client_id) == order.client_id
        and request["account"] in ("", order.account)
        and request["symbol"] in ("", SYMBOL)
        and request["secType"] in ("", SEC_TYPE)
        and request["exchange"] in ("", EXCHANGE)
        and side in ("", execution.side)
    )


def request_ids(simulation: Simulation, client: Client, _: Request) -> None:
    """reqIds."""
    assert client.client_id is not None
    client.send(messages.next_valid_id(simulation.broker.next_id(client.client_id)))


def managed_accounts(simulation: Simulation, client: Client, _: Request) -> None:
    """reqManagedAccts."""
    client.send(messages.managed_accounts(simulation.broker.accounts))


def current_time(simulation: Simulation, client: Client, _: Request) -> None:
    """reqCurrentTime: the replay's clock, off by what a fault has set."""
    client.send(messages.current_time(simulation.now_ns + round(simulation.switches.clock_skew_seconds * SECOND_NS)))


def account_updates(_: Simulation, client: Client, request: Request) -> None:
    """reqAccountUpdates: values, portfolio, end; then again when they change."""
    client.subscriptions.account_updates(request["subscribe"], request["account"])


def account_updates_multi(_: Simulation, client: Client, request: Request) -> None:
    """reqAccountUpdatesMulti."""
    client.subscriptions.account_multi(request["reqId"], request["account"], request["model"])


def account_summary(_: Simulation, client: Client, request: Request) -> None:
    """reqAccountSummary: the tags asked for, of all accounts."""
    client.subscriptions.account_summary(request["reqId"], request["tags"])


def positions(_: Simulation, client: Client, __: Request) -> None:
    """reqPositions: all accounts' positions, then each change."""
    client.subscriptions.positions_on()


def _send_open(simulation: Simulation, client: Client, orders: list[Order]) -> None:
    for order in orders:
        shown = simulation.delivery.visible_id(order, client)
        client.send(order_messages.open_order(order, order_id=shown))
        client.send(order_messages.order_status(order, order_id=shown))


def _what_if(answer: WhatIf, order_id: int) -> list[str]:
    fields = order_messages.open_order(answer.order, order_id=order_id, commission=True)
    values = order_messages.decode_named("openOrder", fields)
    change = answer.after_cents - answer.before_cents
    for moment, margin, equity in (
        ("Before", answer.before_cents, answer.equity_cents),
        ("Change", change, 0),
        ("After", answer.after_cents, answer.equity_cents),
    ):
        values |= {f"initMargin{moment}": money(margin), f"maintMargin{moment}": money(margin), f"equityWithLoan{moment}": money(equity)}
    return order_messages.encode_named("openOrder", values | {"whatIf": "1", "commissionCurrency": CURRENCY})


def _guarded(answer: Answer) -> Answer:
    def answer_unless_read_only(simulation: Simulation, client: Client, request: Request) -> None:
        refuse_if_read_only(simulation, request)
        answer(simulation, client, request)

    return answer_unless_read_only


def _nothing(_: Simulation, __: Client, ___: Request) -> None:
    """Taken note of; TWS does not answer it either."""


ANSWERS: dict[str, Answer] = {
    "placeOrder": _guarded(place_order),
    "cancelOrder": _guarded(cancel_order),
    "reqGlobalCancel": _guarded(cancel_all),
    "reqOpenOrders": _guarded(open_orders),
    "reqAllOpenOrders": _guarded(open_orders),
    "reqAutoOpenOrders": _guarded(auto_open_orders),
    "reqCompletedOrders": _guarded(completed_orders),
    "reqExecutions": executions,
    "reqIds": request_ids,
    "reqManagedAccts": managed_accounts,
    "reqCurrentTime": current_time,
    "reqAccountUpdates": account_updates,
    "reqAccountUpdatesMulti": account_updates_multi,
    "cancelAccountUpdatesMulti": lambda _, client, request: client.subscriptions.drop("multi", request["reqId"]),
    "reqAccountSummary": account_summary,
    "cancelAccountSummary": lambda _, client, request: client.subscriptions.drop("summary", request["reqId"]),
    "reqPositions": positions,
    "cancelPositions": lambda _, client, request: client.subscriptions.positions_off(),
    "setServerLogLevel": _nothing,
    "startApi": _nothing,
    **data_answers.ANSWERS,
}
