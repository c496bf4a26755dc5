"""The notifier as a process: it follows one journal until it is asked to end, and the next year's when that begins."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.alerts.addresses import Address, addresses_of, heartbeat_of, wanted
from bot.alerts.child import READY
from bot.alerts.courier import STUCK_SECONDS
from bot.alerts.outbox import Message
from bot.alerts.place import place_path
from bot.alerts.watch import Settings, Watch
from bot.errors import MesbotError, UsageError
from bot.journal.run_lock import RunLock, held_by
from bot.masking import masked
from bot.node.journals import next_after
from bot.node.status import journal_names

POLL_SECONDS, TURN_SECONDS = 0.5, 30.0
LEAVE_SECONDS = 10.0
MOST_TIMES = 2  # the memory that it began with: more is a fault of a service's code, and ends this process before the unit's MemoryMax
# does, which would say nothing of why
MEMORY = Path("/proc/self/statm")
NOT_WANTED = (
    "Nothing says where alerts go; set MESBOT_ALERTS (one address a line, as apprise writes them), or MESBOT_ALERTS_FILE, "
    "or MESBOT_HEARTBEAT_URL."
)
HEARTBEAT_ALONE = (
    "MESBOT_HEARTBEAT_URL takes no message: it is asked once a minute while a run is followed and all is well. Set MESBOT_ALERTS (one "
    "address a line, as apprise writes them) to have one sent."
)
Say = Callable[[str], None]


def follow(path: Path | None, state: Path, settings: Settings, environ: Mapping[str, str], say: Say, stopping: threading.Event) -> None:
    """Tell of a journal until `stopping`; of the one that is written in the state folder, or was last, if none is named.

    Raises UsageError where the environment names no service, or one that cannot be; JournalInUse if another notifier tells of it.
    """
    if not wanted(environ):
        raise UsageError(NOT_WANTED)
    title = _Title()
    addresses, heartbeat = addresses_of(environ, title), heartbeat_of(environ)
    named, found = path is not None, path or _waited_for(state, say, stopping)
    watch: Watch | None = None
    while found is not None and not stopping.is_set():
        with RunLock(place_path(found)):
            before, watch = watch, Watch(found, settings, say, from_now=watch is None)
            watch.serve(addresses, heartbeat) if before is None else watch.take_over(before)
            title.watch = watch
            watch.turn(time.monotonic(), time.time_ns())
            say(f"Follows {found}.")
            after = _until_another(watch, state, stopping, named=named)
            if after is None:
                watch.leave(LEAVE_SECONDS)
            found = after


def tried(addresses: list[Address]) -> list[tuple[str, bool]]:
    """Send one message to each service: what may be said of it, and whether it took the message within STUCK_SECONDS."""
    from bot.alerts.alert import Level

    message = Message(Level.INFO, "This is a test of mesbot's alerts. Nothing has happened.")
    taken: dict[str, bool] = {}
    senders = [
        threading.Thread(target=lambda each: taken.update({each.name: each.send(message)}), args=(each,), daemon=True) for each in addresses
    ]
    for sender in senders:
        sender.start()
    until = time.monotonic() + STUCK_SECONDS
    for sender in senders:
        sender.join(max(until - time.monotonic(), 0.0))
    return [(each.name, taken.get(each.name, False)) for each in addresses]


def asked_to_end(*, lifeline: bool) -> threading.Event:
    """Set when somebody wants this process to end: by a signal; with `lifeline` also when whoever started it closes its input, or dies."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    if lifeline:
        threading.Thread(target=_wait_for_the_end, args=(stopping,), daemon=True).start()
    return stopping


def logged(log: Path) -> Say:
    """Into a log of bounded size, for this user alone, masked; times are UTC."""
    import logging
    from logging.handlers import RotatingFileHandler

    os.umask(0o077)
    handler = RotatingFileHandler(log, maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)sZ %(message)s", datefmt="%Y-%m-%dT%H:%M:%S"))
    handler.formatter.converter = time.gmtime
    logger = logging.getLogger("mesbot.alerts")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return lambda text: logger.info(masked(text))


def begun_beside(journal: Path) -> Say:
    """What a notifier beside a run says: the first thing tells the run that it may go on, then all goes into its log beside the journal.

    From then on it writes nothing to what it was started from, which may be a terminal or nobody.
    """
    log, told = logged(Path(f"{place_path(journal)}.log")), False

    def say(text: str) -> None:
        nonlocal told
        if not told:
            told = True
            print(READY, flush=True)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())
        log(text)

    return say


class _Title:
    """What heads a message; which run it is of is known later than the services."""

    def __init__(self) -> None:
        self.watch: Watch | None = None

    def __call__(self) -> str:
        return "mesbot" if self.watch is None else self.watch.title()


def _until_another(watch: Watch, state: Path, stopping: threading.Event, *, named: bool) -> Path | None:
    """Turn after turn; the journal to tell of next, None if the notifier is to end."""
    looked, begun_with = time.monotonic(), _memory()
    while not stopping.wait(POLL_SECONDS):
        now = time.monotonic()
        watch.turn(now, time.time_ns())
        if _memory() > MOST_TIMES * begun_with:
            raise MesbotError(f"The notifier takes {MOST_TIMES} times the memory that it began with; it ends, to be started again.")
        if now - looked >= TURN_SECONDS:
            looked = now
            another = next_after(watch.path) if named else _newest(state)
            if another is not None and another != watch.path and held_by(watch.path) is None:
                watch.turn(now, time.time_ns())  # its last words
                return another
    return None


def _memory() -> int:
    """What this process has in memory of its own, in pages; where the system does not say so, the most that it ever had, in its unit.

    Pages of libraries are none of its own: how many of them are there is the system's business, and differs by 130 MB.
    """
    if MEMORY.exists():
        resident, shared = MEMORY.read_text(encoding="ascii").split()[1:3]
        return int(resident) - int(shared)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # of a process that another began, that one's too


def _newest(state: Path) -> Path | None:
    """The journal that a process writes; if none does, the one that was written last; None if there is none."""
    paths = [name.path(state) for name in journal_names(state)]
    return max(paths, key=lambda path: (held_by(path) is not None, path.stat().st_mtime_ns), default=None)


def _waited_for(state: Path, say: Say, stopping: threading.Event) -> Path | None:
    told = False
    while (found := _newest(state)) is None and not stopping.wait(POLL_SECONDS):
        if not told:
            say(f"Waits for a journal in {state}.")
            told = True
    return found


def _wait_for_the_end(stopping: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not through its buffer, whose lock Python's end would wait for
        pass
    stopping.set()
