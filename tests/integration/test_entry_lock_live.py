"""`mesbot lock` in a running node: no entry passes, what works is withdrawn, what is held keeps its bracket; restarts change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import hostile
import msgspec
import pytest
from hostile import Hostile
from live_hour import Hour, Script, journal_of, law, minutes, standing

from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.messages import ENDPOINT_RISK_UNLOCK, TOPIC_ENTRY_LOCK, EntryLockUpdate
from bot.node.kill_request import ALLOW_ENTRIES, STOP_ENTRIES, leave_request, request_path
from bot.runtime.past import past_of


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return law(tmp_path_factory.mktemp("lock") / "contracts")


def enter(rogue: Hostile, *_: int) -> None:
    """A right bracket."""
    listed = rogue.bracket(rogue.note(rogue.intent(hostile._plan(rogue, 3, 0))))
    for order in listed.orders:
        rogue.cache.add_order(order)
    rogue.msgbus.send("RiskEngine.execute", rogue.command(listed))


def forge(rogue: Hostile, *_: int) -> None:
    """What only a person may say."""
    rogue.msgbus.send(ENDPOINT_RISK_UNLOCK, "let me")
    rogue.msgbus.publish(TOPIC_ENTRY_LOCK, EntryLockUpdate(None))


def played(contracts: Path, folder: Path, acts: dict[int, str], test: Callable[[Hour], Awaitable[None]], bars=()) -> None:
    async def play() -> None:
        script = Script(tuple((minute, "bar", name, 3, 0) for minute, name in acts.items()), bars=bars)
        async with standing(contracts, folder, script) as hour:
            await test(hour)

    asyncio.run(play())


@pytest.fixture(autouse=True)
def acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hostile.ACTS, "right", enter)
    monkeypatch.setitem(hostile.ACTS, "forge", forge)


def denials(hour: Hour) -> list[str]:
    with opened(journal_of(hour)) as db:
        return [each.body["reason"].partition(":")[0] for each in read(db, Kind.ORDER) if each.body["event"] == "Denied"]


async def asked(hour: Hour, what: str) -> None:
    """Until the node has taken a request and its record is on the disk."""
    leave_request(journal_of(hour), "payrolls", what)
    await hour._wait(lambda: not request_path(journal_of(hour), what).exists(), 5.0)
    assert not request_path(journal_of(hour), what).exists()


@pytest.mark.slow
def test_no_entry_passes_until_a_person_unlocks_and_nobody_else_can(contracts, tmp_path):
    async def test(hour: Hour) -> None:
        await minutes(hour, 1)
        await asked(hour, STOP_ENTRIES)
        assert "entries are locked by a person since" in hour.node.screen.glance.notes[-1].text
        await minutes(hour, 3)
        assert not hour.truth.orders and denials(hour) == ["ENTRIES_LOCKED"] * 2
        with opened(journal_of(hour)) as db:
            decided = [each.body for each in read(db, Kind.DECISION) if each.strategy != "K5"][-1]
        assert "ENTRIES_LOCKED" in msgspec.json.encode(decided).decode()
        await asked(hour, ALLOW_ENTRIES)
        await minutes(hour, 2)
        assert len(hour.truth.orders) >= 3 and hour.node.screen.glance.entry_lock is None

    played(contracts, tmp_path, {1: "right", 2: "forge", 3: "right", 4: "right"}, test)


@pytest.mark.slow
def test_what_is_held_keeps_its_bracket_and_may_be_closed(contracts, tmp_path):
    async def test(hour: Hour) -> None:
        while not hour.truth.net:
            await hour._piece()
        await hour._calm()
        await asked(hour, STOP_ENTRIES)
        await hour._calm()
        assert hour.truth.net != 0 and len(hour.truth.working) == 2
        hour.node.kill("out")
        await minutes(hour, 1)
        assert (hour.truth.net, hour.truth.working) == (0, [])

    played(contracts, tmp_path, {1: "right"}, test)


@pytest.mark.slow
def test_an_entry_that_works_is_withdrawn(contracts, tmp_path):
    async def test(hour: Hour) -> None:
        while not hour.truth.working:
            await hour._piece()
        await asked(hour, STOP_ENTRIES)
        await hour._wait(lambda: not hour.truth.working, 5.0)
        assert (hour.truth.working, hour.truth.net) == ([], 0)

    played(contracts, tmp_path, {1: "right"}, test, bars=((2, "away up"), (3, "away up")))


@pytest.mark.slow
def test_where_both_wait_at_a_start_entries_are_locked_before_anything_is_decided(contracts, tmp_path):
    journal = tmp_path / "journal.sqlite"
    for what in (STOP_ENTRIES, ALLOW_ENTRIES):
        leave_request(journal, "before the start", what)

    async def test(hour: Hour) -> None:
        assert journal_of(hour) == journal
        await minutes(hour, 2)
        assert not hour.truth.orders and denials(hour) == ["ENTRIES_LOCKED"]
        assert past_of([journal]).entry_lock.reason == "before the start"

    played(contracts, tmp_path, {1: "right"}, test)
