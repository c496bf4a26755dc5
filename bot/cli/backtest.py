"""`mesbot backtest`: bars in, report out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime as DateTime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from bot.cli.around import interrupted_with
from bot.cli.as_json import json_option, print_json
from bot.cli.called import as_called
from bot.cli.file_options import file_options
from bot.cli.said import Saying, folded, say
from bot.cli.strategies_option import strategies_option
from bot.cli.usd import Usd, equity_sentences
from bot.cli.values import Day, Folder, OneOf, Whole
from bot.errors import UsageError
from bot.plural import counted

if TYPE_CHECKING:
    from rich.console import Console

    from bot.backtest.request import BacktestRequest


HELP = """
Trade every strategy under contract over one-minute bars, and write journal and report.

\b
Examples:
  mesbot backtest
  mesbot backtest --bars bars.csv --from 2025-09-15 --equity 10000
  mesbot backtest --strategies mine/         strategies of your own
  mesbot backtest --bars bars.parquet --stamp close --learning off
  mesbot backtest --bars bars.csv --resume   go on, if interrupted
  mesbot backtest --json > run.json          each number, in JSON
"""
RESUME = """Go on with the interrupted run whose journal is in --out: it is derived again from the first bar and compared with
what is stored, and goes on where that ends. Other bars, options, contracts or another program are refused."""


@click.command(help=HELP, short_help="Bars in, report out.")
@click.option("--bars", type=click.Path(path_type=Path), help="File of minutes, or folder of an import; default: synthetic sessions.")
@click.option("--from", "from_date", type=Day(), metavar="DATE", help="First trading day to decide on; earlier bars warm up.")
@click.option("--to", "to_date", type=Day(), metavar="DATE", help="Last trading day to decide on.")
@click.option("--equity", type=Usd(), default="10000", show_default=True, help="Account in dollars at the start; sets the tier.")
@click.option("--out", type=Folder(), default="out", show_default=True, help="Folder for journal and report.")
@file_options()
@click.option("--learning", type=OneOf(["on", "off"]), default="on", show_default=True, help="off is for study only.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@strategies_option
@click.option("--seed", type=Whole(), default=1, show_default=True, help="Seed of the synthetic sessions.")
@click.option("--sessions", type=Whole(), default=25, show_default=True, help="How many synthetic sessions.")
@click.option("--resume", is_flag=True, help=RESUME)
@click.option("--no-report", is_flag=True, help="Leave out the HTML report.")
@json_option
@click.pass_context
def backtest(context: click.Context, no_report: bool, as_json: bool, **asked: Any) -> None:
    """Runs one backtest and shows what came of it."""
    from rich.console import Console

    from bot.contracts import load_contracts
    from bot.contracts.doubts import doubts
    from bot.decision.limits import Limits

    refuse_synthetic_options(context, "seed", "sessions")
    request = request_of(**asked)
    in_force = load_contracts(request.contracts, request.strategies)  # a broken contract ends it here, before anything is written
    console = Console(stderr=as_json)

    def tell(sentence: str) -> None:  # by the console, which knows of the bar that it draws
        console.print(folded(sentence), highlight=False, markup=False, soft_wrap=True)

    def begin() -> None:
        console.print(f"Contracts: {in_force.directory} ({in_force.sha256[:12]})", highlight=False, markup=False, soft_wrap=True)
        for sentence in (*equity_sentences(request.equity_usd, Limits.of(in_force)), *doubts(in_force)):
            tell(sentence)

    with _progress_bar(console) as progress, _interrupted_at(request, progress):
        from bot.backtest.run import run_backtest

        result = run_backtest(request, progress, Saying(begin, tell))
    say(result.notes, err=as_json)
    if as_json:
        print_json(facts_of_run(result.journal, report=not no_report))
    else:
        show_run(result.journal, console, report=not no_report)
    remember(result.journal, in_force, err=as_json)


def refuse_synthetic_options(context: click.Context, *names: str) -> None:
    """What speaks of synthetic sessions alone must not be passed over where a file of bars is named."""
    for name in typed(context, names) if context.params["bars"] is not None else ():
        given = context.params[name]
        raise UsageError(f"--{name} {given} speaks of synthetic sessions, and --bars names a file; leave one of the two out.")


def typed(context: click.Context, names: Iterable[str]) -> list[str]:
    """Those of the options that stand on the command line."""
    return [name for name in names if context.get_parameter_source(name.replace("-", "_")) is click.core.ParameterSource.COMMANDLINE]


def request_of(
    from_date: DateTime | None, to_date: DateTime | None, equity: Decimal, learning: Literal["on", "off"], **same: Any
) -> BacktestRequest:
    """The run that the command's options ask for; `same` are those that the request calls by the same names."""
    from bot.backtest.request import BacktestRequest

    return BacktestRequest(
        from_date=from_date.date() if from_date else None,
        to_date=to_date.date() if to_date else None,
        equity_usd=equity,
        learning=learning == "on",
        **same,
    )


def show_run(journal: Path, console: Console, *, report: bool) -> None:
    """Prints the summary of a run and, if wanted, writes its report beside the journal."""
    from bot.journal.folder import journals_in
    from bot.report.terminal import print_summary

    print_summary(journal, console, as_called)
    if report:
        console.print(f"Report:  {_write_report(journal)}", highlight=False, soft_wrap=True)
    earlier = sum(id.isdigit() for id in journals_in(journal.parent))
    beneath = f" (and {earlier} earlier: {_lists(journal.parent)})" if earlier > 0 else ""
    console.print(f"Journal: {journal}{beneath}", highlight=False, soft_wrap=True)


def _lists(folder: Path) -> str:
    """The command that lists the runs of a folder, as it is typed here: those of ./out and beneath are listed unasked."""
    listed = folder.resolve().is_relative_to(Path("out").resolve())
    return "mesbot runs" if listed else f"mesbot runs --out {shlex.quote(str(folder))}"


def facts_of_run(journal: Path, *, report: bool) -> dict[str, Any]:
    """The same for a program: what `show_run` shows, and every number."""
    from bot.report.facts import facts_of
    from bot.report.summary import Summary

    return {**facts_of(Summary.from_journal(journal)), "report": str(_write_report(journal)) if report else None}


def _write_report(journal: Path) -> Path:
    from bot.journal.folder import report_of
    from bot.report.html import write_report

    path = report_of(journal)
    write_report(journal, path)
    return path


def remember(journal: Path, contracts: Any, *, err: bool = False) -> None:
    """Notes the run for `why` and `contracts`, and says if they would ask another; that it cannot be noted is no failure of the run."""
    from bot.cli.journal import newest_journal
    from bot.errors import MesbotError, NotOurs, UsageError
    from bot.state_folder import remember_run

    try:
        remember_run(journal, contracts)
    except MesbotError as error:  # the run itself is done and whole
        click.echo(f"Note: {error}", err=True)
        if isinstance(error, NotOurs | UsageError):  # what was noted before cannot be read either
            return
    default = newest_journal()
    if default is None or default.resolve() != journal.resolve():
        other = default or "none"
        click.echo(
            f"`mesbot why` and `mesbot journal` ask {other} unless this one is named: --journal {shlex.quote(str(journal))}", err=err
        )


class BarsDone:
    """How many of a run's bars are done, shown by `show`."""

    def __init__(self, show: Callable[[int, int], None]) -> None:
        self._show, self.done, self.total = show, 0, 0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self._show(done, total)


@contextmanager
def _interrupted_at(request: BacktestRequest, progress: BarsDone) -> Iterator[None]:
    """Ctrl-C says how far the run came, and how it goes on."""
    from bot.journal.folder import JOURNAL

    def stopped() -> str:
        if not progress.done:
            return "Interrupted before the first bars were through: nothing of the run is kept."
        kept = f"{request.out / JOURNAL} holds the run so far, and the same command with --resume goes on with it"
        return f"Interrupted after {progress.done:,} of {counted(progress.total, 'bar')}: {kept}."

    with interrupted_with(stopped):
        yield


@contextmanager
def _progress_bar(console: Console) -> Iterator[BarsDone]:
    """A bar on the terminal, gone when done; silent where there is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Backtest"), BarColumn(), MofNCompleteColumn(), TextColumn("bars"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("bars", total=None)

        yield BarsDone(lambda done, total: bar.update(task, completed=done, total=total))
