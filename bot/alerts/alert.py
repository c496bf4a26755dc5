"""What is told: an event, its level, and a text that names no secret."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from bot.masking import masked
from bot.words import plain

MOST_CHARACTERS = 600  # of one alert; a service takes a few thousand


class Level(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


RANK = {level: rank for rank, level in enumerate(Level)}


class Event(StrEnum):
    """What can be told of; each has a level that the configuration may change."""

    ENTRY = "entry"
    EXIT = "exit"
    STATE = "state"
    LOCK = "lock"
    KILL = "kill"
    NAKED = "naked"
    ORDER = "order"
    BROKER = "broker"
    LINK = "link"
    RUN = "run"
    HEALTH = "health"
    DATA = "data"
    ROLL = "roll"
    CHECK = "check"
    OPERATOR = "operator"
    DIGEST = "digest"
    NOTIFIER = "notifier"
    UNKNOWN = "unknown"


MEANING = {
    Event.ENTRY: "an entry was filled",
    Event.EXIT: "a trade ended, with its result",
    Event.STATE: "a strategy's learning state changed",
    Event.LOCK: "entries are locked, or free again",
    Event.KILL: "the kill switch and its steps",
    Event.NAKED: "a position without a working stop",
    Event.ORDER: "an order was refused or is in doubt",
    Event.BROKER: "account and book differ",
    Event.LINK: "the link to the broker was lost, or is back",
    Event.RUN: "a run began or ended",
    Event.HEALTH: "a run broke off, or its journal stands still",
    Event.DATA: "bars are refused or not believed, or are again",
    Event.ROLL: "the next contract month is near",
    Event.CHECK: "a mesbot check failed",
    Event.OPERATOR: "a person did something by a verb",
    Event.DIGEST: "the day in a few sentences",
    Event.NOTIFIER: "the notifier itself",
    Event.UNKNOWN: "a record that this version does not know",
}
LEVELS = {
    Event.ENTRY: Level.INFO,
    Event.EXIT: Level.INFO,
    Event.STATE: Level.WARNING,
    Event.LOCK: Level.WARNING,
    Event.KILL: Level.CRITICAL,
    Event.NAKED: Level.CRITICAL,
    Event.ORDER: Level.WARNING,
    Event.BROKER: Level.CRITICAL,
    Event.LINK: Level.WARNING,
    Event.RUN: Level.INFO,
    Event.HEALTH: Level.CRITICAL,
    Event.DATA: Level.WARNING,
    Event.ROLL: Level.INFO,
    Event.CHECK: Level.WARNING,
    Event.OPERATOR: Level.WARNING,
    Event.DIGEST: Level.INFO,
    Event.NOTIFIER: Level.WARNING,
}
"""As shipped. What is not here, UNKNOWN, is critical and stays so: nobody can know how bad it is."""


class Said(NamedTuple):
    """What one record, or a look at the run, says. Alerts with the same `key` are one told again; "" is never the same as another.

    Of one `topic` the last that was told is how it stands: whatever is another is told, also if it was told before that.
    """

    event: Event
    text: str
    key: str = ""
    topic: str = ""


class Alert(msgspec.Struct, frozen=True):
    """One thing to tell, its text masked and bounded."""

    event: Event
    level: Level
    text: str
    key: str = ""
    topic: str = ""

    @classmethod
    def of(cls, said: Said, levels: Mapping[Event, Level] = LEVELS) -> Alert:
        """With the level that this event has."""
        text = " ".join(plain(masked(said.text)).split())
        return cls(said.event, levels.get(said.event, Level.CRITICAL), text[:MOST_CHARACTERS], said.key, said.topic)
