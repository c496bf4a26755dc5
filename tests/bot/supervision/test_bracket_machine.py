"""Brackets under an adversarial broker: partial fills, rejections, expiries, cancels of its own, and news that is late or told twice.

The broker tells the news of one order in its order, and executions in the order in which they
happened; other news of different orders come in any order. It is honest: it never invents a
fill. It fills a stop or a target only while the leg is held (the price cannot be in two
places), but a closing order whenever it works.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from builders import an_intent, k4_plan, plan
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.decision.plan import ExitReason
from bot.risk_engine.story import answered
from bot.supervision.duties import Duty, DutyKind, Waited, duties
from bot.supervision.leaving import why_leave
from bot.supervision.orders import Role, TrackedOrder
from bot.supervision.trade import Leg, Trade

PLANS = [plan(), plan(-1), plan(legs=((2, 6, 12),), strategy="K4"), k4_plan(), k4_plan(-1)]


@dataclass
class AtBroker:
    """An order as the broker knows it; `group` are orders of which a filled one cancels the others."""

    tracked: TrackedOrder
    group: list[str]
    quantity: int
    status: str = "sent"  # sent, waiting (a child of an unfilled entry), working, done
    filled: int = 0
    news: deque[tuple[str, int]] = field(default_factory=deque)

    @property
    def leaves(self) -> int:
        return self.quantity - self.filled


class BracketMachine(RuleBasedStateMachine):
    """Rules are what the broker or the clock may do next; after every piece of news we do our duties."""

    @initialize(index=st.integers(0, len(PLANS) - 1))
    def submit(self, index: int) -> None:
        chosen = PLANS[index]
        legs = [Leg(number, leg.quantity, leg.stop, leg.target) for number, leg in enumerate(chosen.legs, start=1)]
        self.trade = Trade(an_intent(chosen), legs)
        self.broker: dict[str, AtBroker] = {}
        self.commands: deque[tuple[str, str, int]] = deque()
        self.forced: set[int] = set()  # legs whose exit left although something of them did not answer
        self.fills: deque[str] = deque()
        for leg in legs:
            names = [self._order(leg, role, leg.quantity) for role in (Role.ENTRY, Role.STOP, Role.TARGET)]
            self.broker[names[1]].group = self.broker[names[2]].group = names[1:]
            self.broker[names[1]].status = self.broker[names[2]].status = "waiting"
            self.broker[names[0]].status = "working"
            for name in names:
                self._tell(name, "OrderSubmitted")
            self._tell(names[0], "OrderAccepted")
        self._act()

    # ------------------------------------------------------------- what we do

    def _order(self, leg: Leg, role: Role, quantity: int, back: bool = False) -> str:
        side = self.trade.side if role is Role.ENTRY or back else -self.trade.side
        name = f"{leg.number}{role.value}{leg.attempts}"
        tracked = TrackedOrder(name, role, leg.number, side, quantity)
        leg.orders.append(tracked)
        self.broker[name] = AtBroker(tracked, [name], quantity)
        return name

    def _act(self, waited: Waited = Waited.NOT) -> None:
        self.trade.closing = self.trade.closing or why_leave(self.trade, waited)
        for duty in duties(self.trade, waited):
            leg = self.trade.legs[duty.leg - 1]
            if duty.kind is DutyKind.CANCEL:
                duty.order.ask_end(0)
                self.commands.append(("cancel", duty.order.order_id, 0))
            elif duty.kind is DutyKind.RESIZE:
                duty.order.resized = duty.quantity
                self.commands.append(("resize", duty.order.order_id, duty.quantity))
            else:
                self._send(leg, duty)

    def _send(self, leg: Leg, duty: Duty) -> None:
        leg.attempts += 1
        if duty.after_wait or duty.kind in (DutyKind.BUY_BACK, DutyKind.COVER):
            self.forced.add(leg.number)
        roles = {DutyKind.PROTECT: (Role.STOP, Role.TARGET), DutyKind.COVER: (Role.STOP,)}.get(duty.kind, (Role.EXIT,))
        names = [self._order(leg, role, duty.quantity, duty.kind is DutyKind.BUY_BACK) for role in roles]
        for name in names:
            self.broker[name].group = names
            self.commands.append(("submit", name, 0))
            self._tell(name, "OrderSubmitted")

    def _hear(self, name: str) -> None:
        event, number = self.broker[name].news.popleft()
        tracked = self.broker[name].tracked
        if event == "OrderFilled":
            self.fills.popleft()
        tracked.apply(event, number)
        if event == "OrderUpdated":
            tracked.quantity, tracked.resized = number, None
        else:
            answered(tracked, event)
        self._act()

    # ------------------------------------------------------------- what the broker does

    def _tell(self, name: str, event: str, filled: int = 0) -> None:
        self.broker[name].news.append((event, filled))
        if event == "OrderFilled":
            self.fills.append(name)

    def _end(self, name: str, event: str) -> None:
        self.broker[name].status = "done"
        self._tell(name, event)

    def _held(self, leg: int) -> int:
        ours = [order for order in self.broker.values() if order.tracked.leg == leg]
        return sum(order.filled * order.tracked.side for order in ours) * self.trade.side

    def _children(self, leg: int) -> list[str]:
        return [name for name, order in self.broker.items() if order.tracked.leg == leg and order.tracked.role is not Role.ENTRY]

    def _fillable(self) -> list[str]:
        return [
            name
            for name, order in self.broker.items()
            if order.status == "working" and (order.tracked.role in (Role.ENTRY, Role.EXIT) or self._held(order.tracked.leg) > 0)
        ]

    def _with_news(self) -> list[str]:
        return [name for name, order in self.broker.items() if order.news and (order.news[0][0] != "OrderFilled" or self.fills[0] == name)]

    @precondition(lambda self: self._with_news())
    @rule(data=st.data(), twice=st.booleans())
    def news_arrives(self, data: st.DataObject, twice: bool) -> None:
        name = data.draw(st.sampled_from(self._with_news()))
        event, _ = self.broker[name].news[0]
        self._hear(name)
        if twice and event not in ("OrderFilled", "OrderUpdated"):  # Nautilus itself drops a fill told twice
            self.broker[name].tracked.apply(event)
            self._act()

    @precondition(lambda self: self._fillable())
    @rule(data=st.data(), whole=st.booleans(), reject_stop=st.booleans())
    def price_fills(self, data: st.DataObject, whole: bool, reject_stop: bool) -> None:
        name = data.draw(st.sampled_from(self._fillable()))
        order = self.broker[name]
        held = self._held(order.tracked.leg)
        most = min(order.leaves, held) if order.tracked.role in (Role.STOP, Role.TARGET) else order.leaves
        quantity = most if whole else 1
        order.filled += quantity
        self._tell(name, "OrderFilled", quantity)
        if not order.leaves:
            order.status = "done"
        if order.tracked.role is Role.ENTRY:
            self._wake_children(order.tracked.leg, reject_stop)
        elif not order.leaves:
            self._cancel_siblings(name)

    def _wake_children(self, leg: int, reject_stop: bool) -> None:
        for name in self._children(leg):
            if self.broker[name].status == "waiting":
                rejected = reject_stop and self.broker[name].tracked.role is Role.STOP
                self.broker[name].status = "done" if rejected else "working"
                self._tell(name, "OrderRejected" if rejected else "OrderAccepted")

    def _cancel_siblings(self, name: str) -> None:
        for sibling in self.broker[name].group:
            if sibling != name and self.broker[sibling].status in ("waiting", "working"):
                self._end(sibling, "OrderCanceled")

    @precondition(lambda self: self.commands)
    @rule(answer=st.sampled_from(["yes", "yes", "yes", "no", "lost"]))
    def broker_gets_a_command(self, answer: str) -> None:
        kind, name, quantity = self.commands.popleft()
        order = self.broker[name]
        if kind == "resize":
            self._resize(name, quantity, answer == "yes")
        elif kind == "cancel":
            if order.status in ("done", "sent"):
                self._tell(name, "OrderCancelRejected")
            else:
                self._tell(name, "OrderPendingCancel")
                self._cancel(name)
        elif answer == "no":
            self._end(name, "OrderRejected")
        elif answer == "lost" and order.tracked.role is not Role.EXIT:
            order.status = "lost"
        else:
            order.status = "working"
            self._tell(name, "OrderAccepted")

    def _resize(self, name: str, quantity: int, willing: bool) -> None:
        order = self.broker[name]
        if willing and order.status in ("working", "waiting") and quantity > order.filled:
            order.quantity = quantity
            self._tell(name, "OrderUpdated", quantity)
        else:
            self._tell(name, "OrderModifyRejected")

    def _cancel(self, name: str, event: str = "OrderCanceled") -> None:
        """A cancelled child takes its sibling along; a cancelled or expired entry takes both children along, held or not."""
        self._end(name, event)
        self._cancel_siblings(name)
        if self.broker[name].tracked.role is Role.ENTRY:
            for child in self._children(self.broker[name].tracked.leg):
                if self.broker[child].status in ("waiting", "working"):
                    self._end(child, "OrderCanceled")

    def _working(self, *roles: Role) -> list[str]:
        return [name for name, order in self.broker.items() if order.status == "working" and order.tracked.role in roles]

    @precondition(lambda self: self._working(Role.STOP, Role.TARGET))
    @rule(data=st.data())
    def broker_cancels_a_child(self, data: st.DataObject) -> None:
        self._cancel(data.draw(st.sampled_from(self._working(Role.STOP, Role.TARGET))))

    @precondition(lambda self: self._working(Role.ENTRY))
    @rule()
    def entries_expire(self) -> None:
        for name in self._working(Role.ENTRY):
            self._cancel(name, "OrderExpired")

    # ------------------------------------------------------------- what we and the clock do

    @precondition(lambda self: self.trade.net)
    @rule()
    def we_leave(self) -> None:
        self.trade.closing = self.trade.closing or ExitReason.TIME
        self._act()

    @precondition(lambda self: not self.commands and not self._with_news())
    @rule()
    def the_grace_is_over(self) -> None:
        self._act(Waited.GRACE)

    @precondition(lambda self: not self.commands and not self._with_news())
    @rule()
    def the_doubt_is_over(self) -> None:
        self._act(Waited.DOUBT)

    # ------------------------------------------------------------- what must be true

    @invariant()
    def no_leg_is_held_without_a_stop_or_a_way_to_one(self) -> None:
        for leg in self.trade.legs:
            covered = leg.live(Role.STOP, Role.EXIT)
            leaving = any(order.live and order.cancel_requested for order in leg.orders)  # a step of leaving waits for its confirmation
            assert leg.open <= 0 or covered or leaving or any(duty.leg == leg.number for duty in duties(self.trade, Waited.GRACE)), leg

    @invariant()
    def closing_never_sends_more_than_is_held(self) -> None:
        """But for an exit that has waited long enough for what does not answer."""
        for leg in (leg for leg in self.trade.legs if leg.number not in self.forced):
            leaving = leg.live(Role.EXIT)
            assert sum(order.leaves for order in leaving) <= max(0, leg.open)
            assert not (leaving and leg.live(Role.ENTRY, Role.STOP, Role.TARGET)), "the closing order comes last"

    @invariant()
    def the_position_never_flips_and_never_exceeds_the_plan(self) -> None:
        assert not self.trade.unknown
        for leg in self.trade.legs:
            least = -leg.quantity if leg.number in self.forced else 0
            assert least <= self._held(leg.number) <= leg.quantity
            assert least <= leg.open <= leg.quantity

    def teardown(self) -> None:
        """In the end a broker that does as it is told leaves us flat with nothing working."""
        if not hasattr(self, "trade"):
            return
        self._settle()
        if any(leg.open for leg in self.trade.legs):
            self.trade.closing = ExitReason.SESSION
            self._act()
        for name in self._working(Role.ENTRY):
            self._cancel(name, "OrderExpired")
        self._settle()
        assert self.trade.net == 0
        assert [name for name, order in self.broker.items() if order.status in ("working", "waiting")] == []

    def _settle(self) -> None:
        for _ in range(200):
            if self.commands:
                self._obey()
            elif self._with_news():
                self._hear(self._with_news()[0])
            elif exits := self._working(Role.EXIT):
                order = self.broker[exits[0]]
                self._tell(exits[0], "OrderFilled", order.leaves)
                order.filled, order.status = order.tracked.quantity, "done"
            elif duties(self.trade, Waited.GRACE):
                self._act(Waited.GRACE)
            elif duties(self.trade, Waited.DOUBT):
                self._act(Waited.DOUBT)
            else:
                return
        raise AssertionError("the duties never come to an end")

    def _obey(self) -> None:
        kind, name, quantity = self.commands.popleft()
        order = self.broker[name]
        if kind == "submit":
            order.status = "working"
            self._tell(name, "OrderAccepted")
        elif kind == "resize":
            self._resize(name, quantity, True)
        elif order.status in ("working", "waiting"):
            self._cancel(name)
        elif order.status == "lost":
            self._end(name, "OrderCanceled")
        else:
            self._tell(name, "OrderCancelRejected")


BracketMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None, report_multiple_bugs=False)
TestBracketsUnderAnAdversarialBroker = BracketMachine.TestCase
