"""How long a trade is as it should not be: the grace, then the doubt, on the wall clock."""

from __future__ import annotations

from typing import Any

import pytest
from builders import an_intent

from bot.decision.plan import ExitReason
from bot.risk_engine.clocks import StampTime
from bot.risk_engine.naked import BARE_NS, DOUBT_NS, GRACE_NS, NakedWatch
from bot.supervision.duties import Waited
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

START = 1_000 * SECOND_NS


class Watched:
    """A trade of two legs, each with one contract and a working stop; what is done about it, and when."""

    def __init__(self) -> None:
        self.wall, self.acts = StampTime(START), []
        self.watch = NakedWatch(self.act)
        self.failing = False
        self.trade = Trade(an_intent(name="I"), [self.leg(1), self.leg(2)])

    @staticmethod
    def leg(number: int) -> Leg:
        entry = TrackedOrder(f"E{number}", Role.ENTRY, number, 1, 1, 1000, state=OrderState.FILLED, filled=1)
        return Leg(number, 1, 992, 1016, [entry, TrackedOrder(f"S{number}", Role.STOP, number, -1, 1, 992, state=OrderState.WORKING)])

    def act(self, trade: Trade, waited: Waited) -> None:
        assert trade is self.trade
        self.acts.append(((self.wall.now_ns - START) / SECOND_NS, waited))
        if self.failing:
            raise ValueError("no")

    def look(self) -> Watched:
        self.watch.look(self.wall, self.trade)
        return self

    def bare(self, leg: int = 1) -> Watched:
        self.trade.legs[leg - 1].orders[1].state = OrderState.CANCELED
        return self.look()

    def covered(self) -> Watched:
        for leg in self.trade.legs:
            leg.orders[1].state = OrderState.WORKING
        return self.look()

    def until(self, *seconds: float) -> Watched:
        for second in seconds:
            self.wall.advance(START + round(second * SECOND_NS))
        return self


def test_the_grace_is_one_second_and_the_doubt_two_but_a_bare_one_leaves_time_for_the_exit():
    assert (GRACE_NS, DOUBT_NS, BARE_NS) == (SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS // 2)


def test_a_covered_trade_is_left_alone():
    watched = Watched().look().until(1, 2, 9)
    assert (watched.acts, watched.trade.naked_since_ns, watched.trade.naked_ns) == ([], 0, 0)


@pytest.mark.parametrize("leg", [1, 2])
def test_a_leg_that_is_bare_is_seen_to_after_the_grace_and_again_each_second(leg):
    watched = Watched().bare(leg).until(0.999)
    assert (watched.acts, watched.trade.naked_since_ns) == ([], START)
    watched.until(1, 1.499, 1.5, 2.499, 2.5)
    assert watched.acts == [(1, Waited.GRACE), (1.5, Waited.DOUBT), (2.5, Waited.DOUBT)]


@pytest.mark.parametrize("early_ms", [100, 400])
def test_a_timer_that_goes_off_a_moment_early_costs_no_more_than_that_moment(early_ms):
    class Early(StampTime):
        def call_at(self, name: str, ts_ns: int, callback: Any) -> None:
            super().call_at(
                name, ts_ns - early_ms * SECOND_NS // 1000 if name.endswith("-naked") and first.pop("one", None) else ts_ns, callback
            )

    first = {"one": True}
    watched = Watched()
    watched.wall = Early(START)
    watched.bare().until(*[tenth / 10 for tenth in range(1, 31)])
    assert watched.acts == [(1, Waited.GRACE), (1.5, Waited.DOUBT), (2.5, Waited.DOUBT)]


@pytest.mark.parametrize(("stop", "naked"), [(2, False), (1, True)])
def test_a_leg_is_bare_if_its_stop_is_smaller_than_what_it_holds(stop, naked):
    watched = Watched()
    entry, cover = watched.trade.legs[0].orders
    entry.quantity = entry.filled = 2
    cover.quantity = stop
    watched.look()
    assert bool(watched.trade.naked_since_ns) is naked


def test_a_leg_that_was_closed_twice_is_bare_and_one_that_is_flat_is_not():
    watched = Watched()
    stop = watched.trade.legs[0].orders[1]
    stop.state, stop.filled = OrderState.FILLED, 1
    assert watched.look().trade.naked_since_ns == 0
    stop.filled = 2
    assert watched.look().trade.naked_since_ns == START


def test_naked_time_is_counted_from_the_first_look_to_the_last_and_adds_up():
    watched = Watched().bare().until(0.25).bare(2).until(0.5).covered()
    assert (watched.trade.naked_ns, watched.trade.naked_since_ns) == (SECOND_NS // 2, 0)
    watched.look().until(0.6).bare().until(0.7).covered()
    assert watched.trade.naked_ns == 6 * SECOND_NS // 10
    assert watched.until(1, 2, 3).acts == []


def test_a_trade_that_is_covered_again_has_no_timer_any_more():
    watched, later = Watched().bare().until(0.5).covered().until(1), []
    watched.wall.call_at = lambda *given: later.append(given)
    assert watched.until(2, 3).acts == later == []
    again = Watched().bare().until(0.5).covered()
    again.wall.call_at = lambda *given: later.append(given)
    assert again.until(1, 2).acts == later == []


def test_one_look_more_does_not_begin_the_count_again():
    watched = Watched().bare().until(0.5).look().until(1, 1.5, 2)
    assert watched.acts == [(1, Waited.GRACE), (1.5, Waited.DOUBT)]


def leaving(watched: Watched, since_ns: int = START) -> Watched:
    watched.trade.closing, watched.trade.closing_since_ns = ExitReason.TIME, since_ns
    watched.watch.leaving(watched.wall, watched.trade)
    return watched


def test_a_trade_that_is_being_left_is_seen_to_after_the_doubt_covered_or_not():
    watched = leaving(Watched()).until(1, 1.999)
    assert watched.acts == []
    assert watched.until(2, 3).acts == [(2, Waited.DOUBT), (3, Waited.DOUBT)]


def test_the_doubt_of_leaving_counts_from_when_it_began():
    watched = leaving(Watched(), START + SECOND_NS // 2).until(1, 2)
    assert watched.acts == []
    assert watched.until(3).acts == [(3, Waited.DOUBT)]


@pytest.mark.parametrize("begun", [0.001, 0.3, 0.999])
def test_a_doubt_is_over_after_two_seconds_also_where_the_timer_ran_before_the_leaving_began(begun):
    watched = Watched().bare().until(begun)
    leaving(watched, watched.wall.now_ns).covered()
    watched.until(*(0.001 * step for step in range(1000, 5000)))
    first = next(at for at, waited in watched.acts if waited is Waited.DOUBT)
    assert first == pytest.approx(begun + 2)


def test_a_trade_that_is_being_left_is_seen_to_once_it_was_bare_for_the_grace():
    bare = leaving(Watched()).until(0.5).bare()
    assert bare.until(1, 1.499).acts == []
    assert bare.until(1.5).acts == [(1.5, Waited.GRACE)]
    assert set(bare.until(2).acts[1:]) == {(2, Waited.DOUBT)}
    again = leaving(Watched()).until(0.5).bare().until(0.7).covered()
    assert again.until(1, 1.5).acts == []


def test_a_bare_trade_that_is_being_left_has_one_timer():
    assert leaving(Watched().bare()).until(1, 1.5, 2).acts == [(1, Waited.GRACE), (1.5, Waited.DOUBT)]


def test_leaving_a_bare_trade_does_not_begin_its_grace_again():
    watched = Watched().bare().until(0.9)
    leaving(watched, watched.wall.now_ns).until(1)
    assert watched.acts == [(1, Waited.GRACE)]


@pytest.mark.parametrize("begin", [Watched.bare, leaving])
def test_a_trade_that_is_done_is_left_alone(begin: Any):
    watched = begin(Watched())
    watched.trade.done = True
    assert watched.until(1, 2, 3).acts == []


def test_what_fails_is_tried_again():
    watched = Watched().bare()
    watched.failing = True
    for second in (1, 1.5, 2.5):
        with pytest.raises(ValueError, match="no"):
            watched.until(second)
    assert watched.acts == [(1, Waited.GRACE), (1.5, Waited.DOUBT), (2.5, Waited.DOUBT)]


def test_a_timer_is_named_after_its_trade():
    named: list[str] = []
    watched = Watched()
    watched.wall.call_at = lambda name, *_: named.append(name)
    watched.bare()
    assert named == ["I-naked"]
