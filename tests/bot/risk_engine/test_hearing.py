"""Whom the risk engine believes: of every topic and endpoint there is, and of every form that a word may have."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from bot import messages
from bot.decision.plan import ExitReason
from bot.messages import (
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_KILL,
    ENDPOINT_RISK_LEAVING,
    ENDPOINT_RISK_LOCK,
    ENDPOINT_RISK_PATH,
    ENDPOINT_RISK_WITHDRAW,
    OURS,
    TOPIC_EQS_EVENT,
    TOPIC_KILL_TRIGGER,
    TOPIC_MARKET,
    TOPIC_VETO,
    CloseTrade,
    KillTrigger,
    OnPath,
)
from bot.quality.feed import QualityEvent
from bot.risk_engine.hearing import Hearing
from bot.runtime.said import Said
from bot.words import kind_of

EVERY = sorted(value for name, value in vars(messages).items() if name.startswith(("TOPIC_", "ENDPOINT_")))
ANYBODYS = {
    ENDPOINT_RISK_ALARM, ENDPOINT_RISK_CLOSE, ENDPOINT_RISK_KILL, ENDPOINT_RISK_LEAVING, ENDPOINT_RISK_LOCK, ENDPOINT_RISK_PATH,
    ENDPOINT_RISK_WITHDRAW, TOPIC_EQS_EVENT, TOPIC_KILL_TRIGGER,
}  # fmt: skip
CLOSE = CloseTrade("20250916-K1-1041", ExitReason.TIME, "enough")
CHARGE = QualityEvent("late_fill", 7, "an order")


class Bus:
    """A bus with one listener, and what a hearing made of what it said there."""

    def __init__(self, where: str) -> None:
        self.believed: list[Any] = []
        self.refused: list[tuple[str, str]] = []
        self.said = Said()
        self._listener = Hearing(self.said, lambda where, why: self.refused.append((where, why))).of(where, self.believed.append)
        self._where = where

    def send(self, where: str, message: Any) -> None:
        assert where == self._where
        self._listener(message)

    def by_a_part(self, message: Any) -> None:
        self.said.send(self, self._where, message)

    def by_anybody(self, message: Any) -> None:
        self.send(self._where, message)


@pytest.mark.parametrize("where", EVERY)
def test_on_all_that_is_ours_parts_alone_are_believed_save_a_few_words_that_make_things_stricter(where):
    bus, word = Bus(where), object()
    assert where.startswith(OURS)
    bus.by_anybody(word)
    if where in ANYBODYS:
        return
    assert (bus.believed, bus.refused) == ([], [(where, "object that no part of this run says")])
    bus.by_a_part(word)
    assert (bus.believed, len(bus.refused)) == ([word], 1)


def test_a_name_of_ours_that_is_new_is_believed_from_parts_alone():
    bus = Bus(OURS + "tomorrow")
    bus.by_anybody("let it pass")
    assert bus.believed == []


def test_a_word_of_a_part_counts_once():
    bus = Bus(TOPIC_MARKET)
    bus.by_a_part(CHARGE)
    bus.by_anybody(CHARGE)
    assert (bus.believed, bus.refused) == ([CHARGE], [(TOPIC_MARKET, "QualityEvent that no part of this run says")])


def test_what_nautilus_says_is_judged_by_what_stands_behind_it():
    bus = Bus("events.order.*")
    bus.by_anybody(CLOSE)
    assert bus.believed == [CLOSE]


class Quits:
    def __str__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize("where", [ENDPOINT_RISK_ALARM, ENDPOINT_RISK_KILL, ENDPOINT_RISK_WITHDRAW])
@pytest.mark.parametrize(
    ("word", "text"),
    [("stop", "stop"), (7, "7"), ("\ud800", "?"), (None, "None"), (Quits(), "what cannot be shown (SystemExit)")],
    ids=["text", "number", "surrogate", "none", "quits"],
)
def test_a_kill_is_never_lost_by_its_form(where, word, text):
    bus = Bus(where)
    bus.by_anybody(word)
    assert (bus.believed, bus.refused) == ([text], [])


@pytest.mark.parametrize(
    ("word", "trigger"),
    [
        (KillTrigger("lost", "30 s"), KillTrigger("lost", "30 s")),
        (KillTrigger(["lost"], 30), KillTrigger("['lost']", "30")),
        (KillTrigger("\ud800", None), KillTrigger("?", "None")),
        ("lost", KillTrigger("a kill trigger that cannot be read", "str: lost")),
        (Quits(), KillTrigger("a kill trigger that cannot be read", "Quits: what cannot be shown (SystemExit)")),
    ],
    ids=["right", "other types", "surrogate", "text", "quits"],
)
def test_a_trigger_is_one_whatever_it_is_made_of(word, trigger):
    bus = Bus(TOPIC_KILL_TRIGGER)
    bus.by_anybody(word)
    assert (bus.believed, bus.refused) == ([trigger], [])


@pytest.mark.parametrize(
    ("reason", "heard"),
    [
        *((reason, reason) for reason in ExitReason),
        ("TIME", ExitReason.TIME),
        ("BOREDOM", ExitReason.THESIS),
        (7, ExitReason.THESIS),
        (None, ExitReason.THESIS),
        (Enum("Other", {"A": "GOOD"}).A, ExitReason.THESIS),
        (Quits(), ExitReason.THESIS),
    ],
    ids=kind_of,
)
def test_a_trade_is_left_whatever_the_reason_is_made_of(reason, heard):
    bus = Bus(ENDPOINT_RISK_CLOSE)
    bus.by_anybody(CloseTrade("20250916-K1-1041", reason, "\ud800"))
    (request,) = bus.believed
    assert (request, type(request.reason)) == (CloseTrade("20250916-K1-1041", heard, "?"), ExitReason)


@pytest.mark.parametrize(
    ("where", "word", "why"),
    [
        (ENDPOINT_RISK_CLOSE, "20250916-K1-1041", "str where CloseTrade is required"),
        (ENDPOINT_RISK_PATH, CLOSE, "CloseTrade where OnPath is required"),
        (ENDPOINT_RISK_LEAVING, CLOSE, "CloseTrade where Leaving is required"),
        (TOPIC_EQS_EVENT, "late_fill", "str where QualityEvent is required"),
        (TOPIC_EQS_EVENT, QualityEvent("late_fill", "now"), "its QualityEvent cannot be read: Expected `int`, got `str` - at `$.ts_ns`"),
        (TOPIC_VETO, None, "NoneType that no part of this run says"),
    ],
)
def test_what_is_no_such_word_is_refused_and_told(where, word, why):
    bus = Bus(where)
    bus.by_anybody(word)
    assert (bus.believed, bus.refused) == ([], [(where, why)])


def test_a_charge_is_a_copy_and_the_question_is_answered_in_place():
    bus, question = Bus(TOPIC_EQS_EVENT), OnPath()
    bus.by_anybody(CHARGE)
    assert bus.believed == [CHARGE] and bus.believed[0] is not CHARGE
    path = Bus(ENDPOINT_RISK_PATH)
    path.by_anybody(question)
    assert path.believed[0] is question
