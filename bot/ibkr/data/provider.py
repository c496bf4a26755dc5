"""Instruments from the broker's contract details: the front month under its configured id, other months under their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AssetClass
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Price, Quantity

from bot.calendar import new_york
from bot.decision.intent import Intent
from bot.ibkr.config import BrokerConfig
from bot.ibkr.data.front_month import Month, RollCalendar, exit_only_from, front_month, month_of
from bot.ibkr.data.liquid_hours import Span
from bot.ibkr.errors import BrokerError, ContractExpired, ContractNotFound, NotSynced, OpenTradeMonth
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import SyncReason
from bot.runtime.runtime import runtime_of

QUESTION = "contract months"
PRICE_PRECISION = 2
SETTLED = "Compare with the account statement, then move the journal aside (mesbot status names the file) and start again."
KEPT = "The next month is traded once that trade has ended: by the run itself, or when mesbot is started again."


class IbkrInstrumentProvider(InstrumentProvider):
    """Resolves the months once a connection; the front one stays for the life of the node, so that its id keeps its meaning.

    While a trade of an earlier run is unfinished the front month is the one it was decided in, so that bars, stops and exits are of
    what is held.
    """

    def __init__(self, link: Link, config: BrokerConfig, calendar: RollCalendar) -> None:
        super().__init__()
        self.months: dict[int, Month] = {}
        self.front: Month | None = None
        self.front_id = InstrumentId.from_str(config.instrument_id)
        self._link, self._broker, self._calendar = link, config, calendar
        self._listed = True
        intents = (story.intent for story in runtime_of(config.runtime).past.unfinished)
        self._resumed: Intent | None = min(intents, key=lambda intent: intent.decided.ts_ns, default=None)
        link.questions.add(QUESTION, self._sync, enough=lambda: self.front is not None)

    def contract(self) -> Any:
        """The front month as the broker names it. Raises ContractNotFound before it is known."""
        return self._known_front().contract

    def contract_of(self, con_id: int) -> Any:
        """A month's contract. Raises ContractNotFound."""
        if con_id not in self.months:
            raise ContractNotFound(f"no month with conId {con_id} is known")
        return self.months[con_id].contract

    def instrument_id_of(self, con_id: int) -> InstrumentId | None:
        """The Nautilus id of a month; None for anything else on the account."""
        month = self.months.get(con_id)
        if month is None:
            return None
        return self.front_id if self.front is not None and month.con_id == self.front.con_id else _own_id(month)

    def is_front(self, con_id: int) -> bool:
        """Whether this is the month that is traded."""
        return self.front is not None and con_id == self.front.con_id

    def con_id_of(self, instrument_id: InstrumentId) -> int:
        """The conId of a Nautilus id. Raises ContractNotFound."""
        if instrument_id == self.front_id:
            return self._known_front().con_id
        for month in self.months.values():
            if _own_id(month) == instrument_id:
                return month.con_id
        raise ContractNotFound(f"{instrument_id} is no month the broker lists")

    def expired(self) -> BrokerError | None:
        """Why the front month takes no entries any more, or None. Measured in market time."""
        front = self.front
        if front is None:
            return ContractNotFound("the front month is not known before the gateway has been reached")
        today = new_york(self._link.clock.now_ns()).date()
        if not self._listed:
            return ContractExpired(f"{front.local_symbol} is not listed any more")
        last = exit_only_from(front, self._calendar)
        if today >= (last if last is not None else front.last_trade_date):
            text = f"{front.local_symbol} is exit-only from {last or front.last_trade_date} on"
            if self._resumed is None:
                return ContractExpired(text)
            return ContractExpired(f"{text} and kept for {self._resumed.intent_id}, which was unfinished at the start", hint=KEPT)
        return None

    def next_month(self) -> Month | None:
        """The month that the roll rule names now, where that is another than the one traded here, else None; None too if it names none."""
        if self.front is None:
            return None
        try:
            month = front_month(list(self.months.values()), self._link.clock.now_ns(), self._calendar, self._broker.local_symbol)
        except BrokerError:
            return None
        return None if self.is_front(month.con_id) else month

    def liquid_span(self, now_ns: int) -> Span | None:
        """The broker's own hours of the front month in which a moment (UTC ns, market time) lies; None outside them. Raises NotSynced."""
        spans = None if self.front is None else self.months[self.front.con_id].liquid
        if spans is None:
            raise NotSynced("the broker's liquid hours of the front month cannot be read")
        return next((span for span in spans if span.open_ns <= now_ns <= span.close_ns), None)

    async def load_all_async(self, filters: dict[str, Any] | None = None) -> None:
        """Ask for the months and make instruments of them. Raises BrokerError."""
        await self._sync(SyncReason.CONNECTED)

    async def _sync(self, reason: SyncReason) -> None:
        if reason in (SyncReason.DATA_LOST, SyncReason.DATA_KEPT):
            return  # they are the broker's, not the connection's
        months = await self._months()
        self.months |= {month.con_id: month for month in months}
        if self.front is None:
            self.front = await self._chosen(months)
        self._listed = self.front.con_id in {month.con_id for month in months}
        for month in months:
            instrument_id = self.instrument_id_of(month.con_id)
            if instrument_id is not None and instrument_id not in self._instruments:
                self.add(_instrument(month, instrument_id))

    async def _months(self, *, expired: bool = False) -> list[Month]:
        broker, connection = self._broker, self._link.connection
        wanted = connection.library.Contract(secType="FUT", symbol=broker.symbol, exchange=broker.exchange, currency="USD")
        wanted.includeExpired = expired
        return [month_of(each) for each in await connection.ask("reqContractDetails", wanted)]

    async def _chosen(self, listed: list[Month]) -> Month:
        """The month of the roll rule, as of the decision of a trade that goes on. Raises OpenTradeMonth if that one is gone."""
        pinned, trade = self._broker.local_symbol, self._resumed
        if trade is None:
            return front_month(listed, self._link.clock.now_ns(), self._calendar, pinned)
        kept = front_month(await self._months(expired=True), trade.decided.ts_ns, self._calendar, pinned)
        if kept.con_id not in {month.con_id for month in listed}:
            others = ", ".join(month.local_symbol for month in listed)
            text = f"{trade.intent_id} is unfinished in {kept.local_symbol}, which the broker does not list any more; found {others}"
            raise OpenTradeMonth(text, hint=SETTLED)
        return kept

    def _known_front(self) -> Month:
        if self.front is None:
            raise ContractNotFound("the front month is not known before the gateway has been reached")
        return self.front


def _own_id(month: Month) -> InstrumentId:
    return InstrumentId.from_str(f"{month.local_symbol}.{month.exchange}")


def _instrument(month: Month, instrument_id: InstrumentId) -> FuturesContract:
    return FuturesContract(
        instrument_id=instrument_id,
        raw_symbol=Symbol(month.local_symbol),
        asset_class=AssetClass.INDEX,
        currency=USD,
        price_precision=PRICE_PRECISION,
        price_increment=Price(month.min_tick, PRICE_PRECISION),
        multiplier=Quantity.from_int(round(month.multiplier)),
        lot_size=Quantity.from_int(1),
        underlying=month.symbol,
        activation_ns=0,
        expiration_ns=month.expires_ns,
        ts_event=0,
        ts_init=0,
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        info={"con_id": month.con_id, "last_trade_date": month.last_trade_date.isoformat()},
    )
