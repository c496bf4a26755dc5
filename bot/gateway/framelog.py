"""The log of every frame both ways: JSON lines {"wall", "market", "session", "client", "way", "kind", "fields", "note"}.

`wall` is seconds since the epoch, `market` UTC ns of the gateway's clock; `way` is in or out. Frames a
fault has swallowed or changed say so in `note`. The file is for people and tests; nothing reads it back.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import IO, Any

from bot.gateway.errors import GatewayError


class FrameLog:
    """Writes lines if it has a file, else nothing. Close it when done."""

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = None
        if path is not None:
            try:
                self._file = path.open("w", encoding="utf-8")
            except OSError as error:
                raise GatewayError(f"{path}: the frame log cannot be written there ({error.strerror}); name another file.") from None

    def write(self, *, market_ns: int, session: int, client: int | None, way: str, kind: str, fields: list[str], note: str = "") -> None:
        """One frame."""
        if self._file is None:
            return
        line: dict[str, Any] = {
            "wall": round(time.time(), 6), "market": market_ns, "session": session, "client": client, "way": way, "kind": kind,
            "fields": fields,
        }  # fmt: skip
        if note:
            line["note"] = note
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Flush and close."""
        if self._file is not None:
            self._file.close()
            self._file = None
