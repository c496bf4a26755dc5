"""Where a backtest's bars come from: a file, or seeded synthetic sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from bot.backtest.request import BacktestRequest
from bot.bars.files import read_bars
from bot.calendar import SessionCalendar
from bot.contracts import Contracts
from bot.market.synth import synthetic_bars

SYNTHETIC_START = date(2025, 3, 10)  # a Monday after the change to summer time; nothing hangs on it


@dataclass(frozen=True)
class Bars:
    """Bars of a run: columns ts_ns (close, UTC ns), open, high, low, close (ticks), volume; `label` names their source."""

    frame: pd.DataFrame
    label: str
    notes: tuple[str, ...]


def bars_of(request: BacktestRequest, contracts: Contracts) -> Bars:
    """The bars a request asks for. Raises BarsFileError if its file cannot be used."""
    if request.bars is None:
        last = SYNTHETIC_START + timedelta(days=2 * request.sessions + 14)
        made = synthetic_bars(request.seed, request.sessions, SYNTHETIC_START, SessionCalendar(contracts.session, SYNTHETIC_START, last))
        label = f"{request.sessions} synthetic sessions, seed {request.seed}"
        return Bars(pd.DataFrame(made, columns=["ts_ns", "open", "high", "low", "close", "volume"]), label, (f"Bars: {label}.",))
    file = read_bars(request.bars, request.stamp)
    note = f"Bars: {len(file.bars):,} minutes from {request.bars}; its times name the {file.stamp.value} of a bar ({file.stamp_reason})."
    return Bars(file.bars, request.bars.name, (note,))
