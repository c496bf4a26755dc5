"""What a seed's journal must say, read by SQL alone and compared with the gateway's executions."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from checkers import Breach
from plain_journal import plain
from venue import CLIENT, Venue

ENDS_LINK_TS = '["link",%d]\n'


def journal_breaches(path: Path, venue: Venue) -> Iterator[Breach]:
    """What of the journal does not hold."""
    with plain(path) as db:
        yield from _chain(db)
        yield from _fills(db, venue)
        yield from _kills(db)
        yield from _entries(db)


def _rows(db: sqlite3.Connection, kind: str) -> list[tuple[int, dict]]:
    rows = db.execute("SELECT seq, body FROM records WHERE kind = ? ORDER BY seq", (kind,)).fetchall()
    return [(seq, json.loads(body)) for seq, body in rows]


def _chain(db: sqlite3.Connection) -> Iterator[Breach]:
    """Every link's head follows from the one before and its records, as the schema describes it."""
    records = db.execute(
        "SELECT seq, ts_ns, kind, strategy, sha256, body FROM records JOIN contract_sets USING (contract_set) ORDER BY seq"
    ).fetchall()
    head, done = bytes(32), 0
    for number, (link, ts_ns, last_seq, told) in enumerate(db.execute("SELECT link, ts_ns, last_seq, head FROM links ORDER BY link"), 1):
        lines = []
        for seq, at_ns, kind, strategy, sha256, body in records[done:last_seq]:
            start = json.dumps([kind, sha256, strategy], separators=(",", ":"), ensure_ascii=False)[:-1]
            lines.append(f"{start},{at_ns},{body}]\n")
            if seq != len(lines) + done:
                yield Breach("journal chain", f"record {seq} stands where {len(lines) + done} was expected")
                return
        head = hashlib.sha256(head + "".join(lines).encode() + (ENDS_LINK_TS % ts_ns).encode()).digest()
        if link != number or head.hex() != told:
            yield Breach("journal chain", f"link {link} does not follow from its records")
            return
        done = last_seq


def _fills(db: sqlite3.Connection, venue: Venue) -> Iterator[Breach]:
    """Every execution of an order of ours once, and none that was not."""
    told = Counter(body["trade_id"] for _, body in _rows(db, "fill") if not body["trade_id"].startswith("elsewhere-"))
    ours = [each for each in venue.host.broker.exchange.executions if each.order.client_id == CLIENT]
    known = {each.exec_id.rpartition(".")[0]: each for each in ours}
    twice = [name for name, count in told.items() if count > 1]
    if twice:
        yield Breach("fill twice", f"{twice[0]} is in the journal {told[twice[0]]} times")
    lost = [name for name, each in known.items() if name not in told and each.order.perm_id not in venue.ghosts]
    if lost and not venue.forgot:
        yield Breach("fill lost", f"{known[lost[0]].order.request.order_ref} filled as {lost[0]}, and the journal does not say so")
    invented = [name for name in told if name not in known]
    if invented:
        yield Breach("fill invented", f"the journal has a fill {invented[0]} that the gateway does not know")


def _kills(db: sqlite3.Connection) -> Iterator[Breach]:
    """An outcome says KILL only after a kill."""
    tripped = next((seq for seq, body in _rows(db, "kill") if body["state"] == "TRIPPED"), None)
    for seq, body in _rows(db, "outcome"):
        if not body["shadow"] and body["exit_reason"] == "KILL" and (tripped is None or tripped > seq):
            yield Breach("KILL without a kill", f"{body['trade_id']} ended by KILL, and the switch had not tripped")
            return


def _entries(db: sqlite3.Connection) -> Iterator[Breach]:
    """No entry is sent after the switch has tripped, and none without its intent ahead of it."""
    tripped = next((seq for seq, body in _rows(db, "kill") if body["state"] == "TRIPPED"), None)
    intents = {body["intent_id"]: seq for seq, body in reversed(_rows(db, "intent"))}
    for seq, body in _rows(db, "order event"):
        if body["role"] != "ENTRY" or body["event"] != "OrderSubmitted":
            continue
        if intents.get(body["intent_id"], seq) >= seq:
            yield Breach("intent ahead", f"{body['client_order_id']} was submitted, and its intent was not in the journal")
            return
        if tripped is not None and seq > tripped and intents[body["intent_id"]] > tripped:
            yield Breach("entry after a kill", f"{body['client_order_id']} was submitted after the switch had tripped")
            return
