"""The table of what was sent and not answered: complete, also for codes and statuses that do not exist yet."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ibkr.link.classify import ORDER, Action, classify_order
from bot.ibkr.orders.doubt import (
    ERRORS,
    Asked,
    Doubt,
    Family,
    Member,
    News,
    Outcome,
    completed_news,
    concerned,
    error_news,
    family_outcome,
    status_news,
)
from bot.ibkr.orders.doubt_table import TABLE

ENDS = (Outcome.CANCELED, Outcome.REJECTED, Outcome.GONE)
OVER = (*ENDS, Outcome.TAKE_FILL, Outcome.AWAIT_EXECUTION)
STATUSES = ("PreSubmitted", "Submitted", "PendingSubmit", "PendingCancel", "ApiPending", "Cancelled", "ApiCancelled", "Inactive", "Filled")


def after(asked: Asked, *heard: News, doubt: Doubt = Doubt.NONE) -> Outcome:
    """What the last of these makes of it."""
    for news in heard:
        outcome, doubt = TABLE[asked, doubt, news]
    return outcome


def sequences(*lengths: int) -> list[tuple[News, ...]]:
    return [each for length in lengths for each in itertools.product(News, repeat=length)]


def said(code: int, text: str = "") -> News:
    return error_news(classify_order(code, text).action, sent_again=False)


def test_every_combination_has_one_outcome_and_every_outcome_a_combination() -> None:
    assert TABLE.keys() == set(itertools.product(Asked, Doubt, News))
    assert {outcome for outcome, _ in TABLE.values()} == set(Outcome)
    assert all(isinstance(doubt, Doubt) for _, doubt in TABLE.values())


def test_only_a_status_that_works_makes_an_order_working() -> None:
    assert {news for (_, _, news), (outcome, _) in TABLE.items() if outcome is Outcome.WORKING} == {News.WORKS}


@given(st.text())
def test_a_status_that_nobody_knows_makes_no_order_working_and_ends_none(word: str) -> None:
    if word in STATUSES:
        return
    for asked, doubt, news in itertools.product(Asked, Doubt, (status_news(word), status_news(word, "locate"))):
        working = asked is Asked.NOTHING
        assert TABLE[asked, doubt, news].outcome in ((Outcome.AWAIT_WORK,) if working else (Outcome.ASK, Outcome.WAIT))
        assert TABLE[asked, doubt, completed_news(word)].outcome in (Outcome.AWAIT_EXECUTION, Outcome.WAIT)


def test_an_order_that_worked_counts_as_working_only_while_its_status_says_so() -> None:
    """By the broker's words alone: what is on its way still works, all else is cancelled, waits for its reason, or is in doubt."""
    outcomes = {news: TABLE[Asked.NOTHING, Doubt.NONE, news].outcome for news in {status_news(word) for word in STATUSES} | {News.HELD}}
    assert {news for news, outcome in outcomes.items() if outcome is Outcome.WAIT} == {News.WORKS, News.UNDER_WAY}
    for doubt in Doubt:
        assert TABLE[Asked.NOTHING, doubt, status_news("Inactive", "locate")].outcome is Outcome.AWAIT_WORK
        for news in (News.FILLED, News.DONE_FILLED, News.DONE_UNKNOWN):
            assert TABLE[Asked.NOTHING, doubt, news].outcome is Outcome.AWAIT_EXECUTION


@pytest.mark.parametrize("word", ["PendingSubmit", "PendingCancel", "ApiPending"])
def test_a_status_on_the_way_changes_nothing(word: str) -> None:
    for asked, doubt in itertools.product(Asked, Doubt):
        kept = Doubt.NONE if asked in (Asked.NOTHING, Asked.OVER) else doubt
        assert TABLE[asked, doubt, status_news(word)] == (Outcome.WAIT, kept)


@given(st.integers(), st.text())
def test_an_error_of_any_other_code_refuses_an_order_that_is_not_there_when_it_is_asked_for_and_nothing_else(code: int, text: str) -> None:
    if code in ORDER:
        return
    news = said(code, text)
    assert news is News.UNKNOWN_CODE
    for before in Doubt:
        assert after(Asked.ORDER, news, doubt=before) is Outcome.ASK
        assert after(Asked.ORDER, news, News.MISSING, doubt=before) is Outcome.REJECTED
        assert after(Asked.ORDER, news, News.SHOWN, doubt=before) is Outcome.WAIT
        assert after(Asked.ORDER, news, News.WORKS, doubt=before) is Outcome.WORKING
        assert after(Asked.ORDER, news, News.EXECUTION, doubt=before) is Outcome.TAKE_FILL
        for asked in (Asked.NOTHING, Asked.CHANGE, Asked.CANCEL):
            assert after(asked, news, doubt=before) is Outcome.ASK
    assert after(Asked.CHANGE, news, News.SHOWN) is Outcome.CHANGE_REFUSED
    assert after(Asked.CANCEL, news, News.SHOWN) is Outcome.CANCEL_REFUSED


@pytest.mark.parametrize("code", sorted(code for code, rule in ORDER.items() if rule.action is Action.WARN))
def test_a_remark_refuses_nothing_whatever_is_shown_then(code: int) -> None:
    for heard in ((said(code),), (said(code), News.MISSING), (said(code), News.MISSING, News.MISSING_AGAIN), (said(code), News.SHOWN)):
        assert after(Asked.ORDER, *heard) in (Outcome.NOTE, Outcome.WAIT)


def test_no_error_ends_an_order_that_works_but_the_one_that_says_so() -> None:
    for news, doubt in itertools.product(ERRORS, Doubt):
        for asked in (Asked.NOTHING, Asked.CHANGE, Asked.CANCEL):
            assert (TABLE[asked, doubt, news].outcome in ENDS) == (asked is Asked.NOTHING and news is News.ENDED)


def test_nothing_that_met_an_error_is_sent_again_but_an_id_that_was_used_and_that_once() -> None:
    for heard in sequences(1, 2, 3):
        doubt, refused, broke = Doubt.NONE, False, False
        for news in heard:
            outcome, doubt = TABLE[Asked.ORDER, doubt, news]
            if outcome in OVER:
                break
            refused = (refused or news is News.UNKNOWN_CODE) and not (doubt is Doubt.NONE and news in (News.SHOWN, News.WORKS))
            broke = broke or news in (News.LINK_BACK, News.DUPLICATE_ID)
        else:
            again = family_outcome([Member(False, 2, doubt)]) is Family.SEND_AGAIN
            assert not again or (broke and not refused), heard
    for doubt in Doubt:
        assert after(Asked.ORDER, News.DUPLICATE_AGAIN, doubt=doubt) is Outcome.REJECTED
    assert error_news(Action.DUPLICATE_ID, sent_again=True) is News.DUPLICATE_AGAIN


def test_silence_alone_refuses_only_what_two_answers_do_not_show() -> None:
    assert after(Asked.ORDER, News.MISSING, News.MISSING_AGAIN) is Outcome.WAIT, "it was just sent"
    assert after(Asked.ORDER, News.LATE) is Outcome.ASK
    assert after(Asked.ORDER, News.SILENCE, News.MISSING) is Outcome.WAIT
    assert after(Asked.ORDER, News.SILENCE, News.MISSING, News.MISSING_AGAIN) is Outcome.FAMILY


def test_what_works_and_is_missing_twice_has_ended_and_once_has_not() -> None:
    assert after(Asked.NOTHING, News.MISSING) is Outcome.WAIT
    assert after(Asked.NOTHING, News.MISSING, News.MISSING_AGAIN) is Outcome.CANCELED


def test_a_cancel_that_is_late_is_sent_again_and_one_that_was_refused_is_told() -> None:
    assert after(Asked.CANCEL, News.LATE, News.SHOWN) is Outcome.CANCEL_AGAIN
    assert after(Asked.CANCEL, News.LINK_BACK) is Outcome.CANCEL_AGAIN
    for code in (10148, 161):
        assert after(Asked.CANCEL, said(code)) is Outcome.CANCEL_REFUSED
    for code in (10147, 135):
        assert after(Asked.CANCEL, said(code), News.SHOWN) is Outcome.CANCEL_REFUSED
        assert after(Asked.CANCEL, said(code), News.MISSING, News.MISSING_AGAIN) is Outcome.CANCELED


def test_a_change_is_made_when_it_is_shown_and_refused_when_it_is_not_shown_after_a_doubt() -> None:
    for doubt in Doubt:
        assert after(Asked.CHANGE, News.AS_ASKED, doubt=doubt) is Outcome.CHANGED
    assert after(Asked.CHANGE, News.LATE, News.SHOWN) is Outcome.WAIT
    for news in (News.SILENCE, News.LINK_BACK, News.UNKNOWN_CODE, News.NOT_FOUND, News.DUPLICATE_ID):
        assert after(Asked.CHANGE, news, News.SHOWN) is Outcome.CHANGE_REFUSED


def test_an_order_that_has_ended_ends_once_and_must_go_if_it_is_shown() -> None:
    for doubt, news in itertools.product(Doubt, News):
        assert TABLE[Asked.OVER, doubt, news].outcome not in (*ENDS, Outcome.WORKING, Outcome.CANCEL_AGAIN)
    assert after(Asked.OVER, News.SHOWN) is Outcome.STRAY


def test_an_order_that_is_taken_back_is_cancelled_until_it_is_gone_and_its_fill_counts() -> None:
    assert after(Asked.BACK, News.SHOWN) is Outcome.CANCEL_AGAIN
    for doubt, news in itertools.product(Doubt, (News.NO_CANCEL, News.NOT_FOUND)):
        assert TABLE[Asked.BACK, doubt, news] == (Outcome.ASK, doubt)
    for news in (News.ENDED, News.CANCELED, News.DONE_CANCELED):
        assert after(Asked.BACK, news) is Outcome.GONE
    assert after(Asked.BACK, News.WORKS) is Outcome.WAIT
    assert after(Asked.BACK, News.EXECUTION) is Outcome.TAKE_FILL


@pytest.mark.parametrize("news", sorted(ERRORS - {News.REMARK, News.ENDED}))
def test_an_error_is_heard_by_one_request_and_its_own_first(news: News) -> None:
    for order in (Asked.ORDER, Asked.NOTHING, Asked.BACK, Asked.OVER):
        for rest in ((), (Asked.CHANGE,), (Asked.CANCEL,), (Asked.CHANGE, Asked.CANCEL)):
            (one,) = concerned(news, (order, *rest))
            assert one in (order, *rest)
            if news in (News.NO_CANCEL, News.NOT_FOUND) and Asked.CANCEL in rest:
                assert one is Asked.CANCEL
            elif Asked.CHANGE in rest:
                assert one is Asked.CHANGE


MEMBERS = st.builds(Member, st.booleans(), st.integers(0, 3), st.sampled_from(Doubt), st.booleans())


@given(st.lists(MEMBERS, min_size=1, max_size=4))
def test_a_family_is_sent_again_only_when_nothing_of_it_is_there(members: list[Member]) -> None:
    outcome = family_outcome(members)
    if any(member.shown for member in members):
        assert outcome not in (Family.SEND_AGAIN, Family.GIVE_UP)
    if outcome is Family.SEND_AGAIN:
        assert all(member.misses >= 1 and member.doubt in (Doubt.LINK, Doubt.DUPLICATE) for member in members)
        assert all(member.misses >= 2 for member in members if member.doubt is Doubt.LINK)
    if outcome in (Family.TAKE_BACK, Family.GIVE_UP) and not any(member.taken_back for member in members):
        assert any(not member.shown and member.doubt > Doubt.LATE for member in members), "what is only late may still arrive"
    if outcome is Family.THERE:
        assert all(member.shown and not member.taken_back for member in members)
    if outcome is Family.TAKE_BACK:
        assert any(member.shown for member in members)
