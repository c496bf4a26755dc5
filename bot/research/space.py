"""What is tried: numbers of the contracts that have bounds, found by the names that a person types. A limit is never one of them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from bot.contracts.bounds import BOUNDS, FORM, LIMIT_KEYS, Bounds, has_bounds
from bot.contracts.models import Contracts
from bot.errors import ContractError, UsageError

Numbers = dict[str, int | float]
Places = tuple[int, ...]


class Parameter(NamedTuple):
    """A number that may be tried: its key, "K1.min_abs_vwap_z", its bounds, and the place among them of the one in force."""

    key: str
    bounds: Bounds
    in_force: int


class Space(NamedTuple):
    """All that is tried together. A set of numbers is known by its places, one a parameter, in their order."""

    parameters: tuple[Parameter, ...]

    @property
    def size(self) -> int:
        """How many sets of numbers there are."""
        return math.prod(each.bounds.count for each in self.parameters)

    @property
    def in_force(self) -> Places:
        """The set of numbers that the contracts hold."""
        return tuple(each.in_force for each in self.parameters)

    def numbers(self, places: Places) -> Numbers:
        """The numbers of a set, by key."""
        return {each.key: each.bounds.value(place) for each, place in zip(self.parameters, places, strict=True)}

    def every(self) -> Iterator[Places]:
        """Every set, that in force first."""
        yield self.in_force
        yield from (each for each in product(*(range(each.bounds.count) for each in self.parameters)) if each != self.in_force)

    def neighbours(self, places: Places) -> list[Places]:
        """The sets that differ in one number by one step, two a parameter but at an end of its bounds."""
        steps = [(at, step) for at in range(len(places)) for step in (-1, 1)]
        return [
            (*places[:at], places[at] + step, *places[at + 1 :])
            for at, step in steps
            if 0 <= places[at] + step < self.parameters[at].bounds.count
        ]

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies whose own blocks hold one of them, in order."""
        return tuple(sorted({key for each in self.parameters if (key := each.key.partition(".")[0])[0].isupper()}))

    def facts(self) -> list[list[str]]:
        """The space as plain data, by which a study knows its own."""
        return [[each.key, each.bounds.words] for each in self.parameters]


def parameters_of(contracts: Contracts, names: Sequence[str] = ()) -> list[tuple[str, int | float, Bounds]]:
    """Every number that the names mean, none: that has bounds; its key, its value in force, its bounds. Raises as `space_of`."""
    values = sections_of(contracts)
    return [(key, at(values, key), contracts.bounds[key]) for key in _named(contracts, names)]


def space_of(contracts: Contracts, names: Sequence[str]) -> Space:
    """The space that the names span: keys, or sections and strategies for all their numbers; no names: every number that has bounds.

    Raises ContractError for a limit, UsageError for what has no bounds or is not there, each in one sentence.
    """
    values, known = sections_of(contracts), contracts.bounds
    found = _named(contracts, names)
    return Space(tuple(Parameter(key, known[key], _in_force(key, at(values, key), known[key])) for key in found))


def _named(contracts: Contracts, names: Sequence[str]) -> list[str]:
    """The keys that the names mean, in order."""
    known = contracts.bounds
    if not known:
        raise UsageError(f"Nothing may be tried: no number of {contracts.directory}/strategies.yaml has {BOUNDS}; write e.g. {FORM}.")
    found = set(known if not names else ())
    for name in names:
        keys = [key for key in known if key == name or key.startswith(f"{name}.")]
        if not keys:
            raise _refusal(contracts, name)
        found.update(keys)
    return sorted(found)


def _in_force(key: str, value: float, bounds: Bounds) -> int:
    place = bounds.place(value)
    if place is None:
        raise UsageError(f"{key} = {value} is none of the values of its bounds, {bounds.words}; make it one of them, or change the bounds.")
    return place


def sections_of(contracts: Contracts) -> dict[str, Any]:
    """What the strategies' files say, section by section, as they are named in keys."""
    return contracts.strategies.model_dump(mode="json") | {name: block.values for name, block in contracts.blocks.items()}


def at(values: Mapping[str, Any], key: str) -> Any:
    """The value at a key. Raises KeyError if there is none."""
    found: Any = values
    for name in key.split("."):
        if not isinstance(found, Mapping) or name not in found:
            raise KeyError(key)
        found = found[name]
    return found


def _refusal(contracts: Contracts, name: str) -> Exception:
    """Why a name is none of a parameter."""
    key = name.removeprefix("strategies.")
    values, top = sections_of(contracts), key.partition(".")[0]
    limits = {
        f"{file}.yaml": said
        for file, said in contracts.values().items()
        if file not in ("strategies", *(f"{each.file}" for each in contracts.blocks.values()))
    }
    if place := _limit(key, limits):
        return ContractError(f"{name} is a limit ({place}), and no research tries limits: only numbers that strategies.yaml gives bounds.")
    try:
        value = at(values, key)
    except KeyError:
        near = difflib.get_close_matches(key, contracts.bounds, n=1, cutoff=0.4)
        return UsageError(
            f"{name} is no number that is known{f'; did you mean {near[0]}?' if near else '; mesbot sweep --list shows them.'}"
        )
    section = values[top]
    if not isinstance(section, Mapping) or not has_bounds(top, section) or key.rpartition(".")[2] in LIMIT_KEYS:
        return ContractError(
            f"{name} is a limit ({_file(contracts, top)}), and no research tries limits; mesbot sweep --list shows what may be."
        )
    if isinstance(value, Mapping):
        return UsageError(f"{name}: no number of it has {BOUNDS}; write some into {_file(contracts, top)}, e.g. {FORM}.")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return UsageError(f"{name} is no number, so that it cannot be tried; mesbot sweep --list shows what may be.")
    beside, _, last = key.rpartition(".")
    return UsageError(
        f"{name} has no bounds and cannot be tried; write them beside it, {_file(contracts, top)}: {beside}.{BOUNDS}.{last}: {FORM}."
    )


def _file(contracts: Contracts, top: str) -> str:
    block = contracts.blocks.get(top)
    return "strategies.yaml" if block is None or block.file == "strategies" else block.file


def _limit(key: str, files: Mapping[str, Any]) -> str:
    """Where a limit stands that a name may mean, by its whole key, with its file's name before it, or by its last word; "" if none does."""
    for file, said in files.items():
        for path in _paths(said):
            if key in (path, f"{file.removesuffix('.yaml')}.{path}") or path.endswith(f".{key}") or path.startswith(f"{key}."):
                return f"{file}: {path if not path.startswith(f'{key}.') else key}"
    return ""


def _paths(section: Mapping[str, Any], above: str = "") -> Iterable[str]:
    for key, value in section.items():
        yield f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{above}{key}.")
