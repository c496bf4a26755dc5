"""What a run of the live node is asked for. Plain words and files, no Nautilus."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from bot.backtest.request import require_equity
from bot.errors import UsageError
from bot.ibkr.link.endpoint import Endpoint


class Mode(StrEnum):
    """OBSERVE: the whole pipeline, every plan shadowed, nothing sent. PAPER and LIVE: orders, on an account of that kind."""

    OBSERVE = "OBSERVE"
    PAPER = "PAPER"
    LIVE = "LIVE"


@dataclass(frozen=True)
class PaperRequest:
    """One day replayed through the live node. Raises UsageError, one sentence, if it contradicts itself.

    `bars` None means synthetic sessions from `seed`; `date` is the session to replay (None: the
    last one); earlier bars are history. `observe` sends nothing. `speed` is 1 for real time up to infinity; above 1 the
    gateway waits for the node (lockstep), so every speed decides the same. `strategies` are folders of strategies beside
    those that ship.
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
    observe: bool = False
    strategies: tuple[Path, ...] = ()
    bars_zone: str | None = None
    format: str | None = None

    def __post_init__(self) -> None:
        if math.isnan(self.speed) or self.speed < 1:
            raise UsageError(f"--speed {self.speed}: must be 1 (real time) or more, or max.")
        require_equity(self.equity_usd)


@dataclass(frozen=True)
class BrokerRequest:
    """A run on a broker's account, until it is stopped. Raises UsageError, one sentence, if it contradicts itself.

    `live_account` says which kind of account it must be; the other kind is refused. `state` is the folder of
    journals. `nightly_restart` is the gateway's own restart, "HH:MM" New York, or "". `zone` is the gateway's time
    zone for stamps that carry none. `confirmed` is what a person typed to trade real money, "" otherwise.
    `lockstep_port` is the side channel of a simulated gateway that waits for this node (0: none); the run ends with its tape.
    `strategies` are folders of strategies beside those that ship.
    """

    endpoint: Endpoint
    mode: Mode
    live_account: bool
    state: Path
    contracts: Path | None = None
    nightly_restart: str = ""
    zone: str = "UTC"
    warm_up_days: int = 40
    start_seconds: int = 90
    confirmed: str = ""
    lockstep_port: int = 0
    strategies: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.mode is not Mode.OBSERVE and self.live_account is not (self.mode is Mode.LIVE):
            kind = "a live" if self.live_account else "a paper"
            raise UsageError(f"trading-mode {self.mode.lower()}: cannot trade {kind} account; use `mesbot {self.mode.lower()}`.")
        if self.lockstep_port and self.live_account:
            raise UsageError("lockstep: only a simulated gateway keeps step, and a live account has none.")
        if self.nightly_restart and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.nightly_restart):
            raise UsageError(f"nightly-restart {self.nightly_restart!r}: must be HH:MM, New York time, or empty.")
        if not 1 <= self.warm_up_days <= 365:
            raise UsageError(f"warm-up-days {self.warm_up_days}: must be between 1 and 365 calendar days.")
        if not 10 <= self.start_seconds <= 600:
            raise UsageError(f"start-seconds {self.start_seconds}: must be between 10 and 600.")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise UsageError(f"zone {self.zone!r}: is no time zone this machine knows, e.g. UTC or America/Chicago.") from None


@dataclass(frozen=True)
class NodeResult:
    """Where the journal is, its head hash, and what a person should be told, as sentences; `killed` if a person's kill ended it."""

    journal: Path
    head: str
    notes: tuple[str, ...] = ()
    killed: str = ""
