"""An intent is found in its journal by its id, however many were written since."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from builders import CONTRACTS, an_intent, plan

from bot.errors import JournalError
from bot.journal.build import intent_record
from bot.journal.intents import IntentReader
from bot.journal.records import IntentRecord, Kind
from bot.journal.store import Journal


def intent(name: str, expires_ns: int) -> IntentRecord:
    return msgspec.structs.replace(intent_record(an_intent(plan(1))), intent_id=name, expires_ns=expires_ns)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Twenty intents; the id of the third was written twice."""
    with Journal.create(tmp_path / "journal.sqlite", "backtest", CONTRACTS, {"bars": "none"}, lambda: 1) as journal:
        for number in range(20):
            journal.write_ahead(Kind.INTENT, number, intent(f"I{number}", number), "K1")
        journal.write_ahead(Kind.INTENT, 20, intent("I3", 99), "K1")
    return tmp_path / "journal.sqlite"


@pytest.mark.parametrize(("name", "expires_ns"), [("I0", 0), ("I19", 19), ("I3", 99)])
def test_the_newest_of_an_id_is_found_whatever_was_written_since(path, name, expires_ns):
    found = IntentReader(str(path)).find(name)
    assert found is not None and (found.intent_id, found.expires_ns) == (name, expires_ns)


def test_an_id_that_was_not_written_is_not_found(path):
    assert IntentReader(str(path)).find("I20") is None


def test_a_file_that_is_no_journal_is_an_error(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="no entry is possible"):
        IntentReader(str(tmp_path / "journal.sqlite")).find("I0")
