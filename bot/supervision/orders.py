"""One tracked order and the table of what each event makes of it.

The table has a row for every state and every event Nautilus has; a combination that cannot
follow from what the broker said before is UNKNOWN, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What an order is for."""

    ENTRY = "ENTRY"
    STOP = "STOP"
    TARGET = "TARGET"
    EXIT = "EXIT"


ORDER_NAME = re.compile(r"-(?P<leg>\d+)(?P<letter>[ESTX])(?P<attempt>\d*)(?P<twin>(?:D\d+)?)$")
_LETTER = {Role.ENTRY: "E", Role.STOP: "S", Role.TARGET: "T", Role.EXIT: "X"}


def order_name(intent_id: str, leg: int, role: Role, attempt: int = 0) -> str:
    """E.g. 20251002-K1-1041-1S, and 20251002-K1-1041-1S2 for the second replacement: the client order id."""
    return f"{intent_id}-{leg}{_LETTER[role]}{attempt or ''}"


def named_role(name: str) -> Role | None:
    """The role that an order's name says; None if it is not named by us."""
    found = ORDER_NAME.search(name)
    return None if found is None else next(role for role, letter in _LETTER.items() if letter == found["letter"])


def twin_name(name: str, number: int) -> str:
    """The name of an order that the broker has doubled: of the one that is not followed under `name`, by the broker's number of it."""
    return f"{name}D{number}"


def pair_of(name: str) -> str:
    """What a stop and the target it was sent with have in common, by name; a twin has no pair. The name itself if it is none of ours."""
    found = ORDER_NAME.search(name)
    return name if found is None else f"{name[: found.start()]}-{found['leg']}#{found['attempt']}{found['twin']}"


class OrderState(StrEnum):
    """Where an order stands as far as the broker has told us."""

    NONE = "NONE"
    SUBMITTED = "SUBMITTED"
    WORKING = "WORKING"
    TRIGGERED = "TRIGGERED"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_CANCEL = "PENDING_CANCEL"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"


S = OrderState
AT_VENUE = frozenset({S.WORKING, S.TRIGGERED, S.PENDING_UPDATE, S.PENDING_CANCEL, S.PARTIALLY_FILLED})
LIVE = AT_VENUE | {S.NONE, S.SUBMITTED}  # an order is tracked when it leaves, before anybody has answered
REQUESTED = frozenset({S.PENDING_UPDATE, S.PENDING_CANCEL})
ENDED = frozenset({S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.DENIED})

EVENTS = (
    "OrderInitialized",
    "OrderDenied",
    "OrderEmulated",
    "OrderReleased",
    "OrderSubmitted",
    "OrderRejected",
    "OrderAccepted",
    "OrderCanceled",
    "OrderExpired",
    "OrderTriggered",
    "OrderPendingUpdate",
    "OrderPendingCancel",
    "OrderModifyRejected",
    "OrderCancelRejected",
    "OrderUpdated",
    "OrderFilled",
)

# What an event makes of an order that is alive. FILLED stands for "by quantity"; BACK for "what it was before the request".
BACK = "BACK"
_ALIVE: dict[str, OrderState | str | None] = {
    "OrderInitialized": None,
    "OrderDenied": S.DENIED,
    "OrderEmulated": S.UNKNOWN,
    "OrderReleased": S.UNKNOWN,
    "OrderSubmitted": S.SUBMITTED,
    "OrderRejected": S.REJECTED,
    "OrderAccepted": S.WORKING,
    "OrderCanceled": S.CANCELED,
    "OrderExpired": S.EXPIRED,
    "OrderTriggered": S.TRIGGERED,
    "OrderPendingUpdate": S.PENDING_UPDATE,
    "OrderPendingCancel": S.PENDING_CANCEL,
    "OrderModifyRejected": BACK,
    "OrderCancelRejected": BACK,
    "OrderUpdated": BACK,
    "OrderFilled": S.FILLED,
}


def _row(state: OrderState, event: str) -> OrderState | str | None:
    """The cell of the table: the next state, BACK, or None for "nothing changes"."""
    if state in ENDED:  # late and duplicate events of an ended order: only a fill after the end contradicts it
        return S.UNKNOWN if event == "OrderFilled" and state in (S.REJECTED, S.DENIED) else None
    if event == "OrderDenied":  # once it has left, only Nautilus' word against a copy of it
        return S.DENIED if state in (S.NONE, S.UNKNOWN) else None
    if event == "OrderSubmitted":
        return S.SUBMITTED if state in (S.NONE, S.UNKNOWN) else None
    if event == "OrderAccepted":
        return S.WORKING if state in (S.NONE, S.SUBMITTED, S.UNKNOWN) else None
    if event in ("OrderPendingUpdate", "OrderPendingCancel") and state is S.UNKNOWN:
        return None
    return _ALIVE[event]


TABLE: dict[tuple[OrderState, str], OrderState | str | None] = {(state, event): _row(state, event) for state in S for event in EVENTS}


@dataclass(slots=True)
class TrackedOrder:
    """An order of ours. Prices in ticks, quantities in contracts; `slippage_ticks` is what was modelled when it was sent.

    `filled_ns` is when it first filled (market time, UTC ns; 0: not yet); `asked` says that an earlier run asked for another price
    and nobody has answered.
    `price` is what the venue has confirmed (before that: what was sent), `requested` the triggers that were asked for since and not
    answered, each with its cause; `changes_refused` counts those of them that were refused. `resized` is a quantity that was asked for;
    `resize_refused` and `cancel_refused` say that the venue would not have that. `cancel_requested`: its end is being asked for,
    since `cancel_asked_ns` (of the wall, UTC ns); `unwanted`: it was asked for once, and that counts until it has ended.
    """

    order_id: str
    role: Role
    leg: int
    side: int
    quantity: int
    price: int | None = None
    slippage_ticks: int = 0
    state: OrderState = S.NONE
    filled: int = 0
    cancel_requested: bool = False
    cancel_asked_ns: int = 0
    unwanted: bool = False
    cancel_refused: bool = False
    before_request: OrderState = field(default=S.NONE)
    requested: dict[int, str] = field(default_factory=dict)
    changes_refused: int = 0
    resized: int | None = None
    resize_refused: bool = False
    filled_ns: int = 0
    asked: bool = False

    @property
    def live(self) -> bool:
        """May still fill."""
        return self.state in LIVE

    @property
    def leaves(self) -> int:
        """Contracts that may still fill."""
        return self.quantity - self.filled if self.live else 0

    @property
    def at_venue(self) -> bool:
        """The broker has said that it works. What is asked for since, by whomever, makes an order that never arrived no better."""
        return (self.before_request if self.state in REQUESTED else self.state) in AT_VENUE

    @property
    def in_doubt(self) -> bool:
        """Nobody knows whether it may still fill."""
        return self.state is S.UNKNOWN and self.filled < self.quantity

    @property
    def let_go(self) -> bool:
        """Its end was asked for, now or before."""
        return self.cancel_requested or self.unwanted

    def ask_end(self, wall_ns: int) -> None:
        """Its end is asked for now (of the wall, UTC ns)."""
        self.cancel_requested = self.unwanted = True
        self.cancel_asked_ns = wall_ns

    @property
    def came_to_nothing(self) -> bool:
        """It has ended, and nothing of it filled."""
        return self.state in ENDED and not self.filled

    @property
    def possible(self) -> int:
        """Contracts that it could still fill if it works, a doubtful one and a larger size that was asked for included."""
        return max(self.quantity, self.resized or 0) - self.filled if self.live or self.in_doubt else 0

    def tightest(self, side: int) -> int:
        """Of the confirmed and the requested triggers the one closest to the market, for a position of this side. Only for stops."""
        assert self.price is not None, "a stop has a trigger"
        return max(price * side for price in (self.price, *self.requested)) * side

    def change_answered(self, price: int | None = None) -> None:
        """The venue has a stop at this trigger, by whomever; None: it has refused a change.

        What was asked for before is answered with it. Which of several was refused nobody says: all may come until all are answered.
        """
        if price is None:
            self.changes_refused += 1
        else:  # the stop of a position is of the other side
            self.requested = {asked: cause for asked, cause in self.requested.items() if (price - asked) * self.side > 0}
        if self.changes_refused >= len(self.requested):
            self.requested, self.changes_refused = {}, 0

    def apply(self, event: str, filled: int = 0) -> None:
        """Take one event in; `filled` is the quantity of an OrderFilled.

        Raises KeyError for an event Nautilus does not have.
        """
        following = TABLE[(self.state, event)]
        if event == "OrderFilled":
            self.filled += filled
            if self.filled > self.quantity:  # more than we asked for: the broker contradicts us
                self.state = S.UNKNOWN
                return
        if event in ("OrderModifyRejected", "OrderCancelRejected"):
            self.cancel_requested = False
        if event == "OrderAccepted" and self.state in REQUESTED and self.before_request not in AT_VENUE:
            self.before_request = S.WORKING  # what was asked for meanwhile does not make it any less an order that works
        if following is None:
            return
        if following == BACK:
            following = self.before_request if self.state in REQUESTED else self.state
        if following in REQUESTED and self.state not in REQUESTED:
            self.before_request = self.state
        if event == "OrderFilled" and following is S.FILLED and self.filled < self.quantity:
            following = S.PARTIALLY_FILLED
        self.state = OrderState(following)
