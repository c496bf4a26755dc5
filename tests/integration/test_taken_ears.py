"""Doors and ears that somebody takes away, of the risk engine or of a part of the run: each is a kill at the next look, and is put back."""

from __future__ import annotations

from pathlib import Path

import pytest
from nautilus_trader.model.enums import OrderSide
from rogue import Rogue
from same_handler import Same

from bot.decision.snapshot import KillState
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_RISK_KILL, TOPIC_MARKET, TOPIC_QUALITY
from bot.risk_engine.path import FIRST
from bot.runtime.past import past_of

LOST = ("TRIPPED", "the risk engine was not on the path")


def equal_ears(rogue: Rogue) -> None:
    for topic in (TOPIC_MARKET, "events.order.*", "events.account.*"):
        for each in [each for each in rogue.msgbus.subscriptions() if each.topic == topic and each.priority == FIRST]:
            rogue.msgbus.unsubscribe(topic, each.handler)
            rogue.msgbus.subscribe(topic, Same(each.handler), FIRST)


def equal_doors(rogue: Rogue) -> None:
    engine = rogue.controller._engine
    for name, stock in (("RiskEngine.execute", engine._pass_risk), ("ExecEngine.execute", engine._pass_exec)):
        rogue.msgbus.deregister(name, Same(""))
        rogue.msgbus.register(name, Same("", stock))


def kill(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")


@pytest.mark.parametrize("take", [equal_ears, equal_doors])
def test_whoever_claims_to_be_the_risk_engine_is_a_kill_and_the_position_is_left(day, take):
    result = day({"10:41": Rogue.enter, "10:45": take}, until="11:00")
    assert result.played.kills[0] == LOST
    assert (result.rogue.nets[-1], result.controller._supervisor.net) == (0, 0)
    assert result.controller._supervisor.kill_state is KillState.HALTED


def test_an_order_that_came_through_another_door_is_sold_again_before_the_book_is_believed_flat(day):
    def both(rogue: Rogue) -> None:
        equal_ears(rogue)
        equal_doors(rogue)
        rogue.submit_order(rogue.market(OrderSide.BUY, 1))

    result = day({"10:41": both}, until="11:00")
    assert result.played.kills[0] == LOST
    assert result.controller._supervisor.kill_state is not KillState.HALTED  # Nautilus holds what is none of ours


@pytest.mark.parametrize("instead", [None, lambda message: None])
def test_a_journal_that_somebody_takes_away_is_a_kill_that_is_written_and_that_a_restart_reads(day, tmp_path: Path, instead):
    def take(rogue: Rogue) -> None:
        rogue.msgbus.deregister(ENDPOINT_JOURNAL, Same(""))
        if instead is not None:
            rogue.msgbus.register(ENDPOINT_JOURNAL, instead)

    result = day({"10:41": Rogue.enter, "10:45": take}, until="11:00")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert result.rogue.nets[-1] == 0
    assert past_of((str(tmp_path / "out" / "journal.sqlite"),)).kill_state is KillState.HALTED


def test_a_kill_in_the_moment_the_journal_is_gone_is_latched_and_written(day, tmp_path: Path):
    def take(rogue: Rogue) -> None:
        rogue.msgbus.deregister(ENDPOINT_JOURNAL, Same(""))
        kill(rogue)

    result = day({"10:41": Rogue.enter, "10:45": take}, until="11:00")
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert (result.rogue.nets[-1], past_of((str(tmp_path / "out" / "journal.sqlite"),)).kill_state) == (0, KillState.HALTED)


@pytest.mark.parametrize("topic", [TOPIC_QUALITY, TOPIC_MARKET])
def test_an_ear_of_a_part_that_somebody_takes_away_is_a_kill_within_minutes(day, topic):
    def deaf(rogue: Rogue) -> None:
        for each in [each for each in rogue.msgbus.subscriptions() if each.topic == topic]:
            rogue.msgbus.unsubscribe(topic, each.handler)

    result = day({"10:41": Rogue.enter, "10:45": deaf}, until="11:00")
    assert result.played.kills[0] == LOST
    assert (result.rogue.nets[-1], result.controller._supervisor.kill_state) == (0, KillState.HALTED)
