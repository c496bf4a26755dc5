"""A day through the live node, the real adapter and a real socket has one record at every speed; that of the backtest: test_parity.py."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import math
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from plain_journal import plain
from rich.console import Console

from bot.gateway.config import GatewayConfig
from bot.journal.verify import verify
from bot.node.live_view import LiveView
from bot.node.paper import Day, gateway_config, replay
from bot.node.request import NodeResult, PaperRequest
from bot.node.screen import Glance

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import make_pictures

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
def piped() -> io.StringIO:
    """What the fast day printed into a pipe, once that has run."""
    return io.StringIO()


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory, minutes_shown: list[int], piped: io.StringIO) -> NodeResult:
    """The day as fast as possible."""
    view = LiveView(Console(file=piped), replayed=True)

    def show(glance: Glance) -> None:
        view.show(glance)
        minutes_shown.append(0 if glance.update is None else glance.update.quality.ts_ns)

    return replayed(tmp_path_factory.mktemp("fast"), math.inf, show)


@pytest.mark.slow
def test_a_replayed_day_has_the_same_record_at_another_speed(fast, tmp_path):
    slower = replayed(tmp_path, 6000.0)
    assert slower.head == fast.head == verify(slower.journal).head


def test_the_last_view_is_of_the_last_minute(fast, minutes_shown):
    assert minutes_shown[-1] >= rows(fast.journal, "bar")[-1][0]


def test_what_is_piped_has_a_line_for_every_entry_that_was_filled_with_its_price_and_its_bracket(fast, piped):
    entries = [json.loads(body) for _, _, body in rows(fast.journal, "fill") if json.loads(body)["role"] == "ENTRY"]
    side, parts = {1: "long", -1: "short"}, Counter(each["intent_id"] for each in entries)
    assert set(parts.values()) == {2}  # both are K4's
    expected = [
        f"{each['strategy']} in: {side[each['side']]} {said} at {each['price']:,.2f}"
        for each, said in zip(sorted(entries, key=lambda each: each["intent_id"]), ["1 of 2", "2"] * len(parts), strict=True)
    ]
    told = [line for line in piped.getvalue().splitlines() if " in: " in line]
    assert [line.split("  ")[1].partition(", stop ")[0] for line in told] == expected
    assert all(re.fullmatch(r"\d\d:\d\d  .*, stop [\d,]+\.\d\d, targets [\d,]+\.\d\d and [\d,]+\.\d\d", line) for line in told)


def test_the_picture_of_a_result_in_the_readme_is_of_this_version(fast):
    kept = make_pictures.PICTURES / "result.svg"
    assert kept.read_text(encoding="utf-8") == make_pictures.result_picture(fast.journal), "scripts/make_pictures.py makes them anew"


def test_no_barrier_of_the_lockstep_was_passed_over(fast):
    assert not any("in vain" in note for note in fast.notes)


def test_a_gateway_that_could_not_wait_for_the_bot_says_how_often_and_what_to_try(tmp_path, monkeypatch):
    def impatient(request: PaperRequest, day: Day) -> GatewayConfig:
        return dataclasses.replace(gateway_config(request, day), lockstep_seconds=1e-9)

    monkeypatch.setattr("bot.node.paper.gateway_config", impatient)
    told = asyncio.run(replay(PaperRequest(out=tmp_path, seed=SEED, sessions=2, speed=6000.0))).notes[-1]
    again = "another replay of this day may decide otherwise; try a lower --speed."
    found = re.fullmatch(rf"([\d,]+) of ([\d,]+) times the gateway waited for the bot in vain and went on: {again}", told)
    missed, barriers = (int(number.replace(",", "")) for number in found.groups())
    assert 0 < missed <= barriers


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
