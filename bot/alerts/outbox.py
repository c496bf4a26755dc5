"""What waits for one service: bounded, so many messages a minute, and nothing left out without being counted.

Several alerts that wait go as one message, the critical first. What does not fit is counted, by level and event, and the counts
stand in the next message, or in one of their own. A service may refuse a message for its words: after a few refusals alerts go one by
one, and one that is refused twice while others are taken is counted too. Pure but for the clock, which is handed in (seconds).
"""

from __future__ import annotations

from collections import deque

import msgspec

from bot.alerts.alert import RANK, Alert, Event, Level

MOST_WAITING = 100
MOST_LINES = 12
COUNTS_SECONDS = 600.0  # so long counts wait for a message to go with
WINDOW_SECONDS = 60.0
MOST_TOGETHER = 3  # refusals in a row, before alerts go one by one
BACKOFF_SECONDS = (5.0, 15.0, 60.0, 300.0)  # after one failure, two, ...


class Message(msgspec.Struct, frozen=True):
    """What a service is given."""

    level: Level
    text: str


class Waiting(msgspec.Struct):
    """What a restart needs of an outbox. `left_out` counts what is told by its number alone, by "level event"."""

    alerts: list[Alert] = []
    left_out: dict[str, int] = {}
    sending: list[Alert] = []
    sending_left_out: dict[str, int] = {}


class Outbox:
    """One service's. `per_minute` is how many messages it may be sent in a minute."""

    def __init__(self, per_minute: int, waiting: Waiting | None = None) -> None:
        self._per_minute = per_minute
        self.waiting = _restored(waiting or Waiting())
        self._sent: deque[float] = deque()
        self._failures, self._again_at = 0, 0.0
        self._last = -COUNTS_SECONDS
        self._alone = False
        self._delivered = 0
        self._refused: dict[Alert, int] = {}  # refused alone, and how many messages had been delivered by then

    def put(self, alert: Alert) -> None:
        """Take one in. Where there is no room the least is counted instead, the oldest of its level first."""
        waiting = self.waiting.alerts
        waiting.append(alert)
        if len(waiting) > MOST_WAITING:
            least = min(waiting, key=lambda each: RANK[each.level])
            waiting.remove(least)
            self.count(least)

    def count(self, alert: Alert, times: int = 1) -> None:
        """It is told by its number alone."""
        name = f"{alert.level} {alert.event}"
        self.waiting.left_out[name] = self.waiting.left_out.get(name, 0) + times

    def message(self, now: float) -> Message | None:
        """The next one to send, None if none may go now. From here on it is being sent, until `done`."""
        if self.waiting.sending or self.waiting.sending_left_out or now < self._again_at or self._full(now):
            return None
        if not self.waiting.alerts and not (self.waiting.left_out and now - self._last >= COUNTS_SECONDS):
            return None
        ordered = sorted(self.waiting.alerts, key=lambda each: (each in self._refused, -RANK[each.level]))  # else in their order
        if self._alone and ordered:
            self.waiting = Waiting(ordered[1:], self.waiting.left_out, ordered[:1])
        else:
            first, rest = ordered[:MOST_LINES], ordered[MOST_LINES:]
            for alert in rest:
                self.count(alert)
            self.waiting = Waiting([], {}, first, self.waiting.left_out)
        self._sent.append(now)
        self._last = now
        return self._message()

    def done(self, now: float, *, delivered: bool) -> None:
        """What became of it. What was not delivered goes again, later, together with what came meanwhile."""
        going = self.waiting
        self.waiting = Waiting(going.alerts, going.left_out)
        if delivered:
            self._failures, self._delivered = 0, self._delivered + 1
            self._alone = self._alone and bool(self.waiting.alerts)
            return
        self._put_back(going.sending)
        for name, times in going.sending_left_out.items():
            self.waiting.left_out[name] = self.waiting.left_out.get(name, 0) + times
        self._failures += 1
        self._alone = self._alone or self._failures >= MOST_TOGETHER
        self._again_at = now + BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS)) - 1]

    def _put_back(self, alerts: list[Alert]) -> None:
        if not (self._alone and alerts):
            self.waiting.alerts[:0] = alerts
        elif self._delivered > self._refused.get(alerts[0], self._delivered):
            del self._refused[alerts[0]]
            self.count(alerts[0])
        else:
            self._refused.setdefault(alerts[0], self._delivered)
            self.waiting.alerts[:0] = alerts

    @property
    def empty(self) -> bool:
        """Whether nothing waits but counts, and nothing is being sent."""
        return not (self.waiting.alerts or self.waiting.sending or self.waiting.sending_left_out)

    @property
    def failing(self) -> bool:
        """Whether the service did not take the last message."""
        return self._failures > 0

    def _full(self, now: float) -> bool:
        while self._sent and now - self._sent[0] >= WINDOW_SECONDS:
            self._sent.popleft()
        return len(self._sent) >= self._per_minute

    def _message(self) -> Message:
        alerts, left_out = self.waiting.sending, self.waiting.sending_left_out
        lines = [alert.text if len(alerts) == 1 else f"{alert.level.upper()} {alert.text}" for alert in alerts]
        if left_out:
            lines.append(f"Not told one by one: {', '.join(f'{times} × {name}' for name, times in sorted(left_out.items()))}.")
        levels = [alert.level for alert in alerts] + [Level(name.split()[0]) for name in left_out]
        return Message(max(levels, key=RANK.__getitem__), "\n".join(lines))


def _restored(waiting: Waiting) -> Waiting:
    """What was on its way when a notifier ended may have arrived: only the critical go again, and say so."""
    again = [msgspec.structs.replace(each, text=f"(perhaps told before) {each.text}") for each in waiting.sending if _must(each)]
    left_out = dict(waiting.left_out)
    for name, times in waiting.sending_left_out.items():
        left_out[name] = left_out.get(name, 0) + times
    return Waiting([*again, *waiting.alerts], left_out)


def _must(alert: Alert) -> bool:
    return alert.level is Level.CRITICAL and alert.event is not Event.DIGEST
