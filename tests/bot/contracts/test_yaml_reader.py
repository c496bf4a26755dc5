"""What is read of a YAML text, and that it is the reader's own."""

from __future__ import annotations

import pytest

from bot.contracts.yaml_reader import DuplicateKey, read_yaml

TEXT = "limits: {day: 100}\nrows: [1, 2]\n"


def test_what_somebody_writes_into_it_the_next_reader_does_not_see() -> None:
    mine = read_yaml(TEXT)
    mine["limits"]["day"] = 200
    mine["rows"].append(3)
    assert read_yaml(TEXT) == {"limits": {"day": 100}, "rows": [1, 2]}


def test_a_fault_is_told_to_everyone_who_reads() -> None:
    for _ in range(2):
        with pytest.raises(DuplicateKey, match="limits stands twice"):
            read_yaml("limits: 1\nlimits: 1\n")
