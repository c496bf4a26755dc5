"""Paper on the simulated gateway: one day replayed through the live node, the real adapter and a real socket."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.backtest.request import BacktestRequest
from bot.bars.sessions import session_of
from bot.calendar import Session, SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.decision.plan import TradeView
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.ibkr.config import BrokerConfig
from bot.ibkr.link.settings import LinkSettings
from bot.journal.folder import JOURNAL, fresh_journal
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.market.bar import Bar
from bot.node.node import MesbotNode
from bot.node.pace import Pace
from bot.node.request import NodeResult, PaperRequest
from bot.node.screen import Glance
from bot.runtime.runtime import RuntimeSpec
from bot.units import HOUR_NS, MINUTE_NS, to_points

WARM_UP_DAYS = 40  # calendar days of history asked for at most; the 20 sessions that the medians look back on, and some
DAY_NS = 24 * HOUR_NS
Show = Callable[[Glance], None]


@dataclass(frozen=True)
class Day:
    """A day to replay: all bars known, the session, and the contracts' calendar."""

    bars: list[Bar]
    session: Session
    calendar: SessionCalendar
    contracts: Contracts
    label: str


def day_of(request: PaperRequest) -> Day:
    """Read the bars and find the session. Raises UsageError if there is no whole one on that date."""
    contracts = load_contracts(request.contracts, request.strategies)
    source = BacktestRequest(
        out=request.out, bars=request.bars, stamp=request.stamp, contracts=request.contracts, seed=request.seed, sessions=request.sessions
    )
    frame = source.read(contracts.session)
    bars = [Bar(*row) for row in frame.frame[["ts_ns", "open", "high", "low", "close", "volume"]].itertuples(index=False, name=None)]
    first, last = (new_york(bar.ts_ns).date() for bar in (bars[0], bars[-1]))
    calendar = SessionCalendar(contracts.session, first - timedelta(days=WARM_UP_DAYS + 7), last + timedelta(days=120))
    return Day(bars, session_of(bars, calendar, request.date, frame.label), calendar, contracts, frame.label)


async def replay(request: PaperRequest, show: Show | None = None) -> NodeResult:
    """Replay one session through the node and return its journal.

    Raises NodeError if the node cannot start, JournalInUse if another run writes into the same folder.
    """
    day = day_of(request)
    with RunLock(request.out / JOURNAL):
        fresh_journal(request.out)
        return await _replay(request, day, show)


async def _replay(request: PaperRequest, day: Day, show: Show | None) -> NodeResult:
    spec = _spec(request, day)
    async with Gateway(gateway_config(request, day)) as gateway:
        broker = BrokerConfig(
            runtime=spec,
            link=LinkSettings.under(day.contracts.execution_contract, port=gateway.port, paper=True, replay=True),
            ids_path=str(request.out / "order-ids.json"),
            warm_up_days=min(WARM_UP_DAYS, (day.session.open_ns - day.bars[0].ts_ns) // DAY_NS + 1),
        )
        mode = "OBSERVE" if request.observe else "PAPER"
        header = {"bars": day.label, "date": day.session.date, "equity_usd": str(request.equity_usd), "learning": True}

        def open_journal() -> Journal:
            return Journal.create(spec.journal_path, mode.lower(), day.contracts, header, time.time_ns)

        heading = f"{mode}  simulated gateway  {day.session.date}  speed {_speed(request.speed)}"
        node = MesbotNode(spec, broker, open_journal, heading)
        try:
            await node.start()
            await node.warmed_up(day.session.open_ns, show)
            await _run(node, gateway, show)
            told = _how_it_ended(node, gateway, f"{day.session.date} of {day.label} at speed {_speed(request.speed)}")
        finally:
            head = await node.stop()
        notes = (
            *told,
            f"Lockstep: {gateway.lockstep.barriers:,} barriers, {gateway.lockstep.timeouts} passed over.",
        )
    return NodeResult(Path(spec.journal_path), head, notes)


def _spec(request: PaperRequest, day: Day) -> RuntimeSpec:
    return RuntimeSpec(
        contracts_directory=day.contracts.directory,
        contracts_sha256=day.contracts.sha256,
        first=day.calendar.first.isoformat(),
        last=day.calendar.last.isoformat(),
        journal_path=str(request.out / JOURNAL),
        decide_from_ns=day.session.open_ns,
        decide_until_ns=day.session.close_ns + 1,
        observe=request.observe,
        strategies=day.contracts.strategy_folders,
    )


def gateway_config(request: PaperRequest, day: Day) -> GatewayConfig:
    """The gateway of a replay: it waits before the open until it is told to go."""
    return GatewayConfig(
        bars=day.bars,
        start_ns=day.session.open_ns,
        end_ns=day.session.close_ns + MINUTE_NS,
        contracts=day.contracts,
        calendar=day.calendar,
        seed=request.seed,
        speed=request.speed,
        begin="told",
        port=0,
        side_port=0,
        cash_usd=float(request.equity_usd),
    )


async def _run(node: MesbotNode, gateway: Gateway, show: Show | None) -> None:
    pace = Pace(gateway.side_port, node.has_dealt_with)
    await pace.attach()
    reading = asyncio.ensure_future(pace.run())
    pace.go()
    while not (pace.ended.is_set() or node.stopping.is_set()):
        if show is not None:
            show(node.screen.glance)
        await asyncio.wait({reading}, timeout=0.25)
        node.require_running()
    if node.stopping.is_set():
        reading.cancel()
    await asyncio.gather(reading, return_exceptions=node.stopping.is_set())
    if show is not None:
        show(node.screen.glance)  # as it ended, which is what stays above the report


def _how_it_ended(node: MesbotNode, gateway: Gateway, what: str) -> tuple[str, ...]:
    """That the day was replayed; or when it was stopped, and what was open then."""
    if gateway.replay.ended.is_set():
        return (f"Replayed {what} through the simulated gateway.",)
    held = [_held(trade) for trade in node.risk.open_trades()]
    working = [f"{order.order_id} still worked" for order in node.risk.unsettled_orders()]
    left = f"{'; '.join(held + working)}; it is left so, for the simulated gateway has ended too" if held or working else "nothing was open"
    return (f"Stopped at {new_york(gateway.now_ns):%H:%M} New York, before the end of {what}: {left}.",)


def _held(trade: TradeView) -> str:
    stop, target = to_points(trade.stop), to_points(trade.plan.legs[-1].target)
    side = "long" if trade.side > 0 else "short"
    return f"{trade.plan.strategy} was {side} {trade.quantity_open} with its stop at {stop:,.2f} and its target at {target:,.2f}"


def _speed(speed: float) -> str:
    return "max" if math.isinf(speed) else f"{speed:g}"
