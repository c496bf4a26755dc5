"""The masked head is blind to the contracts' hash and values, and to nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from builders import CONTRACTS

from bot.journal.records import Kind, QualityRecord
from bot.journal.store import Journal

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from masked_head import masked_head


def written(path: Path, sha256: str, penalty: float) -> tuple[str, str]:
    contracts = CONTRACTS.model_copy(update={"sha256": sha256})
    with Journal.create(path, "backtest", contracts, {}, lambda: 0) as journal:
        journal.add(Kind.QUALITY, 1, QualityRecord("DVS", "missing_gap", penalty))
        journal.close_link(1)
        return journal.head, masked_head(str(path))


def test_other_contracts_change_the_head_and_not_the_masked_one(tmp_path):
    one, other = written(tmp_path / "a.sqlite", "a" * 64, 0.5), written(tmp_path / "b.sqlite", "b" * 64, 0.5)
    assert one[0] != other[0]
    assert one[1] == other[1]


def test_another_record_changes_both(tmp_path):
    one, other = written(tmp_path / "a.sqlite", "a" * 64, 0.5), written(tmp_path / "b.sqlite", "a" * 64, 0.4)
    assert one[0] != other[0]
    assert one[1] != other[1]
