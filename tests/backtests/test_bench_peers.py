"""`make bench-peers` without the peers: what it counts, what they read, which is left out, and which ends it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from builders import ROOT

from bot.bars.source import Bars

ENDS_EARLY = "import json; print('words of its own'); print(json.dumps({'bars': 2, 'seconds': 1.0, 'setups': [], 'entries': 0}))"


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "backtests"))  # it imports its neighbour
    try:
        spec = importlib.util.spec_from_file_location("bench_peers", ROOT / "backtests" / "bench_peers.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "backtests"))


def test_setups_count_on_the_same_bar_and_side_and_not_where_the_stack_held_something(bench) -> None:
    ours = bench.Seen({("10:00", "K1", 1), ("10:05", "K2", -1), ("10:06", "K2", 1)}, {"10:01"}, entries=1)
    theirs = {("10:00", "K1", 1), ("10:01", "K1", 1), ("10:05", "K2", 1), ("10:07", "K4", 1)}
    assert bench.beside(ours, theirs) == {"shared": 1, "others": 2}


def test_a_row_says_bare_engines_entries_and_setups(bench) -> None:
    rows = [bench.Row("bare engine", 10.0), bench.Row("one", 25.0, 7, 3, 0), bench.Row("two", 95.0, 7, 2, 1)]
    found = bench.Compared(100, rows, 3, {})
    assert [bench.cells(found, row) for row in rows] == [
        ("bare engine", "10.0", "1.0", "", ""),
        ("one", "25.0", "2.5", "7", "3 of 3"),
        ("two", "95.0", "9.5", "7", "2 of 3, and 1 more"),
    ]
    assert all(len(bench.cells(found, row)) == len(bench.HEADINGS) for row in rows)


def test_peers_read_points_at_new_york_times_and_every_number_of_the_strategies(bench, tmp_path: Path) -> None:
    opening = pd.Timestamp("2025-03-10 09:31", tz="America/New_York").value  # the Monday after clocks were put forward
    frame = pd.DataFrame([[opening, 25_600, 25_604, 25_599, 25_602, 90]], columns=["ts_ns", "open", "high", "low", "close", "volume"])
    bench.write_files(tmp_path, Bars(frame, "a bar", ()))
    assert (tmp_path / "bars.csv").read_text().splitlines() == [
        "time,open,high,low,close,volume",
        "2025-03-10 09:31:00,6400.0,6401.0,6399.75,6400.5,90",
    ]
    numbers = json.loads((tmp_path / "strategies.json").read_text())
    assert numbers["K1"]["min_abs_vwap_z"] == 1.5 and numbers["beliefs"]["F4"]["half_life_bars"] == 1.0


@pytest.mark.parametrize(
    ("program", "reason"),
    [("raise SystemExit('no such thing here')", "own failed: no such thing here"), (ENDS_EARLY, "own ended after 2 of 3 bars")],
)
def test_a_peer_that_fails_or_has_not_seen_every_bar_ends_the_bench_with_the_reason(
    bench, tmp_path: Path, monkeypatch, program, reason
) -> None:
    (tmp_path / "on_own.py").write_text(program)
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench, "python_of", lambda name: Path(sys.executable))
    peer = bench.Peer("own", tmp_path)
    with pytest.raises(SystemExit, match=reason):
        peer.run(3)


def test_a_framework_that_cannot_be_had_is_left_out_and_tried_again_the_next_time(bench, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "own.lock").write_text("no-such-framework==1.0 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(bench.NotAvailableError, match="no-such-framework"):
        bench.python_of("own")
    assert not (tmp_path / ".venv-own" / ".setup-finished").exists()


def test_every_peer_has_its_rules_and_a_lock_that_pins_it_by_hash(bench) -> None:
    for peer in bench.PEERS:
        wanted = [line for line in (bench.HERE / f"{peer}.in").read_text().splitlines() if "==" in line]
        lock = (bench.HERE / f"{peer}.lock").read_text()
        assert wanted and all(f"\n{line} \\\n    --hash=sha256:" in lock for line in wanted)
        assert (bench.HERE / f"on_{peer}.py").is_file()
