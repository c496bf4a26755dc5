"""Verbs about orders, executions, positions and accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.gateway import order_messages
from bot.gateway.account import Account, require_accounts
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.intercepts import natural_price
from bot.gateway.notation import to_ticks
from bot.gateway.order_request import OrderRequest
from bot.gateway.orders import Order, Status
from bot.gateway.verbs_connection import seconds
from bot.units import to_cents

if TYPE_CHECKING:
    from bot.gateway.gateway import Gateway

MANUAL_CLIENT = 0


def _ticks(text: str) -> int:
    ticks = to_ticks(Decimal(text))
    assert ticks is not None
    return ticks


def fill(gateway: Gateway, words: list[str]) -> None:
    """`fill ORDER [SIZE [of TOTAL]] [at PRICE]`: an order fills now, in part or whole, whatever the market does."""
    order = gateway.broker.find(words[0])
    if order.done:
        raise GatewayError(f"{words[0]} is {order.status}.")
    price = _ticks(words[words.index("at") + 1]) if "at" in words else natural_price(gateway, order)
    size = int(words[1]) if len(words) > 1 and words[1].isdecimal() else order.remaining
    gateway.broker.exchange.fill(order, price, min(size, order.remaining))


def reject(gateway: Gateway, words: list[str]) -> None:
    """`reject ORDERREF|* [code=201] [TEXT]`: refuse the order with this ref when it comes; before acceptance if not 201."""
    name, *rest = words
    code = 201
    if rest and rest[0].startswith("code="):
        code = int(rest.pop(0).removeprefix("code="))
    told = " ".join(rest)
    text = f"{text_of(code)}{told}" if code == 201 else told or text_of(code)
    gateway.broker.desk.rejections[name.removeprefix("ref=")] = (code, text)


def kill(gateway: Gateway, words: list[str]) -> None:
    """`kill ORDER REASON`: the broker cancels an order, 202 with that reason."""
    gateway.broker.exchange.cancel(_live(gateway, words[0]), " ".join(words[1:]))


def tws_cancel(gateway: Gateway, words: list[str]) -> None:
    """`tws-cancel ORDER`: someone cancels it in TWS."""
    gateway.broker.exchange.cancel(_live(gateway, words[0]), "")


def tws_modify(gateway: Gateway, words: list[str]) -> None:
    """`tws-modify ORDER PRICE`: someone changes its price (a stop's trigger) in TWS."""
    order, price = _live(gateway, words[0]), _ticks(words[1])
    if order.limit is not None:
        order.limit = price
    else:
        order.stop = price
    gateway.broker.exchange.announce(order)


def forget(gateway: Gateway, words: list[str]) -> None:
    """`forget ORDER`: the broker no longer knows it; cancels get 10147."""
    order = gateway.broker.find(words[0])
    gateway.broker.orders.pop((order.client_id, order.order_id), None)
    if order in gateway.broker.exchange.open:
        gateway.broker.exchange.remove(order)


def status(gateway: Gateway, words: list[str]) -> None:
    """`status NAME ORDER [WHY-HELD]`: orderStatus says so without a text; Inactive takes it off the market, Submitted puts it back."""
    order = gateway.broker.find(words[1])
    order.status = Status(words[0])
    if not order.done and order not in gateway.broker.exchange.open:
        gateway.broker.exchange.open.append(order)
    for session in gateway.delivery.sessions:
        if session.client_id == order.client_id:
            fields = order_messages.order_status(order, order_id=order.order_id)
            if len(words) > 2:
                fields[10] = words[2]
            session.send(fields)


def ghost_modify(gateway: Gateway, _: list[str]) -> None:
    """`ghost-modify`: the next modification leaves the old order alive under its permId beside the new one."""
    gateway.broker.desk.ghost_modify = True


def fill_on_cancel(gateway: Gateway, _: list[str]) -> None:
    """`fill-on-cancel`: the next order to be cancelled fills first."""
    gateway.switches.fill_on_cancel = True


def fill_on_modify(gateway: Gateway, _: list[str]) -> None:
    """`fill-on-modify`: the next order to be modified fills first."""
    gateway.switches.fill_on_modify = True


def rollback_id(gateway: Gateway, words: list[str]) -> None:
    """`rollback-id N [--reissue]`: next ids fall by N; --reissue: the ids count as unused again."""
    gateway.broker.roll_back_ids(int(words[0]), reissue="--reissue" in words)


def order_of_messages(gateway: Gateway, words: list[str]) -> None:
    """`order exec-first [ORDERREF]`: the next order (or that one) is told of only after its first execDetails."""
    if words[0] != "exec-first":
        raise GatewayError("The only order of messages is exec-first.")
    gateway.delivery.telling.exec_first.add(words[1] if len(words) > 1 else "*")


def commission(gateway: Gateway, words: list[str]) -> None:
    """`commission normal|drop|first|delay SECONDS`: commission reports as usual, never, before their execution, or late."""
    telling = gateway.delivery.telling
    if words[0] not in ("normal", "drop", "first", "delay"):
        raise GatewayError(f"{words[0]!r} must be normal, drop, first or delay.")
    telling.commission_delay_seconds = seconds(words[1]) if words[0] == "delay" else 0.0
    telling.commission = words[0]


def zone(gateway: Gateway, words: list[str]) -> None:
    """`zone NAME|utc|old|off`: execution times name that zone, are yyyymmdd-hh:mm:ss in UTC, or have no zone; off: US/Central."""
    gateway.delivery.telling.zone = "" if words[0] == "off" else words[0]


def resend(gateway: Gateway, _: list[str]) -> None:
    """`resend execs`: every execDetails again, unasked."""
    for execution in list(gateway.broker.exchange.executions):
        gateway.delivery.executed(execution)


def correct(gateway: Gateway, words: list[str]) -> None:
    """`correct EXECID|ORDER PRICE [SHARES]`: the execution is corrected: same execId but .02 at the end."""
    exchange = gateway.broker.exchange
    name, price, *rest = words
    named = (e for e in reversed(exchange.executions) if name in (e.exec_id, e.order.request.order_ref, str(e.order.perm_id)))
    if (wrong := next(named, None)) is None:
        raise GatewayError(f"no execution is called {name!r}; name its execId, or the orderRef or permId of an order that has filled.")
    stem, _, number = wrong.exec_id.rpartition(".")
    order, account = wrong.order, gateway.broker.accounts[wrong.order.account]
    shares, ticks = int(rest[0]) if rest else wrong.shares, _ticks(price)
    account.fill(order.future, -wrong.shares * order.side, wrong.price, 0)
    realized = account.fill(order.future, shares * order.side, ticks, 0) if shares else None
    order.filled += shares - wrong.shares
    order.value += shares * ticks - wrong.shares * wrong.price
    right = replace(
        wrong, exec_id=f"{stem}.{int(number) + 1:02d}", shares=shares, price=ticks, cumulative=order.filled,
        average=order.average_fill or 0.0, realized_cents=realized if wrong.realized_cents is not None else None,
    )  # fmt: skip
    exchange.executions.append(right)
    gateway.delivery.executed(right)
    gateway.delivery.paid(right)
    gateway.delivery.position_changed(account, right)


def position(gateway: Gateway, words: list[str]) -> None:
    """`position SYMBOL CONTRACTS [ACCOUNT]`: the broker holds that many (signed), at the last price, without any execution."""
    account, future = _account(gateway, words[2:]), gateway.instruments.by_symbol(words[0])
    if future is None:
        raise GatewayError(f"{words[0]} is not listed.")
    held = account.position(future)
    held.contracts = int(words[1])
    held.value = float(held.contracts * gateway.marks[future.con_id])
    for session in gateway.delivery.sessions:
        session.subscriptions.send_position(account, future)
        session.subscriptions.send_account(account)


def equity(gateway: Gateway, words: list[str]) -> None:
    """`equity USD [ACCOUNT]`: cash becomes what gives that NetLiquidation."""
    account = _account(gateway, words[1:])
    account.cash_cents += to_cents(words[0]) - account.equity_cents
    for session in gateway.delivery.sessions:
        session.subscriptions.send_account(account)


def accounts(gateway: Gateway, words: list[str]) -> None:
    """`accounts ID,ID`: the login has exactly these accounts, told at the next connect; new ones have the cash of the first."""
    known, names = gateway.broker.accounts, words[0].split(",")
    require_accounts(names)
    model = next(iter(known.values()))
    chosen = {name: known.get(name) or replace(model, name=name, positions={}, commissions_cents=0) for name in names}
    known.clear()
    known.update(chosen)


def manual(gateway: Gateway, words: list[str]) -> None:
    """`manual buy|sell SIZE SYMBOL [PRICE]`: an order by hand in TWS (orderId 0, clientId 0): filled at once, or resting at a limit."""
    action, size, symbol, *rest = words
    future = gateway.instruments.by_symbol(symbol)
    if future is None or action not in ("buy", "sell"):
        raise GatewayError("Say manual buy or sell, a size and a listed symbol, e.g. manual buy 1 MES.")
    account = _account(gateway, [])
    limit = _ticks(rest[0]) if rest else None
    request = OrderRequest(
        action=action.upper(), quantity=Decimal(size), order_type="MKT" if limit is None else "LMT", limit_price=None, aux_price=None,
        tif="DAY", oca_group="", oca_type=0, account=account.name, open_close="", origin=0, order_ref="", transmit=True, parent_id=0,
        outside_rth=True, good_till_date="", model_code="", trigger_method=0, hidden=False, what_if=False, unserved=(),
    )  # fmt: skip
    order = Order(
        MANUAL_CLIENT, 0, gateway.broker.new_perm_id(), account.name, future, request, int(size), limit, transmitted=True,
        released=int(size), from_ns=gateway.now_ns, priced_ns=gateway.now_ns, manual=True,
    )  # fmt: skip
    gateway.broker.exchange.open.append(order)
    gateway.broker.exchange.announce(order)
    if limit is None:
        gateway.broker.exchange.fill(order, gateway.marks[future.con_id], int(size))


def _live(gateway: Gateway, name: str) -> Order:
    order = gateway.broker.find(name)
    if order.done:
        raise GatewayError(f"{name} is {order.status}.")
    return order


def _account(gateway: Gateway, words: list[str]) -> Account:
    accounts = gateway.broker.accounts
    if words and words[0] not in accounts:
        raise GatewayError(f"{words[0]!r} is no account of this login; there are {', '.join(accounts)}.")
    return accounts[words[0]] if words else next(iter(accounts.values()))


VERBS: dict[str, Callable[[Gateway, list[str]], Any]] = {
    "fill": fill, "reject": reject, "kill": kill, "tws-cancel": tws_cancel, "tws-modify": tws_modify, "forget": forget, "status": status,
    "ghost-modify": ghost_modify, "fill-on-cancel": fill_on_cancel, "fill-on-modify": fill_on_modify, "rollback-id": rollback_id,
    "order": order_of_messages, "commission": commission, "zone": zone, "resend": resend, "correct": correct, "position": position,
    "equity": equity, "accounts": accounts, "manual": manual,
}  # fmt: skip
