"""The configurations of mesbot's actors: plain data, so that a run can be written down as JSON and made by Nautilus alone."""

from __future__ import annotations

from typing import Literal

from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.data import BarType

from bot.runtime.runtime import RuntimeSpec


class RuntimeActorConfig(ActorConfig, frozen=True):
    """Where the contracts are, and the bars that drive the run."""

    runtime: RuntimeSpec
    bar_type: BarType = BarType.from_str("MES.CME-1-MINUTE-LAST-EXTERNAL")


class JournalActorConfig(RuntimeActorConfig, frozen=True, kw_only=True):
    """How the journal at `runtime.journal_path` is begun, and what the header of the run says.

    `begin`: "fresh" puts the folder's earlier run aside, "resume" re-derives what is stored before it appends (bot.journal.store),
    "append" goes on with the runs that `runtime.earlier` names. `prompt` writes within a moment instead of with the links, which go
    in transactions of `flush_every_links`. `confirmed` is what a person typed to trade real money, at `confirmed_ns` (market time,
    UTC ns); "" otherwise.
    """

    mode: Literal["backtest", "observe", "paper", "live"]
    header: dict[str, str | bool | list[str]]
    begin: Literal["fresh", "resume", "append"] = "fresh"
    prompt: bool = False
    flush_every_links: int = 1
    confirmed: str = ""
    confirmed_ns: int = 0


class LibraryActorConfig(RuntimeActorConfig, frozen=True):
    """With `live` nothing is decided before TOPIC_BEGIN says that warm-up is over."""

    live: bool = False
