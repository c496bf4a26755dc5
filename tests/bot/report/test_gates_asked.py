"""The gates that an entry went through: observed beside limit, from its record, its intent and the contracts."""

from __future__ import annotations

from copy import deepcopy

from builders import CONTRACTS

from bot.report.gates_asked import Today, gates_asked

PLAN = {
    "entry_type": "LIMIT",
    "limit": 6516.0,
    "legs": [[1, 6518.0, 6512.0]],
    "stop_ticks": 8,
    "risk_cents": 1000,
    "ttl_seconds": 90.0,
    "belief": "F2",
    "entry_value": 0.8196,
}
DECISION = {"strategy": "K2", "dvs": 1.0, "eqs": 0.95, "plan": PLAN, "euc": {"total": 0.0067}}
INTENT = {"slippage_ticks": 2, "euc_inputs": {"cost_r": 0.374}, "signals": {"noise": 0.376}}


def asked(today: Today, noise: float = 0.376) -> list[str]:
    intent = deepcopy(INTENT)
    intent["signals"]["noise"] = noise
    return list(gates_asked(DECISION, intent, "THROTTLED", today, CONTRACTS))


def test_each_group_says_what_was_observed_beside_its_limit():
    assert asked(Today(1_000_000)) == [
        "constitution: risk $10.00 ≤ $15.00, stop 4 ≤ 8 ≤ 12 ticks",
        "budgets: worst case $13.74 ≤ $30.00 left today, trade 1 ≤ 2 today",
        "quality: DVS 1.00 ≥ 0.80, EQS 0.95 ≥ 0.75",
        "capital tier B: risk $10.00 ≤ $15.00, stop 8 ≤ 12 ticks",
        "belief: F2 0.82 ≥ 0.65, noise 0.38 < 0.70 (K5), K2 is THROTTLED",
        "friction and EUC: cost 0.19 ≤ 0.30 of the target, EUC +0.01 ≥ 0.00 R",
        "template: LIMIT, 90 ≤ 90 s to live, a stop and a target to each leg",
        "kill switch, session, regime lockout: nothing stood against it",
    ]


def test_what_the_day_has_cost_counts_in_its_budget_and_in_the_tier():
    lines = asked(Today(250_100, -1249, 1))
    assert "budgets: worst case $13.74 ≤ $17.51 left today, trade 2 ≤ 2 today" in lines
    assert "capital tier S: risk $10.00 ≤ $12.00, stop 8 ≤ 9 ticks" in lines


def test_noise_above_its_limit_is_not_said_to_be_below():
    assert "belief: F2 0.82 ≥ 0.65, no veto of K5, K2 is THROTTLED" in asked(Today(1_000_000), noise=0.75)


def test_every_line_fits_80_columns_behind_its_mark():
    assert max(map(len, asked(Today(1_000_000)))) <= 80 - 9
