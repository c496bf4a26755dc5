"""One order of ours as the adapter knows it, and what it was asked to be. Prices are points, times UTC ns of market time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from bot.ibkr.errors import BrokerError
from bot.ibkr.orders.doubt import Asked, Doubt

REVISION_DIGITS = 2  # an execId ends in .01, its corrections in .02 and so on
NAME_LENGTH = 36  # Nautilus takes no longer name for a fill
Terms = tuple[int, float | None, float | None]  # quantity, limit, stop


class Draft(msgspec.Struct, frozen=True):
    """An order as it is to be sent; a modification sends the same again but for what changes.

    `side` is BUY or SELL, `kind` IB's order type; `good_till_ns` 0 means until cancelled;
    `parent_ref` names the entry a child belongs to, `oca_group` ties siblings without one.
    """

    ref: str
    side: str
    quantity: int
    kind: str
    limit: float | None = None
    stop: float | None = None
    good_till_ns: int = 0
    parent_ref: str = ""
    oca_group: str = ""

    @property
    def terms(self) -> Terms:
        """What can change: quantity and the prices its kind has."""
        return self.quantity, self.limit, self.stop


class Phase(StrEnum):
    """Where an order stands. SENT is not acknowledged, for whatever reason; unknown is not failed."""

    SENT = "SENT"
    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


ENDED = frozenset({Phase.FILLED, Phase.CANCELED, Phase.EXPIRED, Phase.REJECTED})


@dataclass(slots=True, eq=False)
class BrokerOrder:
    """A tracked order. `order_id` is only the handle of this incarnation; `perm_id` the broker's identity, 0 until told.

    `changes` are modifications under way, oldest first; `resent` how often it was sent anew, `misses` how many
    snapshots in a row did not show it, `untold` how many called it over without its execution. `doubts` says of what is under
    way why it is in doubt, `trouble` the error that made it so; `taken_back`: it goes, to be sent again or given up;
    `given_up`: ended by us, for nobody has confirmed it; `uncancelled`: a cancel of it was refused; `id_shared`: another live order
    has its id; `average`: the price in points at which its status says it filled, 0 until told.
    Seconds of the wall (loop time): `sent_at`, `asked_at` (the change or cancel), `idle_at` (the broker no longer says that it works;
    0: it does), `error_at` (an error was said of it while it worked, and it was not shown since; 0: neither), `late_at` (the broker
    was asked because no answer came), `since` (only a snapshot asked for later says anything of it).
    """

    draft: Draft
    con_id: int
    order_id: int
    perm_id: int = 0
    phase: Phase = Phase.SENT
    accepted: bool = False
    filled: int = 0
    changes: list[Draft] = field(default_factory=list)
    cancel_asked: bool = False
    adopted: bool = False
    seen: bool = False
    resent: int = 0
    misses: int = 0
    untold: int = 0
    doubts: dict[Asked, Doubt] = field(default_factory=dict)
    trouble: BrokerError | None = None
    taken_back: bool = False
    given_up: bool = False
    uncancelled: bool = False
    id_shared: bool = False
    sent_at: float = 0.0
    asked_at: float = 0.0
    late_at: float = 0.0
    idle_at: float = 0.0
    error_at: float = 0.0
    average: float = 0.0
    since: float = 0.0
    status: str = ""
    remarks: list[str] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """Our client order id."""
        return self.draft.ref

    @property
    def live(self) -> bool:
        """May still fill, as far as we know."""
        return self.phase not in ENDED

    @property
    def family(self) -> str:
        """What it has in common with the orders that were sent with it: their entry."""
        return self.draft.parent_ref or self.ref

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What is under way of it, what it stands as first."""
        change = (Asked.CHANGE,) if self.changes else ()
        if not self.live:
            return (Asked.OVER, *change)
        if self.taken_back:
            return (Asked.BACK,)
        return (Asked.NOTHING if self.accepted else Asked.ORDER, *change, *((Asked.CANCEL,) if self.cancel_asked else ()))

    @property
    def in_doubt(self) -> bool:
        """Whether the next look must say what became of it. One that is taken back is looked for again and again, but nobody waits."""
        asked = [] if self.taken_back else [each for each in self.asked if self.doubts.get(each, Doubt.NONE) > Doubt.LATE]
        return self.live and bool(asked or (self.misses and self.accepted))


class Fill(msgspec.Struct, frozen=True):
    """One execution. `quantity` is contracts (positive), `commission_usd` the broker's if `commission_known`, else the estimate.

    `base_id` names the fill: the execId without its last part, which alone changes when the broker corrects a fill.
    """

    exec_id: str
    ref: str
    perm_id: int
    order_id: int
    client_id: int
    con_id: int
    side: int
    quantity: int
    price: float
    ts_ns: int
    commission_usd: float
    commission_known: bool = False
    maker: bool | None = None

    @property
    def base_id(self) -> str:
        """The execId up to its last dot; all of one that does not end in a revision; its digest where that is no name for a trade."""
        base, _, revision = self.exec_id.rpartition(".")
        name = base if base and len(revision) == REVISION_DIGITS and revision.isdecimal() else self.exec_id
        fits = name.isascii() and name.isprintable() and name.strip() == name and 0 < len(name) <= NAME_LENGTH
        return name if fits else hashlib.sha256(name.encode()).hexdigest()[:NAME_LENGTH]


class OrderListener:
    """Who hears what became of orders; every method may be overridden, none must be."""

    def accepted(self, order: BrokerOrder) -> None:
        """It works at the broker (once per order)."""

    def rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        """It will never work, or no longer."""

    def canceled(self, order: BrokerOrder) -> None:
        """It was cancelled."""

    def expired(self, order: BrokerOrder) -> None:
        """Its time was over."""

    def updated(self, order: BrokerOrder) -> None:
        """Its quantity or price changed; `order.draft` has the new ones."""

    def modify_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        """A change was refused; the order stands as it was."""

    def cancel_rejected(self, order: BrokerOrder, error: BrokerError) -> None:
        """A cancel was refused."""

    def doubled(self, order: BrokerOrder, twin: BrokerOrder) -> bool:
        """The broker has an order of ours twice, and now the `twin` fills, which has a name of its own. Whether that is known now."""
        return True

    def filled(self, order: BrokerOrder, fill: Fill) -> None:
        """A fill, told once."""

    def corrected(self, order: BrokerOrder, old: Fill, new: Fill) -> None:
        """The broker changed a fill; the position differs by the difference of both."""

    def commissioned(self, order: BrokerOrder, fill: Fill) -> None:
        """The true commission of a fill that was told with an estimate."""
