"""An hour of the live node on the simulated gateway: a hostile strategy in the node, faults of the gateway, and the gateway's truth."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from builders import new_york_ns
from gateway_truth import GatewayTruth
from hostile import COMMANDS, WORDS, Hostile
from model_day import BARS, BUSY
from stage import DAY, FLAT, WARM_UP_DAY, lawbook, quiet_day, spec_of

from bot.calendar import SessionCalendar, new_york
from bot.contracts import load_contracts
from bot.gateway.config import GatewayConfig
from bot.gateway.errors import GatewayError
from bot.gateway.gateway import Gateway
from bot.gateway.orders import Order
from bot.ibkr.config import BrokerConfig
from bot.ibkr.link.settings import LinkSettings
from bot.node.config import journal_config, node_config
from bot.node.node import MesbotNode
from bot.risk_engine.brackets import strategy_id
from bot.risk_engine.idle import waiting_in
from bot.runtime.runtime import runtime_of
from bot.supervision.orders import ORDER_NAME, Role, named_role
from bot.units import MINUTE_NS, to_points

BEGIN, MINUTES, ACTS_UNTIL = "10:30", 60, 54
PIECES = 12  # of five seconds, a minute
START_SECONDS, BAR_SECONDS, ANSWER_SECONDS, CALM_SECONDS = 20.0, 2.0, 0.05, 8.0
HASTE = {  # the filter stands in the node, and the bars are noise; an hour takes seconds, and so do the broker's answers
    "strategies": {"K5.veto_noise": 1.0, "K5.veto_belief": 1.0, "K5.opposite_stop_outs": 99},
    "execution_contract": {"timeouts.order_unknown_seconds": 1, "timeouts.reconcile_after_reconnect_seconds": 1},
}
LEFT_OUT = ("query", "forge_account")  # the live engine asks the broker itself; accounts here are the adapter's


class Script(NamedTuple):
    """An hour as plain data: paste it into `play_hour` to see it again. Minutes count from 10:31; faults are names of FAULTS."""

    acts: tuple[tuple[int, str, str, int, int], ...]
    faults: tuple[tuple[int, str, int], ...] = ()
    bars: tuple[tuple[int, str], ...] = ()
    at_a_time: int | None = None


QUIET = Script(())


class Told(NamedTuple):
    """What an hour came to."""

    broken: list[str]
    done: list[str]
    faults: list[str]
    kills: list[str]
    entered: int
    reports: Counter[str]


class LiveHostile(Hostile):
    """Stands in the node in place of K1; its acts are of market minutes, and "timer" is a moment later on the wall."""

    name = "K1"  # for the risk engine, which requires every strategy of the contracts

    def __init__(self, acts: list[tuple[str, str, str, int, int]]) -> None:
        super().__init__(acts)
        self._bar_ns = 0

    @property
    def time_ns(self) -> int:
        return self._bar_ns

    def on_bar(self, bar: Any) -> None:
        if bar.ts_event <= self._bar_ns:
            return
        self._bar_ns = bar.ts_event
        super(Hostile, self).on_bar(bar)
        for minute, when, name, *picks in self._acts:
            if minute != f"{self.now:%H:%M}" or self.now.date() != DAY:
                continue
            if when == "timer":
                asyncio.get_running_loop().call_later(0.02, self._do, name, *picks)
            elif when == "event":
                self._inside.append((name, *picks))
            else:
                self._do(name, *picks)


class Hour:
    """A gateway that stands until told, a node on it with the rogue, and what must be true of the gateway."""

    def __init__(self, gateway: Gateway, node: MesbotNode, rogue: LiveHostile, journal: str, script: Script) -> None:
        self.gateway, self.node, self.rogue, self._script = gateway, node, rogue, script
        self.truth = rogue.truth = GatewayTruth(gateway, node, journal, runtime_of(node.risk._config.runtime).limits)
        rogue.controller = node.risk
        self.faults: list[str] = []
        self.refusing = 0  # cancels that the gateway will not hear of

    def do(self, words: str) -> Any:
        """A verb of the gateway; one that finds no such order is none."""
        with contextlib.suppress(GatewayError):
            return self.gateway.side.verbs.do(words)

    def refs(self, *roles: Role) -> list[str]:
        """References of our orders at the gateway that may fill, now or later."""
        return [name for order in self.truth.working if named_role(name := order.request.order_ref) in roles]

    def order(self, ref: str) -> Order:
        return next(order for order in self.truth.working if order.request.order_ref == ref)

    async def through(self) -> None:
        """All its minutes; each ends when what is wrong has come right, or its grace is over."""
        for minute in range(MINUTES):
            self._fault(minute)
            for _ in range(PIECES):
                await self._piece()
            await self._bar_decided()
            await self._calm()
            if self.truth.broken:
                return  # the rest would only repeat it
        for words in ("calm", "err 1102", "session open"):
            self.do(words)
        await self._wait(lambda: self.truth.connected, CALM_SECONDS)
        for _ in range(3 * PIECES):
            await self._piece()
        await self._calm()
        await self._wait(lambda: self._answered() and self._known(), CALM_SECONDS)
        self.truth.end(excused=bool(self.faults))

    def _fault(self, minute: int) -> None:
        for at, name, pick in self._script.faults:
            if at == minute:
                self.faults.append(name)
                with contextlib.suppress(IndexError, ZeroDivisionError):
                    FAULTS[name](self, pick)

    async def _piece(self) -> None:
        done = self.do("step 1")
        if inspect.isawaitable(done):
            await done
        self._refuse_cancels()
        await self._wait(self._answered, ANSWER_SECONDS)
        self.truth.look()
        self.node.require_running()

    def _refuse_cancels(self) -> None:
        """The gateway's answer to a cancel that it has not heard of."""
        for ref, order in list(self.node.session.orders.orders.items()):
            if self.refusing and order.cancel_asked and order.live:
                self.refusing -= 1
                self.do(f"err 161 {ref}")

    def _answered(self) -> bool:
        """Whether the node has read and dealt with all that the gateway has sent."""
        link, trader = self.node.session.link, self.node.node.kernel
        sent = next((client.frames_sent for client in self.gateway.delivery.sessions if client.client_id == link.settings.client_id), 0)
        queues = waiting_in(trader.data_engine, trader.risk_engine, trader.exec_engine)
        return link.allows_entries and link.connection.frames_read >= sent and queues == 0

    async def _bar_decided(self) -> None:
        bar_ns = self.gateway.now_ns // MINUTE_NS * MINUTE_NS
        await self._wait(lambda: self.truth.connected, BAR_SECONDS)
        await self._wait(lambda: self.node.screen.last_bar_ns >= bar_ns or not self.truth.connected, BAR_SECONDS)
        await self._wait(self._answered, ANSWER_SECONDS)

    async def _calm(self) -> None:
        """Market orders need pieces to fill in, and patience its market time: the market moves on meanwhile."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CALM_SECONDS
        while self.truth.wrong and loop.time() < until:
            await self._piece()
            await asyncio.sleep(0.05)
        if self._answered() and self._known():
            self.truth.settled()

    def _known(self) -> bool:
        """Whether the broker has answered for every order of ours, and nothing of what it told is held up by a fault."""
        live = [order for trade in self.node.risk._supervisor.trades for leg in trade.legs for order in leg.orders if order.live]
        return not self.gateway.frame_faults.active and all(order.at_venue and not order.cancel_requested for order in live)

    @staticmethod
    async def _wait(condition: Callable[[], bool], seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    await asyncio.sleep(0.001)


# ------------------------------------------------------------------ faults


def _partial_fill(hour: Hour, pick: int) -> None:
    refs = hour.refs(Role.ENTRY, Role.TARGET) if pick % 2 else hour.refs(Role.ENTRY)
    hour.do(f"fill {refs[pick % len(refs)]} 1")


def _stop_fills_in_part(hour: Hour, pick: int) -> None:
    refs = [ref for ref in hour.refs(Role.STOP) if hour.order(ref).released]
    hour.do(f"fill {refs[pick % len(refs)]} 1")


def _reject_stop(hour: Hour, pick: int) -> None:
    """The stops of this minute's bracket are refused, and every second time what replaces them."""
    minute = f"{new_york(hour.gateway.now_ns + MINUTE_NS):%H%M}"
    for strategy in ("K1", "K2", "K3", "K4"):
        for again in ("", "1")[: 1 + pick % 2]:
            hour.do(f"reject {DAY:%Y%m%d}-{strategy}-{minute}-1S{again}")


def _reject_next(hour: Hour, pick: int) -> None:
    hour.do("reject *")


def _cancels_refused(hour: Hour, pick: int) -> None:
    hour.refusing = 1 + pick % 4
    hour.do(f"swallow cancelOrder {hour.refusing}")


def _killed(hour: Hour, pick: int) -> None:
    refs = hour.refs(*Role)
    hour.do(f"{('kill', 'tws-cancel')[pick % 2]} {refs[pick % len(refs)]}")


def _moved(hour: Hour, pick: int) -> None:
    """Another hand moves a stop, closer or away."""
    refs = hour.refs(Role.STOP)
    ref = refs[pick % len(refs)]
    order, name = hour.order(ref), ORDER_NAME.search(ref)
    hour.truth.widened.add((ref[: name.start()], name["leg"]))
    hour.do(f"tws-modify {ref} {to_points(order.stop + (pick % 9 - 4)):.2f}")


def _link_down(hour: Hour, pick: int) -> None:
    hour.do("err 1100")
    asyncio.get_running_loop().call_later(0.2 + pick % 5 / 10, hour.do, ("err 1102", "err 1101")[pick % 2])


def _said(*words: str) -> Callable[[Hour, int], None]:
    return lambda hour, pick: hour.do(words[pick % len(words)])


FAULTS: dict[str, Callable[[Hour, int], None]] = {
    "fill in part": _partial_fill,
    "stop fills in part": _stop_fills_in_part,
    "late fill": _said("fill-on-cancel", "fill-on-modify", "delay execDetails 0.4s 1", "order exec-first"),
    "reject stop": _reject_stop,
    "reject next": _reject_next,
    "cancels refused": _cancels_refused,
    "killed": _killed,
    "moved": _moved,
    "drop": _said("drop", "drop-after-place kept", "drop-after-place lost", "drop-mid-bracket"),
    "link down": _link_down,
    "twice": _said("duplicate execDetails 2", "duplicate orderStatus 3", "resend execs", "duplicate openOrder 3"),
    "out of order": _said("reorder orderStatus 2", "reorder execDetails 2", "commission first", "commission delay 0.3s"),
    "unheard": _said("swallow orderStatus 2", "swallow openOrder 2", "swallow execDetails 1", "swallow placeOrder 1"),
}


# ------------------------------------------------------------------ an hour


def law(folder: Path) -> Path:
    """The contracts of these hours."""
    return lawbook(folder, FLAT, BUSY, HASTE)


def _minute(number: int) -> str:
    ns = new_york_ns(f"{DAY} {BEGIN}") + (number + 1) * MINUTE_NS
    return f"{new_york(ns):%H:%M}"


def drawn(seed: int, faulty: bool) -> Script:
    """An hour drawn at random; without faults nothing in it may kill."""
    rng = random.Random(seed)
    names = [name for name in (*COMMANDS, *WORDS) if name not in LEFT_OUT]
    number = lambda: rng.randrange(1000)  # noqa: E731
    act = lambda: (rng.randrange(ACTS_UNTIL), rng.choice(("bar", "bar", "timer", "event")), rng.choice(names), number(), number())  # noqa: E731
    entries = [(minute, "bar", "enter", number(), number()) for minute in range(2, ACTS_UNTIL, 3)]
    bars = [(minute, rng.choice([name for name in BARS if name != "gap"])) for minute in rng.sample(range(1, ACTS_UNTIL), 16)]
    faults = [(rng.randrange(2, ACTS_UNTIL), rng.choice(list(FAULTS)), number()) for _ in range(12 if faulty else 0)]
    return Script((*entries, *(act() for _ in range(60))), tuple(faults), tuple(bars), rng.choice((None, 1)))


def play_hour(contracts: Path, folder: Path, script: Script) -> Told:
    """Play it; whatever leaves the run is an invariant that did not hold."""
    return asyncio.run(_play(contracts, folder, script))


async def _play(contracts: Path, folder: Path, script: Script) -> Told:
    async with standing(contracts, folder, script) as hour:
        try:
            await hour.through()
        except Exception as error:
            hour.truth.breaks(f"{type(error).__name__} left the run: {error}")
        state = hour.node.risk._supervisor.kill_state.value
    return Told(hour.truth.broken, hour.rogue.done, hour.faults, [state], len(hour.truth._approved), hour.truth.said)


@asynccontextmanager
async def standing(contracts: Path, folder: Path, script: Script = QUIET, begin: str = BEGIN, **broker: Any) -> AsyncIterator[Hour]:
    """A node that has warmed up on a gateway that stands at `begin`; `broker` changes the broker's configuration."""
    begin_ns = new_york_ns(f"{DAY} {begin}")
    bars = quiet_day(WARM_UP_DAY) + quiet_day(DAY, "12:00", {_minute(minute): BARS[kind] for minute, kind in script.bars})
    spec = msgspec.structs.replace(spec_of(contracts, folder), decide_from_ns=begin_ns + MINUTE_NS)
    law = load_contracts(contracts)
    config = GatewayConfig(
        bars=bars, start_ns=begin_ns, end_ns=begin_ns + 85 * MINUTE_NS, contracts=law, speed=float("inf"), begin="told", port=0,
        calendar=SessionCalendar(law.session, WARM_UP_DAY.replace(day=1), DAY.replace(month=12)),
        contracts_a_piece=script.at_a_time, limit_rate=False,
    )  # fmt: skip
    async with Gateway(config) as gateway:
        rogue = LiveHostile([(_minute(minute), *act) for minute, *act in script.acts])
        node = _node(spec, gateway.port, rogue, begin_ns, broker)
        hour = Hour(gateway, node, rogue, spec.journal_path, script)
        try:
            await node.start(START_SECONDS)
            await node.warmed_up()
            yield hour
        finally:
            await node.stop()


def _node(spec: Any, port: int, rogue: LiveHostile, warm_until_ns: int, changes: dict[str, Any]) -> MesbotNode:
    """The product's own node, with the rogue in K1's place."""
    link = LinkSettings(
        port=port, replay=True, connect_timeout_seconds=1.0, request_timeout_seconds=1.0, heartbeat_seconds=0.5,
        backoff_seconds=(0.05, 0.1, 0.2), then_every_seconds=0.5, messages_per_second=1_000,
    )  # fmt: skip
    mode = changes.pop("mode", "paper")
    broker = BrokerConfig(**(dict(runtime=spec, link=link, ids_path=None, warm_up_days=2, watch_seconds=0.05) | changes))
    journal = journal_config(broker, mode=mode, header={}, begin="fresh")
    config = node_config(broker, journal, "test", warm_until_ns=warm_until_ns)
    replaced = runtime_of(spec).contracts.declared["K1"].kind.fully_qualified_name()
    others = [strategy for strategy in config.strategies if strategy.strategy_path != replaced]
    node = MesbotNode(msgspec.structs.replace(config, strategies=others), broker)
    node.node.trader.add_strategy(rogue)
    assert rogue.id == strategy_id("K1")
    return node


async def minutes(hour: Hour, count: float) -> None:
    """Let the market go on by that much, as slowly as a node looks for requests, and each minute be decided."""
    for piece in range(1, round(count * PIECES) + 1):
        await hour._piece()
        await asyncio.sleep(0.03)
        if piece % PIECES == 0:
            await hour._bar_decided()
    if round(count * PIECES) % PIECES:
        await hour._bar_decided()


def journal_of(hour: Hour) -> Path:
    """The journal of the node, with what it has written so far."""
    hour.node.journal._flush()
    return Path(hour.node.risk._config.runtime.journal_path)
