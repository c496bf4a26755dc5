"""The recording: bytes pass as they are, frames are kept, and nothing that must not leave this machine is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.gateway.order_messages import encode_named
from bot.gateway.wire import MAGIC, encode_frame
from bot.node.acceptance.frames import Frame, kind_out, read_frames, write_frames
from bot.node.acceptance.hand import until
from bot.node.acceptance.hidden import hidden
from bot.node.acceptance.recorder import Recorder

HELLO = MAGIC + b"\0\0\0\x09v157..176"


def relayed(talk: Callable[[Recorder, asyncio.StreamReader, asyncio.StreamWriter, bytearray], Awaitable[None]], answer: bytes) -> Recorder:
    """A recorder between a client that talks and a server that answers whatever comes first with the same bytes."""

    async def play() -> Recorder:
        heard = bytearray()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            while piece := await reader.read(100):
                heard.extend(piece)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            async with Recorder("127.0.0.1", server.sockets[0].getsockname()[1]) as recorder:
                reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
                await talk(recorder, reader, writer, heard)
                writer.close()
            return recorder
        finally:
            server.close()

    return asyncio.run(play())


def test_bytes_pass_as_they_are_and_frames_are_kept_whole_however_they_are_cut() -> None:
    answer = encode_frame(["176", "20251002 15:31:00 UTC"]) + encode_frame(["9", "1", "5"])
    sent = HELLO + encode_frame(["71", "2", "7", ""]) + encode_frame(["3", "5"])

    async def talk(recorder: Recorder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bytearray) -> None:
        for byte in sent:
            writer.write(bytes([byte]))
            await writer.drain()
        assert await reader.readexactly(len(answer)) == answer
        assert await until(lambda: len(heard) == len(sent), 5.0) and bytes(heard) == sent

    kept = [(frame.way, frame.client, frame.kind, frame.fields) for frame in relayed(talk, answer).frames]
    assert [each for each in kept if each[0] == "in"] == [
        ("in", None, "hello", ["v157..176"]), ("in", 7, "startApi", ["71", "2", "7", ""]), ("in", 7, "placeOrder", ["3", "5"]),
    ]  # fmt: skip
    assert [each[2:] for each in kept if each[0] == "out"] == [
        ("version", ["176", "20251002 15:31:00 UTC"]),
        ("nextValidId", ["9", "1", "5"]),
    ]


def test_what_is_no_frame_passes_and_is_not_kept() -> None:
    async def talk(_: Recorder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bytearray) -> None:
        writer.write(b"\xff" * 50)
        assert await reader.readexactly(7) == b"SSH-2.0" and await until(lambda: len(heard) == 50, 5.0)

    assert relayed(talk, b"SSH-2.0").frames == []


def test_a_cut_ends_both_ends() -> None:
    async def talk(recorder: Recorder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: bytearray) -> None:
        await reader.readexactly(4)
        recorder.cut()
        with pytest.raises(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5.0) == b""
            raise ConnectionResetError

    relayed(talk, b"\0\0\0\x00")


def test_a_gateway_that_is_away_is_a_connection_that_ends() -> None:
    async def play() -> None:
        async with Recorder("127.0.0.1", 1) as recorder:
            reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
            with pytest.raises(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 5.0) == b""
                raise ConnectionResetError
            writer.close()

    asyncio.run(play())


def out(*fields: str) -> Frame:
    return Frame(1.0, 1, 7, "out", kind_out(list(fields)), list(fields))


def test_ids_become_masks_the_same_wherever_they_stand_and_worth_is_left_out() -> None:
    shown = {
        "orderId": "5", "orderRef": "A-1S", "permId": "1843920011", "account": "DU7654321", "ocaGroup": "1843920010",
        "sharesAllocation": "1843920011.0/DU7654321/1",
    }  # fmt: skip
    frames = [
        out("3", "4", "Submitted", "0", "1", "0.0", "1843920010", "0", "0.0", "7", "", "0"),
        out(*encode_named("openOrder", shown)),
        out("59", "1", "0000e0d5.65c2ab3d.01.01", "0.62", "USD", "1.0", "", ""),
        out("6", "2", "NetLiquidation", "123456.78", "USD", "DU7654321"),
        out("6", "2", "AccountCode", "DU7654321", "", "DU7654321"),
        out("4", "2", "5", "201", "Order 1843920011 of DU7654321 refused", ""),
    ]
    kept = hidden(frames)
    text = str(kept)
    assert not any(secret in text for secret in ("DU7654321", "18439200", "65c2ab3d", "123456.78"))
    status, opened, paid, worth, code, error = kept
    assert (status.named["permId"], opened.named["permId"], opened.named["ocaGroup"]) == ("perm-1", "perm-2", "perm-1")
    assert opened.named["sharesAllocation"] == "perm-2.0/DU***321/1" and paid.named["execId"] == "exec-1.01"
    assert (worth.named["value"], code.named["value"]) == ("0.00", "DU***321")
    assert error.named["text"] == "Order perm-2 of DU***321 refused"


def test_an_execution_id_of_a_form_that_nobody_knows_is_masked_all_the_same() -> None:
    (paid,) = hidden([out("59", "1", "f-17-998877", "0.62", "USD", "1.0", "", "")])
    assert "998877" not in str(paid)


def test_frames_are_read_as_they_were_written(tmp_path: Path) -> None:
    frames = [out("9", "1", "5"), Frame(2.0, 2, None, "in", "hello", ["v157..176"])]
    write_frames(tmp_path / "frames.jsonl", frames)
    assert read_frames(tmp_path / "frames.jsonl") == frames
