"""The gateway put together: host, side channel and script. `async with Gateway(config) as gateway:` runs it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from bot.gateway.config import GatewayConfig
from bot.gateway.errors import GatewayError
from bot.gateway.host import Host
from bot.gateway.script import Line, Script
from bot.gateway.sidechannel import SideChannel


class Gateway(Host):
    """One simulated IB Gateway. Everything runs on one event loop; state ends with the object, not with its sockets."""

    def __init__(self, config: GatewayConfig) -> None:
        super().__init__(config, on_time=self.run_script, on_end=self.say_ended)
        self.script = Script(config.script, self.date, (config.start_ns, config.end_ns), config.script_name)
        self.say: Callable[[str], None] = lambda _: None  # takes lines for whoever sits at the gateway's terminal
        self.side = SideChannel(self)
        self._tasks: list[asyncio.Task[Any]] = []

    # --------------------------------------------------------------------------- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen and run. Raises GatewayError if a port is taken."""
        await self.listener.open(self.config.host, self.config.port)
        if self.config.side_port is not None:
            await self.side.open(self.config.side_port)
        if self.config.begin == "at-once":
            self.clock.go()
        self._tasks.append(asyncio.create_task(self.replay.run(), name="gateway replay"))

    async def stop(self) -> None:
        """Close every socket and end every task. Raises what the replay died of, if it did."""
        for task in self._tasks:
            task.cancel()
        endings = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.side.close()
        await self.listener.close()
        self.frames.close()
        for ending in endings:
            if isinstance(ending, Exception):
                raise ending

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self.listener.port

    @property
    def side_port(self) -> int:
        """The side channel's port. Raises GatewayError if there is none."""
        return self.side.port

    @property
    def broken(self) -> bool:
        """Whether the replay has died of an error, which `stop` will raise."""
        return any(task.done() and not task.cancelled() and task.exception() for task in self._tasks)

    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: clients' port, then the side channel's."""
        return [*self.listener.addresses(), *self.side.addresses()]

    # ------------------------------------------------------------------------- the replay

    def run_script(self) -> None:
        """Faults of the script whose time has come."""
        for line in self.script.due(self.now_ns):
            try:
                done = self.side.verbs.do(line.words)
            except GatewayError as error:
                self._cannot(line, error)
                continue
            if inspect.isawaitable(done):
                self._tasks.append(asyncio.ensure_future(self._finish(line, done)))

    async def _finish(self, line: Line, done: Awaitable[Any]) -> None:
        """A verb that takes time."""
        try:
            await done
        except GatewayError as error:
            self._cannot(line, error)

    def _cannot(self, line: Line, error: GatewayError) -> None:
        self.say(f"{line.where}: {error}")
        self.side.broadcast({"event": "script", "words": line.words, "error": str(error)})

    def say_ended(self) -> None:
        """The replay is through: the side channel's clients are told."""
        self.side.broadcast({"event": "ended", "ts_ns": self.now_ns})
