"""Minutes go on: one whose pieces or predecessors are missing waits a moment for history, then goes out, and is told to be wanting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from ibkr_rig import TEN, on_a_loop

from bot.ibkr.data import bar_flow
from bot.ibkr.data.bar_flow import AT_ONCE, BarFlow
from bot.ibkr.data.minutes import Minute
from bot.ibkr.errors import BrokerError, ConnectionLost, IncompleteBars, PacingViolation
from bot.units import MINUTE_NS


def minute(number: int, whole: bool = True) -> Minute:
    """The minute that closes `number` minutes after ten."""
    return Minute(TEN + number * MINUTE_NS, 1.0, 1.0, 1.0, 1.0, 1.0, whole)


class Run:
    """A flow that has published up to ten o'clock, over history that answers when told to."""

    def __init__(self) -> None:
        self.published: list[Minute] = []
        self.taken: list[Minute] = []  # from a queue, in the loop's next turn
        self.taken_before_wanting: list[Minute] = []
        self.errors: list[BrokerError] = []
        self.answers: list[asyncio.Future[list[Minute]]] = []
        self.flow = BarFlow(self._publish, self._fetch, self.errors.append)
        self.flow.last_ns = TEN

    def _publish(self, minute: Minute) -> None:
        self.published.append(minute)
        asyncio.get_running_loop().call_soon(self.taken.append, minute)
        if not minute.whole:
            self.taken_before_wanting = list(self.taken)

    async def _fetch(self, after_ns: int, until_ns: int) -> list[Minute]:
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]

    async def do(self, *steps: Callable[[], object]) -> None:
        """Each step, and the turns of the loop that follow from it."""
        for step in steps:
            step()
            for _ in range(10):
                await asyncio.sleep(0)

    async def add(self, *minutes: Minute) -> None:
        """These minutes close."""
        await self.do(*(lambda each=each: self.flow.add(each) for each in minutes))

    async def answer(self, *minutes: Minute) -> None:
        """History answers the last question."""
        await self.do(lambda: self.answers[-1].set_result(list(minutes)))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed minute does not wait for history at all."""
    monkeypatch.setattr(bar_flow, "PATIENCE_SECONDS", 0.0)


@on_a_loop
async def test_a_minute_goes_out_when_history_stays_silent(impatient: None) -> None:
    run = Run()
    await run.add(minute(1, whole=False), minute(2))
    assert run.published == [minute(1, whole=False), minute(2)]
    (error,) = run.errors
    assert isinstance(error, IncompleteBars)
    assert error.text == "the minute that closed at 10:01 New York has pieces missing; history has not answered within 0 s"


@on_a_loop
async def test_nobody_listens_to_an_answer_that_comes_too_late(impatient: None) -> None:
    run = Run()
    await run.add(minute(1, whole=False))
    assert run.answers[0].cancelled()
    await run.add(minute(2))
    assert run.published == [minute(1, whole=False), minute(2)] and len(run.answers) == 1


@on_a_loop
async def test_a_hole_that_history_does_not_fill_is_told_and_stops_nothing(impatient: None) -> None:
    run = Run()
    await run.add(minute(4))
    assert run.published == [minute(4)]
    assert [type(each) for each in run.errors] == [IncompleteBars]
    assert "comes after missing ones" in run.errors[0].text


@on_a_loop
async def test_a_minute_that_history_does_not_know_is_told() -> None:
    run = Run()
    await run.add(minute(1, whole=False))
    await run.answer()
    assert run.published == [minute(1, whole=False)] and run.flow.gaps == 1
    assert [type(each) for each in run.errors] == [IncompleteBars]


@on_a_loop
async def test_minutes_without_trades_are_no_hole() -> None:
    run = Run()
    await run.add(minute(4))
    await run.answer(minute(4))
    assert run.published == [minute(4)] and run.errors == []


@on_a_loop
async def test_a_catch_up_has_time_until_a_minute_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run()
    with monkeypatch.context() as patch:
        patch.setattr(bar_flow, "PATIENCE_SECONDS", 0.0)
        await run.do(lambda: run.flow.catch_up(TEN + 3 * MINUTE_NS))
        assert not run.answers[0].cancelled()
        run.flow.add(minute(4))
        await asyncio.wait([run.answers[0]])
    await run.do(lambda: None)
    assert run.published == [] and len(run.answers) == 2, "asked once more, for the minute too"
    await run.answer(*map(minute, (1, 2, 3, 4)))
    assert run.published == [minute(number) for number in (1, 2, 3, 4)]


@on_a_loop
async def test_a_catch_up_that_answers_in_time_is_used() -> None:
    run = Run()
    await run.do(lambda: run.flow.catch_up(TEN + 3 * MINUTE_NS))
    await run.add(minute(4))
    await run.answer(*map(minute, (1, 2, 3)))
    assert run.published == [minute(number) for number in (1, 2, 3, 4)] and run.errors == []


@on_a_loop
async def test_an_incomplete_minute_is_told_after_older_ones_were_taken_from_a_queue() -> None:
    run = Run()
    await run.add(minute(3, whole=False))
    await run.answer(minute(1), minute(2))
    assert run.published == [minute(1), minute(2), minute(3, whole=False)]
    assert run.taken_before_wanting == [minute(1), minute(2)], "else the mark would be charged to them"


@pytest.mark.parametrize("error", [PacingViolation("too often"), ConnectionLost("closed"), ValueError("unforeseen")], ids=repr)
def test_whatever_history_says_minutes_go_on(error: Exception) -> None:
    @on_a_loop
    async def show() -> None:
        run = Run()
        await run.add(minute(1, whole=False), minute(2))
        await run.do(lambda: run.answers[-1].set_exception(error))
        assert run.published == [minute(1, whole=False), minute(2)]
        assert [type(each) for each in run.errors] == [IncompleteBars]

    show()


@on_a_loop
async def test_a_long_history_leaves_the_loop_its_turns_and_minutes_that_close_meanwhile_come_after_it() -> None:
    run = Run()
    run.flow.last_ns = 0
    history = [minute(number) for number in range(3 * AT_ONCE)]
    begin = asyncio.ensure_future(run.flow.begin(TEN - MINUTE_NS, history[-1].close_ns))
    await asyncio.sleep(0)
    run.answers[-1].set_result(history)
    seen = {0}
    while not begin.done():
        await asyncio.sleep(0)
        if run.published and len(seen) == 1:
            run.flow.add(minute(3 * AT_ONCE))
            run.flow.catch_up(minute(3 * AT_ONCE + 5).close_ns)
        seen.add(len(run.published))
    assert sorted(seen) == [0, AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE, 3 * AT_ONCE + 1]
    assert run.published == [*history, minute(3 * AT_ONCE)]
    assert len(run.answers) == 1
