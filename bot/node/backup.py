"""A copy of the state folder, taken while the bot runs; the copy is a state folder itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.errors import MesbotError, UsageError
from bot.journal.backup import backup
from bot.node.journals import FOLDER
from bot.own_files import own_folder, why_not_ours, write_own


def state_backup(state: Path, to: Path) -> Iterator[tuple[Path, str]]:
    """Every journal with its latch, then what is remembered beside them; each copy with its head hash ("" if it is no journal).

    What a person has asked of the bot and it has not done yet stays behind: a restored bot must not obey it again. Raises UsageError
    if `to` holds journals already or there is none to copy, JournalError if one cannot be copied; NotOurs.
    """
    journals = sorted((state / FOLDER).glob("*.sqlite"))
    if not journals:
        raise UsageError(f"No journal in {state / FOLDER}, so there is nothing to back up; MESBOT_HOME names another state folder.")
    if any((to / FOLDER).glob("*.sqlite")):
        raise UsageError(f"{to} holds a backup already, and none is overwritten; name another folder, such as one with the date.")
    try:
        own_folder(to)
        own_folder(to / FOLDER)
        for journal in journals:
            copy = to / FOLDER / journal.name
            yield copy, backup(journal, copy).head
        for path in sorted(state.glob("*.json")):
            if not why_not_ours(path):
                write_own(to / path.name, path.read_bytes())
                yield to / path.name, ""
    except OSError as error:
        raise MesbotError(f"{to} cannot be written ({error.strerror}); make room, or name another folder.") from None
