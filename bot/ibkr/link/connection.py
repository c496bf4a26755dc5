"""One socket to the gateway, from open to close: the only module that loads ib_insync (or ib_async).

The library encodes, decodes and transports; what a message means is not left to it. A tap on its wrapper's methods hands every
decoded message, in wire order, to our own listeners *instead* of to the library, which would swallow fills of orders it has not
seen, end live orders on any error, and change the order objects it was given.

Never used here: nest_asyncio, util.run, a synchronous method of IB, Watchdog.
"""

# long because: one socket, and nobody else may touch the library
from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import re
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from bot.ibkr.errors import (
    BrokerError,
    ClientIdInUse,
    ConnectionLost,
    GatewayNotResponding,
    GatewayUnreachable,
    ProtocolError,
    UnreadableAnswer,
)
from bot.ibkr.link.classify import NO_LIVE_IDS, classify_request
from bot.ibkr.link.ids import IdSource
from bot.ibkr.link.pacing import MessageLimiter
from bot.ibkr.link.settings import LinkSettings
from bot.ibkr.link.taps import DecoderAlarm, Listener, Taps
from bot.ibkr.link.unreadable import BY_NAME, DATA, Key, number_of, spoiled
from bot.units import SECOND_NS

TAPPED = (
    "openOrder", "openOrderEnd", "orderStatus", "execDetails", "execDetailsEnd", "commissionReport", "completedOrder",
    "completedOrdersEnd", "error", "realtimeBar", "priceSizeTick", "tickSize", "marketDataType", "position", "positionEnd",
    "updateAccountValue", "updatePortfolio", "accountDownloadEnd", "currentTime", "contractDetails", "contractDetailsEnd",
    "historicalData", "historicalDataEnd", "managedAccounts", "nextValidId",
)  # fmt: skip
UNHEARD = ("tickString", "tickGeneric", "tickReqParams", "historicalDataUpdate", "updateAccountTime", "orderBound")
COLLECTED = {"contractDetails": 0, "historicalData": 0, "execDetails": 0}  # message of an answer -> place of its request id
FINISHED = ("contractDetailsEnd", "historicalDataEnd", "execDetailsEnd")
NAMED = {"openOrder": "openOrderEnd", "completedOrder": "completedOrdersEnd", "position": "positionEnd", "currentTime": "currentTime"}
NAMED_ENDS = frozenset(NAMED.values()) | {"accountDownloadEnd"}
EXECUTION, EXECUTION_TIME = 11, 15  # the message's number, and the place of its time
Pending = tuple[asyncio.Future[list[Any]], list[Any]]  # an answer that is awaited, and what of it has come


def load_ib() -> ModuleType:
    """The client library, loaded inside the running event loop, which it is told of first.

    The library asks the loop *policy* for its loop, at import and later; without this call a
    Nautilus process has none, or a dead one.
    """
    asyncio.set_event_loop(asyncio.get_running_loop())
    try:
        import ib_insync as library
    except ImportError:
        import ib_async as library
    getattr(library.util.getLoop, "cache_clear", lambda: None)()  # ib_async 2.0.1 keeps the first loop it ever saw
    log = logging.getLogger(library.__name__)
    log.propagate = False  # what it says is heard through the tap and the alarm below
    log.addHandler(logging.NullHandler())
    return library


class Connection:
    """A socket, and the requests on it: each is answered, or raises BrokerError, within `request_timeout_seconds`."""

    def __init__(self, library: ModuleType, taps: Taps, settings: LinkSettings, on_closed: Callable[[], None]) -> None:
        self.library = library
        self.alive = False
        self.now_ns: Callable[[], int] = time.time_ns  # market time, for what comes without a time that can be read
        self._unread_times: set[str] = set()
        self._taps, self._settings, self._on_closed = taps, settings, on_closed
        self._timeout = settings.request_timeout_seconds
        self._pending: dict[int | str, Pending] = {}
        self._ib = library.IB()
        self._client = self._ib.client
        self._client.MaxRequests = 0  # the limit is ours
        self._limiter: MessageLimiter | None = None
        self.requests_sent = 0  # since the handshake
        self._id_in_use = False
        self._closed_early = asyncio.Event()
        self._alarm = DecoderAlarm(self._unread)
        self._fields: list[str] = []  # of the message that is being read
        self._spoiled: set[Key] = set()  # answers under way of which a message could not be read
        self.ids: IdSource | None = None

    @property
    def frames_read(self) -> int:
        """Messages read from this socket so far, the version frame included."""
        return self._client._numMsgRecv

    @property
    def requests_waiting(self) -> int:
        """Requests that the limit holds back for now."""
        return 0 if self._limiter is None else self._limiter.waiting

    # --------------------------------------------------------------- open, close

    async def open(self) -> list[str]:
        """Connect and shake hands; the accounts managed. Raises GatewayUnreachable, GatewayNotResponding or ClientIdInUse."""
        loop, settings = asyncio.get_running_loop(), self._settings
        host, port, client_id, timeout_seconds = settings.host, settings.port, settings.client_id, settings.connect_timeout_seconds
        self._limiter = MessageLimiter(settings.messages_per_second, loop.time, loop.call_later)
        self._tap(settings.zone)
        self._ib.wrapper.clientId = client_id
        self._client.apiError += lambda _: self._closed_early.set()
        task = asyncio.ensure_future(self._client.connectAsync(host, port, client_id, timeout_seconds))
        early = asyncio.ensure_future(self._closed_early.wait())
        try:
            await asyncio.wait({task, early}, timeout=timeout_seconds + 1, return_when=asyncio.FIRST_COMPLETED)
            if not self._client.isReady():
                raise await self._why_not(task, f"{host}:{port}")
        except BaseException:
            self.close()
            raise
        finally:
            for each in (task, early):
                each.cancel()
        self.alive = True
        return list(self._client.getAccounts())

    async def _why_not(self, task: asyncio.Future[None], where: str) -> BrokerError:
        if self._id_in_use:
            return ClientIdInUse(f"our client id is in use at {where}", code=326)
        if not task.done() or task.cancelled() or task.exception() is None:  # it answered, and hung up in the same turn of the loop
            return GatewayNotResponding(f"{where} closed the connection during the handshake")
        error = task.exception()
        if isinstance(error, TimeoutError):
            return GatewayNotResponding(f"{where} accepted the connection but did not answer")
        return GatewayUnreachable(f"nothing answers at {where} ({_refusal(error)})")

    @property
    def first_id(self) -> int:
        """The order id that the gateway offered at the handshake, or one above."""
        return int(self._client.getReqId())

    def close(self) -> None:
        """Hang up. Pending requests end with ConnectionLost; listeners hear nothing more."""
        self.alive = False
        logging.getLogger(f"{self.library.__name__}.Decoder").removeHandler(self._alarm)
        for name in TAPPED:
            setattr(self._ib.wrapper, name, _deaf)
        self._fail_pending()
        transport = self._client.conn.transport
        self._client.disconnect()
        if transport is not None:
            transport.abort()

    def _closed(self) -> None:
        if self.alive:
            self.alive = False
            self._fail_pending()
            self._on_closed()

    def _fail_pending(self) -> None:
        if self._limiter is not None:
            self._limiter.clear()
        for future, _ in self._pending.values():
            if not future.done():
                future.set_exception(ConnectionLost("the connection closed while a request was under way"))
                future.exception()  # whoever waited hears of it; nobody need
        self._pending.clear()

    def _tap(self, zone: str) -> None:
        wrapper = self._ib.wrapper
        if hasattr(self._ib, "TimezoneTWS"):
            self._ib.TimezoneTWS = ZoneInfo(zone)
        logging.getLogger(f"{self.library.__name__}.Decoder").addHandler(self._alarm)
        for name in TAPPED:
            setattr(wrapper, name, self._hook(name))
        for name in UNHEARD:
            setattr(wrapper, name, _deaf)
        interpret = self._client.decoder.interpret
        self._client.decoder.interpret = lambda fields: self._read(fields, interpret)
        handlers = self._client.decoder.handlers
        decode = handlers[EXECUTION]
        handlers[EXECUTION] = lambda fields: self._executed(decode, fields)
        wrapper.connectionClosed = self._closed

    def _read(self, fields: list[str], interpret: Callable[[list[str]], None]) -> None:
        self._fields = fields
        interpret(fields)

    def _unread(self, text: str) -> None:
        """A message could not be read: the answers that it may have belonged to are none, and are asked for again by who asked."""
        number, answers = number_of(self._fields), spoiled(self._fields, self._pending)
        self._spoiled |= answers
        self._taps.tell("garbled", text, not answers and number not in DATA)

    def _executed(self, decode: Callable[[list[str]], None], fields: list[str]) -> None:
        """An execution that cannot be decoded is told as that: what is held is not known then."""
        try:
            decode(self._dated(fields))
        except Exception as error:
            self._taps.tell("unreadExecution", f"{type(error).__name__}: {error}")
            raise

    def _dated(self, fields: list[str]) -> list[str]:
        """An execution must not be lost for the way its time is written: one that cannot be read counts as of now, and is told once."""
        written = fields[EXECUTION_TIME]
        try:
            if not isinstance(self.library.util.parseIBDatetime(written), dt.datetime):
                raise ValueError("no time of day")
        except Exception as error:  # an unknown zone, or a form that nobody knows yet
            if written.rpartition(" ")[2] not in self._unread_times:
                self._unread_times.add(written.rpartition(" ")[2])
                text = f"the time {written!r} of an execution cannot be read here ({error}), so it counts as executed now"
                self._taps.fail(ProtocolError(text))
            now = dt.datetime.fromtimestamp(self.now_ns() // SECOND_NS, dt.UTC)
            return [*fields[:EXECUTION_TIME], f"{now:%Y%m%d %H:%M:%S} UTC", *fields[EXECUTION_TIME + 1 :]]
        return fields

    def _hook(self, name: str) -> Listener:
        def hook(*arguments: Any) -> None:
            if name == "error":
                self._failed(*arguments[:3])
            if name not in self._spoiled and not self._taps.tell(name, *arguments) and name in BY_NAME:
                self._spoiled |= spoiled([str(BY_NAME[name]), *map(str, arguments[:1])], self._pending)
            self._collect(name, arguments)

        return hook

    # ------------------------------------------------------------------ requests

    def send(self, request: str, *arguments: Any) -> None:
        """Send a request (a method of the library's client) when the limit allows. Raises ConnectionLost."""
        self.send_together([(request, *arguments)])

    def send_together(self, requests: list[tuple[Any, ...]]) -> None:
        """Send requests in one piece when the limit allows all of them: nothing of ours comes between. Raises ConnectionLost."""
        if not self.alive or self._limiter is None:
            raise ConnectionLost("there is no connection to the gateway")
        self._limiter.send(lambda: self._put(requests), len(requests))

    def _put(self, requests: list[tuple[Any, ...]]) -> None:
        pieces: list[bytes] = []
        write = self._client.conn.sendMsg
        self._client.conn.sendMsg = pieces.append
        try:
            for request, *arguments in requests if self._client.isConnected() else ():
                getattr(self._client, request)(*arguments)
        finally:
            self._client.conn.sendMsg = write
        self.requests_sent += len(pieces)
        write(b"".join(pieces))

    async def ask(self, request: str, *arguments: Any, timeout_seconds: float | None = None) -> list[Any]:
        """Send a request with an id of its own first, and collect its answer.

        Raises a BrokerError: what the broker answered, GatewayNotResponding after the timeout, ConnectionLost.
        """
        assert self.ids is not None, "ids are known once the account is"
        number = self.ids.request_id()
        return await self._answer(number, request, (number, *arguments), timeout_seconds)

    async def what_if(self, contract: Any, order: Any) -> Any:
        """What an order marked whatIf would do, as the broker's order state. Raises BrokerError; ValueError for one without that mark."""
        if order.whatIf is not True:
            raise ValueError("only a question goes this way")
        assert self.ids is not None, "ids are known once the account is"
        order.orderId = self.ids.order_id()
        (state,) = await self._answer(order.orderId, "placeOrder", (order.orderId, contract, order), None)
        return state

    async def ask_named(
        self, request: str, end: str, *arguments: Any, anew: bool = False, timeout_seconds: float | None = None
    ) -> list[Any]:
        """Send a request without an id whose answer ends with message `end`; who asks meanwhile shares the answer.

        With `anew` the answer is to a request sent after what was sent before this call.
        """
        timeout = timeout_seconds or self._timeout
        while (under_way := self._pending.get(end)) is not None:
            items = await self._waited(under_way, request, timeout)
            if not anew:
                return items
        return await self._answer(end, request, arguments, timeout)

    async def _answer(self, key: int | str, request: str, arguments: tuple[Any, ...], timeout: float | None) -> list[Any]:
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        pending = self._pending[key] = (future, [])
        self._spoiled.discard(key)
        try:
            self.send(request, *arguments)
            return await self._waited(pending, request, timeout or self._timeout)
        finally:
            if self._pending.get(key) is pending:
                del self._pending[key]
            if not future.done():  # given up: whoever shares it must not wait for longer
                future.set_exception(GatewayNotResponding(f"{request} was not answered"))
                future.exception()

    async def _waited(self, pending: Pending, request: str, timeout: float) -> list[Any]:
        future, items = pending
        try:
            await asyncio.wait_for(asyncio.shield(future), timeout)
        except TimeoutError:
            raise GatewayNotResponding(f"{request} was not answered within {timeout:g} s") from None
        return items

    def _collect(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in COLLECTED:
            pending = self._pending.get(arguments[0])
            if pending is not None:
                pending[1].append(arguments[1])
        elif name in FINISHED:
            self._finish(arguments[0])
        elif name == "openOrder" and arguments[2].whatIf and arguments[0] in self._pending:
            self._pending[arguments[0]][1].append(arguments[3])
            self._finish(arguments[0])
            return
        if (end := NAMED.get(name)) in self._pending:
            self._pending[end][1].append(arguments)
        if name in NAMED_ENDS:
            self._finish(name)

    def _finish(self, key: int | str) -> None:
        pending = self._pending.pop(key, None)
        if pending is None or pending[0].done():
            return
        if key in self._spoiled:
            pending[0].set_exception(
                UnreadableAnswer("a part of an answer could not be read, so what is not in it may be there all the same")
            )
            pending[0].exception()  # whoever waited hears of it
        else:
            pending[0].set_result(pending[1])

    def _failed(self, number: int, code: int, text: str) -> None:
        if code == 326:
            self._id_in_use = True
            self._closed_early.set()
        pending = self._pending.get(number) if number not in NO_LIVE_IDS else None
        if pending is not None and not pending[0].done() and not 2100 <= code < 2200:
            rule = classify_request(code, text)
            error = (rule.error or BrokerError)(text, code=code)
            pending[0].set_exception(error)
            pending[0].exception()


def _refusal(error: BaseException | None) -> str:
    """What the system said, without the address that it puts into it."""
    number = re.search(r"Errno (\d+)", str(error))
    return os.strerror(int(number[1])) if number else getattr(error, "strerror", None) or type(error).__name__


def _deaf(*_: Any) -> None:
    """What a closed connection still had to say."""
