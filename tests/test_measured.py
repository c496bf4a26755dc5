"""What tests measure is told beside its limit."""

from __future__ import annotations

from measured import RECONCILED, RECOVERED, lines


def test_the_middle_and_the_longest_of_each_are_told_beside_its_limit() -> None:
    recorded = [(RECOVERED, 1.5), (RECONCILED, 0.25), (RECOVERED, 12.0), ("a property of another test", "x"), (RECOVERED, 1.0)]
    assert lines(recorded) == [
        "recovered after kill -9: 3 times, p50 1.50 s, most 12.00 s (limit 10 s on a free machine)",
        "all known again after a reconnect: 1 times, p50 0.25 s, most 0.25 s (limit 5 s on a free machine)",
    ]


def test_where_nothing_was_measured_nothing_is_told() -> None:
    assert lines([("another", 1)]) == []
