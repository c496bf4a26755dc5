"""Records become what they were made from."""

from __future__ import annotations

import math

import msgspec
import pytest
from scripted_run import outcome

from bot.decision.outcome import TradeOutcome
from bot.journal.build import journaled_outcome


class Numbered(TradeOutcome, frozen=True, gc=False):
    """An outcome with the sequence of its record."""

    seq: int = 0


def body(**changes: object) -> dict:
    """An outcome's record as it is read."""
    return msgspec.json.decode(msgspec.json.encode(outcome(0))) | changes


def test_an_outcome_is_read_as_itself_or_with_what_a_reader_adds():
    assert journaled_outcome(body()) == outcome(0)
    read = journaled_outcome(body(seq=7), Numbered)
    assert (type(read), read.seq, read.trade_id, read.gates) == (Numbered, 7, "T1", ())


def test_null_is_nan_again_but_an_unknown_signal_stays_unknown():
    read = journaled_outcome(body(spread_ticks=None, euc={"total": None, "edge": 0.1}, signals={"vwap_z": None}))
    assert math.isnan(read.spread_ticks) and math.isnan(read.euc["total"])
    assert (read.euc["edge"], read.signals) == (0.1, {"vwap_z": None})


@pytest.mark.parametrize("wrong", [{"side": "long"}, {"quantity": None}, {"net_cents": 1.5}, {"exit_reason": None}])
def test_a_value_that_no_outcome_has_is_not_taken_for_one(wrong):
    with pytest.raises(msgspec.ValidationError):
        journaled_outcome(body(**wrong))
