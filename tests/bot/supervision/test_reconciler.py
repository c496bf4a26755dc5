"""How many contracts of ours another hand has closed, by what the book has and the broker holds."""

from __future__ import annotations

import pytest

from bot.risk_engine.reconciler import closed_elsewhere


@pytest.mark.parametrize(
    ("net", "expected", "held", "gone"),
    [
        (1, 1, 0, 1),
        (1, 1, -1, 1),  # a reversal: ours is gone, the rest is not ours
        (2, 2, 1, 1),
        (1, 1, 2, 0),  # somebody has bought beside us
        (-1, -1, 0, 1),
        (-2, -2, 1, 2),
        (-1, -1, -2, 0),
        (0, 0, 1, 0),
        (0, 0, -1, 0),
    ],
)
def test_what_is_gone(net: int, expected: int, held: int, gone: int) -> None:
    assert closed_elsewhere(net, expected, held) == gone
