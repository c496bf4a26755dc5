"""What may come through the doors of a live node: judged by what the gateway holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hostile
import pytest
from hostile import Hostile
from live_hour import PIECES, Hour, Script, law, standing
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderAccepted, OrderCanceled, OrderDenied, OrderUpdated
from nautilus_trader.model.identifiers import AccountId, VenueOrderId
from nautilus_trader.model.objects import Quantity
from rogue import MES
from stage import read_journal

from bot.backtest.instrument import minute_bars
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.messages import ENDPOINT_RISK_CLOSE, ENDPOINT_RISK_KILL, TOPIC_BOOK, CloseTrade, IntentSubmitted
from bot.risk_engine.brackets import price_of
from bot.supervision.orders import Role, named_role
from bot.units import MINUTE_NS

Act = Callable[[Hostile, int, int], None]
PROCESS, EMULATOR = "ExecEngine.process", "OrderEmulator.execute"
AWAY = ((3, "away up"), (4, "away up"))


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return law(tmp_path_factory.mktemp("doors") / "contracts")


class Seen:
    """What a few minutes came to."""

    def __init__(self, hour: Hour) -> None:
        supervisor = hour.node.risk._supervisor
        self.raised, self.broken = hour.rogue.raised, hour.truth.broken
        self.net, self.book_net, self.kill_state = hour.truth.net, supervisor.net, supervisor.kill_state
        self.working = sorted(order.request.order_ref[-2:] for order in hour.truth.working)
        self.came = sorted(order.request.order_ref[-2:] for order in hour.truth.orders)
        self.open_trades = [trade for trade in supervisor.trades if not trade.done]
        self.entries_filled = sum(
            execution.shares
            for execution in hour.gateway.broker.exchange.executions
            if named_role(execution.order.request.order_ref) is Role.ENTRY
        )
        self.records = read_journal(Path(hour.node.risk._runtime.spec.journal_path))

    @property
    def denials(self) -> list[str]:
        bodies = [record.body for record in self.records if record.kind == "order event"]
        return [body["reason"].partition(":")[0] for body in bodies if body["event"] == "Denied"]


@pytest.fixture
def played(contracts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    """Play some minutes: acts by (minute, name), bars by minute, and `each(hour, minute)` before the bar of a minute."""

    def play(acts: dict[tuple[int, str], Act], bars: tuple[tuple[int, str], ...] = (), minutes: int = 5, each: Any = None) -> Seen:
        for (_, name), act in acts.items():
            monkeypatch.setitem(hostile.ACTS, name, act)
        script = Script(tuple((minute, "bar", name, 3, 0) for minute, name in acts), bars=bars)
        return asyncio.run(_play(contracts, tmp_path / "out", script, minutes, each))

    return play


async def _play(contracts: Path, folder: Path, script: Script, minutes: int, each: Any) -> Seen:
    async with standing(contracts, folder, script) as hour:
        for minute in range(minutes):
            for _ in range(PIECES):
                await hour._piece()
                if each is not None:
                    each(hour, minute)
            await hour._bar_decided()
            await hour._calm()
        await hour._wait(lambda: not hour.node.risk.entries_live, 2.0)
        await hour._calm()
        hour.node.journal._flush()
        return Seen(hour)


def submission(rogue: Hostile) -> Any:
    """The command of a right bracket."""
    listed = rogue.bracket(rogue.note(rogue.intent(hostile._plan(rogue, 3, 0))))
    for order in listed.orders:
        rogue.cache.add_order(order)
    return rogue.command(listed)


def sent(rogue: Hostile, told: Callable[[Any], None] = lambda _: None) -> Any:
    """It is sent; `told` acts while everybody is told of it."""
    command = submission(rogue)
    rogue.msgbus.subscribe(TOPIC_BOOK, lambda message: isinstance(message, IntentSubmitted) and told(command))
    rogue.msgbus.send("RiskEngine.execute", command)
    return command


# ------------------------------------------------------------------ once, and after all were told


@pytest.mark.parametrize("door", ["ExecEngine.execute", "RiskEngine.execute"])
@pytest.mark.parametrize("when", ["while it is told", "afterwards"])
def test_an_approved_bracket_works_at_the_gateway_once(played, door, when):
    def twice(rogue: Hostile, a: int, b: int) -> None:
        again = lambda command: rogue.msgbus.send(door, command)  # noqa: E731
        command = sent(rogue, again if when == "while it is told" else lambda _: None)
        if when == "afterwards":
            again(command)

    seen = played({(2, "twice"): twice})
    assert (seen.raised, seen.broken) == ([], [])
    assert (seen.came.count("1E"), seen.entries_filled, seen.kill_state) == (1, 1, KillState.ARMED)
    assert seen.net == seen.book_net
    assert len(seen.denials) == 1


def kill(rogue: Hostile, command: Any) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")


def close(rogue: Hostile, command: Any) -> None:
    intent_id = command.order_list.first.client_order_id.value.removesuffix("-1E")
    rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade(intent_id, ExitReason.THESIS, ""))


def cancel(rogue: Hostile, command: Any) -> None:
    rogue.cancel_order(command.order_list.first)


@pytest.mark.parametrize("when", ["while it is told", "afterwards"])
@pytest.mark.parametrize("end", [kill, close, cancel])
def test_a_bracket_whose_end_overtakes_it_never_works_at_the_gateway(played, end, when):
    def enter(rogue: Hostile, a: int, b: int) -> None:
        command = sent(rogue, lambda command: end(rogue, command) if when == "while it is told" else None)
        if when == "afterwards":
            end(rogue, command)

    seen = played({(2, "x"): enter}, (*AWAY, (5, "through")), 6)
    assert (seen.raised, seen.broken) == ([], [])
    assert (seen.came, seen.net, seen.open_trades) == ([], 0, [])
    assert seen.denials == ["KILL_SWITCH" if end is kill else "PLAN_MISMATCH"]
    assert seen.kill_state is (KillState.HALTED if end is kill else KillState.ARMED)


# ------------------------------------------------------------------ the emulator, and others who speak for the venue


class Held:
    """Acts once while something is held, and notes a moment later what works, with its price in ticks: by the book and at the gateway."""

    def __init__(self, act: Act) -> None:
        self._act, self._pieces = act, 0
        self.book: dict[str, int] = {}
        self.gateway: dict[str, int] = {}
        self.asked: list[str] = []  # orders whose change the book still waits for

    def __call__(self, hour: Hour, minute: int) -> None:
        if not self._pieces and not hour.truth.net:
            return
        self._pieces += 1
        if self._pieces == 1:
            self._act(hour.rogue, 0, 0)
        elif self._pieces == 4:
            orders = [order for trade in hour.node.risk._supervisor.trades for leg in trade.legs for order in leg.orders if order.live]
            self.book = {order.order_id[-2:]: order.price for order in orders}
            self.asked = [order.order_id for order in orders if order.requested or order.resized is not None]
            self.gateway = {order.request.order_ref[-2:]: order.stop or order.limit for order in hour.truth.working}


def working(rogue: Hostile, role: str) -> Any:
    return next(order for order in rogue.cache.orders() if order.client_order_id.value.endswith(role) and not order.is_closed)


def emulated(role: str) -> Act:
    def act(rogue: Hostile, a: int, b: int) -> None:
        rogue.msgbus.send(EMULATOR, CancelOrder(venue_order_id=None, **rogue.about(working(rogue, role))))

    return act


def test_a_kill_leaves_an_entry_that_the_emulator_was_asked_to_cancel(played):
    acts = {
        (2, "in"): lambda rogue, a, b: sent(rogue), (3, "emulated"): emulated("1E"), (3, "kill"): lambda rogue, a, b: kill(rogue, None),
    }  # fmt: skip
    seen = played(acts, (*AWAY, (5, "through")), 7)
    assert (seen.raised, seen.broken, seen.net, seen.working) == ([], [], 0, [])
    assert (seen.denials, seen.kill_state, seen.entries_filled) == (["NOT_RECOGNISED"], KillState.HALTED, 0)


@pytest.mark.parametrize("role", ["1S", "1T"])
def test_the_emulator_cannot_cancel_a_stop_or_target(played, role):
    held = Held(emulated(role))
    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=held)
    assert (seen.raised, seen.broken, seen.denials) == ([], [], ["NOT_RECOGNISED"])
    assert held.gateway == held.book and sorted(held.book) == ["1S", "1T"]


def test_the_emulator_cannot_move_a_stop(played):
    def move(rogue: Hostile, a: int, b: int) -> None:
        change = {"quantity": None, "price": None, "trigger_price": price_of(rogue.close - 2)}
        rogue.msgbus.send(EMULATOR, ModifyOrder(venue_order_id=None, **change, **rogue.about(working(rogue, "1S"))))

    held = Held(move)
    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=held)
    assert (seen.raised, seen.broken, seen.denials) == ([], [], ["NOT_RECOGNISED"])
    assert held.gateway == held.book and sorted(held.book) == ["1S", "1T"]


def test_what_anybody_sends_in_the_venues_name_is_refused(played):
    def forge(rogue: Hostile, a: int, b: int) -> None:
        stop, now = working(rogue, "1S"), rogue.time_ns
        about = (rogue.trader_id, stop.strategy_id, stop.instrument_id, stop.client_order_id)
        rogue.msgbus.send(PROCESS, OrderCanceled(*about, stop.venue_order_id, stop.account_id, UUID4(), now, now))
        rogue.msgbus.send(PROCESS, OrderDenied(*about, "no", UUID4(), now))
        rogue.msgbus.send("Portfolio.update_account", object())
        rogue.msgbus.send(PROCESS, object())

    held = Held(forge)
    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=held)
    assert (seen.raised, seen.broken, seen.denials, seen.kill_state) == ([], [], ["NOT_RECOGNISED"] * 3, KillState.ARMED)
    assert held.gateway == held.book and sorted(held.book) == ["1S", "1T"]


def test_a_denial_that_nautilus_has_not_made_ends_a_bracket_whole_or_not_at_all(played):
    def forge(rogue: Hostile, a: int, b: int) -> None:
        stop = sent(rogue).order_list.orders[1]
        about = (rogue.trader_id, stop.strategy_id, stop.instrument_id, stop.client_order_id)
        rogue.msgbus.send(PROCESS, OrderDenied(*about, "no", UUID4(), rogue.time_ns))

    seen = played({(2, "in"): forge})
    assert (seen.raised, seen.broken, seen.came, seen.open_trades) == ([], [], [], [])


def test_nobody_denies_the_supervisors_own_orders_on_their_way(played):
    said = []

    def deny(rogue: Hostile) -> None:
        """Every closing order that has not left yet."""
        for order in rogue.cache.orders():
            if order.status == OrderStatus.INITIALIZED and named_role(order.client_order_id.value) is Role.EXIT:
                about = (rogue.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
                said.append(about[-1].value)
                rogue.msgbus.send(PROCESS, OrderDenied(*about, "no", UUID4(), rogue.time_ns))

    async def ever(rogue: Hostile) -> None:
        while True:
            deny(rogue)
            await asyncio.sleep(0)

    def held(rogue: Hostile, a: int, b: int) -> None:
        task = asyncio.ensure_future(ever(rogue))
        kill(rogue, None)
        deny(rogue)
        rogue.kept.append(task)

    held = Held(held)
    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=held, minutes=6)
    assert said  # there was something to deny
    assert (seen.raised, seen.broken, seen.net, seen.book_net, seen.kill_state) == ([], [], 0, 0, KillState.HALTED)


def test_our_own_refusal_of_a_change_leaves_the_next_one_alone(played):
    moved = []

    def two(rogue: Hostile, a: int, b: int) -> None:
        stop = working(rogue, "1S")
        ticks = round(float(stop.trigger_price) * 4)
        rogue.modify_order(stop, trigger_price=price_of(ticks - 3))
        rogue.modify_order(stop, trigger_price=price_of(ticks + 2))
        moved.append(ticks + 2)

    held = Held(two)
    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=held)
    assert (seen.raised, seen.broken, seen.denials) == ([], [], ["STOP_WIDENS"])
    assert [held.book["1S"]] == moved and held.gateway == held.book
    assert held.asked == []


# ------------------------------------------------------------------ a listener that ends Nautilus' queue of events


def raising(rogue: Hostile, *kinds: str) -> None:
    def hear(event: Any) -> None:
        if type(event).__name__ in kinds:
            raise asyncio.CancelledError

    rogue.msgbus.subscribe("events.order.*", hear)


def test_a_listener_that_ends_the_queue_of_events_is_a_kill_and_the_position_is_left(played):
    def enter(rogue: Hostile, a: int, b: int) -> None:
        raising(rogue, "OrderFilled", "OrderCanceled")
        sent(rogue)

    seen = played({(2, "in"): enter}, minutes=6)
    assert (seen.raised, seen.entries_filled, seen.net, seen.book_net, seen.working) == ([], 1, 0, 0, [])
    assert seen.kill_state is KillState.HALTED
    assert next(record.body["reason"] for record in seen.records if record.kind == "kill") == "a queue of Nautilus had ended"


def test_a_queue_of_events_that_ends_while_nothing_is_held_lets_no_other_entry_in(played):
    def enter(rogue: Hostile, a: int, b: int) -> None:
        raising(rogue, "OrderCanceled")
        sent(rogue)

    acts = {
        (2, "in"): enter,
        (3, "out"): lambda rogue, a, b: rogue.cancel_order(working(rogue, "1E")),
        (5, "again"): lambda rogue, a, b: sent(rogue),
    }
    seen = played(acts, AWAY, minutes=7)
    assert (seen.raised, seen.entries_filled, seen.open_trades, seen.working) == ([], 0, [], [])
    assert (seen.denials, seen.kill_state) == (["KILL_SWITCH"], KillState.HALTED)


# ------------------------------------------------------------------ the supervisor's orders, ended by hand in Nautilus' cache


@pytest.mark.parametrize("ended", [("1X",), ("1X", "1S2")])
def test_an_exit_that_another_hand_ends_before_it_leaves_leaves_all_the_same(played, ended):
    denied: set[str] = set()

    def deny(rogue: Hostile) -> None:
        for order in rogue.cache.orders():
            name = order.client_order_id.value
            if order.status == OrderStatus.INITIALIZED and name not in denied and any(f"-{part}" in name for part in ended):
                denied.add(name)
                about = (rogue.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
                order.apply(OrderDenied(*about, "no", UUID4(), rogue.time_ns))

    async def ever(rogue: Hostile) -> None:
        while True:
            deny(rogue)
            await asyncio.sleep(0)

    def leave(rogue: Hostile, a: int, b: int) -> None:
        rogue.kept.append(asyncio.ensure_future(ever(rogue)))
        kill(rogue, None)

    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=Held(leave), minutes=6)
    assert any("-1X" in name for name in denied)
    assert (seen.raised, seen.broken, seen.net, seen.book_net, seen.working) == ([], [], 0, 0, [])
    assert (seen.open_trades, seen.kill_state) == ([], KillState.HALTED)


def test_an_exit_whose_task_another_hand_ends_is_answered_and_the_next_one_leaves(played):
    ended: list[str] = []

    async def ever() -> None:
        while True:
            for task in asyncio.all_tasks():
                if task.get_name().startswith("submit_order:") and len(ended) < 2 and task.get_name() not in ended:
                    ended.append(task.get_name())
                    task.cancel()
            await asyncio.sleep(0)

    def leave(rogue: Hostile, a: int, b: int) -> None:
        rogue.kept.append(asyncio.ensure_future(ever()))
        kill(rogue, None)

    seen = played({(2, "in"): lambda rogue, a, b: sent(rogue)}, each=Held(leave), minutes=6)
    assert ended
    assert (seen.raised, seen.broken, seen.net, seen.book_net, seen.working) == ([], [], 0, 0, [])
    assert (seen.open_trades, seen.kill_state) == ([], KillState.HALTED)


# ------------------------------------------------------------------ what is changed behind the second door


def _another(rogue: Hostile) -> Any:
    order = rogue.market(OrderSide.BUY, 2)
    rogue.cache.add_order(order)
    return order


def _append(rogue: Hostile, listed: Any) -> None:
    listed.orders.append(_another(rogue))


def _instead(rogue: Hostile, listed: Any) -> None:
    listed.orders[:] = [_another(rogue)]


def _bare(rogue: Hostile, listed: Any) -> None:
    del listed.orders[1:]


def _larger(rogue: Hostile, listed: Any) -> None:
    order, now = listed.orders[0], rogue.time_ns
    about = (rogue.trader_id, order.strategy_id, order.instrument_id, order.client_order_id, VenueOrderId("zz"), AccountId("IBKR-x"))
    order.apply(OrderAccepted(*about, UUID4(), now, now))
    order.apply(OrderUpdated(*about, Quantity.from_int(5), None, None, UUID4(), now, now))


@pytest.mark.parametrize("change", [_append, _instead, _bare, _larger])
@pytest.mark.parametrize("turns", [2, *(pytest.param(turns, marks=pytest.mark.slow) for turns in (1, 3, 4))])
def test_only_what_was_approved_comes_to_the_gateway(played, change, turns):
    lists = []

    async def later(rogue: Hostile, listed: Any) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        change(rogue, listed)

    def enter(rogue: Hostile, a: int, b: int) -> None:
        listed = sent(rogue).order_list
        lists.append(listed)
        rogue.kept.append(asyncio.ensure_future(later(rogue, listed)))

    seen = played({(2, "in"): enter}, (*AWAY, (5, "through")), 6)
    assert (seen.raised, seen.broken) == ([], [])
    assert seen.came in ([], ["1E", "1S", "1T"])
    assert (abs(seen.net) <= 1, seen.net == seen.book_net) == (True, True)
    if not seen.came:
        assert (seen.open_trades, seen.kill_state) == ([], KillState.HALTED)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["topic", "engine"])
def test_a_bar_that_the_feed_never_told_is_scored_by_nobody(played, how):
    def forge(rogue: Hostile, a: int, b: int) -> None:
        close_ns, close = rogue.time_ns + MINUTE_NS, price_of(rogue.close + 7)
        bar = Bar(minute_bars(MES), *[close] * 4, Quantity.from_int(777), close_ns, close_ns)
        if how == "topic":
            rogue.msgbus.publish(f"data.bars.{bar.bar_type}", bar)
        else:
            rogue.msgbus.send("DataEngine.process", bar)

    seen = played({(2, "forge"): forge}, minutes=5)
    volumes = [record.body["volume"] for record in seen.records if record.kind == "bar"]
    assert seen.raised == [] and len(volumes) >= 4 and 777 not in volumes
