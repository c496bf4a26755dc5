"""A person locks entries, or lets them pass again: the request to the bot that runs, and the record where none does.

Nothing that is open is touched: stops, targets and exits go on. A bot that runs also withdraws entries that still work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bot.contracts import Contracts
from bot.decision.snapshot import EntryLock
from bot.errors import MesbotError
from bot.journal.read import opened, read
from bot.journal.records import LOCK, UNLOCK, Kind, OperatorRecord
from bot.journal.run_lock import RunLock, held_by
from bot.journal.store import Journal
from bot.journal.times import new_york
from bot.node.journals import journals_of
from bot.node.kill import Asked, KillTargets, the_one
from bot.node.kill_request import ALLOW_ENTRIES, STOP_ENTRIES, leave_request, request_path, waiting_request, withdraw_request
from bot.node.status import JournalName, status_of
from bot.runtime.past import past_of
from bot.units import SECOND_NS

WAIT_SECONDS, POLL_SECONDS = 10.0, 0.05
REQUEST = {LOCK: STOP_ENTRIES, UNLOCK: ALLOW_ENTRIES}
DONE = {LOCK: "entries are locked until mesbot unlock", UNLOCK: "entries may pass again"}


class Done(NamedTuple):
    """What came of it: the journal that says so, and a sentence; `before` is the lock that stood already, in words, "" if none did."""

    path: Path
    said: str
    before: str = ""


def lock_entries(targets: KillTargets, state: Path, contracts: Callable[[], Contracts], reason: str) -> Done:
    """Lock the entries of the one that is meant, as `mesbot kill` finds it. `contracts` are read where no bot runs.

    Raises UsageError if several could be meant, MesbotError if it is not known to be locked; the request waits then.
    """
    asked = targets.ask(reason, STOP_ENTRIES)
    said = _answered(asked, LOCK) if asked.running else _recorded(state, asked.name, contracts, LOCK, reason)
    before = None
    with suppress(MesbotError):  # they are locked, whatever an earlier journal has come to
        before = _before_the_last((asked.path,) if asked.name is None else journals_of(state, *asked.name).earlier)
    if before is None:
        return Done(asked.path, said)
    return Done(
        asked.path,
        f"{said} They were locked already {before.told}; the new reason stands in its place, and both are journaled.",
        before.told,
    )


def unlock_entries(
    state: Path, names: Sequence[JournalName], replay: Path | None, contracts: Callable[[], Contracts], reason: str
) -> Done | None:
    """Let the entries of the one that is locked pass again; None if none is. Raises UsageError if several are, else as `lock_entries`."""
    locked = [name for name in names if _is_locked(journals_of(state, *name).earlier, name.path(state))]
    if replay is not None and not locked and _is_locked((replay,), replay):
        return Done(replay, _asked(Asked(None, replay, True, time.time_ns()), UNLOCK, reason))
    if not locked:
        return None
    name = the_one(locked)
    path = name.path(state)
    if held_by(path) is not None:
        return Done(path, _asked(Asked(name, path, True, time.time_ns()), UNLOCK, reason))
    return Done(path, _recorded(state, name, contracts, UNLOCK, reason))


def _is_locked(journals: Sequence[Path], path: Path) -> bool:
    return waiting_request(path, STOP_ENTRIES) is not None or past_of(journals).entry_lock is not None


def _before_the_last(journals: Sequence[Path]) -> EntryLock | None:
    """The lock that stood when the last one was journaled: a person's word before it, in the same year's journal or an earlier one."""
    said = []
    for path in journals:
        with opened(path) as db:
            said += [record for record in read(db, Kind.OPERATOR) if record.body["action"] in (LOCK, UNLOCK)]
    if len(said) < 2 or said[-2].body["action"] != LOCK:
        return None
    return EntryLock(said[-2].body["reason"], said[-2].ts_ns)


def _asked(asked: Asked, action: str, reason: str) -> str:
    leave_request(asked.path, reason, REQUEST[action])
    return _answered(asked, action)


def _answered(asked: Asked, action: str) -> str:
    """Wait until the bot has journaled it. Raises MesbotError if that has not come in time."""
    begun = time.monotonic()
    with opened(asked.path) as db:
        while time.monotonic() - begun < WAIT_SECONDS:
            (before,) = db.execute("SELECT coalesce(max(seq), 0) FROM records WHERE wall_ns < ?", (asked.begun_ns,)).fetchone()
            for record in read(db, Kind.OPERATOR, after_seq=before):
                if record.body["action"] == action:
                    (wall_ns,) = db.execute("SELECT wall_ns FROM records WHERE seq = ?", (record.seq,)).fetchone()
                    after = max(0, wall_ns - asked.begun_ns) / SECOND_NS
                    return f"{asked.label}: {DONE[action]} ({new_york(record.ts_ns)} New York, after {after:.2f} s)."
            time.sleep(POLL_SECONDS)
    raise MesbotError(
        f"{asked.label} has not answered within {WAIT_SECONDS:g} s; the request waits in {request_path(asked.path, REQUEST[action])}, "
        "and the bot or its next start carries it out. Look at mesbot status."
    )


def _recorded(state: Path, name: JournalName | None, contracts: Callable[[], Contracts], action: str, reason: str) -> str:
    """Nobody runs: the record is the latch. Raises JournalInUse if a bot has begun to run, MesbotError if it cannot be written."""
    assert name is not None, "a replay that does not run is never asked"
    path = name.path(state)
    with RunLock(path):
        each = status_of(state, name, contracts(), time.time_ns())
        if action == LOCK:  # what was asked for before must not end it with the next start
            withdraw_request(path, ALLOW_ENTRIES)
        header = {"account": each.account, "learning": True, "replayed_time": each.replayed, "continues": "", "verb": action}
        with Journal.append(each.path, each.mode.lower(), contracts(), header, time.time_ns, same_law=True) as journal:  # it changes no law
            journal.write_ahead(Kind.OPERATOR, each.as_of_ns, OperatorRecord(action, reason))
        if action == LOCK:
            with suppress(MesbotError):  # then the next start locks again
                withdraw_request(path, STOP_ENTRIES)
        else:
            withdraw_request(path, STOP_ENTRIES)
            withdraw_request(path, ALLOW_ENTRIES)
    return f"{name.mode} {name.account}: no bot runs; {DONE[action]}."
