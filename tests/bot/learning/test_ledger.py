"""The veto ledger: what was saved, what was missed, and how far gates overlap."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcome_makers import outcome

from bot.learning.ledger import veto_ledger


def shadow(r, *gates, day="2025-09-15"):
    return outcome(r, shadow=True, gates=gates, day=day)


def test_a_ledger_by_hand():
    rows = veto_ledger(
        [
            shadow(-1.2, "K5_NOISE", "DVS_BELOW_MINIMUM"),
            shadow(2.0, "K5_NOISE", day="2025-09-16"),
            shadow(-0.5, "K5_NOISE", day="2025-09-17"),
            shadow(0.0, "QUARANTINED"),
            outcome(-3.0),
        ],
        confidence=0.95,
        seed=1,
    )
    found = [(row.code, row.episodes, row.saved_cents, row.cost_cents, row.net_cents, row.overlap) for row in rows]
    assert found == [
        ("K5_NOISE", 3, 1700, 2000, -300, pytest.approx(1 / 3)),
        ("DVS_BELOW_MINIMUM", 1, 1200, 0, 1200, 1.0),
        ("QUARANTINED", 1, 0, 0, 0, 0.0),
    ]
    assert rows[0].low_cents <= -300 <= rows[0].high_cents
    assert math.isnan(rows[1].low_cents)
    assert math.isnan(rows[1].high_cents)


def test_a_gate_named_twice_is_one_gate():
    (row,) = veto_ledger([shadow(-1.0, "K5_NOISE", "K5_NOISE")], 0.95, seed=1)
    assert (row.episodes, row.overlap) == (1, 0.0)


def test_no_shadows_no_rows():
    assert veto_ledger([outcome(1.0)], 0.95, seed=1) == []


@given(
    st.lists(
        st.tuples(st.floats(-2, 3), st.sets(st.sampled_from("ABC"), min_size=1), st.sampled_from(["2025-09-15", "2025-09-16"])), max_size=20
    )
)
def test_a_row_balances_and_the_interval_is_seeded(items):
    outcomes = [shadow(r, *sorted(gates), day=day) for r, gates, day in items]
    rows = veto_ledger(outcomes, 0.9, seed=4, draws=50)
    assert str(rows) == str(veto_ledger(outcomes, 0.9, seed=4, draws=50))
    assert sum(row.episodes for row in rows) == sum(len(gates) for _, gates, _ in items)
    for row in rows:
        mine = [item.net_cents for item in outcomes if row.code in item.gates]
        assert row.net_cents == row.saved_cents - row.cost_cents == -sum(mine)
        assert row.saved_cents >= 0 <= row.cost_cents
        assert not row.low_cents > row.high_cents
