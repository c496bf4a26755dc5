"""A kill request that is not ours kills nothing and ends nothing, and is told once for as long as it lies there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.node.desk_actor import DeskActor
from bot.node.kill_request import leave_request, request_path


@pytest.fixture
def desk(tmp_path):
    made = SimpleNamespace(_journal=tmp_path / "journal.sqlite", _refused="", said=[], sent=[], leave_overdue=lambda: None)
    made.say, made.msgbus = made.said.append, SimpleNamespace(send=lambda *what: made.sent.append(what))
    made._journals = (made._journal,)
    made._take = lambda journal: DeskActor._take(made, journal)
    made._kill = made.sent.append
    made._tell_refused = lambda why: DeskActor._tell_refused(made, why)
    return made


def test_what_lies_there_and_is_not_ours_is_told_once_and_sends_nothing(desk):
    request_path(desk._journal).mkdir()
    for _ in range(3):
        DeskActor.look(desk)
    assert not desk.sent and len(desk.said) == 1 and "No request is taken from there" in desk.said[0]
    request_path(desk._journal).rmdir()
    DeskActor.look(desk)
    request_path(desk._journal).mkdir()
    DeskActor.look(desk)
    assert len(desk.said) == 2, "it is another one"


def test_one_of_ours_is_carried_out_and_nothing_is_said(desk):
    leave_request(desk._journal, "enough")
    DeskActor.look(desk)
    assert desk.sent == ["enough"] and not desk.said
