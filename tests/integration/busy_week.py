"""Six seeded synthetic sessions under a law that lets nearly everything trade: days in which something is held at any time."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import pandas as pd
from builders import calendar
from scenarios import EARLY, FREE, RECKLESS
from stage import frame_of, lawbook

from bot.bars.synth import synthetic_bars

SEED, SESSIONS, FIRST = 1, 6, dt.date(2025, 9, 2)


def reckless_law(folder: Path) -> Path:
    """The folder with the contracts, new in `folder`."""
    return lawbook(folder / "contracts", EARLY, FREE, RECKLESS)


@cache
def bars() -> pd.DataFrame:
    """The minutes."""
    return frame_of(synthetic_bars(SEED, SESSIONS, FIRST, calendar()))
