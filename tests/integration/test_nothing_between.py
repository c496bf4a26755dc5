"""Nothing that stands between the doors, and nothing that Nautilus' cache is made to hold, keeps the supervisor from leaving a position."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AssetClass
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import Cfd
from nautilus_trader.model.objects import Price, Quantity
from rogue import MES, Rogue

from bot.decision.snapshot import KillState
from bot.messages import ENDPOINT_RISK_KILL


def kill(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")


def another_instrument(now: int) -> Cfd:
    """One of the same name of which nobody may trade fewer than a hundred."""
    return Cfd(
        instrument_id=MES, raw_symbol=Symbol("MES"), asset_class=AssetClass.INDEX, quote_currency=USD, price_precision=2, size_precision=0,
        price_increment=Price.from_str("0.25"), size_increment=Quantity.from_int(1), min_quantity=Quantity.from_int(100),
        ts_event=now, ts_init=now,
    )  # fmt: skip


def by_cache(rogue: Rogue) -> None:
    rogue.cache.add_instrument(another_instrument(rogue.time_ns))


def by_data(rogue: Rogue) -> None:
    rogue.msgbus.send("DataEngine.process", another_instrument(rogue.time_ns))


@pytest.mark.parametrize("replace", [by_cache, by_data])
def test_an_instrument_that_somebody_replaces_is_a_kill_and_the_position_is_left_by_the_one_of_the_run(day, replace: Callable):
    kept = []
    acts = {"10:41": Rogue.enter, "10:45": replace, "10:48": lambda rogue: kept.append(rogue.cache.instrument(MES).min_quantity)}
    result = day(acts, until="11:00")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert result.played.kills[0][1] == "Nautilus' cache was changed"
    assert (result.rogue.nets[-1], result.controller._supervisor.net, result.rogue.seen("OrderDenied")) == (0, 0, [])
    assert kept != [Quantity.from_int(100)]


def test_an_exit_leaves_in_the_very_moment_the_instrument_is_another(day):
    def both(rogue: Rogue) -> None:
        by_cache(rogue)
        kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": both}, until="11:00")
    assert (result.rogue.nets[-1], result.rogue.seen("OrderDenied")) == (0, [])
    assert result.controller._supervisor.kill_state is KillState.HALTED


def test_an_instrument_that_is_told_again_as_it_is_is_none_other(day):
    def again(rogue: Rogue) -> None:
        found = rogue.cache.instrument(MES)
        rogue.cache.add_instrument(type(found).from_dict(type(found).to_dict(found) | {"ts_init": rogue.time_ns}))

    result = day({"10:41": Rogue.enter, "10:45": again}, until="11:00")
    assert (result.rogue.nets[-1], result.played.kills) == (1, [])
