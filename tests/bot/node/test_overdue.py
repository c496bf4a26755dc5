"""Whether the clock says that a position should have been left already."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import calendar, new_york_ns

from bot.node.desk_actor import DeskActor
from bot.node.overdue import flatten_overdue


@pytest.mark.parametrize(
    ("moment", "overdue"),
    [
        ("2025-09-16 09:30", True),  # held over night: any time the market is open and no session is on
        ("2025-09-16 09:31", False),
        ("2025-09-16 15:54", False),  # the bar that decides it closes now
        ("2025-09-16 15:54:14", False),  # and may come a little late
        ("2025-09-16 15:54:15", True),
        ("2025-09-16 16:30", True),
        ("2025-09-16 17:30", False),  # the market is shut: nothing can be closed
        ("2025-09-16 18:01", True),
        ("2025-09-20 12:00", False),  # Saturday
        ("2025-11-28 12:54:14", False),  # a half day
        ("2025-11-28 12:54:15", True),
        ("2035-01-01 12:00", False),  # no calendar covers it
    ],
)
def test_a_position_is_overdue_from_a_moment_after_the_flatten_time_until_the_next_session(moment, overdue):
    assert flatten_overdue(calendar(), new_york_ns(moment)) is overdue


@pytest.mark.parametrize(
    ("close", "moment", "overdue"),
    [
        ("13:00", "12:54:14", False),
        ("13:00", "12:54:15", True),
        ("17:00", "15:54:14", False),  # a later one changes nothing
        ("17:00", "15:54:15", True),
    ],
)
def test_a_session_that_the_broker_ends_earlier_is_left_earlier(close, moment, overdue):
    now_ns, close_ns = new_york_ns(f"2025-09-16 {moment}"), new_york_ns(f"2025-09-16 {close}")
    assert flatten_overdue(calendar(), now_ns, close_ns) is overdue


def test_it_is_asked_at_every_look(tmp_path: Path):
    asked: list[bool] = []
    journal, nothing = tmp_path / "journal.sqlite", lambda _: None
    desk = SimpleNamespace(leave_overdue=lambda: asked.append(True), _tell_refused=nothing, _forget_written=lambda: None)
    desk._requests, desk._locks, desk._journals, desk._journal = (), (), (journal,), journal
    DeskActor.look(desk)
    DeskActor.look(desk)
    assert len(asked) == 2
