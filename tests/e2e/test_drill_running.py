"""`mesbot drill` against a paper bot that runs in a process of its own: it is carried out there, or refused with the bot's sentence."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from restart_rig import PATIENCE_SECONDS, ROOT, Rig, rig

from bot.decision.plan import OPERATOR
from bot.journal.verify import verify
from bot.node.kill_request import DRILL, request_path
from bot.units import MINUTE_NS

REFUSED_EXIT_CODE = 2


async def drill(r: Rig, reason: str) -> tuple[int, str]:
    """Its exit code and what it printed. The market stands until it has asked."""
    environment = {**os.environ, "MESBOT_HOME": str(r.home), "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-m", "bot.cli", "drill", "--reason", reason)
    asking = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    asked = request_path(r.journal, DRILL)
    await r.until(lambda: asking.returncode is not None or asked.exists() or bool(told(r, reason)))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while asking.returncode is None:
            await r.gateway.replay.step()
            await asyncio.sleep(0.05)
    return asking.returncode, (await asking.stdout.read()).decode()


def told(r: Rig, reason: str) -> list[str]:
    """What the bot wrote down of a drill with this reason."""
    bodies = [json.loads(row.body) for row in r.rows("operator action")]
    return [body["detail"] for body in bodies if (body["action"], body["reason"]) == ("drill", reason)]


def left_of_drill(r: Rig) -> tuple[int, list[str]]:
    """What it still holds at the broker, and its orders that still work; strategies may have entered since."""
    executions = [each for each in r.truth["executions"] if OPERATOR in each["ref"]]
    held = sum(each["shares"] * (1 if each["side"] in ("BOT", "BUY") else -1) for each in executions)
    assert executions
    return held, [ref for ref in r.working if OPERATOR in ref]


async def at_minute(r: Rig, minute: int) -> None:
    """Let so many minutes of the session pass."""
    await r.step_until(lambda: r.gateway.now_ns >= r.gateway.config.start_ns + minute * MINUTE_NS)


@pytest.mark.slow
def test_a_drill_before_the_window_is_carried_out_by_another_processs_bot_which_goes_on(tmp_path: Path) -> None:
    async def morning() -> None:
        async with rig(tmp_path, 20) as r:
            await r.start_node()
            await at_minute(r, 2)
            code, said = await drill(r, "monthly")
            assert "The drill's latch is cleared: the kill switch is ARMED." in said, said
            assert code == 0 or "A limit did not hold" in said, "the figures are this machine's"
            assert [each.partition(" ")[0] for each in told(r, "monthly")] == ["opened", "kill", "over"]
            assert left_of_drill(r) == (0, [])
            assert [json.loads(row.body)["state"] for row in r.rows("kill")] == ["TRIPPED", "FLAT", "HALTED", "ARMED"]
            await r.to_the_end()
            verify(r.journal)

    asyncio.run(morning())


@pytest.mark.slow
def test_a_drill_while_a_strategy_trades_is_refused_by_another_processs_bot_in_its_own_words(tmp_path: Path) -> None:
    async def morning() -> None:
        async with rig(tmp_path, 60) as r:
            await r.start_node()
            await r.step_until(lambda: bool(r.position or r.rows("intent")))
            before = len(r.rows("intent"))
            code, said = await drill(r, "monthly")
            assert (code, said) == (REFUSED_EXIT_CODE, f"No drill: {told(r, 'monthly')[0].removeprefix('refused: ')}\n")
            assert "A drill begins" in said and len(r.rows("intent")) == before
            assert not request_path(r.journal, DRILL).exists() and not r.rows("kill")
            await r.to_the_end()
            verify(r.journal)

    asyncio.run(morning())
