"""A cluster of two Ray nodes does the same trials, some on each, and `--ray` finds it; it runs on after the study."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.research.extra import LIBRARIES

if missing := [name for name in LIBRARIES if find_spec(name) is None]:
    pytest.skip(f"the extra research is not installed: {', '.join(missing)}", allow_module_level=True)

from small_research import RUN, job, shared

from bot.research.pool import Pool
from bot.research.trial import run_trial

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address():
    started = subprocess.Popen(
        [sys.executable, HERE / "two_nodes.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    said = started.stdout.readline().strip()
    try:
        assert said.startswith("127.0.0.1:"), said
        yield said
    finally:
        started.stdin.close()
        started.wait(timeout=120)


def test_both_nodes_work_and_their_trials_are_those_of_one_machine(address):
    tried = {place: job({"K1.min_abs_vwap_z": number}) for place, number in enumerate((1.2, 1.5, 1.8, 2.1, 2.4, 1.0))}
    with Pool(shared(), address=address) as pool:
        assert pool.told == "Workers: 2 trials at once, on 2 nodes."
        found = dict(pool.results(tried))
        assert len(pool.nodes) == 2 and sum(pool.nodes.values()) == len(tried)
    for place, each in found.items():
        assert each.head == run_trial(shared(), tried[place]).head


def test_a_sweep_on_the_cluster_finds_what_one_here_finds(address, tmp_path):
    there = sweep(tmp_path / "there", "--ray", address)
    here = sweep(tmp_path / "here", "--workers", "2")
    own = ("folder", "storage")
    for facts in (there, here):
        for each in facts["sets"]:
            each.pop("seconds", None)
    assert {key: value for key, value in there.items() if key not in own} == {key: value for key, value in here.items() if key not in own}


def sweep(out: Path, *more: str) -> dict:
    """What a small sweep found."""
    words = [
        "sweep",
        "K1.max_minutes",
        "--seed",
        RUN["seed"],
        "--sessions",
        RUN["sessions"],
        "--trials",
        4,
        "--batch",
        4,
        "--out",
        out,
        "--json",
        *more,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *map(str, words)], capture_output=True, text=True, timeout=900, check=False, cwd=out.parent
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
