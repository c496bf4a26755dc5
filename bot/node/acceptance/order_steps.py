"""The steps with orders far from the market: each form sent and taken back, a stop and a target changed, the connection lost and found
again with the orders still there, and the orders of one connection adopted by the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.ibkr.errors import BrokerError
from bot.ibkr.session import BrokerSession
from bot.node.acceptance.forms import Form, Forms
from bot.node.acceptance.hand import Hand, until
from bot.node.acceptance.recorder import Recorder
from bot.node.acceptance.steps import Steps
from bot.plural import counted
from bot.supervision.orders import Role, named_role
from bot.units import to_points

BACK_SECONDS = 150.0  # of the wall: an old session of the same client id may linger for two minutes
CHANGE_TICKS = 4
LOOK = "Keep the recording, and trade nothing through this gateway before the cause is known."
Again = Callable[[], Awaitable[BrokerSession]]  # ends the session there is and begins another under the same client id


class OrderSteps:
    """Works through the forms. `hand` is the present session's: another one after the new session."""

    def __init__(self, hand: Hand, forms: Forms, recorder: Recorder, again: Again, steps: Steps) -> None:
        self.hand, self.forms = hand, forms
        self._recorder, self._again, self._steps = recorder, again, steps

    async def all(self) -> None:
        """Every form; the first is changed, and lives through a lost connection and a new session."""
        first, *others = self.forms.all()
        if await self._sent(first):
            await self._changed(first)
            await self._lost_and_found(first)
            await self._adopted(first)
        await self._taken_back(first)
        for form in others:
            await self._sent(form)
            await self._taken_back(form)

    async def _sent(self, form: Form) -> bool:
        try:
            there = await self.hand.send(form)
        except BrokerError as error:
            self._steps.failed(form.name, f"it could not be sent: {error.text}", error.hint)
            return False
        if not there:
            self._steps.failed(form.name, self.hand.why(form.refs), LOOK)
            return False
        remarks = [remark for order in self.hand.orders(form) for remark in order.remarks]
        chain = ", held back until the last" if form.brackets else ""
        self._steps.told(form.name, f"{counted(len(form.drafts), 'order')} accepted{chain}", remarks)
        return True

    async def _changed(self, form: Form) -> None:
        for role in (Role.STOP, Role.TARGET):
            (draft,) = [draft for draft in form.drafts if named_role(draft.ref) is role]
            shift = to_points(CHANGE_TICKS)
            limit = None if draft.limit is None else draft.limit + shift
            stop = None if draft.stop is None else draft.stop + shift
            name = f"change of the {role.lower()}"
            try:
                done = await self.hand.change(draft.ref, limit, stop)
            except BrokerError as error:
                self._steps.failed(name, f"it could not be asked: {error.text}", error.hint)
                continue
            if done:
                self._steps.ok(name, f"the broker shows the new price, {shift:g} points away")
            else:
                self._steps.failed(name, self.hand.why([draft.ref]), LOOK)

    async def _lost_and_found(self, form: Form) -> None:
        link, before = self.hand.session.link, self._identities(self.hand, form)
        generation = link.generation
        self._recorder.cut()
        back = await until(lambda: link.generation > generation and link.allows_entries, BACK_SECONDS)
        name = "connection lost and found"
        if not back:
            self._steps.failed(
                name, f"the link is {link.state}: {link.last_error or 'no reason was told'}", "Look in TWS; then begin again."
            )
        elif (after := self._identities(self.hand, form)) == before:
            self._steps.ok(name, f"{counted(len(after), 'order')} still there, under the same names and permIds")
        else:
            self._steps.failed(name, self.hand.why(form.refs), LOOK)

    async def _adopted(self, form: Form) -> None:
        """As after a restart of the bot's process: nothing is known of the orders but what the broker tells."""
        before, name = self._identities(self.hand, form), "orders adopted by a new session"
        try:
            self.hand = Hand(await self._again())
        except BrokerError as error:
            self._steps.failed(name, f"no new session: {error.text}", error.hint)
            raise
        after = self._identities(self.hand, form)
        if after == before:
            self._steps.ok(name, f"{counted(len(after), 'order')} by reference and permId")
        else:
            missing = ", ".join(sorted(before.keys() - after.keys())) or "permIds differ"
            self._steps.failed(name, f"not all were adopted: {missing}", LOOK)

    async def _taken_back(self, form: Form) -> None:
        if not any(order.live for order in self.hand.orders(form)):
            return
        gone, alone = await self.hand.take_back(form)
        name = f"cancel of {form.name}"
        if not gone:
            self._steps.failed(name, self.hand.why(form.refs), "Cancel it in TWS.")
        elif alone:
            self._steps.ok(name, "gone, its children with it" if form.brackets else "gone")
        else:
            self._steps.differs(name, "its children had to be cancelled one by one")

    @staticmethod
    def _identities(hand: Hand, form: Form) -> dict[str, int]:
        """permId by reference, of what works."""
        return {order.ref: order.perm_id for order in hand.orders(form) if order.live and order.accepted}
