"""The look that hangs on no ear: whether all that the law needs still stands where it must.

What does not is put right where it can be, and is a kill.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.risk_engine.account import OurAccount
from bot.risk_engine.answers import Answers
from bot.risk_engine.guard import Guard
from bot.risk_engine.kept import Kept
from bot.risk_engine.path import Path
from bot.risk_engine.queues import Queues


class Look:
    """`trip` trips the kill switch, `book` takes a fill that Nautilus did not tell of; `settled` says whether Nautilus' queue is empty."""

    def __init__(
        self,
        path: Path,
        kept: Kept,
        account: OurAccount,
        answers: Answers,
        queues: Queues,
        guard: Guard,
        *,
        trip: Callable[[str, str], None],
        book: Callable[[Any], None],
        settled: Callable[[], bool],
    ) -> None:
        self._path, self._kept, self._account, self._answers = path, kept, account, answers
        self._guard = guard
        self._trip, self._book, self._settled = trip, book, settled
        self._steps = (self._at_path, queues.look, self._at_cache, self._at_account, self._at_fills)
        self._looking = False

    def look(self) -> None:
        """Look once; not again while what was found is acted on. What cannot be looked at is a kill, and whoever asked goes on."""
        if self._looking:
            return
        self._looking = True
        try:
            for step in self._steps:
                self._guard.done(step)
        finally:
            self._looking = False

    def _at_path(self) -> None:
        if lost := self._path.lost():
            self._path.take()
            self._trip("the risk engine was not on the path", ", ".join(lost))

    def _at_cache(self) -> None:
        self._kept.look()

    def _at_account(self) -> None:
        if account := self._account.written():
            self._trip("another hand wrote into the account", account)

    def _at_fills(self) -> None:
        for fill in self._answers.unbooked() if self._settled() else ():
            self._trip("a fill that Nautilus did not book", fill.client_order_id.value)
            self._book(fill)
