"""Ids for orders and requests: never one that was used before, not even by an earlier run.

A gateway may roll its ids back over its nightly restart; an id it hands out again could hit two
orders. So the highest id ever used is kept on disk, reserved in blocks so that most orders cost
no write. Requests count in a range of their own, so that an error's id says what it is about.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bot.errors import MesbotError

FIRST_REQUEST_ID = 1_000_000_000
BLOCK = 50


class IdSource:
    """Hands out ids. `path` is the file of marks (None: not kept), `owner` whose mark it is, e.g. "DU1:7"."""

    def __init__(self, path: Path | None, owner: str) -> None:
        self._path, self._owner = path, owner
        self._next = self._reserved = self._read().get(owner, 1)  # everything below has perhaps been used
        self._request = FIRST_REQUEST_ID

    def at_least(self, order_id: int) -> None:
        """An id the gateway offered or an order we saw carries: ours are never below, and never equal to one seen."""
        if order_id < FIRST_REQUEST_ID:
            self._next = max(self._next, order_id)

    def order_id(self) -> int:
        """The next order id; on disk before it is used. Raises MesbotError if that is impossible."""
        number = self._next
        if number >= self._reserved:
            self._reserve()
        self._next = number + 1
        return number

    def begin_at(self, order_id: int) -> None:
        """A connection offers this id: ours are never below. A block is reserved, so that the first order does not wait for the disk."""
        self.at_least(order_id)
        self._reserve()

    def _reserve(self) -> None:
        self._reserved = self._next + BLOCK
        self._write(self._reserved)

    def request_id(self) -> int:
        """The next request id, above every order id."""
        self._request += 1
        return self._request

    def _read(self) -> dict[str, int]:
        if self._path is None:
            return {}
        try:
            marks = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise MesbotError(f"{self._path} cannot be read ({error}); repair or delete it, then start again.") from None
        return marks if isinstance(marks, dict) else {}

    def _write(self, mark: int) -> None:
        if self._path is None:
            return
        try:
            marks = self._read() | {self._owner: mark}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(f".{os.getpid()}")
            with draft.open("w", encoding="utf-8") as file:
                file.write(json.dumps(marks))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise MesbotError(f"{self._path} cannot be written ({error.strerror}); set MESBOT_HOME to a folder that can.") from None
