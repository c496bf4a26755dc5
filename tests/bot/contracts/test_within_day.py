"""Contracts that change within a trading day: key by key the stricter counts, and what is not stricter waits."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from builders import CONTRACTS
from changed_contracts import changed, made
from foreign import write
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bot.contracts import Contracts, load_contracts
from bot.contracts.checks import cross_file_faults, strategy_faults
from bot.contracts.models import FILES
from bot.contracts.recorded import recorded_contracts
from bot.contracts.strictness import Stricter, declared_in
from bot.contracts.within_day import KeyChange, within_day
from bot.errors import ContractError

DIRECTED = (Stricter.DOWN, Stricter.UP)


def leaves(model: BaseModel, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Stricter, Any]]:
    """Every key of a model with what it declares and its value."""
    for name, field in type(model).model_fields.items():
        value, rule = getattr(model, name), declared_in(field)
        rows = [(number, row) for number, row in enumerate(value) if isinstance(row, BaseModel)] if isinstance(value, list) else []
        if rule is not None:
            yield (*path, name), rule, value
        elif isinstance(value, BaseModel):
            yield from leaves(value, (*path, name))
        for number, row in rows if rule is None else []:
            yield from leaves(row, (*path, name, number))


def all_leaves(contracts: Contracts) -> dict[tuple[str | int, ...], tuple[Stricter, Any]]:
    models = [((name,), getattr(contracts, name)) for name in FILES]
    models += [(("strategies", name), rules) for name, rules in contracts.rules.items()]
    return {path: (rule, value) for above, model in models for path, rule, value in leaves(model, above)}


NUMBERS = [path for path, (_, value) in all_leaves(CONTRACTS).items() if isinstance(value, int | float) and not isinstance(value, bool)]
NUMBERS += [path for path in all_leaves(CONTRACTS) if str(path[-1]).endswith("_usd")]
NUMBERS = [path for path in NUMBERS if path[-1] != "version"]
FACTORS = st.sampled_from([0.5, 0.9, 1.1, 2.0])


@st.composite
def laws(draw: st.DrawFn) -> Contracts:
    """Contracts that hold, with some numbers at other values."""
    values = copy.deepcopy(CONTRACTS.values())
    for path, factor in draw(st.dictionaries(st.sampled_from(NUMBERS), FACTORS, max_size=12)).items():
        section: Any = values
        for name in path[:-1]:
            section = section[name]
        old = section[path[-1]]
        number = round(float(old) * factor, 2)
        section[path[-1]] = str(number) if isinstance(old, str) else int(number) if isinstance(old, int) else number
    for file, gates, score in (("data_contract", "dvs", "dvs"), ("execution_contract", "eqs", "eqs")):
        values[file][gates]["gates"] = dict(values["constitution"]["quality_gates"][score])
    try:
        law = made(values)
    except (ContractError, ValidationError):
        assume(False)
    assume(law.declared.keys() == CONTRACTS.declared.keys() and holds(law))
    return law


def holds(law: Contracts) -> bool:
    files = {name: getattr(law, name) for name in FILES}
    return not cross_file_faults(files) and not strategy_faults(files, law.declared, law.rules)


def looser(rule: Stricter, value: Any, than: Any) -> bool:
    return value > than if rule is Stricter.DOWN else value < than


EXAMPLES = settings(max_examples=40)


@EXAMPLES
@given(laws(), laws())
def test_no_key_is_looser_than_in_either_and_one_without_a_direction_stays(in_force: Contracts, loaded: Contracts):
    found = within_day(in_force, loaded)
    law, before, read = all_leaves(found.contracts), all_leaves(in_force), all_leaves(loaded)
    assert law.keys() == before.keys()
    for path, (rule, value) in law.items():
        if rule in DIRECTED:
            assert not looser(rule, value, before[path][1])
            assert found.fault or not looser(rule, value, read[path][1])
        else:
            assert value == before[path][1]
    assert holds(found.contracts)


@EXAMPLES
@given(laws(), laws())
def test_read_again_nothing_more_changes(in_force: Contracts, loaded: Contracts):
    law = within_day(in_force, loaded).contracts
    again = within_day(law, loaded)
    assert (again.contracts.sha256, again.contracts.values(), again.counts) == (law.sha256, law.values(), ())
    assert within_day(law, law).contracts.sha256 == law.sha256 and within_day(law, law)[1:] == ((), (), "")


@EXAMPLES
@given(laws(), laws())
def test_of_keys_with_a_direction_the_order_does_not_matter(one: Contracts, other: Contracts):
    found, turned = within_day(one, other), within_day(other, one)
    assume(not found.fault and not turned.fault)
    there, back = all_leaves(found.contracts), all_leaves(turned.contracts)
    assert all(there[path][1] == back[path][1] for path, (rule, _) in there.items() if rule in DIRECTED)


@EXAMPLES
@given(laws(), laws())
def test_the_hash_follows_from_the_values_alone(in_force: Contracts, loaded: Contracts):
    law = within_day(in_force, loaded).contracts
    assert law.hashed().sha256 == law.sha256 == within_day(made(in_force.values()), made(loaded.values())).contracts.sha256


@EXAMPLES
@given(laws(), laws())
def test_what_counts_and_what_waits_are_all_that_differs(in_force: Contracts, loaded: Contracts):
    found = within_day(in_force, loaded)
    before, read = all_leaves(in_force), all_leaves(loaded)
    differing = {path for path, (_, value) in read.items() if value != before[path][1]}
    assert {each.key for each in (*found.counts, *found.waits)} == {f"{path[0]}.yaml: {'.'.join(map(str, path[1:]))}" for path in differing}


# -------------------------------------------------------------------- by example

FOMC = {"start": "2025-12-10T13:55:00-05:00", "end": "2025-12-10T15:00:00-05:00", "reason": "FOMC"}
CPI = FOMC | {"reason": "CPI"}


def test_stricter_keys_count_and_the_others_wait_each_named_with_both_values():
    loaded = changed(
        ("constitution.loss_limits.day_usd", "20.00"),
        ("constitution.losing_streak.max_losses", 3),
        ("constitution.tiers.2.max_risk_usd", "14.00"),
        ("strategies.K1.not_before", "10:30"),
        ("strategies.euc.prior_weight", 10.0),
    )
    found = within_day(CONTRACTS, loaded)
    assert found.counts == (
        KeyChange("constitution.yaml: loss_limits.day_usd", "30.0", "20.00"),
        KeyChange("constitution.yaml: tiers.2.max_risk_usd", "15.0", "14.00"),
        KeyChange("strategies.yaml: K1.not_before", "10:00", "10:30"),
    )
    assert found.waits == (
        KeyChange("constitution.yaml: losing_streak.max_losses", 2, 3),
        KeyChange("strategies.yaml: euc.prior_weight", 20.0, 10.0),
    )
    assert found.contracts.constitution.losing_streak.max_losses == 2
    assert found.contracts.sha256 not in (CONTRACTS.sha256, loaded.sha256)


def test_what_is_all_looser_leaves_the_contracts_of_the_day_and_their_hash():
    found = within_day(CONTRACTS, changed(("constitution.frequency.max_trades_per_day", 5)))
    assert (found.contracts.sha256, found.counts, len(found.waits)) == (CONTRACTS.sha256, (), 1)


def test_what_is_all_stricter_counts_whole_under_its_own_hash():
    loaded = changed(("constitution.frequency.max_trades_per_day", 1))
    found = within_day(CONTRACTS, loaded)
    assert (found.contracts.sha256, len(found.counts), found.waits) == (loaded.sha256, 1, ())


def test_blackouts_of_both_count_until_the_day_ends():
    found = within_day(changed(("constitution.lockouts.blackouts", [FOMC])), changed(("constitution.lockouts.blackouts", [CPI])))
    assert [each.reason for each in found.contracts.constitution.lockouts.blackouts] == ["FOMC", "CPI"]
    key = "constitution.yaml: lockouts.blackouts"
    assert found.counts == (KeyChange(key, [FOMC], [FOMC, CPI]),) and found.waits == (KeyChange(key, [FOMC, CPI], [CPI]),)


def test_only_the_tiers_that_both_allow_a_strategy_are_left_to_it():
    found = within_day(CONTRACTS, changed(("strategies.K1.tiers", ["A"])))
    assert found.contracts.trader("K1").tiers == ["A"] and not found.waits


def test_a_file_s_version_and_changelog_are_no_law():
    found = within_day(CONTRACTS, changed(("session.version", 2)))
    assert (found.contracts.sha256, found.counts, found.waits) == (CONTRACTS.sha256, (), ())


def test_the_same_money_written_otherwise_is_no_change():
    found = within_day(CONTRACTS, changed(("constitution.loss_limits.day_usd", "30")))
    assert (found.contracts.sha256, found.counts, found.waits) == (CONTRACTS.sha256, (), ())


def test_a_list_of_sections_with_another_number_of_rows_waits_whole():
    tiers = [*CONTRACTS.values()["constitution"]["tiers"]]
    more = [*tiers, {"name": "C", "min_equity_usd": "50000", "max_stop_ticks": 18, "max_risk_usd": "10"}]
    found = within_day(CONTRACTS, changed(("constitution.tiers", more)))
    assert not found.counts and [each.key for each in found.waits] == ["constitution.yaml: tiers"]


# ------------------------------------------------------------ what does not hold


def test_stricter_keys_that_break_a_rule_together_wait_all_and_the_rule_is_named():
    narrow = changed(("constitution.risk_per_trade.max_stop_ticks", 6))
    wide = changed(("constitution.risk_per_trade.min_stop_ticks", 10), ("constitution.frequency.max_trades_per_day", 1))
    found = within_day(narrow, wide)
    assert "min_stop_ticks = 10 must be <= max_stop_ticks = 6" in found.fault
    assert found.contracts.sha256 == narrow.sha256 and not found.counts and len(found.waits) == 3


def test_a_block_whose_stricter_keys_do_not_hold_together_stays_and_the_rest_counts():
    loaded = changed(("strategies.K4.contracts", 1), ("strategies.K4.leg_targets_r", [1.5]), ("strategies.K2.min_belief", 0.9))
    found = within_day(CONTRACTS, loaded)
    assert found.contracts.trader("K4").contracts == 2 and found.contracts.trader("K2").min_belief == 0.9
    assert found.fault == "strategies.yaml: K4.leg_targets_r: List should have at least 1 item after validation, not 0"
    assert [each.key for each in found.waits] == ["strategies.yaml: K4.contracts", "strategies.yaml: K4.leg_targets_r"]


def test_a_smaller_size_counts_with_the_legs_that_both_have():
    loaded = changed(("constitution.position.max_contracts", 1), ("strategies.K4.contracts", 1), ("strategies.K4.leg_targets_r", [2.0]))
    found = within_day(CONTRACTS, loaded)
    assert (found.contracts.sha256, found.fault, len(found.counts)) == (loaded.sha256, "", 3)


def test_a_list_of_which_nothing_would_be_left_stays():
    found = within_day(changed(("strategies.K1.tiers", ["A"])), changed(("strategies.K1.tiers", ["B"])))
    assert found.contracts.trader("K1").tiers == ["A"] and found.fault.startswith("strategies.yaml: K1.tiers: ")


# --------------------------------------------------------- what only one of them has


def test_a_strategy_that_comes_waits_and_one_that_goes_orders_nothing_at_once(tmp_path):
    with_z6 = load_contracts(strategies=[write(tmp_path)])
    comes, goes = within_day(CONTRACTS, with_z6), within_day(with_z6, CONTRACTS)
    assert comes.waits == (KeyChange("z6.yaml: Z6", None, "its block"),) and not comes.counts
    assert goes.counts == (KeyChange("z6.yaml: Z6", "its block", None),) and not goes.waits
    for found in (comes, goes):
        assert found.contracts.names == CONTRACTS.names and list(found.contracts.declared) == list(CONTRACTS.declared)
        assert found.contracts.sha256 == CONTRACTS.sha256
    assert within_day(with_z6, with_z6).contracts.names == with_z6.names


def test_a_strategy_whose_block_of_the_day_its_code_cannot_read_orders_nothing_today(tmp_path):
    with_z6 = load_contracts(strategies=[write(tmp_path)])
    values = copy.deepcopy(with_z6.values())
    del values["z6.yaml"]["Z6"]["target_r"]
    found = within_day(recorded_contracts(values, "before"), with_z6)
    assert "Z6" not in found.contracts.rules and "Z6" not in found.contracts.declared


@pytest.mark.parametrize("change", [("strategies.K1.exit_belief", None), ("strategies.K5.veto_noise", None), ("strategies.K1.new_rule", 3)])
def test_a_key_of_a_shipped_strategy_that_its_code_does_not_know_as_the_day_did_is_one_sentence(change):
    values = copy.deepcopy(CONTRACTS.values())
    name = change[0].split(".")
    values["strategies"][name[1]].pop(name[2], None)
    if change[1] is not None:
        values["strategies"][name[1]][name[2]] = change[1]
    with pytest.raises(ContractError, match=r"The contracts of this trading day \(before\) cannot be kept with these strategies: "):
        within_day(recorded_contracts(values, "before"), CONTRACTS)


def test_without_the_strategies_at_hand_their_own_keys_wait():
    both = [recorded_contracts(each.values(), each.sha256) for each in (CONTRACTS, changed(("strategies.K1.not_before", "10:30")))]
    found = within_day(*both)
    assert [each.key for each in found.waits] == ["strategies.yaml: K1.not_before"] and not found.counts
