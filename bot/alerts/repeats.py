"""Whether an alert was told a short while ago."""

from __future__ import annotations

from bot.alerts.alert import Alert

REPEAT_SECONDS = 600.0
MOST_KEYS = 300


class Repeats:
    """Remembers the keys of what was told, the newest MOST_KEYS of them. Times are seconds."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def new(self, alert: Alert, now: float) -> bool:
        """Whether it is to be told; one that is told again within REPEAT_SECONDS is only counted."""
        if not alert.key:
            return True
        told = self._told.get(alert.key)
        if told is not None and now - told < REPEAT_SECONDS:
            return False
        self._told.pop(alert.key, None)
        self._told[alert.key] = now
        while len(self._told) > MOST_KEYS:
            self._told.pop(next(iter(self._told)))
        return True
