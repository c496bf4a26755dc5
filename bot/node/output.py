"""What a run says, to a screen or into a log, when nobody takes it: a full disk, a reader that is gone, a terminal that stands still.

None of that ends a run, keeps an order from leaving or has the event loop wait. What could not be written is not written later; the
journal has it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TextIO

STDERR = 2
CHUNK = 65_536  # bytes that are read at once
MOST_WAITING = 1_000_000  # characters, or bytes; what comes on top of them is left out
DRAIN_SECONDS = 1.0


def unbroken[*Words](tell: Callable[[*Words], None]) -> Callable[[*Words], None]:
    """`tell`, whose failure to write nobody hears of; rich leaves the program by SystemExit when a pipe's reader has gone."""

    def told(*words: *Words) -> None:
        with contextlib.suppress(OSError, ValueError, SystemExit):
            tell(*words)

    return told


class Outlet[Part: (str, bytes)]:
    """Passes on what is put in, in order, from a thread of its own: who puts it in waits for nobody, and hears of no failure."""

    def __init__(self, write: Callable[[Part], object]) -> None:
        self._write = write
        self._parts: deque[Part] = deque()
        self._waiting, self._closed = 0, False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._pass_on, name="mesbot-outlet", daemon=True)
        self._thread.start()

    def put(self, part: Part) -> None:
        """Pass this on when it is its turn, unless too much waits already."""
        with self._changed:
            if self._waiting + len(part) <= MOST_WAITING:
                self._parts.append(part)
                self._waiting += len(part)
                self._changed.notify()

    def close(self) -> bool:
        """Nothing more comes; whether all of it has been passed on within a moment."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(DRAIN_SECONDS)
        return not self._thread.is_alive()

    def _pass_on(self) -> None:
        while True:
            with self._changed:
                while not (self._parts or self._closed):
                    self._changed.wait()
                if not self._parts:
                    return
                part = self._parts.popleft()
                self._waiting -= len(part)
            unbroken(self._write)(part)


class Screen:
    """A stream of text through an outlet; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._outlet: Outlet[str] = Outlet(self._show)

    def _show(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def write(self, text: str) -> int:
        """Shown soon; the length of the text."""
        self._outlet.put(text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits for it."""

    def close(self) -> None:
        """What waits is shown; the stream stays open."""
        self._outlet.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def sturdy_stderr() -> Iterator[None]:
    """Whoever writes to descriptor 2 writes into a pipe that is always read, and passed on as far as it can be: Nautilus' logger, which is
    not Python, ends the process by SIGABRT where a line cannot be written.
    """
    try:
        kept = os.dup(STDERR)
    except OSError:  # it is closed, which that logger takes for written
        yield
        return
    reading, writing = os.pipe()
    os.dup2(writing, STDERR)
    os.close(writing)
    outlet: Outlet[bytes] = Outlet(lambda data: _write_all(kept, data))
    reader = threading.Thread(target=_read, args=(reading, outlet), name="mesbot-stderr", daemon=True)
    reader.start()
    try:
        yield
    finally:
        os.dup2(kept, STDERR)
        reader.join(DRAIN_SECONDS)  # a process that was started meanwhile may hold the pipe
        if outlet.close():
            os.close(kept)


def _read(reading: int, outlet: Outlet[bytes]) -> None:
    """Until nobody has the pipe's other end any more."""
    while data := os.read(reading, CHUNK):
        outlet.put(data)
    os.close(reading)


def _write_all(to: int, data: bytes) -> None:
    while data:
        data = data[os.write(to, data) :]
