"""A thread that carries messages to one service, one at a time, so that one which hangs holds up nobody else."""

from __future__ import annotations

import queue
import threading
import time

from bot.alerts.addresses import Address, Send
from bot.alerts.outbox import Message, Outbox

STUCK_SECONDS = 45.0
MOST_STUCK = 3  # threads that may hang for ever; then the service is not asked any more


class Courier:
    """Carries what an outbox has. `outbox` is looked at by the owner's thread alone; `news` is what it has to say of the service."""

    def __init__(self, address: Address, outbox: Outbox) -> None:
        self.name, self.outbox = address.name, outbox
        self._send = address.send
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self._stuck = 0
        self._told = ""

    def message(self, now: float) -> Message | None:
        """What to carry next, None if nothing is due or the service is busy or given up. It is not on its way before `go`."""
        if self._busy_since is not None or self._stuck >= MOST_STUCK:
            return None
        return self.outbox.message(now)

    def go(self, message: Message, now: float) -> None:
        """Carry it."""
        self._busy_since, self._answers = now, queue.SimpleQueue()
        threading.Thread(target=_carry, args=(self._send, message, self._answers), name="mesbot-courier", daemon=True).start()

    def answered(self, now: float) -> bool:
        """Whether the service has answered, or was given up, since the last look; the outbox knows then what became of it."""
        if self._busy_since is None:
            return False
        try:
            delivered = self._answers.get_nowait()
        except queue.Empty:
            if now - self._busy_since < STUCK_SECONDS:
                return False
            delivered, self._stuck = False, self._stuck + 1
        self._busy_since = None
        self.outbox.done(now, delivered=delivered)
        return True

    def news(self) -> str:
        """What is new of the service, as a sentence; "" if nothing."""
        told = f"{self.name} takes no messages; they wait, are counted, and go when it does." if self.outbox.failing else ""
        if self._stuck >= MOST_STUCK:
            told = f"{self.name} has hung {MOST_STUCK} times and is not asked any more; start the notifier again when it is mended."
        before, self._told = self._told, told
        return told if told != before else ""

    def rest(self, until: float) -> None:
        """Wait for the answer that is due, to this moment (monotonic seconds)."""
        while self._busy_since is not None and time.monotonic() < until and not self.answered(time.monotonic()):
            time.sleep(0.02)


def _carry(send: Send, message: Message, answers: queue.SimpleQueue[bool]) -> None:
    answers.put(send(message))
