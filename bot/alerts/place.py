"""Where a notifier is: how far it has read, what it has told, what waits. A small file beside the journal, written before it acts.

A notifier that ends anywhere tells nothing twice, but for what is critical and was on its way, which says so.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from bot.alerts.outbox import Waiting
from bot.own_files import require_ours, run_folder, write_own


class Place(msgspec.Struct):
    """`journal`, `seq` and `run` are as in bot.alerts.follow, `record_ns` and `header_ns` when those two were written
    (UTC ns; 0: not kept by an earlier version). `whole`: the notifier that wrote it came to its end. `gone`: it was told that the
    journal is not there any more.

    `ill` is what was told to be wrong with the run, "" if nothing is; `digest` and `roll` are dates (ISO), `checks` when the newest told
    check of a file was made (UTC ns), `locks` those that were told. `waiting` is of each service, in the order of the addresses.
    """

    journal: str = ""
    seq: int = 0
    run: int = 0
    record_ns: int = 0
    header_ns: int = 0
    gone: bool = False
    whole: bool = True
    ill: str = ""
    digest: str = ""
    roll: str = ""
    checks: dict[str, int] = {}
    locks: list[str] = []
    waiting: list[Waiting] = []


def place_path(journal: Path) -> Path:
    """Where the place of a journal's notifier lies."""
    return journal.with_name(f"{journal.name}.alerts")


def read_place(journal: Path) -> Place | None:
    """What it says; None if there is none, or it cannot be read. Raises NotOurs."""
    path = place_path(journal)
    require_ours(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Place)
    except (OSError, msgspec.MsgspecError):
        return None


def write_place(journal: Path, content: bytes) -> None:
    """A place as JSON, whole and on the disk, or as it was. Raises OSError."""
    run_folder(journal.parent)
    write_own(place_path(journal), content)
