"""Prints the head of a journal as if every run had the same contracts: their hash and the CONTRACTS record are masked.

Two builds decide alike if this head is equal, also when a contract file was only laid out anew. Links are those of the file.

    python scripts/masked_head.py out/journal.sqlite
"""

from __future__ import annotations

import sys
from itertools import islice

from bot.journal import chain
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.journal.records import Kind

MASK = "0" * 64
RECORDS = f"SELECT ts_ns, kind, strategy, CAST(body AS BLOB) FROM {WHOLE} ORDER BY seq"


def masked_head(path: str) -> str:
    """The masked head, hex. Raises JournalError if the file cannot be read."""
    head, last = chain.GENESIS, 0
    with opened(path) as db:
        records = iter(db.execute(RECORDS))
        for ts_ns, last_seq in db.execute("SELECT ts_ns, last_seq FROM links ORDER BY link"):
            head = chain.link_head(head, [_line(*row) for row in islice(records, last_seq - last)], ts_ns)
            last = last_seq
    return head.hex()


def _line(ts_ns: int, kind: str, strategy: str | None, body: bytes) -> bytes:
    return chain.line(chain.line_prefix(kind, MASK, strategy), ts_ns, b"{}" if kind == Kind.CONTRACTS else body)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(masked_head(name), name)
