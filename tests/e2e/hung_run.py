"""`mesbot` with a fault: once the file that HANG names is there, it is removed and a task of the node never gives the loop back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from bot.cli.main import main
from bot.node.node import MesbotNode

_warmed_up = MesbotNode.warmed_up


async def hang() -> None:
    told = Path(os.environ["HANG"])
    while not told.exists():
        await asyncio.sleep(0.01)
    told.unlink()
    event = asyncio.Event()
    event.set()
    while True:
        await event.wait()


async def warmed_up_with_a_fault(node: MesbotNode, *arguments: object) -> None:
    await _warmed_up(node, *arguments)
    node.fault = asyncio.ensure_future(hang())


if __name__ == "__main__":
    MesbotNode.warmed_up = warmed_up_with_a_fault
    main()
