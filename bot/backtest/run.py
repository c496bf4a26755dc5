"""One backtest: bars through the whole stack on Nautilus' BacktestEngine, into a journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import PerContractFeeModel
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler

from bot.assembly import assemble
from bot.backtest.instrument import mes_contract, minute_bars
from bot.backtest.request import BacktestRequest, BacktestResult
from bot.backtest.source import Bars, bars_of
from bot.backtest.venue import PessimisticFillModel, PessimisticVenue
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.journal.store import Journal
from bot.runtime import RuntimeSpec, runtime_of
from bot.units import TICK_POINTS

Progress = Callable[[int, int], None]
CHUNK_BARS = 5_000
FLUSH_LINKS = 200
NANOSECONDS_FOREVER = 2**63 - 1


def run_backtest(request: BacktestRequest, progress: Progress | None = None) -> BacktestResult:
    """Run the request; the journal is written as it goes, the report is made from it afterwards.

    Raises UsageError or ContractError, in one sentence, before anything is written.
    """
    contracts = load_contracts(request.contracts)
    bars = bars_of(request, contracts)
    spec = spec_of(request, contracts, bars)
    with BacktestRun(spec, bars, request) as run:
        run.through(progress)
    return BacktestResult(Path(spec.journal_path), bars.notes)


def spec_of(request: BacktestRequest, contracts: Contracts, bars: Bars) -> RuntimeSpec:
    """What every component is told of this run."""
    first = new_york(int(bars.frame["ts_ns"].iloc[0])).date() - timedelta(days=7)
    last = new_york(int(bars.frame["ts_ns"].iloc[-1])).date() + timedelta(days=7)
    calendar = SessionCalendar(contracts.session, first, last)
    request.out.mkdir(parents=True, exist_ok=True)
    return RuntimeSpec(
        contracts_directory=contracts.directory,
        contracts_sha256=contracts.sha256,
        first=first.isoformat(),
        last=last.isoformat(),
        journal_path=str(request.out / "journal.sqlite"),
        decide_from_ns=_start_ns(calendar, request.from_date),
        decide_until_ns=_end_ns(calendar, request.to_date),
        learning=request.learning,
    )


def _start_ns(calendar: SessionCalendar, day: date | None) -> int:
    """The opening of the first session on or after a date."""
    return 0 if day is None else next((s.open_ns for s in calendar.sessions if s.date >= day.isoformat()), NANOSECONDS_FOREVER)


def _end_ns(calendar: SessionCalendar, day: date | None) -> int:
    """One past the close of the last session on or before a date."""
    if day is None:
        return NANOSECONDS_FOREVER
    return next((s.close_ns + 1 for s in reversed(calendar.sessions) if s.date <= day.isoformat()), 0)


class BacktestRun:
    """The engine of one backtest, ready to run; `engine` is Nautilus' own, for reports."""

    def __init__(self, spec: RuntimeSpec, bars: Bars, request: BacktestRequest, resume: bool = False) -> None:
        self._bars = bars
        runtime = runtime_of(spec)
        frame = bars.frame
        self.instrument = mes_contract(runtime.contracts, int(frame["ts_ns"].iloc[0]), int(frame["ts_ns"].iloc[-1]))
        self._bar_type = minute_bars(self.instrument.id)
        self.engine = BacktestEngine(
            BacktestEngineConfig(
                trader_id="MESBOT-001",
                logging=LoggingConfig(bypass_logging=True),
                risk_engine=RiskEngineConfig(bypass=False),
                run_analysis=False,
            )
        )
        self.engine.portfolio.analyzer.add_positions = lambda *_: None
        self._add_venue(runtime.contracts, request)
        header = {
            "bars": bars.label,
            "equity_usd": str(request.equity_usd),
            "learning": spec.learning,
            "directory": spec.contracts_directory,
        }
        self.journal = assemble(
            self.engine.kernel,
            spec,
            self._bar_type,
            lambda: Journal.create(
                spec.journal_path, "backtest", runtime.contracts, header, time.time_ns, resume=resume, flush_every_links=FLUSH_LINKS
            ),
        )

    def _add_venue(self, contracts: Contracts, request: BacktestRequest) -> None:
        model = PessimisticFillModel()
        self.engine.add_venue(
            venue=Venue(self.instrument.id.venue.value),
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=USD,
            starting_balances=[Money(request.equity_usd, USD)],
            fill_model=model,
            fee_model=PerContractFeeModel(Money(contracts.risk_model.fee_per_side_usd, USD)),
            modules=[PessimisticVenue(model)],
            reject_stop_orders=False,
            support_gtd_orders=False,
            bar_adaptive_high_low_ordering=True,
            use_reduce_only=False,
        )
        self.engine.add_instrument(self.instrument)

    def through(self, progress: Progress | None = None) -> str:
        """Run all bars, chunk by chunk; returns the journal's head hash."""
        total = len(self._bars.frame)
        wrangler = BarDataWrangler(self._bar_type, self.instrument)
        for start in range(0, total, CHUNK_BARS):
            chunk = self._bars.frame.iloc[start : start + CHUNK_BARS]
            self.engine.add_data(wrangler.process(_priced(chunk)), validate=False)
            self.engine.run(streaming=True)
            self.engine.clear_data()
            if progress is not None:
                progress(min(start + CHUNK_BARS, total), total)
        self.engine.end()
        return self.journal.close()

    def __enter__(self) -> BacktestRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()


def _priced(chunk: pd.DataFrame) -> pd.DataFrame:
    """Nautilus' wrangler wants prices in points and close stamps as the index."""
    frame = chunk[["open", "high", "low", "close"]] * TICK_POINTS
    frame["volume"] = chunk["volume"].astype(float)
    frame.index = pd.to_datetime(chunk["ts_ns"], utc=True)
    return frame
