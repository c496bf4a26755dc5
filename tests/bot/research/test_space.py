"""What may be tried is found by name; a limit is refused, whatever it is called; every sentence says what to do."""

from __future__ import annotations

import shutil

import pytest
from builders import CONTRACTS, ROOT
from foreign import write

from bot.contracts import load_contracts
from bot.errors import ContractError, UsageError
from bot.research.space import space_of

LIMITS = [
    ("K1.contracts", "K1.contracts is a limit (strategies.yaml)"),
    ("K4.stop_ticks", "K4.stop_ticks is a limit (strategies.yaml)"),
    ("K1.tiers", "is a limit (strategies.yaml)"),
    ("K5.veto_noise", "is a limit (strategies.yaml)"),
    ("K5", "is a limit (strategies.yaml)"),
    ("euc.min_euc_r", "is a limit (strategies.yaml)"),
    ("management.protect_at_r", "is a limit (strategies.yaml)"),
    ("max_risk_usd", "is a limit (constitution.yaml: risk_per_trade.max_risk_usd)"),
    ("risk_per_trade.max_stop_ticks", "is a limit (constitution.yaml: risk_per_trade.max_stop_ticks)"),
    ("constitution.frequency.max_trades_per_day", "is a limit (constitution.yaml: frequency.max_trades_per_day)"),
    ("max_trades_per_day", "is a limit (constitution.yaml: frequency.max_trades_per_day)"),
    ("quality_gates", "is a limit (constitution.yaml: quality_gates)"),
    ("loss_limits.day_usd", "is a limit (constitution.yaml: loss_limits.day_usd)"),
    ("ttl_seconds", "is a limit (execution_contract.yaml: entry.ttl_seconds)"),
    ("learning.quarantine.min_win_rate", "is a limit (learning.yaml: quarantine.min_win_rate)"),
    ("margin_buffer", "is a limit (risk_model.yaml: margin_buffer)"),
]
MISTAKES = [
    ("K1.min_abs_z", "K1.min_abs_z is no number that is known; did you mean K1.min_abs_vwap_z?"),
    ("zzzzzzzz", "zzzzzzzz is no number that is known; mesbot sweep --list shows them."),
    ("K1.phases", "K1.phases is no number, so that it cannot be tried"),
    ("K1.not_before", "K1.not_before is no number"),
    ("K1.exit_belief", "write them beside it, strategies.yaml: K1.bounds.exit_belief: {from: 1.0, to: 2.5, step: 0.1}."),
    ("beliefs.F1.a", "write them beside it, strategies.yaml: beliefs.F1.bounds.a: "),
    ("signals", "signals: no number of it has bounds"),
]


@pytest.mark.parametrize(("name", "sentence"), LIMITS, ids=[name for name, _ in LIMITS])
def test_a_limit_is_refused_by_contract(name, sentence):
    with pytest.raises(ContractError) as told:
        space_of(CONTRACTS, [name])
    assert sentence in str(told.value) and told.value.exit_code == 3 and "\n" not in str(told.value)


@pytest.mark.parametrize(("name", "sentence"), MISTAKES, ids=[name for name, _ in MISTAKES])
def test_what_cannot_be_tried_is_a_sentence(name, sentence):
    with pytest.raises(UsageError) as told:
        space_of(CONTRACTS, ["K1.min_abs_vwap_z", name])
    assert sentence in str(told.value)


def test_a_strategy_stands_for_all_of_its_numbers_and_nothing_for_all_there_are():
    assert [each.key for each in space_of(CONTRACTS, ["K2"]).parameters] == sorted(key for key in CONTRACTS.bounds if key.startswith("K2."))
    assert [each.key for each in space_of(CONTRACTS, []).parameters] == sorted(CONTRACTS.bounds)
    twice = space_of(CONTRACTS, ["K2", "K2.target_r"])
    assert len(twice.parameters) == 4 and twice.strategies == ("K2",)


def test_the_set_in_force_is_what_the_contracts_hold():
    space = space_of(CONTRACTS, ["K1.min_abs_vwap_z", "K1.max_minutes"])
    assert space.numbers(space.in_force) == {"K1.max_minutes": 20, "K1.min_abs_vwap_z": 1.5}
    assert space.size == 7 * 16


def test_neighbours_are_one_step_away_and_within_the_bounds():
    space = space_of(CONTRACTS, ["K1.min_abs_vwap_z", "K1.max_minutes"])
    assert space.neighbours((3, 5)) == [(2, 5), (4, 5), (3, 4), (3, 6)]
    assert space.neighbours((0, 15)) == [(1, 15), (0, 14)]


def test_a_number_in_force_off_its_bounds_is_told(tmp_path):
    shutil.copytree(ROOT / "contracts", tmp_path / "contracts")
    file = tmp_path / "contracts" / "strategies.yaml"
    file.write_text(file.read_text().replace("min_abs_vwap_z: 1.5", "min_abs_vwap_z: 1.55"))
    with pytest.raises(UsageError, match=r"K1.min_abs_vwap_z = 1.55 is none of the values of its bounds, 1.0 to 2.5 by 0.1"):
        space_of(load_contracts(tmp_path / "contracts"), ["K1"])


def test_a_strategy_of_ones_own_may_be_tried_and_its_limits_may_not(tmp_path):
    contracts = load_contracts(strategies=[write(tmp_path, "Z6")])
    assert space_of(contracts, ["Z6"]).strategies == ("Z6",)
    with pytest.raises(ContractError, match=r"Z6.contracts is a limit \(z6.yaml\)"):
        space_of(contracts, ["Z6.contracts"])
    with pytest.raises(UsageError, match=r"z6.yaml: Z6.bounds.stop_beyond_ticks"):
        space_of(contracts, ["Z6.stop_beyond_ticks"])


def test_contracts_without_bounds_say_how_to_write_some():
    with pytest.raises(UsageError, match="Nothing may be tried"):
        space_of(CONTRACTS.model_copy(update={"bounds": {}}), [])
