"""Nautilus' data client: minutes, quotes and instruments from the market data manager.

Only the front month and only `1-MINUTE-LAST-EXTERNAL` bars; anything else is refused with a warning in Nautilus' log.
Bars carry their close as ts_event and ts_init (UTC ns, market time).
"""

from __future__ import annotations

import asyncio
from typing import Any

from nautilus_trader.core.datetime import dt_to_unix_nanos
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.model.data import Bar, BarType, QuoteTick
from nautilus_trader.model.identifiers import ClientId, InstrumentId, Venue
from nautilus_trader.model.objects import Price, Quantity

from bot.ibkr.config import IbkrDataClientConfig
from bot.ibkr.data.market_data import PAST
from bot.ibkr.data.minutes import Minute
from bot.ibkr.data.provider import PRICE_PRECISION
from bot.ibkr.data.provider import QUESTION as MONTHS
from bot.ibkr.data.quotes import Quote
from bot.ibkr.errors import BrokerError, CompetingSession, ProtocolError, SetupError
from bot.ibkr.link.link_state import SyncReason
from bot.ibkr.session import BrokerSession
from bot.messages import TOPIC_BROKER, TOPIC_FEED, TOPIC_MARGIN, TOPIC_SPREAD, TOPIC_TIME, Spread
from bot.quality.feed import QualityEvent
from bot.runtime.runtime import runtime_of
from bot.units import MINUTE_NS


class IbkrDataClient(LiveMarketDataClient):
    """Minutes and quotes of the front month; feed quality goes to TOPIC_FEED, market time to TOPIC_TIME."""

    def __init__(
        self, loop: Any, name: str, session: BrokerSession, msgbus: Any, cache: Any, clock: Any, config: IbkrDataClientConfig
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=Venue(config.broker.exchange),
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=session.provider,
            config=config,
        )
        self._session = session
        self._said = runtime_of(config.broker.runtime).said
        self._said.begin_keeping()
        self._bar_type: BarType | None = None
        self._wants_quotes = self._wants_past = False
        self._asking_past = asyncio.Lock()
        session.link.questions.add(PAST, self._ask_past, rests_on=(MONTHS,))
        feed = session.feed
        feed.on_minute, feed.on_quote, feed.on_quality = self._on_minute, self._on_quote, self._on_quality
        session.link.errors.append(self._on_trouble)
        session.clock.told.append(lambda ts_ns: self._said.publish(msgbus, TOPIC_TIME, ts_ns))

    async def _connect(self) -> None:
        await self._session.start()
        for instrument in self._session.provider.list_all():
            self._handle_data(instrument)

    async def _disconnect(self) -> None:
        await self._session.stop()

    # ---------------------------------------------------------------- subscriptions

    async def _subscribe_bars(self, command: Any) -> None:
        wanted = BarType.from_str(f"{self._session.provider.front_id}-1-MINUTE-LAST-EXTERNAL")
        if command.bar_type != wanted:
            self._log.error(f"{command.bar_type} is not served; this client has {wanted}")
            return
        self._bar_type, self._wants_past = wanted, True
        link = self._session.link
        try:
            await self._ask_past(SyncReason.UNANSWERED)
        except Exception as error:  # whatever it is, live minutes wait, and the link asks on
            told = error if isinstance(error, BrokerError) else ProtocolError(f"{PAST}: {type(error).__name__}: {error}")
            if link.allows_way_out:  # of a connection that is lost the link itself tells
                link.report(told)
            link.unanswered(PAST, told)

    async def _ask_past(self, _: SyncReason) -> None:
        """The minutes before the live ones, which wait for them. Raises BrokerError; what a person must change ends a start at once."""
        session = self._session
        async with self._asking_past:
            try:
                if self._wants_past:
                    await session.feed.begin(session.config.warm_up_days)
            except (SetupError, CompetingSession) as error:
                if PAST not in session.link.questions.missing:
                    session.start_error = error
                raise
            self._wants_past = False

    async def _unsubscribe_bars(self, command: Any) -> None:
        self._bar_type = None

    async def _subscribe_quote_ticks(self, command: Any) -> None:
        self._wants_quotes = command.instrument_id == self._session.provider.front_id

    async def _unsubscribe_quote_ticks(self, command: Any) -> None:
        self._wants_quotes = False

    async def _subscribe_instrument(self, command: Any) -> None:
        self._give_instrument(command.instrument_id)

    async def _subscribe_instruments(self, command: Any) -> None:
        for instrument_id in self._session.provider.get_all():
            self._give_instrument(instrument_id)

    async def _unsubscribe_instrument(self, command: Any) -> None:
        pass  # instruments are told once; there is nothing to end

    async def _unsubscribe_instruments(self, command: Any) -> None:
        pass

    def _give_instrument(self, instrument_id: InstrumentId) -> None:
        instrument = self._session.provider.find(instrument_id)
        if instrument is not None:
            self._handle_data(instrument)

    # --------------------------------------------------------------------- requests

    async def _request_instrument(self, request: Any) -> None:
        instrument = self._session.provider.find(request.instrument_id)
        if instrument is not None:
            self._handle_instrument(instrument, request.id, request.start, request.end, request.params)

    async def _request_instruments(self, request: Any) -> None:
        instruments = self._session.provider.list_all()
        self._handle_instruments(request.venue, instruments, request.id, request.start, request.end, request.params)

    async def _request_bars(self, request: Any) -> None:
        """Past minutes; without a start one day."""
        session = self._session
        end = dt_to_unix_nanos(request.end) if request.end is not None else session.clock.now_ns()
        start = dt_to_unix_nanos(request.start) if request.start is not None else end - 86_400_000_000_000
        minutes = await session.feed.past(start, end)
        bars = [self._bar(request.bar_type, minute) for minute in minutes]
        self._handle_bars(request.bar_type, bars, request.id, request.start, request.end, request.params)

    # ------------------------------------------------------------------------- feed

    def _on_minute(self, minute: Minute) -> None:
        """A minute that has just closed carries the quote's spread. Ahead of it goes what stands against entries."""
        if self._bar_type is None:
            return
        if self._session.clock.now_ns() - minute.close_ns < MINUTE_NS:
            self._said.publish(self._msgbus, TOPIC_SPREAD, Spread(minute.close_ns, self._session.feed.spread_ticks))
        block = self._session.entry_block()
        self._said.publish(self._msgbus, TOPIC_BROKER, "" if block is None else block.brief)
        self._said.publish(self._msgbus, TOPIC_MARGIN, self._session.margin.cents)
        self._said.keep(bar := self._bar(self._bar_type, minute))  # nobody else's is scored
        self._handle_data(bar)

    def _on_quote(self, quote: Quote) -> None:
        if self._wants_quotes:
            now = self._session.clock.now_ns()
            sizes = (Quantity.from_int(max(0, round(quote.bid_size))), Quantity.from_int(max(0, round(quote.ask_size))))
            prices = (Price(quote.bid, PRICE_PRECISION), Price(quote.ask, PRICE_PRECISION))
            self._handle_data(QuoteTick(self._session.provider.front_id, *prices, *sizes, now, now))

    def _on_quality(self, event: QualityEvent) -> None:
        self._said.publish(self._msgbus, TOPIC_FEED, event)

    def _on_trouble(self, error: BrokerError) -> None:
        self._log.warning(str(error))

    @staticmethod
    def _bar(bar_type: BarType, minute: Minute) -> Bar:
        prices = (Price(price, PRICE_PRECISION) for price in (minute.open, minute.high, minute.low, minute.close))
        return Bar(bar_type, *prices, Quantity.from_int(round(minute.volume)), minute.close_ns, minute.close_ns)
