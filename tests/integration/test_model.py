"""Days drawn at random: a rogue that may send anything at any moment, against what the venue holds (venue_truth.py).

`make model DAYS=5000` plays more of them; a day that breaks an invariant is made as small as it can be and printed as a Script.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from asked import asked
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from model_day import Script, Told, law, play_script, scripts

DAYS, SEED = asked("MODEL_DAYS", 120), asked("MODEL_SEED", 1, least=0)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory):
    return law(tmp_path_factory.mktemp("model") / "contracts")


@pytest.fixture(scope="module")
def counts(request: pytest.FixtureRequest):
    """What was done, refused, killed for and reported by the venue, over all days."""
    kept = {name: Counter() for name in ("acts", "refusals", "kills", "the venue's reports")}
    yield kept
    if "MODEL_DAYS" in os.environ:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{DAYS} days from seed {SEED}")
            for name, count in kept.items():
                print(f"{name}: " + ", ".join(f"{each} {number}" for each, number in count.most_common()))


def _count(counts: dict[str, Counter], told: Told) -> None:
    counts["acts"].update(told.done)
    counts["refusals"].update(told.refused)
    counts["kills"].update(reason.partition(":")[0] for state, reason in told.kills if state == "TRIPPED")
    counts["the venue's reports"].update(told.reports)


LATE = [  # an entry is filled after its reported end, beside another entry or another trade, of either side
    Script(((0, "bar", "enter", 1, 0), (2, "bar", "enter", side, 0), (at, "bar", "venue_fills_late", 0, 0)), ((1, "away up"),))
    for side in (0, 1)
    for at in (2, 4)
]
OF_A_LEG = Script(((0, "bar", "enter", 0, 32), (1, "bar", "venue_cancels", 0, 0), (1, "bar", "venue_fills_late", 0, 0)))  # closed after all
ACTS = (("enter_two_plans", 0, 0), ("enter", 0, 0), ("enter", 0, 0), ("enter_other", 872, 0), ("enter", 146, 0))
TWO_PLANS = Script(tuple((0, "bar", *act) for act in ACTS))  # under one id, with equal entries and other stops: one bracket is sent
ONE_LEG_OF_TWO = Script(  # an approved bracket of one leg, after one of two legs was refused under its id
    (*(7 * ((0, "bar", "enter", 0, 0),)), (0, "bar", "withdraw", 0, 0), (1, "event", "enter", 0, 98), (1, "bar", "enter", 0, 1))
)
EVERY_WORD = [  # nonsense of every kind at every name of ours, while nothing is held and while something is
    Script(((5, "bar", "enter", 3, 0), *((2 + n % 36, "bar", name, n, 7 * n) for n in range(500))), ((6, "through"),))
    for name in ("forge_ours", "forge_stricter")
]
KEPT = [
    *EVERY_WORD,
    OF_A_LEG,
    TWO_PLANS,
    ONE_LEG_OF_TWO,
    Script(()),
    Script(((2, "bar", "enter", 164, 730), (2, "timer", "cancel", 874, 5))),
    *LATE,
]


@pytest.mark.parametrize("kept", KEPT)
def test_a_day_of_which_the_outcome_is_known_breaks_nothing(contracts, tmp_path, kept):
    assert play_script(contracts, tmp_path / "out", kept).broken == []


def test_whatever_a_rogue_sends_the_venue_holds_only_what_the_rules_allow(contracts, tmp_path_factory, counts):
    out = tmp_path_factory.mktemp("days") / "out"

    @seed(SEED)
    @settings(
        max_examples=DAYS, derandomize=False, deadline=None, database=None, print_blob=True, phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(script=scripts())
    def day(script: Script) -> None:
        told = play_script(contracts, out, script)
        _count(counts, told)
        note(f"seed {SEED}; refused {told.refused}; kills {told.kills}; raised {told.raised}")
        assert told.broken == []

    day()
