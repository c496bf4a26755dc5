"""What mesbot remembers between runs, beside its journals: small JSON files in the user's state folder.

Nothing here decides anything; it is forgotten without harm. `MESBOT_HOME` names another folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bot.contracts.models import Contracts
from bot.errors import MesbotError, UsageError
from bot.own_files import own_folder, require_ours, write_own

LAST_RUN, REPLAY = "last-run.json", "replay.json"


def state_folder() -> Path:
    """The folder, existing or not: $MESBOT_HOME, else the platform's place for a program's state.

    Raises NotOurs, or UsageError if $MESBOT_HOME is no folder.
    """
    folder = _named_folder()
    require_ours(folder, folder=True)
    return folder


def _named_folder() -> Path:
    if home := os.environ.get("MESBOT_HOME"):
        if os.path.exists(home) and not os.path.isdir(home):
            raise UsageError(f"MESBOT_HOME={home}: is a file; name a folder, there or not yet, or unset it.")
        return Path(home)
    import platformdirs

    return platformdirs.user_state_path("mesbot", appauthor=False)


def remember_run(journal: Path, contracts: Contracts) -> None:
    """Notes a run, that it began or is over: its journal and the contracts it ran under. Raises MesbotError if it cannot be written."""
    note = {"journal": str(journal.resolve()), "contracts": {"sha256": contracts.sha256, "values": values_of(contracts)}}
    _write(LAST_RUN, note)


def remember_replay(journal: Path) -> None:
    """Notes which journal a replay writes, so that `mesbot kill` finds it. Raises MesbotError if it cannot be written."""
    _write(REPLAY, {"journal": str(journal.resolve())})


def _write(name: str, note: dict[str, Any]) -> None:
    path = state_folder() / name
    try:
        own_folder(path.parent)
        write_own(path, json.dumps(note, indent=1).encode())
    except OSError as error:
        raise MesbotError(f"{path} cannot be written ({error.strerror}); set MESBOT_HOME to a folder that can.") from None


def replay_journal() -> Path | None:
    """The journal of the newest replay, if it is known and still there; whether the replay runs, its lock says."""
    journal = Path(_noted(REPLAY).get("journal") or "")
    return journal if journal.is_file() else None


def last_journal() -> Path | None:
    """The journal of the run that began or ended last, if it is known and still there."""
    journal = Path(_noted(LAST_RUN).get("journal") or "")
    return journal if journal.is_file() else None


def last_contracts() -> dict[str, str] | None:
    """The contract values of the run that began or ended last, by `file: key`, as text; None if no run is known."""
    values = (_noted(LAST_RUN).get("contracts") or {}).get("values")
    return values if isinstance(values, dict) else None


def values_of(contracts: Contracts) -> dict[str, str]:
    """Every value in force by `file.yaml: key`, as text; changelogs left out."""
    flat: dict[str, str] = {}
    for name, values in contracts.values().items():
        said = {key: value for key, value in values.items() if key != "changelog"}
        _flatten(f"{name.removesuffix('.yaml')}.yaml: ", said, flat)
    return flat


def _flatten(key: str, value: Any, into: dict[str, str]) -> None:
    """Keys of nested sections joined by dots; lists of plain values stay one value."""
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        items = list(enumerate(value))
    else:
        into[key] = json.dumps(value)
        return
    for name, each in items:
        _flatten(f"{key}{name}" if key.endswith(" ") else f"{key}.{name}", each, into)


def _noted(name: str) -> dict[str, Any]:
    try:
        note = json.loads((state_folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
