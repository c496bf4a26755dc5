"""What the story of a run says of how an entry ended."""

from __future__ import annotations

from typing import Any

import pytest
from builders import CONTRACTS

from bot.journal.read import Record
from bot.journal.records import Kind
from bot.report.story import Story


def told(*records: tuple[Kind, dict[str, Any]]) -> list[str]:
    """The sentences that records of K1's entry are told by."""
    story, of = Story(CONTRACTS), {"strategy": "K1", "intent_id": "20250922-K1-1030", "role": "ENTRY"}
    made = [Record(seq, 0, kind, "K1", {**of, **body}) for seq, (kind, body) in enumerate(records, 1)]
    return [each.text for record in made for each in story.tell(record)]


FILL = Kind.FILL, {"side": 1, "quantity": 1, "price": 6400.25}


@pytest.mark.parametrize(
    ("event", "cause", "sentence"),
    [
        ("OrderExpired", "", "K1: its entry was not filled in its time and is gone."),
        ("OrderCanceled", "", "K1: its entry was cancelled before it was filled and is gone."),
        ("OrderCanceled", "MANUAL", "K1: its entry was cancelled before it was filled (MANUAL) and is gone."),
    ],
)
def test_an_entry_that_ends_unfilled_is_told_by_what_ended_it(event, cause, sentence):
    assert told((Kind.ORDER, {"event": event, "cause": cause})) == [sentence]


def test_of_an_entry_that_was_filled_in_part_only_the_rest_is_gone():
    said = told(FILL, (Kind.ORDER, {"event": "OrderCanceled"}))
    assert said == ["K1 is in: bought 1 at 6,400.25.", "K1: the rest of its entry was cancelled before it was filled and is gone."]


def test_the_end_of_a_bracket_of_two_entries_is_told_once():
    assert len(told(*[(Kind.ORDER, {"event": "OrderExpired"})] * 2)) == 1
