"""Two runs beside each other, fact by fact: how many are the same, and the first that is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from bot.journal.times import new_york
from bot.plural import counted
from bot.proofs.told import Body, Fact, Part
from bot.units import HOUR_NS
from bot.words import brief

DAY_NS = 24 * HOUR_NS
MOST_SHOWN = 160  # characters of a value
FEW = 4  # fields that are told


class Pair(NamedTuple):
    """What both runs say of one thing (`part`, `name`) at one market time (UTC ns): their bodies in order, [] where one says nothing."""

    ts_ns: int
    part: Part
    name: str
    a: list[Body]
    b: list[Body]

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return self.a == self.b


class Difference(msgspec.Struct, frozen=True):
    """One thing of which two runs say otherwise: New York time, part, whose it is; `fields` maps what differs to both values.

    A run that says nothing of it has "" as its sentence (`a`, `b`), and there are no fields.
    """

    time: str
    part: str
    name: str
    a: str
    b: str
    fields: dict[str, tuple[Any, Any]]

    def sentence(self, a: str, b: str) -> str:
        """For people, without a full stop; `a` and `b` are what the runs are called."""
        what = f"{self.name} ({self.part}) at {self.time}"
        if not self.a or not self.b:
            only, other = (a, b) if self.a else (b, a)
            return f"{what}: only the {only} has it, the {other} has not: {self.a or self.b}"
        values = [f"{name} {_shown(mine)} in the {a}, {_shown(its)} in the {b}" for name, (mine, its) in list(self.fields.items())[:FEW]]
        more = len(self.fields) - len(values)
        return f"{what}: {'; '.join(values)}{f'; and {counted(more, "more field")}' if more > 0 else ''}"


class Count(msgspec.Struct, frozen=True):
    """Of one part: how many things both runs say the same of, say otherwise, or only one says anything of."""

    part: str
    same: int
    apart: int
    only_a: int
    only_b: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.same + self.apart + self.only_a + self.only_b


class Beside(msgspec.Struct, frozen=True):
    """Two runs beside each other: the count of each part, and the first difference by time, in the order in which it was written."""

    counts: dict[str, Count]
    first: Difference | None

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.first is None


def beside(a: Iterable[Fact], b: Iterable[Fact]) -> Beside:
    """Lay two runs side by side. Both must be in order of time by days; days are held one at a time."""
    counts = {part: [0, 0, 0, 0] for part in Part}
    first: Difference | None = None
    for pair in pairs(a, b):
        column = 0 if pair.same else 3 if not pair.a else 2 if not pair.b else 1
        counts[pair.part][column] += 1
        if column and first is None:
            first = difference(pair)
    return Beside({part.value: Count(part.value, *columns) for part, columns in counts.items()}, first)


def pairs(a: Iterable[Fact], b: Iterable[Fact]) -> Iterator[Pair]:
    """Everything that either says, in order of time, and of one time in the order in which it was written."""
    mine, its = (groupby(facts, key=lambda fact: fact.ts_ns // DAY_NS) for facts in (a, b))
    left, right = next(mine, None), next(its, None)
    while left is not None or right is not None:
        day = min(each[0] for each in (left, right) if each is not None)
        ours, theirs = left is not None and left[0] == day, right is not None and right[0] == day
        yield from _of_day(left[1] if left is not None and ours else (), right[1] if right is not None and theirs else ())
        left, right = next(mine, None) if ours else left, next(its, None) if theirs else right


def _of_day(a: Iterable[Fact], b: Iterable[Fact]) -> Iterator[Pair]:
    found: dict[tuple[int, Part, str], tuple[list[Body], list[Body]]] = defaultdict(lambda: ([], []))
    places: dict[tuple[int, Part, str], int] = {}
    for side, facts in enumerate((a, b)):
        for place, fact in enumerate(facts):
            key = (fact.ts_ns, fact.part, fact.name)
            found[key][side].append(fact.body)
            places.setdefault(key, place)
    for key in sorted(found, key=lambda key: (key[0], places[key])):
        yield Pair(*key, *found[key])


def difference(pair: Pair) -> Difference:
    """What differs of a pair that is not the same: of the first of its records that does."""
    count = min(len(pair.a), len(pair.b))
    at = next((i for i in range(count) if pair.a[i] != pair.b[i]), count)
    a, b = (bodies[at] if at < len(bodies) else None for bodies in (pair.a, pair.b))
    fields = {} if a is None or b is None else fields_apart(a, b)
    return Difference(new_york(pair.ts_ns), pair.part.value, pair.name, *("" if each is None else _told(each) for each in (a, b)), fields)


def fields_apart(a: Body, b: Body) -> dict[str, tuple[Any, Any]]:
    """The fields that differ, with both values; of a field that holds named values those that do: `signals.vwap_z`."""
    apart: dict[str, tuple[Any, Any]] = {}
    for name in {**a, **b}:
        mine, its = a.get(name), b.get(name)
        if isinstance(mine, dict) and isinstance(its, dict):
            apart |= {f"{name}.{inner}": values for inner, values in fields_apart(mine, its).items()}
        elif mine != its or (name in a) != (name in b):
            apart[name] = (mine, its)
    return apart


def _told(body: Body) -> str:
    return str(body.get("sentence") or brief(msgspec.json.encode(body).decode(), MOST_SHOWN))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return brief(value if isinstance(value, str) and value else msgspec.json.encode(value).decode(), MOST_SHOWN)
