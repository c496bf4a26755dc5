"""Whether the risk engine stands on the path, asked of Nautilus' own message bus."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from order_makers import TRADER

from bot.risk_engine.path import Path

DOORS = ("RiskEngine.execute", "ExecEngine.execute")


class Stand:
    """A bus, the path with two doors and a topic, and who has heard what."""

    def __init__(self) -> None:
        self.bus, self.heard = MessageBus(TRADER, TestClock()), []
        self.doors = {name: self.hearing(name) for name in DOORS}
        self.topic = self.hearing("events")
        self.path = Path(self.bus, self.doors, {"events.order.*": self.topic})

    def hearing(self, who: str) -> Any:
        return lambda message: self.heard.append((who, message))

    def taken(self) -> Stand:
        self.path.take()
        self.bus.subscribe("events.order.*", self.topic)
        return self


def test_whoever_stood_there_before_is_gone():
    stand = Stand()
    for name in DOORS:
        stand.bus.register(name, stand.hearing("stock"))
    stand.taken()
    for number, name in enumerate(DOORS):
        stand.bus.send(name, number)
    assert stand.heard == [(DOORS[0], 0), (DOORS[1], 1)]
    assert stand.path.lost() == []


def test_where_nobody_stood_it_stands_too():
    stand = Stand().taken()
    stand.bus.send(DOORS[0], 1)
    assert (stand.heard, stand.path.lost()) == ([(DOORS[0], 1)], [])


def test_taking_the_path_again_changes_nothing():
    stand = Stand().taken()
    stand.path.take()
    stand.bus.send(DOORS[1], 1)
    assert (stand.heard, stand.path.lost()) == ([(DOORS[1], 1)], [])


def test_nobody_stands_there_before_the_path_is_taken():
    assert Stand().path.lost() == [*DOORS, "events.order.*"]


@pytest.mark.parametrize("name", DOORS)
def test_a_door_that_was_left_or_taken_by_another_is_lost(name):
    stand = Stand().taken()
    stand.bus.deregister(name, stand.doors[name])
    assert stand.path.lost() == [name]
    stand.bus.register(name, stand.hearing("rogue"))
    assert stand.path.lost() == [name]
    stand.bus.send(name, 1)
    assert stand.heard == [("rogue", 1)]  # looking puts nobody else in or out


def test_looking_leaves_us_at_the_door():
    stand = Stand().taken()
    assert stand.path.lost() == []
    stand.bus.send(DOORS[0], 1)
    assert stand.heard == [(DOORS[0], 1)]


def test_a_topic_that_we_hear_no_more_is_lost():
    stand = Stand().taken()
    stand.bus.unsubscribe("events.order.*", stand.topic)
    stand.bus.subscribe("events.order.*", stand.hearing("rogue"))
    assert stand.path.lost() == ["events.order.*"]
