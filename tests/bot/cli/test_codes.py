"""`mesbot why CODE` knows every code of every list that a person may meet, and each list's words are of its codes alone."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from builders import ROOT
from click.testing import CliRunner

from bot.alerts.alert import Event
from bot.bars.codes import MEANING as FINDINGS
from bot.bars.passport import Severity
from bot.cli import codes
from bot.cli.main import cli
from bot.decision.codes import Code
from bot.decision.outcome import Mark, Result
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.glossary import glossary
from bot.ibkr import errors
from bot.ibkr.link.link_state import LinkState
from bot.journal.records import Action, Kind
from bot.learning.states import StrategyState
from bot.market.state import Regime
from bot.node.check.items import Status
from bot.node.request import Mode
from bot.quality.feed import QualityKind
from bot.report.runs import Ended
from bot.supervision.orders import OrderState, Role

LISTS = (
    Code, LinkState, KillState, Action, StrategyState, Regime, ExitReason, Mark, QualityKind, Mode,
    Kind, Event, OrderState, Role, Result, Ended, Status, Severity,
)  # fmt: skip


@pytest.mark.parametrize("members", LISTS, ids=lambda each: each.__name__)
def test_every_code_of_a_list_is_explained(members):
    unknown = [str(each) for each in members if f"{each.value} (" not in codes.explained(str(each.value))]
    assert not unknown


def test_the_words_of_a_list_are_of_its_codes_and_of_no_other():
    of = {Kind: codes.RECORDS, OrderState: codes.ORDERS, Role: codes.ROLES, Result: codes.RESULTS, Ended: codes.ENDS}
    of |= {Status: codes.CHECKS, Severity: codes.SEVERITIES, Event: codes.ALERTS}
    for members, words in of.items():
        assert set(members) == set(words), members.__name__


def test_every_class_of_trouble_with_the_broker_is_explained_with_what_to_do():
    known = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, errors.BrokerError)]
    assert len(known) > 50
    for each in known:
        assert each.__doc__ and codes.explained(each.__name__).endswith(f"{each.hint.rstrip('.')}.\n"), each.__name__


def findings(path: Path) -> set[str]:
    """The codes that a module gives its findings: written there, or named by a variable that takes one of the module's capital words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"]
    found = {each.value for node in made for each in ast.walk(node) if isinstance(each, ast.Constant) and str(each.value).isupper()}
    if any(isinstance(node, ast.Name) for node in made):
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        found |= {each for each in texts if each.isupper() and each.isascii() and each.replace("_", "").isalpha() and len(each) > 3}
    return found


def test_every_finding_of_a_passport_has_its_words_and_no_word_is_left_for_one_that_is_gone():
    modules = [*(ROOT / "bot" / "bars").glob("*.py"), ROOT / "bot" / "cli" / "data.py"]
    assert set.union(*map(findings, (path for path in modules if path.name != "codes.py"))) == set(FINDINGS)


def test_every_state_of_a_shadow_trade_has_its_words():
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    assert set(re.findall(r'ShadowRecord\([^"()]+"([A-Z]+)"', written)) == set(codes.SHADOWS)


def test_no_code_has_two_meanings_of_one_kind():
    kinds = [(term.code, term.kind) for term in codes.every_term()]
    assert len(set(kinds)) == len(kinds)


def test_a_report_explains_only_what_a_report_shows():
    assert not {"run", "data", "loss", "WORKING", "PositionMismatch"} & set(glossary())


def test_why_explains_a_code_of_a_passport_and_lists_it():
    answer = CliRunner().invoke(cli, ["why", "clock_unseen"])
    assert answer.exit_code == 0 and answer.output.startswith("CLOCK_UNSEEN (finding of a passport): no session's open or close")
    assert answer.output in CliRunner().invoke(cli, ["why", "--codes"]).output


def test_a_word_with_two_uses_is_explained_in_both():
    assert codes.explained("quarantined").splitlines() == [
        "QUARANTINED (learning state): it may not trade; its plans are followed as shadow trades, which may bring it back.",
        "QUARANTINED (refusal): the learning loop has quarantined the strategy.",
    ]


def test_a_word_that_is_no_code_has_no_words():
    assert codes.explained("NO_SUCH_CODE") == ""
