"""What a drill came to, as it is shown and judged; and one whole drill on a simulated gateway of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.journal.verify import verify
from bot.node.drill_run import Drilled, drill_here
from bot.runtime.kill_times import BLOCKED, FLAT, LEAVING, SENT, TAKEN, KillStep, KillTimes

JOURNAL = Path("journal.sqlite")


def drilled(blocked: float | None, sent: float | None, flat: float | None, *, before: bool = False, latched: str = "") -> Drilled:
    reached = {BLOCKED: blocked, SENT: sent, FLAT: flat}
    steps = tuple(KillStep(what, seconds) for what, seconds in reached.items() if seconds is not None)
    return Drilled(JOURNAL, KillTimes(steps, 0.121), latched, before)


@pytest.mark.parametrize(
    ("done", "held"),
    [
        (drilled(0.050, 0.250, 2.0), True),
        (drilled(0.051, 0.250, 2.0), False),
        (drilled(0.050, 0.251, 2.0), False),
        (drilled(0.050, 0.250, 2.001), False),
        (drilled(None, 0.1, 1.0), False),
        (drilled(None, 0.1, 1.0, before=True), True),
        (drilled(0.060, 0.1, 1.0, before=True), False),
        (drilled(0.01, None, 1.0), False),
        (drilled(0.01, 0.1, None, before=True), False),
    ],
)
def test_every_limit_must_hold_and_a_step_that_is_missing_does_not(done: Drilled, held: bool):
    assert done.held is held


def test_it_shows_each_step_with_its_limit_and_what_was_not_reached():
    lines = list(drilled(0.012, 0.3, None).lines())
    assert lines[0] == f"{BLOCKED:28}     12 ms   limit    50 ms   held"
    assert lines[1].endswith("limit   250 ms   NOT HELD") and lines[2].endswith("NOT REACHED")
    assert lines[3:] == [
        f"{'without a working stop':28}    121 ms", "The drill's latch is cleared: the kill switch is ARMED.", f"Journal: {JOURNAL}",
    ]  # fmt: skip
    assert "it stays" in list(drilled(0.01, 0.1, 1.0, latched="it stays").lines())


@pytest.mark.slow
def test_a_whole_drill_on_its_own_gateway(tmp_path: Path):
    """The figures are for `mesbot drill` to show; a busy machine may take ten times as long."""
    said: list[str] = []
    done = asyncio.run(drill_here(tmp_path, "test", None, (), said.append))
    steps = [step.what for step in done.times.steps]
    assert SENT in steps, "looked at every moment, and perhaps noted after what follows from it"
    assert [step for step in steps if step != SENT] == [TAKEN, BLOCKED, LEAVING, FLAT, "halted", "armed"]
    moments = [step.seconds for step in done.times.steps]
    assert moments == sorted(moments) and done.times.of(BLOCKED) < 0.5 and done.times.of(FLAT) < 20
    assert done.times.of(FLAT) - done.times.of(BLOCKED) > 0.1  # two round trips: the cancels' and the closing order's
    assert 0.05 < done.times.naked_seconds < 20 and not done.latched
    assert len(said) == 2 and verify(done.journal).head
