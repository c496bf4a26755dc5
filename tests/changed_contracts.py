"""The shipped contracts with some values changed: as a set in memory, or as files that a person has edited."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

from builders import CONTRACTS, ROOT

from bot.contracts import Contracts
from bot.contracts.recorded import read_by, recorded_contracts

Values = dict[str, Any]


def made(values: Values) -> Contracts:
    """Contracts of these values, as the shipped strategies read them."""
    return read_by(recorded_contracts(json.loads(json.dumps(values)), ""), CONTRACTS.declared).hashed()


def changed(*changes: tuple[str, Any], base: Contracts = CONTRACTS) -> Contracts:
    """The contracts with some keys, by their dotted path, at other values; None takes a key away."""
    values = copy.deepcopy(base.values())
    for path, value in changes:
        *sections, name = path.split(".")
        section: Any = values
        for each in sections:
            section = section[int(each) if isinstance(section, list) else each]
        if value is None:
            del section[name]
        else:
            section[name] = value
    return made(values)


def edited(folder: Path, *edits: tuple[str, str, str]) -> Path:
    """A folder of the shipped contracts, each edit a file, a text that stands in it once, and what is put for it; returns the folder."""
    if not folder.exists():
        shutil.copytree(ROOT / "contracts", folder)
    for file, old, new in edits:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder
