"""A canary in every secret of a run on a broker's account: it is found where it belongs, and nowhere else.

The account may stand in the journal, the checklist, the order ids and the report of its owner, in the names of those files and so in
the note of which run was the last; the client id in the order ids; the host and the addresses of alerts in no file at all. What is
printed and the list of processes hold none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path

import pytest
from test_live_start import gateway, kinds, mesbot

HOST, ACCOUNT, CLIENT_ID = "0.0.0.0", "DU8675309", "271828182"  # the host reaches this machine, and is not known as such
TOKEN = "c4naryOfAnAddress"  # where nobody listens, so that what is said of a failure is heard too
ADDRESSES = {"MESBOT_ALERTS": f"json://user:{TOKEN}@127.0.0.1:9/{TOKEN}", "MESBOT_HEARTBEAT_URL": f"http://127.0.0.1:9/{TOKEN}"}
WARM = ("--warm-up-days", "3")


@pytest.fixture(autouse=True)
def canaries(monkeypatch):
    for name, value in (("TWS_HOST", HOST), ("TWS_ACCOUNT", ACCOUNT), ("TWS_CLIENT_ID", CLIENT_ID), *ADDRESSES.items()):
        monkeypatch.setenv(name, value)


def require_masked(printed: str) -> None:
    for secret in (HOST, ACCOUNT, ACCOUNT[2:], CLIENT_ID, TOKEN):
        assert secret not in printed, printed


def require_where_they_belong(home: Path) -> None:
    owners = ("last-run.json", ".sqlite", ".sqlite-wal", ".html", "order-ids.json", "check-paper-DU8675309.json")
    for path in (each for each in home.rglob("*") if each.is_file()):
        content = path.read_bytes()
        assert HOST.encode() not in content and TOKEN.encode() not in content, path
        assert ACCOUNT.encode() not in content or path.name.endswith(owners), path
        assert CLIENT_ID.encode() not in content or path.name == "order-ids.json", path


async def processes() -> str:
    """What anybody on this machine may read of what runs under this Python."""
    if not Path("/proc").is_dir():
        return ""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(line for line in found if sys.executable in line and "bot.cli" in line)


async def trading_day(home: Path, port: int) -> str:
    """A run that begins, is looked at from beside, and is stopped."""
    run = asyncio.ensure_future(mesbot(home, port, "paper", *WARM, until_journal=True))
    beside = ""
    while not run.done():
        beside += await processes()
        await asyncio.sleep(0.05)
    assert "bot.cli paper" in beside or sys.platform != "linux"
    require_masked(beside)
    returned, printed = await run
    assert returned == 0 or "Stopped before the node was ready" in printed, printed
    assert "DU***309 at TWS_HOST:" in printed and kinds(home)
    return printed


def test_a_start_that_finds_nobody_names_no_secret(tmp_path):
    returned, printed = asyncio.run(mesbot(tmp_path, 1, "paper", *WARM))
    require_masked(printed)
    assert returned == 1 and "nothing answers at TWS_HOST:1 (Connection refused)" in printed
    require_where_they_belong(tmp_path)


@pytest.mark.slow
def test_a_run_and_what_is_asked_of_it_name_no_secret(tmp_path):
    async def run() -> None:
        async with gateway(ACCOUNT) as made:
            require_masked(await trading_day(tmp_path, made.port))
            _, printed = await mesbot(tmp_path, made.port, "status")
            require_masked(printed)
            assert "PAPER DU***309" in printed
        require_where_they_belong(tmp_path)
        with sqlite3.connect(next((tmp_path / "journals").glob("paper-DU8675309-*.sqlite"))) as db:
            assert ACCOUNT in db.execute("SELECT body FROM runs").fetchone()[0], "the journal is its owner's"

    asyncio.run(run())


@pytest.mark.slow
def test_no_verb_and_no_refusal_names_a_secret(tmp_path, monkeypatch):
    async def run() -> None:
        async with gateway(ACCOUNT) as made:
            await trading_day(tmp_path, made.port)
            for words in (
                ("check",), ("status", "--json"), ("contracts",), ("kill", "--reason", "test"), ("resume", "--reason", "test"),
                ("kill", "--account", "DU***309", "--reason", "test"), ("kill", "--account", "U1", "--reason", "test"),
                ("why", "2025-01-02 10:31"), ("journal", "verify"), ("live", *WARM), ("resume", "--account", ACCOUNT, "--reason", "test"),
                ("alerts", "test"),
            ):  # fmt: skip
                _, printed = await mesbot(tmp_path, made.port, *words)
                assert "Traceback" not in printed
                require_masked(printed)
            monkeypatch.setenv("TWS_ACCOUNT", "DU7654321")
            returned, printed = await mesbot(tmp_path, made.port, "paper", *WARM)
            assert returned == 3 and "Account not found" in printed and "DU***321 is not managed here; found DU***309" in printed
            require_masked(printed)
        require_where_they_belong(tmp_path)

    asyncio.run(run())
