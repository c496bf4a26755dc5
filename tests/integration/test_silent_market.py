"""A market that falls silent inside the session while something is held: the risk engine misses it by its own clock."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.objects import Quantity
from rogue import MES, Rogue

from bot.risk_engine.brackets import price_of
from bot.risk_engine.controller import RiskController
from bot.units import HOUR_NS, MINUTE_NS


def by_ear(rogue: Rogue) -> None:
    for each in [each for each in rogue.msgbus.subscriptions() if each.topic.startswith("data.bars")]:
        if getattr(each.handler, "__self__", None) is not rogue:
            rogue.msgbus.unsubscribe(each.topic, each.handler)


def test_bars_that_nobody_scores_any_more_are_missed_and_the_position_is_left(day):
    result = day({"10:41": Rogue.enter, "10:45": by_ear}, until="11:15")
    assert result.controller._supervisor.net == 0
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["SESSION"]


def test_an_entry_that_works_is_withdrawn_when_the_market_falls_silent(day):
    away = {f"10:{minute}": (6, 8, 5, 6) for minute in range(42, 60)}
    result = day({"10:41": Rogue.enter, "10:42": by_ear}, away, until="11:15")
    assert not result.controller.entries_live and set(result.rogue.nets) == {0}


def other_bars(rogue: Rogue) -> None:
    """A bar of a whole day, stamped at its close, as a notebook may ask for it."""
    close_ns, close = rogue.time_ns // MINUTE_NS * MINUTE_NS + 6 * HOUR_NS, price_of(rogue.close)
    rogue.cache.add_bar(Bar(BarType.from_str(f"{MES}-1-DAY-LAST-EXTERNAL"), *[close] * 4, Quantity.from_int(1000), close_ns, close_ns))


def test_bars_of_another_length_say_nothing_of_those_of_the_run(day):
    result = day({"10:41": Rogue.enter, "10:45": other_bars}, until="11:15")
    assert (result.controller._supervisor.net, result.played.outcomes) == (1, [])


class Played:
    """A controller's clock and configuration."""

    def __init__(self, **config: bool) -> None:
        self.wall, self._config = SimpleNamespace(now_ns=77), SimpleNamespace(**config)


@pytest.mark.parametrize(("stamps", "replayed", "liveness"), [(False, False, 0), (True, False, 77), (True, True, 0)])
def test_only_where_market_time_is_the_real_one_is_the_walls_a_measure_of_it(stamps, replayed, liveness):
    assert RiskController._time_of_liveness.fget(Played(time_from_stamps=stamps, replayed=replayed)) == liveness


class Held:
    """A trade of so many contracts."""

    def __init__(self, net: int) -> None:
        self.net, self.intent_id = net, f"of {net}"


@pytest.mark.parametrize(("trades", "closed", "ended"), [(True, ["of 0", "of 1"], []), (False, ["of 0"], ["of 1"])])
def test_a_position_keeps_its_stop_while_the_exchange_may_have_halted_and_entries_end_either_way(trades, closed, ended):
    left, withdrawn = [], []
    supervisor = SimpleNamespace(
        register=SimpleNamespace(unfinished=[Held(0), Held(1)]),
        close=lambda request: left.append(request.trade_id),
        entries=SimpleNamespace(end=lambda trade: withdrawn.append(trade.intent_id)),
    )
    RiskController._leave_silent(SimpleNamespace(_supervisor=supervisor), trades=trades)
    assert (left, withdrawn) == (closed, ended)
