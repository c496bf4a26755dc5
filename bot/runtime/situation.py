"""The situation: everything the gates look at, kept up to date from messages.

The library and the risk engine plugin each own one, fed by their own subscriptions, so
that neither has to believe the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.calendar import SessionCalendar
from bot.decision.book import Book
from bot.decision.codes import Layer
from bot.decision.evaluate import guard_error
from bot.decision.limits import Limits
from bot.decision.lockouts import Lockouts
from bot.decision.snapshot import EntryLock, KillState, Snapshot, Trust
from bot.decision.verdict import Refused
from bot.market.state import MarketState
from bot.market.update import MarketUpdate
from bot.messages import BookEvent, EntryEnded, IntentSubmitted, TradeClosed, TradeOpened
from bot.runtime.past import Past
from bot.words import kind_of


class Situation:
    """Folds market, book, account and trust messages into a Snapshot. Times are market time, UTC ns.

    `kill` is asked for the kill switch's state where its holder is at hand; without it `kill_state` is what was last heard.
    `entry_lock` is a person's, None if there is none. `trading_day` is the one in force (ISO date), `observe` the run's word that
    nothing may be sent.
    """

    def __init__(
        self, limits: Limits, calendar: SessionCalendar, kill: Callable[[], KillState] | None = None, *, observe: bool = False
    ) -> None:
        self.book = Book(limits)
        self.kill_state = KillState.ARMED
        self.entry_lock: EntryLock | None = None
        self._kill = kill
        self.state: MarketState | None = None
        self.trust: Mapping[str, Trust] = {}
        self.veto: Refused | None = None
        self._calendar = calendar
        self._lockouts = Lockouts(limits)
        self._observe = observe
        self._ts_ns = 0
        self.trading_day = ""
        self._day_end_ns = 0
        self.broker = ""
        self.margin_cents = 0
        self._dvs = float("nan")
        self._eqs = float("nan")
        self._balance_cents: int | None = None
        self._available_cents: int | None = None
        self._equity_cents: int | None = None

    def on_trust(self, trust: Mapping[str, Trust]) -> None:
        """What learning makes of each strategy now: a copy, which nobody else can change."""
        self.trust = dict(trust)

    def on_veto(self, veto: Refused | None) -> None:
        """The filter's veto; it holds until the next bar, and is one whatever it is made of."""
        if veto is not None:
            self.veto = veto if type(veto) is Refused else guard_error("filter", Layer.BELIEF, TypeError(kind_of(veto)))

    def on_broker(self, block: str) -> None:
        """Why the broker's side takes no entries now; "" if it does."""
        self.broker = block

    def on_margin(self, cents: int) -> None:
        """What the broker itself asks for one contract, whole cents."""
        self.margin_cents = cents

    def on_market(self, update: MarketUpdate) -> None:
        """Take a closed bar in; a new trading day freezes the day's equity. the veto of the bar before is void."""
        quality = update.quality
        self._ts_ns, self._dvs, self._eqs, self.veto = quality.ts_ns, quality.dvs, quality.eqs, None
        self._enter(quality.ts_ns)
        if quality.bar is not None and update.state is not None:
            self._lockouts.update(update.state)
        self.state = update.state

    def _enter(self, ts_ns: int) -> None:
        """A new trading day freezes the day's equity; a time before the day in force changes nothing."""
        if ts_ns >= self._day_end_ns:
            day = self._calendar.trading_day(ts_ns)
            self.trading_day, self._day_end_ns = day.date, day.end_ns
            self.book.roll(day)
            self._equity_cents = self._balance_cents

    def restore(self, past: Past) -> None:
        """Begin where earlier runs ended: what was counted, the kill latch, a person's lock, and the equity of a day that has not ended."""
        for ts_ns, event in past.events:
            self._enter(ts_ns)
            self.on_book(event)
            if isinstance(event, EntryEnded) and event.filled:
                self.book.on_trade_opened(event.intent_id)  # until its TradeClosed
        self.kill_state = past.kill_state
        self.entry_lock = past.entry_lock
        if past.day is not None:
            self._enter(past.last_ns)
            if past.day.trading_day == self.trading_day:
                self._equity_cents = past.day.equity_cents

    def on_book(self, event: BookEvent) -> None:
        """Count what happened."""
        if isinstance(event, IntentSubmitted):
            self.book.on_submission(event.ts_ns)
        elif isinstance(event, EntryEnded):
            self.book.on_entry_ended(event.filled, event.late)
        elif isinstance(event, TradeOpened):
            self.book.on_trade_opened(event.trade.trade_id)
        elif isinstance(event, TradeClosed):
            outcome = event.outcome
            self._enter(outcome.closed_ns)  # it may be told before the first bar of its day
            day = self._calendar.trading_day(outcome.closed_ns)
            self.book.on_trade_closed(outcome.trade_id, outcome.net_cents, outcome.r, outcome.quantity, outcome.budget_overrun, day)

    def on_account(self, balance_cents: int | None, available_cents: int | None) -> None:
        """Take the account's balance and free funds in (whole cents, None: not told in dollars); the first balance is the day's equity."""
        self._balance_cents, self._available_cents = balance_cents, available_cents
        if self._equity_cents is None:
            self._equity_cents = balance_cents

    @property
    def ts_ns(self) -> int:
        """The close of the last bar; 0 before the first."""
        return self._ts_ns

    @property
    def equity_cents(self) -> int | None:
        """The account's equity when the trading day began, whole cents; None while unknown."""
        return self._equity_cents

    def snapshot(self) -> Snapshot | None:
        """The picture of this moment; None before the first bar."""
        if self.state is None:
            return None
        ts_ns = self._ts_ns
        refusal, window_end_ns = self._calendar.entry_window(ts_ns)
        return Snapshot(
            ts_ns=ts_ns,
            kill_state=self.kill_state if self._kill is None else self._kill(),
            market=self.state,
            dvs=self._dvs,
            eqs=self._eqs,
            entry_refusal=refusal,
            window_end_ns=window_end_ns,
            book=self.book.view(ts_ns),
            lockouts=self._lockouts.view(),
            equity_cents=self._equity_cents,
            available_cents=self._available_cents,
            trust=dict(self.trust),
            veto=self.veto,
            observe=self._observe,
            broker=self.broker,
            margin_cents=self.margin_cents,
            entry_lock=self.entry_lock,
        )
