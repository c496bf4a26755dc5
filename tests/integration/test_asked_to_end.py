"""A strategy that ends the system while it holds something: it is left first, the kill is latched, and then the run ends."""

from __future__ import annotations

from pathlib import Path

from rogue import Rogue

from bot.decision.snapshot import KillState
from bot.runtime.past import past_of


def test_what_is_held_is_left_before_a_strategy_ends_the_run(day, tmp_path: Path):
    result = day({"10:41": Rogue.enter, "10:45": lambda rogue: rogue.shutdown_system("enough")}, until="11:00")
    assert result.played.kills[0] == ("TRIPPED", "a shutdown was asked for")
    assert [outcome["exit_reason"] for outcome in result.played.outcomes] == ["KILL"]
    past = past_of((str(tmp_path / "out" / "journal.sqlite"),))
    assert (past.kill_state, past.unfinished) == (KillState.HALTED, ())
    assert f"{result.rogue.now:%H:%M}" < "10:50"
