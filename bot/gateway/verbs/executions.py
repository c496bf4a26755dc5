"""Verbs about executions and what is told of them."""

from __future__ import annotations

from dataclasses import replace

from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.orders import Execution
from bot.gateway.verbs.form import seconds, ticks
from bot.gateway.verbs.verb import verb


@verb(
    "order exec-first [ORDERREF]",
    "the next order (or that one) is told of only after its first execDetails.",
    example="order exec-first MES-1",
)
def _order(host: Host, words: list[str]) -> None:
    host.delivery.telling.exec_first.add(words[1] if len(words) > 1 else "*")


@verb(
    "commission normal|drop|first or delay SECONDS",
    "commission reports as usual, never, before their execution, or late.",
    example="commission delay 10s",
)
def _commission(host: Host, words: list[str]) -> None:
    telling = host.delivery.telling
    telling.commission_delay_seconds = seconds(words[1]) if words[0] == "delay" else 0.0
    telling.commission = words[0]


@verb(
    "zone NAME|utc|old|off",
    "execution times name that zone, are yyyymmdd-hh:mm:ss in UTC, or have no zone; off: US/Central.",
    example="zone utc",
)
def _zone(host: Host, words: list[str]) -> None:
    host.delivery.telling.zone = "" if words[0] == "off" else words[0]


@verb("resend execs", "every execDetails again, unasked.", example="resend execs")
def _resend(host: Host, _: list[str]) -> None:
    for execution in list(host.broker.exchange.executions):
        host.delivery.executed(execution)


@verb("correct EXECID|ORDER PRICE [SHARES]", "the execution is corrected: same execId but .02 at the end.", example="correct F 6299.75")
def _correct(host: Host, words: list[str]) -> None:
    name, price, *rest = words
    wrong = _execution(host, name)
    stem, _, number = wrong.exec_id.rpartition(".")
    order, account = wrong.order, host.broker.accounts[wrong.order.account]
    shares, paid = int(rest[0]) if rest else wrong.shares, ticks(price)
    account.fill(order.future, -wrong.shares * order.side, wrong.price, 0)
    realized = account.fill(order.future, shares * order.side, paid, 0) if shares else None
    order.filled += shares - wrong.shares
    order.value += shares * paid - wrong.shares * wrong.price
    right = replace(
        wrong, exec_id=f"{stem}.{int(number) + 1:02d}", shares=shares, price=paid, cumulative=order.filled,
        average=order.average_fill or 0.0, realized_cents=realized if wrong.realized_cents is not None else None,
    )  # fmt: skip
    host.broker.exchange.executions.append(right)
    host.delivery.executed(right)
    host.delivery.paid(right)
    host.delivery.position_changed(account, right)


def _execution(host: Host, name: str) -> Execution:
    """The last one that goes by this execId, orderRef or permId."""
    for execution in reversed(host.broker.exchange.executions):
        if name in (execution.exec_id, execution.order.request.order_ref, str(execution.order.perm_id)):
            return execution
    raise GatewayError(f"no execution is called {name!r}; name its execId, or the orderRef or permId of an order that has filled.")
