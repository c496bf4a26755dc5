"""Verbs about positions and accounts."""

from __future__ import annotations

from dataclasses import replace

from bot.gateway.account import require_accounts
from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.verbs.verb import verb
from bot.units import to_cents


@verb(
    "position SYMBOL CONTRACTS [ACCOUNT]",
    "the broker holds that many (signed), at the last price, without any execution.",
    example="position MES -3",
)
def _position(host: Host, words: list[str]) -> None:
    account, future = host.account(*words[2:]), host.instruments.by_symbol(words[0])
    if future is None:
        raise GatewayError(f"{words[0]} is not listed.")
    held = account.position(future)
    held.contracts = int(words[1])
    held.value = float(held.contracts * host.marks[future.con_id])
    for client in host.clients():
        client.subscriptions.send_position(account, future)
        client.subscriptions.send_account(account)


@verb("equity USD [ACCOUNT]", "cash becomes what gives that NetLiquidation.", example="equity 2500.50")
def _equity(host: Host, words: list[str]) -> None:
    account = host.account(*words[1:])
    account.cash_cents += to_cents(words[0]) - account.equity_cents
    for client in host.clients():
        client.subscriptions.send_account(account)


@verb("margin USD [ACCOUNT]", "the initial margin of one contract becomes that.", example="margin 3000")
def _margin(host: Host, words: list[str]) -> None:
    host.account(*words[1:]).initial_margin_cents = to_cents(words[0])


@verb(
    "accounts IDS",
    "the login has exactly these accounts, told at the next connect; new ones have the cash of the first.",
    example="accounts DU1234567,DU2",
)
def _accounts(host: Host, words: list[str]) -> None:
    known, names = host.broker.accounts, words[0].split(",")
    require_accounts(names)
    model = next(iter(known.values()))
    chosen = {name: known.get(name) or replace(model, name=name, positions={}, commissions_cents=0) for name in names}
    known.clear()
    known.update(chosen)
