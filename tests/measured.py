"""Seconds that tests measure and the limits they hold: told at the end of a test run, with how many there were and the longest."""

from __future__ import annotations

from collections.abc import Iterable

RECOVERED, RECONCILED = "recovered after kill -9", "all known again after a reconnect"
LIMITS = {RECOVERED: 10.0, RECONCILED: 5.0}  # seconds


def lines(properties: Iterable[tuple[str, object]]) -> list[str]:
    """One line for each of LIMITS that was measured; `properties` are those that tests have recorded, of other names too."""
    found: dict[str, list[float]] = {}
    for name, value in properties:
        if name in LIMITS:
            found.setdefault(name, []).append(float(str(value)))
    return [_line(name, sorted(seconds)) for name, seconds in found.items()]


def _line(name: str, seconds: list[float]) -> str:
    middle = seconds[len(seconds) // 2]
    return f"{name}: {len(seconds)} times, p50 {middle:.2f} s, most {seconds[-1]:.2f} s (limit {LIMITS[name]:g} s on a free machine)"
