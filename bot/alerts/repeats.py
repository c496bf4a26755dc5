"""Whether an alert was told a short while ago, and is how things stand still."""

from __future__ import annotations

from bot.alerts.alert import Alert

REPEAT_SECONDS = 600.0
MOST_KEYS = 300


class Repeats:
    """Remembers the keys of what was told, the newest MOST_KEYS of them, of a topic the last one. Times are seconds."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, float]] = {}

    def new(self, alert: Alert, now: float) -> bool:
        """Whether it is to be told; one that is told again within REPEAT_SECONDS is only counted."""
        if not alert.key:
            return True
        name = alert.topic or alert.key
        key, told = self._told.get(name, ("", 0.0))
        if key == alert.key and now - told < REPEAT_SECONDS:
            return False
        self._told.pop(name, None)
        self._told[name] = alert.key, now
        while len(self._told) > MOST_KEYS:
            self._told.pop(next(iter(self._told)))
        return True
