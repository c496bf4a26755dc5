"""Whatever somebody's words are, the journal can write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.journal import chain


class Worded(msgspec.Struct):
    words: Any
    number: int = 1


TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates among them
PLAIN = TEXTS | st.integers() | st.floats() | st.booleans() | st.none() | st.binary()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


@given(VALUES)
def test_a_record_is_never_lost_by_its_words(words):
    body, text = chain.encoded(Worded(words))
    assert text == chain.encode(body)
    assert msgspec.json.decode(text)["number"] == 1


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("caf\udcff.csv", "caf\\udcff.csv"),
        (object(), "<object>"),
        ({"a": {1, object}}, {"a": "<set>"}),
        ({2: object()}, {"2": "<object>"}),
        ([2**70, object()], [2**70, "<object>"]),
        ([dt.date(2025, 9, 16), "\udcff"], ["2025-09-16", "\\udcff"]),
        (("a", {"b": 1.5}, b"x", object()), ["a", {"b": 1.5}, "eA==", "<object>"]),
    ],
)
def test_what_cannot_be_written_stands_as_what_can(words, written):
    assert msgspec.json.decode(chain.encoded(Worded(words))[1])["words"] == written


def test_what_can_be_written_stays_the_very_same():
    body = Worded({"b": 1, "a": float("nan")})
    assert chain.encoded(body)[0] is body
