"""Applies the table of `doubt` to orders: whatever is heard of one comes here, and what becomes of it is done here alone."""

from __future__ import annotations

from collections.abc import Callable

from bot.ibkr.errors import BrokerError, CancelRejected, ModifyRejected, OrderRejectedByBroker, OrderWarning, StrayOrder, UnknownOrder
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders.doubt import BARE_SECONDS, Asked, Doubt, Family, Member, News, Outcome, concerned, family_outcome, status_news
from bot.ibkr.orders.doubt_table import verdict
from bot.ibkr.orders.order_state import BrokerOrder
from bot.ibkr.orders.orders import OrderMonitor
from bot.supervision.orders import Role, named_role

ERROR_SECONDS = 1.5  # a look that is answered takes less; then the doubt about a stop is over


class Judge:
    """Of one monitor. `why_not_again` says why a family that never arrived is not sent once more; "" if it is."""

    def __init__(self, link: Link, monitor: OrderMonitor) -> None:
        self.why_not_again: Callable[[list[BrokerOrder]], str] = lambda _: ""
        self._link, self._monitor = link, monitor
        self._families: set[str] = set()
        self._effects: dict[Outcome, Callable[[BrokerOrder, News, BrokerError | None], None]] = {
            Outcome.WAIT: lambda *_: None,
            Outcome.NOTE: self._note,
            Outcome.ASK: self._ask,
            Outcome.WORKING: lambda order, *_: monitor.accept(order),
            Outcome.TAKE_FILL: lambda order, *_: monitor.accept(order),
            Outcome.CANCELED: self._canceled,
            Outcome.REJECTED: self._rejected,
            Outcome.AWAIT_REASON: self._await_reason,
            Outcome.AWAIT_EXECUTION: self._await_execution,
            Outcome.AWAIT_WORK: self._await_work,
            Outcome.FAMILY: lambda order, *_: self._families.add(order.family),
            Outcome.GONE: self._gone,
            Outcome.CHANGED: self._changed,
            Outcome.CHANGE_REFUSED: self._change_refused,
            Outcome.CANCEL_REFUSED: self._cancel_refused,
            Outcome.CANCEL_AGAIN: self._cancel_again,
            Outcome.STRAY: lambda order, *_: self.stray(order.order_id, order.ref),
        }
        link.state_changed.append(self._on_link)

    def hear(self, order: BrokerOrder, news: News, error: BrokerError | None = None) -> None:
        """A piece of news of an order, with the broker's words if it has any."""
        if news is News.WORKS:
            order.idle_at = 0.0
        if news in (News.WORKS, News.SHOWN):
            order.error_at = 0.0
        for asked in concerned(news, order.asked):
            if asked not in order.asked:
                continue  # it has ended of the same news
            before = order.doubts.get(asked, Doubt.NONE)
            outcome, order.doubts[asked] = verdict(asked, before, news)
            if order.doubts[asked] > before:
                order.since, order.misses = self._link.seconds(), 0
                order.trouble = error or (order.trouble if before else None)
            self._effects[outcome](order, news, error)

    def _on_link(self, state: LinkState, previous: LinkState) -> None:
        """The way out opens: what was under way is in doubt, and the cancels that waited go."""
        if state.allows_way_out and not previous.allows_way_out:
            self._monitor.opened_at = self._link.seconds()
            for order in [order for order in self._monitor.orders.values() if order.live]:
                self.hear(order, News.LINK_BACK)
                if order.error_at:
                    self._look_after(order)

    # ----------------------------------------------------------------- outcomes

    def _note(self, order: BrokerOrder, _: News, error: BrokerError | None) -> None:
        if error is not None:
            order.remarks.append(error.text)
            self._link.report(OrderWarning(error.text, code=error.code, order_ref=order.ref))

    def _ask(self, order: BrokerOrder, _: News, error: BrokerError | None) -> None:
        if error is not None:
            order.remarks.append(error.text)
            self._link.report(error)
            self._look_after(order)
        self._monitor.doubtful()

    def _look_after(self, order: BrokerOrder) -> None:
        """A stop that worked and that an error is said of covers only for as long as its doubt may last, whatever is not answered."""
        if order.accepted and named_role(order.ref) is Role.STOP:
            since = order.error_at = order.error_at or self._link.seconds()
            self._link.later(ERROR_SECONDS, lambda: self._still_unshown(order, since))

    def _still_unshown(self, order: BrokerOrder, since: float) -> None:
        if order.live and order.error_at == since and self._link.allows_way_out:
            self.give_up(order)

    def _canceled(self, order: BrokerOrder, news: News, error: BrokerError | None) -> None:
        if error is not None:
            order.remarks.append(error.text)
        if news is News.MISSING_AGAIN and order.accepted:
            order.remarks.append("unknown to the broker")
            self._link.report(UnknownOrder("nowhere among open, completed and executed orders, twice", order_ref=order.ref))
        self._monitor.end(order)

    def _rejected(self, order: BrokerOrder, news: News, error: BrokerError | None) -> None:
        """In the broker's words; what was asked to be cancelled and is not there is cancelled. One that was shown at work is looked for."""
        if status_news(order.status) is News.WORKS:
            self._monitor.doubtful()
        if error is None and order.cancel_asked:
            self._monitor.end(order)
            return
        if error is None:
            text, code = ("it never reached the broker", 0) if order.trouble is None else (order.trouble.text, order.trouble.code)
            error = OrderRejectedByBroker(text, code=code, order_ref=order.ref)
        order.remarks.append(error.text)
        self._monitor.reject(order, error)

    def _await_reason(self, order: BrokerOrder, _: News, __: BrokerError | None) -> None:
        self._link.later(BARE_SECONDS, lambda: self._still_inactive(order))

    def _still_inactive(self, order: BrokerOrder) -> None:
        """No reason came: rejected; still cancelled, because an inactive order may come back."""
        if order.live and status_news(order.status) is News.INACTIVE:
            reason = "; ".join(order.remarks) or "Inactive without a reason"
            self._monitor.reject(order, OrderRejectedByBroker(reason, order_ref=order.ref))
            self._monitor.withdraw(order.order_id)

    def _await_execution(self, order: BrokerOrder, news: News, _: BrokerError | None) -> None:
        if news is News.DONE_FILLED:
            self._monitor.accept(order)
        order.untold += news is not News.FILLED
        order.idle_at = order.idle_at or self._link.seconds()
        if news is News.FILLED:
            self._monitor.doubtful()

    def _await_work(self, order: BrokerOrder, _: News, __: BrokerError | None) -> None:
        if not order.idle_at:
            since = order.idle_at = self._link.seconds()
            self._link.later(BARE_SECONDS, lambda: self._still_idle(order, since))
        if "idle" not in self._monitor.halts:
            text = f"its status is {order.status!r}, which does not say that it works"
            self._monitor.halt("idle", UnknownOrder(text, order_ref=order.ref))
        self._monitor.doubtful()

    def _still_idle(self, order: BrokerOrder, since: float) -> None:
        if order.live and order.idle_at == since and self._link.allows_way_out:
            self.give_up(order)

    def give_up(self, order: BrokerOrder) -> None:
        """An order that is not known to work any more counts as over, and goes; it stays watched, and its fill counts."""
        order.remarks.append(f"its status was {order.status!r}")
        self._monitor.end(order)
        self._monitor.withdraw(order.order_id)
        self._monitor.doubtful()

    def _gone(self, order: BrokerOrder, _: News, __: BrokerError | None) -> None:
        order.seen, order.misses = False, 2
        self._monitor.doubtful()

    def _changed(self, order: BrokerOrder, _: News, __: BrokerError | None) -> None:
        if order.changes:
            order.draft = order.changes.pop(0)
            self._monitor.listener.updated(order)

    def _change_refused(self, order: BrokerOrder, _: News, error: BrokerError | None) -> None:
        words = error or order.trouble
        text, code = ("the broker does not know of it", 0) if words is None else (words.text, words.code)
        refused = ModifyRejected(text, code=code, order_ref=order.ref)
        if error is not None:
            order.remarks.append(error.text)
            self._link.report(refused)
        over = order.changes if error is None else order.changes[:1]  # the broker answers in turn; shown as it was, it has made none
        order.changes = order.changes[len(over) :]
        for _ in over:
            self._monitor.listener.modify_rejected(order, refused)

    def _cancel_refused(self, order: BrokerOrder, _: News, error: BrokerError | None) -> None:
        order.cancel_asked = not order.accepted  # what never arrived, and was to be cancelled, is not sent again
        if error is not None:
            self._link.report(error)
        words = error or order.trouble
        if order.live:
            order.uncancelled = True
            text, code = ("it is there all the same", 0) if words is None else (words.text, words.code)
            self._monitor.listener.cancel_rejected(order, CancelRejected(text, code=code, order_ref=order.ref))
            self._monitor.doubtful()

    def _cancel_again(self, order: BrokerOrder, _: News, __: BrokerError | None) -> None:
        order.late_at = self._link.seconds()
        self._monitor.withdraw(order.order_id)

    def stray(self, order_id: int, ref: str) -> None:
        """An order of ours that is not expected to be there works at the broker: it goes."""
        new = order_id not in self._monitor.strays
        self._monitor.strays[order_id] = self._link.seconds()
        if new:
            ids = ", ".join(map(str, sorted(self._monitor.strays)))
            self._monitor.halt("stray", StrayOrder(f"what has ended works at the broker under order id {ids}", order_ref=ref))
        self._monitor.withdraw(order_id)

    # ----------------------------------------------------------------- families

    def settle(self) -> None:
        """After a look: what becomes of the families it has told something of. Those that are sent again go in one piece."""
        families, self._families = self._families, set()
        again: list[BrokerOrder] = []
        for name in sorted(families):
            family = [order for order in self._monitor.orders.values() if order.live and not order.accepted and order.family == name]
            if family:
                again += self._settle(family)
        if again:
            self._monitor.resend(again)

    def _settle(self, family: list[BrokerOrder]) -> list[BrokerOrder]:
        """What of a family is to be sent again."""
        outcome = family_outcome([self._member(order) for order in family])
        if outcome is Family.THERE:
            self._there(family)
        elif outcome is Family.TAKE_BACK:
            self._take_back(family)
        elif outcome is Family.SEND_AGAIN and not (why_not := self.why_not_again(family)):
            return family
        elif outcome in (Family.SEND_AGAIN, Family.GIVE_UP):
            self._give_up(family, why_not if outcome is Family.SEND_AGAIN else "")
        return []

    @staticmethod
    def _member(order: BrokerOrder) -> Member:
        return Member(order.seen, order.misses, order.doubts.get(order.asked[0], Doubt.NONE), order.taken_back)

    def _there(self, family: list[BrokerOrder]) -> None:
        for order in family:
            order.doubts.pop(Asked.ORDER, None)
            order.late_at = self._link.seconds()
            self.hear(order, status_news(order.status))

    def _take_back(self, family: list[BrokerOrder]) -> None:
        """They came without the one that sets them working, or without their stop: none of it may trade."""
        if not any(order.taken_back for order in family):
            text = "a part of what was sent together never arrived, and the rest is taken back"
            self._link.report(UnknownOrder(text, order_ref=family[0].family))
        for order in family:
            if not order.taken_back:
                order.doubts[Asked.BACK] = order.doubts.get(Asked.ORDER, Doubt.NONE)
                order.taken_back = True
                if order.seen:
                    self._cancel_again(order, News.SHOWN, None)

    def _give_up(self, family: list[BrokerOrder], why_not: str) -> None:
        for order in family:
            if not order.live:
                continue  # its entry has taken it along
            self._monitor.withdraw(order.order_id)  # a gateway may hold what it does not show: behind a question to a person, say
            if order.cancel_asked:
                self._monitor.end(order)
            else:
                text = "; ".join(filter(None, ("it never reached the broker", why_not)))
                self._monitor.reject(order, OrderRejectedByBroker(text, order_ref=order.ref))
