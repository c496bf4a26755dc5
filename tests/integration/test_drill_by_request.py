"""A drill as `mesbot drill` asks for it: by a file, in a running node, from its opening to the end of its latch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from live_hour import Hour, journal_of, law, minutes, standing

from bot.errors import MesbotError
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.node.drill_run import DrillRefused, DrillStory
from bot.node.kill_request import DRILL, leave_request, request_path
from bot.runtime.kill_times import BLOCKED, FLAT, LEAVING, SENT, TAKEN

BEFORE = "09:33"  # the entry window has not begun


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return law(tmp_path_factory.mktemp("drill") / "contracts")


def played(contracts: Path, folder: Path, test: Callable[[Hour], Awaitable[None]], begin: str = BEFORE, before: str = "") -> None:
    async def play() -> None:
        if before:
            leave_request(folder / "journal.sqlite", before, DRILL)
        async with standing(contracts, folder, begin=begin) as hour:
            await minutes(hour, 1)
            await test(hour)

    asyncio.run(play())


def said(hour: Hour) -> list[str]:
    """The details of the drill's operator records."""
    with opened(journal_of(hour)) as db:
        return [each.body["detail"] for each in read(db, Kind.OPERATOR) if each.body["action"] == "drill"]


def kills(hour: Hour) -> list[str]:
    with opened(journal_of(hour)) as db:
        return [each.body["state"] for each in read(db, Kind.KILL)]


def _told(steps: list[str]) -> bool:
    """Each step, in its order; that cancels have left is looked at every moment, and may be noted after what follows from them."""
    ordered = [step for step in steps if step != SENT]
    return ordered[:4] == [TAKEN, BLOCKED, LEAVING, FLAT] and SENT in steps


def test_it_opens_kills_and_clears_its_own_latch_and_every_step_has_its_time(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        lines: list[str] = []
        story = DrillStory(journal_of(hour), 1, lines.append)
        leave_request(journal_of(hour), "monthly", DRILL)
        await minutes(hour, 2)
        assert said(hour)[-1] == "over" and len(said(hour)) == 3, said(hour)
        assert kills(hour) == ["TRIPPED", "FLAT", "HALTED", "ARMED"]
        assert (hour.truth.net, hour.truth.working, hour.node.risk._supervisor.kill_state) == (0, [], "ARMED")
        done = story.look()
        assert done is not None and _told([step.what for step in done.times.steps])
        assert done.times.of(BLOCKED) < 2 and done.times.naked_seconds < 10 and not done.latched
        assert lines[0].startswith("Drill: opened ") and lines[1:] == ["Drill: kill asked for."]

    played(contracts, tmp_path, drill)


def test_a_kill_of_somebody_else_in_the_middle_stays_latched(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        leave_request(journal_of(hour), "monthly", DRILL)
        await hour._wait(lambda: len(hour.truth.working) == 3, 5.0)
        hour.node.kill("I do not like what I see")
        await hour._wait(lambda: not hour.truth.working, 5.0)
        await minutes(hour, 2)
        assert (kills(hour), hour.truth.net) == (["TRIPPED", "FLAT", "HALTED"], 0)
        assert said(hour)[-1].startswith("over, but latched: the kill switch is HALTED (manual: I do not like what I see)")
        done = DrillStory(journal_of(hour), 1, lambda _: None).look()
        assert done is not None and "which only `mesbot resume` ends" in done.latched

    played(contracts, tmp_path, drill)


def test_a_latch_that_was_there_before_stays_and_its_entries_were_blocked_already(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        hour.node.kill("out")
        await minutes(hour, 1)
        leave_request(journal_of(hour), "monthly", DRILL)
        await minutes(hour, 2)
        assert (hour.truth.net, hour.truth.working, kills(hour)) == (0, [], ["TRIPPED", "FLAT", "HALTED"])
        done = DrillStory(journal_of(hour), 1, lambda _: None).look()
        assert done is not None and done.latched_before and done.times.of(BLOCKED) is None and done.times.of(FLAT) is not None
        assert any(line.startswith(BLOCKED) and line.endswith("before it") for line in done.lines())

    played(contracts, tmp_path, drill, begin="10:30")


def test_one_that_is_refused_says_why_and_sends_nothing(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        leave_request(journal_of(hour), "monthly", DRILL)
        await minutes(hour, 0.5)
        assert not hour.truth.orders
        with pytest.raises(DrillRefused, match="No drill: Strategies may enter now") as refusal:
            DrillStory(journal_of(hour), 1, lambda _: None).look()
        assert refusal.value.exit_code == 2

    played(contracts, tmp_path, drill, begin="10:30")


def test_one_that_was_asked_for_before_the_start_is_never_carried_out(contracts, tmp_path):
    async def drill(hour: Hour) -> None:
        await minutes(hour, 1)
        assert not hour.truth.orders and said(hour) == [] and not request_path(journal_of(hour), DRILL).exists()

    played(contracts, tmp_path, drill, before="long ago")


def test_a_request_that_cannot_be_removed_opens_nothing(contracts, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise MesbotError("it cannot be removed")

    async def drill(hour: Hour) -> None:
        monkeypatch.setattr("bot.node.drill.withdraw_request", refuse)
        leave_request(journal_of(hour), "monthly", DRILL)
        await minutes(hour, 1)
        assert not hour.truth.orders

    played(contracts, tmp_path, drill)
