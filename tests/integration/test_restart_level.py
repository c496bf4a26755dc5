"""A run that ends in the middle of a jump to another price level, and the next one: it believes and rejects what one run would have."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from builders import new_york_ns
from stage import DAY, FLAT, WARM_UP_DAY, Played, frame_of, lawbook, play, quiet_day

JUMPS, UNTIL = new_york_ns(f"{DAY} 10:41"), "11:10"


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lawbook(tmp_path_factory.mktemp("law") / "contracts", FLAT)


def quiet() -> pd.DataFrame:
    return frame_of([*quiet_day(WARM_UP_DAY), *quiet_day(DAY, UNTIL)])


def raised(from_ns: int = JUMPS) -> pd.DataFrame:
    """From there on half as high again, and believed with its tenth minute."""
    bars = quiet()
    bars.loc[bars["ts_ns"] > from_ns, ["open", "high", "low", "close"]] *= 3
    bars.loc[bars["ts_ns"] > from_ns, ["open", "high", "low", "close"]] //= 2
    return bars


@pytest.fixture(scope="module")
def whole(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(law, tmp_path_factory.mktemp("whole"), raised())


def believed(played: Played, after_ns: int) -> list[tuple]:
    bars = [record for record in played.records if record.kind == "bar" and record.ts_ns > after_ns]
    return [(bar.ts_ns, bar.body["rejected"], bar.body["dvs"], bar.body["close"]) for bar in bars]


def said(played: Played, after_ns: int) -> list[tuple]:
    return [(each.kind, each.ts_ns, each.strategy, each.body) for each in played.records if each.ts_ns > after_ns]


@pytest.mark.parametrize("clock", ["10:45", pytest.param("10:42", marks=pytest.mark.slow), pytest.param("10:53", marks=pytest.mark.slow)])
@pytest.mark.parametrize("history", ["as it came", "at the old level", "none"])
def test_a_run_begun_in_the_middle_of_a_jump_believes_what_one_run_believes(law, tmp_path, whole, clock, history) -> None:
    after_ns, bars = new_york_ns(f"{DAY} {clock}"), raised()
    play(law, tmp_path / "first", bars[bars["ts_ns"] <= after_ns])
    shown = {"as it came": bars, "at the old level": raised(after_ns), "none": bars[bars["ts_ns"] > after_ns]}[history]
    earlier = (tmp_path / "first" / "journal.sqlite",)
    second = play(law, tmp_path / "second", shown, decide_from_ns=after_ns + 1, earlier=earlier)
    rejected = [(ts_ns, refused) for ts_ns, refused, *_ in believed(whole, after_ns)]
    assert [(ts_ns, refused) for ts_ns, refused, *_ in believed(second, after_ns)] == rejected
    levels = [record for record in second.records if record.kind == "quality event" and record.body["event"] == "new_level"]
    assert [each.ts_ns for each in levels] == ([] if clock == "10:53" else [JUMPS + 10 * 60_000_000_000])
    if history == "as it came":
        assert said(second, after_ns) == said(whole, after_ns)


def test_the_jump_is_rejected_nine_times_and_believed_then(whole: Played) -> None:
    assert [rejected for _, rejected, *_ in believed(whole, JUMPS)] == [True] * 9 + [False] * 20
