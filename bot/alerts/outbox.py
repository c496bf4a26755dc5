"""What waits for one service: bounded, so many messages a minute, and nothing left out without being counted.

Several alerts that wait go as one message, the critical first. Of what does not fit the oldest of the least level is counted, by level
and event, and the counts stand in the next message, or in one of their own. A critical alert waits for no full minute. A service may
refuse a message for its words: after a few refusals alerts go one by one, and one that is refused twice while others are taken is counted
too. Pure but for the clock, which is handed in (seconds).
"""

from __future__ import annotations

from collections import deque

import msgspec

from bot.alerts.alert import RANK, Alert, Event, Level

MOST_WAITING = 100
MOST_LINES = 12
COUNTS_SECONDS = 600.0  # so long counts wait for a message to go with
WINDOW_SECONDS = 60.0
CRITICAL_SECONDS = 5.0  # past the limit a critical alert goes when the last message is so old: twelve more a minute at most
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

    def message(self, now: float, *, last: bool = False) -> Message | None:
        """The next one to send, None if none may go now. From here on it is being sent, until `done`.

        At the notifier's end it is the `last`, and does not wait for a full minute either.
        """
        if self.waiting.sending or self.waiting.sending_left_out or now < self._again_at:
            return None
        if not self.waiting.alerts and not (self.waiting.left_out and now - self._last >= COUNTS_SECONDS):
            return None
        ordered = sorted(self.waiting.alerts, key=self._turn)  # else in their order
        if self._full(now) and not (ordered and ((last and not self._alone) or self._urgent(ordered[0], now))):
            return None
        if self._alone and ordered:
            self.waiting = Waiting(ordered[1:], self.waiting.left_out, ordered[:1])
        else:
            newest = sorted(reversed(ordered), key=self._turn)  # who reads them wants to know how things stand
            for alert in newest[MOST_LINES:]:
                self.count(alert)
            self.waiting = Waiting([], {}, sorted(reversed(newest[:MOST_LINES]), key=self._turn), self.waiting.left_out)
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

    def _turn(self, alert: Alert) -> tuple[bool, int]:
        return alert in self._refused, -RANK[alert.level]

    def _urgent(self, alert: Alert, now: float) -> bool:
        return _must(alert) and now - self._sent[-1] >= CRITICAL_SECONDS

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
    """What was on its way when a notifier ended may have arrived: only the critical go again, and say so; the rest is counted."""
    again = [msgspec.structs.replace(each, text=f"(perhaps told before) {each.text}") for each in waiting.sending if _must(each)]
    left_out = dict(waiting.left_out)
    lost = [(f"{each.level} {each.event} (perhaps told before)", 1) for each in waiting.sending if not _must(each)]
    for name, times in [*waiting.sending_left_out.items(), *lost]:
        left_out[name] = left_out.get(name, 0) + times
    return Waiting([*again, *waiting.alerts], left_out)


def _must(alert: Alert) -> bool:
    return alert.level is Level.CRITICAL and alert.event is not Event.DIGEST
