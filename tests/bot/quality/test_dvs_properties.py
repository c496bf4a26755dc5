"""DVS under any stream of bars: bounded, the minimum of its window, and never helped by an event."""

from bar_makers import QUIET, at, names, raw, scorer
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.quality.feed import QualityEvent
from bot.units import MINUTE_NS, SECOND_NS

PRICE = st.sampled_from([6600.0, 6600.25, 6600.5, 6580.0, 6660.0, 6600.1, float("nan"), -1.0, 0.0])
BAR = st.one_of(
    st.just(QUIET),
    st.tuples(PRICE, PRICE, PRICE, PRICE, st.sampled_from([0.0, 1.0, 500.0, 90000.0, float("nan")])),
)
STEP = st.tuples(
    st.sampled_from([60, 60, 60, 90, 91, 180, 0, -60]), BAR, st.booleans(), st.sampled_from([0, 5, 6]),
    st.lists(st.sampled_from(["late", "bad_quote", "stale"]), max_size=3),
)  # fmt: skip


def run(steps, first="10:00"):
    made, ts_ns = scorer(), at(first)
    for seconds, prices, synthetic, late, kinds in steps:
        ts_ns += seconds * SECOND_NS
        for kind in kinds:
            made.on_event(QualityEvent(kind, ts_ns))
        yield made.score(raw(ts_ns, prices, late, synthetic))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_scores_are_bounded_and_dvs_is_the_lowest_of_the_last_ten(steps):
    owns = []
    for result in run(steps):
        owns.append(result.own)
        assert 0.0 <= result.own <= 1.0
        assert result.dvs == min(owns[-10:])
        assert result.own == max(0.0, 1.0 - sum(penalty for _, penalty in result.events))
        assert (result.bar is None) == bool({"not_increasing", "impossible"} & set(names(result)))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=20), st.sampled_from(["late", "bad_quote", "stale", "untrusted_feed"]))
def test_one_more_live_event_never_raises_a_score(steps, kind):
    more = [*steps[:-1], (*steps[-1][:4], [*steps[-1][4], kind])]
    assert list(run(more))[-1].own <= list(run(steps))[-1].own


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=30))
def test_ten_good_bars_after_anything_restore_dvs(steps):
    made, ts_ns = scorer(), at("10:00")
    for seconds, _, synthetic, late, kinds in steps:
        ts_ns += seconds * SECOND_NS
        for kind in kinds:
            made.on_event(QualityEvent(kind, ts_ns))
        made.score(raw(ts_ns, QUIET, late, synthetic))
    ts_ns = max(ts_ns, at("10:00") + 30 * 180 * SECOND_NS)
    made.score(raw(ts_ns))
    results = [made.score(raw(ts_ns + index * MINUTE_NS)) for index in range(1, 11)]
    assert results[-1].dvs == 1.0
