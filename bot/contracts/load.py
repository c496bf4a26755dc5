"""Reads the contract files, reports every fault at once, and hashes what is in force."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.contracts.checks import cross_file_faults
from bot.contracts.faults import not_finite_faults, validation_faults
from bot.contracts.models import (
    Constitution,
    Contract,
    Contracts,
    DataContract,
    ExecutionContract,
    Learning,
    RiskModel,
    SessionContract,
    Strategies,
)
from bot.contracts.yaml_reader import read_yaml
from bot.errors import ContractError

FILES: dict[str, type[Contract]] = {
    "constitution": Constitution,
    "risk_model": RiskModel,
    "data_contract": DataContract,
    "execution_contract": ExecutionContract,
    "session": SessionContract,
    "strategies": Strategies,
    "learning": Learning,
}


def packaged_directory() -> Path:
    """The directory of the contracts that ship with mesbot."""
    inside = Path(str(resources.files("bot"))) / "shipped" / "contracts"
    return inside if inside.is_dir() else Path(str(resources.files("bot"))).parent / "contracts"


def find_directory(option: str | Path | None = None, cwd: Path | None = None) -> Path:
    """Where contracts are read from: the option, else ./contracts, else the packaged ones.

    Raises ContractError if the option names no directory.
    """
    if option is not None:
        if not Path(option).is_dir():
            raise ContractError(f"--contracts {option}: no such directory; name the folder that holds constitution.yaml.")
        return Path(option)
    local = (cwd or Path.cwd()) / "contracts"
    return local if (local / "constitution.yaml").is_file() else packaged_directory()


def load_contracts(directory: str | Path | None = None) -> Contracts:
    """All contracts in force, frozen.

    Raises ContractError whose text lists every fault of every file: file, key, value,
    allowed range and, for an unknown key, the nearest known one.
    """
    folder = find_directory(directory)
    parsed: dict[str, Contract] = {}
    faults: list[str] = []
    for name, model in FILES.items():
        path = folder / f"{name}.yaml"
        values = _read(path, faults)
        if values is None:
            continue
        law = _law(path.name, model, values, faults)
        if law is not None:
            parsed[name] = law
    if len(parsed) == len(FILES):
        faults.extend(cross_file_faults(parsed))
    if faults:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise ContractError(f"Contracts in {folder}: {count}; nothing was started.\n" + "\n".join(f"  {fault}" for fault in faults))
    return Contracts(**parsed, directory=str(folder), sha256=_hash(parsed))


def _read(path: Path, faults: list[str]) -> dict[str, Any] | None:
    if not path.is_file():
        faults.append(f"{path.name}: the file is missing from {path.parent}; copy it from {packaged_directory()}")
        return None
    try:
        values = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, or a date like 2025-13-45
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        faults.append(f"{path.name}{where}: not usable YAML: {getattr(error, 'problem', None) or error}")
        return None
    if not isinstance(values, dict):
        faults.append(f"{path.name}: holds no keys and values; copy it from {packaged_directory()}")
        return None
    return values


def _law(file: str, model: type[Contract], values: dict[str, Any], faults: list[str]) -> Contract | None:
    """The file's model, None if it has faults. Strict: a quoted number or a yes for a number is a fault."""
    infinite = list(not_finite_faults(file, model, values))
    told = {fault.split(" = ")[0] for fault in infinite}
    faults.extend(infinite)
    try:
        law = model.model_validate(values, strict=True)
    except ValidationError as error:
        faults.extend(fault for fault in validation_faults(file, model, error) if fault.split(" = ")[0] not in told)
        return None
    return None if infinite else law


def _hash(parsed: dict[str, Contract]) -> str:
    values = {name: model.model_dump(mode="json") for name, model in parsed.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
