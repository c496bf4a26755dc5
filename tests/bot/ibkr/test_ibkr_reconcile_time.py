"""How long after a reconnect everything is known again, at a round trip of 50 ms, with a position and its bracket at the broker."""

from __future__ import annotations

import time
from collections.abc import Callable

from ibkr_rig import bracket, on_a_loop, rig, until
from measured import LIMITS, RECONCILED

from bot.ibkr.link.link_state import LinkState
from bot.node.drill_run import ROUND_TRIP_SECONDS


@on_a_loop
async def test_after_a_reconnect_account_orders_executions_and_position_are_known_within_five_seconds(
    record_property: Callable[[str, object], None],
) -> None:
    patience = {"connect_timeout_seconds": 5.0, "request_timeout_seconds": 4.0, "heartbeat_seconds": 10.0}
    async with rig({"round_trip_seconds": ROUND_TRIP_SECONDS}, **patience) as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("fill B-E")
        await until(lambda: r.ear.of("B-E")[-1] == "filled")
        reached: list[tuple[LinkState, float]] = []
        r.session.link.state_changed.append(lambda state, _: reached.append((state, time.monotonic())))
        await r.do("drop")
        await until(lambda: LinkState.SYNCED in dict(reached))
        assert [state for state, _ in reached] == [LinkState.DOWN, LinkState.CONNECTED, LinkState.SYNCED]
        seconds = dict(reached)[LinkState.SYNCED] - dict(reached)[LinkState.CONNECTED]
        record_property(RECONCILED, round(seconds, 3))
        assert ROUND_TRIP_SECONDS <= seconds <= LIMITS[RECONCILED]
        assert sorted(r.refs()) == ["B-S", "B-T"] and r.session.entry_block() is None
