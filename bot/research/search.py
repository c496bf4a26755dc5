"""The search that a sweep and every step of a walk-forward make: prepared once, a study driven to its end, the best set of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from bot.bars.sessions import sessions_with_bars
from bot.bars.source import Bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.errors import MesbotError
from bot.own_files import own_file
from bot.plural import counted
from bot.report.baseline import share_below
from bot.research.findings import Part
from bot.research.pool import Failed, Pool
from bot.research.request import ResearchRequest
from bot.research.significance import sharpe_ratio
from bot.research.space import Places, Space, space_of
from bot.research.study import Study, Tried
from bot.research.trial import Job, Outcome, code_of

STORAGE = "study.sqlite"
Progress = Callable[[int, int], None]


class Prepared(NamedTuple):
    """What is read and settled before anything is tried: the contracts in force, the bars, the sessions to decide in (ISO dates, in
    order), and the space."""

    request: ResearchRequest
    contracts: Contracts
    bars: Bars
    sessions: tuple[str, ...]
    space: Space

    @property
    def total(self) -> int:
        """How many sets a study tries."""
        return min(self.request.trials, self.space.size)

    @property
    def storage(self) -> str:
        """The address of Optuna's storage."""
        return self.request.storage or f"sqlite:///{(self.request.folder / STORAGE).resolve()}"

    @property
    def measured(self) -> tuple[str, ...]:
        """The strategies whose plans are followed: those whose numbers are tried; all that order where only shared numbers are."""
        return self.space.strategies or self.contracts.traders

    def job(self, places: Places, sessions: Sequence[str], *, journal: bool = False) -> Job:
        """The trial of a set on these sessions."""
        numbers = {} if places == self.space.in_force else self.space.numbers(places)
        run = self.request.run
        return Job(numbers, tuple(sessions), str(run.equity_usd), run.learning, self.measured, journal)

    def results(self, outcome: Outcome) -> tuple[float, ...]:
        """What a set is judged by, one a session."""
        return outcome.net_usd if self.request.objective == "net" else outcome.plans_r

    @property
    def unit(self) -> str:
        """Of what a set is judged by: usd or r."""
        return "usd" if self.request.objective == "net" else "r"

    def part(self, outcome: Outcome, sessions: Sequence[str]) -> Part:
        """A set on some sessions, as the findings take it."""
        net_cents = sum(round(100 * net) for net in outcome.net_usd)
        return Part(
            first=sessions[0],
            last=sessions[-1],
            results=self.results(outcome),
            trades=outcome.trades,
            plans=outcome.plans,
            net_usd=net_cents / 100,
            below=share_below(net_cents, outcome.random_cents),
            no_random=outcome.no_random,
        )

    def study(self, name: str, sessions: Sequence[str]) -> Study:
        """The study of this name on these sessions; raises UsageError as Study says."""
        request = self.request
        if request.storage is None:
            own_file(request.folder / STORAGE)
        made_of = {
            "bars": bars_sha256(self.bars),
            "contracts": self.contracts.sha256,
            "parameters or bounds": self.space.facts(),
            "code": code_of(self.contracts),
            "sessions": [*sessions],
            "search-seed": request.search_seed,
            "batch": request.batch,
            "objective": request.objective,
            "equity": str(request.run.equity_usd),
            "learning": request.run.learning,
        }
        return Study(self.storage, name, self.space, made_of, seed=request.search_seed, batch=request.batch, resume=request.resume)


def prepared(request: ResearchRequest) -> Prepared:
    """Read the contracts and the bars, once. Raises UsageError or ContractError, one sentence, before anything is written."""
    contracts = load_contracts(request.run.contracts, request.run.strategies)
    space = space_of(contracts, request.names)
    bars = request.run.read(contracts)
    first, last = (new_york(ts_ns).date() for ts_ns in bars.span_ns)
    calendar = SessionCalendar(contracts.session, first, last + timedelta(days=1))
    request.run.require_sessions(bars, calendar)
    held = sessions_with_bars(bars.frame["ts_ns"], calendar)
    start, end = request.run.from_date or held[0], request.run.to_date or held[-1]
    return Prepared(request, contracts, bars, tuple(day.isoformat() for day in held if start <= day <= end), space)


def bars_sha256(bars: Bars) -> str:
    """The hash of the bars as they are used."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(bars.frame[name]).tobytes() for name in bars.frame.columns)).hexdigest()


def searched(prepared: Prepared, study: Study, pool: Pool, sessions: Sequence[str], progress: Progress) -> list[Tried]:
    """Drive a study to its end; all its sets, in the order in which they were proposed. Raises MesbotError if not one could be tried."""
    progress(len(study.tried()), prepared.total)
    for batch in study.batches(prepared.total):
        done = len(study.tried())
        jobs = {number: prepared.job(places, sessions) for number, places in batch.items()}
        for count, (number, outcome) in enumerate(pool.results(jobs), done + 1):
            score = float("nan") if isinstance(outcome, Failed) else sharpe_ratio(prepared.results(outcome))
            study.tell(number, outcome, score)
            progress(count, prepared.total)
    sets = study.tried()
    if not any(each.outcome for each in sets):
        raise MesbotError(f"Not one of {counted(len(sets), 'set')} could be tried: {sets[0].why}")
    return sets


def best_of(sets: Sequence[Tried]) -> Tried:
    """The set with the highest score; of several the one proposed first, and that in force before all."""
    return max((each for each in sets if each.outcome is not None), key=lambda each: (each.score, -each.number))


def looked_at[Key](pool: Pool, jobs: Mapping[Key, Job]) -> dict[Key, Outcome]:
    """Run a few trials that belong to no study. Raises MesbotError, one sentence, if one fails."""
    found: dict[Key, Outcome] = {}
    for key, outcome in pool.results(jobs):
        if isinstance(outcome, Failed):
            raise MesbotError(f"A set that was tried before could not be tried again: {outcome.why}")
        found[key] = outcome
    return found
