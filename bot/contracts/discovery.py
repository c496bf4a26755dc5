"""Finds the strategies: those of the package, of the folders a person names, and of other packages' entry points.

A folder becomes part of the package `strategies`, so that Nautilus can name what is in it (`strategies.k6:Name`).
What is found runs in this process as any Python does; the law judges the orders it sends, not the code.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bot.contracts.declaration import Declaration, Declared
from bot.contracts.models import Rules, TraderRules
from bot.errors import NoSuchLaw

PACKAGE = "strategies"
ENTRY_POINTS = "mesbot.strategies"
NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,7}")
NAME_WORDS = "a capital letter and up to seven more letters or digits, e.g. K6"
REPORTED = {  # a report's numbers begin so, and a drill's trade is the operator's
    "book", "bars", "days", "drawdown", "dvs", "ledger", "operator", "sessions", "states", "trades",
}  # fmt: skip
Stamps = tuple[tuple[str, int], ...]
_stamps: dict[str, tuple[Path, int]] = {}


class Source(NamedTuple):
    """A file that must declare a strategy: the name to import it by, and where it was found."""

    module: str
    file: Path
    origin: str
    shipped: bool


class NotDeclared(Exception):
    """A file that does not declare a strategy as it must; the text is the sentence."""


def sources(directories: Sequence[str | Path], faults: list[str]) -> list[Source]:
    """All files that must declare a strategy; nothing of them is imported. What is wrong with the places goes to `faults`."""
    package = importlib.util.find_spec(PACKAGE)
    own = Path(next(iter(package.submodule_search_locations)))
    found = [Source(f"{PACKAGE}.{file.stem}", file, f"{PACKAGE}/", True) for file in _files(own) if file.stem != "base"]
    taken = {file.stem: file for file in own.glob("*.py")}
    others: list[Source] = []
    for directory in map(Path, directories):
        files = _files(directory.resolve())
        others += [Source(f"{PACKAGE}.{file.stem}", file, str(directory), False) for file in files]
        faults.extend(_blocks_alone(directory))
    for source in [*others, *_of_packages(faults)]:
        other = taken.setdefault(source.file.stem, source.file)
        if other is source.file:
            found.append(source)
        else:
            faults.append(f"{source.file}: {other} has the same name; rename one of the two files, and its block's")
    return found


def require_strategies(directories: Sequence[str | Path]) -> None:
    """Raises NoSuchLaw, one sentence, for a folder that is not there, or holds neither a strategy nor a block."""
    for directory in map(Path, directories):
        if not _files(directory) and not list(_blocks_alone(directory)):
            found = "holds no strategy" if directory.is_dir() else "is a file" if directory.exists() else "there is no such folder"
            raise NoSuchLaw(f"--strategies {directory}: {found}; name a folder with k6.py and k6.yaml, or the like.")


def stamps(directories: Sequence[str]) -> Stamps:
    """When each strategy's file in these folders was last changed."""
    return tuple((str(file), file.stat().st_mtime_ns) for directory in directories for file in _files(Path(directory)))


def _files(directory: Path) -> list[Path]:
    """The Python files of a folder, without tests and those that only help."""
    return [file for file in sorted(directory.glob("*.py")) if not file.stem.startswith(("_", "test_")) and file.stem != "conftest"]


def _blocks_alone(directory: Path) -> Iterator[str]:
    for file in sorted(directory.glob("*.yaml")):
        if not file.stem.startswith("_") and not file.with_suffix(".py").is_file():
            yield f"{file}: a block without a strategy; no {file.stem}.py beside it declares one: write it, or remove the block"


def _of_packages(faults: list[str]) -> Iterator[Source]:
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        file = _file_of(point)
        if file is None:
            faults.append(f"entry point {point.name} = {point.value}: no such module; repair the package, or uninstall it")
        else:
            yield Source(point.module, file, f"{ENTRY_POINTS}: {point.name}", False)


def _file_of(point: EntryPoint) -> Path | None:
    try:
        spec = importlib.util.find_spec(point.module)
    except Exception:  # whatever the package does when it is looked at
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


def declared_in(found: Iterable[Source], directories: Sequence[str | Path], faults: list[str]) -> dict[str, Declared]:
    """Import the files and return what they declare, by name, in the order of names. What is wrong goes to `faults`."""
    package = importlib.import_module(PACKAGE)
    package.__path__ = [package.__path__[0], *(str(Path(directory).resolve()) for directory in directories)]
    made: dict[str, Declared] = {}
    for source in found:
        try:
            strategy = _declared(_imported(source, package), source)
        except NotDeclared as fault:
            faults.append(str(fault))
            continue
        other = next((each for each in made.values() if each.name.casefold() == strategy.name.casefold()), None)
        if other is not None:
            faults.append(f"{source.file}: declares {strategy.name}, as {other.file} does; give one of the two another name")
            continue
        made[strategy.name] = strategy
    return dict(sorted(made.items()))


def _imported(source: Source, package: ModuleType) -> ModuleType:
    """The module of a file as it is now, read anew if the file has changed or another one had this name before."""
    stamp = (source.file, source.file.stat().st_mtime_ns)
    known = sys.modules.get(source.module)
    if known is not None and (Path(known.__file__ or ""), _stamps.get(source.module, stamp)) != (source.file, stamp):
        del sys.modules[source.module]
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(source.module)
    except (Exception, SystemExit) as error:
        raise NotDeclared(f"{source.file}{_line(error, source.file)}: cannot be imported: {_said(error)}") from None
    _stamps[source.module] = stamp
    return module


def _line(error: BaseException, file: Path) -> str:
    """Where in the file it went wrong; empty if that is elsewhere."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        lines.append(error.lineno)
    return f", line {lines[-1]}" if lines else ""


def _said(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join(f"{type(error).__name__}: {text}".split())


def _declared(module: ModuleType, source: Source) -> Declared:
    """What the one strategy class of a module declares. Raises NotDeclared."""
    kind = _one_class(module, source.file)
    name, rules_model = _name(kind, source.file), _rules_model(kind, source)
    belief = getattr(kind, "belief", None)
    if not isinstance(belief, str) or not NAME.fullmatch(belief):
        raise NotDeclared(f'{source.file}: {name} stands on no belief; say belief = "F2", or another of strategies.yaml, or one of its own')
    summary = (vars(kind).get("__doc__") or "").strip().partition("\n")[0]
    if not summary:
        raise NotDeclared(f"{source.file}: {name} does not say what it does; begin its class with a docstring of one line")
    evidence = vars(module).get("evidence")
    if evidence is not None and not callable(evidence):
        raise NotDeclared(f"{source.file}: evidence = {evidence!r} must be a function of a market state, a side and weights")
    return Declared(name, summary, belief, rules_model, evidence, kind, source.file, source.origin, source.shipped)


def _one_class(module: ModuleType, file: Path) -> type[Any]:
    kinds = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Declaration)]
    own = list(dict.fromkeys(each for each in kinds if each.__module__ == module.__name__ and not each.__name__.startswith("_")))
    if len(own) > 1:
        raise NotDeclared(f"{file}: declares {' and '.join(each.__name__ for each in own)}; one file declares one strategy")
    if not own:
        raise NotDeclared(f"{file}: declares no strategy; derive a class from strategies.base.ContractStrategy, or name it _{file.name}")
    return own[0]


def _name(kind: type[Any], file: Path) -> str:
    name = vars(kind).get("name")
    if name is None:
        raise NotDeclared(f'{file}: {kind.__name__} has no name of its own; say name = "K6", or the like')
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise NotDeclared(f"{file}: name = {name!r} must be {NAME_WORDS}")
    if name.casefold() in REPORTED:
        raise NotDeclared(f"{file}: name = {name!r} is a word of the report; choose another, e.g. K6")
    return name


def _rules_model(kind: type[Any], source: Source) -> type[Rules]:
    """The model of the block. Every number stands in the block, so that no rule may have a default."""
    model, name = getattr(kind, "rules_model", None), kind.name
    if not (isinstance(model, type) and issubclass(model, Rules)):
        raise NotDeclared(f"{source.file}: {name} has no model of its rules; say rules_model = a class derived from TraderRules")
    if not source.shipped and not issubclass(model, TraderRules):
        raise NotDeclared(f"{source.file}: {name} is no trader, and mesbot has its filter; derive its rules from TraderRules")
    loose = [key for key, field in model.model_fields.items() if not field.is_required() and key != "belief"]
    if loose:
        raise NotDeclared(
            f"{source.file}: {', '.join(loose)} of {model.__name__} must have no default; the number stands in {name}'s block"
        )
    return model
