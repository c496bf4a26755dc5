"""A new version that writes another form of journal: the next run begins a new file, the old one stays, and nothing is forgotten."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from ibkr_rig import until
from test_ibkr_recovery import NAME, STOP, TARGET, Stage, on_stage
from test_ibkr_within_day import SHIPPED, Home, made_nodes

from bot.errors import UsageError
from bot.journal import schema
from bot.journal.read import headers, opened
from bot.journal.records import KillRecord, Kind
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node.broker_run import meet, trade
from bot.node.journals import FOLDER, journals_of, next_after, with_earlier
from bot.node.kill import latch
from bot.node.status import JournalName, journal_names
from bot.runtime.past import past_of


@pytest.fixture(autouse=True)
def ids_are_kept_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))


def first_schema(path: Path) -> Path:
    """An empty journal as the first schema has it; what is appended to it has its form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in schema.STATEMENTS_1:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
    path.chmod(0o600)
    return path


def begun(path: Path) -> Path:
    """A journal of the first schema that a run was begun in."""
    with Journal.append(first_schema(path), "paper", SHIPPED, {"account": "DU1", "replayed_time": True}, lambda: 1):
        pass
    return path


def schema_of(path: Path) -> int:
    with opened(path) as db:
        return schema.version_of(db)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return begun(tmp_path / FOLDER / "paper-DU1-2026.sqlite")


def test_only_a_run_that_begins_leaves_the_file_of_an_earlier_schema(tmp_path, old):
    found, to_run = journals_of(tmp_path, "PAPER", "DU1", 2026), journals_of(tmp_path, "PAPER", "DU1", 2026, to_run=True)
    assert (found.path, found.previous_head, found.new_form) == (old, "", False)
    assert (to_run.path.name, to_run.earlier, to_run.year, to_run.new_form) == ("paper-DU1-s3-2026.sqlite", (old,), 2026, True)
    assert to_run.previous_head == verify(old).head and to_run.records == found.records


def test_the_new_file_is_the_years_from_then_on_and_last_of_those_to_begin_from(tmp_path, old):
    new = journals_of(tmp_path, "PAPER", "DU1", 2026, to_run=True).path
    assert next_after(old) is None
    with Journal.append(new, "paper", SHIPPED, {"account": "DU1"}, lambda: 1):
        pass
    assert (schema_of(old), schema_of(new)) == (1, schema.SCHEMA_VERSION)
    for to_run in (False, True):
        assert journals_of(tmp_path, "PAPER", "DU1", 2026, to_run=to_run)[:2] == (new, (old, new))
    assert journal_names(tmp_path) == [("PAPER", "DU1", 2026)] and journal_names(tmp_path)[0].path(tmp_path) == new
    assert (next_after(old), next_after(new), with_earlier(new), with_earlier(old)) == (new, None, [old, new], [old])
    shutil.copy(new, new.with_name("paper-DU1-2027.sqlite"))
    assert journal_names(tmp_path) == [("PAPER", "DU1", 2027)]
    new.with_name("paper-DU1-2027.sqlite").unlink()
    later = journals_of(tmp_path, "PAPER", "DU1", 2027, to_run=True)
    assert (later.path.name, later.earlier) == ("paper-DU1-2027.sqlite", (old, new))
    with pytest.raises(UsageError, match=r"paper-DU1-s3-2026\.sqlite is of a later year than 2025"):
        journals_of(tmp_path, "PAPER", "DU1", 2025)


def test_files_of_another_account_are_not_taken_for_later_ones(tmp_path, old):
    begun(old.with_name("paper-DU1-2026-2026.sqlite"))
    assert journals_of(tmp_path, "PAPER", "DU1", 2026).earlier == (old,)


def test_a_kill_while_nobody_runs_is_latched_in_the_file_there_is(tmp_path, old):
    assert "nothing is open" in latch(tmp_path, JournalName("PAPER", "DU1", 2026), SHIPPED, "enough")
    assert (schema_of(old), past_of([old]).kill_state) == (1, "HALTED")
    assert not old.with_name("paper-DU1-s3-2026.sqlite").exists()
    assert past_of(journals_of(tmp_path, "PAPER", "DU1", 2026, to_run=True).earlier).kill_state == "HALTED"


def test_a_trade_and_a_trip_of_the_old_form_are_taken_up_by_the_run_that_begins_the_new_one(tmp_path, monkeypatch):
    nodes = made_nodes(monkeypatch)

    @on_stage
    async def run(stage: Stage) -> None:
        home, said = Home(stage), []
        old = first_schema(home.stage.path)
        await home.held(SHIPPED)
        with Journal.append(old, "paper", SHIPPED, {}, time.time_ns, same_law=True) as journal:
            journal.write_ahead(Kind.KILL, 1, KillRecord("TRIPPED", "manual"))
        head, before = verify(old).head, old.read_bytes()
        met = await meet(home.request, said.append)
        new = old.with_name("paper-DU1234567-s3-2025.sqlite")
        assert met.journals.path == new and any("another form of journal" in sentence for sentence in said)
        running = asyncio.ensure_future(trade(home.request, met, say=said.append))
        await until(lambda: running.done() or home.stage.working == {f"{NAME}-1X1"}, lambda: (said, home.stage.working))
        await stage.do("step 1")
        await until(lambda: running.done() or kills(new) == ["FLAT", "HALTED"], lambda: said)
        await until(lambda: running.done() or nodes[0].desk.begun.is_set(), lambda: said)  # a stop before that would be of a start
        nodes[0].stopping.set()
        assert (await running).journal == new
        assert old.read_bytes() == before and schema_of(new) == schema.SCHEMA_VERSION
        with opened(new) as db:
            assert headers(db)[0]["continues"] == head
        past = past_of([old, new])
        assert (past.kill_state, past.unfinished, [each.exit_reason for each in past.outcomes]) == ("HALTED", (), ["MANUAL"])
        assert {STOP, TARGET}.isdisjoint(home.stage.working)
        verify(new)

    run(tmp_path)


def kills(path: Path) -> list[str]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as db:
        return [json.loads(body)["state"] for (body,) in db.execute("SELECT body FROM records WHERE kind = 'kill' ORDER BY seq")]
