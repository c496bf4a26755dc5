"""K5, the noise filter: its three vetoes either side of their limits, and the stop-outs it remembers."""

from __future__ import annotations

import pytest
from builders import STRONG, belief, market, new_york_ns, trade_view
from hypothesis import given
from states import NAN, TODAY, closed, mirror, new_strategy, random_states

from bot.decision.codes import Code
from bot.decision.plan import ExitReason, NoSetup, Setup, Veto
from bot.learning.outcome import TradeOutcome

TOMORROW = "2025-09-17"
CALM = NoSetup("NOISE", "noise", 0.4, "minimum", 0.7)


def noisy(noise: float, f5: float, **changes: object):
    return market(noise=noise, beliefs=STRONG | {"F5": (belief(f5), belief(f5))}, **changes)


def after(*outcomes: TradeOutcome):
    strategy = new_strategy("K5")
    for outcome in outcomes:
        strategy.post_trade_update(outcome)
    return strategy


@pytest.mark.parametrize(
    ("noise", "f5", "answer"),
    [
        (0.70, 0.60, Veto(Code.K5_NOISE, "noise", 0.70, "below", 0.7)),
        (0.70 - 1e-10, 0.60 - 1e-10, Veto(Code.K5_NOISE, "noise", 0.70 - 1e-10, "below", 0.7)),
        (0.95, 0.99, Veto(Code.K5_NOISE, "noise", 0.95, "below", 0.7)),
        (0.69, 0.99, NoSetup("NOISE", "noise", 0.69, "minimum", 0.7)),
        (0.70, 0.59, NoSetup("F5", "belief", 0.59, "minimum", 0.6)),
        (0.99, 0.00, NoSetup("F5", "belief", 0.0, "minimum", 0.6)),
        (0.69, 0.59, NoSetup("NOISE", "noise", 0.69, "minimum", 0.7)),
    ],
)
def test_it_vetoes_while_noise_and_its_belief_are_both_at_their_limits(noise, f5, answer):
    assert new_strategy("K5").detect(noisy(noise, f5)) == answer


@pytest.mark.parametrize(("noise", "f5"), [(NAN, 0.9), (0.9, NAN)])
def test_what_is_undefined_is_no_noise(noise, f5):
    """Entries of such a bar are refused by WARM_UP; the veto ledger is not K5's to fill with them."""
    assert isinstance(new_strategy("K5").detect(noisy(noise, f5)), NoSetup)


def test_it_vetoes_in_the_lunch_void():
    answer = new_strategy("K5").detect(market(lunch_void=True, session_phase=3))
    assert answer == Veto(Code.K5_LUNCH_VOID, "phase", 3, "required", "not the lunch void")


def test_noise_is_named_before_the_lunch_void_and_that_before_stop_outs():
    strategy = after(closed(1), closed(-1))
    assert strategy.detect(noisy(0.8, 0.8, lunch_void=True)).code == Code.K5_NOISE
    assert strategy.detect(market(lunch_void=True)).code == Code.K5_LUNCH_VOID
    assert strategy.detect(market()).code == Code.K5_OPPOSITE_STOPS


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        ([], None),
        ([closed(1)], None),
        ([closed(1), closed(1)], None),
        ([closed(1), closed(-1)], 2),
        ([closed(-1), closed(1)], 2),
        ([closed(1), closed(1), closed(-1)], 3),
        ([closed(1), closed(-1, reason=ExitReason.TARGET)], None),
        ([closed(1), closed(-1, reason=ExitReason.THESIS)], None),
        ([closed(1, reason=ExitReason.TIME), closed(-1)], None),
        ([closed(1, "2025-09-15"), closed(-1)], None),
        ([closed(1, "2025-09-15"), closed(-1, "2025-09-15")], None),
    ],
    ids=lambda value: "+".join(f"{o.side:+d} {o.exit_reason} {o.trading_day[-2:]}" for o in value) if isinstance(value, list) else None,
)
def test_it_vetoes_after_stop_outs_on_both_sides_of_one_session(outcomes, count):
    answer = after(*outcomes).detect(market())
    assert answer == (CALM if count is None else Veto(Code.K5_OPPOSITE_STOPS, "stop_outs", count, "below", 2))


def test_the_next_session_begins_without_stop_outs():
    strategy = after(closed(1), closed(-1))
    assert strategy.detect(market(ts_ns=new_york_ns(f"{TODAY} 15:59"))).code == Code.K5_OPPOSITE_STOPS
    assert strategy.detect(market(ts_ns=new_york_ns(f"{TODAY} 16:01"))) == CALM
    assert strategy.detect(market(ts_ns=new_york_ns(f"{TOMORROW} 09:31"))) == CALM


def test_a_stop_out_of_the_next_session_forgets_those_of_the_last():
    strategy = after(closed(1), closed(-1), closed(1, TOMORROW))
    assert strategy.detect(market(ts_ns=new_york_ns(f"{TOMORROW} 10:41"))) == CALM
    strategy.post_trade_update(closed(-1, TOMORROW))
    assert strategy.detect(market(ts_ns=new_york_ns(f"{TOMORROW} 10:41"))).code == Code.K5_OPPOSITE_STOPS


def test_it_never_has_an_entry_and_never_leaves_one():
    strategy = new_strategy("K5")
    assert strategy.plan_entry(Setup(1), market()) == NoSetup("NEVER", "orders", 0, "maximum", 0)
    assert strategy.plan_exit(trade_view(), market()) is None


@given(random_states())
def test_a_mirrored_state_gives_the_same_answer(state):
    strategy = after(closed(1), closed(-1))
    assert strategy.detect(mirror(state)) == strategy.detect(state)
