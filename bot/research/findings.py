"""What a sweep or a walk-forward found, as facts and as sentences, the verdict first. Arithmetic on outcomes; nothing is run here.

"Nothing here" is the usual answer and the first thing said. Whatever is said otherwise has passed every question: is the best better than
the luck of so many tries, did it earn out of sample, more than random entries there, and do its neighbours hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import msgspec

from bot.plural import counted
from bot.report.wording import decimal, dollars, percent
from bot.research.significance import deflated_sharpe_ratio, expected_best_sharpe, moments, probabilistic_sharpe_ratio, sharpe_ratio

SIGNIFICANT = 0.95  # the deflated significance that is asked for
ABOVE_CHANCE = 0.975  # of random entries must lie below, as in the verdict of a run (bot/report/verdict.py)
HOLDS = 0.5  # of the best's ratio, that the middle of its neighbours must keep
NOTHING = "Nothing here"


class Part(msgspec.Struct, frozen=True):
    """A set on some sessions: `results` are those it is judged by, one a session (dollars, or R of all plans); `below` is the share of
    random entries below it, nan where they were not drawn or there are none, and `no_random` says why then."""

    first: str
    last: str
    results: tuple[float, ...]
    trades: int
    plans: int
    net_usd: float
    below: float = math.nan
    no_random: str = ""

    @property
    def sharpe(self) -> float:
        """Mean over standard deviation, a session."""
        return sharpe_ratio(self.results)

    @property
    def total(self) -> float:
        """The sum of what it is judged by."""
        return math.fsum(self.results)

    def facts(self) -> dict[str, object]:
        """The same with what follows from it, for a program."""
        return {**msgspec.to_builtins(self), "sharpe": self.sharpe, "total": self.total}


class Sweep(msgspec.Struct, frozen=True):
    """A sweep's outcome. `sharpes` are those of all sets that were tried, in sample; `neighbours` those of the best's neighbours.

    `looks` is how many different best sets the sessions out of sample were shown to so far.
    """

    sharpes: tuple[float, ...]
    failed: int
    best_is_in_force: bool
    best: tuple[Part, Part]
    in_force: tuple[Part, Part]
    neighbours: tuple[float, ...]
    looks: int
    unit: str

    @property
    def deflated(self) -> float:
        """Significance of the best of so many, 0..1."""
        return deflated_sharpe_ratio(self.best[0].results, self.sharpes)

    @property
    def expected_best(self) -> float:
        """The ratio a session that luck alone would have made the best of so many."""
        return expected_best_sharpe(_variance(self.sharpes), len(self.sharpes))

    @property
    def middle_neighbour(self) -> float:
        """The middle of the neighbours' ratios; nan if there are none."""
        return median(self.neighbours) if self.neighbours else math.nan


class Fold(msgspec.Struct, frozen=True):
    """One step of a walk-forward: what was chosen on its first part, of how many sets, with which deflated significance, and what that
    and the numbers in force did on its second part."""

    numbers: dict[str, int | float]
    tried: int
    deflated: float
    chosen: tuple[Part, Part]
    in_force: tuple[Part, Part]


def sweep_verdict(found: Sweep) -> list[str]:
    """Sentences, the verdict first."""
    against = _against(found)
    tried = counted(len(found.sharpes), "set")
    if against:
        first = f"{NOTHING}: {against[0]}."
    else:
        first = f"Something may be here: the best of {tried} stands every question. Try it on bars that it has not seen, then in PAPER."
    return [first, *(f"Also: {each}." for each in against[1:]), *_careful(found)]


def _against(found: Sweep) -> list[str]:
    """What speaks against the best set, clauses; none if nothing does."""
    first, second = found.best
    tried = counted(len(found.sharpes), "set")
    if not any(found.sharpes) and not any(first.results):
        return [f"none of {tried} did anything in sample; more sessions are needed to tell them apart"]
    if found.best_is_in_force:
        return [f"of {tried} the one in force is the best"]
    told = []
    if not any(first.results):
        told.append("the best set is one that does nothing, for every other lost")
    elif not first.total > 0:
        told.append(f"even the best of {tried} lost in sample")
    elif not found.deflated >= SIGNIFICANT:
        told.append(
            f"luck alone makes the best of {tried} look as good "
            f"(deflated significance {decimal(found.deflated)}; {SIGNIFICANT} is asked for)"
        )
    if not second.total > 0:
        word = "lost" if second.total < 0 else "made nothing"
        told.append(f"the best set {word} out of sample")
    if not second.below > ABOVE_CHANCE:
        told.append(_chance(second))
    if found.neighbours and first.sharpe > 0 and not found.middle_neighbour >= HOLDS * first.sharpe:
        told.append(
            f"the best set stands alone: its neighbours, a step away, come to {decimal(found.middle_neighbour)} in the middle, "
            f"it to {decimal(first.sharpe)}"
        )
    return told


def _chance(part: Part) -> str:
    if math.isnan(part.below):
        why = ", for it made no trade there" if not part.trades else f" ({part.no_random.rstrip('.')})" if part.no_random else ""
        return f"there are no random entries to compare it with out of sample{why}"
    return f"out of sample its trades are not to be told from random entries ({percent(part.below)} of them were worse)"


def _careful(found: Sweep) -> list[str]:
    told = []
    if found.looks > 1:
        told.append(
            f"The sessions out of sample were shown to {found.looks} best sets by now; each look makes them more like sessions in sample."
        )
    if found.failed:
        told.append(f"{counted(found.failed, 'set')} could not be tried; sweep.json says why.")
    return told


def walk_verdict(folds: Sequence[Fold], below: float) -> list[str]:
    """Sentences on all sessions that were walked into, the verdict first. `below` is the share of random entries below them, nan: none."""
    chosen, kept = together(folds, "chosen"), together(folds, "in_force")
    sessions = counted(len(chosen), "session")
    sure = certainty(chosen)
    against = []
    if not any(chosen):
        against.append(f"what was chosen did nothing in {sessions} that it had not seen")
    elif not math.fsum(chosen) > 0:
        against.append(f"what was chosen lost in {sessions} that it had not seen")
    elif not sure >= SIGNIFICANT:
        against.append(
            f"what was chosen won in {sessions} by no more than chance would (significance {decimal(sure)}; {SIGNIFICANT} is asked for)"
        )
    if not math.fsum(chosen) > math.fsum(kept):
        against.append("the numbers in force did as well there or better")
    if not below > ABOVE_CHANCE:
        against.append(
            "there are no random entries to compare with" if math.isnan(below)
            else f"its trades are not to be told from random entries ({percent(below)} of them were worse)"
        )  # fmt: skip
    if against:
        return [f"{NOTHING}: {against[0]}.", *(f"Also: {each}." for each in against[1:])]
    return [f"Something may be here: what was chosen won in {sessions} that it had not seen. Try it in PAPER before a contract is changed."]


def together(folds: Sequence[Fold], which: str) -> tuple[float, ...]:
    """The results of all folds out of sample, session after session."""
    return tuple(result for fold in folds for result in getattr(fold, which)[1].results)


def certainty(results: Sequence[float]) -> float:
    """Probability that the true ratio of results nobody chose by lies above 0; nan as the formula says."""
    return probabilistic_sharpe_ratio(sharpe_ratio(results), 0.0, len(results), *moments(results))


def efficiency(folds: Sequence[Fold]) -> float:
    """Mean a session out of sample over mean a session in sample, of what was chosen; nan if the latter is none of a gain."""
    inside = [result for fold in folds for result in fold.chosen[0].results]
    outside = together(folds, "chosen")
    mean = math.fsum(inside) / len(inside) if inside else 0.0
    return math.fsum(outside) / len(outside) / mean if mean > 0 and outside else math.nan


def amount(value: float, unit: str) -> str:
    """A result as a person reads it: dollars, or R."""
    return dollars(round(100 * value)) if unit == "usd" else f"{decimal(value, sign=True)} R"


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values) if values else 0.0
    return math.fsum((each - mean) ** 2 for each in values) / (len(values) - 1) if len(values) > 1 else 0.0
