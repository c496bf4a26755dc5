"""The learning loop: each transition of the states, by hand, and any history replayed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from outcome_makers import CONTRACTS, outcome

from bot.decision.outcome import Mark
from bot.errors import UsageError
from bot.learning.metrics import measure
from bot.learning.states import LearningLoop, StrategyState

ACTIVE, THROTTLED, QUARANTINED, ARCHIVED = StrategyState
AGES_IN_20 = "or its evidence ages: in 20 sessions if no trade of it closes until then"


def loop() -> LearningLoop:
    return LearningLoop(CONTRACTS)


def feed(made, rs, start=0, **more):
    """Feed trades a minute apart; the records that came of them."""
    return [change for index, r in enumerate(rs) for change in made.on_outcome(outcome(r, minute=start + index, **more))]


def quarantined(day="2025-09-15") -> LearningLoop:
    """K1 is quarantined at minute 1."""
    made = loop()
    feed(made, [-1, -1], day=day)
    return made


def comeback() -> LearningLoop:
    """K1 is back, THROTTLED, since minute 101."""
    made = quarantined()
    feed(made, [1, 1], start=100, shadow=True)
    return made


def steps(changes):
    return [(change.before, change.after, change.throttle_level, change.statistic) for change in changes]


def state(made, strategy="K1"):
    view = made.view(strategy)
    return view.state, view.throttle_level, view.cost_multiplier


def test_a_newcomer_is_active_with_nothing_to_its_name():
    view = loop().view("K2")
    assert (view.state, view.throttle_level, view.cost_multiplier, view.wins, view.losses) == (ACTIVE, 0, 1.0, 0.0, 0.0)
    assert view.metrics.trades == 0


def test_wins_change_nothing():
    made = loop()
    assert feed(made, [1, 1, 1]) == []
    assert state(made) == (ACTIVE, 0, 1.0)


# ---------------------------------------------------------------- throttle


def test_throttle_levels_come_and_go_with_the_win_rate():
    made = loop()
    changes = feed(made, [1, -1, 0.0, 0.0, 1, 1, 0.0])  # from the third: 33, 25, 40, 50, 43 %
    assert steps(changes) == [
        (ACTIVE, THROTTLED, 1, "win_rate"),
        (THROTTLED, THROTTLED, 2, "win_rate"),
        (THROTTLED, ACTIVE, 0, "win_rate"),
    ]
    assert [change.sample_size for change in changes] == [3, 4, 5]
    assert changes[0].value == pytest.approx(1 / 3)
    assert changes[0].release == f"win rate of 40% or more, {AGES_IN_20}"


@pytest.mark.parametrize(("rs", "expected"), [([1, -1, 0], (THROTTLED, 1, 1.2)), ([1, -1, 0, 0], (THROTTLED, 2, 1.5))])
def test_a_throttled_strategy_pays_more(rs, expected):
    made = loop()
    feed(made, rs)
    assert state(made) == expected


# ---------------------------------------------------------------- quarantine


def test_two_losses_in_a_row_quarantine():
    changes = feed(loop(), [1, 1, 1, -1, -0.25])
    assert steps(changes) == [(ACTIVE, QUARANTINED, 0, "loss_streak")]
    assert (changes[0].value, changes[0].sample_size) == (2.0, 5)
    assert changes[0].release == "2 shadow wins in a row, or shadow expectancy above 0 over 3 or more"


def test_a_scratch_between_two_losses_breaks_no_streak_and_a_win_does():
    assert steps(feed(loop(), [1, 1, -1, -0.1, -1]))[-1] == (ACTIVE, QUARANTINED, 0, "loss_streak")
    made = loop()
    feed(made, [3, 3, -1, 3, -1])
    assert state(made)[0] is ACTIVE


def test_negative_expectancy_quarantines_from_the_fifth_trade_on():
    made = loop()
    assert feed(made, [0.1, -1, 0.1, -1]) == []
    assert steps(feed(made, [0.1])) == [(ACTIVE, QUARANTINED, 0, "expectancy_r")]


def test_a_low_win_rate_quarantines_from_the_tenth_trade_on():
    made = loop()
    changes = feed(made, [3, -0.2, -0.2, 3, -0.2, -0.2, 3, -0.2, -0.2, -0.2])
    assert steps(changes)[-1] == (THROTTLED, QUARANTINED, 1, "win_rate")


def test_quarantine_keeps_the_throttle_level_the_win_rate_earned():
    changes = feed(loop(), [1, -1, 0.0, -0.1, -1])  # 20 %
    assert steps(changes)[-1] == (THROTTLED, QUARANTINED, 2, "loss_streak")


def test_each_strategy_stands_for_itself():
    made = quarantined()
    assert state(made, "K2") == (ACTIVE, 0, 1.0)
    feed(made, [-1], strategy="K2")
    assert state(made, "K2")[0] is ACTIVE


def test_a_real_trade_that_closes_in_quarantine_changes_no_state_but_counts_for_euc():
    made = quarantined()
    assert feed(made, [1, 1, 1], start=10) == []
    assert (state(made)[0], made.view("K1").wins, made.view("K1").losses) == (QUARANTINED, 3.0, 2.0)


# ---------------------------------------------------------------- release by shadows


@pytest.mark.parametrize(
    ("rs", "statistic"),
    [([1, 1], "shadow_win_streak"), ([1, -0.1, 1], "shadow_win_streak"), ([3, -1, -1], "shadow_expectancy_r"),
     ([-1, 1, 1], "shadow_win_streak")],
)  # fmt: skip
def test_shadows_release_into_throttle(rs, statistic):
    changes = feed(quarantined(), rs, start=100, shadow=True)
    assert steps(changes) == [(QUARANTINED, THROTTLED, 1, statistic)]
    assert changes[0].release == f"the first real win, {AGES_IN_20}"


def test_a_scratch_breaks_no_streak_of_shadow_wins():
    made = quarantined()
    feed(made, [-3, 1, -0.1], start=100, shadow=True)
    assert steps(feed(made, [0.1], start=104, shadow=True)) == [(QUARANTINED, THROTTLED, 1, "shadow_win_streak")]


@pytest.mark.parametrize("rs", [[1], [3, -1], [1, -1, 0], [1, -1, -0.5, 0.4, -1]])
def test_less_than_that_releases_nothing(rs):
    made = quarantined()
    assert feed(made, rs, start=100, shadow=True) == []
    assert state(made)[0] is QUARANTINED


@pytest.mark.parametrize(("decided", "counts"), [(0, False), (1, True), (2, True)])
def test_only_shadows_decided_in_quarantine_count(decided, counts):
    made = quarantined()  # at minute 1
    feed(made, [1], start=10, shadow=True, decided=decided)
    assert bool(feed(made, [1], start=11, shadow=True, decided=2)) is counts


def test_shadows_of_a_trusted_strategy_are_nobodys_business():
    made = loop()
    assert feed(made, [-1, -1, -1, -1, -1], shadow=True) == []
    assert (state(made), made.view("K1").losses) == ((ACTIVE, 0, 1.0), 0.0)


def test_it_comes_back_at_its_own_level_if_that_is_higher():
    made = loop()
    feed(made, [1, -1, 0.0, -0.1, -1])
    feed(made, [1, 1], start=100, shadow=True)
    assert state(made) == (THROTTLED, 2, 1.5)


# ---------------------------------------------------------------- the comeback


def test_the_first_real_win_makes_active():
    made = comeback()
    assert state(made) == (THROTTLED, 1, 1.2)
    changes = feed(made, [1], start=200)
    assert steps(changes) == [(THROTTLED, ACTIVE, 0, "real_wins")]
    assert state(made) == (ACTIVE, 0, 1.0)


def test_streak_and_samples_are_restarted_but_euc_keeps_the_rolling_twenty():
    made = comeback()
    assert feed(made, [-1], start=200) == []  # the first loss of the new streak, not the third
    assert (made.view("K1").losses, made.view("K1").metrics.trades) == (3.0, 3)
    assert steps(feed(made, [-1], start=201)) == [(THROTTLED, QUARANTINED, 1, "loss_streak")]


def test_a_comeback_without_a_win_can_only_be_throttled_harder():
    made = comeback()
    changes = feed(made, [0.0, 0.0, 0.0], start=200)
    assert steps(changes) == [(THROTTLED, THROTTLED, 2, "win_rate")]
    assert changes[0].release == f"the first real win, {AGES_IN_20}"


def test_after_the_comeback_the_win_rate_is_looked_at_again_with_the_next_trade():
    made = comeback()
    feed(made, [0.0, 0.0, 1], start=200)
    assert state(made) == (ACTIVE, 0, 1.0)
    assert steps(feed(made, [0.0], start=203)) == [(ACTIVE, THROTTLED, 2, "win_rate")]


def test_a_win_that_leaves_expectancy_below_zero_quarantines_all_the_same():
    made = comeback()
    feed(made, [-1, -0.2, -0.2, -0.2], start=200)
    assert steps(feed(made, [0.1], start=204)) == [(THROTTLED, QUARANTINED, 2, "expectancy_r")]


# ---------------------------------------------------------------- the archive


def fall_and_rise(made, day, start):
    changes = feed(made, [-1, -1], start=start, day=day)
    return changes + feed(made, [1, 1], start=start + 10, shadow=True, day=day)


def sessions(made, count, first=1):
    days = [f"2025-{1 + index // 28:02d}-{1 + index % 28:02d}" for index in range(first - 1, first - 1 + count)]
    for day in days:
        made.on_session(day)
    return days


@pytest.mark.parametrize(("third", "archived"), [(3, True), (20, True), (21, False)])
def test_the_third_quarantine_within_20_sessions_archives(third, archived):
    made = loop()
    first, second, *others = sessions(loop(), third)
    for index, day in enumerate((first, second)):
        fall_and_rise(made, day, 100 * index)
    for day in others:
        made.on_session(day)
    changes = feed(made, [-1, -1], start=1000, day=others[-1])
    assert [change.after for change in changes] == ([QUARANTINED, ARCHIVED] if archived else [QUARANTINED])
    if archived:
        assert (changes[1].before, changes[1].statistic, changes[1].value) == (QUARANTINED, "quarantines", 3.0)
        assert "mesbot strategy restore K1" in changes[1].release


def archived() -> LearningLoop:
    made = loop()
    for index in range(3):
        fall_and_rise(made, "2025-09-15", 100 * index)
    assert state(made)[0] is ARCHIVED
    return made


def test_neither_shadows_nor_wins_bring_an_archived_strategy_back():
    made = archived()
    assert feed(made, [1, 1, 1], start=900, shadow=True) == []
    assert feed(made, [1, 1, 1], start=910) == []
    assert state(made)[0] is ARCHIVED


def test_a_person_restores_it_throttled_and_with_a_clean_slate():
    made = archived()
    change = made.restore("K1", "rules were changed")
    assert (change.before, change.after, change.throttle_level) == (ARCHIVED, THROTTLED, 1)
    assert "rules were changed" in change.reason
    assert steps(feed(made, [-1, -1], start=2000)) == [(THROTTLED, QUARANTINED, 1, "loss_streak")]


@pytest.mark.parametrize("made", [loop, quarantined, comeback])
def test_only_an_archived_strategy_can_be_restored(made):
    with pytest.raises(UsageError, match="only an ARCHIVED strategy"):
        made().restore("K1", "please")


def test_a_restoration_needs_a_reason():
    made = archived()
    with pytest.raises(UsageError, match="--reason"):
        made.restore("K1", "  ")
    assert state(made)[0] is ARCHIVED


def test_a_session_is_counted_once_and_days_never_run_backwards():
    made = loop()
    for day in ("2025-09-15", "2025-09-15", "2025-09-12"):
        made.on_session(day)
    days = sessions(loop(), 40)
    for index, day in enumerate((days[0], days[1])):
        fall_and_rise(made, day, 100 * index)  # both lie before 2025-09-15: no new session
    assert [change.after for change in feed(made, [-1, -1], start=900, day="2025-09-16")] == [QUARANTINED, ARCHIVED]


# ---------------------------------------------------------------- views


def test_wins_and_losses_are_weighted_by_dvs_and_roll_over_twenty():
    made = loop()
    feed(made, [1] * 15, dvs=0.9)
    feed(made, [1, -1, 1, 0.0, 1, -1, 1], start=100, dvs=0.8)
    view = made.view("K1")
    assert view.metrics.trades == 20
    assert (view.wins, view.losses) == (pytest.approx(13 * 0.9 + 4 * 0.8), pytest.approx(2 * 0.8))


def test_cells_measure_by_regime_and_time_of_day():
    made = loop()
    feed(made, [1, 1], regime="trending")
    feed(made, [1], start=10, time_of_day="close")
    feed(made, [1], start=20, strategy="K2")
    feed(made, [1], start=30, shadow=True)
    found = {cell: metrics.trades for cell, metrics in made.cells("K1").items()}
    assert found == {("trending", "opening"): 2, ("range", "close"): 1}


TRADE = st.tuples(
    st.sampled_from(["K1", "K2"]), st.sampled_from([-1.1, -0.25, -0.1, 0.0, 0.1, 1.0, 2.0]), st.booleans(),
    st.sampled_from([0.8, 0.9, 1.0]), st.integers(0, 2), st.sampled_from([1.5, 2.0, 2.5]),
)  # fmt: skip


def history(trades):
    day, made = 1, []
    for index, (strategy, r, shadow, dvs, gap, target_r) in enumerate(trades):
        day += gap
        date = f"2025-{1 + day // 28:02d}-{1 + day % 28:02d}"
        made.append(outcome(r, strategy=strategy, shadow=shadow, dvs=dvs, day=date, minute=index, target_r=target_r))
    return made


@settings(deadline=None)
@given(st.lists(TRADE, max_size=60), st.integers(0, 60))
def test_a_replayed_history_gives_the_same_states_and_records_to_the_bit(trades, cut):
    outcomes = history(trades)
    lived, replayed = loop(), loop()
    records = [lived.on_outcome(item) for item in outcomes]
    again = [replayed.on_outcome(item) for item in outcomes[:cut]]
    for _ in range(3):
        replayed.view("K1"), replayed.cells("K1")
    again += [replayed.on_outcome(item) for item in outcomes[cut:]]
    assert again == records
    assert str(replayed.view("K1")) == str(lived.view("K1"))


@settings(deadline=None)
@given(st.lists(TRADE, max_size=60))
def test_whatever_happens_states_chain_and_entry_only_gets_harder(trades):
    made, before = loop(), {"K1": ACTIVE, "K2": ACTIVE}
    real: dict[str, list] = {"K1": [], "K2": []}
    days: set[str] = set()
    for item in history(trades):
        for change in made.on_outcome(item):
            assert change.before == before[change.strategy]
            before[change.strategy] = change.after
            assert change.after != ACTIVE or not item.shadow or change.statistic == "effective_sample"
            assert change.after in (ACTIVE,) or change.release
        view = made.view(item.strategy)
        assert view.state == before[item.strategy]
        assert view.cost_multiplier in (1.0, 1.2, 1.5)
        assert (view.throttle_level > 0) >= (view.state is THROTTLED)
        assert view.state is not ACTIVE or view.cost_multiplier == 1.0
        real[item.strategy] += [] if item.shadow else [item]
        days.add(item.trading_day)
        rolling = real[item.strategy][-20:]
        weights = [trade.dvs * 0.5 ** (sum(day > trade.trading_day for day in days) / 20) for trade in rolling]
        recomputed = measure(rolling, weights, CONTRACTS.constitution.outcome, CONTRACTS.learning.wilson_confidence)
        assert str(view.metrics) == str(recomputed)
        assert (view.wins, view.losses) == (recomputed.weighted_wins, recomputed.weighted_losses)


@pytest.mark.parametrize("mark", list(Mark))
def test_a_trade_with_a_mark_changes_no_state_streak_or_rate(mark):
    made = loop()
    for minute in range(3):
        assert made.on_outcome(replace(outcome(-1, minute=minute), mark=mark)) == []
    assert (state(made), made.view("K1").metrics.trades) == (state(loop()), 0)
    assert feed(made, [-1], start=5) == []  # the first loss that counts
