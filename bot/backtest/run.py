"""One backtest: bars through the whole stack on Nautilus' BacktestEngine, into a journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.config import BacktestRunConfig
from nautilus_trader.model.data import Bar as NautilusBar

from actors.journal import JournalActor
from actors.quality import QualityActor
from bot.backtest.config import run_config, spec_of
from bot.backtest.feed import nautilus_bars
from bot.backtest.idle import ClosedHours, Rest, stretches
from bot.backtest.instrument import mes_contract
from bot.backtest.request import BacktestRequest, BacktestResult
from bot.bars.source import Bars
from bot.contracts import Contracts, load_contracts
from bot.errors import JournalBroken
from bot.journal.folder import JOURNAL
from bot.journal.run_lock import RunLock
from bot.journal.verify import VerifyReport, verify
from bot.risk_engine.controller import RiskController
from bot.runtime.runtime import RuntimeSpec, runtime_of

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def run_backtest(request: BacktestRequest, progress: Progress | None = None, say: Say | None = None) -> BacktestResult:
    """Run the request; the journal is written as it goes, the report is made from it afterwards.

    `say` is told of the bars before, once nothing stands in the way any more: what it says is followed by no mistake of the call.

    Raises UsageError or ContractError, in one sentence, before anything is written; JournalInUse if another run
    writes into the same folder; JournalBroken if the journal to go on with is that of another run.
    """
    contracts = load_contracts(request.contracts, request.strategies)
    bars = request.read(contracts)
    journal = request.out / JOURNAL
    with RunLock(journal):
        held = verify(journal) if request.resume else None
        with BacktestRun(spec_of(request, contracts, bars), bars, request) as run:
            for note in bars.notes if say is not None else ():
                say(note)
            head = run.through(progress)
    return BacktestResult(journal, () if held is None else (_resumed(journal, held, head),))


def run_over(bars: Bars, contracts: Contracts, request: BacktestRequest, progress: Progress | None = None) -> str:
    """Run the request over bars that were read before; returns the journal's head hash. Whoever calls it holds the journal's lock."""
    with BacktestRun(spec_of(request, contracts, bars), bars, request) as run:
        return run.through(progress)


def _resumed(journal: Path, held: VerifyReport, head: str) -> str:
    """What became of a journal that was gone on with. Raises JournalBroken if it goes on beyond the end of this run."""
    now = verify(journal)
    if now.head != head:
        raise JournalBroken(
            f"{journal} goes on beyond the end of this run, which appended nothing to it. "
            f"Resume with all the bars and dates it was made of, or name another folder with --out."
        )
    return f"Resumed: {held.records:,} records were there and came out again as they stand; {now.records - held.records:,} were added."


class BacktestRun:
    """The engine of one backtest, ready to run; `engine` is Nautilus' own, for reports, `risk` and `journal` are its parts.

    It is what a BacktestNode makes of the configuration, but for three things that change no record: bars are
    streamed from memory instead of a catalog, of idle stretches Nautilus sees the last bar alone (bot.backtest.idle), and Nautilus'
    statistics of trades are not kept.
    If the request says so, an existing journal is derived again and compared before anything is appended.
    """

    def __init__(self, spec: RuntimeSpec, bars: Bars, request: BacktestRequest) -> None:
        self._bars = bars
        self._node, self.engine = built(run_config(spec, bars, request))
        runtime = runtime_of(spec)
        self.instrument = mes_contract(runtime.contracts, *bars.span_ns)
        self.engine.add_instrument(self.instrument)
        self.engine.portfolio.analyzer.record_trade = _not_recorded
        self.risk: RiskController = self.engine.kernel._controller
        self.journal: JournalActor = self._part(JournalActor)
        self._quality: QualityActor = self._part(QualityActor)
        self._hours = ClosedHours(runtime.calendar)
        self._rest = Rest(self.engine.trader, self.risk, runtime.contracts)

    def through(self, progress: Progress | None = None) -> str:
        """Run all bars; returns the journal's head hash."""
        total, done = len(self._bars.frame), 0
        for chunk in nautilus_bars(self._bars, self.instrument):
            for bars, closed in stretches(chunk, self._hours):
                self._take(bars, closed)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
        self.engine.end()
        return self.journal.close()

    def _part(self, kind: type[Any]) -> Any:
        return next(actor for actor in self.engine.trader.actors() if isinstance(actor, kind))

    def _take(self, bars: list[NautilusBar], closed: bool) -> None:
        """Bars on one side of a session's edge; of those outside Nautilus sees the last alone while the run rests. The first bar of all
        starts the parts.
        """
        if not self.engine.iteration:
            self._run(bars[:1])
            del bars[:1]
        if closed and bars and self._rest.now():
            self._quality.pass_over(bars[:-1])
            self.risk.rest(bars[-1].ts_init)
            del bars[:-1]
        if bars:
            self._run(bars)

    def _run(self, bars: list[NautilusBar]) -> None:
        self.engine.add_data(bars, validate=False)
        self.engine.run(streaming=True)
        self.engine.clear_data()

    def __enter__(self) -> BacktestRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()


def built(config: BacktestRunConfig) -> tuple[BacktestNode, BacktestEngine]:
    """The engine that Nautilus makes of a configuration, with its node, which must live as long."""
    node = BacktestNode([config])
    node.build()
    return node, node.get_engine(config.id)


def _not_recorded(*_: object) -> None:
    """In place of Nautilus' record_trade, whose cost grows with the square of the trades; the journal has them all."""
