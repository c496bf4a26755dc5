"""Where a run's bars come from: a file, or seeded synthetic sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pandas as pd

from bot.bars.files import read_bars
from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.contracts.models import SessionContract

SYNTHETIC_START = date(2025, 3, 10)  # a Monday after the change to summer time; nothing hangs on it


@dataclass(frozen=True)
class Bars:
    """Bars of a run: columns ts_ns (close, UTC ns), open, high, low, close (ticks), volume; `label` names their source."""

    frame: pd.DataFrame
    label: str
    notes: tuple[str, ...]

    @property
    def span_ns(self) -> tuple[int, int]:
        """The closes of the first and the last bar, UTC ns."""
        return int(self.frame["ts_ns"].iloc[0]), int(self.frame["ts_ns"].iloc[-1])


def bars_of_file(path: Path, stamp: Literal["open", "close"] | None = None) -> Bars:
    """The bars of a file; `stamp` says what its times name, None reads it from the session's shape. Raises BarsFileError."""
    file = read_bars(path, stamp)
    note = f"Bars: {len(file.bars):,} minutes from {path}; its times name the {file.stamp.value} of a bar ({file.stamp_reason})."
    return Bars(file.bars, path.name, (note,))


def synthetic_sessions(seed: int, sessions: int, session: SessionContract) -> Bars:
    """So many whole synthetic sessions of a seed, from SYNTHETIC_START on the contract's calendar."""
    last = SYNTHETIC_START + timedelta(days=2 * sessions + 14)
    made = synthetic_bars(seed, sessions, SYNTHETIC_START, SessionCalendar(session, SYNTHETIC_START, last))
    label = f"{sessions} synthetic sessions, seed {seed}"
    return Bars(pd.DataFrame(made, columns=["ts_ns", "open", "high", "low", "close", "volume"]), label, (f"Bars: {label}.",))
