"""A backtest as Nautilus' BacktestRunConfig: what `mesbot backtest` runs, and what a notebook gives to a plain BacktestNode."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from nautilus_trader.backtest.models import PerContractFeeModel
from nautilus_trader.config import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestRunConfig,
    BacktestVenueConfig,
    FillModelConfig,
    ImportableActorConfig,
    ImportableFeeModelConfig,
    ImportableFillModelConfig,
    LoggingConfig,
    PerContractFeeModelConfig,
    RiskEngineConfig,
)
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money

from actors.config import JournalActorConfig
from actors.journal import JournalActor
from bot.assembly import assembled
from bot.backtest.catalog import write_catalog
from bot.backtest.feed import CHUNK_BARS
from bot.backtest.instrument import mes_contract, minute_bars
from bot.backtest.request import BacktestRequest
from bot.backtest.venue import PessimisticFillModel, PessimisticVenue, PessimisticVenueConfig
from bot.bars.source import Bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.journal.folder import JOURNAL
from bot.own_files import run_folder
from bot.runtime.runtime import RuntimeSpec, runtime_of

FLUSH_LINKS = 200
NANOSECONDS_FOREVER = 2**63 - 1
CATALOG = "catalog"
MINUTES = "1-MINUTE-LAST"


def backtest_config(request: BacktestRequest, catalog: Path | None = None) -> BacktestRunConfig:
    """The whole run as plain data; its bars are written into a catalog folder (None: `catalog` in the folder of the run).

    Nothing else is written before it runs. Raises UsageError or ContractError, in one sentence.
    """
    contracts = load_contracts(request.contracts, request.strategies)
    bars = request.read(contracts)
    folder = (request.out / CATALOG if catalog is None else catalog).resolve()
    instrument = mes_contract(contracts, *bars.span_ns)
    write_catalog(folder, bars, instrument)
    data = BacktestDataConfig(
        catalog_path=str(folder),
        data_cls=Bar.fully_qualified_name(),
        instrument_id=instrument.id,
        bar_spec=MINUTES,
    )
    return run_config(spec_of(request, contracts, bars), bars, request, data=[data])


def run_config(
    spec: RuntimeSpec,
    bars: Bars,
    request: BacktestRequest,
    *,
    data: list[BacktestDataConfig] | None = None,
) -> BacktestRunConfig:
    """Engine and venue of a run; without `data` whoever runs it adds the bars."""
    contracts = runtime_of(spec).contracts
    header = {
        **bars.header,
        "equity_usd": str(request.equity_usd),
        "learning": spec.learning,
        "directory": spec.contracts_directory,
        **({"strategies": list(spec.strategies)} if spec.strategies else {}),
    }
    journal = JournalActorConfig(
        component_id=JournalActor.part,
        runtime=spec,
        bar_type=minute_bars(InstrumentId.from_str(contracts.constitution.instrument.id)),
        mode="backtest",
        header=header,
        begin="resume" if request.resume else "fresh",
        flush_every_links=FLUSH_LINKS,
    )
    engine = BacktestEngineConfig(
        trader_id="MESBOT-001",
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=False),
        run_analysis=False,  # its cost grows with the square of the trades
        **assembled(journal)._asdict(),
    )
    return BacktestRunConfig(
        engine=engine, venues=[venue_config(spec, request.equity_usd)], data=data or [], chunk_size=CHUNK_BARS, raise_exception=True
    )


def venue_config(spec: RuntimeSpec, equity_usd: Decimal) -> BacktestVenueConfig:
    """The venue of a run, under the one fill rule."""
    contracts, module = runtime_of(spec).contracts, PessimisticVenueConfig(runtime=spec)
    fee = PerContractFeeModelConfig(commission=str(Money(contracts.risk_model.fee_per_side_usd, USD)))
    return BacktestVenueConfig(
        name=InstrumentId.from_str(contracts.constitution.instrument.id).venue.value,
        oms_type="NETTING",
        account_type="MARGIN",
        base_currency=USD.code,
        starting_balances=[str(Money(equity_usd, USD))],
        fill_model=ImportableFillModelConfig(
            fill_model_path=_path(PessimisticFillModel), config_path=FillModelConfig.fully_qualified_name(), config={}
        ),
        fee_model=ImportableFeeModelConfig(
            fee_model_path=_path(PerContractFeeModel), config_path=fee.fully_qualified_name(), config=fee.json_primitives()
        ),
        modules=[
            ImportableActorConfig(
                actor_path=_path(PessimisticVenue), config_path=module.fully_qualified_name(), config=module.json_primitives()
            )
        ],
        reject_stop_orders=False,
        support_gtd_orders=False,
        bar_adaptive_high_low_ordering=True,
        use_reduce_only=False,
    )


def _path(named: type) -> str:
    return f"{named.__module__}:{named.__qualname__}"


def spec_of(request: BacktestRequest, contracts: Contracts, bars: Bars) -> RuntimeSpec:
    """What every component is told of this run."""
    first_ns, last_ns = bars.span_ns
    first, last = new_york(first_ns).date() - timedelta(days=7), new_york(last_ns).date() + timedelta(days=7)
    calendar = SessionCalendar(contracts.session, first, last)
    request.require_sessions(bars, calendar)
    run_folder(request.out)
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
