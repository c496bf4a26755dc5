"""The queues of Nautilus' live engines: one that ends while its engine runs is started again and told, at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from bot.risk_engine.queues import NAMES, Queues


class Engine:
    """A live engine with queues of some names; `ran` counts how often each was started."""

    def __init__(self, *names: str) -> None:
        self.is_running, self.ran = True, dict.fromkeys(names, 0)
        self.doom: dict[str, asyncio.Event] = {}
        for name in names:
            setattr(self, f"_run_{name}_queue", lambda name=name: self._run(name))
            setattr(self, f"get_{name}_queue_task", lambda name=name: getattr(self, f"_{name}_queue_task", None))

    async def _run(self, name: str) -> None:
        self.ran[name] += 1
        self.doom[name] = asyncio.Event()
        with suppress(asyncio.CancelledError):
            await self.doom[name].wait()
            raise asyncio.CancelledError

    def start(self) -> None:
        for name in self.ran:
            setattr(self, f"_{name}_queue_task", asyncio.get_running_loop().create_task(self._run(name)))

    def task(self, name: str) -> asyncio.Task[None]:
        return getattr(self, f"_{name}_queue_task")


class Stage:
    """Queues over an engine, and what they say."""

    def __init__(self, engine: Any) -> None:
        self.engine, self.told, self.wrapped = engine, [], []
        self.queues = Queues([object(), engine], self.told.append, self.wrap)

    def wrap(self, handler: Callable[..., Any]) -> Callable[..., None]:
        self.wrapped.append(handler)
        return lambda *given: handler(*given)

    async def end(self, name: str) -> None:
        await asyncio.sleep(0)
        self.engine.doom[name].set()
        await self.turns()

    async def turns(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def on_loop(scene: Callable[[Stage], Any], engine: Engine) -> Stage:
    async def play() -> Stage:
        engine.start()
        stage = Stage(engine)
        await scene(stage)
        return stage

    return asyncio.run(play())


def test_the_queues_are_those_of_all_live_engines():
    from nautilus_trader.live.data_engine import LiveDataEngine
    from nautilus_trader.live.execution_engine import LiveExecutionEngine
    from nautilus_trader.live.risk_engine import LiveRiskEngine

    engines = (LiveDataEngine, LiveRiskEngine, LiveExecutionEngine)
    found = {name[5:-6] for engine in engines for name in dir(engine) if name.startswith("_run_") and name.endswith("_queue")}
    assert found == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_queue_that_ends_is_started_again_and_told_without_another_look(name):
    async def scene(stage: Stage) -> None:
        stage.queues.look()
        await stage.end(name)
        assert not stage.engine.task(name).done()

    stage = on_loop(scene, Engine("cmd", name))
    assert (stage.told, stage.engine.ran[name]) == ([f"Engine, {name}"], 2)


def test_it_is_heard_of_every_time_and_once_each_however_often_it_is_looked_at():
    async def scene(stage: Stage) -> None:
        stage.queues.look()
        stage.queues.look()
        for _ in range(2):
            await stage.end("evt")

    assert on_loop(scene, Engine("evt")).told == ["Engine, evt"] * 2


def test_a_queue_that_had_ended_before_the_first_look_is_started_and_told():
    async def scene(stage: Stage) -> None:
        await stage.end("evt")
        stage.queues.look()
        await stage.turns()
        assert not stage.engine.task("evt").done() and stage.engine.task("evt").get_name() == "evt_queue"

    stage = on_loop(scene, Engine("evt"))
    assert (stage.told, stage.engine.ran) == (["Engine, evt"], {"evt": 2})


def test_a_loop_that_ends_cancels_all_and_only_the_next_look_misses_it():
    async def scene(stage: Stage) -> None:
        stage.queues.look()
        await stage.turns()
        stage.engine.task("evt").cancel()
        await stage.turns()
        assert stage.told == []
        stage.queues.look()
        await stage.turns()

    assert on_loop(scene, Engine("evt")).told == ["Engine, evt"]


def test_an_engine_that_was_stopped_has_no_queue_to_miss():
    async def scene(stage: Stage) -> None:
        stage.queues.look()
        stage.engine.is_running = False
        await stage.end("evt")
        stage.queues.look()

    stage = on_loop(scene, Engine("evt"))
    assert (stage.told, stage.engine.ran) == ([], {"evt": 1})


def test_an_engine_without_queues_and_one_that_has_not_started_are_passed_over():
    told: list[str] = []
    Queues([object(), Engine("evt")], told.append, lambda handler: handler).look()
    assert told == []


def test_what_is_done_when_one_ends_is_kept_from_raising():
    assert len(Stage(Engine("evt")).wrapped) == 1
