"""What a backtest is asked for and what it hands back. Plain words and files, no Nautilus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from bot.backtest.databento import LOADERS
from bot.bars import Reading
from bot.bars.sessions import sessions_with_bars
from bot.bars.source import Bars, bars_of_file, synthetic_sessions
from bot.calendar import SessionCalendar
from bot.contracts.models import Contracts
from bot.errors import UsageError
from bot.journal.folder import JOURNAL

MAX_SESSIONS = 2_000
MAX_EQUITY_USD = 1_000_000_000


def require_equity(usd: Decimal) -> None:
    """Raises UsageError, one sentence, if no account can hold that much at the start."""
    if not usd.is_finite() or not 0 < usd <= MAX_EQUITY_USD or usd != round(usd, 2):
        raise UsageError(
            f"--equity {usd}: must be an amount of dollars above 0 and up to {MAX_EQUITY_USD:,} with at most two decimals, e.g. 10000."
        )


def require_synthetic(seed: int, sessions: int) -> None:
    """Raises UsageError, one sentence, if there are no synthetic sessions of this seed and number."""
    if seed < 0:
        raise UsageError(f"--seed {seed}: must be 0 or more.")
    if not 1 <= sessions <= MAX_SESSIONS:
        raise UsageError(f"--sessions {sessions}: must be from 1 to {MAX_SESSIONS}.")


@dataclass(frozen=True)
class BacktestRequest:
    """One backtest. Raises UsageError, one sentence, if it contradicts itself.

    `bars` None means `sessions` (1..2000) synthetic sessions from `seed` (>= 0).
    `from_date` and `to_date` bound decisions, both included, as CME trading dates; earlier
    bars warm up. `equity_usd` (> 0, whole cents) is the account at the start. `stamp` says
    what the file's times name, `zone` in which they are and `format` what kind of file it is; None reads them from it. `contracts` None
    means ./contracts, else the packaged ones. `learning` False is for study only. `resume`
    goes on with the journal that an interrupted run has left in `out`. `strategies` are folders of
    strategies beside those that ship.
    """

    out: Path
    bars: Path | None = None
    from_date: Date | None = None
    to_date: Date | None = None
    equity_usd: Decimal = Decimal(10_000)
    stamp: Literal["open", "close"] | None = None
    learning: bool = True
    contracts: Path | None = None
    seed: int = 1
    sessions: int = 25
    strategies: tuple[Path, ...] = ()
    resume: bool = False
    zone: str | None = None
    format: str | None = None

    def __post_init__(self) -> None:
        require_equity(self.equity_usd)
        if self.from_date and self.to_date and self.from_date > self.to_date:
            raise UsageError(f"--from {self.from_date} is after --to {self.to_date}; swap them.")
        for option in ("stamp", "zone", "format"):
            if getattr(self, option) and self.bars is None:
                raise UsageError(f"--{option} {getattr(self, option)} speaks of a file's times; name the file with --bars.")
        require_synthetic(self.seed, self.sessions)
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out {self.out}: is a file; name a folder.")
        if self.resume and not (self.out / JOURNAL).exists():
            raise UsageError(f"--resume: there is no {self.out / JOURNAL} to go on with; leave --resume away to begin it.")

    def read(self, contracts: Contracts) -> Bars:
        """The bars asked for. Raises BarsFileError if their file cannot be used."""
        if self.bars is None:
            return synthetic_sessions(self.seed, self.sessions, contracts.session)
        return bars_of_file(self.bars, contracts, Reading(self.stamp, self.zone, self.format), LOADERS)

    def require_sessions(self, bars: Bars, calendar: SessionCalendar) -> None:
        """Raises UsageError, naming the sessions there are, if the dates asked for hold none of them."""
        held = sessions_with_bars(bars.frame["ts_ns"], calendar)
        asked = [day for day in held if (not self.from_date or day >= self.from_date) and (not self.to_date or day <= self.to_date)]
        if asked:
            return
        if not held:
            raise UsageError(f"{bars.label}: no bar of a regular session (09:30 to 16:00 New York); name a file that has some.")
        words = " ".join(f"--{name} {day}" for name, day in (("from", self.from_date), ("to", self.to_date)) if day)
        there = f"there is one, on {held[0]}" if len(held) == 1 else f"there are {len(held)}, from {held[0]} to {held[-1]}"
        raise UsageError(f"{words}: no session of {bars.label} lies there; {there}.")


@dataclass(frozen=True)
class BacktestResult:
    """Where a backtest's journal is, and what a person should be told about the run, as sentences."""

    journal: Path
    notes: tuple[str, ...] = ()
