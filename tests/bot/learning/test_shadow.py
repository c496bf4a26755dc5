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
    return ShadowBook(CONTRACTS.learning, CONTRACTS.risk_model, CONTRACTS.data_contract)


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


# ------------------------------------------------------------------ where bars stop, or are not believed


def entered(**shape):
    """A book that follows a plan which was entered with the bar of minute 1 and left at 1000 ticks with that of minute 2."""
    made = book()
    consider(made, **shape)
    assert made.on_bar(bar(1, 1001, 1002, 998, 1000), 1, False) == []
    assert made.on_bar(bar(2, 1000, 1001, 999, 1000), 1, False) == []
    return made


def mirrored_bar(side, minute, *prices):
    first, high, low, close = prices
    return bar(minute, first, high, low, close) if side > 0 else bar(minute, 2000 - first, 2000 - low, 2000 - high, 2000 - close)


@pytest.mark.parametrize(("minute", "hole"), [(3, False), (5, False), (6, True), (40, True)])
def test_the_first_bar_after_a_hole_ends_it_at_the_open_and_neither_stop_nor_target_fills(minute, hole):
    ended = entered(minutes=100).on_bar(bar(minute, 1003, 1030, 970, 1010), 2, False)
    (closed,) = ended
    if hole:
        assert (closed.exit_reason, closed.mark, closed.exit_price) == ("SESSION", "HELD_OVER_GAP", 1001 / 4)
        assert (closed.closed_ns, closed.gross_cents, closed.slippage_ticks, closed.mfe_ticks) == (minute * MINUTE_NS, 125, 2.0, 1)
    else:
        assert (closed.exit_reason, closed.mark) == ("STOP", msgspec.UNSET)


def test_a_hole_is_counted_from_the_bar_that_decided_it_where_no_other_has_been_seen():
    made = book()
    consider(made)
    ended = made.on_bar(bar(4, 1001, 1002, 992, 1000), 1, False)
    assert [each.state for each in ended] == ["EXPIRED"]


def test_a_plan_that_waits_for_its_entry_over_a_hole_is_not_marked():
    made = book()
    consider(made)
    (ended,) = made.on_bar(bar(10, 1001, 1002, 992, 1000), 1, False)
    assert ended.state == "EXPIRED"


@pytest.mark.parametrize(("rejected", "reason"), [(2, "STOP"), (3, "QUALITY"), (9, "QUALITY")])
def test_the_third_bar_in_a_row_that_is_not_believed_leaves_it_at_the_next_believed_open(rejected, reason):
    made = entered(minutes=100)
    for minute in range(3, 3 + rejected):
        made.on_rejected(minute * MINUTE_NS, False)
    (closed,) = made.on_bar(bar(3 + rejected, 999, 1001, 970, 980), 1, False)
    assert (closed.exit_reason, closed.mark) == (reason, msgspec.UNSET)
    if reason == "QUALITY":
        assert closed.exit_price == 998 / 4


def test_rejected_bars_that_are_not_in_a_row_leave_nothing():
    made = entered(minutes=100)
    for minute in (3, 4, 6, 7):
        made.on_rejected(minute * MINUTE_NS, False)
        if minute == 4:
            assert made.on_bar(bar(5, 1000, 1001, 999, 1000), 1, False) == []
    assert made.on_bar(bar(8, 1000, 1001, 999, 1000), 1, False) == []


def test_the_sessions_end_on_a_rejected_bar_leaves_it_at_the_next_believed_open():
    made = entered(minutes=100)
    made.on_rejected(3 * MINUTE_NS, True)
    (closed,) = made.on_bar(bar(4, 1002, 1030, 970, 1000), 1, True)
    assert (closed.exit_reason, closed.exit_price, closed.mark) == ("SESSION", 1001 / 4, msgspec.UNSET)


def test_a_hole_whose_first_bar_is_not_believed_is_left_with_the_next_that_is():
    made = entered(minutes=100)
    made.on_rejected(30 * MINUTE_NS, False)
    (closed,) = made.on_bar(bar(31, 1002, 1030, 970, 1000), 1, False)
    assert (closed.exit_reason, closed.mark, closed.exit_price) == ("SESSION", "HELD_OVER_GAP", 1001 / 4)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("opened", "void"), [(1200, False), (1201, True), (800, False), (799, True)])
def test_at_a_level_beyond_a_days_limit_it_never_was(side, opened, void):
    made = book()
    consider(made, side=side, minutes=100)
    made.on_bar(mirrored_bar(side, 1, 1001, 1002, 998, 1000), 1, False)
    for minute in range(2, 11):
        made.on_rejected(minute * MINUTE_NS, False)
    (closed,) = made.on_bar(bar(11, opened, opened + 1, opened - 1, opened), 1, False)
    assert (closed.exit_reason, closed.mark) == ("QUALITY", "VOID" if void else msgspec.UNSET)
    assert closed.exit_price == (250.0 if void else (opened - side) / 4)
    assert not void or (closed.gross_cents, closed.net_cents, closed.slippage_ticks) == (0, -124, 0.0)


@pytest.mark.parametrize("cut", range(2, 6))
def test_followed_on_after_a_restart_it_ends_as_it_would_have(cut):
    steps = [(1, bar(1, 1001, 1002, 998, 1000)), (2, None), (3, None), (4, None), (5, None), (6, bar(6, 1300, 1301, 1299, 1300))]

    def fed(made, some):
        ended = []
        for minute, seen in some:
            ended += made.on_bar(seen, 1, False) if seen else made.on_rejected(minute * MINUTE_NS, False) or []
        return ended

    whole, again = book(), book()
    consider(whole, minutes=100)
    again.follow("shadow-K1-L-0", refused(plan(minutes=100), 0, GATES, 1), "opening")
    assert fed(again, steps[:cut]) == []
    assert fed(again, steps[cut:]) == fed(whole, steps)
    assert fed(book(), steps) == []
