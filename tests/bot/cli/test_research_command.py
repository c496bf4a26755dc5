"""`mesbot sweep` and `mesbot walk-forward` on the command line: what may be tried, what is refused, and without the extra."""

from __future__ import annotations

import importlib.util
import json

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.cli.research import _Told


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MESBOT_STRATEGIES", raising=False)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words], prog_name="mesbot")


def test_the_list_shows_every_number_that_has_bounds(run):
    result = run("sweep", "--list")
    assert result.exit_code == 0
    assert ["K1.min_abs_vwap_z", "1.5", "1.0", "to", "2.5", "by", "0.1"] in [line.split() for line in result.stdout.splitlines()]
    assert result.stdout.splitlines()[-1].startswith("16 numbers may be tried")
    found = json.loads(run("sweep", "--list", "--json").stdout)
    assert {"key": "K1.min_abs_vwap_z", "in_force": 1.5, "bounds": "1.0 to 2.5 by 0.1", "values": 16} in found


def test_the_list_of_a_strategy_is_its_own(run):
    lines = run("sweep", "K2", "--list").stdout.splitlines()
    assert len(lines) == 5 and all(line.startswith("K2.") for line in lines[:-1])


@pytest.mark.parametrize("verb", ["sweep", "walk-forward"])
def test_without_the_extra_it_says_how_to_install_it(run, monkeypatch, verb):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "ray" else real(name, *more))
    result = run(verb, "K1", "--sessions", 4)
    assert (result.exit_code, result.stderr) == (
        2,
        f'mesbot {verb} needs ray, an extra that is not installed: pip install "mesbot[research]".\n',
    )


def test_the_time_that_is_left_counts_from_what_was_done_before(monkeypatch):
    now = iter([100.0, 130.0, 160.0])
    monkeypatch.setattr("bot.cli.research.time.monotonic", lambda: next(now))
    told = _Told()
    assert told.line(10, 40) == "10 sets of 40 were tried before"
    assert told.line(20, 40) == "20 of 40 sets tried, about 60 s left"
    assert told.line(21, 40) == ""
    assert told.line(40, 40) == "40 of 40 sets tried"
