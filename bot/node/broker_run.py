"""Trading a broker's account: the same node as a replay's, on a real TWS or Gateway, until somebody stops it.

The journal of mode, account and year goes on where it ended: counters, locks, learning and unfinished trades are
what they were. Contracts that wait for the end of the trading day are taken up then, and a new year's journal is begun, by a node
that begins in the place of the first. It does not promise to be watched: what happens while it is stopped is for the bracket at the broker.
"""

# long because: a run is told in one place, from the first meeting to its last node
from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
from nautilus_trader.config import TradingNodeConfig

from bot.calendar import new_york
from bot.contracts import Contracts, load_contracts
from bot.decision.plan import TradeView
from bot.errors import JournalError, MesbotError
from bot.ibkr.config import BrokerConfig
from bot.ibkr.errors import BrokerError, ClockSkew, SetupError
from bot.ibkr.link.endpoint import unlocated
from bot.journal.contracts import TRADING_DAY
from bot.node.config import journal_config, node_config
from bot.node.errors import NodeError
from bot.node.journals import FOLDER, Journals, journals_of, year_at
from bot.node.node import MesbotNode
from bot.node.output import sturdy_stderr, unbroken
from bot.node.probe import Probe, link_settings, probe
from bot.node.request import BrokerRequest, Mode, NodeResult
from bot.node.screen import Glance
from bot.node.turn import Turn
from bot.own_files import tightened
from bot.runtime.law import DayLaw, day_law
from bot.runtime.past import past_of
from bot.runtime.recover import recovered
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.supervision.orders import Role
from bot.units import MINUTE_NS, to_points

AHEAD_DAYS = 200  # of calendar, so that a run may go on for months
REASON_SECONDS = 5.0  # of the start's time, so that the session names its reason before the node's time is up
AGAIN_SECONDS = 15.0
SCREEN_SECONDS = 0.25
Show, Say = Callable[[Glance], None], Callable[[str], None]
Work = Callable[[MesbotNode], Awaitable[None]]


class ObserveRefused(MesbotError):
    """Observing must not begin while a trade of this account is open and nobody manages it."""

    exit_code = 3


@dataclass(frozen=True)
class Meeting:
    """What is known once the gateway has been met: the account, market time there (UTC ns), whether it replays recorded time.

    `contracts` are those that were read; those that count are `law.contracts`.
    """

    contracts: Contracts
    law: DayLaw
    probe: Probe
    replay: bool
    market_ns: int
    journals: Journals


async def meet(request: BrokerRequest, say: Callable[[str], None] = lambda _: None) -> Meeting:
    """Find out before anything is built; `say` hears of a wait, and of a state folder that others could read.

    Raises ContractError, BrokerError, JournalError, NotOurs or ObserveRefused.
    """
    if told := tightened(request.state, request.state / FOLDER):
        say(told)
    contracts = load_contracts(request.contracts, request.strategies)
    patience = {"id_in_use_seconds": request.start_seconds, "say": say}
    found = await probe(request.endpoint, contracts.execution_contract, paper=not request.live_account, zone=request.zone, **patience)
    replay = found.replays
    if replay and request.live_account:
        raise ClockSkew(f"the gateway's clock is {found.skew_seconds / 3600:+.1f} hours from this machine's, and the account is a live one")
    market_ns = found.broker_ns if replay else time.time_ns()
    year = year_at(contracts, market_ns)
    if request.mode is Mode.OBSERVE:
        _require_nothing_open(request, found.account, year)
    journals = journals_of(request.state, request.mode.value, found.account, year, to_run=True)
    if journals.new_form:
        say(f"This version writes another form of journal: it goes on in {journals.path}, and {journals.earlier[-1].name} stays as it is.")
    law = day_law(contracts, journals.earlier, market_ns)
    return Meeting(contracts, law, found, replay, market_ns, journals)


def _require_nothing_open(request: BrokerRequest, account: str, year: int) -> None:
    """An observing bot manages nothing, and would be taken for the one that does. A trading bot that runs beside it does manage."""
    mode, verb = (Mode.LIVE, "mesbot live --trading-mode live") if request.live_account else (Mode.PAPER, "mesbot paper")
    journals = journals_of(request.state, mode.value, account, year)
    if not journals.running and (stories := past_of(journals.earlier).unfinished):
        trades = ", ".join(f"{story.intent.intent_id} ({_held(recovered(story).net)})" for story in stories)
        raise ObserveRefused(
            f"{account} has {trades} unfinished in its {mode} journal, and an observing bot would leave that alone; "
            f"start `{verb}` to have it managed and closed before the session ends."
        )


def _held(net: int) -> str:
    return f"{'long' if net > 0 else 'short'} {abs(net)}" if net else "nothing held"


async def trade(
    request: BrokerRequest,
    met: Meeting,
    show: Show | None = None,
    say: Say = lambda _: None,
    meanwhile: Work | None = None,
    stopping: asyncio.Event | None = None,
) -> NodeResult:
    """Run until stopped (SIGINT, SIGTERM); entries that still work are cancelled then, positions keep their brackets.

    `meanwhile` is what a run is for that ends with it; without it the run goes on. `say` takes lines for a person; `stopping` is set once
    somebody wants the run to end, or `meanwhile` has come to its end. Raises NodeError, one sentence, if the node cannot start in time or
    stops by itself, JournalInUse if another process writes the journal.
    """
    stopping = asyncio.Event() if stopping is None else stopping
    say, show = unbroken(say), None if show is None else unbroken(show)
    while True:
        with met.journals.locked(), sturdy_stderr():
            result = await _trade(request, met, stopping, show, say, meanwhile)
        if not stopping.is_set():
            request = replace(request, confirmed="")  # what was typed is journaled already
            before, met = met, await _meet_again(request, met, stopping, say)
            gc.collect()  # what has ended goes before the next node is made: a process keeps the most that it ever had
            for sentence in _begun(before, met):
                say(sentence)
        if stopping.is_set():
            return result


async def _meet_again(request: BrokerRequest, met: Meeting, stopping: asyncio.Event, say: Say) -> Meeting:
    """Between two nodes of one run; a gateway that is away just then is asked until it answers, or somebody wants to end."""
    while not stopping.is_set():
        try:
            return await meet(request, say)
        except SetupError:
            raise
        except BrokerError as error:
            say(f"The next node waits for the gateway: {error.told}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), AGAIN_SECONDS)
    return met


def _begun(before: Meeting, met: Meeting) -> Iterator[str]:
    """What is new with a node that has taken the place of another, as sentences."""
    if met.journals.path != before.journals.path:
        yield f"A new year: the journal goes on in {met.journals.path}."
    if met.law.told or met.law.contracts.sha256 != before.law.contracts.sha256:
        yield met.law.told or f"The contracts that waited count now ({met.law.contracts.sha256[:12]})."


async def _trade(
    request: BrokerRequest, met: Meeting, stopping: asyncio.Event, show: Show | None, say: Say, meanwhile: Work | None
) -> NodeResult:
    """One node, until somebody wants the run to end (`stopping`) or contracts that waited are due."""
    broker = broker_config(request, met)
    node = MesbotNode(broker_node_config(request, met, broker), broker, stopping)
    node.say = say
    if show is None:
        node.tell_kills()
    runtime = runtime_of(broker.runtime)
    for sentence in runtime.past.told:
        say(sentence)
    failure: NodeError | None = None
    left: tuple[str, ...] = ()
    head = ""
    try:
        await node.start(request.start_seconds)
        await node.warmed_up(show)
        if meanwhile is None:
            await _watch(node, show, Turn(request, met.contracts, met.law.waits_until_ns, met.journals.year, runtime.calendar, say))
        else:
            await meanwhile(node)
            stopping.set()
    except NodeError as error:
        failure = error
    finally:
        await node.withdraw()
        left = _left_behind(node)
        try:
            head = await node.stop()
        except JournalError as error:  # what is open must be told all the same
            failure = NodeError("\n".join(str(each) for each in (failure, error) if each is not None))
    if failure is not None:
        raise type(failure)("\n".join((str(failure), *left)))
    return NodeResult(met.journals.path, head, left or ("Stopped; nothing is open.",))


async def _watch(node: MesbotNode, show: Show | None, turn: Turn) -> None:
    """Until somebody wants us to end, the tape we keep step with has ended, or other contracts are to be taken up.

    Raises NodeError if node or gateway stops by itself.
    """
    while not (await node.wait(SCREEN_SECONDS) or turn.due(node)):
        node.require_running()
        if show is not None:
            show(node.screen.glance)
    node.require_running()
    if show is not None:
        show(node.screen.glance)


def broker_config(request: BrokerRequest, met: Meeting) -> BrokerConfig:
    """The broker's side of a run."""
    link = link_settings(
        replace(request.endpoint, account=met.probe.account),
        met.law.contracts.execution_contract,
        paper=not request.live_account,
        replay=met.replay,
        zone=request.zone,
    )
    return BrokerConfig(
        runtime=_spec(request, met),
        link=link,
        warm_up_days=request.warm_up_days,
        nightly_restart=request.nightly_restart,
        start_timeout_seconds=request.start_seconds - REASON_SECONDS,
    )


def unlocated_node_config(request: BrokerRequest, met: Meeting) -> TradingNodeConfig:
    """The node of one start on a broker's account, for a stock TradingNode; where the gateway is stays in the environment."""
    broker = broker_config(request, met)
    return broker_node_config(request, met, msgspec.structs.replace(broker, link=unlocated(broker.link)))


def broker_node_config(request: BrokerRequest, met: Meeting, broker: BrokerConfig) -> TradingNodeConfig:
    """The node of one start on a broker's account: it goes on from the journals as they were met."""
    journal = journal_config(
        broker,
        mode=request.mode.lower(),
        header={
            "account": met.probe.account,
            "learning": True,
            "replayed_time": met.replay,
            "continues": met.journals.previous_head,
            TRADING_DAY: met.law.trading_day,
        },
        begin="append",
        confirmed=request.confirmed,
        confirmed_ns=met.market_ns,
    )
    heading = f"{request.mode}  {met.probe.account}{f'  {request.endpoint}' if broker.link.host else ''}"
    warm_until_ns = met.market_ns // MINUTE_NS * MINUTE_NS
    return node_config(broker, journal, heading, warm_until_ns=warm_until_ns, lockstep_port=request.lockstep_port)


def _spec(request: BrokerRequest, met: Meeting) -> RuntimeSpec:
    """No minute that has closed by now is decided, so that none is decided twice; the node waits for more (`warmed_up`)."""
    journals = met.journals
    oldest = min(new_york(ns).date() for ns in (met.market_ns, journals.first_ns or met.market_ns))
    warm_up = new_york(met.market_ns).date() - timedelta(days=request.warm_up_days)
    return RuntimeSpec(
        contracts_directory=met.contracts.directory,
        contracts_sha256=met.law.contracts.sha256,
        first=(min(oldest, warm_up) - timedelta(days=7)).isoformat(),
        last=(new_york(met.market_ns).date() + timedelta(days=AHEAD_DAYS)).isoformat(),
        journal_path=str(journals.path),
        decide_from_ns=met.market_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS,
        observe=request.mode is Mode.OBSERVE,
        earlier=tuple(map(str, journals.earlier)),
        earlier_records=journals.records,
        strategies=met.contracts.strategy_folders,
        of_day=met.law.of_day,
    )


def _left_behind(node: MesbotNode) -> tuple[str, ...]:
    """What is open, and what may still come to be, as sentences."""
    held = [_left(trade) for trade in node.risk.open_trades()]
    orders = node.risk.unsettled_orders()
    entries = ", ".join(order.order_id for order in orders if order.role is Role.ENTRY)
    others = ", ".join(order.order_id for order in orders if order.role is not Role.ENTRY)
    if entries:
        held.append(
            f"{entries} may still work at the broker: nothing says that it was cancelled, and it may fill while nobody runs "
            "(then its stop and target work there too); cancel it in TWS, or start again to have it looked after."
        )
    if others:
        held.append(
            f"{others} may still work at the broker with nothing held, and would open a position; cancel it in TWS, or start again."
        )
    return (*held, *_unwanted(node), *_not_ours(node))


def _unwanted(node: MesbotNode) -> list[str]:
    """Orders of ours that work at the broker and should not."""
    halts = node.session.orders.halts
    return [f"{halts[name].order_ref}: {halts[name].text}; cancel it in TWS." for name in ("stray", "duplicate") if name in halts]


def _not_ours(node: MesbotNode) -> list[str]:
    """What the account holds and the book does not explain."""
    session = node.session
    if not session.link.begun:
        return []
    if not session.link.allows_entries:
        return [f"The link is {session.link.state}: what the account holds now is not known for sure; look in TWS."]
    book = sum(trade.side * trade.quantity_open for trade in node.risk.open_trades())
    held = sum(holding.contracts for con_id, holding in session.account.holdings.items() if session.provider.is_front(con_id))
    if held == book:
        return []
    symbol = session.provider.contract().localSymbol
    return [f"The account holds {held:+d} {symbol}, of which mesbot has opened {book:+d}; the rest is yours to look after, in TWS."]


def _left(trade: TradeView) -> str:
    """A position that stays behind, in one sentence."""
    side = "long" if trade.side > 0 else "short"
    if not trade.stop_order_ids:
        held = f"{trade.plan.strategy} stays {side} {trade.quantity_open}"
        return f"{held} and no stop of it is known to work at the broker; close it in TWS, or start again at once to have that done."
    stop, target = to_points(trade.stop), to_points(trade.plan.legs[-1].target)
    return (
        f"{trade.plan.strategy} stays {side} {trade.quantity_open} with its stop at {stop:,.2f} and its target at {target:,.2f} "
        "at the broker; start again to have it managed and closed before the session ends."
    )
