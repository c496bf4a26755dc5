"""One backtest: bars through the whole stack on Nautilus' BacktestEngine, into a journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel, PerContractFeeModel
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar as NautilusBar
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler

from bot.assembly import assemble
from bot.backtest.instrument import mes_contract, minute_bars
from bot.backtest.request import BacktestRequest, BacktestResult
from bot.backtest.venue import PessimisticFillModel, PessimisticVenue
from bot.bars.source import Bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.errors import JournalBroken
from bot.journal.folder import JOURNAL, fresh_journal
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import VerifyReport, verify
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.units import to_points

Progress = Callable[[int, int], None]
CHUNK_BARS = 5_000
FLUSH_LINKS = 200
NANOSECONDS_FOREVER = 2**63 - 1


def run_backtest(request: BacktestRequest, progress: Progress | None = None) -> BacktestResult:
    """Run the request; the journal is written as it goes, the report is made from it afterwards.

    Raises UsageError or ContractError, in one sentence, before anything is written; JournalInUse if another run
    writes into the same folder; JournalBroken if the journal to go on with is that of another run.
    """
    contracts = load_contracts(request.contracts, request.strategies)
    bars = request.read(contracts.session)
    journal = request.out / JOURNAL
    with RunLock(journal):
        held = verify(journal) if request.resume else None
        if held is None:
            fresh_journal(request.out)
        spec = spec_of(request, contracts, bars)
        with BacktestRun(spec, bars, request) as run:
            head = run.through(progress)
    return BacktestResult(journal, bars.notes if held is None else (*bars.notes, _resumed(journal, held, head)))


def _resumed(journal: Path, held: VerifyReport, head: str) -> str:
    """What became of a journal that was gone on with. Raises JournalBroken if it goes on beyond the end of this run."""
    now = verify(journal)
    if now.head != head:
        raise JournalBroken(
            f"{journal} goes on beyond the end of this run, which appended nothing to it. "
            f"Resume with all the bars and dates it was made of, or name another folder with --out."
        )
    return f"Resumed: {held.records:,} records were there and came out again as they stand; {now.records - held.records:,} were added."


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
        journal_path=str(request.out / JOURNAL),
        decide_from_ns=_start_ns(calendar, request.from_date),
        decide_until_ns=_end_ns(calendar, request.to_date),
        learning=request.learning,
        strategies=contracts.strategy_folders,
    )


def _start_ns(calendar: SessionCalendar, day: date | None) -> int:
    """The opening of the first session on or after a date."""
    return 0 if day is None else next((s.open_ns for s in calendar.sessions if s.date >= day.isoformat()), NANOSECONDS_FOREVER)


def _end_ns(calendar: SessionCalendar, day: date | None) -> int:
    """One past the close of the last session on or before a date."""
    if day is None:
        return NANOSECONDS_FOREVER
    return next((s.close_ns + 1 for s in reversed(calendar.sessions) if s.date <= day.isoformat()), 0)


def new_engine() -> BacktestEngine:
    """Nautilus' engine with the settings of every backtest: nothing logged, no statistics (they are quadratic in trades)."""
    config = BacktestEngineConfig(
        trader_id="MESBOT-001",
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=False),
        run_analysis=False,
    )
    engine = BacktestEngine(config)
    engine.portfolio.analyzer.record_trade = _not_recorded
    return engine


def _not_recorded(*_: object) -> None:
    """In place of Nautilus' record_trade, whose cost grows with the square of the trades; the journal has them all."""


def add_venue(engine: BacktestEngine, contracts: Contracts, bars: Bars, equity_usd: Decimal, *, stock: bool = False) -> FuturesContract:
    """The venue under the one fill rule, and MES on it; `stock` leaves Nautilus' own fill rule in force (for the benchmark)."""
    stamps = bars.frame["ts_ns"]
    instrument = mes_contract(contracts, int(stamps.iloc[0]), int(stamps.iloc[-1]))
    model = FillModel() if stock else PessimisticFillModel()
    engine.add_venue(
        venue=Venue(instrument.id.venue.value),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[Money(equity_usd, USD)],
        fill_model=model,
        fee_model=PerContractFeeModel(Money(contracts.risk_model.fee_per_side_usd, USD)),
        modules=[] if stock else [PessimisticVenue(model)],
        reject_stop_orders=False,
        support_gtd_orders=False,
        bar_adaptive_high_low_ordering=True,
        use_reduce_only=False,
    )
    engine.add_instrument(instrument)
    return instrument


def nautilus_bars(bars: Bars, instrument: FuturesContract) -> Iterator[list[NautilusBar]]:
    """The bars as Nautilus takes them, a chunk at a time so that memory does not grow with their number."""
    wrangler = BarDataWrangler(minute_bars(instrument.id), instrument)
    for start in range(0, len(bars.frame), CHUNK_BARS):
        yield wrangler.process(_priced(bars.frame.iloc[start : start + CHUNK_BARS]))


class BacktestRun:
    """The engine of one backtest, ready to run; `engine` is Nautilus' own, for reports.

    If the request says so, an existing journal is derived again and compared before anything is appended.
    `journal_type` is Journal or a subclass that also measures.
    """

    def __init__(self, spec: RuntimeSpec, bars: Bars, request: BacktestRequest, *, journal_type: type[Journal] = Journal) -> None:
        self._bars = bars
        contracts = runtime_of(spec).contracts
        self.engine = new_engine()
        self.instrument = add_venue(self.engine, contracts, bars, request.equity_usd)
        header = {
            "bars": bars.label,
            "equity_usd": str(request.equity_usd),
            "learning": spec.learning,
            "directory": spec.contracts_directory,
            **({"strategies": list(spec.strategies)} if spec.strategies else {}),
        }

        def open_journal() -> Journal:
            return journal_type.create(
                spec.journal_path, "backtest", contracts, header, time.time_ns, resume=request.resume, flush_every_links=FLUSH_LINKS
            )

        self.journal = assemble(self.engine.kernel, spec, minute_bars(self.instrument.id), open_journal).journal

    def through(self, progress: Progress | None = None) -> str:
        """Run all bars; returns the journal's head hash."""
        total, done = len(self._bars.frame), 0
        for chunk in nautilus_bars(self._bars, self.instrument):
            self.engine.add_data(chunk, validate=False)
            self.engine.run(streaming=True)
            self.engine.clear_data()
            done += len(chunk)
            if progress is not None:
                progress(done, total)
        self.engine.end()
        return self.journal.close()

    def __enter__(self) -> BacktestRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()


def _priced(chunk: pd.DataFrame) -> pd.DataFrame:
    """Nautilus' wrangler wants prices in points and close stamps as the index."""
    frame = to_points(chunk[["open", "high", "low", "close"]])
    frame["volume"] = chunk["volume"].astype(float)
    frame.index = pd.to_datetime(chunk["ts_ns"], utc=True)
    return frame
