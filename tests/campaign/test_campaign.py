"""The fault campaign in small: seeds among the slow proofs (CI plays twenty by make campaign), and that every fault can come up.

`make campaign SEEDS=200 FIRST=0` plays more. A seed that fails is printed with its frame log.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

RUN = Path(__file__).parent / "run.py"
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked from a server, and their files limited")


def _played(*words: str) -> None:
    done = subprocess.run([sys.executable, str(RUN), *words, "--jobs", "2"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_seeds_of_the_campaign_hold():
    _played("--seeds", "2", "--again", "0")


@pytest.mark.slow
def test_twenty_seeds_of_the_campaign_hold():
    _played("--seeds", "20", "--again", "0")


@pytest.mark.slow
def test_a_build_that_numbers_orders_as_they_are_listed_is_caught():
    _played("--seeds", "6", "--broken", "c")


def test_every_fault_comes_up_within_two_hundred_seeds():
    assert _of_the_mix()[0] == []


def test_every_situation_comes_up_in_any_fifty_seeds():
    assert _of_the_mix()[1] == []


def test_every_broken_build_says_who_must_catch_it():
    assert _of_the_mix()[2] is True


def test_every_broken_build_changes_something_that_the_product_has_and_uses():
    found = _run(f"import sys; sys.path[:0] = {_paths()!r}; import json, broken_targets as t; "
                 "print(json.dumps({build: t.changes(build) for build in t.broken.BUILDS}))")  # fmt: skip
    product = "\n".join(path.read_text() for path in sorted((RUN.parents[2] / "bot").rglob("*.py")))
    for build, made in found.items():
        assert made["changed"] and not made["added"] and not made["misfits"], (build, made)
        for name in {each.rpartition(".")[2] for each in made["changed"] if not each.startswith(("TABLE", "_STATUSES"))}:
            assert len(re.findall(rf"\b{name}\b", product)) > 1, f"{build}: nothing calls {name}"


@cache
def _of_the_mix() -> list[Any]:
    """Faults and situations that do not come up, and whether broken builds and catches match: of one process with the campaign's path."""
    said = f"""
import json, sys
sys.path[:0] = {_paths()!r}
from broken import BUILDS, CAUGHT_BY
from faults import FAULTS
from mix import SITUATIONS, drawn
faults = set(FAULTS) - {{fault.name for seed in range(200) for fault in drawn(seed).faults}}
fifties = [{{drawn(seed).faults[0].name for seed in range(first, first + 50)}} for first in range(0, 300, 50)]
print(json.dumps([sorted(faults), sorted(set(SITUATIONS) - set.intersection(*fifties)), BUILDS.keys() == CAUGHT_BY.keys()]))
"""
    return _run(said)


def _run(said: str) -> Any:
    return json.loads(subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout)


def _paths() -> list[str]:
    here = RUN.parent
    return [str(folder) for folder in (here.parents[1], here.parent, here.parent / "integration", here)]
