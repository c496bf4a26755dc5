"""A trade whose bars stop, or are not believed any more: how it is left, at which price, and what it counts for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from busy_week import bars, reckless_law
from stage import Played, play

from bot.journal.read import headers, opened
from bot.journal.run_end import open_at_end
from bot.units import MINUTE_NS, TICK_POINTS


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reckless_law(tmp_path_factory.mktemp("law"))


@pytest.fixture(scope="module")
def held(law: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A trade of one leg that is held for ten minutes or more before 14:00, not on the last day."""
    played = play(law, tmp_path_factory.mktemp("whole"), bars(), learning=False)
    long = (trade for trade in played.outcomes if trade["closed_ns"] - trade["opened_ns"] >= 10 * MINUTE_NS and trade["legs"] == 1)
    last_day_ns = int(bars()["ts_ns"].iloc[-1]) - 8 * 60 * MINUTE_NS
    return next(trade for trade in long if trade["opened_ns"] // MINUTE_NS % 1440 < 18 * 60 and trade["opened_ns"] < last_day_ns)


def the_same(played: Played, trade: dict) -> dict:
    return next(each for each in played.outcomes if each["trade_id"] == trade["trade_id"])


def opened_at(frame: pd.DataFrame, ts_ns: int) -> float:
    return float(frame.loc[frame["ts_ns"] == ts_ns, "open"].iloc[0]) * TICK_POINTS


@pytest.mark.parametrize("minutes", [30, *(pytest.param(minutes, marks=pytest.mark.slow) for minutes in (3, 600))])
def test_a_trade_whose_bars_stop_is_left_at_the_first_open_that_comes(law: Path, tmp_path: Path, held: dict, minutes: int) -> None:
    entered, frame = held["opened_ns"], bars()
    hole = (frame["ts_ns"] > entered + MINUTE_NS) & (frame["ts_ns"] <= entered + (1 + minutes) * MINUTE_NS)
    left = frame[~hole]
    comes_ns = int(left.loc[left["ts_ns"] > entered + MINUTE_NS, "ts_ns"].iloc[0])
    played = play(law, tmp_path, left, learning=False)
    trade = the_same(played, held)
    assert (trade["exit_reason"], trade["mark"], trade["closed_ns"]) == ("SESSION", "HELD_OVER_GAP", comes_ns)
    worse = -trade["side"] * (trade["exit_price"] - opened_at(left, comes_ns))
    assert worse > 0 and (worse / TICK_POINTS).is_integer()


def test_bars_that_end_in_a_trade_say_so_with_its_open_result(law: Path, tmp_path: Path, held: dict) -> None:
    frame = bars()
    cut = frame[frame["ts_ns"] <= held["opened_ns"] + MINUTE_NS]
    played = play(law, tmp_path, cut, learning=False)
    assert held["trade_id"] not in {trade["trade_id"] for trade in played.outcomes}
    with opened(tmp_path / "journal.sqlite") as db:
        (told,) = open_at_end(headers(db))
    ticks = (float(cut["close"].iloc[-1]) - held["entry_price"] / TICK_POINTS) * held["side"]
    assert told.startswith(f"The run ends in a trade: {held['strategy']}")
    assert f"open result {'-' if ticks < 0 else '+'}${abs(ticks) * 1.25:,.2f}" in told


def test_a_trade_of_a_file_without_holes_has_no_mark(held: dict) -> None:
    assert "mark" not in held


@pytest.mark.slow
def test_bars_off_the_band_fill_nothing_and_the_third_leaves_the_trade_at_the_first_believed_open(law, tmp_path, held) -> None:
    entered, frame = held["opened_ns"], bars().copy()
    off = (frame["ts_ns"] > entered + MINUTE_NS) & (frame["ts_ns"] <= entered + 5 * MINUTE_NS)
    frame.loc[off, ["open", "high", "low", "close"]] *= 2
    trade = the_same(play(law, tmp_path, frame, learning=False), held)
    comes_ns = entered + 6 * MINUTE_NS
    assert (trade["exit_reason"], trade["closed_ns"], "mark" in trade) == ("QUALITY", comes_ns, False)
    worse = -trade["side"] * (trade["exit_price"] - opened_at(frame, comes_ns))
    assert worse > 0 and (worse / TICK_POINTS).is_integer()


@pytest.mark.slow
def test_two_bars_off_the_band_leave_a_trade_alone(law, tmp_path, held) -> None:
    entered, frame = held["opened_ns"], bars().copy()
    off = (frame["ts_ns"] > entered + MINUTE_NS) & (frame["ts_ns"] <= entered + 3 * MINUTE_NS)
    frame.loc[off, ["open", "high", "low", "close"]] *= 2
    trade = the_same(play(law, tmp_path, frame, learning=False), held)
    assert trade["closed_ns"] > entered + 4 * MINUTE_NS or trade["exit_reason"] in ("STOP", "TARGET")


@pytest.mark.parametrize(
    ("factor", "void"),
    [(1.25, True), pytest.param(1.19, False, marks=pytest.mark.slow), pytest.param(0.5, True, marks=pytest.mark.slow)],
)
def test_a_trade_held_into_another_level_is_left_where_that_is_believed_and_void_where_no_market_goes(
    law, tmp_path, held, factor, void
) -> None:
    entered, frame = held["opened_ns"], bars().copy()
    after = frame["ts_ns"] > entered + MINUTE_NS
    prices = frame.loc[after, ["open", "high", "low", "close"]]
    frame.loc[after, ["open", "high", "low", "close"]] = (prices * factor).round().astype(int)
    played = play(law, tmp_path, frame, learning=False)
    trade, comes_ns = the_same(played, held), entered + 11 * MINUTE_NS
    assert (trade["exit_reason"], trade["closed_ns"], trade.get("mark")) == ("QUALITY", comes_ns, "VOID" if void else None)
    if void:
        assert (trade["exit_price"], trade["gross_cents"]) == (trade["entry_price"], 0)
    levels = [body for body in played.of("quality event") if body["event"] == "new_level"]
    assert len(levels) == 1 and levels[0]["detail"].startswith("prices are believed at")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["hole", "void"])
def test_a_shadow_of_the_same_plan_is_left_and_marked_as_the_trade_is(law, tmp_path, held, what) -> None:
    entered, frame = held["opened_ns"], bars().copy()
    after = frame["ts_ns"] > entered + MINUTE_NS
    if what == "hole":
        frame = frame[~after | (frame["ts_ns"] > entered + 31 * MINUTE_NS)]
    else:
        frame.loc[after, ["open", "high", "low", "close"]] *= 2
    real = the_same(play(law, tmp_path / "real", frame, learning=False), held)
    played = play(law, tmp_path / "shadow", frame, observe=True)
    (shadow,) = [each for each in played.of("outcome") if each["decided_ns"] == real["decided_ns"] and each["strategy"] == real["strategy"]]
    same = ("side", "exit_reason", "exit_price", "closed_ns", "gross_cents", "net_cents", "mark")
    assert [shadow[name] for name in same] == [real[name] for name in same]
    assert shadow["shadow"] and shadow["mark"] == {"hole": "HELD_OVER_GAP", "void": "VOID"}[what]
