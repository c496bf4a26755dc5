"""A walk-forward: choose on some sessions, look at the next ones, go on by as many; what all the looks come to together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bot.errors import UsageError
from bot.journal.folder import aside_folder
from bot.journal.run_lock import RunLock
from bot.report.baseline import share_below
from bot.research.findings import Fold, walk_verdict
from bot.research.pool import Pool
from bot.research.report import walk_facts, walk_lines, write_report
from bot.research.request import WalkRequest
from bot.research.search import STORAGE, Prepared, Progress, best_of, looked_at, prepared, searched
from bot.research.significance import deflated_sharpe_ratio
from bot.research.study import storage_told
from bot.research.sweep import keep_journal
from bot.research.trial import Outcome, shared_of

Windows = list[tuple[tuple[str, ...], tuple[str, ...]]]


def walk_forward(request: WalkRequest, progress: Progress, say: Callable[[str], None]) -> tuple[dict[str, Any], list[str]]:
    """Run or go on with a walk-forward; its facts for a program, and its report in lines for a person. Both are in its folder, too.

    Raises UsageError, ContractError or MesbotError, one sentence each.
    """
    ready = prepared(request)
    steps = windows(ready.sessions, request.train, request.test)
    aside_folder(request.folder)
    folds, chosen = [], []
    with (
        RunLock(request.folder / STORAGE),
        storage_told(),
        Pool(shared_of(ready.contracts, ready.bars), request.ray, request.workers) as pool,
    ):
        for told in (*ready.bars.notes, pool.told):
            say(told)
        for number, (inside, outside) in enumerate(steps, 1):
            before, whole = (number - 1) * ready.total, len(steps) * ready.total
            fold, looked = _fold(
                ready, pool, number, inside, outside, lambda done, _, before=before, whole=whole: progress(before + done, whole)
            )
            folds.append(fold)
            chosen.append(looked)
    below = _below_together(chosen)
    facts = walk_facts(ready, folds, below, walk_verdict(folds, below))
    lines = walk_lines(facts)
    write_report(request.folder, "walk-forward", facts, lines)
    return facts, lines


def windows(sessions: tuple[str, ...], train: int, test: int) -> Windows:
    """The steps: `train` sessions to choose on and the next `test` to look at, each look once. Raises UsageError if there is none."""
    starts = range(0, len(sessions) - train - test + 1, test)
    if not starts:
        raise UsageError(
            f"--train {train} and --test {test} need {train + test} sessions, and there are {len(sessions)}, "
            f"from {sessions[0]} to {sessions[-1]}; ask for fewer, or name more bars."
        )
    return [(sessions[at : at + train], sessions[at + train : at + train + test]) for at in starts]


def _fold(
    ready: Prepared, pool: Pool, number: int, inside: tuple[str, ...], outside: tuple[str, ...], progress: Progress
) -> tuple[Fold, Outcome]:
    study = ready.study(f"{ready.request.study}.{number}", inside)
    sets = searched(ready, study, pool, inside, progress)
    best, done = best_of(sets), [each for each in sets if each.outcome is not None]
    in_force = next((each for each in done if each.places == ready.space.in_force), None)
    if in_force is None:
        raise UsageError(f"The numbers in force could not be tried: {sets[0].why}")
    looked = looked_at(pool, {each.places: ready.job(each.places, outside, journal=True) for each in (in_force, best)})
    keep_journal(ready.request.folder / f"step-{number}", looked[best.places])
    results = ready.results(best.outcome)
    fold = Fold(
        numbers=ready.space.numbers(best.places),
        tried=len(done),
        deflated=deflated_sharpe_ratio(results, [each.score for each in done]),
        chosen=(ready.part(best.outcome, inside), ready.part(looked[best.places], outside)),
        in_force=(ready.part(in_force.outcome, inside), ready.part(looked[in_force.places], outside)),
    )
    return fold, looked[best.places]


def _below_together(looked: list[Outcome]) -> float:
    """Share of random entries below all looks together, a draw being the sum of the steps' draws; nan if no step traded."""
    drawn = [each for each in looked if each.random_cents]
    if not drawn:
        return float("nan")
    net_cents = sum(round(100 * net) for each in drawn for net in each.net_usd)
    return share_below(net_cents, np.sum([each.random_cents for each in drawn], axis=0))
