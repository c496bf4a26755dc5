"""What stands between a command and a live account: each condition alone refuses, and with all of them the node runs and can be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import load_contracts
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.node.check import CheckItem, CheckReport, Status, report_path, write_report
from bot.units import MINUTE_NS

PATIENCE_SECONDS = 90.0
LIVE, PAPER = "U7654321", "DU1234567"


@contextlib.asynccontextmanager
async def gateway(account: str) -> AsyncIterator[Gateway]:
    """A gateway whose clock is this machine's, over synthetic history."""
    law, now = load_contracts(None), time.time_ns() // MINUTE_NS * MINUTE_NS
    today = new_york(now).date()
    calendar = SessionCalendar(law.session, today - dt.timedelta(days=20), today + dt.timedelta(days=120))
    days = [session.date for session in calendar.sessions if session.date <= today.isoformat()][-8:]
    bars = synthetic_bars(1, len(days), dt.date.fromisoformat(days[0]), calendar)
    config = GatewayConfig(bars, now, now + 600 * MINUTE_NS, law, calendar, port=0, accounts=(account,), begin="told")
    async with Gateway(config) as made:
        yield made


async def mesbot(home: Path, port: int, *words: str, typed: str = "", until_journal: bool = False) -> tuple[int, str]:
    """Run a verb to its end, or until its journal has records and then stop it; exit code and what it printed."""
    environment = {**os.environ, "MESBOT_HOME": str(home), "TWS_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", *words,
        env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    process.stdin.write(f"{typed}\n".encode())
    if until_journal:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while process.returncode is None and not kinds(home):
                await asyncio.sleep(0.05)
        if process.returncode is None:
            process.terminate()
    printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    return process.returncode, printed.decode()


def kinds(home: Path) -> list[str]:
    """Kinds of the records of all journals."""
    found = []
    for path in (home / "journals").glob("*.sqlite"):
        with contextlib.suppress(sqlite3.OperationalError), sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as db:
            found += [kind for (kind,) in db.execute("SELECT kind FROM records ORDER BY seq")]
    return found


def checked(home: Path, **changes: object) -> None:
    """A checklist that passed a minute ago, for the live account under the contracts in force."""
    items = tuple(CheckItem(name, Status.PASS, "", "") for name in ("connection", "account", "drill"))
    sha256 = load_contracts(None).sha256
    values = {"made_at_ns": time.time_ns() - MINUTE_NS, "mode": "LIVE", "account": LIVE, "contracts_sha256": sha256, "items": items}
    write_report(CheckReport(**(values | changes)), report_path(home, "LIVE", LIVE))


TRADE = ("live", "--trading-mode", "live", "--no-report", "--warm-up-days", "3")


@pytest.mark.parametrize(
    ("account", "words", "code", "said"),
    [
        (PAPER, ("live",), 3, "is a paper account"),
        (LIVE, ("paper",), 3, "is a live account"),
        (PAPER, TRADE, 3, "is a paper account"),
    ],
)
def test_each_verb_refuses_the_other_kind_of_account(tmp_path, account, words, code, said):
    async def run() -> None:
        async with gateway(account) as made:
            returned, printed = await mesbot(tmp_path, made.port, *words)
            assert (returned, said in printed) == (code, True), printed
            assert "Traceback" not in printed and not kinds(tmp_path)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("deny md", "Market data not subscribed"),
        ("readonly on", "Read only api"),
        pytest.param("swallow contractDetailsEnd all", "Gateway not responding", marks=pytest.mark.slow),
    ],
)
def test_a_node_that_cannot_start_says_why_within_its_time_and_sends_nothing(tmp_path, fault, said):
    async def run() -> None:
        async with gateway(PAPER) as made:
            made.side.verbs.do(fault)
            begun = time.monotonic()
            returned, printed = await mesbot(tmp_path, made.port, "paper", "--no-report", "--start-seconds", "15")
            assert returned == 1 and "The node cannot start." in printed and said in printed, printed
            assert "Traceback" not in printed and time.monotonic() - begun < 45
            assert "\x1b" not in printed  # no terminal, no colours
            assert not made.broker.open_orders()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("report", "typed", "code", "said"),
    [
        (None, "", 3, "check --live"),
        ({"made_at_ns": time.time_ns() - 25 * 60 * MINUTE_NS}, "", 3, "check --live"),
        ({"contracts_sha256": "0" * 64}, "", 3, "contracts"),
        ({}, "yes", 2, "nothing was started"),
        ({}, f"live {LIVE}", 2, "nothing was started"),
    ],
)
def test_real_money_needs_a_fresh_checklist_and_the_account_typed(tmp_path, report, typed, code, said):
    async def run() -> None:
        if report is not None:
            checked(tmp_path, **report)
        async with gateway(LIVE) as made:
            returned, printed = await mesbot(tmp_path, made.port, *TRADE, typed=typed)
            assert (returned, said in printed) == (code, True), printed
            assert "Traceback" not in printed and not kinds(tmp_path)
            assert not made.broker.exchange.executions and not made.broker.open_orders()

    asyncio.run(run())


def test_with_all_of_them_it_runs_and_journals_what_was_typed_and_stops_when_told(tmp_path):
    async def run() -> None:
        checked(tmp_path)
        async with gateway(LIVE) as made:
            returned, printed = await mesbot(tmp_path, made.port, *TRADE, typed=f"LIVE {LIVE}", until_journal=True)
            assert returned == 0 or "Stopped before the node was ready" in printed, printed
        (path,) = (tmp_path / "journals").glob("live-U7654321-*.sqlite")
        with sqlite3.connect(path) as db:
            (body,) = db.execute("SELECT body FROM records WHERE kind = 'operator action'").fetchone()
        assert json.loads(body)["reason"] == f"LIVE {LIVE}"

    asyncio.run(run())


def test_as_shipped_a_live_account_is_only_watched(tmp_path):
    async def run() -> None:
        async with gateway(LIVE) as made:
            _, printed = await mesbot(tmp_path, made.port, "live", "--no-report", "--warm-up-days", "3", until_journal=True)
            assert "OBSERVE: every plan is shadowed and nothing is sent." in printed
            assert list((tmp_path / "journals").glob("observe-U7654321-*.sqlite"))

    asyncio.run(run())
