"""The list of modules, tests and equals is true, and a run of one small module ends as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from operators import names

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LISTED = yaml.safe_load((HERE / "mutants.yaml").read_text())
SMALL = "bot/decision/gates/gate.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, HERE / "run.py", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_modules_and_their_tests_exist_and_a_module_is_tested_at_its_mirrored_path():
    for module, tests in LISTED["modules"].items():
        assert (ROOT / module).is_file(), module
        for test in tests:
            assert (ROOT / test).is_file(), test
            room = Path("tests") / Path(module).parent
            assert Path(test).parent in (room, room.parent), (module, test)


def test_every_module_of_the_rooms_that_decide_is_listed_or_left_out_with_a_reason():
    rooms = ("bot/decision", "bot/risk_engine", "bot/supervision")
    there = {str(path.relative_to(ROOT)) for room in rooms for path in (ROOT / room).rglob("*.py")}
    left_out = [module for modules in LISTED["left_out"].values() for module in modules]
    assert sorted([*LISTED["modules"], *left_out]) == sorted(there)


@pytest.mark.parametrize("module", LISTED["equal"])
def test_what_is_listed_as_equal_is_a_mutant_with_a_reason(module):
    assert set(LISTED["equal"][module]) <= names((ROOT / module).read_text())
    assert all(LISTED["equal"][module].values())


def test_one_small_module_loses_every_mutant(tmp_path):
    ended = run(SMALL, "--jobs", "1", "--json", str(tmp_path / "found.json"))
    assert ended.returncode == 0, ended.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert {name for _, _, name, _ in found} == names((ROOT / SMALL).read_text())
    assert not any(survived for *_, survived in found)


def test_a_module_that_is_not_listed_is_told():
    ended = run("bot/nowhere.py")
    assert ended.returncode == 1
    assert ended.stderr.startswith("bot/nowhere.py is not in tests/mutants/mutants.yaml; known are bot/decision/gates/__init__.py")
