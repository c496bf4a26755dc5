"""What the journals tell of orders and fills, as the independent checker's rows (checker_rows.Report): the law is then judged from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checker_rows import TICK, Bar, Report
from year_rows import Row, rows

KINDS = {"OrderSubmitted": "Submitted", "OrderAccepted": "Accepted", "OrderUpdated": "Updated", "OrderCanceled": "Canceled"}
KINDS |= {"OrderExpired": "Expired", "OrderRejected": "Rejected", "OrderDenied": "Denied"}
TYPES = {"STOP": "STOP_MARKET", "TARGET": "LIMIT", "EXIT": "MARKET"}


def report_of(home: Path, equity_usd: float) -> Report:
    """All journals of a state folder as one run."""
    intents = {row.body["intent_id"]: row.body for row in rows(home, "intent")}
    orders: dict[str, dict[str, Any]] = {}
    fills = []
    for row in rows(home, "order event", "fill"):
        name = row.body["client_order_id"]
        if row.kind == "fill" and name in orders:
            orders[name]["events"].append(_filled(row))
            fills.append(
                {"order": name, "side": row.body["side"], **{key: _filled(row)[key] for key in ("ts", "quantity", "price", "fee")}}
            )
        elif row.body.get("event") == "OrderSubmitted" and name not in orders:
            orders[name] = _order(row, intents[row.body["intent_id"]])
        if row.kind == "order event" and name in orders and row.body["event"] in KINDS:
            orders[name]["events"].append(_event(row))
    for each in orders.values():
        each["links"] = [name for letter in "ST" if (name := f"{each['id'][:-1]}{letter}") in orders and name != each["id"]]
    return Report(_bars(home), sorted(orders.values(), key=lambda each: (each["ts"], each["id"])), fills, [], equity_usd)


def _bars(home: Path) -> list[Bar]:
    names = ("open", "high", "low", "close")
    return [Bar(row.ts, *(round(row.body[name] / TICK) for name in names), row.body["volume"]) for row in rows(home, "bar")]


def _order(row: Row, intent: dict[str, Any]) -> dict[str, Any]:
    said, side = row.body, intent["plan"]["side"]
    role, name, entering = said["role"], said["client_order_id"], said["role"] == "ENTRY"
    kind = TYPES.get(role) or ("LIMIT" if said.get("trigger") is None else "STOP_LIMIT")
    return {
        "id": name, "list": said["intent_id"], "strategy": said["strategy"], "type": kind, "ts": row.ts, "quantity": said["quantity"],
        "parent": f"{name[:-1]}E" if role in ("STOP", "TARGET") else None, "contingency": "OTO" if entering else "OUO",
        "reduce_only": False, "price": said.get("price"), "trigger": said.get("trigger"), "events": [],
        "side": side if entering else -side, "tags": {"slippage_ticks": str(intent["slippage_ticks"])},
    }  # fmt: skip


def _event(row: Row) -> dict[str, Any]:
    said = row.body
    prices = {name: said.get(name) for name in ("price", "trigger")}
    return {"kind": KINDS[said["event"]], "ts": row.ts, "quantity": said["quantity"], **prices}


def _filled(row: Row) -> dict[str, Any]:
    said = row.body
    return {"kind": "Filled", "ts": said["ts_ns"], "price": said["price"], "quantity": said["quantity"], "fee": said["fee_cents"] / 100}
