"""A person's lock of entries counts at once and is told; it ends when its end is written down, and not before."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.decision.snapshot import EntryLock
from bot.errors import JournalError
from bot.journal.records import OperatorRecord
from bot.messages import TOPIC_ENTRY_LOCK, EntryLockUpdate
from bot.risk_engine.entry_lock import EntryLocking


class Telling:
    """Hands that note what they are given; `failing` names what raises."""

    now_ns = 7

    def __init__(self, failing: str = "") -> None:
        self.failing, self.done = failing, []
        self.situation = SimpleNamespace(entry_lock=None)
        self.locking = EntryLocking(self.situation, self, lambda _: self.note("withdraw"))

    def journal(self, _kind: object, ts_ns: int, body: OperatorRecord) -> None:
        assert ts_ns == self.now_ns
        self.note(f"journal {body.action} {body.reason}")

    def publish(self, topic: str, update: EntryLockUpdate) -> None:
        assert topic == TOPIC_ENTRY_LOCK
        self.note("publish lock" if update.lock else "publish none")

    def note(self, what: str) -> None:
        self.done.append((what, self.situation.entry_lock is not None))
        if self.failing and what.startswith(self.failing):
            raise JournalError("it cannot be told")


def test_a_lock_counts_before_it_is_told_and_withdraws_what_works():
    hands = Telling()
    hands.locking.lock("payrolls")
    assert hands.done == [("journal lock payrolls", True), ("withdraw", True), ("publish lock", True)]
    assert hands.situation.entry_lock == EntryLock("payrolls", 7)


@pytest.mark.parametrize("failing", ["journal", "withdraw", "publish"])
def test_nothing_that_fails_holds_up_the_rest_of_it(failing):
    hands = Telling(failing)
    with pytest.raises(JournalError):
        hands.locking.lock("payrolls")
    assert [what.split()[0] for what, _ in hands.done] == ["journal", "withdraw", "publish"] and hands.situation.entry_lock is not None


def test_a_second_lock_has_the_newest_reason():
    hands = Telling()
    hands.locking.lock("payrolls")
    hands.locking.lock("and the Fed")
    assert hands.situation.entry_lock.reason == "and the Fed"


def test_its_end_is_journaled_before_it_counts():
    hands = Telling()
    hands.locking.lock("payrolls")
    hands.done.clear()
    hands.locking.unlock("over")
    assert hands.done == [("journal unlock over", True), ("publish none", False)]


def test_an_end_that_cannot_be_journaled_is_none():
    hands = Telling("journal unlock")
    hands.locking.lock("payrolls")
    with pytest.raises(JournalError):
        hands.locking.unlock("over")
    assert hands.situation.entry_lock is not None


@pytest.mark.parametrize("word", [None, 7, b"payrolls", object()])
def test_a_reason_of_any_kind_locks_in_plain_words(word):
    hands = Telling()
    hands.locking.lock(word)
    assert type(hands.situation.entry_lock.reason) is str
