"""One contract file: its values, and whether they are what its model allows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bot.contracts.faults import not_finite_faults, validation_faults
from bot.contracts.yaml_reader import read_yaml


def values_of_file(path: Path, missing: str, faults: list[str]) -> dict[str, Any] | None:
    """The keys and values of a YAML file; None if it has none, and why goes to `faults` (`missing`: if there is no file)."""
    if not path.is_file():
        faults.append(missing)
        return None
    try:
        values = read_yaml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        faults.append(f"{path.name}: not usable YAML: it is not written in UTF-8; save it so")
        return None
    except (OSError, yaml.YAMLError, ValueError) as error:  # ValueError: a date like 2025-13-45
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        faults.append(f"{path.name}{where}: not usable YAML: {getattr(error, 'problem', None) or error}")
        return None
    if not isinstance(values, dict):
        faults.append(f"{path.name}: holds no keys and values; {missing.partition('; ')[2]}")
        return None
    return values


def checked[Model: BaseModel](file: str, model: type[Model], values: Mapping[str, Any], faults: list[str]) -> Model | None:
    """The model of a file, None if its values have faults. Strict: a quoted number or a yes for a number is a fault."""
    infinite = list(not_finite_faults(file, model, values))
    told = {fault.split(" = ")[0] for fault in infinite}
    faults.extend(infinite)
    try:
        made = model.model_validate(values, strict=True)
    except ValidationError as error:
        faults.extend(fault for fault in validation_faults(file, model, error) if fault.split(" = ")[0] not in told)
        return None
    return None if infinite else made
