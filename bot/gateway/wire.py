"""Framing and handshake of the TWS socket protocol: length-prefixed frames of NUL-terminated fields.

Source: EClient of the official API and recorded sessions. Text only (server versions below 201).
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Iterable
from typing import NamedTuple

from bot.gateway.errors import WireError

SERVER_VERSION = 176
MAGIC = b"API\0"
MAX_FRAME_BYTES = 1 << 20  # of a request; the longest real one has a few hundred bytes
_HELLO = re.compile(r"v(\d{1,4})(?:\.\.(\d{1,4}))?(?: .*)?")


class Hello(NamedTuple):
    """What a client offers in its first frame: the lowest and highest server version it understands."""

    lowest: int
    highest: int


def encode_frame(fields: Iterable[str]) -> bytes:
    """One frame: uint32 big-endian length, then each field with its NUL."""
    payload = "".join([f"{field}\0" for field in fields]).encode()
    return struct.pack(">I", len(payload)) + payload


def decode_payload(payload: bytes) -> list[str]:
    """The fields of a frame's payload. Raises WireError if it is not text or its last field has no NUL."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise WireError("a frame is not UTF-8 text; protobuf starts at server version 201, which was not agreed on") from None
    if not text.endswith("\0"):
        raise WireError("a frame does not end with NUL; each field has its NUL, the last too")
    return text[:-1].split("\0")


async def read_frame(reader: asyncio.StreamReader) -> list[str] | None:
    """The next frame's fields; None if the peer has closed. Raises WireError for what is not a frame."""
    payload = await _read_payload(reader)
    return None if payload is None else decode_payload(payload)


async def read_hello(reader: asyncio.StreamReader) -> Hello | None:
    """The client's `API\\0` and version offer; None if it closed before. Raises WireError for anything else."""
    try:
        magic = await reader.readexactly(len(MAGIC))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise WireError(f"the first bytes are {error.partial!r}, not {MAGIC!r}; this port speaks the TWS API") from None
        return None
    if magic != MAGIC:
        raise WireError(f"the first bytes are {magic!r}, not {MAGIC!r}; this port speaks the TWS API")
    payload = await _read_payload(reader)
    if payload is None:
        return None
    offer = payload.decode("latin-1")
    match = _HELLO.fullmatch(offer)
    if match is None:
        raise WireError(f"the version offer is {offer[:40]!r}; it must look like v157..176")
    lowest = int(match[1])
    return Hello(lowest, int(match[2] or lowest))


def agreed_version(hello: Hello) -> int:
    """min(the client's highest, 176). Raises WireError if that is not 176: this server has one dialect."""
    version = min(hello.highest, SERVER_VERSION)
    if version < SERVER_VERSION or hello.lowest > SERVER_VERSION:
        raise WireError(f"the client offers v{hello.lowest}..{hello.highest}; this gateway speaks version {SERVER_VERSION} only")
    return version


async def _read_payload(reader: asyncio.StreamReader) -> bytes | None:
    try:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        if not 0 < length <= MAX_FRAME_BYTES:
            raise WireError(f"a frame claims {length} bytes; 1 to {MAX_FRAME_BYTES} are possible")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
