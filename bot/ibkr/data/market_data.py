"""The market data manager: one contract's five-second bars and quotes, and the truth about their quality.

Subscribes anew with fresh request ids after every connect, 1101, bust and refusal; fills gaps from history;
tells DVS what only a live feed can tell (QualityEvents, market time). Delayed data are never used, and what
refuses a subscription in words or codes that nobody has listed refuses it all the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from bot.contracts.models import DataContract
from bot.ibkr.data.bar_flow import BarFlow
from bot.ibkr.data.history import History
from bot.ibkr.data.minutes import Minute, MinuteBuilder, Piece
from bot.ibkr.data.provider import QUESTION as MONTHS
from bot.ibkr.data.quotes import DELAYED, Quote, QuoteBook
from bot.ibkr.data.refusals import Refusals
from bot.ibkr.errors import BrokerError, CompetingSession, MarketDataDegraded, MarketDataNotSubscribed, StaleQuotes
from bot.ibkr.link.classify import Action, Rule, classify_request, classify_system
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import SyncReason
from bot.quality.feed import QualityEvent, QualityKind
from bot.units import MINUTE_NS, SECOND_NS, to_ticks

QUESTION, PAST = "market data", "past minutes"
BARS, QUOTES = "bars", "quotes"
LIVE_DATA = 1
PIECE_SECONDS = 5
GRACE_NS = 3 * SECOND_NS  # of market time, for the last piece of a minute
FARM_GRACE_SECONDS = 10.0
RETRY_SECONDS = 30.0
COMPETING_SECONDS = 60.0


class MarketData:
    """One contract's feed. `on_minute`, `on_quote` and `on_quality` take what it has to say; set them before subscribing.

    `trouble` is why no entry may rest on this feed now, or None.
    """

    def __init__(self, link: Link, limits: DataContract, contract: Callable[[], Any], history: History) -> None:
        self.on_minute: Callable[[Minute], None] = lambda _: None
        self.on_quote: Callable[[Quote], None] = lambda _: None
        self.on_quality: Callable[[QualityEvent], None] = lambda _: None
        self.untrusted: BrokerError | None = None
        self.stale: BrokerError | None = None
        self.pieces = 0
        self.last_piece_seconds = self.last_data_seconds = link.seconds()
        self.flow = BarFlow(self._publish, self.past, link.report)
        self._link, self._limits, self._contract, self._history = link, limits, contract, history
        self._farms: set[str] = set()
        self._builder = MinuteBuilder()
        self._quotes = QuoteBook(limits.dvs)
        self._bars_id = self._quotes_id = 0
        self._bad_quote: tuple[str, int] | None = None
        self._refused = Refusals()
        self._refusal: BrokerError | None = None  # the one for which the feed is not trusted
        self._wanted = False
        link.opening.append(self._farms.clear)  # each socket tells of its farms from its first moment on, and of them only once
        link.questions.add(QUESTION, self._sync, rests_on=(MONTHS,))
        for name in ("realtimeBar", "priceSizeTick", "tickSize", "marketDataType", "error"):
            link.taps.listen(name, getattr(self, f"_on_{name}"))

    # ---------------------------------------------------------------- subscribing

    @property
    def trouble(self) -> BrokerError | None:
        """Why no entry may rest on this feed now."""
        if self._farms:
            return MarketDataDegraded(", ".join(sorted(self._farms)))
        quotes = StaleQuotes("bid and ask are unknown") if self._quotes.doubted else None
        return self.denied or self.untrusted or self.stale or quotes

    @property
    def denied(self) -> BrokerError | None:
        """Why the broker refused bars or quotes, until they come; None if it does not."""
        return next(iter(self._refused.errors), None)

    @property
    def excused(self) -> bool:
        """Whether broken farms or data that are not ours explain that no piece comes: a new connection would change nothing."""
        return bool(self._farms) or self.untrusted is not None

    @property
    def spread_ticks(self) -> float:
        """Ask less bid of the last quote, ticks, 0 while one side has moved past the other; nan while either is missing."""
        quote = self._quotes.quote
        return math.nan if quote is None or not quote.both_sides else max(0.0, to_ticks(quote.ask - quote.bid))

    async def begin(self, warm_up_days: int) -> None:
        """Publish so many days of past minutes; live ones follow. Raises BrokerError."""
        now = self._link.clock.now_ns()
        await self.flow.begin(now // MINUTE_NS * MINUTE_NS - max(1, warm_up_days * 24 * 60) * MINUTE_NS, now)

    async def past(self, after_ns: int, until_ns: int) -> list[Minute]:
        """The minutes that close in (after, until], from history. Raises BrokerError, also if a broken farm may be why there are none."""
        minutes = await self._history.minutes(self._contract(), after_ns, until_ns)
        if not minutes and self._farms:
            raise MarketDataDegraded(f"no past minutes are told while a farm is broken: {', '.join(sorted(self._farms))}")
        return minutes

    def subscribe(self) -> None:
        """Ask for bars and quotes under new request ids; what an old id still says is ignored. Raises ConnectionLost."""
        connection, ids = self._link.connection, self._link.ids
        assert ids is not None
        if self._bars_id and self._wanted:
            connection.send("cancelRealTimeBars", self._bars_id)
            connection.send("cancelMktData", self._quotes_id)
        self._wanted = True
        self._bars_id = ids.request_id()
        self.last_piece_seconds = self.last_data_seconds = self._link.seconds()
        connection.send("reqMarketDataType", LIVE_DATA)
        connection.send("reqRealTimeBars", self._bars_id, self._contract(), PIECE_SECONDS, "TRADES", False, [])
        self._ask_quotes(QuoteBook(self._limits.dvs))

    def _ask_quotes(self, book: QuoteBook) -> None:
        assert self._link.ids is not None
        self._quotes, self._quotes_id = book, self._link.ids.request_id()
        self._link.connection.send("reqMktData", self._quotes_id, self._contract(), "", False, False, [])

    async def _sync(self, reason: SyncReason) -> None:
        self._refused.forget()
        if reason is SyncReason.DATA_KEPT:
            self._ask_again_unless_alive(FARM_GRACE_SECONDS)
        else:
            self._wanted = self._wanted and reason is SyncReason.DATA_LOST
            self.subscribe()
            await self._link.connection.ask_named("reqCurrentTime", "currentTime", anew=True)  # refusals come before this answer
        for error in self._refused.errors:
            if classify_request(error.code, error.text).action is not Action.BACK_OFF:  # that is asked again in its own time
                raise error
        self._trust_if_served()
        if self.untrusted is not None and not self._refused.errors and not self._link.begun:
            raise self.untrusted  # later entries are refused, for as long as it lasts
        self.flow.catch_up(self._link.clock.now_ns())

    def _ask_again_unless_alive(self, seconds: float) -> None:
        """Subscribe anew if no piece has come within a grace from now."""
        before = self.pieces
        self._link.later(seconds, lambda: self.subscribe() if self.pieces == before else None)

    # ------------------------------------------------------------------- messages

    def _on_realtimeBar(self, request: int, time: int, open_: float, high: float, low: float, close: float, volume: float, *_: Any) -> None:
        if request != self._bars_id:
            return
        self.pieces += 1
        self._served(BARS)
        self.last_piece_seconds = self.last_data_seconds = self._link.seconds()
        self.stale = None
        self._judge_quote()
        if isinstance(self.untrusted, CompetingSession):
            self._trust()
        piece = Piece(time * SECOND_NS, open_, high, low, close, volume)
        close_ns = piece.open_ns + PIECE_SECONDS * SECOND_NS
        self._link.clock.saw(close_ns)
        if volume > 0 and self._quotes.traded(close_ns) and self.denied is None and self.untrusted is None:
            self._replace_quotes()
        for minute in self._builder.add(piece):
            self.flow.add(minute)

    def tick(self) -> None:
        """Some wall time has passed: a minute whose last piece does not come is closed by market time."""
        for minute in self._builder.tick(self._link.clock.now_ns(), GRACE_NS):
            self.flow.add(minute)

    def _publish(self, minute: Minute) -> None:
        now = self._link.clock.now_ns()
        late = (now - minute.close_ns) / SECOND_NS
        if self.pieces and late > self._limits.max_late_seconds:
            self._tell(QualityKind.LATE, f"{late:.0f} s after its close")
        if not minute.whole:
            self._tell(QualityKind.STALE, "pieces of the minute are missing, and history did not have it in time")
        self.on_minute(minute)

    def _on_tickSize(self, request: int, _kind: int, _size: float) -> None:
        if request == self._quotes_id:
            self._quotes.lives()

    def _on_priceSizeTick(self, request: int, kind: int, price: float, size: float) -> None:
        if request != self._quotes_id:
            return
        if kind in DELAYED:
            self._distrust(MarketDataNotSubscribed("the data are delayed"))
            return
        self._served(QUOTES)
        self.last_data_seconds = self._link.seconds()
        quote = self._quotes.take(kind, price, size)
        if quote is not None and quote.whole:
            self.on_quote(quote)

    def _replace_quotes(self) -> None:
        """The quotes have died, the pieces have not: ask for quotes alone."""
        self._link.report(StaleQuotes(f"no quote for {self._limits.dvs.stale_seconds:.0f} s in which there were trades"))
        self._link.connection.send("cancelMktData", self._quotes_id)
        self._ask_quotes(QuoteBook(self._limits.dvs, doubted=True))

    def _judge_quote(self) -> None:
        """Judged at each piece, not at each tick: a bid that has moved before its ask is not a crossed market."""
        fault, minute = self._quotes.fault(), self._link.clock.now_ns() // MINUTE_NS
        if fault is not None and self._bad_quote != (fault, minute):
            self._tell(QualityKind.BAD_QUOTE, f"{fault}: {self._quotes.quote}")
        self._bad_quote = None if fault is None else (fault, minute)

    def _on_marketDataType(self, request: int, kind: int) -> None:
        if request != self._quotes_id:
            return
        if kind != LIVE_DATA:
            self._distrust(MarketDataNotSubscribed(f"the data are of type {kind}: {'frozen' if kind == 2 else 'delayed'}"))
        elif not self._refused.errors:
            self._trust()

    def _on_error(self, number: int, code: int, text: str, *_: Any) -> None:
        if number in (self._bars_id, self._quotes_id) and number:
            self._answer(BARS if number == self._bars_id else QUOTES, classify_request(code, text), code, text)
        elif number == -1:
            self._farm(classify_system(code, text), text)

    def _answer(self, what: str, rule: Rule, code: int, text: str) -> None:
        """A data subscription was refused or ended. What is no remark and no known end is a refusal."""
        error = (rule.error or BrokerError)(text, code=code)
        if rule.error is not None:
            self._link.report(error)
        if rule.action is Action.NOTICE:
            return
        if rule.action is Action.COMPETING:
            self._distrust(error)
            self._link.later(COMPETING_SECONDS, self._if_competing)
        elif rule.action is Action.RESUBSCRIBE:
            self.subscribe()
        elif rule.action is Action.DATA_RETRY:
            self._ask_again_unless_alive(RETRY_SECONDS)
        else:
            self._deny(what, error, back_off=rule.action is Action.BACK_OFF)

    def _deny(self, what: str, error: BrokerError, *, back_off: bool) -> None:
        """Entries wait until it comes; it is asked for again, by the link, or more and more rarely where asking itself may be the cause."""
        self._refused.deny(what, error)
        if self.untrusted is None:
            self._distrust(error)
            self._refusal = error
        if back_off:
            self._link.later(self._refused.wait_seconds(), lambda: self.subscribe() if self.denied is not None else None)
        elif self._link.begun and QUESTION not in self._link.questions.open:
            self._link.unanswered(QUESTION, error)

    def _served(self, what: str) -> None:
        if self._refused.served(what):
            self._trust_if_served()

    def _trust_if_served(self) -> None:
        """What was refused is served now, and nothing else was wrong with it."""
        if self.untrusted is not None and self.untrusted is self._refusal and not self._refused.errors:
            self._trust()

    def _if_competing(self) -> None:
        if isinstance(self.untrusted, CompetingSession):
            self.subscribe()

    def _farm(self, rule: Rule, text: str) -> None:
        name = re.split(r":|demand\.", text)[-1].strip() or text
        if rule.action is Action.FARM_DOWN:
            self._farms.add(name)
        elif rule.action is Action.FARM_UP and name in self._farms:
            self._farms.discard(name)
            self.last_piece_seconds = self._link.seconds()  # it has its grace before silence is odd again
            self._ask_again_unless_alive(FARM_GRACE_SECONDS)

    # -------------------------------------------------------------------- quality

    def _distrust(self, error: BrokerError) -> None:
        self._refusal = None
        if self.untrusted is None:
            self.untrusted = error
            self._tell(QualityKind.UNTRUSTED_FEED, error.text)

    def _trust(self) -> None:
        if self.untrusted is not None:
            self.untrusted = None
            self._tell(QualityKind.TRUSTED_FEED, "live again")

    def _tell(self, kind: QualityKind, detail: str) -> None:
        self.on_quality(QualityEvent(kind.value, self._link.clock.now_ns(), detail))

    def tell_stale(self, detail: str) -> None:
        """The feed has been silent for another period."""
        self._tell(QualityKind.STALE, detail)
