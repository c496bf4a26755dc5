"""Whether the last run of a journal came to its end, and what it said of itself then."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.journal.run_lock import held_by
from bot.journal.times import new_york

END = "end"  # what a run says of itself when it ends: a row of its own after its header, outside the chain
DEMO = "demo"  # in the header of a run: what a session of `mesbot demo` shows; no other run has it
OPEN = "open"  # in it: a sentence for each position that was open


def interrupted(path: Path, db: sqlite3.Connection, headers: Sequence[Mapping[str, Any]]) -> str:
    """A sentence if the last run never said that it ended and nobody runs it now; "" if it did, or still runs.

    What a person did by a verb alone is no run. A run that was gone on with is whole when the later one is.
    """
    runs = [header for header in headers if "verb" not in header]
    if not runs or END in runs[-1] or held_by(path) is not None:
        return ""
    (last_ns,) = db.execute("SELECT ts_ns FROM records ORDER BY seq DESC LIMIT 1").fetchone() or (0,)
    until = f"; its last record is of {new_york(last_ns)} New York" if last_ns else ""
    remedy = "the next start goes on from here" if "account" in runs[-1] else "a replay is not gone on with: the next one begins anew"
    if runs[-1]["mode"] == "backtest":
        remedy = "the same command with --resume goes on with it"
    return f"INTERRUPTED: the run did not come to its end{until}. What is here holds; {remedy}."


def open_at_end(headers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What was still open when the last run ended, a sentence each."""
    return tuple(headers[-1].get(END, {}).get(OPEN, ())) if headers else ()
