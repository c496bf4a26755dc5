"""Paper on the simulated gateway: one day replayed through the live node, the real adapter and a real socket."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from nautilus_trader.config import TradingNodeConfig

from bot.backtest.request import BacktestRequest
from bot.bars.sessions import session_of
from bot.bars.source import Bars
from bot.calendar import Session, SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.decision.plan import TradeView
from bot.decision.snapshot import KillState
from bot.errors import MesbotError
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.ibkr.config import BrokerConfig
from bot.ibkr.link.settings import LinkSettings
from bot.journal.folder import JOURNAL
from bot.journal.run_end import DEMO
from bot.journal.run_lock import RunLock
from bot.market.bar import Bar
from bot.node.config import journal_config, node_config
from bot.node.kill_request import withdraw_requests
from bot.node.live_view import duration
from bot.node.node import MesbotNode
from bot.node.output import sturdy_stderr
from bot.node.request import NodeResult, PaperRequest
from bot.node.screen import Glance
from bot.runtime.runtime import RuntimeSpec
from bot.state_folder import remember_replay
from bot.units import HOUR_NS, MINUTE_NS, SECOND_NS, to_points

WARM_UP_DAYS = 40  # calendar days of history asked for at most; the 20 sessions that the medians look back on, and some
DAY_NS = 24 * HOUR_NS
SCREEN_SECONDS = 0.25
Show = Callable[[Glance], None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Day:
    """A day to replay: all bars known, the session, and the contracts' calendar."""

    bars: list[Bar]
    session: Session
    calendar: SessionCalendar
    contracts: Contracts
    bars_from: Bars

    @property
    def label(self) -> str:
        """What the bars are."""
        return self.bars_from.label


def day_of(request: PaperRequest) -> Day:
    """Read the bars and find the session. Raises UsageError if there is no whole one on that date."""
    contracts = load_contracts(request.contracts, request.strategies)
    source = BacktestRequest(
        out=request.out,
        bars=request.bars,
        stamp=request.stamp,
        zone=request.bars_zone,
        format=request.format,
        contracts=request.contracts,
        seed=request.seed,
        sessions=request.sessions,
    )
    frame = source.read(contracts)
    bars = [Bar(*row) for row in frame.frame[["ts_ns", "open", "high", "low", "close", "volume"]].itertuples(index=False, name=None)]
    first, last = (new_york(bar.ts_ns).date() for bar in (bars[0], bars[-1]))
    calendar = SessionCalendar(contracts.session, first - timedelta(days=WARM_UP_DAYS + 7), last + timedelta(days=120))
    return Day(bars, session_of(bars, calendar, request.date, frame.label), calendar, contracts, frame)


async def replay(request: PaperRequest, show: Show | None = None, say: Say | None = None) -> NodeResult:
    """Replay one session through the node and return its journal; `say` is told of the bars before, once the call is known to be right.

    Raises NodeError if the node cannot start, JournalInUse if another run writes into the same folder.
    """
    day = day_of(request)
    with RunLock(request.out / JOURNAL), sturdy_stderr():
        for note in day.bars_from.notes if say is not None else ():
            say(note)
        if say is not None:
            say(_what_it_does(request, day))
        withdraw_requests(request.out / JOURNAL)  # of an earlier replay
        with suppress(MesbotError):  # then only `mesbot kill` does not find it
            remember_replay(request.out / JOURNAL)
        return await _replay(request, day, show)


async def _replay(request: PaperRequest, day: Day, show: Show | None) -> NodeResult:
    async with Gateway(gateway_config(request, day)) as gateway:
        broker = replay_broker(request, day, port=gateway.port)
        node = MesbotNode(replay_config(request, day, broker, gateway.side_port), broker)
        try:
            await node.start()
            await node.warmed_up(show)
            await _run(node, show)
            begun = gateway.now_ns >= day.session.open_ns + MINUTE_NS  # else no bar had closed
            killed = _killed(node, f"and ended at {_clock(gateway)}" if begun else "before its first bar and ended")
            when = f"at {_clock(gateway)}, before the end" if begun else "before the first bar"
            told = _how_it_ended(node, gateway, when, f"{day.session.date} of {day.label} at speed {_speed(request.speed)}")
        finally:
            head = await node.stop()
    return NodeResult(request.out / JOURNAL, head, (*told, *_not_waited_for(gateway)), killed)


def replay_broker(request: PaperRequest, day: Day, **where: object) -> BrokerConfig:
    """The broker's side of a replay; `where` are fields of LinkSettings."""
    return BrokerConfig(
        runtime=_spec(request, day),
        link=LinkSettings.under(day.contracts.execution_contract, paper=True, replay=True, **where),
        ids_path=str(request.out / "order-ids.json"),
        warm_up_days=min(WARM_UP_DAYS, (day.session.open_ns - day.bars[0].ts_ns) // DAY_NS + 1),
    )


def replay_node_config(request: PaperRequest, side_port: int) -> TradingNodeConfig:
    """The node of a replay on a gateway elsewhere, which TWS_HOST and TWS_PORT name when it starts; `side_port` is its side channel."""
    day = day_of(request)
    return replay_config(request, day, replay_broker(request, day, host="", port=0), side_port)


def replay_config(
    request: PaperRequest, day: Day, broker: BrokerConfig, side_port: int, begin: Literal["fresh", "append"] = "fresh", demo: str = ""
) -> TradingNodeConfig:
    """The node of a replay, which keeps step with the gateway that has this side channel and tells it to go.

    `begin` as in JournalActorConfig. `demo` says what a session of the demo shows; the journal's header then says that it is one.
    """
    mode = "OBSERVE" if request.observe else "PAPER"
    header = {
        **day.bars_from.header,
        **({DEMO: demo} if demo else {}),
        "date": day.session.date,
        "equity_usd": str(request.equity_usd),
        "learning": True,
    }
    journal = journal_config(broker, mode=mode.lower(), header=header, begin=begin)
    heading = f"{mode}  simulated gateway  {day.session.date}  speed {_speed(request.speed)}"
    return node_config(broker, journal, heading, warm_until_ns=day.session.open_ns, lockstep_port=side_port, go=True)


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


async def _run(node: MesbotNode, show: Show | None) -> None:
    """Until the tape ends, somebody stops it, or a person's kill is through."""
    while not (await node.wait(SCREEN_SECONDS) or (node.desk.killed and node.risk.kill_state is KillState.HALTED)):
        if show is not None:
            show(node.screen.glance)
        node.require_running()
    node.require_running()
    if show is not None:
        show(node.screen.glance)  # as it ended, which is what stays above the report


def _what_it_does(request: PaperRequest, day: Day) -> str:
    """What is seen in the first seconds, and how long the rest takes."""
    opens, closes = (f"{new_york(at_ns):%H:%M}" for at_ns in (day.session.open_ns, day.session.close_ns))
    seconds = (day.session.close_ns - day.session.open_ns) / SECOND_NS / request.speed
    takes = (
        "as fast as this machine can" if math.isinf(request.speed) else f"in {duration(seconds)} or more at speed {_speed(request.speed)}"
    )
    return (
        f"Replay: the bot connects to a simulated gateway and warms up on the bars before {day.session.date}, which takes some seconds; "
        f"then {opens} to {closes} New York is replayed {takes}."
    )


def _killed(node: MesbotNode, when: str) -> str:
    """That a person has killed the replay, and when in it, as a sentence; "" if nobody has."""
    if not node.desk.killed:
        return ""
    return f"The replay was killed ({node.desk.killed}) {when}, {node.risk.kill_state}; the next one begins anew."


def _how_it_ended(node: MesbotNode, gateway: Gateway, when: str, what: str) -> tuple[str, ...]:
    """That the day was replayed; or when it was stopped, and what was open then."""
    held = [_held(trade) for trade in node.risk.open_trades()]
    working = [f"{order.order_id} still worked" for order in node.risk.unsettled_orders()]
    left = f"{'; '.join(held + working)}; it is left so, for the simulated gateway has ended too" if held or working else "nothing was open"
    if gateway.replay.ended.is_set():
        return (f"Replayed {what} through the simulated gateway to its end at {_clock(gateway)}: {left}.",)
    return (f"Stopped {when} of {what}: {left}.",)


def _clock(gateway: Gateway) -> str:
    return f"{new_york(gateway.now_ns):%H:%M} New York"


def _not_waited_for(gateway: Gateway) -> Iterator[str]:
    """That the gateway has gone on at some moments before the bot was done with them, which it never should."""
    if missed := gateway.lockstep.timeouts:
        yield (
            f"{missed:,} of {gateway.lockstep.barriers:,} times the gateway waited for the bot in vain and went on: "
            "another replay of this day may decide otherwise; try a lower --speed."
        )


def _held(trade: TradeView) -> str:
    stop, target = to_points(trade.stop), to_points(trade.plan.legs[-1].target)
    side = "long" if trade.side > 0 else "short"
    return f"{trade.plan.strategy} was {side} {trade.quantity_open} with its stop at {stop:,.2f} and its target at {target:,.2f}"


def _speed(speed: float) -> str:
    return "max" if math.isinf(speed) else f"{speed:g}"
