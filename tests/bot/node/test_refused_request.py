"""A kill request that is not ours kills nothing and ends nothing, and is told once for as long as it lies there.

One of ours is obeyed at once, and its file goes away when what came of it is on the disk.
"""

from __future__ import annotations

import asyncio
import errno
import os
from types import SimpleNamespace

import pytest

from bot.errors import MesbotError
from bot.messages import Written
from bot.node import kill_request
from bot.node.desk_actor import DeskActor
from bot.node.kill_request import FOREIGN, KILL, KillRequests, leave_request, request_path


class Desk(SimpleNamespace):
    """As much of a desk as looks at requests; `durable` of the `told` records are on the disk."""

    look, _obey, _obey_foreign = DeskActor.look, DeskActor._obey, DeskActor._obey_foreign
    _forget_written, _tell_refused, kill_waits = DeskActor._forget_written, DeskActor._tell_refused, DeskActor.kill_waits

    def __init__(self, journal) -> None:
        super().__init__(_journal=journal, _journals=(journal,), _refused="", _obeyed=[], said=[], killed=[], also=[], told=0, durable=0)
        self._requests = [KillRequests(journal, what) for what in (KILL, FOREIGN)]
        self._locks = []
        self.say, self.leave_overdue, self._also = self.said.append, lambda: None, self.also.append

    def _kill(self, reason: str) -> None:
        self.killed.append(reason)
        self.told += 2

    def _written(self) -> Written:
        return Written(self.told, self.durable)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "journal.sqlite")


def test_what_lies_there_and_is_not_ours_is_told_once_and_sends_nothing(desk):
    request_path(desk._journal).mkdir()
    for _ in range(3):
        desk.look()
    assert not desk.killed and len(desk.said) == 1 and "No request is taken from there" in desk.said[0]
    request_path(desk._journal).rmdir()
    desk.look()
    request_path(desk._journal).mkdir()
    desk.look()
    assert len(desk.said) == 2, "it is another one"


def test_one_of_ours_is_carried_out_once_and_nothing_is_said(desk):
    leave_request(desk._journal, "enough")
    assert desk.kill_waits
    for _ in range(3):
        desk.look()
    assert desk.killed == ["enough"] and not desk.said and not desk.kill_waits


def test_its_file_goes_when_its_records_are_on_the_disk_and_not_before(desk):
    leave_request(desk._journal, "enough")
    for desk.durable in (0, 1):
        desk.look()
        assert request_path(desk._journal).exists()
    desk.durable = 2
    desk.look()
    assert not request_path(desk._journal).exists() and desk.killed == ["enough"]
    leave_request(desk._journal, "enough")
    desk.look()
    assert desk.killed == ["enough", "enough"], "it is another one"


def test_what_is_asked_for_meanwhile_is_obeyed_too(desk):
    leave_request(desk._journal, "enough")
    desk.look()
    leave_request(desk._journal, "more")
    desk.durable = desk.told
    desk.look()
    assert desk.killed == ["enough", "enough; more"] and request_path(desk._journal).exists()
    desk.durable = desk.told
    desk.look()
    assert not request_path(desk._journal).exists()


def test_one_that_cannot_be_removed_is_obeyed_once(desk, monkeypatch):
    monkeypatch.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError(1, "not permitted")))
    monkeypatch.setattr("bot.node.kill_request.write_own", lambda path, content: path.write_bytes(content))
    leave_request(desk._journal, "enough")
    for _ in range(3):
        desk.look()
        desk.durable = desk.told
    assert desk.killed == ["enough"] and request_path(desk._journal).exists()


def test_what_is_foreign_stays_asked_for_until_it_is_over(desk):
    over = []

    async def close_all(reason: str) -> None:
        over.append(reason)
        desk.told += 1

    desk._foreign = SimpleNamespace(run=close_all)
    leave_request(desk._journal, "everything out", FOREIGN)
    desk.look()
    desk.durable = desk.told
    desk.look()
    assert desk.killed == ["everything out"] and request_path(desk._journal, FOREIGN).exists()
    (work,) = desk.also
    asyncio.run(work())
    desk.look()
    assert over == ["everything out"] and request_path(desk._journal, FOREIGN).exists(), "its last record is not on the disk yet"
    desk.durable = desk.told
    desk.look()
    assert not request_path(desk._journal, FOREIGN).exists()


@pytest.fixture
def full_disk(monkeypatch):
    """A disk on which a file can be made and nothing written into it."""

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(kill_request, "write_own", refuse)


@pytest.mark.parametrize("what", kill_request.STRICTER)
def test_on_a_full_disk_what_is_stricter_is_asked_for_without_its_reason(tmp_path, full_disk, what):
    journal = tmp_path / "journal.sqlite"
    leave_request(journal, "enough", what)
    leave_request(journal, "enough", what)
    assert request_path(journal, what).stat().st_size == 0 and request_path(journal, what).stat().st_mode & 0o777 == 0o600
    assert KillRequests(journal, what).take() == "no reason given"


@pytest.mark.parametrize("what", sorted(set(kill_request.ALL) - set(kill_request.STRICTER)))
def test_on_a_full_disk_nothing_else_is_asked_for_and_that_is_said(tmp_path, full_disk, what):
    with pytest.raises(MesbotError, match=r"cannot be written \(No space left on device\); nothing was asked for"):
        leave_request(tmp_path / "journal.sqlite", "enough", what)
    assert list(tmp_path.iterdir()) == []
