"""Idle stretches: a backtest that passes over them writes what one that shows Nautilus each bar does, and does not where it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders import calendar
from busy_week import SESSIONS, bars, reckless_law
from foreign import spoil, write
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from stage import Played, play

from actors.learning import LearningActor
from bot.backtest.idle import ClosedHours, Rest
from bot.backtest.instrument import minute_bars
from bot.backtest.run import BacktestRun
from bot.units import MINUTE_NS


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reckless_law(tmp_path_factory.mktemp("law"))


class Counted:
    """For `play(before=...)`: how many bars Nautilus saw."""

    def __init__(self, also: Callable[[BacktestRun], None] | None = None) -> None:
        self._also = also

    def __call__(self, run: BacktestRun) -> None:
        self._run = run
        if self._also is not None:
            self._also(run)
        cut = run.through

        def through(*given: Any) -> str:
            head = cut(*given)
            self.seen = run.engine.iteration
            self.head = head
            return head

        run.through = through


def both(law: Path, folder: Path, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, **how: Any) -> tuple[Counted, Counted, Played]:
    """The run as it is, and one that never rests: what Nautilus saw, and what the first one wrote. Their heads are compared."""
    passing, ordinary = Counted(), Counted()
    played = play(law, folder / "passing", frame, before=passing, **how)
    with monkeypatch.context() as patched:
        patched.setattr(Rest, "now", lambda self: False)
        other = play(law, folder / "ordinary", frame, before=ordinary, **how)
    assert played.records == other.records
    assert passing.head == ordinary.head
    assert ordinary.seen == len(frame)
    return passing, ordinary, played


def night(number: int, frame: pd.DataFrame) -> list[int]:
    """The rows between the close of session `number` (from 0) and the next one's open."""
    before, after = calendar_of(frame)[number], calendar_of(frame)[number + 1]
    return list(frame.index[(frame["ts_ns"] > before.close_ns) & (frame["ts_ns"] <= after.open_ns)])


def calendar_of(frame: pd.DataFrame) -> list[Any]:
    first, last = int(frame["ts_ns"].iloc[0]), int(frame["ts_ns"].iloc[-1])
    return [each for each in calendar().sessions if first < each.close_ns and each.open_ns < last]


def test_what_is_passed_over_is_most_of_the_night_and_no_record_differs(law, tmp_path, monkeypatch):
    passing, ordinary, played = both(law, tmp_path, bars(), monkeypatch)
    closed = sum(calendar().session_at(ts_ns) is None for ts_ns in bars()["ts_ns"])
    assert ordinary.seen - passing.seen > 0.95 * closed
    assert played.outcomes and any(body["shadow"] for body in played.of("outcome"))


def _off(frame: pd.DataFrame, rows: list[int], factor: float = 1.5) -> pd.DataFrame:
    """These bars, off the band around the last close: rejected, until so many agree that the level is another."""
    frame = frame.copy()
    for name in ("open", "high", "low", "close"):
        frame.loc[rows, name] = (frame.loc[rows, name] * factor).round().astype(frame[name].dtype)
    return frame


SPOILT: dict[str, Callable[[pd.DataFrame, list[int]], pd.DataFrame]] = {  # by the rows of a night
    "bars that are rejected": lambda frame, rows: _off(frame, rows[300:303]),
    "the last bar is": lambda frame, rows: _off(frame, rows[-1:]),
    "every second bar is": lambda frame, rows: _off(frame, rows[1::2]),
    "the last bar is, and the first of the session": lambda frame, rows: _off(frame, [rows[-1], rows[-1] + 1]),
    "another level from then on": lambda frame, rows: _off(frame, [row for row in frame.index if row >= rows[300]], 1.2),
    "bars stop for hours": lambda frame, rows: frame.drop(index=rows[200:500]),
    "no bar": lambda frame, rows: frame.drop(index=rows),
    "one bar": lambda frame, rows: frame.drop(index=rows[:300] + rows[301:]),
    "two bars of one minute": lambda frame, rows: frame.assign(
        ts_ns=frame["ts_ns"].where(frame.index != rows[300], frame["ts_ns"] - MINUTE_NS)
    ),
    "the file begins in the session after": lambda frame, rows: frame[frame.index > rows[-1] + 60],
}


QUICK = ("bars that are rejected", "the last bar is, and the first of the session", "another level from then on", "two bars of one minute")


@pytest.mark.parametrize("spoilt", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in SPOILT])
def test_whatever_a_night_holds_no_record_differs(law, tmp_path, monkeypatch, spoilt):
    frame = SPOILT[spoilt](bars(), night(2, bars())).reset_index(drop=True)
    passing, ordinary, _ = both(law, tmp_path, frame, monkeypatch)
    assert passing.seen < ordinary.seen


def test_a_trade_that_is_held_into_the_night_is_looked_after_bar_by_bar(law, tmp_path, monkeypatch):
    trade = next(each for each in play(law, tmp_path / "first", bars()).outcomes if each["closed_ns"] - each["opened_ns"] > 5 * MINUTE_NS)
    session = next(each for each in calendar().sessions if each.open_ns < trade["opened_ns"] <= each.close_ns)
    ts_ns = bars()["ts_ns"]
    stopped = bars()[(ts_ns <= trade["opened_ns"] + MINUTE_NS) | (ts_ns > session.close_ns + 30 * MINUTE_NS)].reset_index(drop=True)
    *_, played = both(law, tmp_path, stopped, monkeypatch)
    left = next(each for each in played.outcomes if each["trade_id"] == trade["trade_id"])
    assert left["closed_ns"] > session.close_ns
    assert left["mark"] == "HELD_OVER_GAP"


def test_shadow_trades_that_are_followed_keep_the_run_awake(law, tmp_path, monkeypatch):
    asked: list[bool] = []
    monkeypatch.setattr(LearningActor, "follows", property(lambda self: asked.append(True) or True))
    counted = Counted()
    play(law, tmp_path, bars(), before=counted)
    assert asked
    assert counted.seen == len(bars())


# ------------------------------------------------------------------ others

HEARS = (
    "    def on_start(self) -> None:\n"
    "        super().on_start()\n"
    "        self.subscribe_bars(BarType.from_str('MES.CME-1-MINUTE-LAST-EXTERNAL'))\n"
    "        self.clock.set_timer('late', pd.Timedelta(minutes=7), callback=lambda event: self.times.append(event.ts_event))\n\n"
    "    times: list[int] = []\n"
    "    heard: list[int] = []\n\n"
    "    def on_bar(self, bar: object) -> None:\n"
    "        self.heard.append(bar.ts_event)\n\n"
)


def test_a_strategy_of_ones_own_hears_every_bar_and_every_time(law, tmp_path):
    folder = write(tmp_path / "mine")
    spoil(folder, "    def detect(", HEARS + "    def detect(")
    spoil(
        folder,
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nimport pandas as pd\nfrom nautilus_trader.model.data import BarType\n",
    )
    found: list[Any] = []
    counted = Counted(lambda run: found.extend(each for each in run.engine.trader.strategies() if each.name == "Z6"))
    play(law, tmp_path / "out", bars(), before=counted, strategies=(folder,))
    (mine,) = found
    assert mine.heard == bars()["ts_ns"].tolist()
    apart = {later - earlier for earlier, later in zip(mine.times, mine.times[1:], strict=False)}
    assert apart == {7 * MINUTE_NS}
    assert len(mine.times) > SESSIONS * 100


class Listener(Actor):
    """Somebody's own actor."""

    def on_start(self) -> None:
        self.heard: list[int] = []
        self.subscribe_bars(minute_bars(self.cache.instruments()[0].id))

    def on_bar(self, bar: Any) -> None:
        self.heard.append(bar.ts_event)


def test_an_actor_of_ones_own_hears_every_bar(law, tmp_path):
    listener = Listener(ActorConfig())
    play(law, tmp_path, bars(), before=lambda run: run.engine.add_actor(listener))
    assert listener.heard == bars()["ts_ns"].tolist()


def test_of_what_ships_quality_alone_hears_bars_and_no_strategy_waits_for_a_time(law, tmp_path):
    found: set[tuple[frozenset[str], int]] = set()

    def look(run: BacktestRun) -> None:
        cut, topic = run._run, f"data.bars.{minute_bars(run.instrument.id)}"

        def watched(given: list[Any]) -> None:
            cut(given)
            hearing = {type(each.handler.__self__).__name__ for each in run.engine.kernel.msgbus.subscriptions(topic)}
            found.add((frozenset(hearing), sum(each.clock.timer_count for each in run.engine.trader.strategies())))

        run._run = watched

    play(law, tmp_path, bars(), before=look)
    assert found == {(frozenset({"QualityActor"}), 0)}


# ------------------------------------------------------------------ hours


def test_an_answer_about_hours_holds_as_long_as_it_says():
    hours, calm = ClosedHours(calendar()), calendar()
    first, last = calm.sessions[2].open_ns, calm.sessions[8].close_ns
    for ts_ns in range(first, last, MINUTE_NS):
        assert hours.closed(ts_ns) is (calm.session_at(ts_ns) is None)
        until_ns = hours.until_ns
        assert ts_ns <= until_ns
        assert calm.session_at(until_ns) is calm.session_at(ts_ns)
        assert calm.trading_day(until_ns) is calm.trading_day(ts_ns)
    for ts_ns in (last, first, last):  # asked in any order
        assert hours.closed(ts_ns) is (calm.session_at(ts_ns) is None)
