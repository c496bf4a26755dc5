"""Every code that a person may meet has its words, and no word is left for a code that is gone."""

from __future__ import annotations

import re

import pytest
from builders import CONTRACTS, ROOT

from bot import glossary
from bot.decision.codes import Code, Layer
from bot.decision.outcome import Mark
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.ibkr.link.link_state import LinkState
from bot.journal.records import Action
from bot.learning.states import StrategyState
from bot.market.state import Regime
from bot.node.request import Mode
from bot.quality.feed import QualityKind
from bot.report.wording import LEVEL_EVENTS


@pytest.mark.parametrize("codes", [ExitReason, KillState, LinkState, Action, StrategyState, Regime, Code, Mark])
def test_every_member_of_a_list_of_codes_has_its_words(codes):
    assert {str(each) for each in codes} <= set(glossary.glossary())


def test_the_words_of_each_list_are_of_its_codes_and_of_no_other():
    lists = {
        "exit": ExitReason,
        "kill switch": KillState,
        "link to the broker": LinkState,
        "decision": Action,
        "learning state": StrategyState,
        "regime": Regime,
    }
    for kind, codes in lists.items():
        assert {term.code for terms in glossary.glossary().values() for term in terms if term.kind == kind} == {str(each) for each in codes}
    assert set(glossary.MODES) == {mode.value for mode in Mode}
    assert set(glossary.WHAT_LAYERS_ASK) == set(Layer)


def test_every_event_that_costs_a_score_has_its_words():
    charged = set(CONTRACTS.data_contract.dvs.penalties.model_dump()) | {name for name, _ in CONTRACTS.execution_contract.eqs.events}
    assert set(glossary.EVENTS) == charged | {kind.value for kind in QualityKind} | set(LEVEL_EVENTS)


def test_every_shipped_strategy_and_belief_has_its_words():
    assert set(glossary.STRATEGIES) == set(CONTRACTS.names)
    assert set(glossary.BELIEFS) == {"F1", "F2", "F3", "F4", "F5"}


def test_a_belief_is_said_to_be_about_what_weighs_most_in_it():
    about = {"vwap_z": "average", "failed_break": "failed", "sweep": "swept", "trend_strength": "goes on"}
    for name in ("F1", "F2", "F3", "F4"):
        weights = getattr(CONTRACTS.strategies.beliefs, name).weights
        assert about[max(weights, key=weights.get)] in glossary.BELIEFS[name]


def test_every_reason_of_a_strategy_for_no_setup_has_its_words():
    written = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "strategies").glob("*.py")))
    asked = re.findall(r"NoSetup\(\s*([^,]+),", written)
    assert {each.strip('"') for each in asked if each.startswith('"')} == set(glossary.SETUPS)
    assert {each for each in asked if not each.startswith('"')} == {"self.belief"}  # F1 to F5 have theirs
