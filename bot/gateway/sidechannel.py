"""The side channel: newline-delimited JSON on a loopback port of its own.

Requests are objects, each answered by one object with the same `id` (any JSON value, optional):
  {"do": "err 1100"}        a fault or a command in words; answered {"ok": true, …} or {"ok": false, "error": "…"}
  {"ask": "truth"}          clock, accounts, positions, orders, executions as the broker knows them
  {"attach": "minute"}      this connection takes part in the lockstep; barriers come as {"event": "barrier", …};
                            {"attach": "piece"} for a barrier after every five seconds, not only every minute
  {"ready": 17, "requests": {"1": 311}}   the attached node is done with barrier 17, and has sent so many requests by then (after
                            startApi, by client id; may be left out: then none is waited for); not answered
The end of the tape comes to everyone as {"event": "ended"}, a line of the script that cannot be done as
{"event": "script"}. No authentication: loopback only.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from typing import Any

from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.lockstep import Counts, Party
from bot.gateway.truth import truth
from bot.gateway.words import Verbs

HOST = "127.0.0.1"
LINE_LIMIT = 1 << 20


class SideChannel:
    """The server of the side channel; several may be connected."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.verbs = Verbs(host)
        self._server: asyncio.Server | None = None
        self._writers: dict[asyncio.StreamWriter, asyncio.Task[Any] | None] = {}
        self._port = 0

    @property
    def port(self) -> int:
        """Where it listens. Raises GatewayError if it does not."""
        if not self._port:
            raise GatewayError("This gateway has no side channel; give it a side port.")
        return self._port

    def addresses(self) -> list[tuple[str, int]]:
        """The addresses it listens on now."""
        return [each.getsockname()[:2] for each in self._server.sockets] if self._server is not None else []

    async def open(self, port: int) -> None:
        """Listen on the loopback. Raises GatewayError if the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, HOST, port, limit=LINE_LIMIT)
        except OSError as error:
            raise GatewayError(f"Side port {port} cannot be listened on ({error.strerror}); choose another --side-port.") from None
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Close every connection."""
        if self._server is not None:
            self._server.close()
        for writer, task in list(self._writers.items()):
            writer.close()
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def broadcast(self, event: dict[str, Any]) -> None:
        """Tell everyone who is connected."""
        for writer in self._writers:
            _write(writer, event)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers[writer] = asyncio.current_task()
        party: Party | None = None
        try:
            while line := await reader.readline():
                party = await self._handle(line, writer, party)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass
        finally:
            if party is not None:
                self.host.lockstep.detach(party)
            self._writers.pop(writer, None)
            writer.close()

    async def _handle(self, line: bytes, writer: asyncio.StreamWriter, party: Party | None) -> Party | None:
        reference = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise GatewayError('A line must be a JSON object, such as {"ask": "truth"}.')
            reference = request.get("id")
            if party is not None and "ready" in request:
                self.host.lockstep.ready(party, int(request["ready"]), _counts(request.get("requests", {})))
                return party
            if "attach" in request:
                party = party or self.host.lockstep.attach(lambda event: _write(writer, event), every_piece=request["attach"] == "piece")
                answer: dict[str, Any] = {}
            else:
                answer = await self._answer(request)
        except (GatewayError, ValueError) as error:  # bad JSON is a ValueError too
            _write(writer, {"id": reference, "ok": False, "error": str(error)})
            return party
        _write(writer, {"id": reference, "ok": True, **answer})
        return party

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "ask" in request:
            return truth(self.host)
        if "do" not in request:
            raise GatewayError(f"{sorted(request)} asks for nothing; a line has one of do, ask, attach, ready.")
        done = self.verbs.do(str(request["do"]))
        return (await done if inspect.isawaitable(done) else done) or {}


def _counts(value: Any) -> Counts:
    """Raises GatewayError for anything but whole numbers by name."""
    if isinstance(value, dict) and all(type(count) is int for count in value.values()):
        return value
    raise GatewayError(f'{value!r} counts no requests; it must look like {{"1": 311}}: a client id, and how many it has sent.')


def _write(writer: asyncio.StreamWriter, value: dict[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")
