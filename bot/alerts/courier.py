"""A thread that carries messages to one service, one at a time, so that one which hangs holds up nobody else."""

from __future__ import annotations

import queue
import threading
import time

from bot.alerts.addresses import Address, Send
from bot.alerts.outbox import Message, Outbox
from bot.alerts.repeats import REPEAT_SECONDS

STUCK_SECONDS = 45.0
MOST_STUCK = 3  # times in a row that it may hang; then the service rests
REST_SECONDS = 1800.0
MOST_THREADS = MOST_STUCK + 1  # that may hang at once: while so many do it is not asked, however long they take


class Courier:
    """Carries what an outbox has. `outbox` is looked at by the owner's thread alone; `news` is what it has to say of the service."""

    def __init__(self, address: Address, outbox: Outbox) -> None:
        self.name, self.outbox = address.name, outbox
        self._send = address.send
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self._stuck, self._rests_until = 0, 0.0
        self._threads: list[threading.Thread] = []
        self._told = self._passed_on = ""
        self._passed_on_at = -REPEAT_SECONDS

    def message(self, now: float, *, last: bool = False) -> Message | None:
        """What to carry next, None if nothing is due or the service is busy or rests. It is not on its way before `go`."""
        if self._busy_since is not None or (self._stuck >= MOST_STUCK and now < self._rests_until):
            return None
        self._threads = [each for each in self._threads if each.is_alive()]
        return None if len(self._threads) >= MOST_THREADS else self.outbox.message(now, last=last)

    def go(self, message: Message, now: float) -> None:
        """Carry it."""
        self._busy_since, self._answers = now, queue.SimpleQueue()
        carrier = threading.Thread(target=_carry, args=(self._send, message, self._answers), name="mesbot-courier", daemon=True)
        carrier.start()
        self._threads.append(carrier)

    def answered(self, now: float) -> bool:
        """Whether the service has answered, or was given up, since the last look; the outbox knows then what became of it."""
        if self._busy_since is None:
            return False
        try:
            delivered, self._stuck = self._answers.get_nowait(), 0
        except queue.Empty:
            if now - self._busy_since < STUCK_SECONDS:
                return False
            delivered, self._stuck, self._rests_until = False, self._stuck + 1, now + REST_SECONDS
        self._busy_since = None
        self.outbox.done(now, delivered=delivered)
        return True

    def news(self) -> str:
        """What is new of the service, as a sentence; "" if nothing."""
        told = f"{self.name} takes no messages; they wait, are counted, and go when it does." if self.outbox.failing else ""
        if self._stuck >= MOST_STUCK:
            rests = f"is not asked any more for {REST_SECONDS / 60:g} minutes; then it is tried again"
            told = f"{self.name} has hung {MOST_STUCK} times and {rests}."
        before, self._told = self._told, told
        return "" if told == before else self._how_it_stands

    def news_for_others(self, now: float) -> str:
        """What the other services are to be told of this one, "" if they know it: at most once in REPEAT_SECONDS, or two that come
        and go would never stop telling each other."""
        if self._told == self._passed_on or now - self._passed_on_at < REPEAT_SECONDS:
            return ""
        self._passed_on, self._passed_on_at = self._told, now
        return self._how_it_stands

    @property
    def _how_it_stands(self) -> str:
        return self._told or f"{self.name} takes messages again."

    def rest(self, until: float) -> None:
        """Wait for the answer that is due, to this moment (monotonic seconds)."""
        while self._busy_since is not None and time.monotonic() < until and not self.answered(time.monotonic()):
            time.sleep(0.02)


def _carry(send: Send, message: Message, answers: queue.SimpleQueue[bool]) -> None:
    answers.put(send(message))
