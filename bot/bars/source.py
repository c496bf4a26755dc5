"""Where a run's bars come from: a file, or seeded synthetic sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from bot.bars.files import NO_LOADERS, Loaders, Reading, read_bars
from bot.bars.passport import Passport
from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.contracts.models import Contracts, SessionContract
from bot.errors import CalendarError
from bot.plural import counted

SYNTHETIC_START = date(2025, 3, 10)  # a Monday after the change to summer time; nothing hangs on it
EARLIEST = date(1997, 9, 9)  # the S&P 500's E-mini began to trade


@dataclass(frozen=True)
class Bars:
    """Bars of a run: columns ts_ns (close, UTC ns), open, high, low, close (ticks), volume; `label` names their source, `notes` say
    what to know of them; a file has a passport.
    """

    frame: pd.DataFrame
    label: str
    notes: tuple[str, ...]
    passport: Passport | None = None

    @property
    def header(self) -> dict[str, str | list[str]]:
        """What the header of a run says of them."""
        told = {} if self.passport is None else {"passport": self.passport.sha256, "data": self.passport.lines()}
        return {"bars": self.label, **told}

    @property
    def span_ns(self) -> tuple[int, int]:
        """The closes of the first and the last bar, UTC ns."""
        return int(self.frame["ts_ns"].iloc[0]), int(self.frame["ts_ns"].iloc[-1])


def bars_of_file(path: Path, contracts: Contracts, reading: Reading, loaders: Loaders = NO_LOADERS) -> Bars:
    """The bars of a file or an imported folder, read as a person says. Raises BarsFileError if its passport refuses it."""
    file = read_bars(path, contracts, reading, loaders)
    return Bars(file.bars, path.name, tuple(file.passport.lines()), file.passport)


def synthetic_sessions(seed: int, sessions: int, session: SessionContract, first: date = SYNTHETIC_START) -> Bars:
    """So many whole synthetic sessions of a seed, from a date on, by the contract's calendar. Raises CalendarError if it ends before."""
    if first < EARLIEST:
        raise CalendarError(f"Synthetic sessions from {first} were asked for, and there are some from {EARLIEST} on; name a later date.")
    last = first + timedelta(days=2 * sessions + 14)
    made = synthetic_bars(seed, sessions, first, SessionCalendar(session, first, last))
    label = f"{counted(sessions, 'synthetic session')}, seed {seed}"
    return Bars(pd.DataFrame(made, columns=["ts_ns", "open", "high", "low", "close", "volume"]), label, (f"Bars: {label}.",))
