"""The hash chain of the journal: canonical bytes of records, and one SHA-256 per link.

A record's canonical form is the JSON array `[kind, contract hash, strategy, market ts, body]`
on one line. The body is the struct's JSON as msgspec writes it: fields in the order of
their declaration, keys of dicts sorted, floats shortest round-trip, nan as null, no
spaces; so equal values give equal bytes. A link is SHA-256 over the 32 bytes of the head
before it, its records' lines, and the line `["link", market ts]`. Wall time, paths, host
and the run header are in none of it.

A link ends at a record that something follows from (ENDS_LINK), so that none of those is
ever outside the chain; else with the minute, (t - 1 min, t], that its records are of. Its
market ts is that minute's end, so several links may have one. Where links end follows from
the records alone, never from when they were flushed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from bot.journal.records import Kind

ENDS_LINK = frozenset({Kind.INTENT, Kind.KILL, Kind.OPERATOR})
GENESIS = bytes(32)

encode = msgspec.json.Encoder(order="deterministic").encode
UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


def encoded(body: msgspec.Struct) -> tuple[msgspec.Struct, bytes]:
    """A body and its JSON. One that cannot be written becomes one that can: a record must not be lost by its words, least of all a kill."""
    try:
        return body, encode(body)
    except UNWRITABLE:
        body = readable(body)
        return body, encode(body)


def readable(value: Any) -> Any:
    """The same in what JSON can say: characters that UTF-8 has no bytes for are escaped, and what is no value stands by its type's name."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case msgspec.Struct():
            return type(value)(*(readable(getattr(value, name)) for name in value.__struct_fields__))
        case dict():
            return {readable(str(key)): readable(each) for key, each in value.items()}
        case list() | tuple():
            return [readable(each) for each in value]
    try:
        encode(value)
    except UNWRITABLE:
        return f"<{type(value).__name__}>"
    return value


def line_prefix(kind: str, contract_hash: str, strategy: str | None) -> bytes:
    """The part of a record's line that its market time and body follow."""
    return encode([kind, contract_hash, strategy])[:-1] + b","


def line(prefix: bytes, ts_ns: int, body: bytes) -> bytes:
    """A record's canonical line."""
    return b"%b%d,%b]\n" % (prefix, ts_ns, body)


def link_head(previous: bytes, lines: Iterable[bytes], ts_ns: int) -> bytes:
    """The head after a link (32 bytes). `ts_ns` is the market time the link was closed at."""
    return hashlib.sha256(b'%b%b["link",%d]\n' % (previous, b"".join(lines), ts_ns)).digest()
