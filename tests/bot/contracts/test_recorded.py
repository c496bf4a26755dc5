"""A journal's contracts are read from the journal alone, in the form of today and in those before it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from builders import CONTRACTS
from foreign import write

from bot.contracts import load_contracts
from bot.contracts.recorded import recorded_contracts
from bot.contracts.within_day import within_day
from bot.errors import ContractError


def test_what_was_recorded_of_a_strategy_of_ones_own_is_read_without_it(tmp_path):
    law = load_contracts(strategies=[write(tmp_path)])
    found = recorded_contracts(law.values(), law.sha256)
    assert (found.names, found.sha256, found.values()) == (law.names, law.sha256, law.values())
    assert found.trader("Z6").tiers == ["S", "A", "B"]


def before_blocks() -> dict[str, Any]:
    """Today's values, written as they were before each block said its contracts and tiers."""
    values = copy.deepcopy(CONTRACTS.values())
    blocks = {name: values["strategies"][name] for name in CONTRACTS.traders}
    values["risk_model"]["contracts_per_strategy"] = {name: block.pop("contracts") for name, block in blocks.items()}
    allowed = {name: block.pop("tiers") for name, block in blocks.items()}
    for tier in values["constitution"]["tiers"]:
        tier["strategies"] = [name for name in blocks if tier["name"] in allowed[name]]
    blocks["K4"]["range_bars"] = values["strategies"]["signals"].pop("range_bars")
    blocks["K1"]["extreme_bars"] = values["strategies"]["signals"].pop("extreme_bars")
    for number in "12345":
        del values["strategies"]["beliefs"][f"F{number}"]["owner"]
    return values


def test_the_form_before_is_read_as_todays():
    found = recorded_contracts(before_blocks(), "old")
    assert (found.values(), found.names, found.sha256) == (CONTRACTS.values(), CONTRACTS.names, "old")


def test_the_form_before_evidence_aged_is_read_as_what_it_meant():
    values = copy.deepcopy(CONTRACTS.values())
    del values["learning"]["evidence"]
    found = recorded_contracts(values, "old").learning
    assert (found.evidence.half_life_sessions, found.evidence.aged_below_sample) == (None, 0.0)
    assert found.model_copy(update={"evidence": CONTRACTS.learning.evidence}) == CONTRACTS.learning


def test_within_the_day_of_that_form_evidence_does_not_age_yet():
    values = copy.deepcopy(CONTRACTS.values())
    del values["learning"]["evidence"]
    found = within_day(recorded_contracts(values, "old"), CONTRACTS)
    assert (found.contracts.learning.evidence.half_life_sessions, found.contracts.learning.evidence.aged_below_sample) == (None, 0.0)
    assert {change.key for change in found.waits} == {
        "learning.yaml: evidence.half_life_sessions",
        "learning.yaml: evidence.aged_below_sample",
    }


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values.pop("session"),
        lambda values: values.pop("risk_model"),
        lambda values: values.clear(),
        lambda values: values.update(risk_model=None),
        lambda values: values.update(learning=[]),
        lambda values: values["learning"].update(evidence=None),
        lambda values: values.update(strategies=[]),
        lambda values: values["risk_model"].update(contracts_per_strategy={"K9": 1}),
        lambda values: values["risk_model"].update(contracts_per_strategy=3),
        lambda values: values["constitution"]["loss_limits"].update(hour_usd="5"),
    ],
)
def test_a_form_that_nobody_knows_is_one_sentence(damage: Callable[[dict[str, Any]], Any]):
    values = copy.deepcopy(CONTRACTS.values())
    damage(values)
    with pytest.raises(ContractError, match="The contracts 0123456789ab were recorded by a version of mesbot that this one cannot read"):
        recorded_contracts(values, "0123456789abcdef")
