"""A sweep: search on the sessions in sample, look once at those out of sample, and say what the best set is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from pathlib import Path
from typing import Any

from bot.errors import UsageError
from bot.journal.folder import JOURNAL, aside_folder
from bot.journal.run_lock import RunLock
from bot.own_files import run_folder, write_own
from bot.research.findings import Sweep, sweep_verdict
from bot.research.pool import Pool
from bot.research.report import sweep_facts, sweep_lines, write_report
from bot.research.request import SweepRequest
from bot.research.search import STORAGE, Prepared, Progress, best_of, looked_at, prepared, searched
from bot.research.significance import sharpe_ratio
from bot.research.space import Places
from bot.research.study import Study, Tried, storage_told
from bot.research.trial import Outcome, shared_of

LOOKS, BESIDE = "looks", "beside"
FIRST = 2, 3  # of the sessions in sample, where nobody says


def sweep(request: SweepRequest, progress: Progress, say: Callable[[str], None]) -> tuple[dict[str, Any], list[str]]:
    """Run or go on with a sweep; its facts for a program, and its report in lines for a person. Both are in its folder, too.

    Raises UsageError, ContractError or MesbotError, one sentence each.
    """
    ready = prepared(request)
    inside, outside = halves(ready.sessions, request.split)
    aside_folder(request.folder)
    with RunLock(request.folder / STORAGE), storage_told():
        study = ready.study(request.study, inside)
        with Pool(shared_of(ready.contracts, ready.bars), request.ray, request.workers) as pool:
            for told in (*ready.bars.notes, pool.told):
                say(told)
            sets = searched(ready, study, pool, inside, progress)
            best = best_of(sets)
            neighbours = _neighbours(ready, study, pool, sets, best.places, inside)
            shown = {name: ready.job(places, outside, journal=True) for name, places in _both(ready, best).items()}
            outcomes = looked_at(pool, shown)
        looks = _looks(study, best.places)
    found = _found(ready, sets, best, neighbours, outcomes, inside, outside, looks)
    for name, outcome in outcomes.items():
        keep_journal(request.folder / name, outcome)
    facts = sweep_facts(ready, sets, best, found, sweep_verdict(found))
    lines = sweep_lines(facts)
    write_report(request.folder, "sweep", facts, lines)
    return facts, lines


def halves(sessions: tuple[str, ...], split: Date | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sessions in sample and out of sample. Raises UsageError, one sentence, if one of them has too few."""
    first_outside = split.isoformat() if split else sessions[FIRST[0] * len(sessions) // FIRST[1]]
    inside = tuple(day for day in sessions if day < first_outside)
    outside = tuple(day for day in sessions if day >= first_outside)
    if len(inside) < 2 or not outside:
        asked = f"--split {split}" if split else f"{len(sessions)} sessions"
        raise UsageError(
            f"{asked}: leaves {len(inside)} in sample and {len(outside)} out of sample of those from {sessions[0]} to {sessions[-1]}; "
            "two and one are needed at least."
        )
    return inside, outside


def _both(ready: Prepared, best: Tried) -> dict[str, Places]:
    """What is looked at out of sample, by the name of its folder."""
    return {"in-force": ready.space.in_force, **({"best": best.places} if best.places != ready.space.in_force else {})}


def _neighbours(ready: Prepared, study: Study, pool: Pool, sets: list[Tried], best: Places, inside: tuple[str, ...]) -> tuple[float, ...]:
    """The ratios of the best's neighbours in sample; those that were not tried are, and stay out of the search."""
    known = {each.places: each.score for each in sets if each.outcome is not None} | {
        tuple(places): score for places, score in study.noted(BESIDE, [])
    }
    around = ready.space.neighbours(best)
    left = {places: ready.job(places, inside) for places in around if places not in known}
    for places, outcome in looked_at(pool, left).items():
        known[places] = sharpe_ratio(ready.results(outcome))
    study.note(BESIDE, [[list(places), known[places]] for places in around])
    return tuple(known[places] for places in around)


def _looks(study: Study, best: Places) -> int:
    """How many best sets the sessions out of sample were shown to, this one among them."""
    seen = [tuple(each) for each in study.noted(LOOKS, [])]
    if best not in seen:
        seen.append(best)
        study.note(LOOKS, [list(each) for each in seen])
    return len(seen)


def _found(
    ready: Prepared, sets: list[Tried], best: Tried, neighbours: tuple[float, ...], outcomes: dict[str, Outcome],
    inside: tuple[str, ...], outside: tuple[str, ...], looks: int,
) -> Sweep:  # fmt: skip
    done = [each for each in sets if each.outcome is not None]
    in_force = next((each for each in done if each.places == ready.space.in_force), None)
    if in_force is None or in_force.outcome is None or best.outcome is None:
        raise UsageError(f"The numbers in force could not be tried: {sets[0].why}")
    kept = (ready.part(in_force.outcome, inside), ready.part(outcomes["in-force"], outside))
    return Sweep(
        sharpes=tuple(each.score for each in done),
        failed=len(sets) - len(done),
        best_is_in_force=best.places == ready.space.in_force,
        best=(ready.part(best.outcome, inside), ready.part(outcomes.get("best", outcomes["in-force"]), outside)),
        in_force=kept,
        neighbours=neighbours,
        looks=looks,
        unit=ready.unit,
    )


def keep_journal(folder: Path, outcome: Outcome) -> None:
    """Keep the journal of a look out of sample, for `mesbot why` and `mesbot report`."""
    run_folder(folder)
    write_own(folder / JOURNAL, outcome.journal)
