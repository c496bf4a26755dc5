"""Reads the contract files, reports every fault at once, and hashes what is in force."""

from __future__ import annotations

import difflib
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from bot.contracts.checks import cross_file_faults
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
        try:
            parsed[name] = model.model_validate(values)
        except ValidationError as error:
            faults.extend(_sentences(path.name, model, error))
    if len(parsed) == len(FILES):
        faults.extend(cross_file_faults(parsed))
    if faults:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise ContractError(f"Contracts in {folder}: {count}; nothing was started.\n" + "\n".join(f"  {fault}" for fault in faults))
    return Contracts(**parsed, directory=str(folder), sha256=_hash(parsed))


def _read(path: Path, faults: list[str]) -> dict[str, Any] | None:
    if not path.is_file():
        faults.append(f"{path.name}: the file is missing from {path.parent}; copy it from the packaged contracts.")
        return None
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        faults.append(f"{path.name}:{where} not readable as YAML: {getattr(error, 'problem', None) or error}.")
        return None
    if not isinstance(values, dict):
        faults.append(f"{path.name}: holds {type(values).__name__}, expected keys and values.")
        return None
    return values


def _hash(parsed: dict[str, Contract]) -> str:
    values = {name: model.model_dump(mode="json") for name, model in parsed.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _sentences(file: str, model: type[BaseModel], error: ValidationError) -> list[str]:
    return [_sentence(file, model, fault) for fault in error.errors(include_url=False)]


def _sentence(file: str, model: type[BaseModel], fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _keys_at(model, fault["loc"][:-1])
        near = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return f"{file}: {key} is not a known key ({hint})"
    if fault["type"] == "missing":
        return f"{file}: {key} is missing"
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{file}: {key} = {fault['input']!r}: {message.replace('input should be', 'must be')}"


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields known at a place inside a model."""
    here: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        field = here.model_fields.get(part)
        if field is None:
            return []
        here = _model_of(field.annotation)
        if here is None:
            return []
    return list(here.model_fields)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_of, get_args(annotation)) if found), None)
