"""Backtest and live node over the same bars, beside each other.

The live side is the node of `mesbot paper`, over a socket to the simulated gateway in lockstep, a new node each day that goes on from
the journal of the days before, as after a restart. Under the backtest's fill rules (bot.gateway.minutes) everything must be the same.
Under the gateway's own, five-second pieces, fills differ, and each difference is priced; such a day begins where the backtest stood at
its open, so that none is counted twice.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.model.identifiers import ClientOrderId

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.backtest.venue import judged_by
from bot.bars.sessions import session_of, sessions_with_bars, whole_sessions
from bot.errors import Interrupted, MesbotError, UsageError
from bot.fills import Judged
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.journal.folder import JOURNAL
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock
from bot.market.bar import Bar
from bot.messages import BarAhead
from bot.node.node import MesbotNode
from bot.node.paper import Day, day_of, gateway_config, replay_broker, replay_config
from bot.node.request import PaperRequest
from bot.own_files import run_folder
from bot.plural import counted
from bot.proofs.beside import Beside, beside
from bot.proofs.causes import Book, Priced, by_cause, line, priced
from bot.proofs.folders import emptied
from bot.proofs.told import Fact, Part, facts
from bot.report.wording import dollars
from bot.risk_engine.brackets import OrderTags
from bot.units import to_cents, to_points

BACKTEST, LIVE, PIECES = "backtest", "live", "pieces"  # folders of the journals
PATIENT_SECONDS = 60.0  # of the lockstep: a busy machine is no difference
SIDES = ("backtest", "live node")
OWN = ("backtest", "live node by pieces")
Say = Callable[[str], None]


@dataclass(frozen=True)
class ParityRequest:
    """`source` is what the backtest is asked for but its dates; the last `days` (>= 1) whole sessions of its bars are run.

    `pieces` False leaves out the gateway's own fills.
    """

    source: BacktestRequest
    days: int = 3
    pieces: bool = True


class Pieces(msgspec.Struct, frozen=True):
    """The live node under the gateway's own fills beside the backtest; `differences` add up to `b_cents` - `a_cents`."""

    beside: Beside
    differences: list[Priced]
    a_cents: int
    b_cents: int
    trades: tuple[int, int]

    def lines(self) -> list[str]:
        """For people: the sentence, then one line a difference."""
        decisions = self.beside.counts[Part.DECISIONS.value]
        apart = self.b_cents - self.a_cents
        causes = by_cause(self.differences)
        told = (
            f"With the gateway's own fills, five seconds at a time, {decisions.same:,} of {decisions.total:,} decisions are the same: "
            f"{counted(self.trades[1], 'trade')}, {dollars(self.b_cents)}, against {self.trades[0]}, {dollars(self.a_cents)}; "
            f"{dollars(apart)} apart{f': {causes}' if causes else ''}."
        )
        return [told, *map(line, self.differences)]


class Parity(msgspec.Struct, frozen=True):
    """What came of it; `same`: nothing differs under the backtest's fill rules. `days` are ISO dates, the journals lie in `out`."""

    same: bool
    verdict: str
    days: list[str]
    bars: str
    beside: Beside
    pieces: Pieces | None
    out: str


class NodeRules:
    """What a backtest's venue asks of the run's own parts, asked of a live node's. See bot.gateway.minutes.Rules."""

    def __init__(self) -> None:
        self.kernel: Any = None

    def slippage_ticks(self, order_ref: str) -> int:
        """As the order's tags say; an order that is not ours gives up what the gateway's own fills do."""
        order = self.kernel.cache.order(ClientOrderId(order_ref))
        tags = None if order is None else OrderTags.read(order)
        return GatewayConfig.slippage_ticks if tags is None else tags.slippage_ticks

    def judged(self, bar: Bar) -> Judged:
        """As the node's quality and risk engine say."""
        prices = (to_points(bar.open), to_points(bar.high), to_points(bar.low), to_points(bar.close))
        return judged_by(self.kernel.msgbus, BarAhead(bar.ts_ns, prices, float(bar.volume)))


def parity(request: ParityRequest, say: Say) -> Parity:
    """Run both and compare; `say` is told how far it is. Raises UsageError if there are not so many sessions, NodeError, Interrupted."""
    source = request.source
    paper = _paper(source)
    known = day_of(paper)
    dates = _dates(known, request.days)
    out = source.out
    emptied(out, BACKTEST, LIVE, PIECES)
    say(f"Backtest: {counted(len(dates), 'session')} of {known.label}, {dates[0]} to {dates[-1]}.")
    run_backtest(replace(source, out=out / BACKTEST, from_date=dates[0], to_date=dates[-1]))
    whole, live = out / BACKTEST / JOURNAL, out / LIVE / JOURNAL
    pieces: list[Path] = []
    for date in dates:
        day = replace(known, session=session_of(known.bars, known.calendar, date, known.label))
        cents = to_cents(source.equity_usd) + _won_cents(live)
        if request.pieces:
            say(f"{date}: the live node, by the gateway's own fills.")
            folder = out / PIECES / str(date)
            _played(replace(paper, out=folder, date=date), day, cents, live, None)
            pieces.append(folder / JOURNAL)
        say(f"{date}: the live node, by the backtest's fill rules.")
        _played(replace(paper, out=out / LIVE, date=date), day, cents, live, NodeRules())
    found = beside(facts([whole]), facts([live]))
    told = None if not request.pieces else by_pieces(whole, pieces)
    return Parity(found.same, _verdict(found, SIDES, dates), [str(each) for each in dates], known.label, found, told, str(out))


def by_pieces(whole: Path, days: Sequence[Path]) -> Pieces:
    """A backtest beside days of a live node under the gateway's own fills."""
    a, b = Book(_filled(facts([whole]))), Book(_filled(facts(days)))
    found = priced(a, b, OWN, GatewayConfig.slippage_ticks)
    return Pieces(
        beside(facts([whole], by_minutes=True), facts(days, by_minutes=True)), found, a.cents, b.cents, (len(a.trades), len(b.trades))
    )


def _filled(told: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in told if fact.part in (Part.FILLS, Part.ORDERS)]


def _verdict(found: Beside, names: tuple[str, str], dates: Sequence[Date]) -> str:
    decisions, orders = found.counts[Part.DECISIONS.value], found.counts[Part.ORDERS.value]
    fills, outcomes = found.counts[Part.FILLS.value], found.counts[Part.OUTCOMES.value]
    decided = f"decided the same at {decisions.same:,} of {decisions.total:,} decisions over {counted(len(dates), 'session')}"
    if found.first is None:
        rest = f"{counted(orders.total, 'word about orders', 'words about orders')}, {counted(fills.total, 'fill')} and "
        return f"Backtest and live node {decided}; {rest}{counted(outcomes.total, 'outcome')} are the same too."
    return f"Backtest and live node {decided}; the first difference is {found.first.sentence(*names)}."


def _dates(day: Day, wanted: int) -> list[Date]:
    """The last so many dates of whole sessions that have bars before them."""
    held = [Date.fromisoformat(each.date) for each in whole_sessions(day.bars, day.calendar)]
    if wanted > len(held):
        raise UsageError(f"--days {wanted}: {day.label} holds {counted(len(held), 'whole session')}; ask for at most as many.")
    dates = held[-wanted:]
    for date in sessions_with_bars([bar.ts_ns for bar in day.bars], day.calendar):
        if dates[0] <= date <= dates[-1] and date not in dates:
            raise UsageError(
                f"{day.label}: the session of {date} lacks its first or its last minute, so no live day can be made of it; "
                f"ask for fewer --days, of those after it."
            )
    return dates


def _paper(source: BacktestRequest) -> PaperRequest:
    same = {
        name: getattr(source, name)
        for name in ("out", "bars", "equity_usd", "stamp", "contracts", "seed", "sessions", "strategies", "format")
    }
    return PaperRequest(**same, bars_zone=source.zone, speed=math.inf)


def _won_cents(journal: Path) -> int:
    if not journal.exists():
        return 0
    with opened(journal) as db:
        return sum(record.body["net_cents"] for record in read(db, Kind.OUTCOME) if not record.body["shadow"])


def _played(request: PaperRequest, day: Day, cents: int, before: Path, rules: NodeRules | None) -> None:
    """One day through a live node that goes on from the journal of the days before, if there is one."""
    run_folder(request.out)
    with RunLock(request.out / JOURNAL):
        asyncio.run(_play(request, day, cents, before, rules))


async def _play(request: PaperRequest, day: Day, cents: int, before: Path, rules: NodeRules | None) -> None:
    config = replace(gateway_config(request, day), rules=rules, cash_usd=cents / 100, lockstep_seconds=PATIENT_SECONDS)
    async with Gateway(config) as gateway:
        broker = replay_broker(request, day, port=gateway.port)
        if before.exists():
            runtime = msgspec.structs.replace(broker.runtime, earlier=(str(before),), earlier_records=_records(before))
            broker = msgspec.structs.replace(broker, runtime=runtime)
        node = MesbotNode(replay_config(request, day, broker, gateway.side_port, begin="append"), broker)
        if rules is not None:
            rules.kernel = node.node.kernel
        try:
            await node.start()
            await node.warmed_up()
            while not await node.wait(1.0):
                node.require_running()
            node.require_running()
            ended = gateway.replay.ended.is_set()
        finally:
            await node.stop()
        passed_over = gateway.lockstep.timeouts
    if not ended:
        raise Interrupted(f"Stopped within {day.session.date}; nothing was compared. Its journals are in {request.out}.")
    if passed_over:
        raise MesbotError(
            f"{day.session.date}: the gateway went on without the node {passed_over} times; try again on a machine less busy."
        )


def _records(journal: Path) -> int:
    with opened(journal) as db:
        return sum(record.ts_ns > 0 for record in read(db))
