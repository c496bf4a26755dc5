"""`mesbot parity`: backtest and live node beside each other, over the same bars or for a day that a live run has journaled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime as DateTime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.around import interrupted_with
from bot.cli.as_json import json_option, print_json
from bot.cli.backtest import refuse_synthetic_options, typed
from bot.cli.file_options import file_options
from bot.cli.said import fitted, folded
from bot.cli.strategies_option import strategies_option
from bot.cli.usd import Usd
from bot.cli.values import Day, Folder, JournalFile, Whole
from bot.errors import MesbotError, UsageError

if TYPE_CHECKING:
    from bot.backtest.request import BacktestRequest
    from bot.proofs.beside import Count

HELP = """
Say whether backtest and live node decide the same, record by record.

The live node replays each day as fast as it can over a socket to the simulated gateway, a new node each day. First under
the backtest's fill rules: then nothing may differ. Then by the gateway's own fills, five seconds at a time: there each
difference is told by its cause (slippage, latency, fill; consequence: a trade that only one decided, for something differed
before) and in dollars.

With --journal a day of a live run is replayed over a file of its bars, and the first difference is named.

\b
Examples:
  mesbot parity                       three synthetic sessions
  mesbot parity --bars bars.csv.gz --days 25
  mesbot parity --journal live.sqlite --bars bars.csv.gz
  mesbot parity --json > parity.json  every count and difference

Exit codes: 0 the same, 1 something differs, 2 it could not be compared. Differences by the gateway's own fills are no failure.
"""
RUNS, REPLAYS = ("days", "no-pieces", "equity", "seed", "sessions"), ("date",)


class NotCompared(MesbotError):
    """Something ended the comparison before there was a verdict; the text says what. Not 1, which would say that something differs."""

    exit_code = 2


@contextmanager
def compared_or_told(out: Path) -> Iterator[Callable[[str], None]]:
    """Takes each step to tell. What fails while this lasts is no verdict; Ctrl-C says which step it ended, and what is kept."""
    steps: list[str] = []

    def say(step: str) -> None:
        click.echo(folded(step), err=True)
        steps.append(step.rstrip("."))

    def stopped() -> str:
        if not steps:
            return "Interrupted before the first step: there is no verdict, and nothing was begun."
        kept = f"the journals so far are in {out}, where the same command begins anew"
        return f"Interrupted in step {len(steps)} ({steps[-1]}): there is no verdict; {kept}."

    try:
        with interrupted_with(stopped):
            yield say
    except MesbotError as error:
        if error.exit_code != 1:
            raise
        raise NotCompared(error.told) from None


@click.command(help=HELP, short_help="Do backtest and live decide the same?")
@click.option("--bars", type=click.Path(path_type=Path), help="File of minutes, or folder of an import; default: synthetic sessions.")
@click.option("--days", type=Whole(1), default=3, show_default=True, help="How many sessions, counted from the last one.")
@click.option("--no-pieces", is_flag=True, help="Leave out the gateway's own fills.")
@click.option("--journal", type=JournalFile(), help="Journal of a live run of which a day is replayed; needs --bars.")
@click.option("--date", type=Day(), metavar="DATE", help="Day of --journal; default: its last.")
@click.option(
    "--equity", type=Usd(), default="10000", show_default=True, help="Account in dollars at the start; with --journal it is there."
)
@click.option("--out", type=Folder(), default="out/parity", show_default=True, help="Folder for the journals.")
@file_options()
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@strategies_option
@click.option("--seed", type=Whole(), default=1, show_default=True, help="Seed of the synthetic sessions and of the gateway's ticks.")
@click.option("--sessions", type=Whole(), default=25, show_default=True, help="How many synthetic sessions.")
@json_option
@click.pass_context
def parity(
    context: click.Context,
    days: int,
    no_pieces: bool,
    journal: Path | None,
    date: DateTime | None,
    equity: Decimal,
    as_json: bool,
    **same: Any,
) -> None:
    """Prints the verdict, then what was compared; exit code 1 if anything differs."""
    refuse_synthetic_options(context, "sessions")
    for name in typed(context, RUNS if journal is not None else REPLAYS):
        remedy = "speaks of runs over bars, and --journal names a day that was live" if journal is not None else "is a day of --journal"
        raise UsageError(f"--{name} {remedy}; leave {'one of the two out' if journal is not None else 'it out, or name the journal'}.")
    if journal is not None and same["bars"] is None:
        raise UsageError(f"--journal {journal}: its day is replayed over bars; name their file with --bars.")

    with compared_or_told(same["out"]):
        from bot.backtest.request import BacktestRequest

        source = BacktestRequest(equity_usd=equity, **same)
    if journal is None:
        _over_bars(context, source, days, pieces=not no_pieces, as_json=as_json)
    else:
        _of_a_day(context, journal, source, date, as_json=as_json)


def _over_bars(context: click.Context, source: BacktestRequest, days: int, *, pieces: bool, as_json: bool) -> None:
    with compared_or_told(source.out) as say:
        from bot.proofs.parity import ParityRequest
        from bot.proofs.parity import parity as compared

        found = compared(ParityRequest(source, days, pieces), say)
    if as_json:
        print_json(found)
    else:
        _say(found.verdict, ("backtest", "live node"), found.beside.counts.values(), [] if found.pieces is None else found.pieces.lines())
        click.echo(f"Journals: {found.out}")
    context.exit(0 if found.same else 1)


def _of_a_day(context: click.Context, journal: Path, source: BacktestRequest, date: DateTime | None, *, as_json: bool) -> None:
    with compared_or_told(source.out) as say:
        from bot.proofs.live_day import NAMES, live_day

        found = live_day(journal, source, None if date is None else date.date(), say)
    if as_json:
        print_json(found)
    else:
        _say(found.verdict, NAMES, found.beside.counts.values(), found.lines())
        click.echo(f"Journals: {found.out}")
    context.exit(0 if found.same else 1)


def _say(verdict: str, names: tuple[str, str], counts: Iterable[Count], lines: list[str]) -> None:
    """The verdict, a table, and what was priced: a sentence and one line each."""
    click.echo(folded(verdict))
    rows = [("", "same", "differ", f"only {names[0]}", f"only {names[1]}")]
    rows += [(each.part, *(f"{number:,}" for number in (each.same, each.apart, each.only_a, each.only_b))) for each in counts]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    click.echo()
    for head, *cells in rows:
        click.echo("  ".join([head.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]).rstrip())
    for number, line in enumerate(lines):
        click.echo(f"\n{folded(line)}" if number == 0 else fitted(line))
