"""What a run says it leaves at the broker when it ends: no more than it knows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from builders import plan, trade_view

from bot.node.broker_run import _left_behind
from bot.supervision.orders import Role, TrackedOrder


def left(trades: list, orders: list) -> tuple[str, ...]:
    return _left_behind(SimpleNamespace(risk=SimpleNamespace(open_trades=lambda: trades, unsettled_orders=lambda: orders)))


def order(role: Role) -> TrackedOrder:
    return TrackedOrder(f"20250916-K1-1030-1{role.value[0]}", role, 1, 1, 1)


@pytest.mark.parametrize(
    ("trades", "orders", "said"),
    [
        ([], [], []),
        ([trade_view(plan(), stop_order_ids=("s",))], [], ["K1 stays long 1 with its stop at"]),
        ([trade_view(plan(), stop_order_ids=())], [], ["K1 stays long 1 and no stop of it is known to work"]),
        ([], [order(Role.ENTRY)], ["20250916-K1-1030-1E may still work at the broker: nothing says that it was cancelled"]),
        ([], [order(Role.STOP)], ["20250916-K1-1030-1S may still work at the broker with nothing held"]),
        ([trade_view(plan(), stop_order_ids=("s",))], [order(Role.ENTRY)], ["K1 stays long 1", "20250916-K1-1030-1E may still"]),
    ],
    ids=["nothing", "a position", "one without a stop", "an entry", "a leftover", "an entry filled in part"],
)
def test_each_thing_that_may_be_open_is_one_sentence(trades, orders, said):
    found = left(trades, orders)
    assert len(found) == len(said)
    for sentence, begins in zip(found, said, strict=True):
        assert sentence.startswith(begins) and ("TWS" in sentence or "start again" in sentence)
