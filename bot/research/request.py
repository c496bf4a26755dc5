"""What research is asked for. Plain words and files; nothing of Ray or Optuna."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Literal

from bot.backtest.request import BacktestRequest
from bot.errors import UsageError

MOST_SETS, MOST_BATCH = 100_000, 10_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
Objective = Literal["net", "plans"]


@dataclass(frozen=True)
class ResearchRequest:
    """One study. Raises UsageError, one sentence, if it contradicts itself.

    `run` says over which bars and under which contracts; its `out` is the folder in which the study has one of its own. `names` are the
    parameters to try, none: all that have bounds. `trials` is how many sets of numbers, that in force among them. `objective` says what a
    set is judged by: "net", the book's net a session, or "plans", the R of all plans of the strategies whose numbers are tried. `storage`
    None is a SQLite file in the study's folder. `ray` is the address of a cluster, else `workers` run here (None: one a processor).
    """

    run: BacktestRequest
    study: str
    names: tuple[str, ...] = ()
    trials: int = 40
    batch: int = 8
    search_seed: int = 1
    objective: Objective = "net"
    storage: str | None = None
    resume: bool = False
    ray: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.study):
            raise UsageError(f"--study {self.study!r}: must be letters, digits, - and _, at most 60.")
        if not 2 <= self.trials <= MOST_SETS:
            raise UsageError(f"--trials {self.trials}: must be from 2 to {MOST_SETS}, the set in force among them.")
        if not 1 <= self.batch <= MOST_BATCH:
            raise UsageError(f"--batch {self.batch}: must be from 1 to {MOST_BATCH}.")
        if self.search_seed < 0:
            raise UsageError(f"--search-seed {self.search_seed}: must be 0 or more.")
        if self.ray is not None and self.workers is not None:
            raise UsageError(f"--workers {self.workers} speaks of this machine, and --ray names a cluster; leave one of the two out.")

    @property
    def folder(self) -> Path:
        """The study's own folder."""
        return self.run.out / self.study


@dataclass(frozen=True)
class SweepRequest(ResearchRequest):
    """A sweep. `split` is the first day out of sample; None: after two thirds of the sessions."""

    split: Date | None = None


@dataclass(frozen=True)
class WalkRequest(ResearchRequest):
    """A walk-forward: choose on `train` sessions, look at the next `test`, go on by as many."""

    train: int = 10
    test: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        for option, least in (("train", 2), ("test", 1)):
            if getattr(self, option) < least:
                raise UsageError(f"--{option} {getattr(self, option)}: must be {least} or more sessions.")
