"""SIGTERM as Ctrl-C is: an exception in what runs, so that a verb can say what is done and how it goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.errors import Interrupted, Terminated


class AskedToEnd(KeyboardInterrupt):
    """What is raised for SIGTERM; whoever ends by Ctrl-C ends by this, too."""


def ended_by(asked: BaseException | None, said: str) -> Interrupted:
    """What a verb ends with that was interrupted: these words, and the exit code of the signal, Ctrl-C where it is not known."""
    return Terminated(said) if isinstance(asked, AskedToEnd) else Interrupted(said)


@contextmanager
def heard() -> Iterator[None]:
    """While this lasts SIGTERM raises AskedToEnd; whoever ignores it, or has taken it already, is left alone.

    Outside of the main thread, which alone is told of signals, nothing is taken.
    """
    takes = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if takes:
        _came.clear()
        signal.signal(signal.SIGTERM, _asked)
    try:
        yield
    except KeyboardInterrupt as error:
        if _came and not isinstance(error, AskedToEnd):  # a library has made its own of it
            raise AskedToEnd from None
        raise
    finally:
        if takes and signal.getsignal(signal.SIGTERM) is _asked:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


_came: list[int] = []


def _asked(number: int, _: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: what is being ended must not be ended again
    _came.append(number)
    raise AskedToEnd


@contextmanager
def both_wait() -> Iterator[None]:
    """Ctrl-C and SIGTERM while this lasts count at its end, as they would have before: what runs must not be broken off in its midst.

    A library that wants one of them for itself meanwhile does not get it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in (signal.SIGINT, signal.SIGTERM)}
    take = signal.signal
    signal.signal = lambda number, handler: signal.getsignal(number) if number in before else take(number, handler)
    try:
        yield
    finally:
        signal.signal = take
        for each, taken in before.items():
            signal.signal(each, taken)
    for number in came[:1]:
        signal.raise_signal(number)
