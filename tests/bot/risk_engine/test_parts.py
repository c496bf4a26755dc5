"""What must stand behind the risk engine, and the sentence that names what does not."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from bot.errors import RiskEngineError
from bot.risk_engine.parts import LIVE_PARTS, PARTS, require_one_runtime, require_parts, require_strategies
from bot.runtime.runtime import RuntimeSpec

STRATEGIES = ("K1", "K2", "Z6")


@pytest.mark.parametrize("found", [PARTS, ("MINE", *PARTS), (*PARTS[:2], "", *PARTS[2:], "MINE")])
def test_all_in_their_order_may_start_whoever_else_is_there(found):
    require_parts(found, PARTS)


@pytest.mark.parametrize("name", LIVE_PARTS)
def test_a_missing_part_is_named(name):
    with pytest.raises(RiskEngineError, match=rf"^The run cannot start: {name} is missing; the parts are JOURNAL, .* in this order\.$"):
        require_parts([part for part in LIVE_PARTS if part != name], LIVE_PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_there_twice_is_named(name):
    with pytest.raises(RiskEngineError, match=f"{name} is there twice"):
        require_parts((*PARTS, name), PARTS)


@pytest.mark.parametrize("place", range(len(PARTS) - 1))
def test_two_that_changed_places_are_named(place):
    found = [*PARTS]
    found[place], found[place + 1] = found[place + 1], found[place]
    with pytest.raises(RiskEngineError, match=f"{PARTS[place + 1]} stands before {PARTS[place]} and must come after it"):
        require_parts(found, PARTS)


def test_strategies_may_stand_in_any_order_with_others_among_them():
    require_strategies(("MINE", *reversed(STRATEGIES)), STRATEGIES)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_missing_strategy_is_named(name):
    with pytest.raises(RiskEngineError, match=f"strategy {name} is missing; the library asks K1, K2, Z6"):
        require_strategies((other for other in STRATEGIES if other != name), STRATEGIES)


def test_a_part_that_was_made_for_another_runtime_is_refused_by_its_name():
    spec = RuntimeSpec("contracts", "a" * 64, "2025-01-01", "2025-12-31", "journal.sqlite")
    other = msgspec.structs.replace(spec, contracts_directory="lax")
    part = lambda name, runtime: SimpleNamespace(id=name, config=SimpleNamespace(runtime=runtime))  # noqa: E731
    require_one_runtime(spec, [part("LIBRARY", spec), SimpleNamespace(id="somebody else's", config=SimpleNamespace())])
    with pytest.raises(RiskEngineError, match=r"LIBRARY has runtime\.contracts_directory = 'lax' where the risk engine has 'contracts'"):
        require_one_runtime(spec, [part("JOURNAL", spec), part("LIBRARY", other)])
