"""What has come of a download that is not finished: one line a piece, on the disk before the next piece is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from bot.errors import UsageError
from bot.ibkr.data.minutes import Minute


class Piece(msgspec.Struct, frozen=True):
    """The minutes that close in (after_ns, until_ns], as the broker told them: close (UTC ns), four prices in points, volume."""

    after_ns: int
    until_ns: int
    minutes: list[tuple[int, float, float, float, float, float]]


class PartFile:
    """The pieces of one month, whose conId the first line names: two are never mixed. A torn last line counts as not written."""

    def __init__(self, path: Path, con_id: int) -> None:
        self.path, self._con_id = path, con_id
        self._pieces: dict[tuple[int, int], Piece] = {}
        if path.exists():
            self._read()

    def get(self, after_ns: int, until_ns: int) -> Piece | None:
        """The piece of exactly this span, or None."""
        return self._pieces.get((after_ns, until_ns))

    def add(self, after_ns: int, until_ns: int, minutes: list[Minute]) -> Piece:
        """Keep a piece. Raises OSError."""
        rows = [(each.close_ns, each.open, each.high, each.low, each.close, each.volume) for each in minutes]
        piece = Piece(after_ns, until_ns, rows)
        begun = self.path.exists()
        with self.path.open("ab") as file:
            if not begun:
                file.write(msgspec.json.encode(self._con_id) + b"\n")
            file.write(msgspec.json.encode(piece) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._pieces[after_ns, until_ns] = piece
        return piece

    def remove(self) -> None:
        """The download is finished."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(self.path, len(whole))
        if not whole:
            self.path.unlink()
            return
        first, *lines = whole.splitlines()
        try:
            con_id = msgspec.json.decode(first, type=int)
            pieces = [msgspec.json.decode(line, type=Piece) for line in lines]
        except msgspec.DecodeError:
            raise UsageError(f"{self.path}: is no part of a download; remove it, or name another --out.") from None
        if con_id != self._con_id:
            raise UsageError(f"{self.path}: is a part of another contract's download; remove it, or name another --out.")
        self._pieces = {(each.after_ns, each.until_ns): each for each in pieces}
