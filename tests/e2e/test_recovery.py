"""kill -9 of the live node after any commit of an hour with a trade, and of one with a kill: recovered in time, nothing sent twice.

The gateway stands while nobody runs, but for the piece in which the process died. `make recovery` runs all of it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import killed_node
import pytest
from measured import LIMITS, RECOVERED
from restart_rig import Rig, rig

from bot.contracts import load_contracts
from bot.decision.snapshot import KillState
from bot.journal.verify import verify
from bot.node.kill_request import leave_request, request_path
from bot.node.status import JournalStatus, journal_names, status_of
from bot.units import MINUTE_NS

HOUR, MORE = 60, 15  # minutes; a few of an hour share their commit with what became of a trade, so fifty others need some more
KINDS = "intent,order event,fill,kill"
RECORDS = {"trade": 27, "killed": 32}  # of these kinds, in an hour that nobody disturbs: a K4 trade; the same when it is killed
FROM_THE_KILL, OTHERS = 17, 50  # the last record before the kill; commits of other kinds alone
STRICTER = (KillState.ARMED, KillState.HALTED, KillState.FLAT, KillState.TRIPPED)
QUICK = {("killed", "kill", 1)}


class Death(NamedTuple):
    """In which hour, and after which record of which kinds, the process dies."""

    hour: str
    kinds: str
    number: int


def deaths() -> list[Any]:
    """At every commit that says what became of a trade or a kill, at fifty others, and where a kill is obeyed and not written down."""
    found = [Death("trade", KINDS, number) for number in range(1, RECORDS["trade"] + 1)]
    found += [Death("killed", KINDS, number) for number in range(FROM_THE_KILL, RECORDS["killed"] + 1)]
    found += [Death("killed", "kill", number) for number in (1, 2, 3)] + [Death("killed", "request", 1)]
    found += [Death("trade", f"not {KINDS}", number) for number in range(1, OTHERS + 1)]
    return [pytest.param(each, id="-".join(map(str, each)), marks=[] if each in QUICK else [pytest.mark.slow]) for each in found]


@pytest.mark.parametrize("death", deaths())
def test_killed_after_a_commit_it_recovers_and_nothing_is_sent_twice(
    death: Death, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async def hour() -> None:
        async with rig(tmp_path, HOUR + (MORE if death.kinds.startswith("not ") else 0)) as r:
            killer, took = killed_node.__file__, tmp_path / "took"
            await r.start_node(program=(killer, str(took), death.kinds, str(death.number)), may_die=True)
            assert await _until_killed(r, death.hour == "killed"), "the hour has fewer records of these kinds"
            before = _status(r)
            await r.start_node(program=(killer, str(took), death.kinds, "0"))
            seconds = float(took.read_text(encoding="ascii"))
            record_property(RECOVERED, seconds)
            assert seconds <= LIMITS[RECOVERED] * _others()
            _nothing_forgotten(before, _status(r))
            await r.to_the_end()
            _true_to_the_broker(r)
            _every_bar_decided_once(r)
            _every_intent_is_a_decision(r)
            if death.hour == "killed":
                _halted(r)

    asyncio.run(hour())


@pytest.mark.slow
@pytest.mark.parametrize("hour", RECORDS)
def test_no_record_of_an_hour_is_left_out(hour: str, tmp_path: Path) -> None:
    async def undisturbed() -> None:
        async with rig(tmp_path, HOUR) as r:
            number = str(RECORDS[hour] + 1)
            await r.start_node(program=(killed_node.__file__, str(tmp_path / "took"), KINDS, number))
            assert not await _until_killed(r, hour == "killed"), f"the hour has {number} records of these kinds or more"

    asyncio.run(undisturbed())


def _others() -> float:
    """How many want each core of this machine, itself included: as much longer everything takes."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)) if hasattr(os, "getloadavg") else 2.0


async def _until_killed(r: Rig, kill: bool) -> bool:
    """Let the hour pass; with `kill` a person asks for it as soon as something is held, and no minute passes before the node has obeyed."""
    if kill:
        await _until_held(r, lambda: leave_request(r.journal, "enough"))
        while request_path(r.journal).exists() and r.node.returncode is None:
            await asyncio.sleep(0.01)
    return await r.step_until_killed()


async def _until_held(r: Rig, then: Callable[[], None]) -> None:
    while r.node.returncode is None and r.position == 0:
        assert await r.gateway.replay.step()
    then()


def _status(r: Rig) -> JournalStatus:
    (name,) = journal_names(r.home)
    return status_of(r.home, name, load_contracts(None), 0)


def _nothing_forgotten(before: JournalStatus, after: JournalStatus) -> None:
    """Counters and latch begin where they were; what the broker tells of the last moment may come on top."""
    was, now = before.counters, after.counters
    assert now.submissions_today == was.submissions_today and now.trading_day == was.trading_day
    in_flight = sum(not trade.net for trade in before.unfinished)  # counted while it may fill; it may never have left
    assert now.trades_today >= was.trades_today - in_flight and set(was.locks) <= set(now.locks)
    if {trade.intent_id for trade in before.unfinished} == {trade.intent_id for trade in after.unfinished}:  # none has ended since
        assert (now.day, now.week, now.month) == (was.day, was.week, was.month)
    assert STRICTER.index(after.kill.state) >= STRICTER.index(before.kill.state) or before.kill.state is not KillState.ARMED
    assert (before.kill.state is KillState.ARMED) or (after.kill.state is not KillState.ARMED)


def _true_to_the_broker(r: Rig) -> None:
    """Every execution is told once, every order was sent once, two contracts are the most, and the book holds what the broker holds."""
    truth = r.truth
    told = [(json.loads(row.body)["client_order_id"], json.loads(row.body)["quantity"]) for row in r.rows("fill")]
    assert sorted(told) == sorted((each["ref"], each["shares"]) for each in truth["executions"])
    sent = Counter({order.perm_id: order.request.order_ref for order in r.gateway.broker.orders.values()}.values())
    assert set(sent.values()) <= {1}, sent
    held = 0
    for each in truth["executions"]:
        held += each["shares"] * (1 if each["side"] in ("BOT", "BUY") else -1)
        assert abs(held) <= 2
    status = _status(r)
    assert sum(trade.net for trade in status.unfinished) == r.position == held
    outcomes = [body for row in r.rows("outcome") if not (body := json.loads(row.body))["shadow"]]
    assert status.counters.day.realised_cents == sum(body["net_cents"] for body in outcomes)
    assert status.counters.submissions_today == len(r.rows("intent"))
    verify(r.journal)


def _every_bar_decided_once(r: Rig) -> None:
    bars = [row.ts_ns for row in r.rows("bar")]
    assert bars == [bars[0] + number * MINUTE_NS for number in range(len(bars))] and len(bars) >= HOUR - 1
    found = Counter((row.ts_ns, row.strategy) for row in r.rows("decision"))
    assert found == Counter((ts_ns, name) for ts_ns in bars for name in ("K1", "K2", "K3", "K4", "K5"))


def _every_intent_is_a_decision(r: Rig) -> None:
    entered = [body["intent_id"] for row in r.rows("decision") if (body := json.loads(row.body))["action"] == "ENTER"]
    assert entered == [json.loads(row.body)["intent_id"] for row in r.rows("intent")]


def _halted(r: Rig) -> None:
    assert r.position == 0 and not r.working
    assert [json.loads(row.body)["state"] for row in r.rows("kill")] == ["TRIPPED", "FLAT", "HALTED"]
