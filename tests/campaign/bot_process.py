"""The bot's process as the campaign holds it: started, asked, killed, started again, and what it printed."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
from pathlib import Path
from typing import Any

from bot_side import Standing, Start, run

HUNG_SECONDS = 6.0  # without an answer the loop does not turn
NO_ROOM_BYTES = 1  # what a file may hold on a full disk
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["bot_side"])


class Hung(Exception):
    """It does not answer any more."""


class BotProcess:
    """One bot; `over` says why it ended by itself, "" if it has not. `restart_after` is the piece at which it is to be started again."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.restart_after: int | None = None
        self.begun = asyncio.Event()
        self.was_begun = False
        self.over: str | None = None
        self.printed = ""
        self._process: Any = None
        self._line: Any = None
        self._said: Any = None
        self._answers: asyncio.Queue[Standing] = asyncio.Queue()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.is_alive()

    def start(self, start: Start) -> None:
        """Begin a process; `begun` is set once it decides."""
        self._line, theirs = _context.Pipe()
        self._said, out = _context.Pipe(duplex=False)
        self.begun, self.over, self.restart_after, self._answers = asyncio.Event(), None, None, asyncio.Queue()
        self._process = _context.Process(target=run, args=(theirs, out, start), daemon=True)
        self._process.start()
        theirs.close()
        out.close()
        loop = asyncio.get_running_loop()
        os.set_blocking(self._said.fileno(), False)
        loop.add_reader(self._line.fileno(), self._hear)
        loop.add_reader(self._said.fileno(), self._read)

    def send(self, *words: Any) -> None:
        """Say something to it; nobody hears if it is gone."""
        with contextlib.suppress(OSError, AttributeError, ValueError):
            self._line.send(words)

    async def ask(self, frames: int, bar_ns: int, seconds: float) -> Standing | None:
        """How it stands once it has dealt with that, or the seconds are over; None if it is gone. Raises Hung."""
        while not self._answers.empty():
            self._answers.get_nowait()
        self.send("at", frames, bar_ns, seconds)
        try:
            async with asyncio.timeout(HUNG_SECONDS):
                while self.running and self.over is None:
                    with contextlib.suppress(TimeoutError):
                        return await asyncio.wait_for(self._answers.get(), 0.5)
                return None
        except TimeoutError:
            raise Hung(await self.stack()) from None

    async def stack(self) -> str:
        """Where its threads are."""
        before = len(self.printed)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGUSR1)
        await asyncio.sleep(0.3)
        return self.printed[before:]

    def limit_files(self, full: bool) -> None:
        """Let its writes fail, or not."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                limit = NO_ROOM_BYTES if full else resource.RLIM_INFINITY
                resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def kill(self) -> None:
        """kill -9."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join(5.0)
        self._forget()

    async def stop(self, seconds: float) -> bool:
        """Ask it to end; whether it did."""
        self.send("stop")
        until = asyncio.get_running_loop().time() + seconds
        while self.running and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
        ended = not self.running
        self.kill()
        return ended

    def _forget(self) -> None:
        loop = asyncio.get_running_loop()
        self._read()
        for pipe in (self._line, self._said):
            if pipe is not None and not pipe.closed:
                loop.remove_reader(pipe.fileno())
                pipe.close()
        self._process = None

    def _hear(self) -> None:
        try:
            words = self._line.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._line.fileno())
            return
        if isinstance(words, Standing):
            self._answers.put_nowait(words)
        elif words[0] == "begun":
            self.begun.set()
            self.was_begun = True
        elif words[0] == "over":
            self.over = words[1] or "it ended without being asked"

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self._said.fileno(), 65536):
                self.printed += data.decode(errors="replace")
            asyncio.get_running_loop().remove_reader(self._said.fileno())
