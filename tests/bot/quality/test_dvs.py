"""DVS: each row of the table, either side of each boundary."""

import math

import pytest
from bar_makers import MONDAY, QUIET, TUESDAY, WEDNESDAY, at, calendar, contracts, minutes, names, ranges, raw, scorer, warmed

from bot.market.bar import Bar
from bot.quality.dvs import DvsScorer
from bot.quality.feed import QualityEvent, QualityKind
from bot.units import MINUTE_NS, SECOND_NS

NAN, INF = math.nan, math.inf
NEXT = "10:32"  # the bar after a warmed scorer's last


def test_a_quiet_bar_of_the_session_is_worth_one_and_comes_back_in_ticks():
    result = warmed().score(raw(at(NEXT)))
    assert (result.own, result.dvs, result.events) == (1.0, 1.0, ())
    assert result.bar == Bar(at(NEXT), 26400, 26403, 26398, 26401, 1000)


# ---------------------------------------------------------------- gaps and order


@pytest.mark.parametrize(("seconds", "gap"), [(60, False), (90, False), (90.000000001, True), (91, True), (120, True)])
def test_a_gap_inside_the_session_is_more_than_90_seconds_between_closes(seconds, gap):
    result = warmed().score(raw(at("10:31", seconds=seconds)))
    assert names(result) == (["missing_gap"] if gap else [])
    assert result.own == (0.5 if gap else 1.0)


def test_neither_the_break_before_the_open_nor_the_night_is_a_gap():
    made = warmed(5, last="09:20")
    assert names(made.score(raw(at("09:31")))) == []
    for clock in ("15:59", "16:00", "16:30", "23:00"):
        made.score(raw(at(clock)))
    result = made.score(raw(at("09:31", WEDNESDAY)))
    assert (names(result), result.dvs) == ([], 1.0)


@pytest.mark.parametrize(("seconds", "gap"), [(60, False), (90, False), (90.000000001, True), (180, True)])
def test_minutes_missing_after_the_opening_are_a_gap_of_the_first_bar(seconds, gap):
    made = warmed(5, last="09:20")
    result = made.score(raw(at("09:30", seconds=seconds)))
    assert names(result) == (["missing_gap"] if gap else [])


def test_the_first_bar_after_the_close_is_no_gap_and_has_no_dvs():
    made = warmed(5, last="15:50")
    result = made.score(raw(at("16:10")))
    assert (names(result), result.own, result.dvs) == ([], 1.0, None)


@pytest.mark.parametrize("shift_ns", [0, -1, -MINUTE_NS])
def test_a_time_that_does_not_increase_is_rejected_and_costs_half(shift_ns):
    made = warmed()
    result = made.score(raw(at("10:31") + shift_ns))
    assert (names(result), result.own, result.dvs, result.bar) == (["not_increasing"], 0.5, 0.5, None)
    assert made.score(raw(at(NEXT))).bar is not None


def test_a_time_one_nanosecond_later_is_accepted():
    assert warmed().score(raw(at("10:31") + 1)).bar is not None


def test_a_bar_of_yesterday_that_comes_again_counts_in_the_session_that_is_running():
    made = warmed()
    result = made.score(raw(at("20:00") - 24 * 60 * MINUTE_NS))
    assert (names(result)[0], result.dvs) == ("not_increasing", 0.5)
    assert made.score(raw(at(NEXT))).dvs == 0.5


# ---------------------------------------------------------------- impossible bars


@pytest.mark.parametrize(
    "prices",
    [
        (NAN, 6600.75, 6599.5, 6600.25, 1000.0),
        (6600.0, NAN, 6599.5, 6600.25, 1000.0),
        (6600.0, 6600.75, NAN, 6600.25, 1000.0),
        (6600.0, 6600.75, 6599.5, NAN, 1000.0),
        (6600.0, INF, 6599.5, 6600.25, 1000.0),
        (6600.0, 6600.75, 0.0, 6600.25, 1000.0),
        (6600.0, 6600.75, -6599.5, 6600.25, 1000.0),
        (6601.0, 6600.75, 6599.5, 6600.25, 1000.0),
        (6600.0, 6600.75, 6599.5, 6601.0, 1000.0),
        (6599.25, 6600.75, 6599.5, 6600.25, 1000.0),
        (6600.0, 6600.75, 6599.5, 6599.25, 1000.0),
        (6600.1, 6600.75, 6599.5, 6600.25, 1000.0),
        (6600.0, 6600.75, 6599.5, 6600.2, 1000.0),
        (6600.0, 6600.75, 6599.5, 6600.25, NAN),
        (6600.0, 6600.75, 6599.5, 6600.25, INF),
        (6600.0, 6600.75, 6599.5, 6600.25, -1.0),
        (6600.0, 6600.75, 6599.5, 6600.25, 10.5),
    ],
)
def test_an_impossible_bar_is_rejected_and_costs_half(prices):
    result = warmed().score(raw(at(NEXT), prices))
    assert (names(result), result.own, result.dvs, result.bar) == (["impossible"], 0.5, 0.5, None)


# the last close is 6600.25 = 26401 ticks; 5 % of it is 1320.05 ticks: 25080.95 .. 27721.05
@pytest.mark.parametrize(("low", "high", "inside"), [(25081, 27721, True), (25080, 26403, False), (26399, 27722, False)])
def test_the_price_band_is_5_percent_either_side_of_the_last_accepted_close(low, high, inside):
    result = warmed().score(raw(at(NEXT), (6600.0, high / 4, low / 4, 6600.25, 1000.0)))
    assert (result.bar is not None) is inside
    assert ("impossible" in names(result)) is not inside


def test_a_price_on_the_edge_of_the_band_is_inside():
    made = scorer()
    made.score(raw(at("10:00"), (5000.0, 5000.0, 5000.0, 5000.0, 1000.0)))
    assert made.score(raw(at("10:01"), (5000.0, 5250.0, 4750.0, 5000.0, 1000.0))).bar is not None


@pytest.mark.parametrize("low", [0.0, -0.25])
def test_a_first_bar_at_zero_or_below_is_impossible(low):
    assert names(scorer().score(raw(at("10:00"), (0.25, 0.25, low, 0.25, 1000.0)))) == ["impossible"]


def test_the_first_bar_has_no_band():
    assert scorer().score(raw(at("10:00"), (1.0, 1.0, 1.0, 1.0, 1000.0))).bar is not None


def test_a_rejected_bar_leaves_nothing_behind():
    made, control = warmed(), warmed()
    made.score(raw(at(NEXT), (6000.0, 9000.0, 6000.0, 9000.0, 10.0**6)))
    for clock in ("10:32", "10:33", "10:34"):
        got, want = made.score(raw(at(clock))), control.score(raw(at(clock)))
        assert (got.own, got.events, got.bar) == (want.own, want.events, want.bar)
    wide = (6600.25, 6660.25, 6600.25, 6660.0, 1000.0)
    assert made.score(raw(at("10:35"), wide)).events == control.score(raw(at("10:35"), wide)).events != ()


def test_a_correction_of_an_impossible_bar_is_accepted():
    made = warmed()
    made.score(raw(at(NEXT), (6600.0, NAN, 6599.5, 6600.25, 1000.0)))
    assert made.score(raw(at(NEXT))).bar is not None


def test_a_duplicate_that_is_impossible_too_costs_both():
    result = warmed().score(raw(at("10:31"), (NAN, NAN, NAN, NAN, NAN)))
    assert (names(result), result.own) == (["not_increasing", "impossible"], 0.0)


# ---------------------------------------------------------------- volume


def test_a_filled_bar_costs_its_penalty():
    result = warmed().score(raw(at(NEXT), synthetic=True))
    assert (names(result), result.own) == (["synthetic"], 0.7)


@pytest.mark.parametrize(("volume", "thin"), [(99.0, True), (100.0, False), (101.0, False)])
def test_thin_is_a_median_volume_of_30_rth_bars_below_100(volume, thin):
    made = warmed(30, last="10:31")
    quiet = (*QUIET[:4], volume)
    results = [made.score(raw(ts, quiet)) for ts in minutes(at(NEXT), 30)]
    assert (names(results[-1]) == ["thin"]) is thin
    assert results[-1].own == (0.7 if thin else 1.0)


def test_thin_looks_at_the_middle_of_the_last_30_bars():
    made = warmed(30, last="10:31")
    results = [made.score(raw(ts, (*QUIET[:4], 50.0))) for ts in minutes(at(NEXT), 16)]
    # 15 of 50 and 15 of 1000: the median is their mean, 525; with the 16th it is 50
    assert [names(result) for result in results] == [[]] * 15 + [["thin"]]


def test_thin_is_judged_once_ten_rth_bars_are_known_and_only_in_rth():
    made, thin = scorer(), (*QUIET[:4], 50.0)
    night = [made.score(raw(ts, thin)) for ts in minutes(at("09:11"), 20)]
    rth = [made.score(raw(ts, thin)) for ts in minutes(at("09:31"), 11)]
    assert {name for result in night for name in names(result)} == set()
    assert [names(result) for result in rth] == [[]] * 9 + [["thin"]] * 2


def test_thin_remembers_yesterdays_session_and_forgets_the_night():
    made = scorer()
    for ts in minutes(at("15:31"), 30):
        made.score(raw(ts, (*QUIET[:4], 50.0)))
    for ts in minutes(at("08:00", WEDNESDAY), 90):
        made.score(raw(ts))
    assert names(made.score(raw(at("09:31", WEDNESDAY)))) == ["thin"]


def test_zero_volume_counts_in_rth_only():
    none = (*QUIET[:4], 0.0)
    result = warmed().score(raw(at(NEXT), none))
    assert (names(result), result.own) == (["zero_volume"], 0.8)
    assert names(warmed(5, last="08:00").score(raw(at("08:01"), none))) == []


# ---------------------------------------------------------------- outliers


# 60 quiet bars have a true range of 5 ticks, so ATR30 of the bar before is 5: TR > 6 ATR30 first at TR = 31
@pytest.mark.parametrize(("ticks", "outlier"), [(30, False), (31, True)])
def test_an_outlier_is_a_true_range_above_six_atr(ticks, outlier):
    high = 6599.5 + ticks / 4
    result = warmed().score(raw(at(NEXT), (6600.0, high, 6599.5, 6600.25, 1000.0)))
    assert (names(result) == ["outlier"]) is outlier
    assert result.own == (0.8 if outlier else 1.0)


@pytest.mark.parametrize(("known", "outlier"), [(True, False), (False, True)])
def test_a_minute_that_is_wide_on_other_days_is_no_outlier_after_a_quiet_hour(known, outlier):
    medians = ranges()
    for _ in range(20 if known else 0):
        medians.swap(calendar().minute_of_session(calendar().session_at(at(NEXT)), at(NEXT)), 40.0)
    made = DvsScorer(contracts().data_contract, calendar(), medians)
    for ts_ns in minutes(at("09:32"), 60):
        made.score(raw(ts_ns))
    assert (names(made.score(raw(at(NEXT), (6600.0, 6610.0, 6599.5, 6600.25, 1000.0)))) == ["outlier"]) is outlier


def test_a_market_that_never_moved_has_no_outliers():
    made, flat = scorer(), (6600.25, 6600.25, 6600.25, 6600.25, 1000.0)
    results = [made.score(raw(ts, flat)) for ts in minutes(at("10:00"), 40)]
    assert names(results[-1]) == ["stuck"]


def test_the_true_range_reaches_back_to_the_last_close():
    jump = (6610.0, 6610.75, 6609.5, 6610.25, 1000.0)
    assert names(warmed().score(raw(at(NEXT), jump))) == ["outlier"]


def test_the_shock_signature_excuses_an_outlier():
    shock = (6600.0, 6612.0, 6599.5, 6611.75, 9000.0)
    assert names(warmed(61).score(raw(at(NEXT), shock))) == []


@pytest.mark.parametrize(
    "prices",
    [(6600.0, 6612.0, 6599.5, 6600.0, 9000.0), (6600.0, 6612.0, 6599.5, 6611.75, 1000.0)],
    ids=["no body", "no volume"],
)
def test_half_a_shock_excuses_nothing(prices):
    assert names(warmed(61).score(raw(at(NEXT), prices))) == ["outlier"]


@pytest.mark.parametrize(("seen", "found"), [(29, []), (30, ["outlier"]), (58, ["outlier"]), (59, [])])
def test_no_outlier_before_30_bars_and_no_excuse_before_60(seen, found):
    shock = (6600.0, 6625.0, 6599.5, 6624.75, 9000.0)
    assert names(warmed(seen).score(raw(at(NEXT), shock))) == found


# ---------------------------------------------------------------- arrival


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (5, False), (5.000000001, True), (6, True)])
def test_a_bar_is_late_more_than_5_seconds_after_its_close(seconds, late):
    result = warmed().score(raw(at(NEXT), late_seconds=seconds))
    assert names(result) == (["late"] if late else [])
    assert result.own == (0.8 if late else 1.0)


def test_a_late_bar_that_is_also_reported_late_costs_once():
    made = warmed()
    made.on_event(QualityEvent("late", at(NEXT)))
    assert names(made.score(raw(at(NEXT), late_seconds=9))) == ["late"]


def test_stuck_is_three_bars_in_a_row_whose_four_prices_are_the_same():
    made = warmed()
    flat = (6600.25, 6600.25, 6600.25, 6600.25, 1000.0)
    results = [made.score(raw(ts, flat)) for ts in minutes(at(NEXT), 4)]
    assert [names(result) for result in results] == [[], [], ["stuck"], ["stuck"]]
    assert results[2].own == 0.7
    assert names(made.score(raw(at("10:36")))) == []
    assert names(made.score(raw(at("10:37"), flat))) == []


@pytest.mark.parametrize(
    ("clock", "outside"),
    [("17:00", False), ("17:01", True), ("17:30", True), ("18:00", True), ("18:01", False), ("03:00", False)],
)
def test_outside_the_calendars_trading_hours(clock, outside):
    result = scorer().score(raw(at(clock)))
    assert names(result) == (["outside_hours"] if outside else [])
    assert (result.own, result.dvs) == (0.7 if outside else 1.0, None)


def test_bars_in_closed_hours_refuse_the_next_sessions_first_window_and_no_later_one():
    made = scorer()
    made.score(raw(at("17:30", MONDAY)))
    made.score(raw(at("18:30", MONDAY)))  # one in the open hours takes nothing back
    assert [made.score(raw(ts)).dvs for ts in minutes(at("09:31"), 11)] == [0.7] * 10 + [1.0]


def test_closed_hours_are_charged_to_one_session_alone():
    made = scorer()
    made.score(raw(at("17:30", MONDAY)))
    made.score(raw(at("09:31")))
    assert made.score(raw(at("09:31", WEDNESDAY))).dvs == 1.0


# ---------------------------------------------------------------- live events


@pytest.mark.parametrize(
    ("kinds", "found", "own"),
    [
        (["bad_quote"], ["bad_quote"], 0.85),
        (["bad_quote", "bad_quote"], ["bad_quote"], 0.85),
        (["stale"], ["stale"], 0.7),
        (["stale", "stale"], ["stale", "stale_repeat"], 0.5),
        (["stale", "stale", "stale"], ["stale", "stale_repeat", "stale_repeat"], 0.3),
        (["late"], ["late"], 0.8),
        (["untrusted_feed"], ["untrusted_feed"], 0.0),
        (["untrusted_feed", "trusted_feed"], [], 1.0),
    ],
)
def test_a_live_event_is_charged_to_the_next_bar_and_to_no_other(kinds, found, own):
    made = warmed()
    for kind in kinds:
        made.on_event(QualityEvent(kind, at("10:31", seconds=30)))
    result = made.score(raw(at(NEXT)))
    assert names(result) == found
    assert result.own == pytest.approx(own, abs=1e-12)
    after = made.score(raw(at("10:33")))
    assert names(after) == (["untrusted_feed"] if found == ["untrusted_feed"] else [])


def test_an_untrusted_feed_is_charged_until_it_is_trusted_again():
    made = warmed()
    made.on_event(QualityEvent(QualityKind.UNTRUSTED_FEED, at("10:31"), "delayed data"))
    assert [made.score(raw(ts)).own for ts in minutes(at(NEXT), 15)] == [0.0] * 15
    made.on_event(QualityEvent(QualityKind.TRUSTED_FEED, at("10:46")))
    assert made.score(raw(at("10:47"))).own == 1.0


def test_a_silent_night_is_not_stale():
    made = warmed(5, last="08:00")
    made.on_event(QualityEvent("stale", at("08:00")))
    assert names(made.score(raw(at("08:01")))) == []


def test_a_live_event_is_charged_to_a_rejected_bar_too():
    made = warmed()
    made.on_event(QualityEvent("bad_quote", at("10:31")))
    assert made.score(raw(at("10:31"))).own == pytest.approx(0.35)


def test_an_unknown_live_event_is_refused_by_name():
    with pytest.raises(ValueError, match="stalled"):
        scorer().on_event(QualityEvent("stalled", at("10:31")))


# ---------------------------------------------------------------- the window


def test_dvs_is_the_lowest_own_score_of_the_last_ten_bars():
    made = warmed()
    made.score(raw(at(NEXT), synthetic=True))
    results = [made.score(raw(ts)) for ts in minutes(at("10:33"), 10)]
    assert [result.own for result in results] == [1.0] * 10
    assert [result.dvs for result in results] == [0.7] * 9 + [1.0]


def test_the_window_starts_anew_at_the_open():
    made = scorer()
    for ts in minutes(at("15:56"), 5):
        made.score(raw(ts, synthetic=True))
    made.score(raw(at("09:30", WEDNESDAY), synthetic=True))
    assert made.score(raw(at("09:31", WEDNESDAY))).dvs == 1.0


@pytest.mark.parametrize(("clock", "known"), [("09:30", False), ("09:31", True), ("16:00", True), ("16:01", False)])
def test_dvs_is_unknown_outside_rth(clock, known):
    assert (scorer().score(raw(at(clock))).dvs is not None) is known


def test_an_impossible_first_bar_of_a_session_counts_in_that_session():
    made = warmed(5, last="09:30")
    assert made.score(raw(at("09:31"), (NAN, NAN, NAN, NAN, NAN))).dvs == 0.5
    assert made.score(raw(at("09:32"))).dvs == 0.5


def test_an_impossible_bar_with_a_wild_time_cannot_wipe_the_window():
    made = warmed()
    made.score(raw(at(NEXT), synthetic=True))
    made.score(raw(at("11:00", WEDNESDAY), (NAN, NAN, NAN, NAN, NAN)))
    assert made.score(raw(at("10:33"))).dvs == 0.7


def test_penalties_add_up_and_never_fall_below_zero():
    made = warmed()
    made.on_event(QualityEvent("stale", at("10:31")))
    result = made.score(raw(at("10:34"), (*QUIET[:4], 0.0), late_seconds=6, synthetic=True))
    assert names(result) == ["missing_gap", "zero_volume", "synthetic", "late", "stale"]
    assert (result.own, result.dvs) == (0.0, 0.0)


def test_the_makers_stand_on_a_full_session():
    assert at("16:00", TUESDAY) - at("09:30", TUESDAY) == 390 * 60 * SECOND_NS
