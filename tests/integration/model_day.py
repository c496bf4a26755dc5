"""A day of the model: a script of bars and acts, drawn by hypothesis or written down, played on Nautilus' real backtest engine."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from hostile import COMMANDS, FORGED, LOUD, VENUE, WORDS, Hostile
from hypothesis import strategies as st
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.enums import BookType, OrderSide
from nautilus_trader.model.objects import Quantity
from rogue import MES
from stage import DAY, FLAT, WARM_UP_DAY, Prices, SeenVenue, bare, lawbook, play, quiet_day, with_strategies
from venue_truth import VenueTruth

from bot.backtest.run import BacktestRun
from bot.backtest.venue import PessimisticFillModel
from bot.runtime.runtime import runtime_of

BUSY = {  # so much may be done in a day that an hour is enough
    "constitution": {
        "frequency.max_trades_per_day": 12,
        "frequency.max_entries_per_hour": 30,
        "frequency.min_spacing_minutes": 1,
        "frequency.max_submissions_per_day": 30,
        "loss_limits.day_usd": 400.0,
        "loss_limits.week_usd": 500.0,
        "loss_limits.month_usd": 600.0,
        "losing_streak.max_losses": 12,
        "lockouts.volatility_shock.minutes": 1,
        "lockouts.execution_danger.minutes": 1,
        "lockouts.news_shock.minutes": 1,
    },
}
FIRST, ACTS_UNTIL, LAST = dt.time(10, 31), 40, "11:20"
BARS: dict[str, Prices | None] = {
    "through": (0, 3, -3, 1),
    "away up": (2, 6, 1, 3),
    "away down": (-2, -1, -6, -3),
    "spike up": (0, 34, -2, 16),
    "spike down": (0, 2, -34, -16),
    "both": (0, 20, -20, 0),
    "quiet": (0, 4, -4, 1),
    "gap": None,
}
VENUES = ("rule", "one at a time", "slow to fill")


class Script(NamedTuple):
    """A day as plain data: paste it into `play_script` to see it again. Minutes count from 10:31."""

    acts: tuple[tuple[int, str, str, int, int], ...]
    bars: tuple[tuple[int, str], ...] = ()
    venue: str = "rule"


class Piecemeal(PessimisticFillModel):
    """A venue that has one contract at a time for any order but market orders."""

    every = 1  # a price that it shows; with 2 only each second one

    def get_orderbook_for_fill_simulation(self, instrument, order, best_bid, best_ask):
        whole = super().get_orderbook_for_fill_simulation(instrument, order, best_bid, best_ask)
        level = next(iter(whole.asks() or whole.bids()), None)
        self._shown = getattr(self, "_shown", 0) + 1
        if level is None or self._shown % self.every:
            return whole if level is None else OrderBook(instrument.id, BookType.L2_MBP)
        book = OrderBook(instrument.id, BookType.L2_MBP)
        side = OrderSide.SELL if order.side == OrderSide.BUY else OrderSide.BUY
        book.add(BookOrder(side=side, price=level.price, size=Quantity.from_int(1), order_id=1), 0, 0)
        return book


class Sluggish(Piecemeal):
    """Shows only each second price."""

    every = 2


MODELS = {"rule": PessimisticFillModel, "one at a time": Piecemeal, "slow to fill": Sluggish}


class Told(NamedTuple):
    """What a day came to."""

    broken: list[str]
    done: list[str]
    refused: list[str]
    raised: list[str]
    kills: list[tuple[str, str]]
    reports: Counter[str]


def law(folder: Path) -> Path:
    """The contracts of the model's days."""
    return lawbook(folder, FLAT, BUSY)


def play_script(contracts: Path, out: Path, script: Script) -> Told:
    """Play a day; whatever leaves the run is an invariant that did not hold."""
    acts = [(_minute(minute), *act) for minute, *act in script.acts]
    bars = {_minute(minute): BARS[kind] for minute, kind in script.bars}
    rogue = Hostile(acts)
    shutil.rmtree(out, ignore_errors=True)
    excused = script.venue != "rule" or any(name in LOUD or name in VENUE for _, _, name, *_ in script.acts)

    def before(run: BacktestRun) -> None:
        rogue.controller = run.risk
        rogue.truth = VenueTruth(run, MES, runtime_of(run.risk._config.runtime).limits)
        rogue.truth.at(SeenVenue.last.exchange)
        with_strategies(rogue)(run)
        through = run.through
        run.through = lambda: (through(), rogue.truth.end(excused))

    kills, refused = [], []
    parts = {"assembled": bare, "PessimisticVenue": SeenVenue, "PessimisticFillModel": MODELS[script.venue]}
    try:
        with patch.multiple("bot.backtest.config", **parts):
            played = play(contracts, out, quiet_day(WARM_UP_DAY, LAST) + quiet_day(DAY, LAST, bars), before=before)
        kills = [(body["state"], f"{body['reason']}: {body['detail']}") for body in played.of("kill") if body["reason"] != FORGED]
        refused = played.denials
    except Exception as error:
        rogue.truth.breaks(f"{type(error).__name__} left the run: {error}")
    return Told(rogue.truth.broken, rogue.done, refused, rogue.raised, kills, rogue.truth.said)


def _minute(number: int) -> str:
    return f"{dt.datetime.combine(DAY, FIRST) + dt.timedelta(minutes=number):%H:%M}"


ENTRIES = ("enter",) * 6
NAMES = st.sampled_from([*ENTRIES, *COMMANDS, *COMMANDS, *WORDS, *WORDS])
ALL = st.sampled_from([*ENTRIES, *COMMANDS, *COMMANDS, *WORDS, *VENUE, *VENUE, *LOUD])
WHEN = st.sampled_from(["bar", "bar", "bar", "timer", "event"])
NUMBER = st.integers(0, 999)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A day of 5 to 40 acts; on every second one nothing but the rogue's own commands and words, which alone must never kill."""
    names = draw(st.sampled_from([NAMES, ALL]))
    act = st.tuples(st.integers(0, ACTS_UNTIL), WHEN, names, NUMBER, NUMBER)
    acts = draw(st.lists(act, min_size=5, max_size=40))
    bars = draw(st.lists(st.tuples(st.integers(1, ACTS_UNTIL), st.sampled_from(list(BARS))), max_size=12, unique_by=lambda bar: bar[0]))
    return Script(tuple(acts), tuple(bars), draw(st.sampled_from(VENUES)))
