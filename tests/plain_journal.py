"""Journals read with sqlite, zstandard and json alone, for judges who do not trust the product's own reader."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import zstandard


def plain(path: str | Path) -> sqlite3.Connection:
    """A read-only connection; `records` holds the body of each record, as it would if none of them were packed."""
    db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
    if not db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'packs'").fetchone()[0]:
        return db
    db.execute("BEGIN")  # one moment of a file that may grow
    bodies: dict[int, str] = {}
    for first, stream, packed in db.execute("SELECT first_seq, stream, bodies FROM packs ORDER BY first_seq"):
        if first == stream:
            frame = zstandard.ZstdDecompressor().decompressobj()
        bodies.update((seq, body.decode()) for seq, body in enumerate(frame.decompress(packed).split(b"\n"), first))
    db.create_function("of_pack", 1, bodies.get)
    db.execute(
        "CREATE TEMP TABLE records AS SELECT seq, ts_ns, wall_ns, kind, strategy, contract_set, coalesce(body, of_pack(seq)) AS body "
        "FROM main.records ORDER BY seq"
    )
    db.commit()
    return db
