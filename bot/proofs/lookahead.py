"""Whether anything is known before its time: runs over bars that end at a cut, or are noise after it, decide up to the cut what the whole
run decided.

Cuts lie where it matters: on bars on which each strategy had a plan, then on others; a look at the next bar shows on the cut's own bar
alone. Not found is what code reads past the pipeline, from a file or the network: that is not cut.
"""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from bot.backtest.config import spec_of
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.bars.sessions import sessions_with_bars
from bot.bars.source import Bars
from bot.calendar import Session
from bot.contracts import Contracts, load_contracts
from bot.errors import UsageError
from bot.journal.folder import JOURNAL, aside_folder
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock
from bot.journal.times import new_york
from bot.plural import counted
from bot.proofs.beside import Difference, difference, pairs
from bot.proofs.folders import emptied
from bot.proofs.told import facts
from bot.proofs.warm_up import WarmUp, warm_up
from bot.runtime.runtime import runtime_of

WHOLE, CUT, WARM = "whole", "cut", "warm-up"
TRUNCATED, NOISE = "the bars end", "noise follows"
NAMES = ("whole run", "cut run")
NOISE_TICKS = 6.0  # standard deviation of a minute's change and of its range
Say = Callable[[str], None]


@dataclass(frozen=True)
class LookaheadRequest:
    """`source` is what the backtest is asked for but its dates; the last `days` sessions with bars are decided, and cut at `cuts` bars.

    `seed` chooses the bars and makes the noise. `warm_up` False leaves the table out.
    """

    source: BacktestRequest
    days: int = 3
    cuts: int = 6
    seed: int = 1
    warm_up: bool = True


class Peek(msgspec.Struct, frozen=True):
    """Something that a cut run says otherwise than the whole one, though both had the same bars until then. Times are New York."""

    cut: str
    how: str
    difference: Difference


class Lookahead(msgspec.Struct, frozen=True):
    """What came of it; `same`: nothing was known before its time at any cut. `compared` is how many facts were."""

    same: bool
    verdict: str
    days: list[str]
    bars: str
    cuts: list[str]
    compared: int
    peeks: list[Peek]
    warm_up: WarmUp | None
    out: str


class _Runs:
    """Backtests of one request over other bars."""

    def __init__(self, source: BacktestRequest, contracts: Contracts, dates: Sequence[Date]) -> None:
        self._source, self._contracts = source, contracts
        self._dates = {"from_date": dates[0], "to_date": dates[-1]}

    def over(self, bars: Bars, out: Path, first: Date | None = None) -> Path:
        """The journal of a run over these bars, deciding from `first` on (None: from the first session), in place of an earlier one."""
        shutil.rmtree(out)
        aside_folder(out)
        request = replace(self._source, out=out, **{**self._dates, **({"from_date": first} if first else {})})
        spec = spec_of(request, self._contracts, bars)
        with RunLock(out / JOURNAL), BacktestRun(spec, bars, request) as run:
            run.through()
        return out / JOURNAL


def lookahead(request: LookaheadRequest, say: Say) -> Lookahead:
    """Run the whole, then every cut twice, and compare. Raises UsageError if there are not so many sessions or bars."""
    source = request.source
    contracts = load_contracts(source.contracts, source.strategies)
    bars = source.read(contracts)
    calendar = runtime_of(spec_of(source, contracts, bars)).calendar
    held = set(map(str, sessions_with_bars(bars.frame["ts_ns"], calendar)))
    if request.days > len(held):
        raise UsageError(f"--days {request.days}: {bars.label} holds {counted(len(held), 'session')}; ask for at most as many.")
    known = [each for each in calendar.sessions if each.date in held]
    sessions = known[-request.days :]
    dates = [Date.fromisoformat(each.date) for each in sessions]
    bars = replace(bars, frame=bars.frame[bars.frame["ts_ns"] <= sessions[-1].close_ns])
    emptied(source.out, WHOLE, CUT, WARM)
    runs = _Runs(source, contracts, dates)
    say(f"The whole run: {counted(len(dates), 'session')} of {bars.label}, {dates[0]} to {dates[-1]}.")
    whole = runs.over(bars, source.out / WHOLE)
    cuts = _cuts(whole, request)
    peeks: list[Peek] = []
    compared = 0
    for number, cut_ns in enumerate(cuts, start=1):
        session = next(each for each in sessions if cut_ns <= each.close_ns)
        say(f"Cut {number} of {len(cuts)}, {new_york(cut_ns)}.")
        for how, frame in ((TRUNCATED, _until(bars, cut_ns)), (NOISE, _noise_after(bars, cut_ns, session, request.seed))):
            label = f"{bars.label}, {how} after {new_york(cut_ns)}"
            cut = runs.over(replace(bars, frame=frame, label=label, passport=None), source.out / CUT)
            found, count = _apart(whole, cut, cut_ns)
            compared += count
            peeks += [Peek(new_york(cut_ns), how, each) for each in found]
    table = None
    if request.warm_up:
        table = warm_up(bars, known, lambda some: runs.over(some, source.out / WARM, dates[-1]), say)
    names = [new_york(each) for each in cuts]
    verdict = _verdict(peeks, compared, len(cuts))
    return Lookahead(not peeks, verdict, [str(each) for each in dates], bars.label, names, compared, peeks, table, str(source.out))


def _verdict(peeks: Sequence[Peek], compared: int, cuts: int) -> str:
    if not peeks:
        return f"Nothing was known before its time: {compared:,} facts are the same in {2 * cuts} runs cut at {counted(cuts, 'bar')}."
    names = sorted({each.difference.name for each in peeks})
    first = peeks[0]
    return (
        f"{', '.join(names)} {'says' if len(names) == 1 else 'say'} otherwise when what follows is not there: where {first.how} after "
        f"{first.cut}, {first.difference.sentence(*NAMES)}."
    )


def _apart(whole: Path, cut: Path, cut_ns: int) -> tuple[list[Difference], int]:
    """The differences of the first bar that has any (what follows may only follow from them), and how many facts were compared."""
    found: list[Difference] = []
    count, first_ns = 0, 0
    for pair in pairs(facts([whole], until_ns=cut_ns), facts([cut], until_ns=cut_ns)):
        count += 1
        if not pair.same and first_ns in (0, pair.ts_ns):
            first_ns = pair.ts_ns
            found.append(difference(pair))
    return found, count


def _cuts(whole: Path, request: LookaheadRequest) -> list[int]:
    """Closes of bars (UTC ns, rising): in turn one on which each strategy had a plan, then any."""
    choose = random.Random(request.seed)
    plans: dict[str, list[int]] = defaultdict(list)
    decided: list[int] = []
    with opened(whole) as db:
        for record in read(db, Kind.DECISION):
            if not decided or decided[-1] != record.ts_ns:
                decided.append(record.ts_ns)
            if record.body.get("plan"):
                plans[str(record.strategy)].append(record.ts_ns)
    if request.cuts > len(decided):
        raise UsageError(f"--cuts {request.cuts}: there are {counted(len(decided), 'bar')} to cut at; ask for at most as many.")
    chosen: set[int] = set()
    for bars in (*(plans[name] for name in sorted(plans)), *[decided] * request.cuts):
        free = [ts_ns for ts_ns in bars if ts_ns not in chosen]
        if free and len(chosen) < request.cuts:
            chosen.add(choose.choice(free))
    return sorted(chosen)


def _until(bars: Bars, cut_ns: int) -> pd.DataFrame:
    return bars.frame[bars.frame["ts_ns"] <= cut_ns]


def _noise_after(bars: Bars, cut_ns: int, session: Session, seed: int) -> pd.DataFrame:
    """The bars until the cut, and a seeded walk from its close in place of the rest of the session."""
    frame = bars.frame
    kept, stamps = _until(bars, cut_ns), frame["ts_ns"][(frame["ts_ns"] > cut_ns) & (frame["ts_ns"] <= session.close_ns)].to_numpy()
    if not len(stamps):
        return kept
    draw = np.random.default_rng([seed, cut_ns])
    closes = int(kept["close"].iloc[-1]) + np.cumsum(np.rint(draw.normal(0.0, NOISE_TICKS, len(stamps))).astype(int))
    opens = np.concatenate(([int(kept["close"].iloc[-1])], closes[:-1]))
    wicks = np.rint(np.abs(draw.normal(0.0, NOISE_TICKS, (2, len(stamps))))).astype(int)
    high, low = np.maximum(opens, closes) + wicks[0], np.maximum(np.minimum(opens, closes) - wicks[1], 1)
    noise = pd.DataFrame(
        {"ts_ns": stamps, "open": opens, "high": high, "low": low, "close": closes, "volume": draw.integers(1, 5_000, len(stamps))}
    )
    return pd.concat([kept, noise.astype(kept.dtypes)], ignore_index=True)
