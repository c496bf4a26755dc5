"""What a paper replay is asked for. Plain words and files, no Nautilus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from bot.errors import UsageError


@dataclass(frozen=True)
class PaperRequest:
    """One day replayed through the live node. Raises UsageError, one sentence, if it contradicts itself.

    `bars` None means synthetic sessions from `seed`; `date` is the session to replay (None: the
    last one); earlier bars are history. `speed` is 1 for real time up to infinity; above 1 the
    gateway waits for the node (lockstep), so every speed decides the same.
    """

    out: Path
    bars: Path | None = None
    date: Date | None = None
    speed: float = 60.0
    equity_usd: Decimal = Decimal(10_000)
    stamp: Literal["open", "close"] | None = None
    contracts: Path | None = None
    seed: int = 1
    sessions: int = 25

    def __post_init__(self) -> None:
        if math.isnan(self.speed) or self.speed < 1:
            raise UsageError(f"--speed {self.speed}: must be 1 (real time) or more, or max.")
        if not self.equity_usd.is_finite() or self.equity_usd <= 0:
            raise UsageError(f"--equity {self.equity_usd}: must be an amount of dollars above 0, e.g. 10000.")


@dataclass(frozen=True)
class PaperResult:
    """Where the journal is, its head hash, and what a person should be told, as sentences."""

    journal: Path
    head: str
    notes: tuple[str, ...] = ()
