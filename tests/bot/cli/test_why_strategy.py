"""`mesbot why K6` says what a strategy is, one's own too; a mistake of `why` is the only thing that is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from foreign import spoil, write

from bot.cli.main import cli
from bot.contracts import load_contracts
from bot.journal.records import Kind, StateRecord
from bot.journal.store import Journal

sys.path.append(str(Path(__file__).parents[1] / "report"))
import small_journal


@pytest.fixture
def why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv("MESBOT_STRATEGIES", raising=False)
    return lambda *words: CliRunner().invoke(cli, ["why", *words], prog_name="mesbot")


@pytest.fixture
def journaled(tmp_path: Path) -> Path:
    """A journal in out/ in which Z6 of mine/ is quarantined."""
    law = load_contracts(strategies=[write(tmp_path / "mine")])
    (tmp_path / "out").mkdir()
    change = StateRecord("Z6", "ACTIVE", "QUARANTINED", 0, "two losses", "losses", 2.0, 2, "two wins")
    with Journal.create(tmp_path / "out" / "journal.sqlite", "backtest", law, {}, lambda: 0) as journal:
        journal.add(Kind.STATE, 60_000_000_000, change, "Z6")
        journal.close_link(60_000_000_000)
    return Path("out/journal.sqlite")


def test_ones_own_strategy_is_told_with_class_file_and_its_state(why, journaled):
    told = why("z6", "--strategies", "mine")
    first, may, where, state = told.output.splitlines()
    assert (told.exit_code, first[:23]) == (0, "Z6 (strategy): Failed-b")
    assert may == "    belief F2; 1 contract, tiers S A B; from mine"
    assert where == "    class FailedBreakReversal in mine/z6.py, its numbers in mine/z6.yaml"
    assert state == "    quarantined in out/journal.sqlite; released by two wins"


def test_the_environment_names_the_folder_too_and_without_a_journal_there_is_no_state(why, tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_STRATEGIES", str(write(tmp_path / "mine")))
    assert why("Z6").output.splitlines()[-1] == "    no journal yet"
    assert why("K1").output.startswith("K1 (strategy): VWAP mean reversion: fades")
    assert "class VwapReversion in " in why("K1").output and why("THESIS").exit_code == 0


def test_a_strategy_whose_file_is_elsewhere_is_known_to_its_journal(why, journaled):
    for words in (("Z6",), ("Z6", "--journal", str(journaled))):
        told = why(*words)
        assert told.exit_code == 0 and told.output.startswith("Z6 (strategy): its file is not among the strategies found here, only the")
        assert told.output.splitlines()[-1] == "    quarantined in out/journal.sqlite; released by two wins"


def test_one_that_the_journal_does_not_know_yet_and_one_that_is_broken_are_told_as_that(why, journaled, tmp_path):
    write(tmp_path / "other", "K7")
    assert why("K7", "--strategies", "other").output.endswith("    not journaled yet in out/journal.sqlite\n")
    spoil(tmp_path / "other", "class FailedBreakReversal", "no class FailedBreakReversal", "K7")
    told = why("K7", "--strategies", "other")
    assert told.exit_code == 0 and "K7 (strategy): its file or its numbers cannot be read now; `mesbot strategies` says why." in told.output
    assert "    its file or its numbers cannot be read now" in why("K1", "--strategies", "other").output


def test_for_a_program_the_same_facts(why, journaled):
    told = json.loads(why("Z6", "--strategies", "mine", "--json").stdout)["strategy"]
    facts = {"name": "Z6", "kind": "FailedBreakReversal", "file": "mine/z6.py", "state": "quarantined", "release": "two wins"}
    assert {name: told[name] for name in facts} == facts


def test_a_name_that_nobody_knows_is_a_mistake_with_those_that_may_be_meant(why, journaled):
    told = why("Z7", "--strategies", "mine")
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.startswith('"Z7" is neither a time, a code, a strategy nor a number of out/journal.sqlite; did you mean Z6? `mesbot')
    assert "did you mean K1, K2, K3, K4 or K5? " in why("K9").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Z6", "--strategy", "K1"), "--strategy would be ignored where a strategy is asked for; leave it out."),
        (("book.net", "--strategies", "mine"), "--strategies would be ignored where a number is asked for; leave it out."),
        (("THESIS", "--strategies", "mine"), "--strategies would be ignored where a code is asked for; leave it out."),
        (("2025-10-02 10:41", "--strategies", "mine"), "--strategies would be ignored where a bar is asked for; leave it out."),
        (("nothing", "--strategies", "nowhere"), "--strategies nowhere: there is no such folder; name a folder with k6.py and k6.yaml"),
    ],
)
def test_what_would_be_ignored_is_refused(why, journaled, words, said):
    told = why(*words)
    assert told.exit_code == 2 and said in told.stderr


@pytest.mark.parametrize(
    "words", [("Z9.net",), ("nothing",), ("2019-01-02 10:31",), ("2025-13-01",), ("2025-10-01 10:31", "--strategy", "Q")]
)
def test_a_mistake_has_nothing_above_it(why, tmp_path, words):
    (tmp_path / "out").mkdir()
    small_journal.write(tmp_path / "out" / "journal.sqlite", days=small_journal.DAYS[:1], bars=90)
    told = why(*words)
    assert told.exit_code in (1, 2) and told.stdout == "" and told.stderr.count("\n") == 1, told.output
    assert why("book.net").stdout.startswith("Journal: out/journal.sqlite\n")
