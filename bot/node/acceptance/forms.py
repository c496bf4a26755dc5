"""Every form of order that the bot sends, far from the market, built as the bot builds it: the risk engine's makers of brackets, stops,
targets and closing orders, and the adapter's drafts of them. Nothing here sends.

Entries and limits stand where the market would have to move by two in a hundred to reach them, the stops of a bracket as far behind as
one contract may risk. One that is reached all the same is one or two contracts with their stop; the order is then taken for a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.identifiers import InstrumentId, OrderListId, TraderId
from nautilus_trader.model.orders import Order

from bot.decision.intent import Intent
from bot.decision.limits import Limits, stop_ticks_for
from bot.decision.moment import Moment
from bot.decision.plan import OPERATOR, EntryPlan, EntryType, Leg, Thesis
from bot.ibkr.drafts import draft_of
from bot.ibkr.orders.order_state import Draft
from bot.risk_engine.brackets import OrderOrigin, OrderTags, bracket_orders, market_order, order_id, stop_order, strategy_id, target_order
from bot.supervision.orders import Role
from bot.units import SECOND_NS

FAR_SHARE = 0.02  # of the price
MARK = "ACCEPT"  # in the name of every order of an acceptance
TTL_SECONDS = 300.0  # of market time: what is left behind by a machine that dies goes by itself
LONG, SHORT = 1, -1


@dataclass(frozen=True)
class Form:
    """Orders that go out in one piece, and what they are in words."""

    name: str
    drafts: tuple[Draft, ...]

    @property
    def refs(self) -> tuple[str, ...]:
        """Their references, in the order of sending."""
        return tuple(draft.ref for draft in self.drafts)

    @property
    def brackets(self) -> bool:
        """Whether an entry takes its children along when it goes."""
        return any(draft.parent_ref for draft in self.drafts)


def is_ours(ref: str) -> bool:
    """Whether an order is named as an acceptance's or a drill's."""
    return any(f"-{name}-" in ref for name in (MARK, OPERATOR))


class Forms:
    """The forms around a price (ticks, the last trade) at a moment (`now_ns`, market time). `day` is the trading day, ISO."""

    def __init__(self, instrument_id: InstrumentId, limits: Limits, price: int, now_ns: Callable[[], int], day: str, stamp: str) -> None:
        self._instrument_id, self._limits, self._price, self._now_ns, self._day = instrument_id, limits, price, now_ns, day
        self._stem = f"{day.replace('-', '')}-{MARK}-{stamp}"
        self._far = max(1, round(price * FAR_SHARE))
        self._stop = min(limits.max_stop_ticks, stop_ticks_for(limits.max_risk_cents, 1))

    def all(self) -> list[Form]:
        """All of them, the bracket that is changed and reconnected first."""
        return [
            self._bracket("a limit entry with stop and target", "A", LONG, EntryType.LIMIT),
            self._bracket("a stop-limit entry with stop and target", "B", SHORT, EntryType.STOP_LIMIT),
            self._bracket("the two legs of K4", "C", SHORT, EntryType.LIMIT, legs=2),
            self._pair("a stop and its target without an entry"),
            self._single("a stop alone", "E", Role.STOP, self._price - self._far),
            self._single("a limit that closes", "F", Role.EXIT, self._price + self._far),
        ]

    def closing(self, number: int, side: int, quantity: int) -> Form:
        """A market order that closes what was never meant to be held; `side` is the order's."""
        name, tags = self._name(f"X{number}", Role.EXIT)
        return self._form("a closing order", [market_order(self._origin(), name, side, quantity, tags)])

    def _bracket(self, name: str, letter: str, side: int, kind: EntryType, legs: int = 1) -> Form:
        resting = side if kind is EntryType.STOP_LIMIT else -side
        entry = self._price + resting * self._far
        each = tuple(Leg(1, entry - side * self._stop, entry + side * (2 + more) * self._stop) for more in range(legs))
        trigger = entry if kind is EntryType.STOP_LIMIT else None
        limit = entry + side * 4 if trigger is not None else entry
        plan = EntryPlan(OPERATOR, side, kind, limit, trigger, each, TTL_SECONDS, 1, Thesis("acceptance", 0.0))
        now_ns = self._now_ns()
        moment = Moment(self._day, now_ns, 0, float("nan"), float("nan"), None, None)
        intent = Intent(f"{self._stem}{letter}", plan, now_ns + round(TTL_SECONDS * SECOND_NS), moment)
        return self._form(name, list(bracket_orders(intent, self._origin()).orders))

    def _pair(self, name: str) -> Form:
        stop_id, stop_tags = self._name("D", Role.STOP)
        target_id, target_tags = self._name("D", Role.TARGET)
        links: dict[str, Any] = {"contingency_type": ContingencyType.OUO, "order_list_id": OrderListId(stop_id.value)}
        stop = stop_order(self._origin(), stop_id, SHORT, 1, self._price - self._far, stop_tags, **links, linked_order_ids=[target_id])
        far = self._price + self._far
        target = target_order(self._origin(), target_id, SHORT, 1, far, target_tags, **links, linked_order_ids=[stop_id])
        return self._form(name, [stop, target])

    def _single(self, name: str, letter: str, role: Role, price: int) -> Form:
        order_name, tags = self._name(letter, role)
        make = stop_order if role is Role.STOP else target_order
        return self._form(name, [make(self._origin(), order_name, SHORT, 1, price, tags)])

    def _form(self, name: str, orders: list[Order]) -> Form:
        refs = {order.client_order_id for order in orders}
        return Form(name, tuple(draft_of(order, refs, self._now_ns()) for order in orders))

    def _name(self, letter: str, role: Role) -> tuple[Any, OrderTags]:
        intent_id = f"{self._stem}{letter}"
        return order_id(intent_id, 1, role), OrderTags(intent_id, 1, role, 0)

    def _origin(self) -> OrderOrigin:
        return OrderOrigin(TraderId("MESBOT-001"), strategy_id(OPERATOR), self._instrument_id, self._now_ns())
