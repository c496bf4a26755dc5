"""The kill switch's state as journal and latch hold it together: the stricter of both, and what a person is told of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec

from bot.decision.snapshot import KillState
from bot.errors import JournalBroken
from bot.journal import schema
from bot.journal.latch import Latch, Latched, latch_path, state_of
from bot.journal.records import KillRecord, Kind

# A TRIPPED switch still has something to leave, so it is the strictest.
_STRICTNESS = (KillState.ARMED, KillState.HALTED, KillState.FLAT, KillState.TRIPPED)
_LAST_KILL = f"SELECT CAST(body AS BLOB) FROM records WHERE kind = '{Kind.KILL}' AND {schema.RARE} ORDER BY seq DESC LIMIT 1"
_LAST_LATCHED = f"SELECT max(seq) FROM records WHERE kind IN ('{Kind.KILL}', '{Kind.OPERATOR}') AND {schema.RARE}"
_ITS_LINK = f"SELECT link, head FROM links WHERE last_seq >= ({_LAST_LATCHED}) ORDER BY link LIMIT 1"
_OF_AN_ACCOUNT = "SELECT count(*) FROM runs WHERE json_valid(body) AND json_extract(body, '$.account') <> ''"


class KillStanding(NamedTuple):
    """The state in force with its reason, and sentences for a person about the latch; none if there is nothing to tell."""

    state: KillState
    reason: str
    told: tuple[str, ...] = ()


def stricter(one: KillState, other: KillState) -> KillState:
    """Of two states the one that forbids more."""
    return max(one, other, key=_STRICTNESS.index)


def journaled(db: sqlite3.Connection) -> Latched:
    """What a journal itself says, in the words of a latch; state None if it holds no kill record."""
    kill, link = db.execute(_LAST_KILL).fetchone(), db.execute(_ITS_LINK).fetchone() or (0, "")
    if kill is None:
        return Latched(None, "", *link)
    body = msgspec.json.decode(kill[0], type=dict)
    return Latched(state_of(body.get("state")), str(body.get("reason", "")), *link)


def standing(path: Path, db: sqlite3.Connection, said: Latched | None, journal: KillStanding) -> KillStanding:
    """The state in force of a file whose records leave it at `journal`, and whose latch, read before the file, has `said` this."""
    if said is None:
        return journal._replace(told=(*journal.told, *_missing(path, db, journal.state)))
    fault = f"{latch_path(path)} {said.fault}" if said.fault else ""
    state = journal.state if said.state is None else stricter(said.state, journal.state)
    remedy = "it stays so until `mesbot resume --reason ...`, which writes the latch anew; look at the account first."
    if state is journal.state:
        told = f"{fault}; the journal says {state} by itself, and the next start writes the latch anew." if fault else ""
        return journal._replace(told=(*journal.told, told) if told else journal.told)
    why = fault or f"{path} leaves its kill switch {journal.state}, its latch {state} ({said.reason}): not both could be written"
    told = f"{why}. The kill switch is {state}; {remedy}"
    return KillStanding(state, said.reason, (*journal.told, told))


def latch_of(path: Path, db: sqlite3.Connection, said: Latched | None) -> tuple[Latch, KillRecord | None]:
    """The latch to write beside a verified journal, and the kill record that the journal lacks: only the latch, which `said` it, knew.

    Raises JournalError if there is no room for the latch.
    """
    word = journaled(db)
    journal = KillStanding(word.state or KillState.ARMED, word.reason)
    now = standing(path, db, said, journal)
    if now.state is journal.state:
        return Latch.of(path, word), None
    latch = Latch.of(path, msgspec.structs.replace(word, state=now.state, reason=now.reason))
    return latch, KillRecord(now.state, now.reason, "the latch beside the journal says so")


def require_link(path: Path, db: sqlite3.Connection, said: Latched | None) -> None:
    """Raises JournalBroken if the link that a latch names is not in the journal: it was cut or replaced."""
    if said is None or not said.link:
        return
    found = None if schema.is_empty(db) else db.execute("SELECT head FROM links WHERE link = ?", (said.link,)).fetchone()
    if found != (said.head,):
        differs = "is not in the file" if found is None else f"has the head {str(found[0])[:16]} in the file"
        raise JournalBroken(
            f"{path} is broken: link {said.link} with the head {said.head[:16]}, which {latch_path(path).name} beside it names as that of "
            f"the last kill or operator record, {differs}; the journal was cut or replaced. Put the whole journal back, or, "
            "if it is lost, look at the account, move both files away and begin anew."
        )


def _missing(path: Path, db: sqlite3.Connection, state: KillState) -> tuple[str, ...]:
    """A journal of an account that has something to latch has a latch beside it; others (of backtests and replays) never had one."""
    if schema.is_empty(db) or not db.execute(_OF_AN_ACCOUNT).fetchone()[0] or db.execute(_LAST_LATCHED).fetchone()[0] is None:
        return ()
    return (f"{latch_path(path)} is missing, so the journal alone says that the kill switch is {state}; the next start makes it anew.",)
