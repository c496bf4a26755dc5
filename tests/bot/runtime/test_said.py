"""Whose word a message is, and what a listener cannot do to whoever speaks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.model.identifiers import TraderId

from bot.runtime.said import ListenerError, Said


def a_bus() -> MessageBus:
    return MessageBus(TraderId("T-1"), TestClock())


def test_a_message_is_its_makers_word_once_and_only_while_he_says_it():
    bus, said, heard, other = a_bus(), Said(), [], []
    bus.subscribe("x", said.only("x", heard.append, other.append))
    message = object()
    bus.publish("x", message)
    said.publish(bus, "x", message)
    bus.publish("x", message)
    assert (heard, other) == ([message], [message, message])


@pytest.mark.parametrize("raised", [asyncio.CancelledError, GeneratorExit])
@pytest.mark.parametrize("way", ["publish", "send"])
def test_no_listener_ends_the_task_of_whoever_speaks(raised, way):
    bus, said = a_bus(), Said()

    def end(_: Any) -> None:
        raise raised

    bus.subscribe("x", end)
    bus.register("x", end)
    with pytest.raises(ListenerError, match=f"a listener of x raised {raised.__name__}"):
        getattr(said, way)(bus, "x", object())
    heard: list[Any] = []
    message = object()
    said.only("x", heard.append)(message)
    assert heard == []  # it is nobody's word any more


def test_what_waits_in_a_queue_is_known_by_itself_and_once():
    said, mine, other = Said(), [1], [1]
    said.begin_keeping()
    said.keep(mine)
    assert [said.heard(other), said.heard(mine), said.heard(mine)] == [False, True, False]


def test_where_nobody_keeps_whoever_speaks_is_believed():
    said = Said()
    said.keep(mine := object())
    assert said.heard(mine) and said.heard(object())
