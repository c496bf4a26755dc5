"""What is in doubt, through the whole node: nothing doubtful keeps a position open, and nothing refused is tried without end."""

from __future__ import annotations

import pytest
from ibkr_rig import until
from nautilus_trader.model.enums import TradingState
from test_ibkr_other_hands import entered, ghost, goes_on, held
from test_ibkr_recovery import NAME, STOP, Stage, on_stage

from bot.decision.plan import ExitReason
from bot.gateway.broker import Broker, Refusal
from bot.messages import ENDPOINT_RISK_CLOSE, CloseTrade


def closing(stage: Stage) -> list[str]:
    """Closing orders that work at the broker."""
    return [ref for ref in stage.working if ref.startswith(f"{NAME}-1X")]


@on_stage
async def test_a_position_whose_stops_are_refused_with_a_code_that_is_in_no_list_is_left_at_once(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stops: list[str] = []
        told = stage.gateway.broker._told_to_refuse

        def refused(request):
            if request.order_type != "STP":
                return told(request)
            stops.append(request.order_ref)
            raise Refusal(383, "the order size exceeds your limit")

        stage.gateway.broker._told_to_refuse = refused
        stage.do(f"err 201 {STOP} Order rejected - reason:outside the band")
        stage.do(f"status Inactive {STOP}")
        await until(lambda: closing(stage), lambda: (stage.working, stage.news()), seconds=8)
        assert len(stops) == 1, "one replacement, and no stop after stop"
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: (stage.working, stage.news()))


@on_stage
async def test_a_closing_order_that_cannot_be_made_for_a_reason_nobody_thought_of_is_refused_and_made_again(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        ids = node.session.link.ids
        given, failures = ids.order_id, [OSError("nobody thought of it"), ZeroDivisionError("nor of this")]

        def order_id() -> int:
            if failures:
                raise failures.pop()
            return given()

        ids.order_id = order_id
        node.kill("out")
        await until(lambda: closing(stage), lambda: (stage.working, stage.news()), seconds=8)
        assert not failures
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: (stage.working, stage.news()))


@pytest.mark.slow
@on_stage
async def test_a_halted_risk_engine_of_nautilus_keeps_no_closing_order_in(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        node.node.kernel.risk_engine.set_trading_state(TradingState.HALTED)
        node.node.kernel.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(NAME, ExitReason.SESSION, "the session ends"))
        await until(lambda: closing(stage), lambda: (stage.working, stage.news()), seconds=8)
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: (stage.working, stage.news()))
        assert node.risk._supervisor.kill_state == "ARMED"


@pytest.mark.parametrize("code", [10147, *(pytest.param(code, marks=pytest.mark.slow) for code in (10148, 20_000))])
def test_a_stop_that_the_broker_keeps_alive_and_nobody_can_cancel_holds_up_no_exit(tmp_path, monkeypatch, code: int) -> None:
    cancel = Broker.cancel

    def stubborn(broker: Broker, client_id: int, order_id: int) -> None:
        order = broker.orders.get((client_id, order_id))
        if order is not None and order.request.order_ref == STOP:
            raise Refusal(code, f"OrderId {order_id} that needs to be cancelled is not found")
        cancel(broker, client_id, order_id)

    monkeypatch.setattr(Broker, "cancel", stubborn)

    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            await ghost(stage, node)
            node.kill("out")
            await until(lambda: closing(stage), lambda: (stage.working, stage.news()), seconds=5)
            assert node.session.orders.orders[STOP].live, "it stays watched"

    play(tmp_path)
