"""Ids for orders and requests: never one that was used before, not even by an earlier run.

A gateway may roll its ids back over its nightly restart; an id it hands out again could hit two
orders. So the highest id ever used is kept on disk, reserved in blocks so that most orders cost
no write. Requests count in a range of their own, so that an error's id says what it is about.

Nobody waits for the disk: what cannot be kept there is known here, entries wait until it is kept, and everything else goes on
under ids from memory. It does not promise that those are remembered if the process ends before the disk works again.
"""

from __future__ import annotations

import json
from pathlib import Path

from bot.errors import NotOurs
from bot.ibkr.errors import BrokerError, OrderIdsNotKept, OrderIdsUsedUp
from bot.own_files import own_folder, require_ours, write_own

FIRST_REQUEST_ID = 1_000_000_000
BLOCK = 50
UNUSABLE = (OSError, NotOurs, ValueError, TypeError, AttributeError)  # the disk's refusal, and a file that holds something else than marks


class IdSource:
    """Hands out ids. `path` is the file of marks (None: not kept), `owner` whose mark it is, e.g. "DU1:7"."""

    def __init__(self, path: Path | None, owner: str) -> None:
        self._path, self._owner = path, owner
        self._unkept: OrderIdsNotKept | None = None
        self._used_up: OrderIdsUsedUp | None = None
        self._next = self._reserved = 1  # everything below has perhaps been used
        self._request = FIRST_REQUEST_ID

    @property
    def trouble(self) -> BrokerError | None:
        """Why no entry may be sent under these ids now, or None."""
        return self._used_up or self._unkept

    def at_least(self, order_id: int) -> None:
        """An id the gateway offered or an order we saw carries: ours are never below, and never equal to one seen."""
        if order_id < FIRST_REQUEST_ID:
            self._next = max(self._next, order_id)

    def order_id(self) -> int:
        """The next order id; on disk before it is used, if the disk works."""
        number = self._next
        if number >= self._reserved and self._unkept is None:
            self.keep()
        self._next = number + 1
        return number

    def begin_at(self, order_id: int) -> None:
        """A connection offers this id: ours are never below. A block is reserved, so that the first order does not wait for the disk."""
        self._used_up = None
        if order_id >= FIRST_REQUEST_ID:
            self._used_up = OrderIdsUsedUp(f"the next order id of {self._owner} would be {order_id:,}, and the broker takes none below it")
        self._next = max(order_id, self._next)
        self.keep()

    def keep(self) -> None:
        """Reserve a block on disk. What goes wrong is `trouble` until it works, and is tried again by whoever watches."""
        if self._used_up is not None:
            return  # a mark up there would outlive the remedy
        try:
            marks = self._marks()
            self.at_least(int(marks.get(self._owner, 1)))
            self._write(marks | {self._owner: self._next + BLOCK})
            self._reserved, self._unkept = self._next + BLOCK, None
        except UNUSABLE as error:
            self._unkept = OrderIdsNotKept(f"{self._path} cannot be used ({error})")

    def request_id(self) -> int:
        """The next request id, above every order id."""
        self._request += 1
        return self._request

    def _marks(self) -> dict[str, int]:
        if self._path is None or not self._path.exists():
            return {}
        require_ours(self._path)
        return json.loads(self._path.read_text(encoding="utf-8"))

    def _write(self, marks: dict[str, int]) -> None:
        if self._path is None:
            return
        own_folder(self._path.parent)
        write_own(self._path, json.dumps(marks).encode())
