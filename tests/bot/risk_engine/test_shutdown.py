"""The end of the system: at once for the desk, a kill for anybody else, and never before what is held has been left."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.common.messages import ShutdownSystem
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.identifiers import ComponentId
from order_makers import TRADER

from bot.risk_engine.path import FIRST
from bot.risk_engine.shutdown import TOPIC, Shutdown
from bot.runtime.said import Said
from bot.units import SECOND_NS

COMMAND = ShutdownSystem(TRADER, ComponentId("K1"), UUID4(), 0, "enough")


class Stand:
    """A kernel that ends on the topic, and the risk engine in its place; `advance` lets the wall's time pass."""

    def __init__(self, *, rest: bool = False) -> None:
        self.bus, self.said, self.ended, self.kills, self.rest = MessageBus(TRADER, TestClock()), Said(), [], [], rest
        self.now_ns, self.due = 7, []
        shutdown = Shutdown(self.bus, self.said, lambda *words: self.kills.append(words), lambda: self.rest)
        self.bus.subscribe(TOPIC, shutdown.hear, priority=FIRST)
        self.bus.subscribe(TOPIC, self.ended.append)
        shutdown.stand(self)

    def call_at(self, name: str, at_ns: int, callback: Any) -> None:
        assert at_ns == self.now_ns + SECOND_NS
        self.due.append(callback)

    def advance(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_ns += SECOND_NS
            due, self.due = self.due, []
            for each in due:
                each()


def test_the_desk_ends_the_run_at_once():
    stand = Stand()
    stand.said.publish(stand.bus, TOPIC, COMMAND)
    assert (stand.ended, stand.kills, stand.due) == ([COMMAND], [], [])


def test_anybody_elses_is_a_kill_and_the_run_ends_when_nothing_is_held():
    stand = Stand()
    stand.bus.publish(TOPIC, COMMAND)
    stand.advance(3)
    assert (stand.ended, stand.kills) == ([], [("a shutdown was asked for", "K1")])
    stand.rest = True
    stand.advance(2)
    assert (stand.ended, stand.due) == ([COMMAND], [])


def test_where_nothing_is_held_it_ends_at_once():
    stand = Stand(rest=True)
    stand.bus.publish(TOPIC, COMMAND)
    assert (stand.ended, len(stand.kills), stand.due) == ([COMMAND], 1, [])


def test_it_ends_after_a_minute_whatever_is_held():
    stand = Stand()
    stand.bus.publish(TOPIC, COMMAND)
    stand.advance(60)
    assert stand.ended == []
    stand.advance(1)
    assert (stand.ended, stand.due) == ([COMMAND], [])


def test_who_asks_again_is_a_kill_again_and_ends_it_once():
    stand = Stand()
    for _ in range(2):
        stand.bus.publish(TOPIC, COMMAND)
    stand.rest = True
    stand.advance(2)
    assert (len(stand.kills), stand.ended) == (2, [COMMAND])


@pytest.mark.parametrize("command", [object(), "stop"])
def test_whatever_is_said_there_is_a_kill(command):
    stand = Stand(rest=True)
    stand.bus.publish(TOPIC, command)
    assert (stand.kills, stand.ended) == ([("a shutdown was asked for", type(command).__name__)], [])


def test_a_kill_that_fails_holds_up_no_end():
    stand = Stand(rest=True)
    stand.kills = None
    with pytest.raises(AttributeError):
        stand.bus.publish(TOPIC, COMMAND)
    assert stand.ended == [COMMAND]
