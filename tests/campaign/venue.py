"""The simulated gateway of a seed, what is done to it, and the bot's process beside it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from bot_process import BotProcess
from faults import MATTERS, ORDER_FRAMES
from mix import ALL, Fault

from bot.gateway import messages
from bot.gateway.broker import Refusal
from bot.gateway.errors import GatewayError
from bot.gateway.framelog import FrameLog
from bot.gateway.gateway import Gateway
from bot.gateway.orders import Order
from bot.node.kill_request import leave_request

CLIENT = 7  # the bot's client id
NAME = re.compile(r"(?P<intent>.+)-(?P<leg>\d)(?P<role>[ESTX])(?P<attempt>\d*)")


class Pending(str):
    """A status that the simulated gateway does not know by itself."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


class CountedLog(FrameLog):
    """The frame log; `heard` is told of every frame that passes."""

    heard: Callable[[str, str, str], None]

    def write(self, *, way: str, kind: str, note: str = "", **fields: Any) -> None:
        super().write(way=way, kind=kind, note=note, **fields)
        self.heard(way, kind, note)


def named(order: Order) -> re.Match[str] | None:
    """An order's intent, leg and role by its reference."""
    return NAME.fullmatch(order.request.order_ref)


class Venue:
    """Does faults when their message passes. `told` counts those that were done, by name; `excuses` are what they excuse."""

    def __init__(self, host: Gateway, bot: BotProcess, faults: tuple[Fault, ...], frames: CountedLog) -> None:
        self.host, self.bot, self._faults = host, bot, list(faults)
        self.done: list[str] = []
        self.moved: set[tuple[str, str]] = set()  # legs whose stop another hand has moved
        self.ghosts: set[int] = set()  # permIds of orders that were left alive beside the one that took their id
        self.refused: set[str] = set()  # references of orders that were refused
        self.pending: set[int] = set()  # permIds of stops that never reach the market
        self.id_faults = self.manual = self.forgot = False
        self.exit_refused = False  # the last closing order was
        self.pending_stops = 0
        self.position_told: int | None = None
        self.kill_asked_at: float | None = None
        self.close_asked_at: float | None = None
        self.close_asked_of: set[str] = set()  # legs held when a closing was asked for
        self.told_wrong_at = 0.0  # since when the account has told of another position than it has
        self.lost_at = float("-inf")  # when frames about orders were last lost, of the wall
        self.forgotten_unasked = False  # the broker has forgotten an order without a word, and was not asked since
        self._refusals: list[tuple[str, int, int]] = []
        self._waiting: list[tuple[int, Callable[[], Any]]] = []
        self._counts: Counter[str] = Counter()
        self._full = False
        self._under_way: set[asyncio.Future[Any]] = set()
        frames.heard = self._heard
        host.frames.close()
        host.frames = frames
        self._hook()

    def _hook(self) -> None:
        """Faults that no verb can do."""
        broker = self.host.broker
        told, ghost, transmit, announce = broker._told_to_refuse, broker._leave_ghost, broker._transmit, broker.exchange.announce

        def told_to_refuse(request: Any) -> tuple[int, str] | None:
            refusal: tuple[int, str] | None = (0, "")
            try:
                refusal = self._refused(request.order_ref) or told(request)
                return refusal
            finally:  # some refusals are raised
                name = NAME.fullmatch(request.order_ref)
                if refusal is not None and name is not None and name["role"] == "S":
                    self.refused.add(request.order_ref)

        def leave_ghost(order: Order) -> None:
            self.ghosts.add(order.perm_id)
            ghost(order)

        def transmitted(order: Order) -> None:
            name = named(order)
            self.exit_refused &= name is None or name["role"] != "X"
            if self.pending_stops and name is not None and name["role"] == "S":
                self.pending_stops -= 1
                self.pending.add(order.perm_id)
                order.transmitted = True
                announced(order)
            else:
                transmit(order)

        def announced(order: Order) -> None:
            if order.perm_id not in self.pending:
                announce(order)
                return
            order.status = Pending("PendingSubmit")
            broker.notices.opened(order)
            broker.notices.status(order)

        broker._told_to_refuse, broker._leave_ghost = told_to_refuse, leave_ghost
        broker._transmit, broker.exchange.announce = transmitted, announced

    def _refused(self, ref: str) -> tuple[int, str] | None:
        for number, (suffix, code, count) in enumerate(self._refusals):
            name = NAME.fullmatch(ref)
            if name is not None and f"{name['leg']}{name['role']}".endswith(suffix):
                self._refusals[number : number + 1] = [(suffix, code, count - 1)] if count > 1 else []
                self.refused.add(ref)
                self.exit_refused |= name["role"] == "X"
                if code == 201:
                    return code, "Order rejected - reason:the campaign refuses it"
                raise Refusal(code, "the campaign refuses it")
        return None

    # ------------------------------------------------------------------ when

    def _heard(self, way: str, kind: str, note: str) -> None:
        if note not in ("", "duplicated") and kind in MATTERS:
            self.lost_at = time.monotonic()
        self.id_faults |= kind == "placeOrder" and note != ""  # held up, or out of its turn
        if kind == "openOrderEnd" and note == "":
            self.forgotten_unasked = False
        if not self.bot.was_begun:
            return  # the first start is undisturbed
        self._counts[kind] += 1
        for fault in [fault for fault in self._faults if fault.kind == kind and fault.count == self._counts[kind]]:
            self._faults.remove(fault)
            if way == "in":
                self._do(fault)  # before the desk hears of it
            else:
                asyncio.get_running_loop().call_soon(self._do, fault)

    def _do(self, fault: Fault) -> None:
        self.done.append(fault.name)
        ALL[fault.name].do(self, random.Random(fault.pick))

    def after(self, pieces: int, action: Callable[[], Any]) -> None:
        """Do it after so many pieces of the market."""
        self._waiting.append((self.host.replay.pieces_done + pieces, action))

    async def piece(self) -> None:
        """One more piece, and what has come due with it."""
        await self.host.side.verbs.do("step 1")
        self._what_is_due()

    def stands(self) -> None:
        """The market stands while the bot starts; what lasts a number of pieces comes to its end all the same."""
        self._waiting = [(piece - 1, action) for piece, action in self._waiting]
        self._what_is_due()

    def _what_is_due(self) -> None:
        due = [each for each in self._waiting if each[0] <= self.host.replay.pieces_done]
        self._waiting = [each for each in self._waiting if each not in due]
        for _, action in due:
            action()

    # ------------------------------------------------------------------ what faults do

    def do(self, words: str) -> None:
        """A verb; one that finds no such order is none. One that takes time goes on beside."""
        verb = words.split()[0]
        self.id_faults |= "rollback" in words
        self.manual |= verb == "manual"
        self.forgot |= verb == "forget"
        self.forgotten_unasked |= verb == "forget"
        with contextlib.suppress(GatewayError):
            done = self.host.side.verbs.do(words)
            if inspect.isawaitable(done):
                self._under_way.add(asyncio.ensure_future(done))

    def clients(self) -> list[Any]:
        """The bot's session, if it is connected."""
        return [client for client in self.host.clients() if client.client_id == CLIENT]

    @property
    def orders(self) -> list[Order]:
        """The bot's orders that are not done, held back ones included."""
        return [order for order in self.host.broker.open_orders() if order.client_id == CLIENT]

    @property
    def net(self) -> int:
        """Signed contracts by the executions of the bot's orders."""
        return sum(each.shares * each.order.side for each in self._executions() if each.order.client_id == CLIENT)

    @property
    def legs(self) -> Counter[str]:
        """Signed contracts by the executions of the bot's orders, by intent and leg."""
        found: Counter[str] = Counter()
        for each in self._executions():
            if each.order.client_id == CLIENT and (name := named(each.order)) is not None:
                found[f"{name['intent']}-{name['leg']}"] += each.shares * each.order.side
        return found

    def _executions(self) -> list[Any]:
        """Each execution as it was last corrected."""
        return list({each.exec_id.rpartition(".")[0]: each for each in self.host.broker.exchange.executions}.values())

    @property
    def held(self) -> int:
        """Signed contracts of the account in any month."""
        return sum(position.contracts for account in self.host.broker.accounts.values() for position in account.positions.values())

    def pick(self, rng: random.Random, roles: str) -> Order | None:
        """One of the bot's live orders of one of these roles."""
        role = rng.choice(roles)
        found = [order for order in self.orders if (name := named(order)) is not None and name["role"] == role and order.transmitted]
        return rng.choice(found) if found else None

    def refuse(self, suffix: str, code: int, count: int) -> None:
        """Refuse the next orders whose name ends so (a role, or leg and role)."""
        self.id_faults |= code == 103
        self._refusals.append((suffix, code, count))

    def ids_forgotten(self, order_id: int, ref: str) -> None:
        """An order comes under an id and a name that are at work: a gateway that has forgotten the id takes a change for a new one."""
        self.ghosts |= {order.perm_id for order in self.orders if (order.order_id, order.request.order_ref) == (order_id, ref)}

    def moved_elsewhere(self, order: Order) -> None:
        """Another hand moves this stop."""
        name = named(order)
        assert name is not None
        self.moved.add((name["intent"], name["leg"]))

    def tell_bot(self, *words: Any) -> None:
        """Something of the machine that it runs on."""
        self.bot.send(*words)

    def kill_nine(self, after: int) -> None:
        """The process ends at once; it is started again after so many pieces."""
        self.bot.kill()
        self.close_asked_of = set()
        self.bot.restart_after = self.host.replay.pieces_done + after

    def kill_request(self) -> None:
        """A person kills."""
        if self.kill_asked_at is None:
            leave_request(self.bot.journal, "the campaign kills")
            self.kill_asked_at = time.monotonic()

    def close_request(self) -> None:
        """The strategy wants out of what it holds."""
        self.tell_bot("act", "close", 0)
        held = {leg for leg, net in self.legs.items() if net}
        if len({leg[:-2] for leg in held}) == 1 and self.bot.running and self.bot.begun.is_set():
            self.close_asked_at, self.close_asked_of = time.monotonic(), held

    def disk(self, full: bool) -> None:
        """Whether the bot's process can write files."""
        self._full = full
        self.bot.limit_files(full)

    def tell_truth(self) -> None:
        """The account tells the truth again."""
        self.position_told = None
        self.tell_position()

    def tell_position(self) -> None:
        """The account tells what it holds, unasked."""
        self.told_wrong_at = time.monotonic()
        for client in self.clients():
            for account in self.host.broker.accounts.values():
                client.subscriptions.send_position(account, self.host.instruments.front)

    def position(self, future: Any, account: str, contracts: int, cost: float) -> list[str]:
        """In place of messages.position."""
        return told_position(future, account, self._told(future, contracts), cost)

    def portfolio(self, future: Any, holding: messages.Holding, account: str) -> list[str]:
        """In place of messages.portfolio: who tells of a wrong position does so everywhere."""
        return told_portfolio(future, holding._replace(position=self._told(future, holding.position)), account)

    def _told(self, future: Any, contracts: int) -> int:
        return contracts if self.position_told is None or future is not self.host.instruments.front else self.position_told

    # ------------------------------------------------------------------ how it stands

    @property
    def up(self) -> bool:
        """Whether the bot can reach the broker, and the API takes orders."""
        clients, barred = self.clients(), self.host.delivery.telling.link_down or self.host.switches.read_only
        return bool(clients) and all(client.thawed.is_set() for client in clients) and not barred

    @property
    def takes(self) -> bool:
        """Whether the gateway takes a client that comes, and has its broker."""
        switches, host = self.host.switches, self.host
        refused = switches.hold_id_seconds or not host.listener.addresses() or any(not client.thawed.is_set() for client in host.clients())
        return not refused and not host.delivery.telling.link_down

    @property
    def losing(self) -> bool:
        """Whether frames about orders may be lost, held up or cut now."""
        rules = self.host.frame_faults
        return any(rule.kind in ORDER_FRAMES or rule.kind.startswith("req") for rule in rules.rules) or rules._chaos is not None

    def stop_faults(self) -> None:
        """Everything works again, and nothing more is to come."""
        self._faults, waiting = [], self._waiting
        self._waiting = []
        for _, action in waiting:
            action()
        for words in (
            "calm", "unmute", "deny off", "farm up", "farm up ushmds", "compete off", "readonly off", "thaw", "refuse off",
            "accept-silent off", "version-only off", "banner off", "hold-id 0", "session open", "commission normal", "zone off",
            "spread 1", "orders-while-down kept",
        ):  # fmt: skip
            self.do(words)
        if self.host.delivery.telling.link_down:
            self.do("err 1102")
        self._refusals, self.pending_stops = [], 0
        desk, switches, telling = self.host.broker.desk, self.host.switches, self.host.delivery.telling
        desk.rejections.clear()
        desk.ghost_modify = switches.drop_mid_bracket = switches.fill_on_cancel = switches.fill_on_modify = False
        switches.drop_after_place = ""
        telling.exec_first.clear()
        self.disk(full=False)
        if self.position_told is not None:
            self.tell_truth()


told_position, told_portfolio = messages.position, messages.portfolio
