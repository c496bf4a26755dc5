"""A person's lock of entries as the desk takes it: once, the release before it, and its file stays until its record is on the disk."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.messages import ENDPOINT_RISK_LOCK, ENDPOINT_RISK_UNLOCK, Written
from bot.node.desk_actor import DeskActor
from bot.node.kill_request import ALLOW_ENTRIES, STOP_ENTRIES, KillRequests, leave_request, request_path


class Desk(SimpleNamespace):
    """As much of a desk as looks at requests; `durable` of the `told` records are on the disk. `sent` is what the risk engine is told, and
    whether as a part of the run."""

    look, _lock_entries, _forget_written = DeskActor.look, DeskActor._lock_entries, DeskActor._forget_written
    _tell_refused = DeskActor._tell_refused

    def __init__(self, journal) -> None:
        super().__init__(_journal=journal, _journals=(journal,), _requests=[], _refused="", _obeyed=[], sent=[], told=0, durable=0)
        self._locks = [KillRequests(journal, what) for what in (ALLOW_ENTRIES, STOP_ENTRIES)]
        self.say, self.leave_overdue = self.sent.append, lambda: None
        self.msgbus = SimpleNamespace(send=lambda where, reason: self.send(where, reason, believed=False))
        self.said = SimpleNamespace(send=lambda _, where, reason: self.send(where, reason, believed=True))

    def send(self, where: str, reason: str, *, believed: bool) -> None:
        self.sent.append((where, reason, believed))
        self.told += 1

    def _written(self) -> Written:
        return Written(self.told, self.durable)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "journal.sqlite")


def test_a_lock_is_taken_once_and_its_file_goes_when_its_record_is_on_the_disk(desk):
    leave_request(desk._journal, "payrolls", STOP_ENTRIES)
    for _ in range(3):
        desk.look()
    assert desk.sent == [(ENDPOINT_RISK_LOCK, "payrolls", False)] and request_path(desk._journal, STOP_ENTRIES).exists()
    desk.durable = 1
    desk.look()
    assert not request_path(desk._journal, STOP_ENTRIES).exists()


def test_a_release_is_said_as_a_part_of_the_run_for_only_that_is_believed(desk):
    leave_request(desk._journal, "over", ALLOW_ENTRIES)
    desk.look()
    assert desk.sent == [(ENDPOINT_RISK_UNLOCK, "over", True)]


def test_where_both_wait_the_lock_has_the_last_word(desk):
    for what in (STOP_ENTRIES, ALLOW_ENTRIES):
        leave_request(desk._journal, "?", what)
    desk.look()
    assert [where for where, *_ in desk.sent] == [ENDPOINT_RISK_UNLOCK, ENDPOINT_RISK_LOCK]


def test_what_lies_there_and_is_not_ours_locks_nothing_and_is_told_once(desk):
    request_path(desk._journal, STOP_ENTRIES).mkdir()
    for _ in range(3):
        desk.look()
    assert len(desk.sent) == 1 and "No request is taken from there" in desk.sent[0]
