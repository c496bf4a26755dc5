"""What the desk does at the end of a run, and what becomes of work that fails."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from bot.errors import MesbotError
from bot.messages import ENDPOINT_RISK_WITHDRAW
from bot.node.desk_actor import DeskActor
from bot.node.errors import NodeError

LOOKED_AT = ("requests", "looked at once more")  # the journal, which stops first, may have written what they asked for


class Desk(SimpleNamespace):
    """As much of a desk as its methods look at."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []
        self.ended = 0
        bus = SimpleNamespace(send=lambda endpoint, message: self.sent.append((endpoint, message)))
        watchdog = SimpleNamespace(end=lambda: None)
        super().__init__(
            watchdog=watchdog,
            msgbus=bus,
            log=SimpleNamespace(error=lambda text: None),
            failure=None,
            _tasks=[],
            _owned=False,
            _finish=self.end,
            _forget_written=lambda: self.sent.append(LOOKED_AT),
        )

    def end(self) -> None:
        self.ended += 1


def test_a_stock_nodes_stop_withdraws_entries_that_still_work():
    desk = Desk()
    DeskActor.on_stop(desk)
    assert desk.sent == [LOOKED_AT, (ENDPOINT_RISK_WITHDRAW, "the run ends")]


def test_an_owner_of_the_run_sees_to_that_and_is_told_of_its_end():
    desk, told = Desk(), []
    DeskActor.owned_by(desk, lambda: told.append(True))
    DeskActor.on_stop(desk)
    desk._finish()
    assert desk.sent == [LOOKED_AT] and told == [True]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (MesbotError("the tape is gone"), MesbotError, "the tape is gone"),
        (
            ZeroDivisionError("by nothing"),
            NodeError,
            "The node cannot go on; a fault of the program, not of yours: by nothing (ZeroDivisionError).",
        ),
    ],
)
def test_work_that_fails_ends_the_run_with_its_reason(error: Exception, kind: type, said: str):
    desk = Desk()

    async def work() -> Any:
        raise error

    asyncio.run(DeskActor._guarded(desk, work))
    assert type(desk.failure) is kind and str(desk.failure) == said and desk.ended == 1
