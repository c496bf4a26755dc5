"""The gateway's truth, for tests that compare book and broker from outside. Prices are points, money dollars."""

from __future__ import annotations

from typing import Any

from bot.gateway.account import Account
from bot.gateway.host import Host
from bot.gateway.orders import Execution, Order
from bot.units import to_points


def truth(host: Host) -> dict[str, Any]:
    """Everything: clock (UTC ns), lockstep counts, clients, accounts, live and completed orders, executions."""
    exchange = host.broker.exchange
    return {
        "clock_ns": host.now_ns,
        "running": host.clock.running.is_set(),
        "ended": host.replay.ended.is_set(),
        "pieces": host.replay.pieces_done,
        "barriers": host.lockstep.barriers,
        "lockstep_timeouts": host.lockstep.timeouts,
        "clients": sorted(client.client_id for client in host.delivery.sessions if client.client_id is not None),
        "accounts": {name: _account(account) for name, account in host.broker.accounts.items()},
        "orders": [_order(order) for order in host.broker.open_orders()],
        "completed": [_order(order) for order in exchange.completed],
        "executions": [_execution(execution) for execution in exchange.executions],
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "cash_usd": account.cash_cents / 100,
        "equity_usd": account.equity_cents / 100,
        "commissions_usd": account.commissions_cents / 100,
        "positions": {
            position.future.local_symbol: {
                "contracts": position.contracts,
                "average": to_points(position.average),
                "realized_usd": position.realized_cents / 100,
            }
            for position in account.positions.values()
        },
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "client_id": order.client_id, "order_id": order.order_id, "perm_id": order.perm_id, "ref": order.request.order_ref,
        "account": order.account, "symbol": order.future.local_symbol, "action": order.request.action, "type": order.request.order_type,
        "quantity": order.quantity, "filled": order.filled, "working": order.released - order.filled if order.working else 0,
        "limit": None if order.limit is None else to_points(order.limit), "stop": None if order.stop is None else to_points(order.stop),
        "tif": order.request.tif, "status": order.status.value, "transmitted": order.transmitted, "why_held": order.why_held,
        "parent_id": order.parent.order_id if order.parent else 0, "completed": order.completed_text,
    }  # fmt: skip


def _execution(execution: Execution) -> dict[str, Any]:
    order = execution.order
    return {
        "exec_id": execution.exec_id, "ts_ns": execution.ts_ns, "perm_id": order.perm_id, "ref": order.request.order_ref,
        "side": execution.side, "shares": execution.shares, "price": to_points(execution.price),
        "commission_usd": execution.commission_cents / 100,
        "realized_usd": None if execution.realized_cents is None else execution.realized_cents / 100,
    }  # fmt: skip
