"""What a gateway is asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.calendar import SessionCalendar
from bot.contracts import Contracts
from bot.gateway.lockstep import TIMEOUT_SECONDS
from bot.gateway.minutes import Rules
from bot.market.bar import Bar


@dataclass(frozen=True)
class GatewayConfig:
    """What a gateway is asked to be.

    `bars` are rising close-stamped minutes; those that open in [start_ns, end_ns) are replayed, earlier
    ones are history. `speed` is 1 for real time up to math.inf. `begin`: the clock runs at once, from the
    first market data subscription, or when told (`go` or `step` on the side channel). Port 0 takes a free
    one; `side_port` None means no side channel. `round_trip_seconds` of the wall lie between a request and its answer. `script` is
    lines of `HH:MM[:SS] fault` (New York time), and errors name its lines by `script_name`. With `rules` whole minutes fill
    orders, as in a backtest (bot.gateway.minutes), and `slippage_ticks` and `contracts_a_piece` count for nothing.
    """

    bars: list[Bar]
    start_ns: int
    end_ns: int
    contracts: Contracts
    calendar: SessionCalendar
    seed: int = 1
    speed: float = 1.0
    begin: Literal["at-once", "subscribed", "told"] = "subscribed"
    host: str = "127.0.0.1"
    port: int = 4002
    side_port: int | None = 0
    accounts: tuple[str, ...] = ("DU1234567",)
    cash_usd: float = 10_000.0
    slippage_ticks: int = 1
    contracts_a_piece: int | None = None
    master_client_id: int | None = None
    limit_rate: bool = True
    lockstep_seconds: float = TIMEOUT_SECONDS
    round_trip_seconds: float = 0.0
    frames: Path | None = None
    script: str = ""
    script_name: str = "Script"
    rules: Rules | None = None
