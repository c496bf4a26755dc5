"""Framing and handshake."""

from __future__ import annotations

import asyncio

import pytest
from gateway_harness import on_a_loop, running
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.errors import WireError
from bot.gateway.wire import Hello, agreed_version, encode_frame, read_frame, read_hello

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


@given(st.lists(st.lists(TEXT, min_size=1), min_size=1, max_size=5))
def test_frames_come_back_as_they_went(frames):
    async def read_all():
        reader = fed(b"".join(encode_frame(frame) for frame in frames))
        return [await read_frame(reader) for _ in frames], await read_frame(reader)

    read, after = asyncio.run(read_all())
    assert read == frames
    assert after is None


def test_a_frame_is_length_and_nul_terminated_fields():
    assert encode_frame(["49", "1"]) == b"\x00\x00\x00\x0549\x001\x00"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x00\x00\x00\x0349\x01", "NUL"),
        (b"\xff\xff\xff\xff" + b"x" * 10, "claims 4294967295 bytes"),
        (b"\x00\x00\x00\x00", "claims 0 bytes"),
        (b"\x00\x00\x00\x02\xff\x00", "UTF-8"),
    ],
)
@on_a_loop
async def test_what_is_no_frame_is_refused(data, complaint):
    with pytest.raises(WireError, match=complaint):
        await read_frame(fed(data))


@on_a_loop
async def test_a_frame_that_breaks_off_is_an_end():
    assert await read_frame(fed(b"\x00\x00\x00\x0949\x00")) is None


@pytest.mark.parametrize(
    ("offer", "hello"),
    [(b"v157..176", Hello(157, 176)), (b"v100..223 +PACEAPI", Hello(100, 223)), (b"v176", Hello(176, 176))],
)
@on_a_loop
async def test_version_offers(offer, hello):
    assert await read_hello(fed(b"API\0" + len(offer).to_bytes(4, "big") + offer)) == hello
    assert agreed_version(hello) == 176


@pytest.mark.parametrize("hello", [Hello(100, 170), Hello(201, 223)])
def test_a_client_that_cannot_speak_176_is_refused(hello):
    with pytest.raises(WireError, match="version 176 only"):
        agreed_version(hello)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"API\0\x00\x00\x00\x05hello", b"AP"])
@on_a_loop
async def test_what_is_no_handshake_is_refused(data):
    with pytest.raises(WireError):
        await read_hello(fed(data))


@on_a_loop
async def test_garbage_ends_its_own_connection_and_nothing_else():
    async with running() as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"API\0\x00\x00\x00\x09v157..176")
        assert (await read_frame(reader))[0] == "176"
        writer.close()
