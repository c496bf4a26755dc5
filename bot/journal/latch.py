"""The latch: a small file beside the journal of an account that keeps the kill switch's state when the journal cannot.

Its room is on the disk from the start and it is overwritten in place, so a full disk does not stop it. Two halves are
written in turn, each with a number and a checksum: a write that is cut short leaves the other half. It also names the
last link that a kill or operator record ended, so that a journal cut before it is found (kill_state.py).

It does not promise room on a file system that copies on write (btrfs, ZFS), and is no defence against somebody who
writes both files anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from bot.decision.snapshot import KillState
from bot.errors import JournalError
from bot.journal.records import KillRecord, OperatorRecord
from bot.own_files import opened_own

HALF_BYTES = 4096  # a page and a disk's sector: a write of one half never touches the other
REASON_CHARACTERS = 300
_MARK = b"mesbot-latch-1"


class Latched(msgspec.Struct, frozen=True):
    """What a latch says: the kill switch's state (None: never told) with its reason, and the last link of a kill or operator record.

    `link` 0: there is none. `head` is hex. `fault`, which is not in the file, says what is wrong with it; "" if nothing is.
    """

    state: KillState | None = None
    reason: str = ""
    link: int = 0
    head: str = ""
    fault: str = ""


class _Half(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: int
    state: KillState | None
    reason: str
    link: int
    head: str


def latch_path(journal: Path) -> Path:
    """Where the latch of a journal lies."""
    return journal.with_name(f"{journal.name}.latch")


def state_of(name: object) -> KillState:
    """The state of this name; one that no program knows is HALTED."""
    return KillState(name) if name in tuple(KillState) else KillState.HALTED


def read_latch(journal: Path) -> Latched | None:
    """What the latch of a journal says; None if there is no such file. Damage is never ARMED: it is read as HALTED, with its fault."""
    try:
        content = latch_path(journal).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return Latched(KillState.HALTED, "its latch cannot be read", fault=f"cannot be read ({error.strerror})")
    return _said([_half(content[at : at + HALF_BYTES]) for at in (0, HALF_BYTES)])


class Latch:
    """A latch open for writing. What is told it reaches the file with `before` and `after` the journal's transaction."""

    def __init__(self, journal: Path, said: Latched) -> None:
        self._path = latch_path(journal)
        self._said = self._wanted = said
        self._number = 0

    @classmethod
    def of(cls, journal: Path, said: Latched) -> Self:
        """The latch of a journal, written anew with all its room to say `said`. Raises JournalError if there is no room for it."""
        latch = cls(journal, said)
        latch._reserve()
        return latch

    def tell(self, body: KillRecord | OperatorRecord, link: int, head: str) -> None:
        """A record that ended this link. On its way from TRIPPED to HALTED the reason stays that of the trip."""
        state, reason = self._wanted.state, self._wanted.reason
        if isinstance(body, KillRecord):
            further = body.state in (KillState.FLAT, KillState.HALTED) and state not in (None, KillState.ARMED)
            state, reason = state_of(body.state), reason if further else body.reason[:REASON_CHARACTERS]
        self._wanted = Latched(state, reason, link, head)

    @property
    def behind(self) -> bool:
        """Whether it was told more than its file says."""
        return self._wanted != self._said

    def before(self) -> None:
        """A state other than ARMED counts from now on, whatever becomes of the journal. Raises JournalError if it cannot be written."""
        if self._wanted.state not in (None, KillState.ARMED):
            self._write(msgspec.structs.replace(self._said, state=self._wanted.state, reason=self._wanted.reason))

    def after(self) -> None:
        """The journal is on the disk up to the link that was told. Raises JournalError if this cannot be written."""
        self._write(self._wanted)

    def _write(self, said: Latched) -> None:
        if said == self._said:
            return
        try:
            with open(self._path, "r+b", opener=opened_own) as file:
                file.seek((self._number + 1) % 2 * HALF_BYTES)
                _sync(file, _half_bytes(self._number + 1, said))
        except OSError as error:
            raise JournalError(
                f"{self._path} cannot be written ({error.strerror}): the journal alone holds the kill switch now."
            ) from error
        self._said, self._number = said, self._number + 1

    def _reserve(self) -> None:
        """Whole or not at all: a draft takes the file's place once it is on the disk."""
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            with open(draft, "wb", opener=opened_own) as file:
                _sync(file, _half_bytes(2, self._said) + _half_bytes(1, self._said))
            draft.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise JournalError(f"{self._path}: no room for the kill switch's latch ({error.strerror}); is the disk full?") from error
        self._number = 2


def _half_bytes(number: int, said: Latched) -> bytes:
    body = msgspec.json.encode(_Half(number, said.state, said.reason, said.link, said.head))
    line = b"%b %b %b\n" % (_MARK, hashlib.sha256(body).hexdigest().encode(), body)
    return line.ljust(HALF_BYTES)


def _half(content: bytes) -> _Half | None:
    """A half as it was written; None if it is damaged."""
    mark, _, rest = content.partition(b"\n")[0].partition(b" ")
    checksum, _, body = rest.partition(b" ")
    if mark != _MARK or checksum != hashlib.sha256(body).hexdigest().encode():
        return None
    try:
        return msgspec.json.decode(body, type=_Half)
    except (msgspec.DecodeError, UnicodeDecodeError):  # made by a program that knows more states than this one
        return None


def _said(halves: Sequence[_Half | None]) -> Latched:
    whole = [half for half in halves if half is not None]
    if not whole:
        return Latched(KillState.HALTED, "its latch is damaged", fault="is damaged")
    newest = max(whole, key=lambda half: half.number)
    said = Latched(newest.state, newest.reason, newest.link, newest.head)
    if len(whole) == len(halves):
        return said
    closed = said.state not in (None, KillState.ARMED)  # else the half that is lost may have been the kill
    return msgspec.structs.replace(
        said,
        state=said.state if closed else KillState.HALTED,
        reason=said.reason if closed else "half of its latch is damaged",
        fault="is damaged in one half",
    )


def _sync(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "nt":  # a folder cannot be opened there
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
