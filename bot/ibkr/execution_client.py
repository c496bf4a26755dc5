"""Nautilus' execution client: orders out through the orders monitor, the broker's truth back as events and reports.

An entry is sent only as a whole list and only while nothing blocks entries. Everything else needs the link alone, and waits for
it: what waits goes first once the way out is open. It does not promise that an order sent in the moment of a loss arrived: see
order_sync.
"""
# long because: every command and report of Nautilus' client has its method here.

from __future__ import annotations

from typing import Any

from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import AccountId, ClientId, ClientOrderId, Venue
from nautilus_trader.model.objects import AccountBalance, MarginBalance, Money
from nautilus_trader.model.orders import Order
from nautilus_trader.model.position import Position

from bot.ibkr.broker_journal import BrokerJournal
from bot.ibkr.config import IbkrExecClientConfig
from bot.ibkr.drafts import draft_of, roles_of
from bot.ibkr.errors import BrokerError, OrderRejectedByBroker
from bot.ibkr.exits import Exits
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.link.settings import require_confirmed
from bot.ibkr.order_events import NautilusEvents, money
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Fill
from bot.ibkr.recovery import Recovery
from bot.ibkr.reports import Reporter
from bot.ibkr.session import BrokerSession
from bot.ibkr.spoken import SpokenExecutionClient
from bot.journal.records import OrderRecord
from bot.masking import masked
from bot.messages import (
    CLOSED_ELSEWHERE,
    ENDPOINT_HOLDINGS,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_FOUND,
    ENDPOINT_RISK_POSITION,
    ENDPOINT_RISK_SEEDED,
    TOPIC_EQS_EVENT,
    TOPIC_KILL_TRIGGER,
    KillTrigger,
    PositionDiffers,
)
from bot.quality.feed import QualityEvent
from bot.risk_engine.approved import Sending, approved_in
from bot.runtime.runtime import runtime_of
from bot.supervision.orders import Role


class IbkrExecutionClient(SpokenExecutionClient):
    """Execution on Interactive Brokers. Accounts are MARGIN in USD, positions are netted."""

    def __init__(
        self, loop: Any, name: str, session: BrokerSession, msgbus: Any, cache: Any, clock: Any, config: IbkrExecClientConfig
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=Venue(config.broker.exchange),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=USD,
            instrument_provider=session.provider,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            config=config,
        )
        self._session = session
        self._observe = config.broker.runtime.observe
        runtime = runtime_of(config.broker.runtime)
        self._unfinished, self.said = runtime.past.unfinished, runtime.said
        session.orders.listener = NautilusEvents(self, session, cache)
        session.account.changed.append(self._tell_account)
        session.charge = self._charge
        session.trigger = self._trigger
        BrokerJournal(session, msgbus, self.said)
        self._approved = approved_in(config.broker.runtime.journal_path)
        self._exits = Exits(self, session, cache)
        self._waiting: set[ClientOrderId] = set()  # orders that wait for the way out
        self._withdrawn: set[ClientOrderId] = set()  # while they waited; what Nautilus' cache says of them may be another hand's
        session.positions.differs = self._differs

    # ------------------------------------------------------------------- connection

    async def _connect(self) -> None:
        self.said.send(self._msgbus, ENDPOINT_HOLDINGS, self._exits.write_held)
        await self._session.start()
        link = self._session.link
        require_confirmed(link.account, paper=link.settings.paper, observe=self._observe)
        for instrument in self._session.provider.list_all():
            self._cache.add_instrument(instrument)
        self._set_account_id(AccountId(f"{self.id.value}-{masked(self._session.link.account)}"))
        self._tell_account()
        await self._await_account_registered(timeout_secs=10.0)
        await Recovery(self, self._session, self._cache, self._unfinished).run()
        self._session.positions.book = self._exits.book

    async def _disconnect(self) -> None:
        await self._session.stop()

    def _tell_account(self) -> None:
        if self.account_id is None or not self._session.account.loaded:
            return  # told again once the account is named and known
        values = self._session.account.values
        total, free = money(values["NetLiquidation"]), money(values["AvailableFunds"])
        balance = AccountBalance(total=total, locked=Money(total.as_decimal() - free.as_decimal(), USD), free=free)
        margin = MarginBalance(initial=money(values["InitMarginReq"]), maintenance=money(values["MaintMarginReq"]))
        info = {"buying_power": values["BuyingPower"], "cash": values["TotalCashValue"]}
        self.generate_account_state([balance], [margin], True, self._session.clock.now_ns(), info)

    async def _query_account(self, command: Any) -> None:
        self._tell_account()

    def _charge(self, event: str, ts_ns: int, detail: str) -> None:
        self.said.publish(self._msgbus, TOPIC_EQS_EVENT, QualityEvent(event, ts_ns, detail))

    def _differs(self, expected: int, held: int, explained: bool, price: float) -> None:
        if ENDPOINT_RISK_POSITION in self._msgbus.endpoints():
            self.said.send(self._msgbus, ENDPOINT_RISK_POSITION, PositionDiffers(expected, held, explained, price))

    def _trigger(self, reason: str, detail: str) -> None:
        self.said.publish(self._msgbus, TOPIC_KILL_TRIGGER, KillTrigger(reason, detail))

    # ---------------------------------------------------------------------- commands

    def submit_order(self, command: Any) -> None:
        """Send an order, in a task of its own; what that task leaves unsent is rejected, however it ended."""
        task = self.create_task(self._submit_order(command), log_msg=f"submit_order: {command}")
        task.add_done_callback(lambda task: self._answer([command.order], task))

    def submit_order_list(self, command: Any) -> None:
        """The same for a list."""
        orders = list(command.order_list.orders)
        task = self.create_task(self._submit_order_list(command), log_msg=f"submit_order_list: {command}")
        task.add_done_callback(lambda task: self._answer(orders, task))

    def _answer(self, orders: list[Order], task: Any) -> None:
        """A task that ended before its orders were sent leaves nobody waiting for them."""
        if not task.cancelled() and task.exception() is None:
            return
        why = "its task was ended" if task.cancelled() else f"{type(task.exception()).__name__}: {task.exception()}"
        for order in [order for order in orders if order.client_order_id.value not in self._session.orders.orders]:
            self._deny(order, why)

    async def _submit_order(self, command: Any) -> None:
        await self._send(command, [command.order])

    async def _submit_order_list(self, command: Any) -> None:
        await self._send(command, list(command.order_list.orders))

    async def _send(self, command: Any, shown: list[Order]) -> None:
        """Send what passed the risk engine, and as it was then: `shown` is what the command, still in other hands, shows now."""
        sending = self._taken(command)
        if sending is None:
            self._refuse_all(shown, "it never passed the risk engine")
            return
        orders = list(sending.orders) or shown
        if sending.changed and Role.ENTRY in roles_of(orders):
            self._refuse_all(orders, f"it was changed on its way: {sending.changed}")
            return
        if (price := sending.params.get(CLOSED_ELSEWHERE)) is not None:
            self._exits.closed_elsewhere(orders[0], price)
            return
        if sending.changed:  # the way out stays open: what was approved leaves
            self._alarm(f"a command was changed on its way: {sending.changed}")
        await self._submit(orders)

    def _taken(self, command: Any) -> Sending | None:
        """What a command may send; None if it was never approved. Without a risk engine nobody approves."""
        return self._approved.take(command) if self._approved.kept else Sending((), dict(command.params or {}), "")

    def _refuse_all(self, orders: list[Order], why: str) -> None:
        for order in orders:
            self._deny(order, why)
        self._alarm(f"{' '.join(str(order.client_order_id) for order in orders)}: {why}")

    def _alarm(self, text: str) -> None:
        self._msgbus.send(ENDPOINT_RISK_ALARM, text)

    async def _submit(self, orders: list[Order]) -> None:
        """All or none. What cannot be sent is denied, and was never submitted. All but entries wait for the way out."""
        try:
            if Role.ENTRY in roles_of(orders):
                self._session.require_entry()
            else:
                orders = await self._out(orders)
            if not orders:
                return
            con_id, drafts = self._session.provider.con_id_of(orders[0].instrument_id), self._drafts(orders)
        except BrokerError as error:
            for order in orders:
                if order.client_order_id not in self._withdrawn:
                    self._deny(order, str(error))
            return
        now = self._session.clock.now_ns()
        for order in orders:
            self.generate_order_submitted(order.strategy_id, order.instrument_id, order.client_order_id, now)
        try:
            self._session.orders.place(con_id, drafts)
        except Exception as error:  # whatever it is: what is not followed never left, and of what is followed the broker is asked
            for order in [order for order in orders if order.client_order_id.value not in self._session.orders.orders]:
                self.generate_order_rejected(order.strategy_id, order.instrument_id, order.client_order_id, str(error), now)

    async def _out(self, orders: list[Order]) -> list[Order]:
        """Wait for the way out, and with a closing order until the broker is known to hold as much; what is not withdrawn meanwhile."""
        link, names = self._session.link, {order.client_order_id for order in orders}

        def withdrawn() -> bool:
            return names <= self._withdrawn

        waited = not link.allows_way_out
        self._waiting |= names
        try:
            await link.until(lambda: link.allows_way_out)
            if roles_of(orders) == {Role.EXIT} and not withdrawn():
                con_id, draft = self._session.provider.con_id_of(orders[0].instrument_id), self._drafts(orders)[0]
                await self._exits.require_held(con_id, draft, anew=waited, withdrawn=withdrawn)
                link.require_way_out()
        finally:
            self._waiting -= names
        return [order for order in orders if order.client_order_id not in self._withdrawn]

    def _deny(self, order: Order, why: str) -> None:
        self.generate_order_denied(order.strategy_id, order.instrument_id, order.client_order_id, why, self._session.clock.now_ns())

    def _drafts(self, orders: list[Order]) -> list[Draft]:
        """The orders as the broker takes them. Raises BrokerError if one cannot be told to it."""
        refs = {order.client_order_id for order in orders}
        return [draft_of(order, refs, self._session.clock.now_ns()) for order in orders]

    async def _modify_order(self, command: Any) -> None:
        order = self._cache.order(command.client_order_id)
        tracked = self._session.orders.orders.get(command.client_order_id.value)
        now = self._session.clock.now_ns()
        try:
            if self._taken(command) is None:
                self._alarm(f"{command.client_order_id}: a change of it never passed the risk engine")
                raise OrderRejectedByBroker("the change never passed the risk engine", order_ref=command.client_order_id.value)
            if tracked is None or not tracked.live:
                raise OrderRejectedByBroker("it does not work at the broker", order_ref=command.client_order_id.value)
            draft = tracked.draft
            quantity = int(command.quantity) if command.quantity is not None else draft.quantity
            limit = command.price.as_double() if command.price is not None else draft.limit
            stop = command.trigger_price.as_double() if command.trigger_price is not None else draft.stop
            self._session.orders.modify(tracked.ref, quantity, limit, stop)
        except BrokerError as error:
            venue = order.venue_order_id if order is not None else None
            self.generate_order_modify_rejected(command.strategy_id, command.instrument_id, command.client_order_id, venue, str(error), now)

    async def _cancel_order(self, command: Any) -> None:
        tracked = self._session.orders.orders.get(command.client_order_id.value)
        if tracked is not None and tracked.live:
            self._session.orders.cancel(tracked.ref)
            return
        order = self._cache.order(command.client_order_id)
        if order is not None and command.client_order_id in self._waiting:
            self._withdrawn.add(command.client_order_id)
            self._deny(order, "withdrawn before it could be sent")
            return
        venue = order.venue_order_id if order is not None else None
        reason = "it does not work at the broker"
        now = self._session.clock.now_ns()
        self.generate_order_cancel_rejected(command.strategy_id, command.instrument_id, command.client_order_id, venue, reason, now)

    async def _cancel_all_orders(self, command: Any) -> None:
        """One strategy's open orders of one instrument and side; never anybody else's."""
        side = command.order_side
        for order in self._cache.orders_open(instrument_id=command.instrument_id, strategy_id=command.strategy_id):
            tracked = self._session.orders.orders.get(order.client_order_id.value)
            if tracked is not None and tracked.live and side in (OrderSide.NO_ORDER_SIDE, order.side):
                self._session.orders.cancel(tracked.ref)

    async def _batch_cancel_orders(self, command: Any) -> None:
        for each in command.cancels:
            await self._cancel_order(each)

    # ----------------------------------------------------------------------- reports

    async def generate_order_status_report(self, command: Any) -> Any:
        """The order as the broker knows it after asking; None only if it knows no such order. Raises BrokerError."""
        for report in await self.generate_order_status_reports(command):
            if command.client_order_id in (None, report.client_order_id) and command.venue_order_id in (None, report.venue_order_id):
                return report
        return None

    async def generate_order_status_reports(self, command: Any) -> list[Any]:
        """Open orders, ours under their own ids and others' without, and today's completed ones of ours. Raises BrokerError."""
        session = self._session
        self._require_connection()
        await session.order_sync.check()
        done = await session.link.connection.ask_named("reqCompletedOrders", "completedOrdersEnd", False)
        reporter, found = self._reporter(), {}
        for contract, told, state in done:
            instrument_id = session.provider.instrument_id_of(contract.conId)
            if instrument_id is not None and session.orders.is_own(told.orderRef) and told.account == session.link.account:
                found[told.permId] = reporter.completed(told, state.status, instrument_id)
        for order in session.orders.orders.values():
            instrument_id = session.provider.instrument_id_of(order.con_id)
            if instrument_id is not None and order.perm_id:
                found[order.perm_id] = reporter.order(order, instrument_id)
        wanted = getattr(command, "instrument_id", None)
        return [report for report in found.values() if wanted in (None, report.instrument_id)]

    async def generate_fill_reports(self, command: Any) -> list[Any]:
        """Our executions since the broker's midnight. Raises BrokerError."""
        self._require_connection()
        await self._session.order_sync.check()
        reporter, reports = self._reporter(), []
        for fill in self._session.orders.ledger.fills.values():
            instrument_id = self._session.provider.instrument_id_of(fill.con_id)
            own = fill.client_id == self._session.link.settings.client_id
            if instrument_id is not None and own and fill.quantity and command.instrument_id in (None, instrument_id):
                reports.append(reporter.fill(fill, instrument_id))
        return reports

    async def generate_position_status_reports(self, command: Any) -> list[Any]:
        """All positions in listed months, and FLAT for the front month if there is none. Raises BrokerError."""
        self._require_connection()
        holdings = await self._session.account.positions()
        provider, reporter = self._session.provider, self._reporter()
        named = {provider.instrument_id_of(con_id): holding for con_id, holding in holdings.items()}
        named.setdefault(provider.front_id, None)
        wanted = command.instrument_id
        return [reporter.position(held, name) for name, held in named.items() if name is not None and wanted in (None, name)]

    def report_order(self, order: BrokerOrder) -> None:
        """Tell Nautilus of an order it does not hold."""
        instrument_id = self._session.provider.instrument_id_of(order.con_id)
        if instrument_id is not None and self.account_id is not None:
            self._send_order_status_report(self._reporter().order(order, instrument_id))

    def report_fill(self, fill: Fill) -> None:
        """Tell Nautilus of a fill of an order it does not hold."""
        instrument_id = self._session.provider.instrument_id_of(fill.con_id)
        if instrument_id is not None and self.account_id is not None:
            self._send_fill_report(self._reporter().fill(fill, instrument_id))

    def found(self, record: OrderRecord) -> None:
        """Tell the risk engine of an order of ours that only the broker knew."""
        self.said.send(self._msgbus, ENDPOINT_RISK_FOUND, record)

    def seeded(self, found: Order | Position) -> None:
        """Tell the risk engine that this of an earlier run stands in Nautilus' cache now: what it has behind it is nobody's work."""
        self.said.send(self._msgbus, ENDPOINT_RISK_SEEDED, found)

    def note(self, text: str) -> None:
        """A line in Nautilus' log."""
        self._log.warning(text)

    def _reporter(self) -> Reporter:
        return Reporter(self.account_id, self._session.clock.now_ns(), self._session.orders.ledger)

    def _require_connection(self) -> None:
        """A lost connection is an error, not an empty account."""
        if self._session.link.state is LinkState.DOWN:
            raise self._session.link.last_error or self._session.disruptions.lost()
