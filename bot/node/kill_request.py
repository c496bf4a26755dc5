"""`mesbot kill` to a running bot: a small file beside the journal, taken by the bot within a fraction of a second."""

from __future__ import annotations

import os
from pathlib import Path

from bot.errors import MesbotError


def request_path(journal: Path) -> Path:
    """Where a request for the bot that writes a journal lies."""
    return Path(f"{journal}.kill")


def leave_request(journal: Path, reason: str) -> None:
    """Ask for the kill, whole or not at all. Raises MesbotError if it cannot be written."""
    path = request_path(journal)
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        draft.write_text(reason, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise MesbotError(f"{path} cannot be written ({error.strerror}); close the position in TWS by hand.") from None


def taken_request(journal: Path) -> str | None:
    """The reason that was left, once; None if there is none. A file that cannot be read is a request all the same."""
    path = request_path(journal)
    if not path.exists():
        return None
    try:
        reason = path.read_text(encoding="utf-8", errors="replace").strip()
        path.unlink()
    except OSError as error:
        return f"a request that cannot be read or removed ({error.strerror})"
    return reason or "no reason given"
