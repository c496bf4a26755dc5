"""A small stage for whole runs: contract variants, crafted bars, the real engine, and what the journal says afterwards.

Bars are RTH only. A day is quiet unless a test writes minutes into it, so that one warm-up
day defines every signal (under `atr_norm_min_sessions: 1`).
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pandas as pd
import yaml
from builders import ROOT, new_york_ns
from nautilus_trader.config import SimulationModuleConfig
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy
from plain_journal import plain

from actors.config import JournalActorConfig
from bot.assembly import Assembly, assembled, risk_engine
from bot.backtest import run as backtest
from bot.backtest.request import BacktestRequest
from bot.backtest.venue import PessimisticVenue
from bot.bars.source import Bars
from bot.contracts import load_contracts
from bot.market.bar import Bar
from bot.runtime.runtime import RuntimeSpec
from bot.units import MINUTE_NS

Prices = tuple[int, int, int, int]
BASE = 25_600
WARM_UP_DAY = dt.date(2025, 9, 15)
DAY = dt.date(2025, 9, 16)
FLAT = {  # one warm-up day is enough, and EUC is no obstacle
    "strategies": {"signals.atr_norm_min_sessions": 1, "euc.min_euc_r": -9.0},
}


# ------------------------------------------------------------------ contracts and bars


def lawbook(folder: Path, *changes: dict[str, dict[str, Any]]) -> Path:
    """A copy of contracts/ in `folder`, with values changed: {file: {"dotted.key": value}}; later changes win."""
    shutil.copytree(ROOT / "contracts", folder)
    for name in {name for change in changes for name in change}:
        path = folder / f"{name}.yaml"
        data = yaml.safe_load(path.read_text())
        for change in changes:
            for key, value in change.get(name, {}).items():
                _set(data, key.split("."), value)
        path.write_text(yaml.safe_dump(data))
    load_contracts(folder)  # a variant that breaks a cross-check is a mistake of the test
    return folder


def _set(data: Any, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        data = data[int(key) if isinstance(data, list) else key]
    assert keys[-1] in data, f"{keys[-1]} is no key of the contract"
    data[keys[-1]] = value


def quiet_day(date: dt.date, until: str = "16:00", script: dict[str, Prices | None] | None = None, volume: int = 1_000) -> list[Bar]:
    """Minutes of a session from 09:31 on: 8 ticks wide around BASE, moving nowhere.

    `script` writes (open, high, low, close) as ticks from BASE into the bar of a New York
    time; None leaves the minute out.
    """
    bars, script = [], dict(script or {})
    ts_ns, end = new_york_ns(f"{date} 09:31"), new_york_ns(f"{date} {until}")
    clock = dt.datetime.combine(date, dt.time(9, 31))
    while ts_ns <= end:
        tick = len(bars) % 2
        prices = script.pop(f"{clock:%H:%M}", (tick, 4, -4, 1 - tick))
        if prices is not None:
            bars.append(Bar(ts_ns, *(BASE + price for price in prices), volume + 200 * tick))
        ts_ns, clock = ts_ns + MINUTE_NS, clock + dt.timedelta(minutes=1)
    assert not script, f"minutes outside the day: {sorted(script)}"
    return bars


def frame_of(bars: Iterable[Bar]) -> pd.DataFrame:
    """Bars as a run takes them."""
    return pd.DataFrame(list(bars), columns=["ts_ns", "open", "high", "low", "close", "volume"])


# ------------------------------------------------------------------ runs


class Record(NamedTuple):
    """One journal record."""

    kind: str
    ts_ns: int
    strategy: str | None
    body: dict[str, Any]


class Played(NamedTuple):
    """A finished run: its journal's records, in order, and Nautilus' own reports of orders and positions."""

    records: list[Record]
    orders: list[Any]
    positions: list[Any]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [record.body for record in self.records if record.kind == kind]

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """Outcomes of real trades."""
        return [body for body in self.of("outcome") if not body["shadow"]]

    @property
    def denials(self) -> list[str]:
        """Codes of the risk engine's denials, in order."""
        return [body["reason"].partition(":")[0] for body in self.of("order event") if body["event"] == "Denied"]

    @property
    def kills(self) -> list[tuple[str, str]]:
        """(state, reason) of each step of the kill switch."""
        return [(body["state"], body["reason"]) for body in self.of("kill")]


def spec_of(law: Path, out: Path, learning: bool = True, strategies: tuple[Path, ...] = ()) -> RuntimeSpec:
    contracts = load_contracts(law, strategies)
    out.mkdir(parents=True, exist_ok=True)
    journal = str(out / "journal.sqlite")
    spec = RuntimeSpec(contracts.directory, contracts.sha256, "2025-09-01", "2025-10-31", journal, learning=learning)
    return msgspec.structs.replace(spec, strategies=contracts.strategy_folders)


def play(
    law: Path,
    out: Path,
    bars: Iterable[Bar] | pd.DataFrame,
    equity: int | str = 10_000,
    learning: bool = True,
    before: Callable[[backtest.BacktestRun], None] | None = None,
    decide_from_ns: int = 0,
    observe: bool = False,
    strategies: tuple[Path, ...] = (),
    earlier: tuple[Path, ...] = (),
) -> Played:
    """Run the bars through the whole stack; `before` may add to the engine first, `earlier` are the journals of runs before it."""
    frame = bars if isinstance(bars, pd.DataFrame) else frame_of(bars)
    spec = msgspec.structs.replace(spec_of(law, out, learning, strategies), decide_from_ns=decide_from_ns, observe=observe)
    spec = msgspec.structs.replace(spec, earlier=tuple(map(str, earlier)))
    request = BacktestRequest(out=out, equity_usd=Decimal(equity), learning=learning)
    with backtest.BacktestRun(spec, Bars(frame, "crafted", ()), request) as run:
        if before is not None:
            before(run)
        run.through()
        cache = run.engine.cache
        return Played(read_journal(out / "journal.sqlite"), cache.orders(), cache.positions())


def read_journal(path: Path) -> list[Record]:
    with plain(path) as db:
        rows = db.execute("SELECT kind, ts_ns, strategy, body FROM records ORDER BY seq").fetchall()
    return [Record(kind, ts_ns, strategy, msgspec.json.decode(body)) for kind, ts_ns, strategy, body in rows]


BARE = ("JOURNAL", "QUALITY", "MARKET", "LEARNING")


def bare(journal: JournalActorConfig) -> Assembly:
    """Stands in for bot.assembly.assembled: everything but the library and K1-K5."""
    whole = assembled(journal)
    actors = [actor for actor in whole.actors if actor.config["component_id"] in BARE]
    return Assembly(risk_engine(journal.runtime, journal.bar_type, parts=BARE), actors, [])


class SeenVenue(PessimisticVenue):
    """The venue, where a test can reach the matching engine to make it misbehave."""

    last: SeenVenue

    def __init__(self, config: SimulationModuleConfig) -> None:
        super().__init__(config)
        SeenVenue.last = self

    def cancels(self, order: Order) -> None:
        """The venue cancels an order of its own accord."""
        self.exchange.get_matching_engine(order.instrument_id).cancel_order(order)


def with_strategies(*strategies: Strategy) -> Callable[[backtest.BacktestRun], None]:
    """For `play(before=...)`."""

    def add(run: backtest.BacktestRun) -> None:
        for strategy in strategies:
            run.engine.add_strategy(strategy)

    return add
