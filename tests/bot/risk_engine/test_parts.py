"""What must stand behind the risk engine, and the sentence that names what does not."""

from __future__ import annotations

import re
from types import SimpleNamespace

import msgspec
import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from bot.errors import RiskEngineError
from bot.risk_engine.parts import (
    LIVE_PARTS,
    OWN_BUSINESS,
    PARTS,
    parts_of,
    require_one_runtime,
    require_parts,
    require_plain,
    require_strategies,
)
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


# ------------------------------------------------------------------ plain configurations

OTHERWISE = {  # a value that differs from the default, for every field that is not a strategy's own business
    "oms_type": "HEDGING",
    "external_order_claims": ["MES.CME"],
}


def strategy(**changes):
    """A strategy whose configuration says so; values are not looked at by Nautilus before it starts."""
    return SimpleNamespace(id="K1-K1", config=SimpleNamespace(**{**{name: getattr(StrategyConfig(), name) for name in FIELDS}, **changes}))


FIELDS = StrategyConfig.__struct_fields__


def test_plain_strategies_may_start_whatever_they_are_called_and_log():
    plain = StrategyConfig(strategy_id="K1", order_id_tag="7", log_events=False, log_commands=False, use_uuid_client_order_ids=True)
    require_plain([strategy(), SimpleNamespace(id="K1", config=plain), SimpleNamespace(id="K1", config=SimpleNamespace())])


def test_positions_may_be_netted_by_name():
    require_plain([SimpleNamespace(id="K1", config=StrategyConfig(oms_type="NETTING"))])


@pytest.mark.parametrize("name", sorted(set(FIELDS) - OWN_BUSINESS))
def test_every_other_setting_must_be_its_default(name):
    default = getattr(StrategyConfig(), name)
    found = OTHERWISE.get(name, not default if isinstance(default, bool) else "otherwise")
    sentence = rf"^The run cannot start: strategy K1-K1 is configured with {name} = .*; only {re.escape(repr(default))} is allowed"
    with pytest.raises(RiskEngineError, match=sentence):
        require_plain([strategy(), strategy(**{name: found})])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("oms_type", "HEDGING"),
        ("manage_contingent_orders", True),
        ("manage_gtd_expiry", True),
        ("external_order_claims", [InstrumentId.from_str("MES.CME")]),
    ],
)
def test_what_nautilus_has_made_of_a_setting_counts_whatever_the_configuration_says_now(name, found):
    class Shadow(Strategy):
        config = StrategyConfig(strategy_id="K1", order_id_tag="K1")

    made = Shadow(StrategyConfig(strategy_id="K1", order_id_tag="K1", **{name: found}))
    with pytest.raises(RiskEngineError, match=f"strategy K1-K1 is configured with {name} = "):
        require_plain([Strategy(StrategyConfig(oms_type="NETTING")), made])


def test_a_setting_of_tomorrow_must_be_its_default(monkeypatch):
    class Tomorrow(StrategyConfig, frozen=True):
        send_twice: bool = False

    monkeypatch.setattr("bot.risk_engine.parts.StrategyConfig", Tomorrow)
    require_plain([SimpleNamespace(id="K1", config=Tomorrow())])
    with pytest.raises(RiskEngineError, match="send_twice = True; only False is allowed"):
        require_plain([SimpleNamespace(id="K1", config=Tomorrow(send_twice=True))])


def test_what_is_a_strategys_own_business_is_there_to_be_set():
    assert set(FIELDS) >= OWN_BUSINESS


def test_the_parts_that_stand_now_are_asked_for_each_time():
    journal, mine, market = (SimpleNamespace(part=name) for name in ("JOURNAL", "MINE", "MARKET"))
    actors = [journal, mine]
    standing = parts_of(SimpleNamespace(actors=lambda: list(actors)))
    assert standing() == [journal]
    actors.append(market)
    assert standing() == [journal, market]
    actors[0] = SimpleNamespace(part="JOURNAL")  # as many as before, and another
    assert standing()[0] is actors[0]
    actors.clear()
    assert standing() == []
