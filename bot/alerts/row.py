"""What a follower has read: records and headers, whatever kinds a later version may write."""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    """A record. `ts_ns` is market time, `wall_ns` when it was written (UTC ns); `kind` may be one that this version does not know."""

    seq: int
    ts_ns: int
    wall_ns: int
    kind: str
    strategy: str | None
    body: dict[str, Any]


class Header(NamedTuple):
    """A row of the runs' table: the beginning of a run, its end, or what a verb alone did."""

    run: int
    wall_ns: int
    body: dict[str, Any]
