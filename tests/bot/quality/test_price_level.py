"""The price level: believed or not, boundary by boundary; rolls and their window; when a trade is void."""

from __future__ import annotations

import datetime as dt

import pytest
from bar_makers import contracts

from bot.calendar import expiries_from
from bot.market.bar import Bar
from bot.quality.price_level import Judged, JudgedBefore, PriceLevel, is_roll, is_void
from bot.units import MINUTE_NS

LAW = contracts().data_contract.price_level


def bar(minute: int, price: int, high: int | None = None, low: int | None = None) -> Bar:
    return Bar(minute * MINUTE_NS, price, high or price, low or price, price, 100)


def level(*prices: int) -> PriceLevel:
    made = PriceLevel(0.05, LAW)
    for minute, price in enumerate(prices):
        made.take(bar(minute, price), held=False)
    return made


@pytest.mark.parametrize(
    ("low", "high", "believed"),
    [(9500, 10500, True), (9499, 10500, False), (9500, 10501, False), (9499, 10501, False)],
)
def test_the_band_is_five_percent_either_side_of_the_last_believed_close(low, high, believed):
    assert level(10000).judge(bar(5, 10000, high, low), held=False).believed == believed


@pytest.mark.parametrize(("row", "believed"), [(8, False), (9, True), (10, True)])
def test_the_tenth_bar_in_a_row_off_the_band_is_believed_and_tells_the_factor(row, believed):
    judged = level(10000, *[20000] * row).judge(bar(50, 20000), held=False)
    assert judged == (Judged(True, 2.0) if believed and row == 9 else Judged(believed))


def test_bars_of_the_new_level_are_believed_without_a_factor_after_that():
    assert level(10000, *[20000] * 10).judge(bar(50, 20100), held=False) == Judged(True)
    assert not level(10000, *[20000] * 10).judge(bar(50, 10000), held=False).believed


@pytest.mark.parametrize(("step", "believed"), [(1.05, True), (1.0502, False)])
def test_bars_of_a_row_agree_within_the_band_around_each_other(step, believed):
    made = level(10000, *[20000] * 8)
    made.take(bar(40, int(20000 * step)), held=False)
    assert made.judge(bar(41, int(20000 * step)), held=False).believed == believed


@pytest.mark.parametrize("ends", ["believed", "broken", "other level", "time"])
def test_a_row_ends_with_a_bar_of_the_level_a_broken_one_another_level_or_one_that_is_not_later(ends):
    made = level(10000, *[20000] * 9)
    if ends == "broken":
        made.broken()
    else:
        made.take({"believed": bar(40, 10000), "other level": bar(40, 5000), "time": bar(9, 20000)}[ends], held=False)
    assert not made.judge(bar(41, 20000), held=False).believed


def test_while_a_position_is_held_nothing_is_re_believed_and_the_level_itself_still_is():
    made = level(10000, *[20000] * 9)
    for minute in range(20, 60):
        assert not made.take(bar(minute, 20000), held=True).believed
    assert made.judge(bar(60, 10100), held=True).believed
    assert made.judge(bar(60, 20000), held=False) == Judged(True, 2.0)


def test_a_wrong_first_bar_is_outvoted_by_the_next_that_agree():
    made = PriceLevel(0.05, LAW)
    assert made.take(bar(0, 99999), held=False).believed
    assert [made.take(bar(minute, 10000), held=False).believed for minute in range(1, 12)] == [False] * 9 + [True] * 2


def test_judging_changes_nothing():
    made = level(10000, *[20000] * 8)
    for _ in range(5):
        assert not made.judge(bar(20, 20000), held=False).believed


@pytest.mark.parametrize(
    ("factor", "void"), [(0.0, False), (1.2, False), (1.2001, True), (0.8, False), (0.7999, True), (2.0, True), (0.01, True)]
)
def test_a_trade_is_void_beyond_the_daily_limit(factor, void):
    assert is_void(factor, LAW) is void


EXPIRY = dt.date(2025, 12, 19)


@pytest.mark.parametrize(
    ("days_before", "opened", "roll"),
    [
        (8, 10050, True), (8, 9950, True), (8, 10049, False), (8, 9951, False),
        (9, 10050, False), (0, 10050, True), (-1, 10050, False), (4, 10000, False),
    ],
)  # fmt: skip
def test_a_roll_is_half_a_percent_at_an_open_from_eight_days_before_expiry_to_expiry(days_before, opened, roll):
    assert is_roll(EXPIRY - dt.timedelta(days=days_before), opened, 10000, LAW) is roll


@pytest.mark.parametrize(
    ("day", "expiry"),
    [
        ("2025-09-15", "2025-09-19"),
        ("2025-09-19", "2025-09-19"),
        ("2025-09-20", "2025-12-19"),
        ("2025-12-20", "2026-03-20"),
        ("2026-01-02", "2026-03-20"),
    ],
)
def test_contracts_expire_on_the_third_friday_of_a_quarters_last_month(day, expiry):
    assert next(expiries_from(dt.date.fromisoformat(day))) == dt.date.fromisoformat(expiry)


def test_a_stricter_law_waits_longer():
    made = PriceLevel(0.05, LAW.model_copy(update={"believed_after_bars": 12}))
    found = [made.take(bar(minute, 10000 if minute == 0 else 20000), held=False).believed for minute in range(13)]
    assert found == [True] + [False] * 11 + [True]


# ------------------------------------------------------------------ a restart in the middle

JUMP = [10000] * 3 + [20000] * 12 + [10000] * 11  # up, believed at the tenth, and back


def judged(made: PriceLevel, prices: list[int], first: int, held: set[int]) -> list[Judged]:
    return [made.take(bar(minute, price), held=minute in held) for minute, price in enumerate(prices, start=first)]


def before(prices: list[int], said: list[Judged]) -> JudgedBefore:
    bars = [bar(minute, price) for minute, price in enumerate(prices, start=1)]
    newest = max((number for number, each in enumerate(said) if each.believed), default=-1)
    believed = {each.ts_ns: one.believed for each, one in zip(bars, said, strict=True)}
    return JudgedBefore(believed, bars[newest] if newest >= 0 else None, tuple(bars[newest + 1 :]))


@pytest.mark.parametrize("history", ["as it was", "at one level", "from the middle on", "none"])
@pytest.mark.parametrize("held", [set(), set(range(4, 16))], ids=["flat", "a position is open meanwhile"])
@pytest.mark.parametrize("cut", range(1, len(JUMP)))
def test_after_a_restart_the_same_bars_are_believed_as_without_one(cut, held, history):
    said = judged(PriceLevel(0.05, LAW), JUMP, 1, held)
    shown = {"as it was": JUMP[:cut], "at one level": [10000] * cut, "from the middle on": JUMP[cut // 2 : cut], "none": []}[history]
    made = PriceLevel(0.05, LAW, before(JUMP[:cut], said[:cut]))
    again = judged(made, shown, 1 + cut - len(shown), set())
    assert [each.believed for each in again] == [each.believed for each in said[cut - len(shown) : cut]]
    assert judged(made, JUMP[cut:], 1 + cut, held) == said[cut:]


def test_a_bar_that_is_broken_in_itself_ends_the_row_of_an_earlier_run_too():
    rows = tuple(bar(minute, 20000) for minute in range(2, 11))
    made = PriceLevel(0.05, LAW, JudgedBefore({1: True, 10 * MINUTE_NS: False}, bar(1, 10000), (*rows, None)))
    assert not made.take(bar(11, 20000), held=False).believed
    whole = PriceLevel(0.05, LAW, JudgedBefore({1: True, 10 * MINUTE_NS: False}, bar(1, 10000), rows))
    assert whole.take(bar(11, 20000), held=False) == Judged(True, 2.0)


@pytest.mark.parametrize("held", [False, True])
def test_a_bar_that_lies_at_the_level_is_believed_whatever_is_held(held):
    made = level(10000)
    near, far = bar(2, 10050), bar(2, 20000)
    assert made.holds(near) and made.judge(near, held).believed
    assert not made.holds(far)


def test_nothing_is_said_of_a_bar_that_an_earlier_run_judged_or_of_the_first():
    assert not PriceLevel(0.05, LAW).holds(bar(1, 10000))
    made = PriceLevel(0.05, LAW, JudgedBefore({MINUTE_NS: False}, bar(1, 10000)))
    assert not made.holds(bar(1, 10000))
