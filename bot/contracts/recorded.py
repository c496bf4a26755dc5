"""The contracts as a journal recorded them: no strategy is needed to read what was decided under them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from bot.contracts.blocks import blocks_of, every_rules, split
from bot.contracts.declaration import Declared
from bot.contracts.models import FILES, Contracts, Rules
from bot.errors import ContractError

Values = dict[str, Any]


def recorded_contracts(values: Values, sha256: str) -> Contracts:
    """The contracts of a journal's record, whatever strategies they name. Raises ContractError if they are of no known form."""
    try:
        values = _with_evidence(_with_blocks(copy.deepcopy(values)))
        core, shipped = split(values["strategies"])
        parsed = {name: model.model_validate(core if name == "strategies" else values[name]) for name, model in FILES.items()}
        blocks = blocks_of(shipped, {file: said for file, said in values.items() if file not in FILES})
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise ContractError(f"The contracts {sha256[:12]} were recorded by a version of mesbot that this one cannot read.") from error
    return Contracts(**parsed, blocks=blocks, rules=every_rules(blocks), directory="", sha256=sha256)


def read_by(recorded: Contracts, strategies: Mapping[str, Declared]) -> Contracts:
    """The same, each block as its strategy's code reads it; `declared` holds those whose code can.

    Of a block whose strategy is not at hand, or cannot read it, only what every block says is known.
    """
    rules: dict[str, Rules] = {}
    for name in strategies.keys() & recorded.blocks.keys():
        with suppress(ValidationError):
            rules[name] = strategies[name].rules_model.model_validate(recorded.blocks[name].values)
    readable = {name: each for name, each in strategies.items() if name in rules}
    return recorded.model_copy(update={"rules": recorded.rules | rules, "declared": readable})


def _with_blocks(values: Values) -> Values:
    """The form before each strategy's block said its contracts and tiers: they stood in two other files, in two lists.

    It also had a key that nothing read.
    """
    quantities = values["risk_model"].pop("contracts_per_strategy", None)
    if quantities is None:
        return values
    values["session"]["roll"].pop("min_liquid_sessions", None)
    strategies, tiers = values["strategies"], values["constitution"]["tiers"]
    allowed = {tier["name"]: tier.pop("strategies") for tier in tiers}
    for name, contracts in quantities.items():
        strategies[name] |= {"contracts": contracts, "tiers": [tier for tier, names in allowed.items() if name in names]}
    strategies["signals"] |= {"range_bars": strategies["K4"].pop("range_bars"), "extreme_bars": strategies["K1"].pop("extreme_bars")}
    for number in "12345":
        strategies["beliefs"][f"F{number}"]["owner"] = f"K{number}"
    return values


def _with_evidence(values: Values) -> Values:
    """The form before evidence aged: it weighed its DVS for ever, and no age released a strategy."""
    values["learning"].setdefault("evidence", {"half_life_sessions": None, "aged_below_sample": 0.0, "aged_after_sessions": 1})
    return values
