"""The TCP server that clients connect to. Bound to the loopback unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import errno

from bot.gateway.errors import GatewayError
from bot.gateway.session import Session
from bot.gateway.simulation import Simulation


class Listener:
    """Accepts clients; can refuse for a while (a fault) and listen on the same port again."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.port = 0
        self._host = ""
        self._server: asyncio.Server | None = None
        self._count = 0
        self._sessions: dict[Session, asyncio.Task[None]] = {}

    def addresses(self) -> list[tuple[str, int]]:
        """The addresses it listens on now."""
        return [each.getsockname()[:2] for each in self._server.sockets] if self._server is not None else []

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises GatewayError if the port is taken or may not be used."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            raise GatewayError(port_fault(host, port, error)) from None
        self._host, self.port = host, self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Connections are refused until `reopen`; those there are stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def reopen(self) -> None:
        """Listen again on the same port."""
        if self._server is None:
            await self.open(self._host, self.port)

    def drop_all(self) -> None:
        """Close every client's socket."""
        for session in list(self._sessions):
            session.drop()

    async def close(self) -> None:
        """Refuse, drop, and wait for the sessions to end."""
        await self.refuse()
        self.drop_all()
        tasks = list(self._sessions.values())
        for session in list(self._sessions):
            session.thaw()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def session_of(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Session:
        """What serves a new connection."""
        return Session(self.simulation, reader, writer, number)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        session = self.session_of(reader, writer, self._count)
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        try:
            await session.run()
        except asyncio.CancelledError:
            pass  # the gateway is stopping; asyncio.start_server would log it as an error
        finally:
            self._sessions.pop(session, None)


def port_fault(host: str, port: int, error: OSError) -> str:
    """One sentence: why one cannot listen there and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken (a TWS, a Gateway or another mesbot?); stop that program or choose another --port."
    return f"Port {port} on {host} cannot be listened on ({error.strerror}); choose another --port."
