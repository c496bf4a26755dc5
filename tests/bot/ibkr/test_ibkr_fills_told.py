"""A fill that the broker has told is never lost: whatever cannot be read of it, and whoever cannot take it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from ibkr_rig import Draft, on_a_loop, rig, until
from test_ibkr_other_hands import closed_as, entered, goes_on, held, killed
from test_ibkr_recovery import ENTRY, STOP, TARGET, Stage, on_stage
from test_ibkr_rules import execution
from test_ibkr_way_out import leave, leaving

from bot.gateway import order_messages
from bot.ibkr import errors as e
from bot.ibkr.orders.fills import FillLedger, News
from bot.ibkr.orders.order_state import BrokerOrder
from bot.runtime.past import past_of

NOT_TOLD = "1.7976931348623157E308"


def told_as(monkeypatch: pytest.MonkeyPatch, change: Callable[[list[str], Any], list[str]]) -> None:
    """The gateway writes its executions as `change` makes them."""
    before = order_messages.exec_details

    def odd(execution: Any, *rest: Any, **named: Any) -> list[str]:
        return change(before(execution, *rest, **named), execution)

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("bot.gateway") and getattr(module, "exec_details", None) is before:
            monkeypatch.setattr(module, "exec_details", odd)


@on_stage
async def test_an_entry_whose_commission_is_told_first_and_as_none_is_held_and_covered(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        for client in stage.gateway.delivery.sessions:
            client.send(["59", "1", "0003d47a.00000001.01.01", NOT_TOLD, "USD", NOT_TOLD, NOT_TOLD, ""])
        stage.do(f"fill {ENTRY}")
        await until(node.risk.open_trades, lambda: stage.news(), seconds=8)
        assert stage.working == {STOP, TARGET} and held(stage) == 1
        await killed(stage, node)


@pytest.mark.parametrize("form", ["without dots", "without a name"])
def test_an_entry_and_its_exit_count_whatever_the_form_of_their_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, form: str) -> None:
    def change(fields: list[str], execution: Any) -> list[str]:
        name = execution.exec_id.replace(".", "") if form == "without dots" else ""
        return [name if each == execution.exec_id else each for each in fields]

    @on_stage
    async def play(stage: Stage) -> None:
        await stage.place()
        stage.write("OrderSubmitted", "OrderAccepted")
        async with stage.restarted() as node:
            told_as(monkeypatch, change)
            stage.do(f"fill {ENTRY}")
            await until(node.risk.open_trades, lambda: stage.news(), seconds=8)
            await killed(stage, node)
        assert past_of([stage.path]).kill_state.value == "HALTED"

    play(tmp_path)


@on_a_loop
async def test_a_fill_that_nobody_could_take_is_an_alarm_and_is_offered_again_until_it_is_taken() -> None:
    async with rig(pace=50.0) as r:
        alarms: list[str] = []
        r.session.trigger = lambda reason, _: alarms.append(reason)
        take, tries = r.ear.filled, []

        def cannot(order: Any, fill: Any) -> None:
            tries.append(fill.base_id)
            if len(tries) < 3:
                raise RuntimeError("full")
            take(order, fill)

        r.ear.filled = cannot
        r.place(Draft("X", "BUY", 1, "MKT"))
        await r.working("X")
        await r.do("fill X")
        await until(lambda: r.ear.of("X")[-1:] == ["filled"], lambda: r.ear, seconds=8)
        assert len(set(tries)) == 1 and len(tries) == 3 and r.session.orders.orders["X"].filled == 1
        assert r.ear.heard(e.FillNotBooked) and alarms == ["a fill could not be booked"]
        assert not isinstance(r.session.entry_block(), e.FillNotBooked)


@on_a_loop
async def test_an_execution_that_cannot_be_decoded_locks_entries_and_is_told() -> None:
    async with rig(pace=50.0) as r:
        await r.do("garble execDetails all")
        r.place(Draft("X", "BUY", 1, "MKT"))
        await r.working("X")
        await r.do("fill X")
        await until(lambda: r.ear.heard(e.ExecutionMissing), lambda: r.ear, seconds=8)
        assert isinstance(r.session.entry_block(), e.ExecutionMissing)


@on_stage
async def test_an_entry_whose_execution_nobody_can_read_is_booked_when_account_and_status_say_that_it_filled(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        stage.do("garble execDetails all")
        stage.do(f"fill {ENTRY}")
        await until(node.risk.open_trades, lambda: stage.news(), seconds=8)
        assert isinstance(node.session.entry_block(), e.ExecutionMissing) and stage.working == {STOP, TARGET}
        await killed(stage, node)
    assert len(closed_as(stage)) == 1 and past_of([stage.path]).kill_state.value == "HALTED"


@on_stage
async def test_an_exit_whose_execution_nobody_can_read_leaves_no_stop_that_would_open_a_position(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("garble execDetails all SLD")
        leave(node)
        await until(lambda: leaving(stage), seconds=8)
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()), seconds=10)
        assert held(stage) == 0
    assert closed_as(stage) == ["THESIS"]


def test_an_execution_that_comes_after_its_fill_was_booked_on_the_brokers_word_counts_once() -> None:
    ledger = FillLedger(0.62)
    order = BrokerOrder(Draft("A", "BUY", 1, "LMT", limit=100.0), 3, 1, perm_id=5)
    ledger.offer(ledger.on_word(order, 7, 100.0, 1), lambda _: None)
    assert ledger.take(execution("x.01.01"), 3)[0] is News.DUPLICATE
    assert (ledger.total("A"), ledger.net(3, 7)) == (1, 1)
