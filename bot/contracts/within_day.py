"""Contracts that change within a trading day: of each key the stricter value counts, and what is not stricter waits.

A pure function of the set in force and the set that was read. It compares values, not code.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from bot.contracts.checks import cross_file_faults, strategy_faults
from bot.contracts.models import FILES, Contracts, Section
from bot.contracts.recorded import read_by
from bot.contracts.strictness import Stricter, declared_in
from bot.errors import ContractError

LABELS = frozenset({"version", "changelog"})  # of a file: they tell what changed and are no law
LISTS = frozenset({Stricter.MORE, Stricter.FEWER})
BLOCK = "its block"


class KeyChange(NamedTuple):
    """A key, "constitution.yaml: loss_limits.day_usd", and two values of it in JSON's words; None: it is not there."""

    key: str
    before: Any
    after: Any


class WithinDay(NamedTuple):
    """The law of the rest of the day. `counts` are changes from what was in force, `waits` what is left of them until the day ends.

    `fault` says what does not hold together if the stricter keys count, "" if all does; then those concerned wait as well.
    """

    contracts: Contracts
    counts: tuple[KeyChange, ...]
    waits: tuple[KeyChange, ...]
    fault: str = ""


class _Key(NamedTuple):
    """A key whose values differ, and the value that counts: in JSON's words, None where it is not there. `path` lies below `where`."""

    where: str
    path: tuple[str | int, ...]
    in_force: Any
    loaded: Any
    counting: Any

    @property
    def name(self) -> str:
        """As a person finds it."""
        return self.where + ".".join(map(str, self.path))


def within_day(in_force: Contracts, loaded: Contracts) -> WithinDay:
    """What counts for the rest of a trading day that began under `in_force` (from a journal) when `loaded` is read within it.

    A file or block whose stricter keys do not hold together stays as it was, and all of them if a rule across files would not
    hold. A strategy that only one of them has, or whose block of this day its code cannot read, orders nothing.
    Raises ContractError, one sentence, if the strategies at hand cannot keep the contracts of this day at all.
    """
    day, keys = _at_hand(in_force, loaded)
    law, changed, fault = _merged(day, loaded)
    if broken := _broken_rule(law):
        if own := _broken_rule(day):
            raise ContractError(f"The contracts of this trading day ({in_force.sha256[:12]}) cannot be kept with these strategies: {own}")
        law, changed, fault = day, [key._replace(counting=key.in_force) for key in changed], broken
    same = law.values() == in_force.values()
    law = law.model_copy(update={"sha256": in_force.sha256}) if same else law.hashed()
    told = [key for key in (*keys, *changed) if key.path[-1] not in LABELS]
    counts = tuple(KeyChange(key.name, key.in_force, key.counting) for key in told if key.counting != key.in_force)
    waits = tuple(KeyChange(key.name, key.counting, key.loaded) for key in told if key.counting != key.loaded)
    return WithinDay(law, counts, waits, fault)


def _at_hand(in_force: Contracts, loaded: Contracts) -> tuple[Contracts, list[_Key]]:
    """The day's contracts with the strategies that both have, as their code reads them; and those that only one has."""
    day = read_by(in_force, loaded.declared)
    readable = day.declared if loaded.declared else day.rules
    both = [name for name in day.blocks if name in loaded.blocks and name in readable]
    keys = [
        _Key(_file(each.file), (name,), BLOCK if name in day.blocks else None, BLOCK if name in loaded.blocks else None, None)
        for name, each in sorted((day.blocks | loaded.blocks).items())
        if name not in both
    ]
    kept = {part: {name: of[name] for name in of if name in both} for part, of in _by_strategy(day).items()}
    return day.model_copy(update={**kept, "directory": loaded.directory, "strategy_folders": loaded.strategy_folders}), keys


def _by_strategy(contracts: Contracts) -> dict[str, dict[str, Any]]:
    return {"blocks": contracts.blocks, "rules": contracts.rules, "declared": contracts.declared}


def _merged(day: Contracts, loaded: Contracts) -> tuple[Contracts, list[_Key], str]:
    """Every file and block with its stricter keys, the keys that differ, and the first that does not hold so."""
    keys: list[_Key] = []
    faults: list[str] = []
    files = {}
    for name in FILES:
        mine, theirs = getattr(day, name), getattr(loaded, name)
        said = mine.model_dump(mode="json"), theirs.model_dump(mode="json")
        files[name], _ = _part(_file(name), (mine, theirs), said, keys, faults)
    rules, blocks = {}, {}
    for name, block in day.blocks.items():
        said = block.values, loaded.blocks[name].values
        where = f"{_file(block.file)}{name}."
        rules[name], values = _part(where, (day.rules[name], loaded.rules[name]), said, keys, faults)
        blocks[name] = block.model_copy(update={"values": values})
    return day.model_copy(update={**files, "rules": rules, "blocks": blocks}), keys, next(iter(faults), "")


def _file(name: str) -> str:
    return f"{name.removesuffix('.yaml')}.yaml: "


def _part(
    where: str, models: tuple[BaseModel, BaseModel], said: tuple[dict[str, Any], dict[str, Any]], keys: list[_Key], faults: list[str]
) -> tuple[Any, dict[str, Any]]:
    """One file or block with its stricter keys, as model and as values; as it was if they do not hold together."""
    found = list(_keys(where, (), *models, *said))
    values = _changed(said[0], found)
    try:
        model = type(models[0]).model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        faults.append(f"{where}{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}")
        model, values, found = models[0], said[0], [key._replace(counting=key.in_force) for key in found]
    keys.extend(found)
    return model, values


def _changed(said: dict[str, Any], keys: list[_Key]) -> dict[str, Any]:
    """The values with those keys that count."""
    values = copy.deepcopy(said)
    for key in keys:
        if key.counting != key.in_force:
            section: Any = values
            for name in key.path[:-1]:
                section = section[name]
            section[key.path[-1]] = key.counting
    return values


def _keys(where: str, path: tuple[str | int, ...], mine: BaseModel, theirs: BaseModel, said: Any, loaded: Any) -> Iterator[_Key]:
    """The keys of a section whose values differ."""
    for name in dict.fromkeys([*said, *loaded]):
        field, before, after = type(mine).model_fields.get(name), said.get(name), loaded.get(name)
        values = (before, after) if field is None else (getattr(mine, name), getattr(theirs, name))
        if values[0] == values[1]:
            continue
        rule = None if field is None else declared_in(field)
        sections = [] if rule is not None else _sections(*values, before, after)
        if not sections:
            yield _Key(where, (*path, name), before, after, _counting(rule or Stricter.NEITHER, values, before, after))
        for below, section in sections:
            yield from _keys(where, (*path, name, *below), *section)


def _sections(mine: Any, theirs: Any, said: Any, loaded: Any) -> list[tuple[tuple[int, ...], tuple[Any, Any, Any, Any]]]:
    """What a key without a direction of its own holds in both: one section, or as many rows of them."""
    if isinstance(mine, Section) and isinstance(theirs, Section):
        return [((), (mine, theirs, said, loaded))]
    if not (isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs)):
        return []
    rows = list(zip(mine, theirs, said, loaded, strict=True))
    return [((number,), row) for number, row in enumerate(rows)] if all(isinstance(row[0], Section) for row in rows) else []


def _counting(rule: Stricter, values: tuple[Any, Any], before: Any, after: Any) -> Any:
    """The value that counts, as it is written."""
    if rule in LISTS:
        return rule.of(before, after)
    return before if rule.of(*values) == values[0] else after


def _broken_rule(contracts: Contracts) -> str:
    """The first rule across files, and between them and the strategies at hand, that does not hold; "" if all do."""
    files = {name: getattr(contracts, name) for name in FILES}
    strategies = strategy_faults(files, contracts.declared, contracts.rules) if contracts.declared else []
    return next(iter([*cross_file_faults(files), *strategies]), "")
