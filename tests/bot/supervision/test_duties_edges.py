"""Duties to the last field: which leg, which order, how many contracts, and at which edge one turns into another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import an_intent, plan

from bot.decision.plan import ExitReason
from bot.supervision.duties import Duty, DutyKind, Waited, agreed_on, balanced, duties
from bot.supervision.leaving import why_leave
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

S, R, K = OrderState, Role, DutyKind
NOT, GRACE, DOUBT = Waited


def entry(filled: int = 1, quantity: int | None = None, state: OrderState = S.FILLED, side: int = 1) -> TrackedOrder:
    return TrackedOrder("E", R.ENTRY, 2, side, quantity or filled, state=state, filled=filled)


def order(role: Role, quantity: int = 1, filled: int = 0, state: OrderState = S.WORKING, name: str = "", side: int = -1) -> TrackedOrder:
    return TrackedOrder(name or role.value, role, 2, side, quantity, state=state, filled=filled)


def trade(*orders: TrackedOrder, closing: bool = False, side: int = 1) -> Trade:
    """A trade whose second leg has these orders; there is no first."""
    made = Trade(an_intent(plan(side)), [Leg(2, 1, 992, 1016, list(orders))])
    made.closing = ExitReason.TIME if closing else None
    return made


def demanded(*orders: TrackedOrder, closing: bool = False, missing: int | None = 0, put_off: tuple[Role, ...] = ()) -> list[list[Duty]]:
    """What the leg demands at once, after the grace and after the doubt; left if it may not be held on."""
    made = trade(*orders, closing=closing)
    made.legs[0].put_off.update(put_off)
    return [duties(replace(made, closing=made.closing or why_leave(made, waited)), waited, missing) for waited in Waited]


def cancel(asked: TrackedOrder) -> Duty:
    return Duty(K.CANCEL, 2, 0, asked, False)


def exits(quantity: int, after_wait: bool = False) -> Duty:
    return Duty(K.EXIT, 2, quantity, None, after_wait)


# ------------------------------------------------------------------ the fields


def test_nothing_waited_is_the_default():
    orphan = trade(entry(state=S.CANCELED, filled=0, quantity=1), order(R.STOP))
    assert duties(orphan) == duties(orphan, NOT) == []
    assert duties(orphan, GRACE) != []


def test_a_doubt_that_is_over_waits_for_no_cancel_and_covers_nothing_at_once():
    """Its stop has just made way for the closing order that leaves beside nothing: a stop more would come after the position."""
    leaving = trade(entry(), order(R.STOP, state=S.CANCELED), order(R.EXIT, state=S.SUBMITTED), closing=True)
    assert duties(leaving, doubted=True) == []
    assert [duty.kind for duty in duties(leaving, GRACE)] == [K.COVER]
    ghost = order(R.STOP, state=S.UNKNOWN)
    ghost.ask_end(0)
    stuck = trade(entry(), ghost, closing=True)
    assert duties(stuck) == [] and duties(stuck, doubted=True) == [exits(1, after_wait=True)]


def test_what_replaced_the_stop_that_closed_a_leg_goes_at_once_and_its_partner_is_the_venues():
    made = trade(entry(), order(R.STOP, filled=1, state=S.FILLED, name="I-2S"), order(R.TARGET, name="I-2T"))
    stop, target = order(R.STOP, name="I-2S1"), order(R.TARGET, name="I-2T1")
    ended = [order(R.STOP, state=S.CANCELED, name="I-2S2"), order(R.TARGET, state=S.REJECTED, name="I-2T2")]
    made.legs[0].orders += [stop, target, *ended]
    assert duties(made) == [cancel(stop), cancel(target)]


def test_a_leg_that_nothing_of_it_has_closed_keeps_its_children_for_the_grace():
    stop, target = order(R.STOP, name="I-2S"), order(R.TARGET, name="I-2T")
    waiting = trade(entry(filled=0, quantity=1, state=S.CANCELED), stop, target)
    assert (duties(waiting), duties(waiting, GRACE)) == ([], [cancel(stop), cancel(target)])
    closed = trade(entry(), stop, target, order(R.EXIT, filled=1, state=S.FILLED))
    assert duties(closed) == []


def test_a_leg_whose_entry_works_keeps_what_waits_for_it():
    stop = order(R.STOP, filled=1, state=S.FILLED, name="I-2S")
    made = trade(entry(filled=1, quantity=2, state=S.PARTIALLY_FILLED), stop, order(R.STOP, name="I-2S1"))
    assert duties(made) == []


def test_a_new_pair_is_for_all_that_the_leg_holds():
    assert demanded(entry(3)) == [[Duty(K.PROTECT, 2, 3, None, False)]] * 3


def test_a_size_is_what_is_held_and_what_has_filled():
    stop, target = order(R.STOP, 4), order(R.TARGET, 4, filled=1)
    assert demanded(entry(3), stop, target)[0] == [Duty(K.RESIZE, 2, 2, stop, False), Duty(K.RESIZE, 2, 3, target, False)]
    right = order(R.TARGET, 3, filled=1)
    assert demanded(entry(3), stop, right)[0] == [Duty(K.RESIZE, 2, 2, stop, False)]


def test_a_leg_is_left_with_all_that_it_holds():
    assert demanded(entry(3), closing=True) == [[exits(3)], [exits(3)], [exits(3, True)]]


def test_a_stop_alone_covers_all_that_the_leg_holds():
    asked = order(R.EXIT, 3, state=S.SUBMITTED)
    cover = [Duty(K.COVER, 2, 3, None, False)]
    assert demanded(entry(3), asked, closing=True) == [[], cover, cover]


def test_what_was_closed_too_much_is_bought_back():
    stop, closed = order(R.STOP, 2, filled=2, state=S.FILLED), order(R.EXIT, 3, filled=3, state=S.FILLED)
    assert demanded(entry(3), stop, closed) == [[Duty(K.BUY_BACK, 2, 2, None, False)]] * 3


def test_a_cancel_names_its_order_and_leg():
    stop = order(R.STOP)
    assert demanded(entry(0, 1, S.EXPIRED), stop) == [[], [cancel(stop)], [cancel(stop)]]


# ------------------------------------------------------------------ buying back


def test_a_buy_back_on_its_way_is_awaited_and_whatever_else_may_fill_goes():
    stop, late = order(R.STOP, 2, filled=2, state=S.FILLED), order(R.EXIT, name="late")
    back = order(R.EXIT, name="back", side=1, state=S.SUBMITTED)
    assert demanded(entry(1), stop, late, back) == [[cancel(late)]] * 3
    assert demanded(entry(1), stop, late)[0] == [cancel(late), Duty(K.BUY_BACK, 2, 1, None, False)]


def test_a_buy_back_that_ended_is_sent_again():
    stop = order(R.STOP, 2, filled=2, state=S.FILLED)
    assert demanded(entry(1), stop, order(R.EXIT, side=1, state=S.REJECTED))[0] == [Duty(K.BUY_BACK, 2, 1, None, False)]


def test_a_short_that_was_closed_twice_is_sold_back():
    stop, back = order(R.STOP, 2, filled=2, state=S.FILLED, side=1), order(R.EXIT, side=-1)
    assert duties(trade(entry(side=-1), stop, side=-1)) == [Duty(K.BUY_BACK, 2, 1, None, False)]
    assert duties(trade(entry(side=-1), stop, back, side=-1)) == []


def test_an_entry_that_works_goes_before_a_buy_back():
    working, stop = entry(1, 2, S.PARTIALLY_FILLED), order(R.STOP, 2, filled=2, state=S.FILLED)
    assert demanded(working, stop)[0] == [cancel(working), Duty(K.BUY_BACK, 2, 1, None, False)]


# ------------------------------------------------------------------ beyond repair


def test_a_refused_replacement_is_the_last():
    once = [order(R.STOP, state=S.REJECTED)]
    assert demanded(entry(), *once)[0] == [Duty(K.PROTECT, 2, 1, None, False)]
    for second in (S.REJECTED, S.DENIED, S.CANCELED):
        assert demanded(entry(), *once, order(R.STOP, state=second))[0] == [exits(1)]
    let_go = order(R.STOP, state=S.CANCELED)
    let_go.unwanted = True
    assert demanded(entry(), *once, let_go)[0] == [Duty(K.PROTECT, 2, 1, None, False)]


def test_a_leg_that_holds_nothing_is_not_beyond_repair():
    refused = [order(R.STOP, state=S.REJECTED, name=name) for name in "AB"]
    assert demanded(entry(), *refused, order(R.EXIT, filled=1, state=S.FILLED)) == [[], [], []]


def test_a_pair_that_covers_what_is_held_may_stay_silent():
    assert demanded(entry(2), order(R.STOP, 2), order(R.TARGET, 2)) == [[], [], []]


def test_a_leg_without_a_pair_is_protected_however_long_it_waited():
    assert demanded(entry())[2] == [Duty(K.PROTECT, 2, 1, None, False)]


@pytest.mark.parametrize("role", [R.STOP, R.TARGET])
def test_half_a_pair_that_does_not_become_a_whole_leaves_only_the_market(role):
    """A stop too small to cover what is held, or a target whose stop is gone."""
    asked = order(role, 1, state=S.WORKING)
    other = [] if role is R.STOP else [order(R.STOP, 2, state=S.CANCELED)]
    assert demanded(entry(2), asked, *other)[2] == [cancel(asked), exits(2, True)]
    asked.cancel_requested = True
    assert demanded(entry(2), asked, *other)[2] == [exits(2, True)]


# ------------------------------------------------------------------ protecting


@pytest.mark.parametrize(("quantity", "resized"), [(1, True), (2, False), (3, True)])
def test_a_stop_that_is_not_of_the_size_that_is_held_is_changed(quantity, resized):
    stop = order(R.STOP, quantity)
    assert demanded(entry(2), stop)[0] == ([Duty(K.RESIZE, 2, 2, stop, False)] if resized else [])


@pytest.mark.parametrize(("quantity", "resized"), [(1, True), (2, False), (3, False)])
def test_while_an_entry_still_fills_a_stop_may_be_larger_and_not_smaller(quantity, resized):
    stop = order(R.STOP, quantity)
    assert demanded(entry(2, 3, S.PARTIALLY_FILLED), stop)[0] == ([Duty(K.RESIZE, 2, 2, stop, False)] if resized else [])


@pytest.mark.parametrize("state", [S.SUBMITTED, S.NONE])
def test_a_stop_that_has_not_arrived_is_not_changed(state):
    assert demanded(entry(2), order(R.STOP, 1, state=state), order(R.TARGET, 2))[0] == []


def test_two_stops_are_one_too_many():
    first, second = order(R.STOP, name="A"), order(R.STOP, name="B")
    target = order(R.TARGET)
    assert demanded(entry(), first, second, target)[0] == [cancel(first), cancel(second), cancel(target)]
    assert demanded(entry(2), first, second)[0] == []  # together they are right


@pytest.mark.parametrize("refused", [R.STOP, R.TARGET])
def test_a_pair_of_which_one_would_not_be_changed_goes_whole(refused):
    stop, target = order(R.STOP, 2), order(R.TARGET, 2)
    (stop if refused is R.STOP else target).resize_refused = True
    assert demanded(entry(), stop, target)[0] == [cancel(stop), cancel(target)]


def test_a_change_of_size_that_was_asked_for_is_awaited():
    stop, target = order(R.STOP, 2), order(R.TARGET, 2)
    stop.resized = 1
    assert demanded(entry(), stop, target)[0] == [Duty(K.RESIZE, 2, 1, target, False)]


def test_a_stop_whose_price_is_being_changed_is_resized_after_that():
    stop, target = order(R.STOP, 2), order(R.TARGET, 1)
    stop.requested = {995: ""}
    assert demanded(entry(), stop, target)[0] == []
    stop.requested = {}
    assert demanded(entry(), stop, target)[0] == [Duty(K.RESIZE, 2, 1, stop, False)]


def test_what_leaves_already_is_not_protected():
    assert demanded(entry(), order(R.EXIT, state=S.WORKING))[0] == []


# ------------------------------------------------------------------ a flat leg


@pytest.mark.parametrize("role", [R.STOP, R.TARGET, R.EXIT])
def test_a_flat_leg_has_no_orders_after_the_grace(role):
    asked = order(role)
    assert demanded(entry(0, 1, S.CANCELED), asked) == [[], [cancel(asked)], [cancel(asked)]]


def test_the_children_of_an_entry_that_works_stay():
    assert demanded(entry(0, 1, S.WORKING), order(R.STOP), order(R.TARGET)) == [[], [], []]


# ------------------------------------------------------------------ leaving


def test_an_entry_that_does_not_end_is_waited_for_and_then_left_behind():
    working, stop = entry(1, 2, S.PARTIALLY_FILLED), order(R.STOP, 2)
    assert demanded(working, stop, closing=True) == [[cancel(working)], [cancel(working)], [cancel(working), cancel(stop), exits(1, True)]]


def test_a_flat_leg_that_is_left_loses_its_stop_and_its_exits():
    stop, leaving = order(R.STOP), order(R.EXIT)
    assert demanded(entry(0, 1, S.CANCELED), stop, leaving, closing=True) == [[cancel(stop), cancel(leaving)]] * 3


@pytest.mark.parametrize("state", [S.SUBMITTED, S.WORKING, S.PENDING_CANCEL, S.UNKNOWN])
def test_the_stop_of_an_entry_that_may_have_filled_stays_however_long_its_end_is_waited_for(state):
    entering, stop, leaving = entry(0, 1, state), order(R.STOP), order(R.EXIT)
    assert [[duty.order for duty in found] for found in demanded(entering, stop, leaving, closing=True)][-1] == [entering, leaving]
    assert cancel(stop) in demanded(entry(0, 1, S.CANCELED), stop, leaving, closing=True)[-1]


def test_a_closing_order_at_the_venue_is_waited_for_and_the_stop_stays_or_is_restored_until_it_has_filled():
    stop, leaving, cover = order(R.STOP), order(R.EXIT), Duty(K.COVER, 2, 1, None, False)
    assert demanded(entry(), stop, leaving, closing=True) == [[]] * 3
    assert demanded(entry(), leaving, closing=True) == [[], [cover], [cover]]
    assert demanded(entry(), leaving, closing=True, put_off=(R.STOP,)) == [[]] * 3
    assert demanded(entry(), stop, order(R.EXIT, state=S.FILLED, filled=1), closing=True) == [[cancel(stop)]] * 3


def test_a_closing_order_in_doubt_is_asked_about_and_covered():
    doubtful = order(R.EXIT, state=S.UNKNOWN)
    cover = Duty(K.COVER, 2, 1, None, False)
    assert demanded(entry(), doubtful, closing=True) == [[cancel(doubtful)], [cancel(doubtful), cover], [cancel(doubtful), cover]]
    stop = order(R.STOP)
    assert demanded(entry(), doubtful, stop, closing=True) == [[cancel(doubtful)]] * 3


@pytest.mark.parametrize("role", [R.ENTRY, R.STOP, R.TARGET])
def test_an_order_in_doubt_is_waited_for_and_then_the_exit_leaves(role):
    doubtful = order(role, state=S.UNKNOWN, name="D", side=1 if role is R.ENTRY else -1)
    asked = cancel(doubtful)
    assert demanded(entry(), doubtful, closing=True) == [[asked], [asked], [asked, exits(1, True)]]


def test_the_stop_goes_last_and_its_end_is_awaited():
    stop, target = order(R.STOP), order(R.TARGET)
    both = [cancel(target), cancel(stop), exits(1, True)]
    assert demanded(entry(), stop, target, closing=True) == [[cancel(target)], [cancel(target)], both]
    assert demanded(entry(), stop, closing=True) == [[cancel(stop)], [cancel(stop)], [cancel(stop), exits(1, True)]]


@pytest.mark.parametrize("state", [S.REJECTED, S.DENIED, S.CANCELED, S.EXPIRED])
def test_a_closing_order_that_came_to_nothing_is_followed_by_another_unless_that_is_put_off(state):
    gone = order(R.EXIT, state=state)
    assert demanded(entry(), gone, closing=True) == [[exits(1)], [exits(1)], [exits(1, True)]]
    assert demanded(entry(), gone, closing=True, put_off=(R.EXIT,)) == [[], [], []]
    assert demanded(entry(), gone, closing=True, put_off=(R.STOP,)) == [[exits(1)], [exits(1)], [exits(1, True)]]


@pytest.mark.parametrize("state", [S.REJECTED, S.DENIED, S.CANCELED, S.EXPIRED])
def test_after_two_that_came_to_nothing_the_next_closing_order_leaves_beside_a_stop(state):
    gone, stop = [order(R.EXIT, state=state, name=name) for name in "AB"], order(R.STOP)
    cover = Duty(K.COVER, 2, 1, None, False)
    assert demanded(entry(), *gone, stop, closing=True) == [[exits(1, True)]] * 3
    assert demanded(entry(), *gone, closing=True) == [[exits(1, True)], [cover, exits(1, True)], [cover, exits(1, True)]]
    assert demanded(entry(), *gone, closing=True, put_off=(R.EXIT,)) == [[], [cover], [cover]]
    assert demanded(entry(), *gone, closing=True, put_off=(R.EXIT, R.STOP)) == [[], [], []]
    assert demanded(entry(), *gone, stop, order(R.EXIT, name="C"), closing=True) == [[]] * 3  # it stays until that has filled


def test_whatever_is_in_doubt_or_in_the_way_is_asked_to_end_on_top_of_that():
    doubtful, target = order(R.EXIT, state=S.UNKNOWN, name="D"), order(R.TARGET)
    assert demanded(entry(), doubtful, target, closing=True)[0] == [cancel(doubtful), cancel(target)]
    gone = [order(R.EXIT, state=S.REJECTED, name=name) for name in "AB"]
    assert demanded(entry(), *gone, target, order(R.STOP), closing=True)[2] == [cancel(target), exits(1, True)]


def test_a_closing_order_that_filled_in_part_came_to_something():
    gone = [order(R.EXIT, 2, 1, S.CANCELED, name) for name in "AB"]
    stop = order(R.STOP)
    assert demanded(entry(3), *gone, stop, closing=True)[0] == [cancel(stop)]


def test_a_buy_back_that_is_refused_again_and_again_is_put_off():
    stop = order(R.STOP, 2, filled=2, state=S.FILLED)
    refused = order(R.EXIT, side=1, state=S.REJECTED)
    assert demanded(entry(1), stop, refused, put_off=(R.EXIT,)) == [[]] * 3
    assert demanded(entry(1), stop, refused, put_off=(R.STOP,))[0] == [Duty(K.BUY_BACK, 2, 1, None, False)]


# ------------------------------------------------------------------ what the account agrees to


@pytest.mark.parametrize("missing", [1, 2, None])
def test_while_the_account_does_not_agree_the_stop_stays_and_nothing_leaves(missing):
    stop, target = order(R.STOP), order(R.TARGET)
    assert demanded(entry(), stop, target, closing=True, missing=missing) == [[cancel(target)]] * 3
    assert demanded(entry(), stop, closing=True, missing=missing) == [[]] * 3


def test_where_the_account_does_not_agree_a_bare_leg_is_covered_after_the_grace_unless_that_is_put_off():
    cover = Duty(K.COVER, 2, 1, None, False)
    assert demanded(entry(), closing=True, missing=1) == [[], [cover], [cover]]
    assert demanded(entry(), closing=True, missing=1, put_off=(R.STOP,)) == [[]] * 3


def test_after_the_doubt_the_exit_is_of_what_the_account_holds():
    stop = order(R.STOP, 3)
    assert demanded(entry(3), stop, closing=True, missing=1) == [[], [], [cancel(stop), exits(2, True)]]
    assert demanded(entry(3), stop, closing=True, missing=3) == [[]] * 3


def test_a_stop_in_doubt_stays_while_the_account_does_not_agree_and_goes_once_it_does():
    doubtful = order(R.STOP, state=S.UNKNOWN)
    assert demanded(entry(), doubtful, closing=True, missing=None)[0] == []
    assert demanded(entry(), doubtful, closing=True)[0] == [cancel(doubtful)]


@pytest.mark.parametrize("missing", [None, 0, 1])
def test_a_leg_that_leaves_already_does_nothing_on_what_the_account_says(missing):
    leaving, stop = order(R.EXIT), order(R.STOP)
    assert demanded(entry(), leaving, stop, closing=True, missing=missing) == [[]] * 3


def test_a_position_that_is_held_on_does_not_ask_the_account():
    assert demanded(entry(), missing=None)[0] == [Duty(K.PROTECT, 2, 1, None, False)]


@pytest.mark.parametrize(
    ("missing", "agreed"),
    [(0, {1: 1, 2: 2, 3: 0}), (1, {1: 1, 2: 1, 3: 0}), (2, {1: 1, 2: 0, 3: 0}), (3, {1: 0, 2: 0, 3: 0}), (None, {1: 0, 2: 0, 3: 0})],
)
def test_what_the_account_holds_is_given_to_the_legs_in_turn(missing, agreed):
    legs = [Leg(number, 1, 992, 1016, [entry(held, 2)]) for number, held in ((1, 1), (2, 2), (3, 0))]
    assert agreed_on(Trade(an_intent(), legs), missing) == agreed


def test_what_leaves_already_has_the_first_claim_on_what_the_account_holds():
    legs = [Leg(1, 1, 992, 1016, [entry()]), Leg(2, 1, 992, 1016, [entry(), order(R.EXIT)])]
    assert agreed_on(Trade(an_intent(), legs), 1) == {1: 0, 2: 1}


def test_a_leg_that_was_closed_twice_takes_nothing_from_the_others():
    twice = Leg(1, 1, 992, 1016, [entry(), order(R.STOP, 3, filled=3, state=S.FILLED)])
    whole = Leg(2, 1, 992, 1016, [entry()])
    assert agreed_on(Trade(an_intent(), [twice, whole]), 0) == agreed_on(Trade(an_intent(), [whole, twice]), 0) == {1: 0, 2: 1}


# ------------------------------------------------------------------ a trade


def test_a_trade_in_doubt_does_nothing_unless_it_is_left():
    first = Leg(1, 1, 992, 1016, [entry(0, 1, S.CANCELED), order(R.STOP, state=S.UNKNOWN)])
    made = trade(entry())
    made.legs.insert(0, first)
    assert [duties(made, waited) for waited in Waited] == [[], [], []]
    made.closing = ExitReason.KILL
    assert duties(made)[-1] == exits(1)


def test_every_leg_is_looked_after():
    made = trade(entry())
    third = Leg(3, 1, 992, 1016, [entry(), order(R.STOP, 2, filled=2, state=S.FILLED)])
    fourth = Leg(4, 1, 992, 1016, [entry(), order(R.STOP, 1, filled=0, state=S.CANCELED)])
    made.legs += [third, fourth]
    assert [(duty.kind, duty.leg) for duty in duties(made)] == [(K.PROTECT, 2), (K.BUY_BACK, 3), (K.PROTECT, 4)]


def crossed(*of_the_other: TrackedOrder, closing: bool = True, quantity: int = 1) -> Trade:
    """The second leg was closed twice, once in place of the first, which holds as much."""
    made = trade(entry(), order(R.STOP, 1, filled=1, state=S.FILLED), order(R.EXIT, quantity, filled=quantity, state=S.FILLED))
    made.legs.insert(0, Leg(1, 1, 992, 1016, [entry(), *of_the_other]))
    made.closing = ExitReason.KILL if closing else None
    return made


def test_what_was_closed_twice_of_one_leg_has_closed_the_other_and_nothing_is_bought_back_or_covered():
    stop, target, gone = order(R.STOP, name="S"), order(R.TARGET, name="T"), order(R.STOP, name="G", state=S.CANCELED)
    for waited in Waited:
        assert duties(crossed(stop, target, gone), waited) == [cancel(stop), cancel(target)]
        assert duties(crossed(gone), waited) == []


def test_what_is_asked_to_go_of_legs_that_balance_is_not_asked_again():
    asked = order(R.STOP, name="S")
    asked.cancel_requested = True
    assert duties(crossed(asked)) == []


def test_legs_that_do_not_balance_are_looked_after_one_by_one():
    assert [(duty.kind, duty.leg) for duty in duties(crossed(quantity=2))] == [(K.EXIT, 1), (K.BUY_BACK, 2)]


def test_legs_of_a_trade_that_is_held_are_looked_after_one_by_one():
    assert [(duty.kind, duty.leg) for duty in duties(crossed(closing=False))] == [(K.PROTECT, 1), (K.BUY_BACK, 2)]


def test_two_legs_that_set_each_other_off_are_balanced_beside_one_that_holds_nothing():
    twice = [entry(), order(R.STOP, state=S.FILLED, filled=1), order(R.TARGET, state=S.FILLED, filled=1)]
    made = Trade(an_intent(plan(1)), [Leg(1, 1, 992, 1016, twice), Leg(2, 1, 992, 1016, [entry()]), Leg(3, 1, 992, 1016, [])])
    assert ([leg.open for leg in made.legs], balanced(made)) == ([-1, 1, 0], True)
    made.legs.pop(0)
    assert not balanced(made)
