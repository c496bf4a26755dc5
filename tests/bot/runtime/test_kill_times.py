"""The times of a kill come from the wall stamps beside the records, and from nothing that is hashed."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import CONTRACTS, plan
from journal_steps import Step, Told, at, decided, intent_of_plan

from bot.journal.read import opened
from bot.journal.records import KillRecord, Kind, OperatorRecord
from bot.journal.store import Journal
from bot.runtime.kill_times import BLOCKED, CANCELS_SENT, FLAT, LEAVING, SENT, TAKEN, KillTimes, kill_times
from bot.units import SECOND_NS

ASKED_NS = 1_000 * SECOND_NS
MS = 1_000_000


def written(path: Path, *timed: tuple[float, list[Step]]) -> tuple[Path, str]:
    """A journal whose records were made so many ms after the kill was asked for; and its head."""
    now = [0]
    with Journal.create(path, "paper", CONTRACTS, {}, lambda: ASKED_NS + now[0]) as journal:
        for ms, steps in timed:
            now[0] = round(ms * MS)
            for step in steps:
                journal.add(step.kind, step.ts_ns, step.body, step.strategy)
        journal.close_link(at(50))
    return path, journal.head


def of(path: Path, after_seq: int) -> KillTimes:
    with opened(path) as db:
        return kill_times(db, after_seq, ASKED_NS)


def operator(detail: str = "") -> list[Step]:
    return [Step(Kind.OPERATOR, at(43), OperatorRecord("kill", "enough", detail))]


def kill(*states: str) -> list[Step]:
    return [Step(Kind.KILL, at(43), KillRecord(state, "manual")) for state in states]


def story(later_ms: float = 0.0) -> list[tuple[float, list[Step]]]:
    told = Told(intent_of_plan(41, plan()))
    covered = [decided(told.intent), *told.sent(), *told.every("OrderAccepted", "1S", "1T"), *told.fill("1E", 1000)]
    return [
        (-60_000, covered),
        (10 + later_ms, operator()),
        (12 + later_ms, kill("TRIPPED")),
        (20 + later_ms, operator(CANCELS_SENT)),
        (70, [told.order("1T", "OrderCanceled")]),
        (130, [told.order("1S", "OrderCanceled")]),
        (131, [told.order("1X1", "OrderSubmitted")]),
        (190, [told.order("1X1", "OrderAccepted")]),
        (250, told.fill("1X1", 1001)),
        (251, kill("FLAT", "HALTED")),
    ]


BEFORE = 10  # records before the kill: contracts, intent, six events, the fill and its event


def test_each_step_has_its_time_and_contracts_without_a_working_stop_are_counted(tmp_path: Path):
    path, _ = written(tmp_path / "journal.sqlite", *story())
    times = of(path, BEFORE)
    assert [(step.what, round(step.seconds * 1000)) for step in times.steps] == [
        (TAKEN, 10), (BLOCKED, 12), (SENT, 20), (LEAVING, 131), (FLAT, 250), ("halted", 251),
    ]  # fmt: skip
    assert times.naked_seconds == pytest.approx(0.120)


def test_other_times_leave_the_head_as_it_is(tmp_path: Path):
    one, other = written(tmp_path / "one.sqlite", *story()), written(tmp_path / "other.sqlite", *story(later_ms=30))
    assert one[1] == other[1]
    assert of(one[0], BEFORE).of(BLOCKED) == pytest.approx(0.012) and of(other[0], BEFORE).of(BLOCKED) == pytest.approx(0.042)


def test_a_kill_under_way_has_the_steps_that_it_reached(tmp_path: Path):
    path, _ = written(tmp_path / "journal.sqlite", *story()[:4])
    times = of(path, BEFORE)
    assert [step.what for step in times.steps] == [TAKEN, BLOCKED, SENT]
    assert times.of(FLAT) is None and times.naked_seconds == 0


def test_with_nothing_held_the_switch_says_when_it_was_flat(tmp_path: Path):
    path, _ = written(tmp_path / "journal.sqlite", (5, operator()), (6, kill("TRIPPED")), (7, kill("FLAT")), (8, kill("HALTED")))
    assert [step.what for step in of(path, 0).steps] == [TAKEN, BLOCKED, FLAT, "halted"]


def test_a_state_of_tomorrow_is_a_step_of_its_own_name(tmp_path: Path):
    path, _ = written(tmp_path / "journal.sqlite", (5, kill("LINGERING")))
    assert [step.what for step in of(path, 0).steps] == ["lingering"]


def test_a_clock_that_was_set_back_makes_no_negative_times(tmp_path: Path):
    path, _ = written(tmp_path / "journal.sqlite", *story()[:1], (-500, operator()), (-400, kill("TRIPPED")))
    assert [step.seconds for step in of(path, BEFORE).steps] == [0, 0]
