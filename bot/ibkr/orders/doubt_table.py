"""What becomes of that which was sent and not answered: one table for entries, stops, targets, exits, changes and cancels.

A row is a thing that is under way, a column what has made it doubtful so far, a cell what a piece of news makes of both: exactly
one outcome and the doubt that is left. Every combination has a cell. A code or a status that is in no list makes no order working
and ends none: it is asked about. Only an order that the broker never acknowledged, and does not show when it is asked after an
error, is refused by that error, whatever its code; it is not sent again.

Silence alone is no answer, on a link that never broke either: what is only late is asked about, and so is what is unknown after its
ten seconds. It is the broker's two answers in a row without it that end it, and what that means is each kind's own:
- An entry is refused: the trade never began, and its silence has been charged. A stop or a target is refused: the supervisor, which counts
  on no child that nobody has confirmed, has left or covered the leg after two seconds already, and learns that it may send another.
  A closing order is in doubt after a second already, and two seconds later it is given up whatever is not answered (`UnheardExits`): no
  other one follows it before, for the account would be closed twice, and after the grace a stop works in its place. As two answers are
  the broker's word and no proof, all of these are cancelled on the wire when they are given up; what comes all the same is a stray, and
  its fill is a contradiction that kills.
- A change is refused only if the order is shown as it was, long after: that is an answer, and the old terms are in force.
- A cancel is never refused by silence: while the order is shown it is sent again, and it is done when two answers do not show it.

Of an order that works, only PreSubmitted and Submitted say that it still does. One that is held, or whose status no list has, is over
unless it is known to work within a second (`Outcome.AWAIT_WORK`); one that is called filled or over without an execution is over as soon
as the account says that nothing of it has filled, and filled if the account says that it has (`Outcome.AWAIT_EXECUTION`). Either way
it is cancelled and stays watched: what fills all the same is bought back.

It does not promise that the broker's answer about what is open is complete: what shows up later though it has ended is
`Outcome.STRAY`.
"""

from __future__ import annotations

from bot.ibkr.orders.doubt import OF_THE_ORDER, Asked, Doubt, News, Outcome, Verdict

N, O, D = News, Outcome, Doubt  # noqa: E741
_NEW_DOUBT = {
    N.NOT_FOUND: D.NOT_FOUND,
    **dict.fromkeys((N.NO_CHANGE, N.NO_CANCEL, N.REFUSED, N.UNKNOWN_CODE, N.DUPLICATE_AGAIN), D.ERROR),
    N.DUPLICATE_ID: D.DUPLICATE,
    N.LATE: D.LATE,
    N.SILENCE: D.SILENCE,
    N.LINK_BACK: D.LINK,
}

_EVERYWHERE = {N.REMARK: O.NOTE, N.EXECUTION: O.TAKE_FILL}
_DONE = {
    N.DONE_CANCELED: O.CANCELED,
    N.DONE_REFUSED: O.REJECTED,
    **dict.fromkeys((N.DONE_FILLED, N.DONE_UNKNOWN), O.AWAIT_EXECUTION),
}
_OF_STATUS = {
    **dict.fromkeys((N.WORKS, N.UNDER_WAY, N.HELD, N.AS_ASKED), O.WAIT),
    **dict.fromkeys((N.FILLED, N.UNKNOWN_STATUS), O.ASK),
    N.CANCELED: O.CANCELED,
    N.INACTIVE: O.AWAIT_REASON,
}
_BY_FAMILY = (D.LATE, D.SILENCE, D.LINK, D.DUPLICATE)  # only all of what was sent together says whether it arrived
_BY_WORDS = (D.NOT_FOUND, D.ERROR)


def _by_doubt(none: Outcome, by_family: Outcome, by_words: Outcome) -> dict[Doubt, Outcome]:
    return {D.NONE: none, **dict.fromkeys(_BY_FAMILY, by_family), **dict.fromkeys(_BY_WORDS, by_words)}


Row = dict[News, Outcome | dict[Doubt, Outcome]]
_ROWS: dict[Asked, Row] = {
    Asked.ORDER: {
        **_EVERYWHERE,
        **_DONE,
        **_OF_STATUS,
        N.WORKS: _by_doubt(O.WORKING, O.WAIT, O.WORKING),
        **dict.fromkeys((N.REFUSED, N.BAD_PRICE, N.DUPLICATE_AGAIN), O.REJECTED),
        N.ENDED: O.CANCELED,
        **dict.fromkeys((N.NO_CHANGE, N.NO_CANCEL, N.NOT_FOUND, N.DUPLICATE_ID, N.UNKNOWN_CODE, N.LATE, N.SILENCE), O.ASK),
        N.LINK_BACK: O.WAIT,  # everything is asked then
        N.SHOWN: _by_doubt(O.WAIT, O.FAMILY, O.WAIT),
        N.MISSING: {**_by_doubt(O.WAIT, O.WAIT, O.REJECTED), D.DUPLICATE: O.FAMILY},
        N.MISSING_AGAIN: {**_by_doubt(O.WAIT, O.FAMILY, O.REJECTED), D.LATE: O.WAIT},
    },
    Asked.BACK: {
        **_EVERYWHERE,
        **_OF_STATUS,
        **_DONE,
        **dict.fromkeys((N.REFUSED, N.BAD_PRICE, N.DUPLICATE_AGAIN), O.REJECTED),
        **dict.fromkeys((N.ENDED, N.CANCELED, N.DONE_CANCELED), O.GONE),
        N.INACTIVE: O.WAIT,
        **dict.fromkeys((N.NO_CHANGE, N.NO_CANCEL, N.NOT_FOUND, N.DUPLICATE_ID, N.UNKNOWN_CODE, N.LATE, N.SILENCE), O.ASK),
        N.LINK_BACK: O.CANCEL_AGAIN,
        N.SHOWN: O.CANCEL_AGAIN,
        N.MISSING: O.WAIT,
        N.MISSING_AGAIN: O.FAMILY,
    },
    Asked.NOTHING: {
        **_EVERYWHERE,
        **_DONE,
        **_OF_STATUS,
        **dict.fromkeys((N.REFUSED, N.NO_CHANGE, N.NOT_FOUND, N.DUPLICATE_ID, N.DUPLICATE_AGAIN, N.UNKNOWN_CODE), O.ASK),
        **dict.fromkeys((N.HELD, N.UNKNOWN_STATUS), O.AWAIT_WORK),
        N.FILLED: O.AWAIT_EXECUTION,
        N.BAD_PRICE: O.NOTE,
        N.ENDED: O.CANCELED,
        N.NO_CANCEL: O.CANCEL_REFUSED,
        **dict.fromkeys((N.LATE, N.SILENCE, N.LINK_BACK, N.SHOWN, N.MISSING), O.WAIT),
        N.MISSING_AGAIN: O.CANCELED,
    },
    Asked.CHANGE: {
        **dict.fromkeys(OF_THE_ORDER, O.WAIT),
        **dict.fromkeys((N.REFUSED, N.BAD_PRICE, N.NO_CHANGE), O.CHANGE_REFUSED),
        **dict.fromkeys((N.NO_CANCEL, N.NOT_FOUND, N.DUPLICATE_ID, N.DUPLICATE_AGAIN, N.UNKNOWN_CODE, N.LATE, N.SILENCE), O.ASK),
        N.LINK_BACK: O.WAIT,
        N.AS_ASKED: O.CHANGED,
        N.SHOWN: {**dict.fromkeys(D, O.CHANGE_REFUSED), **dict.fromkeys((D.NONE, D.LATE), O.WAIT)},
        **dict.fromkeys((N.MISSING, N.MISSING_AGAIN), O.WAIT),
    },
    Asked.CANCEL: {
        **dict.fromkeys(OF_THE_ORDER, O.WAIT),
        **dict.fromkeys((N.REFUSED, N.NO_CANCEL), O.CANCEL_REFUSED),
        N.BAD_PRICE: O.NOTE,
        **dict.fromkeys((N.NO_CHANGE, N.NOT_FOUND, N.DUPLICATE_ID, N.DUPLICATE_AGAIN, N.UNKNOWN_CODE, N.LATE, N.SILENCE), O.ASK),
        N.LINK_BACK: O.CANCEL_AGAIN,
        N.AS_ASKED: O.WAIT,
        N.SHOWN: {**dict.fromkeys(D, O.CANCEL_REFUSED), D.NONE: O.WAIT, **dict.fromkeys((D.LATE, D.SILENCE, D.LINK), O.CANCEL_AGAIN)},
        N.MISSING: O.WAIT,
        N.MISSING_AGAIN: {**dict.fromkeys(D, O.CANCELED), D.NONE: O.WAIT},
    },
    Asked.OVER: {
        **dict.fromkeys(N, O.WAIT),
        **_EVERYWHERE,
        N.NO_CANCEL: O.CANCEL_REFUSED,
        **dict.fromkeys((N.WORKS, N.UNKNOWN_STATUS), O.ASK),
        N.SHOWN: O.STRAY,
    },
}  # fmt: skip
_LEAVE_DOUBT = (O.WAIT, O.NOTE, O.ASK, O.AWAIT_REASON, O.FAMILY, O.GONE)  # every other outcome says what became of it


def _cell(asked: Asked, before: Doubt, news: News) -> Verdict:
    found = _ROWS[asked][news]
    outcome = found if isinstance(found, Outcome) else found[before]
    if outcome in _LEAVE_DOUBT and not _cleared(asked, before, news):
        new = _NEW_DOUBT.get(news, D.NONE)
        if asked is Asked.BACK and news in (N.NO_CANCEL, N.NOT_FOUND):
            new = before  # the answer to its cancel says nothing of why it is taken back
        return Verdict(outcome, max(before, new) if asked not in (Asked.NOTHING, Asked.OVER) else D.NONE)
    return Verdict(outcome, before if asked is Asked.BACK else D.NONE)


def _cleared(asked: Asked, before: Doubt, news: News) -> bool:
    """An order that is shown after an error is there: from now on its status counts."""
    return asked is Asked.ORDER and news is N.SHOWN and before in _BY_WORDS


TABLE: dict[tuple[Asked, Doubt, News], Verdict] = {
    (asked, doubt, news): _cell(asked, doubt, news) for asked in Asked for doubt in Doubt for news in News
}


def verdict(asked: Asked, doubt: Doubt, news: News) -> Verdict:
    """The cell of the table."""
    return TABLE[asked, doubt, news]
