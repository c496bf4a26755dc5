"""What another hand in the process says in the adapter's name, through the whole node: nothing of it is believed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ibkr_rig import until
from order_makers import bracket
from test_ibkr_other_hands import entered, held
from test_ibkr_recovery import NAME, STOP, Stage, on_stage

from bot.journal.read import opened, read
from bot.journal.records import NOT_BELIEVED, Kind, OrderRecord
from bot.messages import (
    ENDPOINT_HOLDINGS,
    ENDPOINT_RISK_FOUND,
    ENDPOINT_RISK_POSITION,
    ENDPOINT_RISK_SEEDED,
    ENDPOINT_RISK_STANDING,
    PositionDiffers,
    Standing,
)

FORGED = {
    ENDPOINT_RISK_POSITION: PositionDiffers(1, 0, True, 6400.0),
    ENDPOINT_RISK_FOUND: OrderRecord(f"{NAME}-1S", NAME, "K1", "STOP", "OrderCanceled", 1),
    ENDPOINT_HOLDINGS: lambda question: setattr(question, "held", 0),
    ENDPOINT_RISK_STANDING: Standing(),
    ENDPOINT_RISK_SEEDED: bracket().orders[1],
}


@pytest.mark.parametrize("endpoint", sorted(FORGED))
def test_a_position_keeps_its_stop_and_is_left_when_a_person_says_so(tmp_path: Any, endpoint: str) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            node.node.kernel.msgbus.send(endpoint, FORGED[endpoint])
            await asyncio.sleep(0)
            assert (len(node.risk.open_trades()), STOP in stage.working, held(stage)) == (1, True, 1)
            node.kill("out")
            await until(lambda: not stage.working or any("-1X" in ref for ref in stage.working), lambda: stage.working)
        with opened(stage.path) as db:
            told = [record.body for record in read(db, Kind.RECONCILE) if record.body["found"] == NOT_BELIEVED]
        assert [body["text"].partition(":")[0] for body in told] == [endpoint]

    play(tmp_path)
