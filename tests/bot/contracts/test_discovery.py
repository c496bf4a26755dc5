"""Strategies are found where they are, and whatever is wrong with one refuses the start in a sentence that names it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import CONTRACTS, ROOT
from click.testing import CliRunner
from foreign import EVIDENCE, NUMBERS, spoil, with_own_belief, write

import strategies
from bot.cli.main import cli
from bot.contracts import load_contracts, read_contracts
from bot.errors import ContractError, NoSuchLaw
from bot.runtime.runtime import RuntimeSpec, runtime_of


def faults_of(*folders: Path, contracts: Path | None = None) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load_contracts(contracts, folders)
    assert caught.value.exit_code == 3
    first, *faults = str(caught.value).split("\n")
    assert first.endswith("nothing was started.")
    return [fault.strip() for fault in faults]


# ------------------------------------------------------------------ what is found


def test_the_shipped_strategies_are_four_that_order_and_one_that_vetoes():
    assert set(CONTRACTS.names) >= {"K1", "K2", "K3", "K4", "K5"} and CONTRACTS.names[-1] == CONTRACTS.filter == "K5"
    assert {f"K{k}": f"F{k}" for k in range(1, 6)}.items() <= {name: each.belief for name, each in CONTRACTS.declared.items()}.items()
    assert CONTRACTS.declared["K1"].import_path == "strategies.k1:VwapReversion"


def test_a_folder_adds_its_strategies_with_their_blocks(tmp_path):
    law = load_contracts(strategies=[write(tmp_path)])
    assert law.names == ("K1", "K2", "K3", "K4", "Z6", "K5")
    assert (law.trader("Z6").contracts, law.trader("Z6").tiers, law.rules["Z6"].target_r) == (1, ["S", "A", "B"], 2.0)
    found = law.declared["Z6"]
    assert (found.import_path, found.origin, found.shipped) == ("strategies.z6:FailedBreakReversal", str(tmp_path), False)
    assert law.strategy_folders == (str(tmp_path),)


def test_a_block_of_a_folder_is_part_of_the_hash_and_of_what_a_journal_records(tmp_path):
    before = load_contracts(strategies=[write(tmp_path)])
    assert before.sha256 != CONTRACTS.sha256
    assert before.values()["z6.yaml"]["Z6"]["target_r"] == 2.0
    spoil(tmp_path, "target_r: 2.0", "target_r: 2.5", kind="yaml")
    after = load_contracts(strategies=[tmp_path])
    assert after.sha256 != before.sha256
    assert read_contracts(strategies=[tmp_path]).sha256 == after.sha256


def test_what_only_looks_reads_the_same_law_without_importing_a_strategy(tmp_path):
    folder = spoil(write(tmp_path, "Unread"), '"""Unread: failed', 'raise SystemExit\n"""Unread: failed', "Unread")
    law = read_contracts(strategies=[folder])
    assert "strategies.unread" not in sys.modules
    assert (law.names, law.declared) == (("K1", "K2", "K3", "K4", "Unread", "K5"), {})
    assert law.allowed_in("S") == {"K1", "K2", "Unread"}
    assert read_contracts().sha256 == CONTRACTS.sha256


def test_tests_and_helpers_of_a_folder_are_no_strategies(tmp_path):
    write(tmp_path)
    for name in ("conftest.py", "test_more.py", "_helper.py"):
        (tmp_path / name).write_text("raise RuntimeError('read, and should not be')\n")
    assert "Z6" in load_contracts(strategies=[tmp_path]).traders


def test_a_strategy_may_be_ten_lines_on_top_of_another(tmp_path):
    write(tmp_path)
    (tmp_path / "z6.py").write_text(
        "from strategies.k2 import FailedBreakReversal\n\n\n"
        'class Calmer(FailedBreakReversal):\n    """K2, named anew."""\n\n    name = "Z6"\n'
    )
    law = load_contracts(strategies=[tmp_path])
    assert (law.declared["Z6"].summary, law.declared["Z6"].belief) == ("K2, named anew.", "F2")


def test_two_folders_with_a_file_of_one_name_are_read_as_each_is_asked_for(tmp_path):
    one, two = write(tmp_path / "one"), spoil(write(tmp_path / "two"), "Failed-break reversal: takes", "Another: takes")
    for folder, word in ((one, "Failed-break"), (two, "Another"), (one, "Failed-break")):
        assert load_contracts(strategies=[folder]).declared["Z6"].summary.startswith(word)


def test_another_package_offers_a_strategy_by_an_entry_point(tmp_path, monkeypatch):
    write(tmp_path / "offered" / "inside", "Offer")
    info = tmp_path / "offered" / "offered-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mesbot.strategies]\noffer = inside.offer\n")
    monkeypatch.syspath_prepend(tmp_path / "offered")
    law = load_contracts()
    assert law.trader("Offer").contracts == 1
    assert (law.declared["Offer"].origin, law.declared["Offer"].import_path) == (
        "mesbot.strategies: offer",
        "inside.offer:FailedBreakReversal",
    )
    assert read_contracts().sha256 == law.sha256
    (info / "entry_points.txt").write_text("[mesbot.strategies]\noffer = nowhere.offer\n")
    (fault,) = faults_of()
    assert fault == "entry point offer = nowhere.offer: no such module; repair the package, or uninstall it"


# ------------------------------------------------------------------ what is refused


def say(old: str, new: str, kind: str = "py") -> Callable[[Path], object]:
    return lambda folder: spoil(folder, old, new, kind=kind)


def gone(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def cut(folder: Path) -> None:
    block = folder / "z6.yaml"
    block.write_text(block.read_text().partition("\nZ6:")[0])


def own_belief(*changes: Callable[[Path], object]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        with_own_belief(folder)
        for change in changes:
            change(folder)

    return make


BAD = {
    "no block": (gone("z6.yaml"), "z6.yaml: the file is missing; it holds the block of z6.py"),
    "no section": (cut, "z6.yaml: Z6 is missing; it must be a section with contracts, tiers,"),
    "no strategy": (gone("z6.py"), "z6.yaml: a block without a strategy; no z6.py beside it declares one"),
    "no quantity": (say("  contracts: 1\n", "", "yaml"), "z6.yaml: Z6.contracts is missing; it must be a whole number from 1"),
    "no tiers": (say("[S, A, B]", "[]", "yaml"), "z6.yaml: Z6.tiers = [] must be a list of at least 1"),
    "a tier that is none": (
        say("[S, A, B]", "[S, C]", "yaml"),
        "z6.yaml: Z6.tiers = C must be a tier of constitution.yaml: one of S, A, B",
    ),
    "too many contracts": (
        say("contracts: 1", "contracts: 3", "yaml"),
        "z6.yaml: Z6.contracts = 3 must be a whole number from 1 to 2",
    ),
    "a rule of another": (
        say("target_r: 2.0", "target_r: 2.0\n  target_ar: 1", "yaml"),
        "Z6.target_ar = 1 is not a known key (did you mean",
    ),
    "no number": (say("target_r: 2.0", "target_r: .nan", "yaml"), "z6.yaml: Z6.target_r = nan must be a number above 0.0, and finite"),
    "no YAML": (say("Z6:", "Z6: [", "yaml"), "z6.yaml, line"),
    "the name of another": (say('name = "Z6"', 'name = "K2"'), "z6.py: declares K2, as "),
    "the name of another in other letters": (say('name = "Z6"', 'name = "k2"'), "z6.py: name = 'k2' must be a capital letter and up to"),
    "a long name": (say('name = "Z6"', 'name = "Failed123"'), "z6.py: name = 'Failed123' must be a capital letter and up to seven more"),
    "a name that is no text": (say('name = "Z6"', "name = 6"), "z6.py: name = 6 must be a capital letter and up to seven more"),
    "a name with a dash": (say('name = "Z6"', 'name = "K-6"'), "z6.py: name = 'K-6' must be a capital letter"),
    "a word of the report": (say('name = "Z6"', 'name = "Book"'), "z6.py: name = 'Book' is a word of the report"),
    "no name": (say('    name = "Z6"\n', ""), "z6.py: FailedBreakReversal has no name of its own"),
    "no rules": (say("rules_model = Z6Rules", "rules_model = dict"), "z6.py: Z6 has no model of its rules"),
    "a filter": (say("(TraderRules)", "(Rules)"), "z6.py, line"),
    "no belief": (say('belief = "F2"', 'belief = ""'), "z6.py: Z6 stands on no belief"),
    "no docstring": (say('"""Failed-break reversal', 'x = """Failed-break reversal'), "z6.py: Z6 does not say what it does"),
    "a rule with a default": (
        say("target_r: Neither[Positive]", "target_r: Neither[Positive] = 2.0"),
        "z6.py: target_r of Z6Rules must have no default",
    ),
    "a quantity with a default": (
        say("    min_failed_break: Up[Share]\n", "    min_failed_break: Up[Share]\n    contracts: int = 1\n"),
        "z6.py: contracts of Z6Rules must have no default",
    ),
    "two in a file": (
        say("class FailedBreakReversal", "class Second(ContractStrategy):\n    pass\n\n\nclass FailedBreakReversal"),
        "z6.py: declares Second and FailedBreakReversal; one file declares one strategy",
    ),
    "none in a file": (say("(ContractStrategy)", ""), "z6.py: declares no strategy; derive a class from strategies.base.ContractStrategy"),
    "what is no Python": (say("    def detect(", "    def detect)"), "z6.py, line 33: cannot be imported: SyntaxError: "),
    "what is not there": (
        say("import math", "import maths"),
        "z6.py, line 5: cannot be imported: ModuleNotFoundError: No module named 'maths'",
    ),
    "what raises": (say("import math", "import math\n\n1 / 0"), "z6.py, line 7: cannot be imported: ZeroDivisionError: division by zero"),
    "what ends the process": (say("import math", "raise SystemExit(0)"), "z6.py, line 5: cannot be imported: SystemExit: 0"),
    "a belief of nobody": (say('"F2"', '"F9"'), "z6.py: Z6 stands on F9, which nobody declares; known are F1, F2, F3, F4, F5"),
    "numbers without evidence": (
        own_belief(say(EVIDENCE, "")),
        "z6.yaml: Z6.belief: Z6 has numbers for F6, and z6.py no function evidence(state, side, weights)",
    ),
    "evidence without numbers": (own_belief(say(NUMBERS, "", "yaml")), "z6.yaml: Z6.belief is missing; z6.py has evidence for F6, so"),
    "evidence that is no function": (
        own_belief(say("def evidence(state", "evidence = 3\n\n\ndef other(state")),
        "z6.py: evidence = 3 must be a function",
    ),
    "evidence for the core's belief": (
        own_belief(say('"F6"', '"F2"'), say(NUMBERS, "", "yaml")),
        "z6.py: Z6 has evidence and stands on F2, which the core weighs",
    ),
    "numbers for the core's belief": (
        own_belief(say('"F6"', '"F2"'), say(EVIDENCE, "")),
        "z6.yaml: Z6.belief: Z6 stands on F2, whose numbers are in strategies.yaml",
    ),
    "weights that are not one": (own_belief(say("wick: 0.4", "wick: 0.5", "yaml")), "z6.yaml: Z6.belief.weights = 1.1000 in all must be 1"),
}


@pytest.mark.parametrize("make, sentence", BAD.values(), ids=BAD)
def test_a_bad_strategy_is_one_sentence_and_exit_code_3_before_anything_is_written(tmp_path, monkeypatch, make, sentence):
    monkeypatch.chdir(tmp_path)
    folder = write(tmp_path / "mine")
    make(folder)
    result = CliRunner().invoke(cli, ["backtest", "--strategies", str(folder)], env={"MESBOT_HOME": str(tmp_path / "home")})
    first, fault, *more = result.stderr.strip().split("\n")
    assert (result.exit_code, more) == (3, []), result.output
    assert first.endswith("1 fault; nothing was started.")
    assert sentence in fault
    assert not (tmp_path / "out").exists()


def test_two_strategies_with_one_belief_of_their_own_are_refused(tmp_path):
    with_own_belief(tmp_path)
    with_own_belief(tmp_path, name="K7")
    (fault,) = faults_of(tmp_path)
    assert "Z6 and K7 both have an evidence function for F6" in fault


def test_a_strategy_may_stand_on_the_belief_that_another_brings(tmp_path):
    write(with_own_belief(tmp_path), "K7")
    spoil(tmp_path, 'belief = "F2"', 'belief = "F6"', "K7")
    assert load_contracts(strategies=[tmp_path]).declared["K7"].evidence is None


@pytest.mark.parametrize("stem", ["k1", "base"])
def test_a_file_that_would_hide_another_is_refused(tmp_path, stem):
    write(tmp_path)
    (tmp_path / f"{stem}.py").write_text("")
    (tmp_path / f"{stem}.yaml").write_text("")
    shipped = Path(strategies.__file__).parent
    assert f"{tmp_path / stem}.py: {shipped / stem}.py has the same name; rename one of the two files" in faults_of(tmp_path)[0]


def test_a_folder_that_is_not_there_or_holds_none_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for name, found in (("nowhere", "there is no such folder"), ("empty", "holds no strategy")):
        with pytest.raises(NoSuchLaw) as told:
            load_contracts(strategies=[tmp_path / name])
        assert str(told.value) == f"--strategies {tmp_path / name}: {found}; name a folder with k6.py and k6.yaml, or the like."


def test_what_only_looks_or_stops_is_not_stopped_by_a_folder_that_is_gone(tmp_path):
    assert read_contracts(strategies=[tmp_path / "nowhere"]).sha256


def test_a_shipped_strategy_without_a_block_and_a_block_without_a_strategy_are_refused(tmp_path):
    law = tmp_path / "law"
    shutil.copytree(ROOT / "contracts", law)
    text = (law / "strategies.yaml").read_text()
    (law / "strategies.yaml").write_text(text.replace("\nK2:\n", "\nK6:\n"))
    assert faults_of(contracts=law) == [
        "strategies.yaml: K6 is a block without a strategy; write strategies/k6.py, which declares it, or remove the block",
        "strategies.yaml: K2 is missing; it must be a section with contracts, tiers, phases, min_belief, max_minutes, "
        "min_failed_break, stop_beyond_ticks, min_vwap_target_ticks, target_r",
    ]


def test_a_belief_of_the_core_is_owned_by_a_strategy_that_stands_on_it(tmp_path):
    law = tmp_path / "law"
    shutil.copytree(ROOT / "contracts", law)
    text = (law / "strategies.yaml").read_text()
    (law / "strategies.yaml").write_text(text.replace("owner: K2", "owner: K3"))
    assert faults_of(contracts=law) == ["strategies.yaml: beliefs.F2.owner = K3 must be a strategy that stands on it: K2"]


def test_all_faults_of_all_strategies_are_told_at_once(tmp_path):
    spoil(write(tmp_path), "  contracts: 1\n", "", kind="yaml")
    spoil(write(tmp_path, "K7"), "import math", "import maths", "K7")
    assert len(faults_of(tmp_path)) == 2


def test_a_strategy_changed_between_two_runs_of_a_process_is_read_anew(tmp_path):
    law = load_contracts(strategies=[write(tmp_path)])
    spec = RuntimeSpec(law.directory, law.sha256, "2025-09-01", "2025-10-31", "", strategies=law.strategy_folders)
    assert runtime_of(spec) is runtime_of(spec)
    spoil(tmp_path, "Failed-break reversal: takes", "Another: takes")
    os.utime(tmp_path / "z6.py", ns=(1, 1))
    assert runtime_of(spec).contracts.declared["Z6"].summary.startswith("Another")
