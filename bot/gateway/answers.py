"""What each request is answered with. One function a request; orders and accounts here, data in data_answers.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.gateway import data_answers, messages, order_messages
from bot.gateway.broker import Refusal, WhatIf
from bot.gateway.error_texts import READ_ONLY
from bot.gateway.instruments import CURRENCY, EXCHANGE, SEC_TYPE, SYMBOL
from bot.gateway.notation import money, parse_moment
from bot.gateway.orders import Execution, Order
from bot.gateway.requests import Request
from bot.units import SECOND_NS

if TYPE_CHECKING:
    from bot.gateway.session import Session

READ_ONLY_KINDS = {
    "placeOrder": 3, "cancelOrder": 4, "reqOpenOrders": 5, "reqAutoOpenOrders": 15, "reqAllOpenOrders": 16, "reqGlobalCancel": 58,
    "reqCompletedOrders": 99,
}  # fmt: skip


def refuse_if_read_only(session: Session, request: Request) -> None:
    """Raises Refusal 321 for anything about orders if the API is read-only."""
    if session.gateway.switches.read_only and request.kind in READ_ONLY_KINDS:
        raise Refusal(321, READ_ONLY.format(number=READ_ONLY_KINDS[request.kind]))


def place_order(session: Session, request: Request) -> None:
    """placeOrder: a new order, a modification, or a what-if."""
    assert session.client_id is not None and request.order is not None
    future = data_answers.one_future(session, request)
    answer = session.gateway.broker.place(session.client_id, request["orderId"], future, request.order)
    if answer is not None:
        session.send(_what_if(answer, request["orderId"]))


def cancel_order(session: Session, request: Request) -> None:
    """cancelOrder, of this client's own order."""
    assert session.client_id is not None
    session.gateway.broker.cancel(session.client_id, request["orderId"])


def cancel_all(session: Session, _: Request) -> None:
    """reqGlobalCancel."""
    session.gateway.broker.cancel_all()


def open_orders(session: Session, request: Request) -> None:
    """reqOpenOrders: this client's. reqAllOpenOrders: everybody's."""
    chosen = session.client_id if request.kind == "reqOpenOrders" else None
    _send_open(session, session.gateway.broker.open_orders(chosen))
    session.send(messages.ending("openOrderEnd"))


def auto_open_orders(session: Session, request: Request) -> None:
    """reqAutoOpenOrders: client 0 binds the orders that are entered by hand."""
    if session.client_id != 0:
        raise Refusal(321, "Error validating request:-'b15' : cause - Only the default client (i.e 0) can auto bind orders")
    session.binds_manual_orders = request["bind"]


def completed_orders(session: Session, request: Request) -> None:
    """reqCompletedOrders: filled, cancelled and rejected orders of everybody, or of API clients only."""
    for order in session.gateway.broker.exchange.completed:
        if not (request["apiOnly"] and order.manual):
            session.send(order_messages.completed_order(order))
    session.send(messages.ending("completedOrdersEnd"))


def executions(session: Session, request: Request) -> None:
    """reqExecutions: today's, filtered; commission reports only for own ones, or for the master client."""
    gateway = session.gateway
    since = gateway.midnight_ns
    if request["time"]:
        try:
            since = max(since, parse_moment(request["time"]))
        except ValueError as error:
            raise Refusal(321, f"Error validating request:-'b7' : cause - {error}") from None
    for execution in gateway.broker.exchange.executions:
        if execution.ts_ns >= since and _passes(execution, request):
            send_execution(session, execution, request["reqId"])
    session.send(messages.ending("execDetailsEnd", request["reqId"]))


def send_execution(session: Session, execution: Execution, request_id: int) -> None:
    """execDetails and, if this session may see it, the commission."""
    order = execution.order
    delivery = session.gateway.delivery
    time = delivery.telling.time(execution.ts_ns)
    session.send(order_messages.exec_details(execution, request_id, delivery.visible_id(order, session), time))
    if (order.client_id == session.client_id or delivery.is_master(session)) and delivery.telling.commission != "drop":
        session.send(order_messages.commission_report(execution))


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


def request_ids(session: Session, _: Request) -> None:
    """reqIds."""
    assert session.client_id is not None
    session.send(messages.next_valid_id(session.gateway.broker.next_id(session.client_id)))


def managed_accounts(session: Session, _: Request) -> None:
    """reqManagedAccts."""
    session.send(messages.managed_accounts(session.gateway.broker.accounts))


def current_time(session: Session, _: Request) -> None:
    """reqCurrentTime: the replay's clock, off by what a fault has set."""
    session.send(messages.current_time(session.gateway.now_ns + round(session.gateway.switches.clock_skew_seconds * SECOND_NS)))


def account_updates(session: Session, request: Request) -> None:
    """reqAccountUpdates: values, portfolio, end; then again when they change."""
    session.subscriptions.account_updates(request["subscribe"], request["account"])


def account_updates_multi(session: Session, request: Request) -> None:
    """reqAccountUpdatesMulti."""
    session.subscriptions.account_multi(request["reqId"], request["account"], request["model"])


def account_summary(session: Session, request: Request) -> None:
    """reqAccountSummary: the tags asked for, of all accounts."""
    session.subscriptions.account_summary(request["reqId"], request["tags"])


def positions(session: Session, _: Request) -> None:
    """reqPositions: all accounts' positions, then each change."""
    session.subscriptions.positions_on()


def _send_open(session: Session, orders: list[Order]) -> None:
    for order in orders:
        shown = session.gateway.delivery.visible_id(order, session)
        session.send(order_messages.open_order(order, order_id=shown))
        session.send(order_messages.order_status(order, order_id=shown))


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


def _guarded(answer: Callable[[Session, Request], None]) -> Callable[[Session, Request], None]:
    def answer_unless_read_only(session: Session, request: Request) -> None:
        refuse_if_read_only(session, request)
        answer(session, request)

    return answer_unless_read_only


def _nothing(_: Session, __: Request) -> None:
    """Taken note of; TWS does not answer it either."""


ANSWERS: dict[str, Callable[[Session, Request], None]] = {
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
    "cancelAccountUpdatesMulti": lambda session, request: session.subscriptions.drop("multi", request["reqId"]),
    "reqAccountSummary": account_summary,
    "cancelAccountSummary": lambda session, request: session.subscriptions.drop("summary", request["reqId"]),
    "reqPositions": positions,
    "cancelPositions": lambda session, request: session.subscriptions.positions_off(),
    "setServerLogLevel": _nothing,
    "startApi": _nothing,
    **data_answers.ANSWERS,
}
