"""Whether the risk engine stands on the path, asked of Nautilus' own message bus."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from order_makers import TRADER
from same_handler import Same

from bot.errors import RiskEngineError
from bot.risk_engine.path import FIRST, Path, hearing_at, standing_at

DOORS = ("RiskEngine.execute", "ExecEngine.execute")


class Stand:
    """A bus, the path with two doors and a topic, and who has heard what."""

    def __init__(self) -> None:
        self.bus, self.heard = MessageBus(TRADER, TestClock()), []
        self.doors = {name: self.hearing(name) for name in DOORS}
        self.topic = self.hearing("events")
        self.part = SimpleNamespace(doors={}, ears=[])
        self.path = Path(self.bus, self.doors, {"events.order.*": self.topic}, lambda: [self.part])

    def hearing(self, who: str) -> Any:
        return lambda message: self.heard.append((who, message))

    def taken(self) -> Stand:
        self.path.take()
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


def test_a_handler_that_claims_to_be_ours_is_somebody_else_at_a_door():
    stand = Stand().taken()
    stand.bus.deregister(DOORS[0], stand.doors[DOORS[0]])
    same = Same(stand.doors[DOORS[0]])
    stand.bus.register(DOORS[0], same)
    assert stand.path.lost() == [DOORS[0]]
    stand.path.take()
    stand.bus.send(DOORS[0], 1)
    assert (stand.heard, same.heard, stand.path.lost()) == ([(DOORS[0], 1)], [], [])


def test_a_handler_that_claims_to_be_ours_is_somebody_else_on_a_topic():
    stand = Stand().taken()
    same = Same(stand.topic)
    stand.bus.unsubscribe("events.order.*", stand.topic)
    stand.bus.subscribe("events.order.*", same, priority=FIRST)
    assert stand.path.lost() == ["events.order.*"]
    stand.path.take()
    stand.bus.publish("events.order.K1", 1)
    assert (stand.heard, same.heard, stand.path.lost()) == ([("events", 1)], [], [])


def test_whoever_hears_as_well_stays():
    stand = Stand().taken()
    stand.bus.subscribe("events.order.*", stand.hearing("another"))
    stand.bus.subscribe("events.order.K1", stand.topic)
    stand.bus.unsubscribe("events.order.*", stand.topic)
    stand.path.take()
    stand.bus.publish("events.order.K1", 1)
    assert stand.heard == [("events", 1), ("another", 1), ("events", 1)]


def test_we_are_heard_first_or_are_lost():
    stand = Stand().taken()
    stand.bus.unsubscribe("events.order.*", stand.topic)
    stand.bus.subscribe("events.order.*", stand.topic)
    assert stand.path.lost() == ["events.order.*"]
    stand.path.take()
    (found,) = stand.bus.subscriptions("events.order.*")
    assert (found.priority, stand.path.lost()) == (FIRST, [])


def test_a_part_stands_where_it_said_from_then_on():
    stand = Stand().taken()
    door, ear = stand.hearing("journal"), stand.hearing("quality")
    stand.part.doors["mesbot.journal"] = door
    stand.part.ears.append(("mesbot.quality", ear, 7))
    assert stand.path.lost() == ["mesbot.journal", "mesbot.quality"]
    stand.path.take()
    stand.bus.send("mesbot.journal", 1)
    stand.bus.publish("mesbot.quality", 2)
    assert stand.heard == [("journal", 1), ("quality", 2)]
    assert [each.priority for each in stand.bus.subscriptions("mesbot.quality")] == [7]
    stand.bus.deregister("mesbot.journal", door)
    stand.bus.unsubscribe("mesbot.quality", ear)
    assert stand.path.lost() == ["mesbot.journal", "mesbot.quality"]


def test_looking_leaves_whoever_stands_there():
    stand = Stand().taken()
    other = stand.hearing("rogue")
    stand.bus.deregister(DOORS[0], stand.doors[DOORS[0]])
    stand.bus.register(DOORS[0], other)
    assert [stand.path.lost() for _ in range(2)] == [[DOORS[0]]] * 2
    stand.bus.send(DOORS[0], 1)
    assert stand.heard == [("rogue", 1)]


def test_whoever_stands_at_an_endpoint_is_seen_in_the_bus_own_table_and_nobody_is_left_there_by_looking():
    bus = MessageBus(TRADER, TestClock())
    table = standing_at(bus)
    assert bus.endpoints() == [] and table == {}
    bus.register("a", repr)
    assert table == {"a": repr}


def test_who_hears_is_seen_in_the_bus_own_table_and_nobody_is_left_there_by_looking():
    bus = MessageBus(TRADER, TestClock())
    table = hearing_at(bus)
    assert bus.subscriptions() == [] and not table
    bus.subscribe("a.*", repr)
    assert [*table] == bus.subscriptions()


def test_who_hears_is_not_mixed_up_with_who_stands_where():
    bus = MessageBus(TRADER, TestClock())
    for name in ("a", "b"):
        bus.register(name, repr)
    bus.subscribe("c", repr)
    assert [*hearing_at(bus)] == bus.subscriptions()


def test_one_ear_that_another_has_taken_is_lost_while_the_others_stay():
    stand = Stand()
    stand.bus.subscribe("events.position.*", stand.hearing("somebody"))
    assert stand.taken().path.lost() == []
    stand.bus.unsubscribe("events.order.*", stand.topic)
    stand.bus.subscribe("events.order.*", stand.hearing("rogue"), priority=FIRST)
    assert stand.path.lost() == ["events.order.*"]


class Closed:
    """A bus that keeps who stands where out of sight."""

    __slots__ = ()

    def subscribe(self, topic: str, handler: Any) -> None:
        """Nothing."""

    unsubscribe = subscribe

    def subscriptions(self) -> list[Any]:
        """Whoever hears."""
        return [object()]

    def register(self, endpoint: str, handler: Any) -> None:
        """Nothing."""

    deregister = register


def test_a_bus_that_does_not_show_who_stands_at_its_endpoints_is_not_used():
    with pytest.raises(RiskEngineError, match="this version of Nautilus does not show who stands at its endpoints; use"):
        standing_at(Closed())


def test_a_bus_that_does_not_show_who_hears_is_not_used():
    with pytest.raises(RiskEngineError, match="this version of Nautilus does not show who stands at its topics; use"):
        hearing_at(Closed())


def test_nobody_can_hear_before_us():
    with pytest.raises(OverflowError):
        MessageBus(TRADER, TestClock()).subscribe("events.order.*", repr, priority=FIRST + 1)
