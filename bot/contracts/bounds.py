"""Within which bounds research may try other numbers: `bounds`, beside the numbers they speak of. Bounds are no law.

Nothing that decides reads them, and no hash, journal or comparison holds them: they are taken out of what a file says before all
else. Limits have none: what may be risked, how many contracts, whether a plan may pass and how an open trade is protected is not
searched for.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

BOUNDS = "bounds"
MEASURES = ("signals", "regime", "beliefs")  # of strategies.yaml: what is measured; the rest of it, euc and management, are limits
LIMIT_KEYS = ("contracts", "tiers", "stop_ticks")  # of a strategy's block
TRADERS_KEYS = frozenset({"contracts", "tiers", "phases", "min_belief", "max_minutes"})  # what every strategy that orders says
MOST_VALUES = 1_000
FORM = "{from: 1.0, to: 2.5, step: 0.1}"
Values = dict[str, Any]
Place = tuple[str, ...]


class Bounds(NamedTuple):
    """The values that may be tried: `low`, `low + step`, ... `high`, exact; `whole` if they are whole numbers."""

    low: Decimal
    high: Decimal
    step: Decimal
    whole: bool

    @property
    def count(self) -> int:
        """How many values there are, two at least."""
        return int((self.high - self.low) / self.step) + 1

    def value(self, place: int) -> int | float:
        """The value at a place, 0 to count - 1."""
        exact = self.low + place * self.step
        return int(exact) if self.whole else float(exact)

    def place(self, value: float) -> int | None:
        """The place of a value; None if it is none of those that may be tried."""
        steps = (Decimal(str(value)) - self.low) / self.step
        return int(steps) if steps == int(steps) and 0 <= steps < self.count else None

    @property
    def words(self) -> str:
        """As a person reads them."""
        return f"{self.low} to {self.high} by {self.step}"


class Searched(NamedTuple):
    """The bounds of all files by the key they are for, "K1.min_abs_vwap_z", and what is wrong with those that do not hold."""

    bounds: dict[str, Bounds]
    faults: list[str]


def taken_out(file: str, values: Mapping[str, Any], searched: Searched) -> Values:
    """A file's values without the bounds, which go to `searched`."""
    return {
        key: _without(file, (key,), section, searched) if isinstance(section, dict) and has_bounds(key, section) else section
        for key, section in values.items()
    }


def has_bounds(key: str, section: Mapping[str, Any]) -> bool:
    """Whether numbers of a section may have bounds: what is measured, and a strategy that orders. The filter is a gate."""
    return key in MEASURES or not TRADERS_KEYS.isdisjoint(section)


def _without(file: str, place: Place, section: Values, searched: Searched) -> Values:
    kept = {key: value for key, value in section.items() if key != BOUNDS}
    if BOUNDS in section:
        where = f"{file}: {'.'.join((*place, BOUNDS))}"
        searched.faults.extend(_read(where, place, section[BOUNDS], kept, searched.bounds))
    return {key: _without(file, (*place, str(key)), value, searched) if isinstance(value, dict) else value for key, value in kept.items()}


def _read(where: str, place: Place, told: Any, section: Values, found: dict[str, Bounds]) -> Iterator[str]:
    """The bounds of one section into `found`; a sentence for each that does not hold."""
    if not isinstance(told, dict):
        yield f"{where} = {told!r} must be a section, a line for each number: its key and {FORM}"
        return
    numbers = [key for key, value in section.items() if _is_number(value) and key not in LIMIT_KEYS]
    for key, said in told.items():
        if key in LIMIT_KEYS:
            yield f"{where}.{key}: a limit is no parameter, and research tries none; remove the line"
        elif key not in numbers:
            near = difflib.get_close_matches(str(key), numbers, n=1, cutoff=0.4)
            yield f"{where}.{key} names no number of {'.'.join(place)}{f' (did you mean {near[0]}?)' if near else ''}"
        elif (bounds := _bounds(said)) is None:
            yield f"{where}.{key} = {said!r} must be like {FORM}: from below to, and a whole number of steps, {MOST_VALUES:,} at most"
        else:
            found[".".join((*place, key))] = bounds


def _bounds(said: Any) -> Bounds | None:
    if not isinstance(said, dict) or set(said) != {"from", "to", "step"} or not all(map(_is_number, said.values())):
        return None
    exact = [Decimal(str(said[name])) for name in ("from", "to", "step")]
    if not all(each.is_finite() for each in exact):
        return None
    low, high, step = exact
    if not (low < high and step > 0) or (high - low) % step or (high - low) / step >= MOST_VALUES:
        return None
    return Bounds(low, high, step, all(isinstance(each, int) for each in said.values()))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def model_faults(file: str, model: type[BaseModel], values: Mapping[str, Any], bounds: Mapping[str, Bounds]) -> Iterator[str]:
    """A sentence for each bounds that reach beyond what the file's own model lets stand there; those of other files are passed over."""
    for key, each in bounds.items():
        if key.partition(".")[0] not in values:
            continue
        for end in (each.value(0), each.value(each.count - 1)):
            try:
                model.model_validate(changed(values, {key: end}), strict=True)
            except ValidationError:
                yield f"{file}: {_beside(key)} = {each.words} goes beyond what {key} may be: {end} is not allowed there"
                break


def _beside(key: str) -> str:
    section, _, name = key.rpartition(".")
    return f"{section}.{BOUNDS}.{name}"


def changed(values: Mapping[str, Any], numbers: Mapping[str, int | float]) -> Values:
    """The values of a file with other numbers at some keys, "K1.min_abs_vwap_z"; nothing of `values` is touched. KeyError for no key."""
    made = dict(values)
    for key, number in numbers.items():
        *sections, name = key.split(".")
        section = made
        for each in sections:
            section[each] = section = dict(section[each])
        if name not in section:
            raise KeyError(key)
        section[name] = number
    return made
