"""A frame log of the campaign, played against the adapter's session: what a seed met is met again in one process, without the campaign.

The kept log is of a seed of the healthy node: a trade is entered, the gateway loses IBKR and finds it again, the strategy wants out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from log_replay import Frame, read_log, replay, write_cut

from bot.ibkr.orders.order_state import Phase

LOG = Path(__file__).parent / "logs" / "seed-45.jsonl"
TRADE = "20250916-K1-1032-1"


@pytest.mark.slow
def test_the_log_of_a_seed_plays_against_the_adapter():
    told = replay(read_log(LOG))
    assert {ref.removeprefix(TRADE): order.phase for ref, order in told.orders.items()} == {
        "E": Phase.FILLED, "S": Phase.CANCELED, "T": Phase.CANCELED, "X1": Phase.FILLED,
    }  # fmt: skip
    assert Counter(told.fills) == {(f"{TRADE}E", -1): 1, (f"{TRADE}X1", 1): 1}
    assert "Connectivity between IBKR and Trader Workstation has been lost." in told.errors
    assert [text for text in told.strayed if not text.startswith("req")] == []


@pytest.mark.slow
def test_a_log_that_tells_otherwise_ends_otherwise():
    """What the gateway says of the exit is lost: the session does not take it for filled, nor for gone."""
    lost = [frame._replace(note="swallowed") if frame.way == "out" and f"{TRADE}X1" in frame.fields else frame for frame in read_log(LOG)]
    exit_id = next(frame.fields[1] for frame in lost if frame.kind == "placeOrder" and f"{TRADE}X1" in frame.fields)
    lost = [frame for frame in lost if not (frame.kind == "orderStatus" and frame.fields[1] == exit_id)]
    told = replay(lost)
    assert told.orders[f"{TRADE}X1"].live
    assert Counter(told.fills) == {(f"{TRADE}E", -1): 1}


def test_a_cut_holds_what_the_replay_needs(tmp_path: Path):
    frames = [
        Frame(1, "in", "hello", ["v157..176"], ""), Frame(1, "in", "reqCurrentTime", ["49", "1"], ""),
        Frame(1, "out", "openOrder", ["5", "2"], "swallowed"), Frame(1, "in", "reqPositions", ["61", "1"], ""),
    ]  # fmt: skip
    write_cut(frames, tmp_path / "cut.jsonl")
    assert read_log(tmp_path / "cut.jsonl") == [frames[0], frames[2]]


@pytest.mark.parametrize("kind", ["realtimeBar", "tickPrice", "updateAccountTime"])
def test_market_data_is_left_out(kind: str, tmp_path: Path):
    write_cut([Frame(1, "out", kind, [], ""), Frame(1, "out", "orderStatus", ["3"], "")], tmp_path / "cut.jsonl")
    assert [frame.kind for frame in read_log(tmp_path / "cut.jsonl")] == ["orderStatus"]
