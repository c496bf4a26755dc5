"""What a run says, to a screen or into a log, when nobody can take it: a full disk, a reader that is gone, a terminal that was closed.

None of that ends a run or keeps an order from leaving. What could not be written is not written later; the journal has it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator

STDERR = 2
CHUNK = 65_536  # bytes
DRAIN_SECONDS = 1.0


def unbroken[*Words](tell: Callable[[*Words], None]) -> Callable[[*Words], None]:
    """`tell`, whose failure to write nobody hears of; rich leaves the program by SystemExit when a pipe's reader has gone."""

    def told(*words: *Words) -> None:
        with contextlib.suppress(OSError, ValueError, SystemExit):
            tell(*words)

    return told


@contextlib.contextmanager
def sturdy_stderr() -> Iterator[None]:
    """Whoever writes to descriptor 2 writes into a pipe, which is passed on as far as it can be: Nautilus' logger, which is not Python,
    ends the process by SIGABRT where a line cannot be written. Python's own sys.stderr goes where it went.
    """
    try:
        kept = os.dup(STDERR)
    except OSError:  # it is closed, which that logger takes for written
        yield
        return
    reading, writing = os.pipe()
    os.dup2(writing, STDERR)
    os.close(writing)
    pump = threading.Thread(target=_pass_on, args=(reading, kept), name="mesbot-stderr", daemon=True)
    pump.start()
    before = sys.stderr, sys.__stderr__
    own = open(  # noqa: SIM115 (it is used until the end)
        kept, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    sys.stderr, sys.__stderr__ = own if sys.stderr is sys.__stderr__ else sys.stderr, own
    try:
        yield
    finally:
        sys.stderr, sys.__stderr__ = before
        os.dup2(kept, STDERR)
        pump.join(DRAIN_SECONDS)
        with contextlib.suppress(OSError):
            own.close()


def _pass_on(reading: int, to: int) -> None:
    """Until nobody has the pipe's other end any more; both descriptors are closed then."""
    while data := os.read(reading, CHUNK):
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(to, data) :]
    os.close(reading)
    os.close(to)
