"""The product's own node where the gateway stops giving what it lives on: bars, a link, answers."""

from __future__ import annotations

import datetime as dt
import inspect
import io
import json
from types import SimpleNamespace

import pytest
from ibkr_rig import DAY, TEN, until
from plain_journal import plain
from rich.console import Console
from test_ibkr_recovery import ENTRY, STOP, TARGET, Stage, on_stage

from bot.node.screen import Glance, rendered
from bot.runtime.past import past_of
from bot.trading_hours import clock_ns
from bot.units import MINUTE_NS, SECOND_NS

EXIT = f"{ENTRY[:-1]}X1"
FLATTEN_NS = clock_ns(DAY, dt.time(15, 54))


async def held(stage: Stage) -> None:
    """A run that ended with an open position, its bracket at the broker."""
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)


@pytest.mark.parametrize(
    ("clock", "closed"),
    [
        ({"now_ns": lambda: FLATTEN_NS, "replay": False}, False),
        ({"now_ns": lambda: FLATTEN_NS + 20 * SECOND_NS, "replay": False}, True),
        ({"now_ns": lambda: FLATTEN_NS + 20 * SECOND_NS, "replay": True}, False),  # there the tape decides, not the wall
    ],
    ids=["at the flatten time", "past it", "past it on a replay"],
)
def test_a_position_is_closed_once_when_the_flatten_time_passes_without_bars(tmp_path, clock, closed):
    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        async with stage.restarted() as node:
            node.session.clock = SimpleNamespace(**clock)
            for _ in range(3):
                node.desk.leave_overdue()
            if closed:
                await until(lambda: stage.working == {EXIT}, lambda: stage.news())
                node.desk.leave_overdue()
                stage.do(f"fill {EXIT}")
                await until(lambda: not node.risk.open_trades(), lambda: stage.news())
            node.desk.leave_overdue()
            assert bool(node.risk.open_trades()) is not closed
        sent = [ref for ref, event in stage.news() if event == "OrderSubmitted"]
        assert sent == ([EXIT] if closed else [])
        assert stage.working == (set() if closed else {STOP, TARGET})
        assert [outcome.exit_reason for outcome in past_of([stage.path]).outcomes] == (["SESSION"] if closed else [])

    run(tmp_path)


async def minutes(stage: Stage, count: int) -> None:
    for _ in range(count * 12):
        stepped = stage.do("step 1")
        if inspect.isawaitable(stepped):
            await stepped


@on_stage
async def test_minutes_that_close_before_warm_up_is_over_are_history_and_are_not_decided(stage: Stage) -> None:
    """A person takes five minutes to type what live trading asks for, or history takes five minutes to come."""
    stage.write()
    await minutes(stage, 5)
    async with stage.restarted() as node:
        await minutes(stage, 1)
        first_ns = TEN + 6 * MINUTE_NS
        await until(lambda: node.screen.last_bar_ns >= first_ns and node.risk.idle())
    with plain(stage.path) as db:
        decided = db.execute("SELECT DISTINCT ts_ns FROM records WHERE kind = 'decision' AND body NOT LIKE '%NOBODY_RAN%'").fetchall()
        (bar,) = db.execute("SELECT body FROM records WHERE kind = 'bar' ORDER BY seq DESC").fetchone()
    assert decided == [(first_ns,)]
    assert json.loads(bar)["signals"]["spread_ticks"] is not None


@on_stage
async def test_what_stands_against_entries_is_said_shown_decided_and_journaled(stage: Stage) -> None:
    stage.write()
    async with stage.restarted() as node:
        said: list[str] = []
        node.say = said.append
        assert "no entries" not in text_of(node.screen.glance)
        stage.do("position MESZ5 3")
        await until(lambda: said)
        assert "PositionMismatch: own fills sum to 0, the broker holds 3" in said[0] and len(said) == 1
        assert "no entries: PositionMismatch: own fills sum to 0, the broker holds 3" in text_of(node.screen.glance)
        await minutes(stage, 2)
        await until(lambda: node.screen.last_bar_ns >= TEN + 2 * MINUTE_NS and node.risk.idle())
        stage.do("position MESZ5 0")
        await until(lambda: "no entries" not in text_of(node.screen.glance))
        stage.do("drop")
        await until(lambda: len(said) > 3, lambda: said)
        assert "ConnectionLost" in said[1] and "CONNECTED again" in said[2] and "SYNCED again" in said[3]
    with plain(stage.path) as db:
        records = [json.loads(body) for (body,) in db.execute("SELECT body FROM records WHERE kind = 'reconcile' ORDER BY seq")]
        query = "SELECT body FROM records WHERE kind = 'decision' AND ts_ns > ?"  # what closed before it ran, nobody has decided
        decisions = [json.loads(body) for (body,) in db.execute(query, (TEN,))]
    assert records == [
        {"found": "PositionMismatch", "text": "own fills sum to 0, the broker holds 3"},
        {"found": "Link", "text": "the link is DOWN since 10:02:00 New York: there is no connection to the gateway"},
        {"found": "Link", "text": "the link is SYNCED again"},
    ]
    assert decisions and all("BROKER_BLOCK" in json.dumps(each) for each in decisions if each["strategy"] != "K5")


def text_of(glance: Glance) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(rendered(glance))
    return console.export_text()


@on_stage
async def test_minutes_that_come_late_from_history_have_no_spread_that_anybody_saw(stage: Stage) -> None:
    stage.write()
    async with stage.restarted() as node:
        await minutes(stage, 2)
        await until(lambda: node.screen.last_bar_ns >= TEN + 2 * MINUTE_NS)
        await stage.do("refuse on")
        stage.do("drop")
        await until(lambda: not node.session.link.allows_entries)
        await minutes(stage, 4)
        await stage.do("refuse off")
        await until(lambda: node.session.link.allows_entries)
        await minutes(stage, 1)
        await until(lambda: node.screen.last_bar_ns >= TEN + 7 * MINUTE_NS and node.risk.idle())
    with plain(stage.path) as db:
        bars = db.execute("SELECT ts_ns, body FROM records WHERE kind = 'bar' ORDER BY seq").fetchall()
    seen = {(ts_ns - TEN) // MINUTE_NS: json.loads(body)["signals"]["spread_ticks"] for ts_ns, body in bars}
    assert seen[1] == 1.0 and seen[3] is None and seen[4] is None
