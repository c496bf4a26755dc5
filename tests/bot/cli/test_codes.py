"""`mesbot why CODE` knows every code of every list that a person may meet, and each list's words are of its codes alone."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import ROOT
from click.testing import CliRunner

from bot.alerts.alert import Event
from bot.bars.codes import MEANING as FINDINGS
from bot.bars.passport import Severity
from bot.cli import codes
from bot.cli.main import cli
from bot.cli.measures import MEASURES, SIGNALS, STATISTICS
from bot.decision.codes import Code
from bot.decision.outcome import Mark, Result
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.glossary import glossary
from bot.ibkr import errors
from bot.ibkr.link.link_state import LinkState
from bot.journal import build as signals
from bot.journal.build import POINTS
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


PLAIN = ["bars", "mode", "orders", "reason"]


def calls(name: str, *folders: str) -> Iterator[list[ast.expr]]:
    """The arguments of every call of this name in the files of these folders."""
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node.args


def words_at(places: tuple[int, ...], found: Iterator[list[ast.expr]]) -> set[str]:
    at = [args[place] for args in found for place in places if place < len(args)]
    return {each.value for each in at if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def test_every_measure_of_a_gate_a_setup_and_the_learning_loop_has_its_words():
    gates = words_at((2, 4), calls("refused", "bot/decision", "bot/risk_engine"))
    setups = words_at((1, 3), calls("NoSetup", "strategies", "bot/decision"))
    learning = words_at((1,), calls("Finding", "bot/learning"))
    assert len(gates) > 30 and len(setups) > 15 and len(learning) > 5
    unknown = sorted(word for word in gates | setups | learning if not codes.explained(word))
    assert unknown == PLAIN, "bars is a number's name, which a word would hide"
    assert learning == set(STATISTICS) and not set(MEASURES) - gates - setups


def test_every_signal_that_a_journal_holds_has_its_words():
    assert sorted(word for word in (*POINTS, *signals.SIGNALS) if not codes.explained(word)) == []
    assert set(SIGNALS) <= {*POINTS, *signals.SIGNALS, "climax", "lunch_void", "spread_ticks", "slippage_ticks"}


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("BACKTEST", "BACKTEST (mode): past bars"),
        ("atr_norm", "atr_norm (signal of the market): atr_14 beside"),
        ("cost x 1", "cost x (word): what a strategy's costs are multiplied by"),
        ("cost x 1.5", "cost x (word): "),
        ("THROTTLED 1", "THROTTLED (learning state): "),
        ("demo", "demo (word): three short sessions"),
    ],
)
def test_what_a_screen_shows_is_explained_as_it_stands_there(shown, said):
    assert codes.explained(shown).startswith(said)


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
