"""The blocks of the strategies: where they stand, whether they hold, and what each says whatever its own rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model
from pydantic_core import to_jsonable_python

from bot.contracts.bounds import Searched, model_faults, taken_out
from bot.contracts.declaration import Declared
from bot.contracts.discovery import NAME, Source
from bot.contracts.file import checked, values_of_file
from bot.contracts.models import Block, Contract, Rules, Section, TraderRules

FILE = "strategies.yaml"


class EveryRules(Rules):
    """A block of which only what every block says is read."""

    model_config = ConfigDict(extra="ignore")


class EveryTraderRules(TraderRules):
    """The same, of a strategy that orders."""

    model_config = ConfigDict(extra="ignore")


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of strategies.yaml: those of the core, and the blocks by name."""
    blocks = {key: value for key, value in values.items() if isinstance(key, str) and NAME.fullmatch(key)}
    return {key: value for key, value in values.items() if key not in blocks}, blocks


def blocks_of(shipped: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Block]:
    """Blocks by name, as they are written: those of strategies.yaml, and those of files of their own, by file name."""
    found = [("strategies", {}, shipped), *((file, *split(values)) for file, values in files.items())]
    blocks = {
        name: Block(file=file, head=_plain(head), values=_plain(values))
        for file, head, own in found
        for name, values in own.items()
        if isinstance(values, dict)
    }
    return dict(sorted(blocks.items()))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return to_jsonable_python(values, bytes_mode="base64", serialize_unknown=True)


def every_rules(blocks: Mapping[str, Block]) -> dict[str, Rules]:
    """What every block says, by name; a block that does not hold is left out."""
    rules: dict[str, Rules] = {}
    for name, block in blocks.items():
        model = EveryTraderRules if "contracts" in block.values else EveryRules
        try:
            rules[name] = model.model_validate(block.values)
        except ValidationError:
            continue
    return rules


def own_rules(
    shipped: Mapping[str, Any] | None,
    files: Mapping[str, Mapping[str, Any]],
    declared: Mapping[str, Declared],
    searched: Searched,
    faults: list[str],
) -> dict[str, Rules]:
    """Each strategy's block as its own rules model, by name. What is wrong goes to `faults`, as of every contract.

    `shipped` None says that there is no strategies.yaml, which is told already. What is wrong with bounds goes to `searched`.
    """
    at_home = [each for each in declared.values() if each.shipped]
    rules = {} if shipped is None else _checked(FILE, Section, {}, shipped, at_home, searched, faults)
    for each in declared.values():
        if not each.shipped and each.block_file in files:
            rules |= _checked(each.block_file, Contract, *split(files[each.block_file]), [each], searched, faults)
    return rules


def _checked(
    file: str,
    base: type[Section],
    head: Mapping[str, Any],
    blocks: Mapping[str, Any],
    declared: list[Declared],
    searched: Searched,
    faults: list[str],
) -> dict[str, Rules]:
    """The blocks of one file; none if it has faults. A section for each strategy, so that they read as those of every file."""
    names = [each.name for each in declared]
    faults.extend(f"{file}: {name} is a block without a strategy{_near(name, names)}" for name in sorted(blocks.keys() - set(names)))
    model = create_model("Blocks", __base__=base, **{each.name: (each.rules_model, ...) for each in declared})
    values = {**head, **{name: blocks[name] for name in names if name in blocks}}
    made = checked(file, model, values, faults)
    if made is None:
        return {}
    searched.faults.extend(model_faults(file, model, values, searched.bounds))
    return {name: getattr(made, name) for name in names}


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.8)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"; write strategies/{name.lower()}.py, which declares it, or remove the block{meant}"


def block_files(sources: Iterable[Source], searched: Searched, faults: list[str]) -> dict[str, dict[str, Any]]:
    """The values of the files that strategies from elsewhere bring along, by file name; the bounds go to `searched`."""
    files: dict[str, dict[str, Any]] = {}
    for source in sources:
        if source.shipped:
            continue
        path = source.file.with_suffix(".yaml")
        missing = (
            f"{path}: the file is missing; it holds the block of {source.file.name}: version, changelog, and the numbers under its name"
        )
        values = values_of_file(path, missing, faults)
        if values is not None:
            files[path.name] = taken_out(path.name, values, searched)
    return files
