"""One order at the broker, and the executions it got. Prices are ticks, sizes whole contracts, times UTC ns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.gateway.instruments import Future
from bot.gateway.notation import exact_ticks, parse_moment
from bot.gateway.order_request import OrderRequest


class Status(StrEnum):
    """The states of an order as orderStatus names them."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"


DONE = frozenset({Status.FILLED, Status.CANCELLED, Status.INACTIVE})
USES_LIMIT = frozenset({"LMT", "STP LMT"})
USES_STOP = frozenset({"STP", "STP LMT"})
ORDER_TYPES = frozenset({"MKT"}) | USES_LIMIT | USES_STOP
TIFS = frozenset({"DAY", "GTC", "GTD", "IOC"})


@dataclass(eq=False, slots=True)
class Order:
    """An order of one client; lives on when its client is gone.

    `released` is how many contracts may work now: all, or for a child what its parent has filled.
    `from_ns` is when it began to work. `request` is the last accepted one, as the client sent it.
    """

    client_id: int
    order_id: int
    perm_id: int
    account: str
    future: Future
    request: OrderRequest
    quantity: int
    limit: int | None = None
    stop: int | None = None
    expires_ns: int | None = None
    status: Status = Status.PRE_SUBMITTED
    transmitted: bool = False
    triggered: bool = False
    filled: int = 0
    value: int = 0  # sum of fill ticks x contracts
    last_fill: int | None = None
    released: int = 0
    from_ns: int = 0
    priced_ns: int = 0  # when its price was last set
    commission_cents: int | None = None
    parent: Order | None = None
    children: list[Order] = field(default_factory=list)
    completed_ns: int = 0
    completed_text: str = ""
    manual: bool = False

    @property
    def side(self) -> int:
        """+1 buys, -1 sells."""
        return 1 if self.request.action == "BUY" else -1

    @property
    def done(self) -> bool:
        """Filled, cancelled or rejected."""
        return self.status in DONE

    @property
    def working(self) -> bool:
        """Whether it may fill now."""
        return self.transmitted and not self.done and self.released > self.filled

    @property
    def remaining(self) -> int:
        """Contracts still to fill."""
        return self.quantity - self.filled

    @property
    def average_fill(self) -> float | None:
        """Average fill price in ticks; None before a fill."""
        return self.value / self.filled if self.filled else None

    @property
    def is_stop(self) -> bool:
        """A stop whose trigger has not been reached."""
        return self.request.order_type in USES_STOP and not self.triggered

    @property
    def why_held(self) -> str:
        """Why a transmitted order does not work at the exchange: waits for its parent, for its trigger."""
        if self.done or not self.transmitted:
            return ""
        child = "child" if self.released == 0 else ""
        return ",".join(reason for reason in (child, "trigger" if self.is_stop else "") if reason)

    @property
    def resting_status(self) -> Status:
        """PreSubmitted while held at IB, Submitted at the exchange."""
        held = self.why_held or not self.transmitted or self.request.order_type == "MKT"
        return Status.PRE_SUBMITTED if held else Status.SUBMITTED

    @property
    def oca_group(self) -> str:
        """The group it belongs to as messages show it: the client's own, or the parent's permId for siblings."""
        if self.request.oca_group or self.parent is None:
            return self.request.oca_group
        return str(self.parent.perm_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request changes of an order when it is placed or modified. Made by terms_of."""

    quantity: int
    limit: int | None
    stop: int | None
    expires_ns: int | None


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill or its correction. `realized_cents` is None for an opening fill; execId as IB makes them."""

    exec_id: str
    ts_ns: int
    order: Order
    shares: int
    price: int
    cumulative: int
    average: float
    commission_cents: int
    realized_cents: int | None

    @property
    def side(self) -> str:
        """BOT or SLD."""
        return "BOT" if self.order.side > 0 else "SLD"


def terms_of(request: OrderRequest) -> Terms:
    """Prices in ticks and the expiry of a request. Raises ValueError with a code and text: (110, …), (321, …) …"""
    if request.action not in ("BUY", "SELL"):
        raise ValueError(321, f"Error validating request:-'bW' : cause - Invalid side {request.action!r}")
    if request.order_type not in ORDER_TYPES:
        raise ValueError(387, "Unsupported order type for this exchange and security type.")
    if (request.tif or "DAY") not in TIFS:
        raise ValueError(321, f"Error validating request:-'bW' : cause - Invalid time in force {request.tif!r}")
    if request.unserved:
        raise ValueError(321, f"Error validating request:-'bW' : cause - not served by this gateway: {', '.join(request.unserved)}")
    if request.quantity <= 0 or request.quantity != int(request.quantity):
        raise ValueError(321, f"Error validating request:-'bW' : cause - Invalid size {request.quantity}; whole contracts only")
    limit = _price(request, "limit_price", USES_LIMIT)
    stop = _price(request, "aux_price", USES_STOP)
    return Terms(int(request.quantity), limit, stop, _expiry(request))


def _price(request: OrderRequest, name: str, kinds: frozenset[str]) -> int | None:
    if request.order_type not in kinds:
        return None
    try:
        ticks = exact_ticks(getattr(request, name))
    except ValueError:
        raise ValueError(110, "The price does not conform to the minimum price variation for this contract.") from None
    if ticks is None:
        raise ValueError(321, f"Error validating request:-'bW' : cause - {request.order_type} needs its {name.replace('_', ' ')}")
    return ticks


def _expiry(request: OrderRequest) -> int | None:
    if request.tif != "GTD":
        return None
    try:
        return parse_moment(request.good_till_date)
    except ValueError as error:
        raise ValueError(391, f"The date, time, or time-zone entered is invalid. {error}") from None
