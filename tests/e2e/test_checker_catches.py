"""The independent checker, checked: a clean report passes, and each doctored one is caught by exactly what was done to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import checker_limits
import checker_story as told
import pytest
from checker import check
from checker_clock import MINUTE, SECOND, hours, may_enter, rth_minute, trading_day
from checker_evidence import Evidence
from checker_rows import TICK
from checker_story import LEVEL, THURSDAY, TUESDAY, WEDNESDAY, Story, at, clean, event

Doctor = Callable[[Story], None]
DOCTORED: list[tuple[str, Doctor, set[str]]] = []


def caught_by(*names: str) -> Callable[[Doctor], Doctor]:
    """List a doctored report with the violations it must raise, these and no others."""

    def put(doctor: Doctor) -> Doctor:
        DOCTORED.append((doctor.__name__, doctor, set(names)))
        return doctor

    return put


def fill_of(story: Story, name: str) -> dict[str, object]:
    """A fill of an order, to be doctored."""
    return next(each for each in story.orders[name]["events"] if each["kind"] == "Filled")


def again(story: Story, name: str, maker: Callable[..., None], ts: int, **more: object) -> None:
    """Tell an entry anew."""
    story.drop(name)
    story.orders.pop(f"{name}-1X", None)
    maker(story, name, ts, **more)


# ------------------------------------------------------------- size and counting


@caught_by("TOO_MANY_CONTRACTS")
def three_contracts(story: Story) -> None:
    again(story, "first", told.winner, at(TUESDAY, "10:41"), stop=LEVEL - 4, quantity=3)


@caught_by("ENTRY_WHILE_POSITION_OPEN")
def an_entry_while_a_position_is_open(story: Story) -> None:
    again(story, "second", told.left_at_market, at(WEDNESDAY, "13:31"), minutes=80)
    again(story, "loser", told.never_filled, at(WEDNESDAY, "14:35"))


@caught_by("TWO_ENTRIES_AT_ONCE", "TWO_ENTRIES_AN_HOUR", "ENTRY_TOO_SOON")
def two_entries_at_once(story: Story) -> None:
    told.never_filled(story, "copy", at(THURSDAY, "10:42"))


@caught_by("TOO_MANY_TRADES_A_DAY")
def a_third_trade_in_a_day(story: Story) -> None:
    again(story, "late", told.never_filled, at(TUESDAY, "14:50"))


@caught_by("TWO_ENTRIES_AN_HOUR")
def two_entries_in_a_clock_hour(story: Story) -> None:
    again(story, "late", told.never_filled, at(THURSDAY, "14:02"))
    told.never_filled(story, "copy", at(THURSDAY, "14:35"))


@caught_by("ENTRY_TOO_SOON")
def entries_a_minute_too_close(story: Story) -> None:
    again(story, "late", told.never_filled, at(THURSDAY, "14:45"))
    told.never_filled(story, "copy", at(THURSDAY, "15:14"))


@caught_by("TOO_MANY_SUBMISSIONS", "TWO_ENTRIES_AN_HOUR")  # the windows touch six clock hours: a seventh entry breaks both
def seven_submissions(story: Story) -> None:
    story.drop("late")
    for clock in ("09:40", "10:20", "11:05", "13:31", "14:05", "15:02", "15:40"):
        told.never_filled(story, f"try{clock[:2]}{clock[3:]}", at(THURSDAY, clock))


# ------------------------------------------------------------- risk and money


@caught_by("PLANNED_LOSS", "STOP_TOO_WIDE")  # one contract at 12 ticks is $15: one cannot break without the other
def a_stop_of_thirteen_ticks(story: Story) -> None:
    again(story, "first", told.winner, at(TUESDAY, "10:41"), stop=LEVEL - 13)


@caught_by("STOP_TOO_WIDE")
def a_leg_of_eight_ticks_beside_one_of_four(story: Story) -> None:
    again(story, "pair", told.pair, at(TUESDAY, "13:40"), stops=(LEVEL, LEVEL + 4))
    story.loud[at(TUESDAY, "13:41")] = (LEVEL - 2, LEVEL - 1, LEVEL - 10, LEVEL - 9)


@caught_by("STOP_TOO_NARROW")
def a_stop_of_three_ticks(story: Story) -> None:
    again(story, "first", told.winner, at(TUESDAY, "10:41"), stop=LEVEL - 3)


@caught_by("STRATEGY_ABOVE_TIER")
def k4_in_tier_a(story: Story) -> None:
    story.equity_usd = 7_000.0


@caught_by("DAY_LOSS", "DAY_BUDGET")
def two_full_losses_in_a_day(story: Story) -> None:
    again(story, "second", told.loser, at(WEDNESDAY, "14:05"))


@caught_by("WEEK_LOSS", "WEEK_BUDGET")
def a_week_of_losses(story: Story) -> None:
    story.orders.clear()
    for day in story.days:
        told.loser(story, f"{day:%a}first", at(day, "10:41"))
        told.loser(story, f"{day:%a}second", at(day, "14:05"), stop=LEVEL - 6)


@caught_by("ENTRY_AFTER_OVERRUN")
def an_entry_after_a_budget_overrun(story: Story) -> None:
    again(story, "loser", told.loser, at(WEDNESDAY, "10:41"), stop=LEVEL - 4)
    fill_of(story, "loser-1S")["price"] = (LEVEL - 4 - told.SLIP - 4) * TICK


@caught_by("LOSING_STREAK")
def an_entry_after_two_losses_in_a_row(story: Story) -> None:
    for name in ("first", "pair"):
        story.drop(name)
    again(story, "loser", told.loser, at(TUESDAY, "10:41"))
    again(story, "late", told.never_filled, at(WEDNESDAY, "15:05"))


@caught_by("MORE_THAN_LAST_LOSER")
def two_contracts_after_a_loss_of_one(story: Story) -> None:
    story.drop("loser")
    story.loud.clear()
    again(story, "first", told.winner, at(TUESDAY, "10:41"))
    again(story, "second", told.left_at_market, at(WEDNESDAY, "10:41"))
    again(story, "pair", told.pair, at(WEDNESDAY, "13:40"))


@caught_by("FEE")
def a_fill_that_paid_too_little(story: Story) -> None:
    fill_of(story, "first-1E")["fee"] = 0.25


# ---------------------------------------------------------- windows and scores


def outside(clock: str) -> Doctor:
    return lambda story: again(story, "late", told.never_filled, at(THURSDAY, clock))


DOCTORED += [(f"decided at {clock}", outside(clock), {"OUTSIDE_WINDOW"}) for clock in ("09:34", "11:30", "13:29", "15:54")]


@caught_by("ENTRY_OUTLIVED")
def an_entry_that_works_too_long(story: Story) -> None:
    again(story, "late", told.never_filled, at(THURSDAY, "10:41"), seconds=93)


@caught_by("HELD_TOO_LATE")
def a_position_held_past_five_to_four(story: Story) -> None:
    again(story, "second", told.left_at_market, at(WEDNESDAY, "14:05"), minutes=111, slip=4)


@caught_by("DVS_TOO_LOW")
def a_gap_nine_bars_before_an_entry(story: Story) -> None:
    story.missing.add(at(THURSDAY, "10:31"))


@caught_by("EQS_TOO_LOW")
def an_entry_right_after_two_rejections(story: Story) -> None:
    for number in (1, 2):
        stray = told.order(f"stray-{number}X", None, "K1", "LIMIT", 1, at(THURSDAY, "10:40"), {"price": LEVEL - 9}, contingency="NONE")
        stray["events"].append(event("Rejected", at(THURSDAY, "10:40")))
        story.add(stray)


# -------------------------------------------------------------------- brackets


@caught_by("NO_BRACKET")
def an_entry_without_a_stop(story: Story) -> None:
    del story.orders["late-1S"]


@caught_by("NO_BRACKET")
def an_entry_without_a_target(story: Story) -> None:
    del story.orders["late-1T"]


@caught_by("NO_BRACKET")
def a_stop_of_another_size(story: Story) -> None:
    story.orders["late-1S"]["quantity"] = 2


@caught_by("NO_BRACKET")
def a_stop_on_the_wrong_side_of_the_price(story: Story) -> None:
    story.orders["late-1S"]["trigger"] = (LEVEL - 2) * TICK


@caught_by("NO_BRACKET")
def a_stop_that_does_not_cancel_its_target(story: Story) -> None:
    story.orders["late-1S"]["links"] = []


@caught_by("REDUCE_ONLY")
def a_reduce_only_stop(story: Story) -> None:
    story.orders["late-1S"]["reduce_only"] = True


@caught_by("MARKET_ENTRY")
def a_market_entry(story: Story) -> None:
    story.orders["late-1E"] |= {"type": "MARKET", "price": None}


@caught_by("UNAPPROVED_ENTRY", "NAKED")
def a_position_nobody_approved(story: Story) -> None:
    for number, (side, clock) in enumerate(((1, "13:31"), (-1, "13:40")), start=1):
        row = told.order(f"stray-{number}X", None, "K1", "MARKET", side, at(THURSDAY, clock), {}, contingency="NONE")
        row["events"].append(told.filled(at(THURSDAY, clock), LEVEL + side * told.SLIP))
        story.add(row)


@caught_by("NAKED")
def a_stop_cancelled_ten_minutes_early(story: Story) -> None:
    ended = story.orders["second-1S"]["events"][-1]
    ended["ts"] -= 10 * MINUTE


@caught_by("NAKED")
def a_stop_for_one_of_two_contracts(story: Story) -> None:
    ended = story.orders["pair-2S"]["events"]
    ended[:] = [ended[0], event("Accepted", ended[1]["ts"] + 2 * MINUTE), *ended[2:]]


@caught_by("ORPHAN")
def a_stop_that_outlives_its_position(story: Story) -> None:
    story.orders["first-1S"]["events"][-1]["ts"] += 5 * MINUTE


@caught_by("STOP_WIDENED")
def a_stop_one_tick_wider(story: Story) -> None:
    ts = at(WEDNESDAY, "14:10")
    story.orders["second-1S"]["events"].insert(2, event("Updated", ts, trigger=(LEVEL + 7) * TICK, price=None, quantity=1))


@caught_by("STOP_CHANGED_TOO_OFTEN")
def a_stop_changed_three_times(story: Story) -> None:
    for minute in (1, 2, 3):
        change = event("Updated", at(WEDNESDAY, "14:10") + minute * MINUTE, trigger=(LEVEL + 6 - minute) * TICK, price=None, quantity=1)
        story.orders["second-1S"]["events"].insert(1 + minute, change)


# ----------------------------------------------------------------------- fills


@caught_by("FILLED_ON_DECISION_BAR")
def an_entry_filled_on_its_decision_bar(story: Story) -> None:
    for name in ("first-1E", "first-1S", "first-1T"):
        for each in story.orders[name]["events"]:
            each["ts"] = min(each["ts"], story.orders[name]["ts"]) if each["ts"] < at(TUESDAY, "10:50") else each["ts"]


@caught_by("FILLED_ON_TOUCH")
def an_entry_filled_on_a_touch(story: Story) -> None:
    story.loud[at(TUESDAY, "10:42")] = (LEVEL + 1, LEVEL + 2, LEVEL, LEVEL)


@caught_by("ENTRY_PRICE")
def an_entry_filled_better_than_its_limit(story: Story) -> None:
    fill_of(story, "first-1E")["price"] -= TICK


@caught_by("NOT_TRIGGERED")
def a_stop_limit_that_was_never_triggered(story: Story) -> None:
    story.loud[at(TUESDAY, "13:41")] = (LEVEL - 1, LEVEL - 1, LEVEL - 2, LEVEL - 2)


@caught_by("TARGET_ON_TOUCH")
def a_target_filled_on_a_touch(story: Story) -> None:
    story.loud[at(TUESDAY, "10:50")] = (LEVEL, LEVEL + 20, LEVEL - 1, LEVEL + 10)


@caught_by("TARGET_BEFORE_STOP", "STOP_MISSED")
def a_target_filled_in_a_bar_that_touched_the_stop(story: Story) -> None:
    story.loud[at(TUESDAY, "10:50")] = (LEVEL, LEVEL + 21, LEVEL - 10, LEVEL + 10)


@caught_by("TARGET_IN_ENTRY_BAR")
def a_target_filled_in_the_entry_bar(story: Story) -> None:
    for name in ("first-1S", "first-1T"):
        story.orders[name]["events"][-1]["ts"] = at(TUESDAY, "10:42")
    story.loud[at(TUESDAY, "10:42")] = (LEVEL, LEVEL + 21, LEVEL - 1, LEVEL + 10)


@caught_by("STOP_MISSED")
def a_touched_stop_that_did_not_fill(story: Story) -> None:
    story.loud[at(TUESDAY, "10:45")] = (LEVEL, LEVEL + 1, LEVEL - 10, LEVEL)


@caught_by("STOP_NOT_TOUCHED")
def a_stop_filled_without_being_touched(story: Story) -> None:
    story.loud[at(WEDNESDAY, "10:50")] = (LEVEL, LEVEL + 1, LEVEL - 9, LEVEL)


@caught_by("STOP_PRICE")
def a_stop_filled_a_tick_too_well(story: Story) -> None:
    fill_of(story, "loser-1S")["price"] += TICK


@caught_by("STOP_PRICE")
def a_stop_filled_at_its_price_though_the_bar_gapped_through_it(story: Story) -> None:
    story.loud[at(WEDNESDAY, "10:50")] = (LEVEL - 11, LEVEL - 11, LEVEL - 14, LEVEL - 12)


@caught_by("MARKET_PRICE")
def a_market_order_without_slippage(story: Story) -> None:
    fill_of(story, "second-1X")["price"] = LEVEL * TICK


@caught_by("SLIPPAGE_MODEL", "MARKET_PRICE")
def a_market_order_charged_less_than_the_model(story: Story) -> None:
    again(story, "second", told.left_at_market, at(WEDNESDAY, "14:05"), slip=2)


COMES = at(WEDNESDAY, "14:20")  # the first bar after a hole of nine minutes, in which `second` is held; it reaches stop and target


def over_a_hole(story: Story, price: int = LEVEL + 3 + told.SLIP, comes: int = COMES) -> None:
    """`second`, a short, is left on that bar, at its open and slippage if nothing else is said."""
    again(story, "second", told.left_at_market, at(WEDNESDAY, "14:05"), minutes=(comes - at(WEDNESDAY, "14:05")) // MINUTE)
    story.missing |= {COMES - minute * MINUTE for minute in range(1, 10)}
    story.loud[COMES] = (LEVEL + 3, LEVEL + 7, LEVEL - 16, LEVEL - 1)
    fill_of(story, "second-1X")["price"] = price * TICK


@caught_by("MARKET_PRICE")
def a_trade_left_after_a_hole_at_the_close(story: Story) -> None:
    over_a_hole(story, LEVEL - 1 + told.SLIP)


@caught_by("MARKET_PRICE")
def a_trade_left_after_a_hole_a_tick_better_than_the_open(story: Story) -> None:
    over_a_hole(story, LEVEL + 3 + told.SLIP - 1)


@caught_by("HELD_OVER_HOLE")
def a_trade_left_a_minute_after_the_first_bar_that_came(story: Story) -> None:
    over_a_hole(story, LEVEL + told.SLIP, COMES + MINUTE)


@caught_by("FILLED_AFTER_HOLE")
def a_stop_filled_on_the_first_bar_after_a_hole(story: Story) -> None:
    _closed_by(story, "second-1S", "second-1T", LEVEL + 6 + told.SLIP)


@caught_by("FILLED_AFTER_HOLE")
def a_target_filled_on_the_first_bar_after_a_hole(story: Story) -> None:
    _closed_by(story, "second-1T", "second-1S", LEVEL - 15)


def _closed_by(story: Story, name: str, other: str, price: int) -> None:
    over_a_hole(story)
    del story.orders["second-1X"]
    story.orders[name]["events"][-1] = told.filled(COMES, price)
    story.orders[other]["events"][-1] = event("Canceled", COMES)


# ------------------------------------------------------------------- the tests


@pytest.mark.parametrize(("seconds", "hole"), [(180, False), (181, True)])
def test_bars_had_stopped_when_one_comes_more_than_three_minutes_after_the_last(seconds: int, hole: bool) -> None:
    report = clean().report()
    report.bars = [report.bars[0], report.bars[1]._replace(ts=report.bars[0].ts + seconds * SECOND)]
    assert [Evidence(report).after_hole(bar) for bar in report.bars] == [False, hole]


def test_a_trade_left_at_the_open_of_the_first_bar_after_a_hole_is_clean() -> None:
    story = clean()
    over_a_hole(story)
    assert [str(violation) for violation in check(story.report())] == []


def test_a_clean_report_passes() -> None:
    assert [str(violation) for violation in check(clean().report())] == []


@pytest.mark.parametrize(("doctor", "names"), [pytest.param(doctor, names, id=name) for name, doctor, names in DOCTORED])
def test_a_doctored_report_is_caught_by_what_was_done_to_it(doctor: Doctor, names: set[str]) -> None:
    story = clean()
    doctor(story)
    found = check(story.report())
    assert {violation.name for violation in found} == names, "\n".join(map(str, found))


@pytest.mark.parametrize("what", ["fills", "positions"])
def test_reports_that_contradict_the_order_events_are_caught(what: str) -> None:
    report = clean().report()
    getattr(report, what).pop()
    assert {violation.name for violation in check(report)} == {"REPORTS_DISAGREE"}


def test_a_position_report_with_other_money_is_caught() -> None:
    report = clean().report()
    report.positions[0]["pnl"] += 0.01
    assert {violation.name for violation in check(report)} == {"REPORTS_DISAGREE"}


def test_a_budget_overrun_is_no_broken_limit_of_the_day() -> None:
    story = clean()
    story.drop("second")
    del story.orders["second-1X"]
    story.loud[at(WEDNESDAY, "10:50")] = (LEVEL - 23, LEVEL - 22, LEVEL - 24, LEVEL - 23)
    fill_of(story, "loser-1S")["price"] = (LEVEL - 23 - told.SLIP) * TICK
    report = story.report()
    trade = next(trade for trade in Evidence(report).trades if trade.overrun)
    assert trade.net_usd < -30 and check(report) == []


WINDOWS = [  # one second either side of each edge of a full day
    ("09:34:59", False),
    ("09:35:00", True),
    ("11:29:59", True),
    ("11:30:00", False),
    ("13:29:59", False),
    ("13:30:00", True),
    ("15:53:59", True),
    ("15:54:00", False),
]


@pytest.mark.parametrize(("clock", "allowed"), WINDOWS)
def test_the_checkers_windows_are_half_open(clock: str, allowed: bool) -> None:
    assert may_enter(at(TUESDAY, clock)) is allowed
    assert not may_enter(at(date(2025, 9, 1), clock)), "Labor Day"


def test_on_a_half_day_the_checker_knows_one_o_clock() -> None:
    day = date(2025, 11, 28)
    assert hours(day) == (at(day, "09:30"), at(day, "13:00"))
    assert may_enter(at(day, "11:29:59")) and not may_enter(at(day, "11:30"))


def test_the_checkers_trading_day_turns_at_six_in_the_evening() -> None:
    friday, monday = date(2025, 9, 19), date(2025, 9, 22)
    assert trading_day(at(friday, "18:00")) == friday
    assert trading_day(at(friday, "18:00") + SECOND) == monday
    assert trading_day(at(date(2025, 9, 21), "18:01")) == monday


def test_the_checkers_quality_clock_stands_still_at_night() -> None:
    assert rth_minute(at(WEDNESDAY, "09:31")) - rth_minute(at(TUESDAY, "15:59")) == 2


def test_the_blocks_it_reads_are_those_of_the_spec():
    told_of = {name: (block["contracts"], "".join(block["tiers"])) for name, block in checker_limits.STRATEGIES.items()}
    assert told_of == {"K1": (1, "SAB"), "K2": (1, "SAB"), "K3": (1, "AB"), "K4": (2, "B")}
