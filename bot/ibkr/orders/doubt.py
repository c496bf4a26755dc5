"""The words of the one table of what was sent and not answered (`doubt_table`): what is under way, why it is in doubt, what can be
heard of it, and what that makes of it. For entries, stops, targets, exits, changes and cancels alike.

What is in no list of the broker's (a code, a status) is a piece of news of its own, and never the good one. Orders that were sent
together are judged together where it matters: see `family_outcome`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from bot.ibkr.link.classify import Action


class Asked(StrEnum):
    """What is under way. Of one order several may be; the first of these that is true of it is what it stands as."""

    OVER = "an order that has ended, as far as was told"
    BACK = "an order that was never acknowledged and is taken back, to be sent again or given up"
    ORDER = "an order that was never acknowledged"
    NOTHING = "an order that works"
    CHANGE = "a change of an order"
    CANCEL = "a cancel of an order"


class Doubt(IntEnum):
    """Why it is not known what became of it; a stronger reason stays."""

    NONE = 0  # it was just sent, or there is nothing to doubt
    LATE = 1  # no answer for longer than an answer takes
    SILENCE = 2  # no answer for so long that it is unknown
    LINK = 3  # it was under way when the link broke
    NOT_FOUND = 4  # the broker said that it, or what it belongs to, is not there
    DUPLICATE = 5  # its id was used before
    ERROR = 6  # an error that does not say what became of it, or that no list has


class News(StrEnum):
    """What can be heard of it."""

    # an error, by what its code means (classify)
    REFUSED = "an error that refuses"
    BAD_PRICE = "an error about a price off the tick"
    NO_CHANGE = "an error that refuses a change"
    ENDED = "the error that says it was cancelled"
    NO_CANCEL = "an error that refuses a cancel"
    NOT_FOUND = "an error that says it is not there"
    DUPLICATE_ID = "a duplicate id"
    DUPLICATE_AGAIN = "a duplicate id of an order that was sent twice"
    REMARK = "a remark"
    UNKNOWN_CODE = "an error whose code is in no list"
    # time and link
    LATE = "no answer for longer than an answer takes"
    SILENCE = "no answer for so long that it is unknown"
    LINK_BACK = "the way to the broker is open again"
    # the status in openOrder and orderStatus
    WORKS = "its status says that it works"
    UNDER_WAY = "its status says that it is on its way"
    CANCELED = "its status says that it was cancelled"
    INACTIVE = "its status says that it is inactive"
    HELD = "it is inactive until shares are located"
    FILLED = "its status says that it is filled"
    UNKNOWN_STATUS = "a status that is in no list"
    # an answer to what was asked after the last of the above
    AS_ASKED = "it is shown as a change would have it"
    SHOWN = "it is among the open orders"
    MISSING = "it is neither open nor executed nor completed"
    MISSING_AGAIN = "so it was the time before"
    DONE_CANCELED = "it is among the completed orders as cancelled"
    DONE_REFUSED = "it is among the completed orders as inactive"
    DONE_FILLED = "it is among the completed orders as filled"
    DONE_UNKNOWN = "it is among the completed orders with a status that is in no list"
    # a fill
    EXECUTION = "an execution"


class Outcome(StrEnum):
    """What is made of it."""

    WAIT = "nothing"
    NOTE = "the remark is kept"
    ASK = "the broker is asked"
    WORKING = "it works"
    TAKE_FILL = "the fill counts"
    CANCELED = "it was cancelled"
    REJECTED = "it was refused, in the broker's words if it has any"
    AWAIT_REASON = "it is refused unless more is heard within two seconds"
    AWAIT_EXECUTION = "it is over, and its executions are waited for; no entries until they are known"
    AWAIT_WORK = "it is over unless it is known to work within a second; no entries until then"
    FAMILY = "what was sent together decides"
    GONE = "that of it is taken back"
    CHANGED = "the change was made"
    CHANGE_REFUSED = "the change was refused"
    CANCEL_REFUSED = "the cancel was refused"
    CANCEL_AGAIN = "the cancel is sent again"
    STRAY = "it is there though it has ended: it goes, and no entries until it has"


class Verdict(NamedTuple):
    """A cell of the table: what is made of it, and the doubt that is left."""

    outcome: Outcome
    doubt: Doubt


class Family(StrEnum):
    """What is made of orders that were sent together and not acknowledged."""

    WAIT = "the broker is asked once more"
    THERE = "all are there: each is what its status says"
    TAKE_BACK = "a part never arrived: what is there is cancelled, so that it can never trade alone"
    SEND_AGAIN = "nothing of it is there: it is sent once more, all of it"
    GIVE_UP = "nothing of it is there, and it is not sent again"


class Member(NamedTuple):
    """One order of a family: whether the broker shows it, how often in a row it did not, and why it is in doubt."""

    shown: bool
    misses: int
    doubt: Doubt
    taken_back: bool = False


N, O, D = News, Outcome, Doubt  # noqa: E741
BARE_SECONDS = 1.0  # how long that which covers or closes may be in doubt: what takes its place needs the rest of two seconds
ACKNOWLEDGES = ("PreSubmitted", "Submitted")  # only these make an order working
_STATUSES = {
    **dict.fromkeys(ACKNOWLEDGES, N.WORKS),
    **dict.fromkeys(("PendingSubmit", "PendingCancel", "ApiPending"), N.UNDER_WAY),
    **dict.fromkeys(("Cancelled", "ApiCancelled"), N.CANCELED),
    "Inactive": N.INACTIVE,
    "Filled": N.FILLED,
}
_COMPLETED = {"Cancelled": N.DONE_CANCELED, "ApiCancelled": N.DONE_CANCELED, "Inactive": N.DONE_REFUSED, "Filled": N.DONE_FILLED}
_ERRORS = {
    Action.REJECT: N.REFUSED,
    Action.READ_ONLY: N.REFUSED,
    Action.INVALID_PRICE: N.BAD_PRICE,
    Action.MODIFY_REJECT: N.NO_CHANGE,
    Action.CANCELED: N.ENDED,
    Action.CANCEL_REJECT: N.NO_CANCEL,
    Action.NOT_FOUND: N.NOT_FOUND,
    Action.DUPLICATE_ID: N.DUPLICATE_ID,
    Action.WARN: N.REMARK,
}
ERRORS = frozenset(_ERRORS.values()) | {N.DUPLICATE_AGAIN, N.UNKNOWN_CODE}
OF_THE_ORDER = frozenset(
    {*_STATUSES.values(), *_COMPLETED.values(), N.HELD, N.UNKNOWN_STATUS, N.DONE_UNKNOWN, N.EXECUTION, N.ENDED, N.REMARK}
)


def status_news(status: str, why_held: str = "") -> News:
    """What a status of openOrder or orderStatus says."""
    news = _STATUSES.get(status, N.UNKNOWN_STATUS)
    return N.HELD if news is N.INACTIVE and why_held == "locate" else news


def completed_news(status: str) -> News:
    """What the status of a completed order says."""
    return _COMPLETED.get(status, N.DONE_UNKNOWN)


def error_news(action: Action, *, sent_again: bool) -> News:
    """What an error on an order says, by the action of its code; `sent_again`: the order was sent under a second id already."""
    news = _ERRORS.get(action, N.UNKNOWN_CODE)
    return N.DUPLICATE_AGAIN if news is N.DUPLICATE_ID and sent_again else news


def concerned(news: News, asked: tuple[Asked, ...]) -> tuple[Asked, ...]:
    """Which of what is under way of an order hears this news: of an error one, of its own state the order, of all else everything."""
    order = asked[0]
    if news in OF_THE_ORDER:
        return (order,)
    if news not in ERRORS:
        return asked
    if news in (N.NO_CANCEL, N.NOT_FOUND):
        wanted = (Asked.CANCEL, Asked.CHANGE)
    else:
        wanted = (Asked.CHANGE, Asked.ORDER, Asked.BACK, *(() if news in (N.DUPLICATE_ID, N.DUPLICATE_AGAIN) else (Asked.CANCEL,)))
    return (next((each for each in wanted if each in asked), order),)


def family_outcome(members: list[Member]) -> Family:
    """What is made of a family when the broker was asked for it. What was only just sent, or is only late, may still arrive."""
    gone = [not each.shown and each.doubt > D.LATE and each.misses >= (1 if each.doubt is D.DUPLICATE else 2) for each in members]
    if all(gone):
        return Family.SEND_AGAIN if all(each.doubt in (D.LINK, D.DUPLICATE) for each in members) else Family.GIVE_UP
    if all(each.shown for each in members) and not any(each.taken_back for each in members):
        return Family.THERE
    known = all(each.shown or is_gone for each, is_gone in zip(members, gone, strict=True))
    return Family.TAKE_BACK if known else Family.WAIT
