"""Evidence ages with the sessions: no strategy rests for ever, the fold gives the same to the bit, and no age makes entry easier."""

import datetime as dt

import msgspec
import pytest
from builders import INPUTS, LIMITS
from hypothesis import given, settings
from hypothesis import strategies as st
from outcome_makers import CONTRACTS, outcome

from bot.contracts.models import Contracts
from bot.decision.euc import EucInputs, euc
from bot.journal.records import StateRecord
from bot.learning.states import LearningLoop, StrategyState

ACTIVE, THROTTLED, QUARANTINED, ARCHIVED = StrategyState
FIRST = dt.date(2025, 10, 1)  # so that histories cross a New Year


def day(number: int) -> str:
    """The trading day of a session by its number; any rising dates will do: no calendar is asked."""
    return (FIRST + dt.timedelta(days=number)).isoformat()


def loop(contracts: Contracts = CONTRACTS) -> LearningLoop:
    return LearningLoop(contracts)


def sessions(made: LearningLoop, first: int, last: int) -> list[tuple[int, StateRecord]]:
    """Begin sessions first..last; the changes with the number of their session."""
    return [(number, change) for number in range(first, last + 1) for change in made.on_session(day(number))]


def feed(made: LearningLoop, rs: list[float], session: int = 0, start: int = 0, **more) -> list[StateRecord]:
    return [change for i, r in enumerate(rs) for change in made.on_outcome(outcome(r, minute=start + i, day=day(session), **more))]


def comeback(real: int = 2) -> LearningLoop:
    """K1 lost its last two of so many real trades in session 0 and came back THROTTLED by two shadow wins, all in session 0."""
    made = loop()
    feed(made, [3.0] * (real - 2) + [-1.0, -1.0])
    feed(made, [1, 1], start=100, shadow=True)
    assert made.view("K1").state is THROTTLED
    return made


# ------------------------------------------------------------------ EVIDENCE_AGED


@pytest.mark.parametrize(("real", "session"), [(2, 20), (5, 20), (6, 21), (12, 41), (20, 55), (40, 55)])
def test_a_comeback_without_a_trade_is_active_again_once_its_rolling_evidence_has_faded(real, session):
    made = comeback(real)
    ((number, change),) = sessions(made, 1, 100)
    assert number == session
    assert (change.before, change.after, change.throttle_level, change.release) == (THROTTLED, ACTIVE, 0, "")
    assert change.reason.startswith("EVIDENCE_AGED: effective sample ")
    trades = min(real, 20)
    assert (change.statistic, change.value) == ("effective_sample", pytest.approx(trades * 0.5 ** (session / 20)))
    assert change.sample_size == trades
    view = made.view("K1")
    assert (view.state, view.throttle_level, view.cost_multiplier, view.release) == (ACTIVE, 0, 1.0, "")


def test_the_rolling_trades_are_asked_and_not_the_restarted_sample():
    made = comeback(20)  # the restarted sample is empty and would let it go at the 20th session
    assert sessions(made, 1, 54) == []


def test_a_throttle_by_win_rate_ages_too():
    made = loop()
    assert [change.after for change in feed(made, [1, -1, 0.0, 0.0])] == [THROTTLED, THROTTLED]
    assert [(number, change.after) for number, change in sessions(made, 1, 100)] == [(20, ACTIVE)]


def test_the_newest_throttled_record_counts():
    made = loop()
    feed(made, [1, -1, 0.0])  # level 1
    sessions(made, 1, 15)
    assert [change.throttle_level for change in feed(made, [0.0], session=15)] == [2]
    assert [number for number, _ in sessions(made, 16, 100)] == [35]


def test_a_trade_in_between_keeps_it_throttled_for_longer():
    made = comeback(6)
    sessions(made, 1, 20)
    assert feed(made, [0.0], session=20) == []
    (changed,) = sessions(made, 21, 100)
    assert changed[0] == 29  # (6 x 0.5^(29/20) + 0.5^(9/20)) = 2.93


@pytest.mark.parametrize("state", [QUARANTINED, ARCHIVED])
def test_age_alone_brings_nobody_back_from_quarantine_or_the_archive(state):
    made = loop()
    for index in range(3 if state is ARCHIVED else 1):
        feed(made, [1, 1], start=100 * index, shadow=True)
        feed(made, [-1, -1], start=100 * index + 10)
    assert made.view("K1").state is state
    assert sessions(made, 1, 500) == []
    assert made.view("K1").state is state


def test_shadows_re_enable_a_quarantined_strategy_however_old_its_trades_are():
    made = loop()
    feed(made, [-1, -1])
    sessions(made, 1, 200)
    assert [change.after for change in feed(made, [1, 1], session=200, start=900, shadow=True)] == [THROTTLED]
    assert [number for number, _ in sessions(made, 201, 300)] == [220]


def test_two_that_age_in_one_session_change_in_the_order_of_their_names():
    made = loop()
    for name in ("K9", "K1", "Z6"):
        feed(made, [-1, -1], strategy=name)
        feed(made, [1, 1], start=100, shadow=True, strategy=name)
    assert [change.strategy for _, change in sessions(made, 1, 30)] == ["K1", "K9", "Z6"]


def test_a_day_that_is_told_twice_or_out_of_order_ages_nothing():
    made = comeback()
    for _ in range(50):
        assert made.on_session(day(1)) == made.on_session(day(0)) == []
    assert made.view("K1").losses == 2 * 0.5 ** (1 / 20)


@pytest.mark.parametrize(
    ("apart", "last", "quarantined"),
    [(0, 0.5, True), (40, 0.5, False), (40, -0.2, True)],  # the plain mean is below 0 in all of them
)
def test_minimum_counts_stay_plain_counts_and_expectancy_is_of_what_they_weigh_now(apart, last, quarantined):
    made, changes = loop(), []
    for index, r in enumerate((-1.0, 0.3, -0.9, 0.3, last)):
        sessions(made, index * apart - apart + 1, index * apart)
        changes += feed(made, [r], session=index * apart, start=index)
    assert ("expectancy_r" in [change.statistic for change in changes]) is quarantined
    assert made.view("K1").metrics.trades == 5


def test_wins_and_losses_fade_for_euc():
    made = loop()
    feed(made, [1, -1], dvs=0.8)
    sessions(made, 1, 20)
    feed(made, [1], session=20, start=20)
    view = made.view("K1")
    assert (view.wins, view.losses) == (pytest.approx(1.4), pytest.approx(0.4))
    assert (view.metrics.trades, view.metrics.weight, view.metrics.win_rate) == (3, pytest.approx(1.8), pytest.approx(1.4 / 1.8))


# ------------------------------------------------------------- what releases, and when


def test_what_releases_is_told_with_the_sessions_that_are_left():
    made = comeback(12)
    assert made.view("K1").release == "the first real win, or its evidence ages: in 41 sessions if no trade of it closes until then"
    sessions(made, 1, 40)
    assert made.view("K1").release == "the first real win, or its evidence ages: in 1 session if no trade of it closes until then"
    feed(made, [-1], session=40, start=200)
    assert made.view("K1").release == "the first real win, or its evidence ages: in 9 sessions if no trade of it closes until then"


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 25), st.integers(0, 60), st.sampled_from([0.5, 0.8, 1.0]))
def test_what_was_promised_is_kept(real, waited, dvs):
    made = loop()
    feed(made, [3.0] * (real - 2) + [-1.0, -1.0], dvs=dvs)
    feed(made, [1, 1], start=100, shadow=True)
    if sessions(made, 1, waited):
        return
    promised = int(made.view("K1").release.split(" in ")[1].split()[0])
    assert [number for number, _ in sessions(made, waited + 1, waited + promised)] == [waited + promised]


@pytest.mark.parametrize(
    ("made", "release"),
    [
        (loop, ""),
        (lambda: _after([-1, -1]), "2 shadow wins in a row, or shadow expectancy above 0 over 3 or more"),
        (lambda: _after([1, -1, 0.0]), "win rate of 40% or more, or its evidence ages: in 20 sessions if no trade of it closes until then"),
    ],
)
def test_every_state_says_what_releases_it(made, release):
    assert made().view("K1").release == release


def _after(rs: list[float]) -> LearningLoop:
    made = loop()
    feed(made, rs)
    return made


# ------------------------------------------------------------ any history, to the bit

STEP = st.tuples(
    st.integers(0, 60), st.sampled_from(["K1", "K2"]), st.sampled_from([-1.1, -0.25, -0.1, 0.0, 0.1, 1.0, 2.0]), st.booleans(),
    st.sampled_from([0.0, 0.8, 0.9, 1.0]),
)  # fmt: skip
HISTORY = st.lists(STEP, max_size=40)


def told(steps: list[tuple]) -> list:
    """The journal of a history: the sessions, as numbers, and the outcomes among them."""
    found, session = [0], 0
    for index, (gap, strategy, r, shadow, dvs) in enumerate(steps):
        found += range(session + 1, session + gap + 1)
        session += gap
        found.append(outcome(r, strategy=strategy, shadow=shadow, dvs=dvs, day=day(session), minute=index + 1))
    return found


def lived(made: LearningLoop, journal: list) -> list[StateRecord]:
    return [change for each in journal for change in (made.on_session(day(each)) if isinstance(each, int) else made.on_outcome(each))]


@settings(deadline=None)
@given(HISTORY, st.integers(0, 2000))
def test_a_restart_anywhere_folds_to_the_same_states_and_records_to_the_bit(steps, cut):
    journal = told(steps)
    cut = min(cut, len(journal))
    whole, first, second = loop(), loop(), loop()
    records = lived(whole, journal)
    before = lived(first, journal[:cut])
    last = {change.strategy: change for change in before}
    assert second.refold(journal[:cut], day, last) == []  # nothing is told twice, and nothing is missing
    for name in ("K1", "K2"):
        assert str(second.view(name)) == str(first.view(name))
    assert before + lived(second, journal[cut:]) == records
    assert [str(second.view(name)) for name in ("K1", "K2")] == [str(whole.view(name)) for name in ("K1", "K2")]


@settings(deadline=None)
@given(HISTORY, st.integers(1, 3))
def test_sessions_that_are_told_again_change_nothing(steps, times):
    journal = told(steps)
    once, again = loop(), loop()
    records = lived(once, journal)
    assert lived(again, [each for each in journal for _ in range(times if isinstance(each, int) else 1)]) == records
    assert str(again.view("K1")) == str(once.view("K1"))


@settings(deadline=None)
@given(HISTORY)
def test_nobody_stays_throttled_for_more_than_55_sessions_without_a_trade(steps):
    made, since = loop(), {"K1": 0, "K2": 0}
    for each in [*told(steps), *range(10_000, 10_060)]:
        if isinstance(each, int):
            made.on_session(day(each))
            since = {name: count + 1 for name, count in since.items()}
        else:
            for change in made.on_outcome(each):
                since[change.strategy] = 0
            since[each.strategy] = 0
        for name, count in since.items():
            assert made.view(name).state is not THROTTLED or count < 55
    assert all(made.view(name).state is not THROTTLED for name in since)


SCORE = st.floats(0, 1)
MOMENTS = st.builds(
    EucInputs, reward_ratio=st.floats(0.5, 4), belief=SCORE, instability=SCORE, dvs=SCORE, eqs=SCORE, wins=st.just(0.0),
    losses=st.just(0.0), cost_r=st.floats(0, 1), cost_multiplier=st.just(1.0),
)  # fmt: skip


@settings(deadline=None)
@given(HISTORY, st.lists(MOMENTS, min_size=1, max_size=3))
def test_at_no_age_is_a_strategy_better_off_than_with_no_history(steps, moments):
    made = loop()
    for each in told(steps):
        lived(made, [each])
        for name in ("K1", "K2"):
            view = made.view(name)
            for moment in moments:
                fresh = euc(moment, LIMITS.euc)
                changes = {"wins": view.wins, "losses": view.losses, "cost_multiplier": view.cost_multiplier}
                aged = euc(msgspec.structs.replace(moment, **changes), LIMITS.euc)
                assert aged.total <= fresh.total
                assert fresh.total in (aged.total, aged.other_total)
            assert view.cost_multiplier >= 1.0


def test_losses_that_have_faded_let_a_strategy_come_near_to_what_it_was_without_them_and_no_further():
    made, fresh = loop(), euc(INPUTS, LIMITS.euc).total
    feed(made, [-0.2, -1, -0.2, -1], start=0)
    totals = []
    for number in range(1, 301):
        made.on_session(day(number))
        losses = made.view("K1").losses
        totals.append(euc(msgspec.structs.replace(INPUTS, losses=losses), LIMITS.euc).total)
    assert totals == sorted(totals) and totals[0] < totals[-1] <= fresh
    assert totals[-1] == pytest.approx(fresh, abs=1e-4)


# --------------------------------------------------------- other rules than the journal's


def test_a_journal_of_other_rules_is_told_where_its_states_differ():
    evidence = CONTRACTS.learning.evidence.model_copy(update={"half_life_sessions": None, "aged_below_sample": 0.0})
    old = CONTRACTS.model_copy(update={"learning": CONTRACTS.learning.model_copy(update={"evidence": evidence})})
    real = [outcome(-1, day=day(0), minute=minute) for minute in (1, 2)]
    shadows = [outcome(1, day=day(0), minute=minute, shadow=True) for minute in (20, 21)]
    journal = [*real, *shadows, *range(1, 31), outcome(-1, strategy="K2", day=day(30), minute=90)]
    before = loop(old)
    last = {change.strategy: change for change in lived(before, journal)}
    assert (before.view("K1").state, before.view("K1").release) == (THROTTLED, "the first real win")
    (change,) = loop().refold(journal, day, last)
    assert (change.strategy, change.before, change.after, change.throttle_level) == ("K1", THROTTLED, ACTIVE, 0)
    assert "folded by the rules in force" in change.reason
    (back,) = loop(old).refold(journal, day, {"K1": change})
    assert (back.before, back.after, back.throttle_level, back.release) == (ACTIVE, THROTTLED, 1, "the first real win")


def test_a_change_that_the_journal_lacks_is_told_at_the_next_start():
    journal = [outcome(-1, day=day(0), minute=1), outcome(-1, day=day(0), minute=2)]
    (change,) = loop().refold(journal, day, {})
    assert (change.before, change.after) == (ACTIVE, QUARANTINED)
    assert loop().refold(journal, day, {"K1": change}) == []
