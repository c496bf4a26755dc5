"""The one contract that is filled: the drill, by the product's own node, risk engine and kill switch, as `mesbot drill` has it.

Its limits are the drill's: PAPER alone, one contract, entered by a limit with stop and target, uncounted. What an earlier end leaves
open is closed by a node that is started for nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.errors import Interrupted, MesbotError
from bot.node.acceptance.forms import is_ours
from bot.node.acceptance.frames import Frame
from bot.node.acceptance.order_steps import LOOK
from bot.node.acceptance.recorder import Recorder
from bot.node.acceptance.steps import Steps
from bot.node.broker_run import meet, trade
from bot.node.drill_run import Drilled, DrillRefused, drill_on_broker
from bot.node.node import MesbotNode
from bot.node.request import BrokerRequest
from bot.plural import counted

NAME = "one contract filled, with its bracket, and closed"
UNASKED = "-1"
CLOSE_SECONDS = 60.0
POLL_SECONDS = 0.1


async def drill_step(request: BrokerRequest, recorder: Recorder, steps: Steps) -> bool:
    """Have the drill, and judge by the recording what it has traded; whether it came to its end. What goes wrong is a failed step.

    Raises Interrupted if a person or the system has ended it.
    """
    before, stopping = len(recorder.frames), asyncio.Event()
    try:
        done = await drill_on_broker(request, "acceptance", lambda text: steps.say(f"        {text}"), stopping)
    except MesbotError as error:
        if stopping.is_set():
            raise Interrupted(str(error)) from None
        begun = not isinstance(error, DrillRefused)
        remedy = LOOK if begun else "Nothing was traded by it; what the sentence names is to be right first."
        steps.failed(NAME, str(error), remedy)
        return not begun
    return _judge(done, recorder.frames[before:], steps)


def _judge(done: Drilled, frames: list[Frame], steps: Steps) -> bool:
    """Whether all that was opened is closed."""
    told = [frame.named for frame in frames if frame.kind == "execDetails"]
    fills = {fill["execId"]: fill for fill in told if fill["reqId"] == UNASKED and is_ours(fill["orderRef"])}  # not an earlier one of today
    net = sum((1 if fill["side"] == "BOT" else -1) * round(float(fill["shares"])) for fill in fills.values())
    found = f"{counted(len(fills), 'execution')}, net {net:+d}"
    if len(fills) < 2 or net:
        steps.failed(NAME, f"{found}; the entry and its exit were to fill", "Look in TWS what is open; keep the recording.")
    elif done.latched:
        steps.failed(NAME, f"{found}; {done.latched}", "Look at the account, then `mesbot resume --reason ...`.")
    elif not done.held:
        steps.differs(NAME, f"{found}; a time limit of the kill switch was not held", "A gateway further away than 50 ms may take longer.")
    else:
        steps.ok(NAME, f"{found}, every time limit of the kill switch held")
    return not net


async def close_left(request: BrokerRequest, say: Callable[[str], None]) -> None:
    """A node for the end of a trade that a drill has left open: it takes it up, closes it, and ends. Raises MesbotError."""

    async def until_closed(node: MesbotNode) -> None:
        async with asyncio.timeout(CLOSE_SECONDS):
            while node.risk.open_trades() or node.risk.unsettled_orders():
                node.require_running()
                await asyncio.sleep(POLL_SECONDS)

    met = await meet(request, say)
    await trade(request, met, say=say, meanwhile=until_closed)
