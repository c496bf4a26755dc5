"""A person's lock of entries: from its word on no entry passes, whoever plans it; stops, exits and kills go on as ever.

It is latched by its operator record, which every later start reads. Nothing in the program ends it. What is held keeps its bracket.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.decision.snapshot import EntryLock
from bot.journal.records import LOCK, UNLOCK, Kind, OperatorRecord
from bot.messages import TOPIC_ENTRY_LOCK, EntryLockUpdate
from bot.risk_engine.hands import Hands
from bot.runtime.situation import Situation
from bot.words import plain


class EntryLocking:
    """`situation` is the one that judges entries; `withdraw` cancels those that still work.

    A journal or a listener that fails holds up neither the lock nor the withdrawal; the failure is raised after both.
    """

    def __init__(self, situation: Situation, hands: Hands, withdraw: Callable[[str], None]) -> None:
        self._situation, self._hands, self._withdraw = situation, hands, withdraw

    def lock(self, reason: str) -> None:
        """At once; a lock that is there already gets the newest reason."""
        reason = plain(reason)
        self._situation.entry_lock = lock = EntryLock(reason, self._hands.now_ns)
        try:
            self._hands.journal(Kind.OPERATOR, lock.since_ns, OperatorRecord(LOCK, reason))
        finally:
            try:
                self._withdraw(reason)
            finally:
                self._hands.publish(TOPIC_ENTRY_LOCK, EntryLockUpdate(lock))

    def unlock(self, reason: str) -> None:
        """Once it is told to the journal; where that fails, the lock stays."""
        self._hands.journal(Kind.OPERATOR, self._hands.now_ns, OperatorRecord(UNLOCK, plain(reason)))
        self._situation.entry_lock = None
        self._hands.publish(TOPIC_ENTRY_LOCK, EntryLockUpdate(None))
