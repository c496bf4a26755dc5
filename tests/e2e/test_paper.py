"""A day through the live node, the real adapter and a real socket has one record at every speed; that of the backtest: test_parity.py."""

from __future__ import annotations

import asyncio
import math
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from plain_journal import plain

from bot.journal.verify import verify
from bot.node.paper import replay
from bot.node.request import NodeResult, PaperRequest
from bot.node.screen import Glance

SEED, SESSIONS = 1, 8  # the last is played, 2025-03-19; this seed trades on it


def rows(journal: Path, kind: str) -> list[tuple[int, str, str]]:
    """Time, strategy and body of a journal's records of one kind, in order."""
    with plain(journal) as db:
        return db.execute("SELECT ts_ns, strategy, body FROM records WHERE kind = ? ORDER BY seq", (kind,)).fetchall()


def replayed(folder: Path, speed: float, show: Callable[[Glance], None] | None = None) -> NodeResult:
    """The day through a node and a gateway of their own."""
    return asyncio.run(replay(PaperRequest(out=folder, seed=SEED, sessions=SESSIONS, speed=speed), show))


@pytest.fixture(scope="module")
def minutes_shown() -> list[int]:
    """The minute (UTC ns, 0 before the first) of every view of the fast day, once that has run."""
    return []


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory, minutes_shown: list[int]) -> NodeResult:
    """The day as fast as possible."""

    def show(glance: Glance) -> None:
        minutes_shown.append(0 if glance.update is None else glance.update.quality.ts_ns)

    return replayed(tmp_path_factory.mktemp("fast"), math.inf, show)


@pytest.mark.slow
def test_a_replayed_day_has_the_same_record_at_another_speed(fast, tmp_path):
    slower = replayed(tmp_path, 6000.0)
    assert slower.head == fast.head == verify(slower.journal).head


def test_the_last_view_is_of_the_last_minute(fast, minutes_shown):
    assert minutes_shown[-1] >= rows(fast.journal, "bar")[-1][0]


def test_no_barrier_of_the_lockstep_was_passed_over(fast):
    assert not any("in vain" in note for note in fast.notes)


def test_a_replay_that_is_stopped_says_when_and_what_was_open(tmp_path):
    asked = []

    def stop(glance: Glance) -> None:
        if glance.trade is not None and not asked:
            asked.append(glance.trade)
            signal.raise_signal(signal.SIGTERM)

    request = PaperRequest(out=tmp_path, seed=SEED, sessions=SESSIONS, speed=300.0)
    said = asyncio.run(replay(request, stop)).notes[0]
    (trade,) = asked
    assert re.match(r"Stopped at 09:3\d New York, before the end of 2025-03-19 of 8 synthetic sessions", said), said
    assert f": {trade.plan.strategy} was {'long' if trade.side > 0 else 'short'} {trade.quantity_open} with its stop at " in said
