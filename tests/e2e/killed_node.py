"""`mesbot` as a process that kills itself (SIGKILL) right after a commit of its journal.

As a script: `python killed_node.py FILE KINDS NUMBER VERB ...`. It dies when NUMBER records of these KINDS (parted by commas) are on
the disk; of kinds that begin with "not" it counts commits, of those without them, and then no record waits so that others go with it.
KINDS "request": it dies when it obeys a person's kill for the NUMBERth time, before anything of it is on the disk. NUMBER 0: it lives.
FILE gets the seconds that the node's own start took.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

KIND = 3  # its column


def die_after(kinds: str, number: int) -> None:
    """Kill this process after the commit with that record."""
    from actors.journal import JournalActor
    from bot.journal.file import JournalFile

    commit, counted = JournalFile.commit, 0
    others, wanted = kinds.startswith("not "), set(kinds.removeprefix("not ").split(","))
    if others:  # minutes that follow one another in milliseconds would share a commit
        JournalActor._flush_in = lambda actor, _: asyncio.get_running_loop().call_soon(actor._flush)

    def committed(file: JournalFile, records: Iterable[tuple[Any, ...]], *rest: Any, **how: Any) -> None:
        nonlocal counted
        found = [record[KIND] in wanted for record in records]
        commit(file, records, *rest, **how)
        counted += (bool(found) and not any(found)) if others else sum(found)
        if number and counted >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    JournalFile.commit = committed


def die_obeying(number: int) -> None:
    """Kill this process when it has sent a person's kill on, before its records are written."""
    from bot.node.desk_actor import DeskActor

    kill, counted = DeskActor._kill, 0

    def killed(desk: DeskActor, reason: str) -> None:
        nonlocal counted
        kill(desk, reason)
        counted += 1
        if counted == number:
            os.kill(os.getpid(), signal.SIGKILL)

    DeskActor._kill = killed


def note_start(path: Path) -> None:
    """Write down how long it takes from the node's start until it decides."""
    from bot.node.node import MesbotNode

    start, warmed_up = MesbotNode.start, MesbotNode.warmed_up
    begun = 0.0

    async def timed_start(node: MesbotNode, *how: Any) -> None:
        nonlocal begun
        begun = time.monotonic()
        await start(node, *how)

    async def timed_end(node: MesbotNode, *how: Any) -> None:
        await warmed_up(node, *how)
        path.write_text(f"{time.monotonic() - begun:.3f}", encoding="ascii")

    MesbotNode.start, MesbotNode.warmed_up = timed_start, timed_end


if __name__ == "__main__":
    from bot.cli.main import main

    file, kinds, number, *rest = sys.argv[1:]
    sys.argv[1:] = rest
    die_obeying(int(number)) if kinds == "request" else die_after(kinds, int(number))
    note_start(Path(file))
    main()
