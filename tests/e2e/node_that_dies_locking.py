"""`mesbot` as a process that kills itself (SIGKILL) when it has obeyed a person's lock, before anything of it is on the disk."""

from __future__ import annotations

import os
import signal

from bot.cli.main import main
from bot.node.desk_actor import DeskActor
from bot.node.kill_request import KillRequests

obey = DeskActor._lock_entries


def obeyed(desk: DeskActor, request: KillRequests, reason: str) -> None:
    """The last thing it does."""
    obey(desk, request, reason)
    os.kill(os.getpid(), signal.SIGKILL)


DeskActor._lock_entries = obeyed
main()
