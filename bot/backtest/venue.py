"""The simulated venue: Nautilus' matching engine under mesbot's one fill rule (bot.fills).

Nautilus decides which order is touched when; what a touched order gets is decided here, by
handing its matching engine a book made of the one price the rule allows (or an empty one).
While an entry works, the engine is shown each bar twice, so that whichever extreme filled
the entry, both extremes are seen by the stop it brings: the order of prices inside a bar is
unknown, and the rule must not depend on a guess.

A bar that is not believed fills nothing, and neither does the first one after a hole or the one on which a position is left
because bars were not believed: the way between is unknown. On those the closing order gets the open, and at another price level
that no market reaches in a day the entry's own price (the trade is void).
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.backtest.engine import SimulatedExchange
from nautilus_trader.backtest.models import FillModel, PerContractFeeModel
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.config import FillModelConfig, SimulationModuleConfig
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import Bar as NautilusBar
from nautilus_trader.model.data import BarType, BookOrder
from nautilus_trader.model.enums import BookType, OrderSide, OrderType
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from bot import fills
from bot.backtest.idle import ClosedHours
from bot.decision.plan import EntryType
from bot.errors import RiskEngineError
from bot.fills import Judged
from bot.market.bar import Bar
from bot.messages import ENDPOINT_BAR_AHEAD, ENDPOINT_RISK_LEAVING, BarAhead, Leaving, venue_endpoint
from bot.risk_engine.brackets import OrderTags, price_of, ticks_of
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.supervision.orders import Role

PLENTY = Quantity.from_int(1_000_000)
SETTINGS = {  # of the venue; with any other an order is filled, refused or cut otherwise than the rule says
    "reject_stop_orders": False,
    "support_gtd_orders": False,
    "support_contingent_orders": True,
    "use_reduce_only": False,
    "bar_execution": True,
    "bar_adaptive_high_low_ordering": True,
}
REMEDY = "take the venue of bot.backtest.config"


class PessimisticFillModel(FillModel):
    """Answers Nautilus' question "what is there to fill against?" by the one fill rule.

    It knows the bar because PessimisticVenue shows it each bar before the matching engine
    sees it, and what an order is for from the order's tags. An order without our tags (a
    notebook's) is filled by the same rule from its type alone.
    """

    def __init__(self, config: FillModelConfig | None = None) -> None:
        """Nothing of a `config` is used: the rule has no probabilities."""
        super().__init__(prob_fill_on_limit=1.0, prob_slippage=0.0, random_seed=0)
        self.cache: Any = None
        self.bar: NautilusBar | None = None
        self.at_open = self.void = False  # what a closing order gets on this bar: its open; nothing but its entry back
        self._seen: NautilusBar | None = None
        self._ticks: Bar | None = None

    def get_orderbook_for_fill_simulation(self, instrument: Any, order: Order, best_bid: Any, best_ask: Any) -> OrderBook | None:
        """A book with the one price this order may have now, or an empty one."""
        book = OrderBook(instrument.id, BookType.L2_MBP)
        price = None if self.bar is None else self._price(order, self._bar())
        if price is not None:
            side = OrderSide.SELL if order.side == OrderSide.BUY else OrderSide.BUY
            book.add(BookOrder(side=side, price=price_of(price), size=PLENTY, order_id=1), 0, 0)
        return book

    def _bar(self) -> Bar:
        """The current bar in ticks, worked out when first asked for."""
        if self._seen is not self.bar:
            bar = self._seen = self.bar
            prices = (round(ticks_of(price)) for price in (bar.open, bar.high, bar.low, bar.close))
            self._ticks = Bar(bar.ts_event, *prices, int(bar.volume.as_double()))
        return self._ticks

    def _price(self, order: Order, bar: Bar) -> int | None:
        tags = OrderTags.read(order)
        slippage = tags.slippage_ticks if tags is not None else 0
        side = 1 if order.side == OrderSide.BUY else -1
        if order.order_type == OrderType.MARKET:
            return self._void_price(order) if self.void else fills.market_exit_price(-side, bar, slippage, at_open=self.at_open)
        if order.order_type == OrderType.STOP_MARKET:
            young = order.ts_init >= bar.ts_ns or self._entered_in(order, bar)
            return fills.stop_price(-side, round(ticks_of(order.trigger_price)), bar, slippage, young)
        limit = round(ticks_of(order.price))
        if tags is not None and tags.role is Role.TARGET:
            return limit if self._target_fills(order, -side, limit, bar) else None
        if order.ts_init >= bar.ts_ns:
            return None  # never on the bar that decided it
        if order.order_type == OrderType.STOP_LIMIT:
            filled = fills.entry_fills(side, EntryType.STOP_LIMIT, limit, round(ticks_of(order.trigger_price)), bar)
        else:
            filled = fills.entry_fills(side, EntryType.LIMIT, limit, None, bar)
        return limit if filled else None

    def _void_price(self, order: Order) -> int:
        """What the position was opened at, so that it comes to nothing but its fees."""
        return round(ticks_of(self.cache.positions_open(instrument_id=order.instrument_id)[0].avg_px_open))

    def _target_fills(self, order: Order, side: int, target: int, bar: Bar) -> bool:
        stop = next((self.cache.order(link) for link in order.linked_order_ids or []), None)
        if stop is None or not stop.has_trigger_price:
            return fills.entry_fills(-side, EntryType.LIMIT, target, None, bar)
        return fills.target_fills(side, target, round(ticks_of(stop.trigger_price)), bar, self._entered_in(order, bar))

    def _entered_in(self, order: Order, bar: Bar) -> bool:
        """Whether the entry that an order belongs to was filled in this very bar."""
        entry = self.cache.order(order.parent_order_id) if order.parent_order_id is not None else None
        return entry is not None and entry.ts_last >= bar.ts_ns


class PessimisticVenueConfig(SimulationModuleConfig, frozen=True):
    """Configuration of the venue. `runtime` is the run's, whose risk engine lets no entry pass outside a session (None: no such run)."""

    runtime: RuntimeSpec | None = None


class PessimisticVenue(SimulationModule):
    """Shows the fill model each bar, and the matching engine each bar twice while an entry works.

    Outside a session, while nothing works and nothing is held, nothing can fill: of those bars the matching engine is shown the last
    alone, before the next bar, however many of them Nautilus sees (bot.backtest.idle).
    """

    def __init__(self, config: PessimisticVenueConfig | SimulationModuleConfig) -> None:
        super().__init__(config)
        self._model: PessimisticFillModel
        self._finer: BarType | None = None
        self._unshown: NautilusBar | None = None
        runtime = getattr(config, "runtime", None)
        self._hours = None if runtime is None else ClosedHours(runtime_of(runtime).calendar)

    def register_venue(self, exchange: SimulatedExchange) -> None:
        """Called by Nautilus when the venue is made. Raises RiskEngineError if its settings would break the one fill rule."""
        super().register_venue(exchange)
        if not isinstance(exchange.fill_model, PessimisticFillModel):
            found = type(exchange.fill_model).__name__
            raise RiskEngineError(f"Venue {exchange.id} fills by {found} instead of PessimisticFillModel; {REMEDY}.")
        if not isinstance(exchange.fee_model, PerContractFeeModel):
            raise RiskEngineError(
                f"Venue {exchange.id} charges by {type(exchange.fee_model).__name__} instead of PerContractFeeModel; {REMEDY}."
            )
        for name, wanted in SETTINGS.items():
            if getattr(exchange, name) != wanted:
                raise RiskEngineError(f"Venue {exchange.id} has {name}={getattr(exchange, name)} and must have {wanted}; {REMEDY}.")
        self._model = exchange.fill_model
        self._model.cache = exchange.cache
        self.msgbus.register(venue_endpoint(exchange.id.value), self._takes_nothing)

    def _takes_nothing(self, _: object) -> None:
        """The endpoint only shows that this module is there."""

    def pre_process(self, data: Any) -> None:
        """Called by Nautilus before the exchange sees the data: of bars it is shown what follows from here, and not the bar itself."""
        if not isinstance(data, NautilusBar):
            return
        model, cache = self._model, self.exchange.cache
        matching = self.exchange.get_matching_engine(data.bar_type.instrument_id)
        model.at_open = model.void = False
        busy = cache.orders_open_count() > 0
        if not busy and self._is_idle(data):
            model.bar = self._unshown = data
            return
        if self._unshown is not None:
            model.bar, self._unshown = self._unshown, None
            matching.process_bar(self._shown(model.bar))
        model.bar = data
        if busy:
            prices = (data.open.as_double(), data.high.as_double(), data.low.as_double(), data.close.as_double())
            judged = judged_by(self.msgbus, BarAhead(data.ts_event, prices, data.volume.as_double()))
            model.at_open, model.void = judged.at_open, judged.void
            if not judged.fills:
                return
        shown = self._shown(data)
        if busy:
            matching.iterate(data.ts_init)  # Nautilus skips an open that equals the last close; an order spared there is due now
            if any(order.is_parent_order for order in cache.orders_open()):
                matching.process_bar(shown)
        matching.process_bar(shown)

    def _is_idle(self, bar: NautilusBar) -> bool:
        """The first bar of all is none: Nautilus' engine takes its prices from the minutes until it has seen what is finer."""
        if self._hours is None or self._finer is None or self.exchange.cache.positions_open_count():
            return False
        return self._hours.closed(bar.ts_event)

    def _shown(self, bar: NautilusBar) -> NautilusBar:
        """The bar as one of a finer type: Nautilus' engine then takes its prices from here, and passes over the minutes it is given."""
        if self._finer is None:
            self._finer = BarType.from_str(f"{bar.bar_type.instrument_id}-1-SECOND-LAST-EXTERNAL")
        return NautilusBar(self._finer, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts_event, bar.ts_init)

    def process(self, ts_now: int) -> None:
        """Nothing to do between bars."""

    def log_diagnostics(self, logger: Any) -> None:
        """Nothing to report."""

    def reset(self) -> None:
        """Forget the bar."""
        self._model.bar = self._unshown = None


def judged_by(msgbus: Any, ahead: BarAhead) -> Judged:
    """What the parts on a bus say that a bar may do to the orders that work; nobody has been shown it yet."""
    risk = Leaving()
    for endpoint, question in ((ENDPOINT_BAR_AHEAD, ahead), (ENDPOINT_RISK_LEAVING, risk)):
        if endpoint in msgbus.endpoints():
            msgbus.send(endpoint, question)
    if not ahead.believed:
        return Judged(fills=False)
    at_open = risk.leaving or (ahead.hole and risk.held)
    return Judged(not at_open, at_open, at_open and ahead.void)
