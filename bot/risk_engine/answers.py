"""The door of the venue's answers: which order events are news, and who may bring them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from nautilus_trader.core.fsm import InvalidStateTrigger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.events import (
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderUpdated,
)

from bot.runtime.said import Handler, Said

PROCESS, ACCOUNT, REPORT = "ExecEngine.process", "Portfolio.update_account", "ExecEngine.reconcile_execution_report"
REPORTS = "ExecEngine.reconcile_execution_mass_status"  # of all there is; nobody of ours makes one
OF_NAUTILUS = (OrderDenied, OrderModifyRejected)  # its own risk engine refuses by these
REQUESTS = (OrderInitialized, OrderPendingUpdate, OrderPendingCancel)  # a strategy applies these itself; nothing ends by them
KEPT = 1000  # events that Nautilus may still hold in its queue


class Answers:
    """Stands before Nautilus' execution engine and portfolio, whose handlers `take`, `take_account` and (live) `take_report` are.

    `cache` is Nautilus'. News is what came through here, or was made of a report that did, and was applied to the order that it
    names, once. What was only published says nothing, nor does an event that is published again, nor one that somebody applied to an
    order himself. On a live node the adapter alone may bring them; a simulated exchange speaks for itself and cannot be told from
    another. `before` is told of an answer before it goes on.
    """

    def __init__(
        self,
        cache: Any,
        take: Handler,
        take_account: Handler,
        take_report: Handler | None = None,
        before: Handler = lambda _: None,
    ) -> None:
        self._cache, self._take, self._take_account, self._take_report = cache, take, take_account, take_report
        self._before, self._reporting = before, False
        self._came: deque[Any] = deque(maxlen=KEPT)
        self._heard: dict[Any, list[Any]] = {}
        self._fills: list[Any] = []  # that came and were not heard yet
        self._overdue: list[Any] = []  # those of them that were there when somebody looked before

    def bring(self, event: Any) -> None:
        """An answer on its way to Nautilus."""
        self._before(event)
        self._came.append(event)
        if type(event) is OrderFilled:
            self._fills.append(event)
        self._take(event)

    def bring_report(self, report: Any) -> None:
        """A report on its way to Nautilus, which makes events of it at once: what the journal of this run does not hold."""
        self._reporting = True
        try:
            self._take_report(report)
        finally:
            self._reporting = False

    def doors(self, said: Said, *, simulated: bool, stopped: Callable[[Any, Handler], bool], refuse: Handler) -> dict[str, Handler]:
        """The handlers by endpoint. Parts of the run are believed, and Nautilus' own refusal of what is between the doors: `stopped`
        brings it and says whether it is one. `refuse` takes the rest, but for what a simulated exchange may have said.
        """

        def other(event: Any) -> None:
            if type(event) in OF_NAUTILUS and (stopped(event, self.bring) or not simulated):
                return
            (self.bring if simulated else refuse)(event)

        doors = {PROCESS: said.only(PROCESS, self.bring, other)}
        if simulated:
            return doors | {ACCOUNT: self._take_account}
        account, report = said.only(ACCOUNT, self._take_account, refuse), said.only(REPORT, self.bring_report, refuse)
        return doors | {ACCOUNT: account, REPORT: report, REPORTS: refuse}

    def news(self, event: Any) -> bool:
        """Whether a published order event is news; true once."""
        name = event.client_order_id
        order, heard = self._cache.order(name), self._heard.setdefault(name, [])
        if order is None or _holds(heard, event) or not (_has(order, event) or self._filled_all_the_same(event)):
            return False
        if not (self._reporting or type(event) in REQUESTS or _holds(self._came, event)):
            return False
        heard.append(event)
        return True

    def _filled_all_the_same(self, event: Any) -> bool:
        """A fill that came through the door of an order that Nautilus takes for over, so that it was not applied: it counts."""
        return type(event) is OrderFilled and _holds(self._came, event)

    def known(self, seeded: Any) -> None:
        """An order or a position of an earlier run, as the adapter has put it into the cache: what it has behind it was heard then."""
        for event in seeded.events:
            self._heard.setdefault(event.client_order_id, []).append(event)

    def foreign(self, order: Any) -> str:
        """The kind of an event that another hand has applied to an order; "" if there is none. What asks for something is anybody's."""
        return next((type(each).__name__ for each in order.events if not self._may_be(each)), "")

    def _may_be(self, event: Any) -> bool:
        """Whether an event that stands in an order may stand there; what has come is heard in a moment."""
        heard = self._heard.get(event.client_order_id, [])
        return type(event) in REQUESTS or _holds(heard, event) or _holds(self._came, event)

    def clean(self, order: Any) -> Any:
        """The order anew, as it is by what came through here and by what was asked for."""
        made = type(order).create(order.init_event)
        for event in order.events[1:]:
            if self._may_be(event):
                with suppress(InvalidStateTrigger):  # what was asked for where only the other hand had made it possible
                    made.apply(event)
        return made

    def corrected(self, order: Any) -> Any:
        """The very order, where a simulated venue holds it: told what another hand has changed, as it was. Nothing takes back its end or
        a fill.
        """
        right = self.clean(order)
        about = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, right.venue_order_id, order.account_id)
        limit, stop = right.price if right.has_price else None, right.trigger_price if right.has_trigger_price else None
        told = OrderUpdated(*about, right.quantity, limit, stop, UUID4(), order.last_event.ts_event, order.last_event.ts_init)
        with suppress(InvalidStateTrigger, ValueError):
            order.apply(told)
        self.known(order)
        return order

    def heard_fill(self, fill: Any) -> bool:
        """Whether a fill that stands in a position came through here, or is the part of one by which Nautilus turned a position round."""
        return self._may_be(fill) or any(_is_part(fill, each) for each in self._heard.get(fill.client_order_id, []))

    def unbooked(self) -> list[Any]:
        """Fills that came through the door and that Nautilus has not told of from one look to the next; each once, and from now on heard.

        One whose trade was heard is the same fill again. To be asked only while Nautilus' queue is empty.
        """
        if not self._fills:
            self._overdue = self._fills
            return []
        self._fills = [fill for fill in self._fills if not self._was_heard(fill)]
        late = [fill for fill in self._fills if _holds(self._overdue, fill)]
        self._overdue = self._fills
        for fill in late:
            self._heard.setdefault(fill.client_order_id, []).append(fill)
        return late

    def _was_heard(self, fill: Any) -> bool:
        heard = self._heard.get(fill.client_order_id, [])
        return any(type(each) is OrderFilled and each.trade_id == fill.trade_id for each in heard)


def _has(order: Any, event: Any) -> bool:
    """Whether it was applied to the order. Who heard the venue's word first may have applied another since: it is news all the same."""
    return order.last_event is event or (type(event) not in REQUESTS and _holds(order.events, event))


def _holds(events: Iterable[Any], event: Any) -> bool:
    return any(each is event for each in events)


def _is_part(fill: Any, whole: Any) -> bool:
    if type(whole) is not OrderFilled:
        return False
    same = (fill.client_order_id, fill.trade_id, fill.order_side, fill.last_px) == (
        whole.client_order_id, whole.trade_id, whole.order_side, whole.last_px,
    )  # fmt: skip
    return same and fill.last_qty < whole.last_qty
