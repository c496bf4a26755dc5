"""What a run says it leaves at the broker when it ends: no more than it knows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from builders import plan, trade_view

from bot.ibkr.errors import BrokerError, DuplicateLiveOrder, PositionMismatch, StrayOrder
from bot.ibkr.link.link_state import LinkState
from bot.node.broker_run import _left_behind
from bot.supervision.orders import Role, TrackedOrder

FRONT, OTHER = 1, 2


def left(
    trades: list,
    orders: list,
    held: dict[int, int] | None = None,
    state: LinkState = LinkState.SYNCED,
    met: bool = True,
    halts: dict[str, BrokerError] | None = None,
) -> tuple[str, ...]:
    """What is said; the account holds what the book has, unless `held` (contracts by month) says otherwise."""
    if held is None:
        held = {FRONT: sum(trade.side * trade.quantity_open for trade in trades)}
    holdings = {con_id: SimpleNamespace(contracts=contracts) for con_id, contracts in held.items()}
    contract = SimpleNamespace(localSymbol="MESZ5")
    session = SimpleNamespace(
        link=SimpleNamespace(state=state, allows_entries=state.allows_entries, begun=met),
        account=SimpleNamespace(holdings=holdings),
        orders=SimpleNamespace(halts=halts or {}),
        provider=SimpleNamespace(is_front=lambda con_id: con_id == FRONT, contract=lambda: contract),
    )
    risk = SimpleNamespace(open_trades=lambda: trades, unsettled_orders=lambda: orders)
    return _left_behind(SimpleNamespace(risk=risk, session=session))


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


@pytest.mark.parametrize(
    ("trades", "held", "said"),
    [
        ([], {FRONT: 3}, "The account holds +3 MESZ5, of which mesbot has opened +0"),
        ([trade_view(plan(), stop_order_ids=("s",))], {FRONT: 0}, "The account holds +0 MESZ5, of which mesbot has opened +1"),
        ([], {OTHER: 3}, None),
        ([], {}, None),
    ],
)
def test_what_the_account_holds_besides_is_said(trades, held, said):
    found = [sentence for sentence in left(trades, [], held) if sentence.startswith("The account holds")]
    assert len(found) == (said is not None) and all(sentence.startswith(said) for sentence in found)


@pytest.mark.parametrize("state", [state for state in LinkState if state is not LinkState.SYNCED])
def test_what_is_not_known_for_sure_is_not_called_nothing(state):
    assert f"The link is {state}: what the account holds now is not known for sure" in left([], [], state=state)[0]
    assert left([], [], state=state, met=False) == (), "it was never there: the start has failed, and says why itself"


def test_orders_that_should_not_work_at_the_broker_are_told_and_nothing_else_that_locks_entries():
    stray, ghost = StrayOrder("it has ended", order_ref="A"), DuplicateLiveOrder("permId 1 and 2 both live", order_ref="B")
    found = left([], [], halts={"position": PositionMismatch(1, 0), "stray": stray, "duplicate": ghost})
    assert found == ("A: it has ended; cancel it in TWS.", "B: permId 1 and 2 both live; cancel it in TWS.")
