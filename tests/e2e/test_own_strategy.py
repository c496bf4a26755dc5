"""docs/strategies.md does what it says, and a strategy costs one file and one block, here as in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from foreign import write
from whole_runs import ROOT

DOCS = ROOT / "docs" / "strategies.md"
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shell(command: str, folder: Path, **environment: str) -> str:
    """What a command prints, in a folder, with the environment that runs these tests first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    known = {"PATH": path, "HOME": str(folder), "MESBOT_HOME": str(folder / "home"), "COLUMNS": "200"} | environment
    done = subprocess.run(command, shell=True, cwd=folder, env=known, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def apply(change: str, path: Path) -> None:
    """Put the lines with a plus for those with a minus, which stand once in the file."""
    old, new = ("".join(f"{line[1:]}\n" for line in change.splitlines() if line[0] == sign) for sign in "-+")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} does not hold once:\n{old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.slow
def test_the_fifteen_minutes_work_command_by_command(tmp_path):
    shown: dict[str, str] = {}
    for kind, file, text in BLOCKS:
        if kind == "diff":
            apply(text, tmp_path / file)
            continue
        for line in text.splitlines():
            shown[line.partition("  #")[0].strip()] = shell(line, tmp_path)
    for run in ("before", "after", "own"):
        table = shown[f"mesbot backtest --strategies my-strategies --sessions 8 --out out/{run}"]
        assert re.search(r"^ K6 +\w+ +", table, re.MULTILINE), table
    before, after = (plans(tmp_path, run) for run in ("before", "after"))
    assert 0 < after < before, "the rule that was changed changed nothing"
    assert "K6.plans" in shown["mesbot why --numbers K6 --journal out/after/journal.sqlite"]
    listed = shown["mesbot strategies --strategies my-strategies"]
    assert re.search(r"^K6: .*\n +belief F6, its own; 1 contract, tiers S A B; from my-strategies", listed, re.MULTILINE), listed
    assert "2 passed" in shown["python -m pytest my-strategies"]


def plans(folder: Path, run: str) -> int:
    return json.loads(shell(f"mesbot why K6.plans --json --journal out/{run}/journal.sqlite", folder))["value"]


@pytest.mark.slow
def test_a_shipped_strategy_costs_one_file_and_one_block(tmp_path):
    """A copy of the tree, changed in two places: everything from decision to report knows Z6."""
    for part in ("bot", "actors", "strategies", "contracts", "config"):
        shutil.copytree(ROOT / part, tmp_path / "tree" / part, ignore=shutil.ignore_patterns("__pycache__"))
    before = hashes(tmp_path / "tree")
    mine = write(tmp_path / "mine")
    shutil.copy(mine / "z6.py", tmp_path / "tree" / "strategies")
    law = tmp_path / "tree" / "contracts" / "strategies.yaml"
    block = (mine / "z6.yaml").read_text(encoding="utf-8").partition("\n\n")[2]
    law.write_text(law.read_text(encoding="utf-8") + block, encoding="utf-8")
    after = hashes(tmp_path / "tree")
    assert {name for name in after if after[name] != before.get(name)} == {"strategies/z6.py", "contracts/strategies.yaml"}
    python = f"{sys.executable} -m bot.cli"
    table = shell(f"{python} backtest --sessions 8 --out out", tmp_path / "tree", PYTHONPATH=str(tmp_path / "tree"))
    assert re.search(r"^ Z6 +\w+ +", table, re.MULTILINE), table
    listed = shell(f"{python} strategies", tmp_path / "tree", PYTHONPATH=str(tmp_path / "tree"))
    assert re.search(r"^Z6: .*\n +belief F2; 1 contract, tiers S A B; from strategies/", listed, re.MULTILINE), listed
    limits = shell(f"{python} contracts", tmp_path / "tree", PYTHONPATH=str(tmp_path / "tree"))
    assert len(re.findall(r"^ +[SAB] +Z6 +1 +\$1[25]\.00", limits, re.MULTILINE)) == 3, limits


def hashes(tree: Path) -> dict[str, str]:
    files = [path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
