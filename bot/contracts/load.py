"""Reads the contract files, reports every fault at once, and hashes what is in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from bot.contracts.blocks import FILE, block_files, blocks_of, every_rules, own_rules, split
from bot.contracts.bounds import Searched, model_faults, taken_out
from bot.contracts.checks import cross_file_faults, strategy_faults
from bot.contracts.declaration import Declared
from bot.contracts.discovery import declared_in, require_strategies, sources
from bot.contracts.file import checked, values_of_file
from bot.contracts.models import FILES, Block, Contract, Contracts, Rules
from bot.errors import ContractError, NoSuchLaw


def packaged_directory() -> Path:
    """The directory of the contracts that ship with mesbot."""
    inside = Path(str(resources.files("bot"))) / "shipped" / "contracts"
    return inside if inside.is_dir() else Path(str(resources.files("bot"))).parent / "contracts"


def find_directory(option: str | Path | None = None, cwd: Path | None = None) -> Path:
    """Where contracts are read from: the option, else ./contracts, else the packaged ones.

    Raises NoSuchLaw if the option names no directory, or one without any contract.
    """
    if option is not None:
        folder = Path(option)
        if not any((folder / f"{name}.yaml").exists() for name in FILES):
            found = "holds no contract" if folder.is_dir() else "is a file" if folder.exists() else "there is no such folder"
            raise NoSuchLaw(f"--contracts {option}: {found}; name the folder that holds constitution.yaml.")
        return folder
    local = (cwd or Path.cwd()) / "contracts"
    return local if (local / "constitution.yaml").is_file() else packaged_directory()


def load_contracts(directory: str | Path | None = None, strategies: Sequence[str | Path] = ()) -> Contracts:
    """All contracts in force, frozen, with every strategy there is: shipped, in the folders `strategies`, in other packages.

    Imports the strategies, and Nautilus with them. Raises ContractError whose text lists every fault of every file: file,
    key, value, allowed range and, for an unknown key, the nearest known one; NoSuchLaw for a folder that holds nothing of the kind.
    """
    require_strategies(strategies)
    folder, folders, faults = find_directory(directory), _folders(strategies), []
    searched = Searched({}, [])
    parsed, shipped = _core(folder, searched, faults)
    places = sources(folders, faults)
    declared = declared_in(places, folders, faults)
    files = block_files(places, searched, faults)
    rules = own_rules(shipped, files, declared, searched, faults)
    if len(parsed) == len(FILES):
        faults.extend(cross_file_faults(parsed))
        faults.extend(strategy_faults(parsed, declared, rules))
    faults.extend(searched.faults)
    if faults:
        raise _refused(folder, faults)
    return _contracts(folder, folders, parsed, blocks_of(shipped or {}, files), rules, declared).model_copy(
        update={"bounds": searched.bounds}
    )


def read_contracts(directory: str | Path | None = None, strategies: Sequence[str | Path] = ()) -> Contracts:
    """The same contracts with the same hash, without the strategies: for what only looks, or stops.

    Nothing of a strategy is imported, so that a broken one stops nobody; of its block only what every block says is
    read. Raises ContractError for the faults of the seven files, those of the blocks aside.
    """
    folder, folders, faults = find_directory(directory), _folders(strategies), []
    unread = Searched({}, [])  # bounds are for research: what is wrong with them stops nobody
    parsed, shipped = _core(folder, unread, faults)
    if len(parsed) == len(FILES):
        faults.extend(cross_file_faults(parsed))
    if faults:
        raise _refused(folder, faults)
    blocks = blocks_of(shipped or {}, block_files(sources(folders, []), unread, []))
    return _contracts(folder, folders, parsed, blocks, every_rules(blocks), {})


def _folders(strategies: Sequence[str | Path]) -> tuple[str, ...]:
    """Whole paths, each once, so that a run finds them again from elsewhere."""
    return tuple(dict.fromkeys(str(Path(folder).resolve()) for folder in strategies))


def _core(folder: Path, searched: Searched, faults: list[str]) -> tuple[dict[str, Contract], dict[str, Any] | None]:
    """The seven contracts that hold, by name, and the strategies' blocks in strategies.yaml (None if there is no such file).

    The bounds that stand in it go to `searched`.
    """
    parsed: dict[str, Contract] = {}
    shipped: dict[str, Any] | None = None
    for name, model in FILES.items():
        path = folder / f"{name}.yaml"
        values = values_of_file(path, f"{path.name}: the file is missing from {folder}; copy it from {packaged_directory()}", faults)
        if values is None:
            continue
        if path.name == FILE:
            values, shipped = split(taken_out(FILE, values, searched))
        contract = checked(path.name, model, values, faults)
        if contract is None:
            continue
        parsed[name] = contract
        if path.name == FILE:
            searched.faults.extend(model_faults(FILE, model, values, searched.bounds))
    return parsed, shipped


def _contracts(
    folder: Path,
    folders: tuple[str, ...],
    parsed: Mapping[str, Contract],
    blocks: dict[str, Block],
    rules: dict[str, Rules],
    declared: dict[str, Declared],
) -> Contracts:
    said = {"blocks": blocks, "rules": rules, "declared": declared, "directory": str(folder), "strategy_folders": folders}
    return Contracts(**parsed, **said, sha256="").hashed()


def _refused(folder: Path, faults: list[str]) -> ContractError:
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
    return ContractError(f"Contracts in {folder}: {count}; nothing was started.\n" + "\n".join(f"  {fault}" for fault in faults))
