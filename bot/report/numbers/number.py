"""A number with a name: its value is made from records of the journal, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

import msgspec

from bot.errors import UsageError
from bot.plural import either

NAN = float("nan")
MOST_NEAR, SIMILAR = 4, 0.6  # names that are offered for one that does not exist, and how alike they must be (0..1)
SHORT = 2  # letters of a strategy's name, a belief, a layer
ONE = "1"
Value = float | tuple[float, float]


class Unit(StrEnum):
    """What a number is measured in, which says how it is written (wording.py)."""

    COUNT = "count"
    CENTS = "cents"
    BALANCE = "cents that are left"
    SHARE = "share, 0..1"
    R = "multiple of the planned risk"
    RATE = "rate"
    SCORE = "score, 0..1"
    POINTS = "points"
    TICKS = "ticks"
    MINUTES = "minutes"
    STATISTIC = "statistic"


class How(StrEnum):
    """How the amounts of the records make the value."""

    COUNT = "count"
    SUM = "sum"
    QUOTIENT = "quotient"
    LOWEST = "lowest"
    DRAWN = "drawn"


class Source(NamedTuple):
    """A record by its sequence, and what it adds, in the number's unit."""

    seq: int
    amount: float


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a report.

    `words` says what it is, `amounts` what each record adds ("net_cents"; ONE for a count), in
    `amount_unit` if that is not the number's own. `over` names the number that a QUOTIENT is
    divided by. A DRAWN value is no sum: `draw` gives it (one value, or low and high), `origin` says in
    a sentence how, and `sources` are the sample. `sources` come in any order; no record is named twice.
    """

    name: str
    unit: Unit
    words: str
    how: How
    amounts: str
    sources: Callable[[], Iterable[Source]]
    amount_unit: Unit | None = None
    over: str = ""
    draw: Callable[[], Value] | None = None
    origin: str = ""


class NoSuchNumber(UsageError):
    """Nothing has the name `asked`; `known` are the names there are, of which the text says the nearest, `run` whose numbers were meant."""

    def __init__(self, asked: str, known: Iterable[str], run: str = "this run") -> None:
        self.asked, self.known = asked, tuple(known)
        near = nearest(asked, self.known)
        said = f"did you mean {either(near)}? " if near else ""
        super().__init__(
            f'"{asked}" is neither a time, a code, a strategy nor a number of {run}; {said}'
            "`mesbot why --numbers` and `--codes` list them all."
        )


def nearest(asked: str, known: Iterable[str]) -> list[str]:
    """The names that may be meant, the nearest first: those that begin with all of it and a dot, else those that are much like it.

    Of a code of two letters (K9) nothing is much like it: all of two letters that begin as it does are near.
    """
    wanted = asked.strip().casefold()
    folded = {name.casefold(): name for name in known}
    if begin := [name for key, name in folded.items() if key.startswith(wanted.rstrip(".") + ".")]:
        return begin[:MOST_NEAR]
    if len(wanted) == SHORT and wanted not in folded:
        return [name for key, name in folded.items() if len(key) == SHORT and key[0] == wanted[0]]
    alike = {name: SequenceMatcher(None, key, wanted).ratio() for key, name in folded.items()}
    return sorted((name for name, share in alike.items() if share >= SIMILAR), key=lambda name: -alike[name])[:MOST_NEAR]


class Numbers(Mapping[str, Number]):
    """All numbers of one run by name. Values and sources are worked out when asked for, values once."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._numbers: dict[str, Number] = {}
        self._values: dict[str, Value] = {}
        for number in numbers:
            if number.name in self._numbers:
                raise ValueError(f"two numbers are named {number.name}")
            self._numbers[number.name] = number

    def __getitem__(self, name: str) -> Number:
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def value(self, name: str) -> Value:
        """The value of a number, made from its sources; nan if it has none to be made from."""
        value = self._values.get(name)
        if value is None:
            value = self._values[name] = self._worked_out(self._numbers[name])
        return value

    def single(self, name: str) -> float:
        """The value of a number that is no interval."""
        value = self.value(name)
        assert not isinstance(value, tuple), f"{name} is an interval"
        return value

    def find(self, text: str) -> Number:
        """The number of this name, capital letters or not. Raises NoSuchNumber, which names the nearest."""
        folded = {name.casefold(): name for name in self._numbers}
        wanted = text.strip().casefold()
        if text.strip() in self._numbers or wanted in folded:
            return self._numbers.get(text.strip()) or self._numbers[folded[wanted]]
        raise NoSuchNumber(text, self._numbers)

    def _worked_out(self, number: Number) -> Value:
        if number.draw is not None:
            return number.draw()
        amounts = [source.amount for source in number.sources()]
        if number.how is How.LOWEST:
            return min(amounts, default=NAN)
        total = added(amounts)
        if number.how is not How.QUOTIENT:
            return total
        divisor = self.single(number.over)
        return total / divisor if divisor else NAN


def added(amounts: Iterable[float]) -> float:
    """The sum of amounts: exact for whole ones (an int), rounded once for others, whatever their order."""
    values = list(amounts)
    return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)


def ones(seqs: Iterable[int]) -> list[Source]:
    """Sources of a count: every record adds one."""
    return [Source(seq, 1) for seq in seqs]
