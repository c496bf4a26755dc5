"""Every refusal code and every exit reason, with the run of bars that reached it; printed at the end of the test run."""

from __future__ import annotations

import pytest
from scenarios import SCENARIOS, Scenario, reached

from bot.decision.codes import MEANING, Code
from bot.decision.plan import ExitReason

OF_THE_BROKER = {  # no bar leads there: these do
    ExitReason.RECONCILED: "tests/bot/ibkr/test_ibkr_other_hands.py",
    ExitReason.MANUAL: "tests/bot/ibkr/test_ibkr_other_hands.py",
    Code.NOBODY_RAN: "tests/bot/ibkr/test_ibkr_missed_bars.py",
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scenario"), SCENARIOS.items(), ids=SCENARIOS)
def test_a_scenario_reaches_what_it_is_there_for(name: str, scenario: Scenario):
    codes, exits = reached(name)
    assert (scenario.codes - codes, scenario.exits - exits) == (set(), set())


@pytest.mark.slow
def test_every_code_and_every_exit_reason_is_reached_by_bars(record_coverage):
    table = {item.value: [] for item in (*Code, *ExitReason) if item not in OF_THE_BROKER}
    for name in SCENARIOS:
        for found in reached(name):
            for item in sorted(found):
                table[item].append(name)
    record_coverage(table)
    assert [item for item, scenarios in table.items() if not scenarios] == []
    assert set(MEANING) == set(Code)


def test_what_a_scenario_is_there_for_covers_every_code_and_reason():
    """So that removing a scenario names what is lost."""
    assert set().union(*(scenario.codes for scenario in SCENARIOS.values())) == set(Code) - OF_THE_BROKER.keys()
    assert set().union(*(scenario.exits for scenario in SCENARIOS.values())) == set(ExitReason) - OF_THE_BROKER.keys()
