"""What a stranger says: any value becomes a text that a file can hold, any message a strict copy or a sentence."""

from __future__ import annotations

import enum

import pytest

from bot.decision.plan import Act, ExitReason, ManagementAction
from bot.quality.feed import QualityEvent
from bot.words import MOST, copied, fault_in_words, kind_of, one_line, plain


class Quits:
    def __str__(self) -> str:
        raise SystemExit("with everything")


class Text(str):
    def __str__(self) -> str:
        return self

    def encode(self, *_: object) -> bytes:
        raise RuntimeError


class Forged(type):
    __name__ = property(lambda _: "KillTrigger")


class Named(metaclass=Forged):
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (7, "7"),
        (None, "None"),
        ("a lone \ud800 surrogate", "a lone ? surrogate"),
        ("x" * (MOST + 1), "x" * MOST),
        (Text("still"), "still"),
        (Quits(), "what cannot be shown (SystemExit)"),
    ],
    ids=kind_of,
)
def test_any_value_is_a_text_that_a_file_can_hold(value, text):
    assert plain(value) == text
    assert type(plain(value)) is str
    plain(value).encode()


def test_a_value_is_shown_as_it_is_asked_for():
    assert plain("a", how=repr) == "'a'"


def test_a_type_has_its_own_name_whatever_its_class_says():
    assert (kind_of(Named()), kind_of(7)) == ("Named", "int")


def test_a_copy_says_the_same_and_is_another_object():
    event = QualityEvent("late", 5, "a word")
    assert copied(event, QualityEvent) == event
    assert copied(event, QualityEvent) is not event


def test_a_copy_has_the_types_that_are_declared():
    action = copied(ManagementAction("exit", "out", reason="THESIS"), ManagementAction)
    assert (type(action.act), type(action.reason)) == (Act, ExitReason)


class Heir(QualityEvent, frozen=True):
    pass


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (None, "NoneType where QualityEvent is required"),
        (Heir("late", 5), "Heir where QualityEvent is required"),
        (Named(), "Named where QualityEvent is required"),
        (QualityEvent(7, 5), "its QualityEvent cannot be read: Expected `str`, got `int` - at `$.kind`"),
        (QualityEvent("late", 5.5), "Expected `int`, got `float`"),
        (QualityEvent("late", True), "Expected `int`, got `bool`"),
        (QualityEvent("late", 2**70), "its QualityEvent cannot be read"),
        (QualityEvent("late", 5, "\ud800"), "its QualityEvent cannot be read"),
        (QualityEvent("late", 5, Text("late")), "its QualityEvent cannot be read"),
        (QualityEvent(enum.Enum("E", {"A": [1]}).A, 5), "Expected `str`, got `array`"),
    ],
    ids=kind_of,
)
def test_what_is_no_such_message_is_named(message, words):
    with pytest.raises(ValueError) as fault:
        copied(message, QualityEvent)
    assert words in str(fault.value)
    str(fault.value).encode()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("by nothing."), "by nothing (ZeroDivisionError)"),
        (ValueError("a line\n and another"), "a line and another (ValueError)"),
        (TimeoutError(), "nothing more is known of it than TimeoutError"),
    ],
)
def test_what_went_wrong_comes_before_the_name_of_its_class(error, words):
    assert fault_in_words(error) == words


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("payrolls at 8:30", "payrolls at 8:30"),
        ("  two\nlines\tof it ", "two lines of it"),
        ("\x1b[31mred\x07", "?[31mred?"),
        ("\u202eturned", "?turned"),
        ("naïve €", "naïve €"),
        ("\ud800", "?"),
        (" \n", ""),
    ],
)
def test_a_persons_words_stand_on_one_line_and_steer_no_terminal(said, shown):
    assert one_line(said) == shown
