"""The shadow book: who is followed, when the next may start, and what an outcome carries."""

import math

import msgspec
import pytest
from outcome_makers import CONTRACTS, EUC, bar, plan, refused

from bot.decision.outcome import TradeOutcome
from bot.learning.shadow import ShadowBook
from bot.units import MINUTE_NS

GATES = ("DVS_BELOW_MINIMUM", "K5_NOISE")


def book() -> ShadowBook:
    return ShadowBook(CONTRACTS.learning, CONTRACTS.risk_model)


def consider(made, minute=0, gates=GATES, slippage=1, **shape):
    return made.consider(refused(plan(**shape), minute, gates, slippage), "opening")


def test_a_refused_plan_is_followed_to_its_outcome():
    made = book()
    opened = consider(made)
    assert (opened.strategy, opened.state, opened.gates) == ("K1", "OPENED", list(GATES))
    assert (opened.plan.limit, opened.plan.legs, opened.plan.risk_cents) == (250.0, [(1, 248.0, 253.0)], 1000)
    assert made.on_bar(bar(1, 1001, 1002, 999, 1000), 1, False) == []
    (closed,) = made.on_bar(bar(2, 1000, 1004, 992, 993), 2, False)
    assert isinstance(closed, TradeOutcome)
    assert closed == TradeOutcome(
        trade_id=opened.trade_id, strategy="K1", side=1, quantity=1, legs=1, regime="range", time_of_day="opening",
        trading_day="2025-09-15", opened_ns=MINUTE_NS, closed_ns=2 * MINUTE_NS, decided_ns=0, entry_price=250.0,
        exit_price=247.75, gross_cents=-1125, net_cents=-1249, risk_cents=1000, r=-1.249, target_r=1.5, exit_reason="STOP",
        thesis_valid_at_exit=True, belief=0.7, euc=msgspec.structs.asdict(EUC), dvs=1.0, eqs=0.9,
        signals={"vwap_z": -1.6, "spread_ticks": 1.0},
        slippage_ticks=1.0, spread_ticks=1.0, mae_ticks=9, mfe_ticks=0, naked_seconds=0.0, budget_overrun=False,
        shadow=True, gates=GATES,
    )  # fmt: skip
    assert made.on_bar(bar(3, 1000, 1004, 992, 993), 2, False) == []


def test_two_legs_are_one_trade_with_mean_price_summed_slippage_and_the_last_legs_reason():
    made = book()
    consider(made, strategy="K4", legs=((1, 6, 12), (1, 6, 18)))
    bars = [bar(1, 1001, 1002, 999, 1000), bar(2, 1005, 1013, 1004, 1011), bar(3, 1000, 1001, 990, 995)]
    (closed,) = [ended for item in bars for ended in made.on_bar(item, 1, False)]
    assert (closed.quantity, closed.legs, closed.risk_cents, closed.target_r) == (2, 2, 1500, 2.5)
    assert (closed.exit_price, closed.exit_reason, closed.slippage_ticks) == ((1012 + 993) / 8, "STOP", 1.0)
    assert (closed.gross_cents, closed.net_cents, closed.r) == (625, 377, 377 / 1500)
    assert closed.closed_ns == 3 * MINUTE_NS


def test_an_entry_that_does_not_fill_is_recorded_as_expired():
    made = book()
    opened = consider(made)
    assert made.on_bar(bar(1, 1001, 1002, 1000, 1001), 1, False) == []
    (expired,) = made.on_bar(bar(2, 1001, 1002, 1000, 1001), 1, False)
    assert (expired.trade_id, expired.state, expired.gates, expired.plan) == (opened.trade_id, "EXPIRED", list(GATES), None)


@pytest.mark.parametrize(("minute", "follows"), [(1, False), (29, False), (30, True), (31, True)])
def test_the_next_starts_30_minutes_after_the_last_started(minute, follows):
    made = book()
    consider(made)
    made.on_bar(bar(1, 1001, 1002, 992, 1000), 1, False)  # filled and stopped at once
    assert (consider(made, minute) is not None) is follows


def test_an_unfilled_one_counts_as_the_last():
    made = book()
    consider(made)
    made.on_bar(bar(2, 1001, 1002, 1000, 1001), 1, False)
    assert consider(made, 29) is None
    assert consider(made, 30) is not None


def test_at_most_one_is_open_per_strategy_and_side():
    made = book()
    consider(made, minutes=100)
    made.on_bar(bar(1, 1001, 1002, 999, 1000), 1, False)
    assert consider(made, 45) is None
    assert consider(made, 45, side=-1) is not None
    assert consider(made, 45, strategy="K2") is not None


@pytest.mark.parametrize("stop", [0, -3])
def test_a_plan_without_a_risk_has_no_r_and_is_not_followed(stop):
    assert consider(book(), legs=((1, stop, 12),)) is None


def test_the_session_leaves_nothing_open():
    made = book()
    consider(made)
    consider(made, strategy="K2")
    consider(made, minute=1, strategy="K3")
    made.on_bar(bar(1, 1001, 1002, 999, 1000), 1, False)
    ended = made.on_bar(bar(2, 1001, 1003, 1000, 1001), 2, True)
    assert [getattr(item, "exit_reason", None) or item.state for item in ended] == ["SESSION", "SESSION", "EXPIRED"]
    assert made.on_bar(bar(3, 1001, 1003, 999, 1001), 1, True) == []


def test_ids_are_the_same_whenever_the_same_bars_are_run_again_and_differ_otherwise():
    first, again = book(), book()
    shapes = [dict(minute=0), dict(minute=0, side=-1), dict(minute=0, strategy="K2"), dict(minute=40, strategy="K3")]
    ids = [consider(first, **shape).trade_id for shape in shapes]
    assert ids == [consider(again, **shape).trade_id for shape in shapes]
    assert len(set(ids)) == 4


def test_an_outcome_survives_the_journal():
    made = book()
    consider(made)
    (closed,) = made.on_bar(bar(1, 1001, 1002, 992, 1000), 1, False)
    assert msgspec.json.decode(msgspec.json.encode(closed), type=TradeOutcome) == closed
    assert math.isfinite(closed.r)
