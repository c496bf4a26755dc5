"""One client's connection: handshake, startApi, requests in, messages out. Dies with its socket; the broker does not."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable

from bot.gateway import messages
from bot.gateway.answers import ANSWERS
from bot.gateway.broker import Refusal
from bot.gateway.client import Client
from bot.gateway.error_texts import text_of
from bot.gateway.errors import FieldError, WireError
from bot.gateway.intercepts import intercept
from bot.gateway.requests import Request, decode_request, kind_of, reference_of
from bot.gateway.simulation import Simulation
from bot.gateway.subscriptions import Subscriptions
from bot.gateway.wire import agreed_version, encode_frame, read_frame, read_hello
from bot.units import SECOND_NS

RATE_PER_SECOND, RATE_BURST = 50.0, 100.0  # of requests; a burst is what two seconds allow
START_NOTICES = (2104, 2106, 2158)
BROKEN = {2104: ("farm_down", 2103), 2106: ("history_farm_down", 2105)}  # of a farm that is: its fault, and what is said instead
REORDER_SECONDS = 0.25  # a held-back message goes alone if none follows


class Session(Client):
    """A connected client. `client_id` is None until startApi."""

    def __init__(self, simulation: Simulation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.simulation = simulation
        self.number = number
        self.client_id: int | None = None
        self.binds_manual_orders = False
        self.market_data_type = 1
        self.frames_sent = 0  # the version frame included
        self.requests_read = 0  # after startApi, those that a fault swallows included
        self.subscriptions = Subscriptions(self.send, simulation.broker.accounts, lambda: simulation.now_ns)
        self.thawed = asyncio.Event()
        self.thawed.set()
        self._reader, self._writer = reader, writer
        self._buffer = bytearray()
        self._dropped = False
        self._held: list[tuple[list[str], str]] = []
        self._loop = asyncio.get_running_loop()
        self._way_seconds = simulation.config.round_trip_seconds / 2
        self._allowance, self._allowance_at = RATE_BURST, self._loop.time()

    # --------------------------------------------------------------------------- life

    async def run(self) -> None:
        """Serve until the client or a fault ends it. Never raises for what a client sends."""
        try:
            if await self._shake_hands():
                while (fields := await read_frame(self._reader)) is not None:
                    await self.thawed.wait()
                    if self._dropped or not self._within_rate():
                        break
                    self._after_its_way(lambda fields=fields: self.receive(fields))
        except WireError as error:
            self._log("in", "garbage", [], str(error))
        except ConnectionError:
            pass
        finally:
            self.simulation.forget(self)
            self._flush()
            self._writer.close()

    def drop(self) -> None:
        """Close the socket at once, sending what is already written; what has arrived and is unread is lost."""
        self._dropped = True
        self._flush()
        self._writer.close()

    @property
    def frozen(self) -> bool:
        """See Client."""
        return not self.thawed.is_set()

    def freeze(self) -> None:
        """A fault: neither read nor write any more, without closing."""
        self.thawed.clear()

    def thaw(self) -> None:
        """End of freeze; what was to be written goes out."""
        self.thawed.set()
        self._flush()

    async def drained(self) -> None:
        """Wait until the client has taken what was sent, one second at most; a frozen one is not waited for."""
        if self.frozen:
            return
        self._flush()
        with contextlib.suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(self._writer.drain(), 1.0)

    async def _shake_hands(self) -> bool:
        switches = self.simulation.switches
        if switches.banner:
            self._writer.write(switches.banner.encode())
        if switches.accept_silent:
            await self._reader.read()  # until the client gives up
            return False
        hello = await read_hello(self._reader)
        if hello is None:
            return False
        version = agreed_version(hello)
        self._log("in", "hello", [f"v{hello.lowest}..{hello.highest}"])
        self.send([str(version), f"{dt.datetime.fromtimestamp(self.simulation.now_ns / SECOND_NS, dt.UTC):%Y%m%d %H:%M:%S} UTC"], "version")
        if switches.version_only:
            await self._reader.read()
            return False
        fields = await read_frame(self._reader)
        if fields is None:
            return False
        request = decode_request(fields)
        self._log("in", request.kind, fields)
        if request.kind != "startApi":
            raise WireError(f"the first request is {request.kind}; it must be startApi")
        return self._start(request["clientId"])

    def _start(self, client_id: int) -> bool:
        if not self.simulation.admit(self, client_id):
            self.send(messages.error(-1, 326, text_of(326)))
            return False
        self.client_id = client_id
        self.send(messages.managed_accounts(self.simulation.broker.accounts))
        self.send(messages.next_valid_id(self.simulation.broker.next_id(client_id)))
        for code in START_NOTICES:
            fault, broken = BROKEN.get(code, ("", code))
            told = broken if fault and getattr(self.simulation.feed.faults, fault) else code
            self.send(messages.error(-1, told, text_of(told)))
        return True

    # ----------------------------------------------------------------------- requests

    def _after_its_way(self, arrive: Callable[[], None]) -> None:
        """What is on the wire arrives half a round trip later, in its order."""
        if self._way_seconds:
            self._loop.call_later(self._way_seconds, arrive)
        else:
            arrive()

    def receive(self, fields: list[str]) -> None:
        """One request, through the faults of requests."""
        self.requests_read += 1
        kind = kind_of(fields)
        frame_faults = self.simulation.frame_faults
        if not frame_faults.active:
            self._answer(kind, fields, "")
            return
        for delay, changed, note in frame_faults.apply(kind, fields):
            if changed is None:
                self._log("in", kind, fields, note)
            elif delay:
                self._loop.call_later(delay, self._answer, kind, changed, note)
            else:
                self._answer(kind, changed, note)

    def _answer(self, kind: str, fields: list[str], note: str) -> None:
        self._log("in", kind, fields, note)
        try:
            request = decode_request(fields)
        except FieldError as error:
            self._log("in", kind, fields, f"refused: {error}")
            self.send(messages.error(reference_of(fields), 321, f"Error validating request:-'b{fields[0]}' : cause - {error}"))
            return
        try:
            if not intercept(self.simulation, self, request):
                ANSWERS[request.kind](self.simulation, self, request)
        except Refusal as refusal:
            self.refuse(request, refusal)

    def refuse(self, request: Request, refusal: Refusal) -> None:
        """Answer a request with an error under its own id."""
        self.send(messages.error(request.reference, refusal.code, refusal.text, refusal.advanced_json))

    def _within_rate(self) -> bool:
        now = self._loop.time()
        self._allowance = min(RATE_BURST, self._allowance + (now - self._allowance_at) * RATE_PER_SECOND)
        self._allowance_at = now
        self._allowance -= 1
        if self._allowance >= 0 or not self.simulation.config.limit_rate:
            return True
        self.send(messages.error(-1, 100, text_of(100)))
        return False

    # ----------------------------------------------------------------------- messages

    def send(self, fields: list[str], kind: str = "") -> None:
        """One message, through the faults of messages; written when the loop comes round."""
        kind = kind or messages.KINDS[fields[0]]
        frame_faults = self.simulation.frame_faults
        if not frame_faults.active:
            self._write(kind, fields, "")
            return
        for delay, changed, note in frame_faults.apply(kind, fields):
            if changed is None:
                self._log("out", kind, fields, note)
            elif note == "reordered":
                self._held.append((changed, kind))
                self._loop.call_later(REORDER_SECONDS, self._release_held)
            elif delay:
                self._loop.call_later(delay, self._write, kind, changed, note)
            else:
                self._write(kind, changed, note)
                self._release_held()

    def _release_held(self) -> None:
        held, self._held = self._held, []
        for fields, kind in held:
            self._write(kind, fields, "reordered")

    def _write(self, kind: str, fields: list[str], note: str) -> None:
        self._log("out", kind, fields, note)
        self.frames_sent += 1
        self._after_its_way(lambda: self._put(encode_frame(fields)))

    def _put(self, frame: bytes) -> None:
        if not self._buffer:
            self._loop.call_soon(self._flush)
        self._buffer += frame

    def _flush(self) -> None:
        if self._buffer and self.thawed.is_set() and not self._writer.is_closing():
            self._writer.write(bytes(self._buffer))
            self._buffer.clear()

    def _log(self, way: str, kind: str, fields: list[str], note: str = "") -> None:
        self.simulation.frames.write(
            market_ns=self.simulation.now_ns, session=self.number, client=self.client_id, way=way, kind=kind, fields=fields, note=note
        )
