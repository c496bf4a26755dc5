"""A fill that the broker has told is never lost: whatever cannot be read of it, and whoever cannot take it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from ibkr_rig import Draft, on_a_loop, rig, until
from test_ibkr_other_hands import held, killed
from test_ibkr_recovery import ENTRY, STOP, TARGET, Stage, on_stage

from bot.gateway import order_messages
from bot.ibkr import errors as e
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
