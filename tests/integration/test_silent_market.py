"""A market that falls silent inside the session while something is held: the risk engine misses it by its own clock."""

from __future__ import annotations

from rogue import Rogue


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
