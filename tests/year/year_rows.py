"""Reads journals with sqlite, zstandard and json alone: what a judge outside the product may look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from plain_journal import plain


class Row(NamedTuple):
    """One record of a journal. `ts` is market time, UTC ns."""

    ts: int
    kind: str
    strategy: str | None
    body: dict[str, Any]


def journals(home: Path) -> list[Path]:
    """The journals of a state folder, oldest first."""
    return sorted((home / "journals").glob("paper-*.sqlite"))


def rows(home: Path, *kinds: str) -> Iterator[Row]:
    """Records of these kinds over all journals, in order."""
    for path in journals(home):
        with closing(plain(path)) as db:
            wanted = ", ".join("?" * len(kinds))
            for ts, kind, strategy, body in db.execute(
                f"SELECT ts_ns, kind, strategy, body FROM records WHERE kind IN ({wanted}) ORDER BY seq", kinds
            ):
                yield Row(ts, kind, strategy, json.loads(body))


def kill_state(home: Path) -> str:
    """Where the kill switch stands; "" if it was never tripped."""
    return next((row.body["state"] for row in reversed(list(rows(home, "kill")))), "")
