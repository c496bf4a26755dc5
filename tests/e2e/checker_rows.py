"""What the checker looks at: plain rows of Nautilus' own orders, fills and positions, and bars in ticks.

Nothing of mesbot is imported here. Prices in rows are points, as Nautilus reports them; times UTC ns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

TICK = 0.25
SIDES = {"BUY": 1, "SELL": -1}


class Bar(NamedTuple):
    """One minute by its close: prices in ticks."""

    ts: int
    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass
class Report:
    """A run as Nautilus tells it. `orders` carry their events, `fills` and `positions` are its two other reports."""

    bars: list[Bar]
    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    equity_usd: float


def bars_of(frame: Any) -> list[Bar]:
    """Bars from a frame with ts_ns and prices in ticks."""
    columns = [frame[name].tolist() for name in ("ts_ns", "open", "high", "low", "close", "volume")]
    return [Bar(*(int(value) for value in row)) for row in zip(*columns, strict=True)]


def report_of(engine: Any, bars: list[Bar], equity_usd: float) -> Report:
    """Flatten a finished BacktestEngine into rows."""
    orders = [order_row(order) for order in engine.cache.orders()]
    orders.sort(key=lambda row: (row["ts"], row["id"]))
    fills = [
        {
            "order": str(order_id),
            "ts": row["ts_event"].value,
            "side": SIDES[row["order_side"]],
            "quantity": int(row["last_qty"]),
            "price": float(row["last_px"]),
            "fee": usd(row["commission"]),
        }
        for order_id, row in engine.trader.generate_fills_report().iterrows()
    ]
    positions = [
        {
            "strategy": row["strategy_id"].split("-")[0],
            "side": SIDES[row["entry"]],
            "quantity": int(row["peak_qty"]),
            "opened": row["ts_opened"].value,
            "closed": row["ts_closed"].value if row["side"] == "FLAT" else None,
            "pnl": usd(row["realized_pnl"]),
        }
        for _, row in engine.trader.generate_positions_report().iterrows()
    ]
    return Report(bars, orders, fills, positions, equity_usd)


def usd(text: Any) -> float:
    """Dollars of Nautilus' "1.24 USD"."""
    return float(str(text).split()[0].replace("_", ""))


def order_row(order: Any) -> dict[str, Any]:
    """One order as first sent, with all that became of it."""
    values = order.to_dict()
    first = order.events[0]
    options = first.options
    return {
        "id": values["client_order_id"],
        "strategy": values["strategy_id"].split("-")[0],
        "list": values["order_list_id"],
        "parent": values["parent_order_id"],
        "links": list(values["linked_order_ids"] or []),
        "contingency": values["contingency_type"],
        "reduce_only": values["is_reduce_only"],
        "side": SIDES[values["side"]],
        "type": values["type"],
        "quantity": int(first.quantity),
        "price": number(options.get("price")),
        "trigger": number(options.get("trigger_price")),
        "tags": dict(tag.split("=", 1) for tag in values["tags"] or [] if "=" in tag),
        "ts": values["ts_init"],
        "events": [event_row(event) for event in order.events[1:]],
    }


def event_row(event: Any) -> dict[str, Any]:
    """One order event: its kind without the word Order, its time, and what it carries."""
    row: dict[str, Any] = {"kind": type(event).__name__.removeprefix("Order"), "ts": event.ts_event}
    if row["kind"] == "Filled":
        row |= {"price": float(event.last_px), "quantity": int(event.last_qty), "fee": event.commission.as_double()}
    if row["kind"] == "Updated":
        row |= {"price": number(event.price), "trigger": number(event.trigger_price), "quantity": int(event.quantity)}
    return row


def number(value: Any) -> float | None:
    """A price that may be absent."""
    return None if value is None else float(value)
