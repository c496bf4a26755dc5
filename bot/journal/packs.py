"""Bodies of bars and decisions, the many records, as they lie in the file: compressed together, 0.3 kB a bar instead of 3.3.

The one home for both directions. Nothing is lost: what comes out is, byte for byte, the canonical JSON that went in, and the hash chain
is over that. All other records keep their bodies as text, beside sequence, time, kind and strategy, which every record has as columns.

A pack holds the bodies of consecutive records, a line each; the line of a record that has its own body is empty. One transaction writes
a pack with its records. The packs of a stream are one frame of Zstandard (RFC 8878), each the blocks that were flushed with it: what
repeats from bar to bar is written once in a stream, and a pack is read by its stream up to itself. `crc32` is over the stored bytes.

What a file of the first schema holds is all text; the same SQL reads both (WHOLE), on a connection that has been `taught` to.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import NamedTuple

import zstandard

from bot.errors import JournalBroken
from bot.journal.records import Kind

PACKED = frozenset({Kind.BAR, Kind.DECISION})
WHOLE = "(SELECT seq, ts_ns, wall_ns, kind, strategy, contract_set, coalesce(body, body_of(seq)) AS body FROM records)"
"""All records with their bodies, for use after FROM; conditions on it reach the table and its indexes."""


def whole_of(kind: Kind) -> str:
    """All records of a packed kind, for use after FROM by what takes a body apart: LIMIT has each unpacked once, not once a column."""
    return f"(SELECT seq, ts_ns, strategy, kind, coalesce(body, body_of(seq)) AS body FROM records WHERE kind = '{kind}' LIMIT -1)"


FAILED = "user-defined function raised exception"  # all that SQLite says when a body cannot be told; `Bodies.fault` says why
STREAM_BYTES = 256 * 1024  # of bodies; a reader who wants one bar unpacks no more than that, or one transaction of a backtest
_LEVEL = 1  # the quickest that is small: 3 takes half as long again for no less

_PACK_OF = "SELECT first_seq, stream FROM packs WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1"
_OF_STREAM = "SELECT first_seq, stream, crc32, bodies FROM packs WHERE stream = ? AND first_seq BETWEEN ? AND ? ORDER BY first_seq"
_ALL = "SELECT first_seq, stream FROM packs ORDER BY first_seq"
_BODIES_BESIDE = "SELECT seq, body IS NULL FROM records WHERE seq BETWEEN ? AND ? ORDER BY seq"
_BARE = "SELECT seq FROM records WHERE body IS NULL AND seq > ? ORDER BY seq LIMIT 1"


class Pack(NamedTuple):
    """A row of the table; `stream` is the first sequence of the first pack of its stream."""

    first_seq: int
    stream: int
    crc32: int
    bodies: bytes


class Packer:
    """Makes packs, in the order of their records."""

    def __init__(self) -> None:
        self._stream = self._size = 0
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False, write_content_size=False)
        self._frame = self._compressor.compressobj()

    def pack(self, first_seq: int, bodies: list[bytes]) -> Pack:
        """The pack of these bodies, the first of which is that record's; b"" stands for a record that has its own."""
        text = b"\n".join(bodies)
        if not self._stream or self._size + len(text) > STREAM_BYTES:
            self._stream, self._size = first_seq, 0
            self._frame = self._compressor.compressobj()
        self._size += len(text)
        packed = self._frame.compress(text) + self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        return Pack(first_seq, self._stream, zlib.crc32(packed), packed)


class Bodies:
    """The packed bodies of an open file. The stream that was read last is kept, so that reading on costs no more than its bytes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.fault = ""  # why the last body could not be told: SQLite says only that something failed
        self._stream, self._frame = 0, zstandard.ZstdDecompressor().decompressobj()
        self._lines: dict[int, list[bytes]] = {}  # of the stream, by first sequence
        self._first, self._last = 0, -1  # of the pack that was read last, and its bodies
        self._pack: list[bytes] = []

    def of(self, seq: int) -> str:
        """The body of a record that has none of its own. Raises JournalBroken if it is in no pack, or its pack is damaged."""
        if not self._first <= seq <= self._last:
            try:
                self._turn_to(seq)
            except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:  # what a damaged page makes of a row
                raise self._broken(f"the pack of record {seq} cannot be read ({' '.join(str(error).split())})") from error
        body = self._pack[seq - self._first]
        if not body:
            raise self._broken(f"the body of record {seq} is missing")
        return body.decode()

    def _turn_to(self, seq: int) -> None:
        first, stream = self._db.execute(_PACK_OF, (seq,)).fetchone() or (0, 0)
        if not first:
            raise self._broken(f"the body of record {seq} is missing")
        self._pack = self.read(first, stream)
        self._first, self._last = first, first + len(self._pack) - 1
        if seq > self._last:
            raise self._broken(f"the body of record {seq} is missing")

    def read(self, first: int, stream: int) -> list[bytes]:
        """The bodies of the pack that begins there, a line each. Raises JournalBroken if it or one before it in its stream is damaged."""
        if stream != self._stream:
            self._stream, self._lines, self._frame = stream, {}, zstandard.ZstdDecompressor().decompressobj()
        if first not in self._lines:
            after = max(self._lines, default=0) + 1
            for row in self._db.execute(_OF_STREAM, (stream, after, first)).fetchall():
                self._lines[row[0]] = self._unpacked(Pack(*row))
        if stream not in self._lines or first not in self._lines:
            raise self._broken(f"the pack of record {first} is of no stream")
        return self._lines[first]

    def _unpacked(self, pack: Pack) -> list[bytes]:
        if zlib.crc32(pack.bodies) != pack.crc32:
            raise self._broken(f"the pack of record {pack.first_seq} is damaged")
        try:
            text = self._frame.decompress(pack.bodies)
            text.decode()
        except (zstandard.ZstdError, UnicodeDecodeError):
            raise self._broken(f"the pack of record {pack.first_seq} is damaged") from None
        return text.split(b"\n")

    def _broken(self, fault: str) -> JournalBroken:
        """What was read of a stream that breaks is not trusted again."""
        self._stream, self._lines, self._first, self._last = 0, {}, 0, -1
        self.fault = fault
        return JournalBroken(fault)

    def faults(self) -> str:
        """What is wrong with the packs of a file of this schema: damage, or a body too many or too few; "" if nothing is."""
        last = 0
        try:
            for first, stream in self._db.execute(_ALL).fetchall():
                if first <= last:
                    return f"the pack of record {first} overlaps the one before"
                (bare,) = self._db.execute(_BARE, (last,)).fetchone() or (first,)
                if bare < first:
                    return f"the body of record {bare} is missing"
                lines = self.read(first, stream)
                last = first + len(lines) - 1
                beside = self._db.execute(_BODIES_BESIDE, (first, last)).fetchall()
                if beside != [(first + place, int(bool(line))) for place, line in enumerate(lines)]:
                    return f"the pack of record {first} does not fit the records that it is of"
        except (JournalBroken, TypeError, ValueError, OverflowError) as error:
            return str(error)
        bare = self._db.execute(_BARE, (last,)).fetchone()
        return "" if bare is None else f"the body of record {bare[0]} is missing"


def taught(db: sqlite3.Connection) -> Bodies:
    """Give a connection the function `body_of`, which WHOLE and the views of a journal ask; and what it asks in turn."""
    bodies = Bodies(db)
    db.create_function("body_of", 1, bodies.of)
    return bodies
