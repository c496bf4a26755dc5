"""One fill rule, three users: Nautilus' real engine under PessimisticVenue, shadows, and random entries.

A scripted Nautilus strategy submits brackets on drawn bars; the same plans go through
FollowedPlan and `random_entries`, and through a reference of a few lines written here from
the words of bot/fills.py alone. All must agree to the tick and to the cent.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pandas as pd
import pytest
from builders import CONTRACTS, decided_at, mirrored
from hypothesis import given, settings
from hypothesis import strategies as st
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import PerContractFeeModel
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, SimulationModuleConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from bot.backtest.instrument import mes_contract, minute_bars
from bot.backtest.venue import PessimisticFillModel, PessimisticVenue
from bot.decision.intent import Intent
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis
from bot.learning.follow import FollowedPlan, Stage
from bot.market.bar import Bar
from bot.report.baseline import Tape, random_entries
from bot.risk_engine.brackets import OrderOrigin, OrderTags, bracket_orders, market_order, order_id, ticks_of
from bot.supervision.orders import Role
from bot.units import MINUTE_NS, SECOND_NS, TICK_CENTS, TICK_POINTS

FEE_CENTS = 62
PIVOT = 25_600
FIRST = 1_757_955_600_000_000_000 // MINUTE_NS  # 2025-09-15 13:00 New York, in minutes
SPACE = 16  # minutes from one episode's decision to the next one's; longer than any of them


class Episode(NamedTuple):
    """A plan and the bars around it: the first bar decides, the last one flattens. `now` is the model's slippage on later bars."""

    plan: EntryPlan
    bars: list[Bar]
    slippage: int
    now: int


class Exit(NamedTuple):
    """A leg's end. Prices in ticks."""

    price: int
    reason: str
    minute: int


# ------------------------------------------------------------------ what is drawn


def _bars(moves: list[tuple[int, int, int, int]], start: int) -> list[Bar]:
    """Bars around PIVOT; each move is (gap, up, down, change), so that gaps, touches and long bars are all likely."""
    bars, close = [], PIVOT
    for index, (gap, up, down, change) in enumerate(moves):
        open_ = close + gap
        close = open_ + change
        high, low = max(open_, close) + up, min(open_, close) - down
        bars.append(Bar((start + index) * MINUTE_NS, open_, high, low, close, 400))
    return bars


GAPS = [0, 0, 0, 1, -1, 5, -5, 14, -14]
SHAPES = [((1, 8, 16),), ((1, 4, 10),), ((1, 5, 5),), ((2, 6, 12),), ((1, 6, 12), (1, 6, 18)), ((1, 4, 4), (1, 7, 9))]


def drawn_episode(random: Random, entry_types: tuple[EntryType, ...] = tuple(EntryType)) -> Episode:
    """A plan and four to nine bars drawn by `random`; half of them short."""
    moves = [(random.choice(GAPS), random.randint(0, 7), random.randint(0, 7), random.randint(-7, 7)) for _ in range(random.randint(4, 9))]
    bars, entry_type, shape = _bars(moves, FIRST), random.choice(entry_types), random.choice(SHAPES)
    limit = bars[0].close if entry_type is EntryType.LIMIT else bars[0].high + 2
    plan = EntryPlan(
        strategy="K4" if len(shape) > 1 else "K1",
        side=1,
        entry_type=entry_type,
        limit=limit,
        trigger=None if entry_type is EntryType.LIMIT else limit - 1,
        legs=tuple(Leg(quantity, limit - stop, limit + target) for quantity, stop, target in shape),
        ttl_seconds=random.choice([60.0, 90.0, 150.0]),
        max_minutes=random.choice([1, 2, 20]),
        thesis=Thesis("F1", 0.7),
    )
    episode = Episode(plan, bars, random.randint(1, 6), random.randint(1, 6))
    return in_a_mirror(episode) if random.choice([True, False]) else episode


def in_a_mirror(episode: Episode) -> Episode:
    plan = episode.plan
    flip = lambda price: 2 * PIVOT - price  # noqa: E731
    short = EntryPlan(
        plan.strategy,
        -plan.side,
        plan.entry_type,
        flip(plan.limit),
        None if plan.trigger is None else flip(plan.trigger),
        tuple(Leg(leg.quantity, flip(leg.stop), flip(leg.target)) for leg in plan.legs),
        plan.ttl_seconds,
        plan.max_minutes,
        plan.thesis,
    )
    return episode._replace(plan=short, bars=[mirrored(item, PIVOT) for item in episode.bars])


def moved(episode: Episode, minutes: int) -> Episode:
    return episode._replace(bars=[item._replace(ts_ns=item.ts_ns + minutes * MINUTE_NS) for item in episode.bars])


# ------------------------------------------------------------------ four ways to fill it


def reference(episode: Episode) -> list[list[Exit]]:
    """The rule in a few lines, for a long trade (a short one is seen in a mirror); the exits of each leg, [] if it never filled."""
    if episode.plan.side < 0:
        return [[exit_._replace(price=2 * PIVOT - exit_.price) for exit_ in leg] for leg in reference(in_a_mirror(episode))]
    plan, (decided, *later) = episode.plan, episode.bars
    expires = decided.ts_ns + round(plan.ttl_seconds * SECOND_NS)
    entered = next((item for item in later if item.ts_ns <= expires and _enters(plan, item)), None)
    return [[] if entered is None else [_leaves(leg, plan, entered, episode)] for leg in plan.legs]


def _enters(plan: EntryPlan, item: Bar) -> bool:
    return item.low < plan.limit and (plan.trigger is None or item.high >= plan.trigger)


def _leaves(leg: Leg, plan: EntryPlan, entered: Bar, episode: Episode) -> Exit:
    for item in episode.bars:
        if item.ts_ns < entered.ts_ns:
            continue
        minute = item.ts_ns // MINUTE_NS
        if item.low <= leg.stop:
            start = leg.stop if item is entered else min(leg.stop, item.open)
            return Exit(start - episode.slippage, "STOP", minute)
        if item.high > leg.target and item is not entered:
            return Exit(leg.target, "TARGET", minute)
        if item is episode.bars[-1] or item.ts_ns - entered.ts_ns >= plan.max_minutes * MINUTE_NS:
            return Exit(item.close - episode.now, "EXIT", minute)
    raise AssertionError("the last bar flattens")


def shadowed(episode: Episode) -> tuple[list[list[Exit]], int | None]:
    """FollowedPlan's exits by leg and its net P&L in cents (None if it never filled)."""
    plan, (decided, *later) = episode.plan, episode.bars
    followed = FollowedPlan(plan, decided.ts_ns, decided.ts_ns + round(plan.ttl_seconds * SECOND_NS), episode.slippage)
    by_leg: list[list[Exit]] = [[] for _ in plan.legs]
    for item in later:
        seen, before = len(followed.exits), [index for index, exits in enumerate(by_leg) if not exits]
        followed.on_bar(item, episode.now, item is later[-1])
        for found in followed.exits[seen:]:
            market = found.reason.value in ("TIME", "SESSION")
            index = next(i for i in before if market or found.price == plan.legs[i].target or found.reason.value == "STOP")
            before.remove(index)
            by_leg[index].append(Exit(found.price, "EXIT" if market else found.reason.value, found.ts_ns // MINUTE_NS))
    return by_leg, followed.net_cents(FEE_CENTS) if followed.stage is Stage.CLOSED else None


class Scripted(Strategy):
    """Submits each episode's bracket on its first bar and leaves it at the market when its time is up. It has no opinion."""

    def __init__(self, script: list[Episode], bar_type: object) -> None:
        super().__init__()
        self._bar_type = bar_type
        self._by_bar = {item.ts_ns: (number, episode) for number, episode in enumerate(script) for item in episode.bars}
        self._opened: dict[int, int] = {}
        self.exits: list[list[list[Exit]]] = [[[] for _ in episode.plan.legs] for episode in script]
        self.net_cents: list[int] = [0] * len(script)

    def on_start(self) -> None:
        self.subscribe_bars(self._bar_type)

    def on_bar(self, item: object) -> None:
        number, episode = self._by_bar.get(item.ts_event, (None, None))
        if episode is None:
            return
        if item.ts_event == episode.bars[0].ts_ns:
            self._enter(number, episode)
        elif number in self._opened:
            late = item.ts_event - self._opened[number] >= episode.plan.max_minutes * MINUTE_NS
            if late or item.ts_event == episode.bars[-1].ts_ns:
                self._leave(number, episode)

    def _enter(self, number: int, episode: Episode) -> None:
        now = self.clock.timestamp_ns()
        expires = now + round(episode.plan.ttl_seconds * SECOND_NS)
        intent = Intent(f"E{number}", episode.plan, expires, decided_at(now, slippage_ticks=episode.slippage))
        listed = bracket_orders(intent, self._origin())
        self.submit_order_list(listed)
        entries = [order for order in listed.orders if order.is_parent_order]
        cancel = lambda _: [self.cancel_order(order) for order in entries if order.is_open]  # noqa: E731
        self.clock.set_time_alert_ns(f"expiry-{number}", expires, cancel)

    def _leave(self, number: int, episode: Episode) -> None:
        for index, leg in enumerate(episode.plan.legs, start=1):
            if self.exits[number][index - 1]:
                continue
            self.cancel_order(self.cache.order(order_id(f"E{number}", index, Role.STOP)))
            tags = OrderTags(f"E{number}", index, Role.EXIT, episode.now)
            name = order_id(f"E{number}", index, Role.EXIT, 1)
            self.submit_order(market_order(self._origin(), name, -episode.plan.side, leg.quantity, tags))

    def _origin(self) -> OrderOrigin:
        return OrderOrigin(self.trader_id, self.id, self._bar_type.instrument_id, self.clock.timestamp_ns())

    def on_order_filled(self, event: OrderFilled) -> None:
        tags = OrderTags.read(self.cache.order(event.client_order_id))
        number = int(tags.intent_id[1:])
        sign = -1 if event.is_buy else 1
        price, quantity = round(ticks_of(event.last_px)), int(event.last_qty)
        self.net_cents[number] += sign * price * quantity * TICK_CENTS - round(event.commission.as_double() * 100)
        if tags.role is Role.ENTRY:
            self._opened.setdefault(number, event.ts_event)
        else:
            self.exits[number][tags.leg - 1].append(Exit(price, tags.role.value, event.ts_event // MINUTE_NS))


def through_nautilus(script: list[Episode]) -> Scripted:
    """All episodes, one after another, through the real engine under PessimisticVenue."""
    bars = [item for episode in script for item in episode.bars]
    instrument = mes_contract(CONTRACTS, bars[0].ts_ns, bars[-1].ts_ns)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    model = PessimisticFillModel()
    engine.add_venue(
        venue=Venue("CME"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[Money(1_000_000, USD)],
        fill_model=model,
        fee_model=PerContractFeeModel(Money(0.62, USD)),
        modules=[PessimisticVenue(SimulationModuleConfig())],
        reject_stop_orders=False,
        support_gtd_orders=False,
        bar_adaptive_high_low_ordering=True,
        use_reduce_only=False,
    )
    engine.add_instrument(instrument)
    scripted = Scripted(script, minute_bars(instrument.id))
    engine.add_strategy(scripted)
    frame = pd.DataFrame(bars, columns=["ts_ns", "open", "high", "low", "close", "volume"])
    frame.index = pd.to_datetime(frame.pop("ts_ns"), utc=True)
    frame = frame.astype(float).mul([TICK_POINTS] * 4 + [1.0])
    engine.add_data(BarDataWrangler(scripted._bar_type, instrument).process(frame))
    engine.run()
    leftovers = engine.cache.orders_open() + engine.cache.positions_open()
    engine.dispose()
    assert leftovers == []
    return scripted


def with_random_entries(episode: Episode) -> int:
    """Net cents of the plan in the baseline, when the only eligible bar is the one that decided it. Raises ValueError if it never fills."""
    bars, count = episode.bars, len(episode.bars)
    slippage_ticks, never = [episode.slippage] + [episode.now] * (count - 1), [False] * count
    tape = Tape(bars, slippage_ticks, [item is bars[-1] for item in bars], [True] + [False] * (count - 1), never, never)
    return random_entries([episode.plan], tape, FEE_CENTS, 0, seed=1, draws=1).net_cents[0]


# ------------------------------------------------------------------ tests


@settings(max_examples=500)
@given(st.randoms(use_true_random=False))
def test_a_shadow_fills_as_the_reference_does(random):
    episode = drawn_episode(random)
    exits, net = shadowed(episode)
    assert exits == reference(episode)
    assert (net is None) == (exits[0] == [])


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_random_entries_fill_as_a_shadow_does(random):
    episode = drawn_episode(random, (EntryType.LIMIT,))
    _, net = shadowed(episode)
    if net is None:
        with pytest.raises(ValueError, match="no eligible bar"):
            with_random_entries(episode)
    else:
        assert with_random_entries(episode) == net


@pytest.mark.parametrize("seed", range(4))
def test_nautilus_under_the_pessimistic_venue_fills_as_a_shadow_does(seed):
    random = Random(seed)
    script = [moved(drawn_episode(random), number * SPACE) for number in range(400)]
    traded = through_nautilus(script)
    kinds = set()
    for number, episode in enumerate(script):
        exits, net = shadowed(episode)
        kinds |= {(exit_.reason, episode.plan.side) for leg in exits for exit_ in leg}
        assert traded.exits[number] == exits, episode
        assert traded.net_cents[number] == (net or 0), episode
    assert len(kinds) == 3 * 2, "every exit on both sides is among them"


CALM = (25_601, 25_602, 25_599, 25_600)  # fills an entry at 25600 and touches nothing else


def episode_of(later: list[tuple[int, int, int, int]], side: int = 1, slippage: int = 1, now: int = 2, trigger: bool = False) -> Episode:
    """Long from 25600 (stop 25592, target 25616), decided on a calm bar; `later` are the bars after it."""
    prices = [(25_599, 25_601, 25_598, 25_598 if trigger else 25_600), *later]
    bars = [Bar((FIRST + index) * MINUTE_NS, *price, 400) for index, price in enumerate(prices)]
    entry_type = EntryType.STOP_LIMIT if trigger else EntryType.LIMIT
    leg = Leg(1, 25_592, 25_616)
    plan = EntryPlan("K1", 1, entry_type, 25_600, 25_599 if trigger else None, (leg,), 90.0, 20, Thesis("F1", 0.7))
    episode = Episode(plan, bars, slippage, now)
    return episode if side > 0 else in_a_mirror(episode)


def test_nautilus_slips_a_stop_by_the_model_in_the_bar_and_through_a_gap():
    cases = [(side, slippage, open_) for side in (1, -1) for slippage in range(1, 7) for open_ in (25_600, 25_592, 25_591, 25_580)]
    script = [
        moved(episode_of([CALM, (open_, 25_602, 25_575, 25_585)], side, slippage), number * SPACE)
        for number, (side, slippage, open_) in enumerate(cases)
    ]
    traded = through_nautilus(script)
    for number, (side, slippage, open_) in enumerate(cases):
        assert [exit_[:2] for exit_ in traded.exits[number][0]] == [(PIVOT + (min(25_592, open_) - slippage - PIVOT) * side, "STOP")]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([(25_601, 25_603, 25_600, 25_602)] * 2, None),  # the limit was only touched
        ([(25_601, 25_603, 25_592, 25_602), CALM], (25_591, "STOP")),  # stopped in the entry's bar: at its price less slippage
        ([(25_590, 25_603, 25_580, 25_602), CALM], (25_591, "STOP")),  # ... also when that bar opened below the stop
        ([(25_601, 25_640, 25_599, 25_610), (25_610, 25_612, 25_609, 25_611)], (25_609, "EXIT")),  # no target in the entry's bar
        ([CALM, (25_610, 25_616, 25_609, 25_611)], (25_609, "EXIT")),  # the target was only touched
        ([CALM, (25_610, 25_617, 25_609, 25_611)], (25_616, "TARGET")),
        ([CALM, (25_605, 25_640, 25_592, 25_630)], (25_591, "STOP")),  # both in one bar
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_nautilus_settles_every_doubt_against_us(later, expected, side):
    traded = through_nautilus([episode_of(later, side)])
    wanted = [] if expected is None else [(PIVOT + (expected[0] - PIVOT) * side, expected[1])]
    assert [exit_[:2] for exit_ in traded.exits[0][0]] == wanted


@pytest.mark.parametrize(
    ("first", "fills_it"),
    [
        ((25_596, 25_598, 25_595, 25_597), False),  # one tick short of the trigger
        ((25_596, 25_599, 25_595, 25_597), True),
        ((25_604, 25_609, 25_601, 25_608), False),  # gapped over the limit
        ((25_604, 25_609, 25_599, 25_601), True),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_nautilus_fills_a_stop_limit_only_past_its_trigger_and_on_the_better_side(first, fills_it, side):
    traded = through_nautilus([episode_of([first, (25_600, 25_601, 25_599, 25_600)], side, trigger=True)])
    assert bool(traded.exits[0][0]) is fills_it


@pytest.mark.parametrize("side", [1, -1])
def test_nautilus_fills_a_target_that_the_last_close_was_already_past(side):
    script = [episode_of([(25_601, 25_618, 25_599, 25_617), (25_617, 25_617, 25_610, 25_611), CALM], side)]
    assert through_nautilus(script).exits[0] == shadowed(script[0])[0]
