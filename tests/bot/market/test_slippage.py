"""The execution contract's slippage model, row by row."""

from __future__ import annotations

import math

import pytest

from bot.contracts import Contracts
from bot.market.slippage import slippage_ticks


@pytest.mark.parametrize(
    ("atr_norm", "spread", "first", "last", "expected"),
    [
        (0.33, 1.0, False, False, (1, 1)),
        (0.70, 1.0, False, False, (1, 1)),
        (0.71, 1.0, False, False, (2, 2)),
        (0.85, 1.0, False, False, (2, 2)),
        (0.86, 1.0, False, False, (3, 3)),  # not both surcharges
        (0.33, 2.0, False, False, (2, 2)),
        (0.33, 1.9, False, False, (1, 1)),
        (0.33, 1.0, True, False, (1, 2)),
        (0.33, 1.0, False, True, (1, 2)),
        (0.71, 1.0, True, False, (2, 3)),  # 3.0 is not rounded up to 4
        (0.86, 2.0, True, False, (4, 6)),
        (0.86, 2.0, False, True, (4, 6)),  # 5.2 rounds up
        (0.33, 1.0, True, True, (1, 2)),
        (math.nan, 1.0, False, False, (3, 3)),  # unknown is charged as bad
        (0.33, math.nan, False, False, (2, 2)),
    ],
)
def test_slippage_of_stops_and_market_orders(
    contracts: Contracts, atr_norm: float, spread: float, first: bool, last: bool, expected: tuple[int, int]
) -> None:
    assert slippage_ticks(contracts.execution_contract.slippage, atr_norm, spread, first, last) == expected


def test_it_is_capped(contracts: Contracts) -> None:
    law = contracts.execution_contract.slippage.model_copy(update={"base_ticks": 5})
    assert slippage_ticks(law, 0.9, 3.0, True, False) == (8, 6)
