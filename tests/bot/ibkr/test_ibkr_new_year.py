"""New Year's night: the trading day's turn of the year begins a new journal, in one run or with a start, and nothing is forgotten."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import ROOT, calendar, new_york_ns
from ibkr_rig import SPEC, TEN, link_settings, until
from test_ibkr_recovery import ENTRY, NAME, PATIENT, STOP, TARGET, Stage, on_stage
from test_ibkr_within_day import SHIPPED, Home, made_nodes

from bot.ibkr.config import BrokerConfig
from bot.journal.read import headers, opened
from bot.journal.records import KillRecord, Kind
from bot.journal.run_lock import JournalInUse
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node.broker_run import meet, trade
from bot.node.config import journal_config, node_config
from bot.node.journals import FOLDER, Journals, journals_of, year_at
from bot.node.kill_request import leave_request, request_path
from bot.node.node import MesbotNode
from bot.node.turn import year_end_ns
from bot.runtime.past import past_of
from bot.units import MINUTE_NS

NEW_YEARS_EVE = "clock +90d"  # from 2025-10-02 10:00: 2025-12-31 09:00


@pytest.fixture(autouse=True)
def ids_are_kept_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        ("2025-12-31 17:59", 2025),
        ("2025-12-31 18:00", 2026),
        ("2026-01-01 12:00", 2026),
        ("2027-12-31 17:59", 2027),  # a Friday
        ("2027-12-31 18:00", 2028),
        ("2025-10-02 10:00", 2025),
    ],
)
def test_a_moment_belongs_to_the_year_of_its_trading_day(moment, year):
    assert year_at(SHIPPED, new_york_ns(moment)) == year


def test_the_year_ends_with_its_last_trading_day():
    assert year_end_ns(calendar(), 2025) == new_york_ns("2025-12-31 18:00")
    assert year_end_ns(calendar(), 2050) == 0


def bodies(path: Path, kind: Kind) -> list[dict[str, Any]]:
    """Of the records of a kind, in order."""
    with sqlite3.connect(path) as db:
        return [json.loads(body) for (body,) in db.execute("SELECT body FROM records WHERE kind = ? ORDER BY seq", (kind,))]


def kills(path: Path) -> list[str]:
    """The steps of the kill switch."""
    return [body["state"] for body in bodies(path, Kind.KILL)]


def test_one_run_over_the_night_begins_the_new_journal_and_carries_latch_and_counters_over(tmp_path, monkeypatch):
    nodes = made_nodes(monkeypatch)

    @on_stage
    async def run(stage: Stage) -> None:
        home, said = Home(stage), []
        home.stage.write("OrderSubmitted", "OrderAccepted", "OrderCanceled")
        stage.do(NEW_YEARS_EVE)
        met = await meet(home.request)
        old = met.journals.path
        running = asyncio.ensure_future(trade(home.request, met, say=said.append))
        await until(lambda: running.done() or (nodes and nodes[0].desk.begun.is_set()), lambda: said)
        nodes[0].kill("enough of this year")
        await until(lambda: kills(old) == ["TRIPPED", "FLAT", "HALTED"])
        stage.do("clock +2169h")  # 18:00; the gateway counts from where it began
        stage.do("drop")
        await until(lambda: running.done() or (len(nodes) == 2 and nodes[1].desk.begun.is_set()), lambda: said)
        new = old.with_name("paper-DU1234567-2026.sqlite")
        assert (old.name, new.exists()) == ("paper-DU1234567-2025.sqlite", True)
        assert any(sentence.startswith("A new year: the journal goes on in") for sentence in said)
        assert nodes[1].risk._supervisor.kill_state == "HALTED"
        leave_request(old, "asked beside the old one")
        await until(lambda: bodies(new, Kind.OPERATOR), lambda: bodies(new, Kind.OPERATOR))
        assert [body["reason"] for body in bodies(new, Kind.OPERATOR)] == ["asked beside the old one"]
        await until(lambda: not request_path(old).exists())
        nodes[1].stopping.set()
        assert (await running).journal == new
        with opened(new) as db:
            assert headers(db)[0]["continues"] == verify(old).head
        both, first = past_of([old, new]), past_of([old])
        assert both.intent_ids == first.intent_ids == {NAME} and both.events == first.events
        verify(new)

    run(tmp_path)


# ------------------------------------------------------------------ a start in the new year, of a trade of the old one


@asynccontextmanager
async def begun_in_the_new_year(stage: Stage) -> AsyncIterator[MesbotNode]:
    """The product's own node, whose journal is this year's; the trade's own is last year's."""
    spec = msgspec.structs.replace(
        SPEC, journal_path=str(this_years(stage)), earlier=tuple(map(str, files(stage))), earlier_records=time.time_ns(),
        decide_from_ns=TEN + MINUTE_NS,
    )  # fmt: skip
    config = BrokerConfig(runtime=spec, link=link_settings(stage.gateway.port, **PATIENT), ids_path=None, watch_seconds=0.05)
    node = MesbotNode(node_config(config, journal_config(config, mode="paper", header={}, begin="append"), "", warm_until_ns=TEN), config)
    try:
        await node.start(20.0)
        await node.warmed_up()
        yield node
    finally:
        await node.stop()


def this_years(stage: Stage) -> Path:
    return stage.path.with_name("paper-DU1234567-2026.sqlite")


def files(stage: Stage) -> list[Path]:
    return [path for path in (stage.path, this_years(stage)) if path.exists()]


async def held(stage: Stage) -> None:
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)


@on_stage
async def test_a_trade_of_last_years_journal_is_adopted_and_ends_in_this_years(stage: Stage) -> None:
    await held(stage)
    async with begun_in_the_new_year(stage) as node:
        (trade,) = node.risk.open_trades()
        assert (trade.trade_id, trade.stop_order_ids) == (NAME, (STOP,)) and stage.working == {STOP, TARGET}
    assert [story.intent.intent_id for story in past_of(files(stage)).unfinished] == [NAME]
    stage.do(f"fill {STOP}")
    async with begun_in_the_new_year(stage) as node:
        assert not node.risk.open_trades()
    past = past_of(files(stage))
    assert not past.unfinished and [(each.trade_id, each.exit_reason) for each in past.outcomes] == [(NAME, "STOP")]
    assert past_of([stage.path]).unfinished, "last year's file stays as it was"


@on_stage
async def test_a_trip_that_last_years_journal_holds_is_carried_out_in_this_years(stage: Stage) -> None:
    await held(stage)
    with Journal.append(stage.path, "paper", SHIPPED, {}, time.time_ns, same_law=True) as journal:
        journal.write_ahead(Kind.KILL, TEN, KillRecord("TRIPPED", "manual"))
    async with begun_in_the_new_year(stage) as node:
        await until(lambda: stage.working == {f"{NAME}-1X1"}, lambda: stage.working)
        await stage.do("step 1")
        await until(lambda: not node.risk.open_trades())
        await until(lambda: kills(this_years(stage)) == ["FLAT", "HALTED"], lambda: kills(this_years(stage)))
    past = past_of(files(stage))
    assert (past.kill_state, [each.exit_reason for each in past.outcomes]) == ("HALTED", ["MANUAL"])


# ------------------------------------------------------------------ whose turn it is


def test_a_run_that_still_writes_last_years_journal_keeps_others_out(tmp_path):
    (tmp_path / FOLDER).mkdir()
    old = tmp_path / FOLDER / "paper-DU1-2025.sqlite"
    with Journal.append(old, "paper", SHIPPED, {}, lambda: 1):
        pass
    journals: Journals = journals_of(tmp_path, "PAPER", "DU1", 2026)
    assert not journals.running and journals.year == 2026
    with journals.locked():
        assert journals.running
    holder = f"import time; from pathlib import Path; from bot.journal.run_lock import RunLock; RunLock(Path({str(old)!r})).__enter__()"
    said = "print('held', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", f"{holder}; {said}"], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        assert journals.running
        with pytest.raises(JournalInUse), journals.locked():
            pass
        other.kill()
