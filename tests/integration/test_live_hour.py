"""The invariants over the live node: hours drawn at random, on the simulated gateway, judged by what the gateway holds.

`make model-live HOURS=50 SEED=7` plays more of them; what breaks one is printed with the Script that does it again. Live timing is not
repeated to the microsecond: a script may have to be played several times.
"""

from __future__ import annotations

import pytest
from asked import asked
from live_hour import FAULTS, Script, drawn, law, play_hour

HOURS, SEED = asked("MODEL_HOURS", 4), asked("MODEL_SEED", 1, least=0)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory):
    return law(tmp_path_factory.mktemp("live") / "contracts")


@pytest.mark.parametrize("seed", range(SEED, SEED + HOURS))
def test_whatever_is_sent_in_a_live_node_the_gateway_holds_only_what_the_rules_allow(contracts, tmp_path, seed):
    script = drawn(seed, faulty=seed % 2 == 0)
    told = play_hour(contracts, tmp_path, script)
    assert told.broken == [], script
    locked = {"link down", "drop"} & set(told.faults)  # broken links cost execution quality, and below its minimum nothing enters
    assert locked or (told.entered and told.reports["executed"]), "an hour in which nothing happens proves nothing"


def test_an_approved_bracket_that_is_sent_again_at_once_works_at_the_gateway_and_is_known(contracts, tmp_path):
    again = tuple((minute, "bar", "enter_twice", 12 * minute + minute // 4 % 3, 0) for minute in range(2, 50, 4))
    told = play_hour(contracts, tmp_path, Script(again))
    assert told.broken == [] and told.entered > 3


def test_every_fault_of_the_gateway_is_drawn():
    drawn_faults = {name for seed in range(0, 40, 2) for _, name, _ in drawn(seed, faulty=True).faults}
    assert drawn_faults == set(FAULTS)
