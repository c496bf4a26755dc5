"""The history of states that a journal tells, and whether one of them had no end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from outcome_makers import CONTRACTS, outcome

from bot.journal.records import DayRecord, Kind, StateRecord
from bot.journal.store import Journal
from bot.units import MINUTE_NS

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from learning_history import dead_ends, main, spells


def journal(path: Path, sessions: int, *trades: int) -> Path:
    """K1 is THROTTLED in the first session, and trades in some later ones."""
    with Journal.create(path, "backtest", CONTRACTS, {}, lambda: 0) as made:
        for number in range(sessions):
            day = f"2025-{1 + number // 28:02d}-{1 + number % 28:02d}"
            made.add(Kind.DAY, (number + 1) * MINUTE_NS, DayRecord(day, None))
            if number == 0:
                made.add(Kind.STATE, MINUTE_NS, StateRecord("K1", "QUARANTINED", "THROTTLED", 1, "two wins", "wins", 2.0, 2, ""), "K1")
            if number in trades:
                made.add(Kind.OUTCOME, (number + 1) * MINUTE_NS, outcome(0.0, day=day), "K1")
            made.close_link((number + 1) * MINUTE_NS)
    return path


@pytest.mark.parametrize(
    ("sessions", "trades", "idle", "stuck"),
    [(56, (), 55, 0), (57, (), 56, 1), (100, (45,), 54, 0), (200, (45,), 154, 1), (100, (45, 99), 0, 0)],
)
def test_a_spell_without_end_is_found(tmp_path, sessions, trades, idle, stuck):
    found = spells(journal(tmp_path / "journal.sqlite", sessions, *trades))
    ((strategy, state, session, _, lasted, waited, _),) = found
    assert (strategy, state, session, lasted, waited) == ("K1", "THROTTLED", 1, sessions - 1, idle)
    assert len(dead_ends(found, CONTRACTS.learning)) == stuck


@pytest.mark.slow
def test_over_400_seeded_sessions_no_strategy_stays_throttled_for_ever(tmp_path, capsys):
    assert main(400, 1, tmp_path / "run") == 0
    printed = capsys.readouterr().out
    assert "EVIDENCE_AGED" in printed and printed.rstrip().endswith("THROTTLED for ever: 0")
