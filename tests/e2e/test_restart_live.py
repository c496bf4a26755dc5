"""kill -9 of a live node at its worst moments: whoever starts again finds book, budget and bracket as the broker has them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from restart_rig import PATIENCE_SECONDS, Rig, Row, rig

from bot.journal.verify import verify

WHOLE_DAY, BOTH_TRADES = 400, 100  # minutes; the day's second and last trade ends in the seventy-fifth
ORDERS, FILLS, OUTCOMES = "order event", "fill", "outcome"


async def without_any_accident(folder: Path, minutes: int) -> tuple[list[Row], list[Row]]:
    """Bars and decisions, and fills."""
    async with rig(folder, minutes) as r:
        await r.start_node()
        await r.to_the_end()
        return r.rows("bar", "decision"), r.rows(FILLS)


def told_once(r: Rig) -> None:
    """Every execution of the broker is one fill of the journal, and the chain holds."""
    told = [(json.loads(row.body)["client_order_id"], json.loads(row.body)["quantity"]) for row in r.rows(FILLS)]
    happened = [(each["ref"], each["shares"]) for each in r.truth["executions"]]
    assert sorted(told) == sorted(happened)
    verify(r.journal)


def real_outcomes(r: Rig) -> list[dict]:
    return [body for row in r.rows(OUTCOMES) if not (body := msgspec.json.decode(row.body))["shadow"]]


@pytest.mark.slow
def test_a_gateway_that_is_gone_before_its_tape_has_ended_is_an_error_and_what_is_held_is_told(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path, WHOLE_DAY) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            await r.gateway.side.close()
            printed, _ = await asyncio.wait_for(r.node.communicate(), PATIENCE_SECONDS)
            assert r.node.returncode == 1 and b"was lost before its tape had ended" in printed, printed
            assert b" stays " in printed and b"Traceback" not in printed

    asyncio.run(day())


@pytest.mark.parametrize("minutes", [BOTH_TRADES, pytest.param(WHOLE_DAY, marks=pytest.mark.slow)])
def test_killed_with_an_open_position_it_adopts_the_trade_and_goes_on_as_if_nothing_had_happened(tmp_path: Path, minutes: int):
    async def day() -> None:
        bars, fills = await without_any_accident(tmp_path / "whole", minutes)
        async with rig(tmp_path / "killed", minutes) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0 and bool(r.rows(ORDERS)))  # and on the disk
            working = r.working
            await r.kill_node()
            await r.start_node()
            assert (r.working, r.position != 0) == (working, True)
            assert len(r.rows("intent")) == 1
            await r.to_the_end()
            assert r.position == 0 and not r.working
            told_once(r)
            assert [row.body for row in r.rows(FILLS)] == [row.body for row in fills]
            assert r.rows("bar", "decision") == bars

    asyncio.run(day())


@pytest.mark.slow
def test_what_fills_while_nobody_runs_is_told_once_and_managed(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: bool(r.working))
            await r.kill_node()
            await r.step_until(lambda: r.position != 0 or not r.working)
            assert r.position != 0, "the entry was to fill while nobody ran"
            await r.start_node()
            await r.to_the_end()
            assert r.position == 0 and not r.working
            told_once(r)
            assert len(real_outcomes(r)) >= 1

    asyncio.run(day())


@pytest.mark.slow
def test_a_trade_that_ends_while_nobody_runs_counts_for_the_day(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            await r.kill_node()
            for order in r.truth["orders"]:
                if order["type"] == "STP":
                    r.gateway.side.verbs.do(f"fill {order['ref']}")
            assert r.position == 0
            await r.start_node()
            (outcome,) = real_outcomes(r)
            assert outcome["exit_reason"] == "STOP" and outcome["net_cents"] < 0
            await r.to_the_end()
            told_once(r)

    asyncio.run(day())


@pytest.mark.slow
def test_stopped_by_a_person_it_says_what_stays_open_and_the_next_run_closes_it(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            printed = await r.stop_node()
            assert "stays" in printed and "at the broker" in printed, printed
            assert r.position != 0 and r.working
            await r.start_node()
            await r.to_the_end()
            assert r.position == 0
            told_once(r)

    asyncio.run(day())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["err 1100", "swallow cancelOrder all"], ids=["the link is down", "nobody answers the cancel"])
def test_stopped_while_an_entry_works_that_cannot_be_cancelled_it_says_so(tmp_path: Path, fault: str):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: bool(r.working) and r.position == 0)
            entries = sorted(ref for ref in r.working if ref.endswith("E"))
            r.gateway.side.verbs.do(fault)
            await asyncio.sleep(0.5)
            printed = await r.stop_node()
            assert set(entries) <= r.working
            assert f"{', '.join(entries)} may still work at the broker" in printed and "nothing is open" not in printed, printed

    asyncio.run(day())


@pytest.mark.slow
def test_stopped_while_an_entry_works_it_cancels_it_and_knows_that_nothing_is_open(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: bool(r.working) and r.position == 0)
            printed = await r.stop_node()
            assert not r.working and r.position == 0
            assert "Stopped; nothing is open." in printed, printed

    asyncio.run(day())


def test_observing_sends_nothing_and_shadows_every_plan(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node("--trading-mode", "observe")
            await r.to_the_end()
            assert not r.truth["executions"] and not r.truth["completed"] and not r.working
            refused = [json.loads(row.body) for row in r.rows("decision") if "OBSERVE_ONLY" in row.body]
            assert any(body.get("plan") for body in refused)
            assert r.rows("shadow") and not r.rows(ORDERS, "intent")

    asyncio.run(day())


@pytest.mark.slow
def test_observing_does_not_begin_over_a_trade_that_nobody_manages(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            await r.kill_node()
            with pytest.raises(AssertionError, match=r"unfinished in its PAPER journal.*start `mesbot paper` to have it managed"):
                await r.start_node("--trading-mode", "observe")
            assert r.node.returncode == 3
            assert [path.name[:5] for path in (tmp_path / "journals").glob("*.sqlite")] == ["paper"]
            await r.start_node()
            await r.to_the_end()
            assert r.position == 0

    asyncio.run(day())


def kills(r: Rig) -> list[str]:
    return [json.loads(row.body)["state"] for row in r.rows("kill")]


def test_a_person_kills_a_running_bot_and_only_a_person_lets_it_trade_again(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            code, printed = await r.verb("kill", "--reason", "enough")
            assert (code, r.position, r.working) == (0, 0, set()), printed
            assert [line.split()[2] for line in printed.splitlines()[:3]] == ["TRIPPED", "FLAT", "HALTED"]
            assert "entries blocked" in printed and "without a working stop" in printed
            code, printed = await r.verb("resume", "--reason", "too soon")
            assert code == 3 and "in use by process" in printed
            before = len(r.truth["executions"])
            await r.to_the_end()
            assert len(r.truth["executions"]) == before
            assert {outcome["exit_reason"] for outcome in real_outcomes(r)} == {"MANUAL"}
            assert any("KILL_SWITCH" in row.body for row in r.rows("decision"))
            code, printed = await r.verb("resume", "--reason", "looked at it")
            assert (code, kills(r)) == (0, ["TRIPPED", "FLAT", "HALTED", "ARMED"]), printed
            told_once(r)

    asyncio.run(day())


def test_a_kill_while_nobody_runs_is_carried_out_by_the_next_start(tmp_path: Path):
    async def day() -> None:
        async with rig(tmp_path) as r:
            await r.start_node()
            await r.step_until(lambda: r.position != 0)
            await r.kill_node()
            code, printed = await r.verb("kill", "--reason", "the machine is on fire")
            assert code == 0 and "start the bot to have it flatten" in printed
            await r.start_node()
            await r.step_until(lambda: r.position == 0)
            await r.to_the_end()
            assert kills(r) == ["TRIPPED", "FLAT", "HALTED"] and not r.working
            assert [outcome["exit_reason"] for outcome in real_outcomes(r)] == ["MANUAL"]
            told_once(r)

    asyncio.run(day())
