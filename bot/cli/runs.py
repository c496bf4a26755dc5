"""`mesbot runs`, `runs prune`, `report` and `compare`: the runs that an output folder keeps, shown again and beside each other."""

from __future__ import annotations

import os
import shlex
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bot.cli.as_json import json_option, print_json
from bot.cli.journal import JOURNAL_OPTION, find_journal, tell_journal
from bot.cli.said import fitted, folded
from bot.cli.values import Folder, Whole
from bot.errors import JournalError, MesbotError, UsageError
from bot.plural import counted

if TYPE_CHECKING:
    from bot.report.compare import Comparison
    from bot.report.runs import RunLine

HEADINGS = ("run", "started", "trades", "net", "end", "contracts")
NUMBERS = ("trades", "net")
KEEP = 10
OUT = click.option("--out", type=Folder(), default="out", show_default=True, help="Folder that holds the runs.")


def last_anywhere(context: click.Context) -> Path | None:
    """The journal of the last run, which counts as long as no folder of runs is named; None if one is, or none is known."""
    from bot.state_folder import last_journal

    return last_journal() if context.get_parameter_source("out") is ParameterSource.DEFAULT else None


RUNS_HELP = """
List the runs of a folder and of those beneath it, the latest first: it began last, and is what why, report,
journal and compare take where none is named. Without --out the last run counts wherever it was written.

The id in the first column is what `compare` calls a run by: top is the run on top of the folder, a number an earlier
one that is kept under earlier/, a name that of a folder beneath. Runs that are set aside (of a proof, of research,
of a drill) are not listed, nor those of a broker's account, which `status` knows.

\b
Examples:
  mesbot runs
  mesbot runs --out my-runs --json
  mesbot runs prune --keep 3
"""
PRUNE_HELP = """
Remove earlier runs but the newest ones: their journals and reports, for good.

The latest run stays whatever is asked, and so does one that runs, one that cannot be read, and one of a broker's account.
It lists what it would remove and asks; --yes does not ask.

\b
Examples:
  mesbot runs prune
  mesbot runs prune --keep 0 --yes
"""
REPORT_HELP = """
Make the HTML report of a journal again; it says what it said when the run ended, byte for byte.

Only what the report says of itself may differ: the path of the journal if the run was moved beneath earlier/ since.

\b
Examples:
  mesbot report
  mesbot report --open
  mesbot report --journal out/earlier/3/journal.sqlite
"""
COMPARE_HELP = """
Say what differs between two runs: contracts, data, trades, decisions bar by bar with the first that differs, states.

A and B are ids that `runs` lists, folders, or journals. Exit code 0 if nothing differs, 1 if something does, 2 if one
cannot be read.

\b
Examples:
  mesbot compare latest 3
  mesbot compare out/ my-runs/earlier/2/journal.sqlite
  mesbot compare 4 3 --json
"""


@click.group(help=RUNS_HELP, short_help="List the runs of a folder; `prune` removes earlier ones.", invoke_without_command=True)
@OUT
@json_option
@click.pass_context
def runs(context: click.Context, out: Path, as_json: bool) -> None:
    """Prints the list, unless a verb of its own follows, which takes the folder over."""
    context.obj = out
    if context.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError(f"--json goes with the list alone; leave it away before {context.invoked_subcommand}.")
        return
    from bot.journal.folder import unseen_in
    from bot.report.runs import runs_in

    found = runs_in(out, last_anywhere(context))
    for hidden in unseen_in(out):
        click.echo(f"{hidden.filename}: cannot be looked into ({hidden.strerror}); runs beneath it are not listed.", err=True)
    if as_json:
        print_json(found)
    elif found:
        _show(found)
    else:
        click.echo(f"No run in {out}; `mesbot backtest --out {shlex.quote(str(out))}` begins one.")


@runs.command(help=PRUNE_HELP, short_help="Remove earlier runs but the newest ones.")
@click.option("--keep", type=Whole(0), default=KEEP, show_default=True, help="How many of the earlier runs stay.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def prune(out: Path, keep: int, yes: bool) -> None:
    """Asks, removes, and says what is gone and what stayed."""
    from bot.journal.folder import forget
    from bot.report.runs import runs_in

    beyond = [line for line in runs_in(out) if line.id.isdigit()][keep:]
    for line in beyond:
        if why := _why_it_stays(line):
            click.echo(f"{line.id} stays: {why}.")
    going = [line for line in beyond if not _why_it_stays(line)]
    if not going:
        click.echo(f"Nothing to remove in {out}: at most {counted(keep, 'earlier run')} may stay, and no more can go.")
        return
    _show(going)
    gone = counted(len(going), "earlier run")
    if not yes and not click.confirm(f"Remove {gone}, journal and report, for good?"):
        raise MesbotError("Nothing was removed.")
    for line in going:
        if not forget(Path(line.path)):
            click.echo(f"{Path(line.path).parent}: what else is in it stays.")
    click.echo(f"Removed {gone} from {out}.")


def _why_it_stays(line: RunLine) -> str:
    """Why an earlier run must not be removed, a clause; "" if it may."""
    from bot.report.runs import Ended

    if line.end is Ended.RUNNING:
        return "it runs"
    if line.account:
        return "it traded a broker's account"
    return f"what it is cannot be told ({line.trouble.rstrip('.')})" if line.end is Ended.UNREADABLE else ""


def _show(found: list[RunLine]) -> None:
    """Two lines a run, which fit 80 columns whatever its bars are called."""
    rows = [HEADINGS, *map(_row, found)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for line, cells in zip((None, *found), rows, strict=True):
        padded = (
            cell.rjust(width) if head in NUMBERS else cell.ljust(width) for head, cell, width in zip(HEADINGS, cells, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())
        if line is not None:
            click.echo(folded(line.trouble or _what(line), inset=widths[0] + 2))


def _row(line: RunLine) -> tuple[str, ...]:
    from bot.journal.times import new_york
    from bot.report.wording import dollars
    from bot.units import SECOND_NS

    if line.trouble:
        return line.id, "", "", "", line.end, ""
    started = new_york(line.started_ns // (60 * SECOND_NS) * 60 * SECOND_NS) if line.started_ns else ""
    return line.id, started, str(line.trades), dollars(line.net_cents), line.end, line.contracts[:12]


def _what(line: RunLine) -> str:
    days = f", {line.first} to {line.last}" if line.first else ", no bar"
    where = "" if line.id.isdigit() else f"; {os.path.relpath(line.path)}"
    return f"{line.mode}{f' of {line.bars}' if line.bars else ''}{days}{where}"


@click.command(help=REPORT_HELP, short_help="Make the HTML report of a journal again.")
@JOURNAL_OPTION
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report(path: Path | None, show: bool) -> None:
    """Writes it beside the journal and prints where; of a journal that is not whole as well, which is said, and exit code 1."""
    from bot.journal.folder import report_of
    from bot.journal.verify import verify
    from bot.report.html import write_report

    journal = find_journal(path)
    file = report_of(journal)
    write_report(journal, file)
    tell_journal(path, journal)
    click.echo(f"Report:  {file}")
    if show and not webbrowser.open(file.resolve().as_uri()):
        click.echo(f"No browser could be opened; open {file.resolve().as_uri()} yourself.", err=True)
    try:
        verify(journal)
    except JournalError as error:
        raise MesbotError(f"The report shows what the journal holds, and that is not what was written: {error.told}") from None


@click.command(help=COMPARE_HELP, short_help="What differs between two runs, down to the first decision.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@OUT
@json_option
@click.pass_context
def compare(context: click.Context, a: str, b: str, out: Path, as_json: bool) -> None:
    """Prints what is the same and what is not; exit code 1 if anything differs."""
    import msgspec

    from bot.journal.verify import verify
    from bot.report.compare import compare as compared
    from bot.report.runs import find_run

    try:
        last = last_anywhere(context)
        paths = find_run(out, a, last), find_run(out, b, last)
        for path in paths:
            verify(path)  # what somebody has changed is no run to be compared
        found = compared(*paths)
    except JournalError as error:  # 1 would say that they differ
        raise UsageError(error.told) from None
    if as_json:
        print_json({"same": found.same, **msgspec.to_builtins(found)})
    else:
        _say(found)
    if not found.same:
        context.exit(1)


def _say(found: Comparison) -> None:
    click.echo(f"A: {found.a}  head {found.heads[0][:12]}\nB: {found.b}  head {found.heads[1][:12]}\n")
    for part in found.parts:
        first, *more = part.said
        click.echo(fitted(f"{part.name:<10}  {'same' if part.same else 'DIFFER'}: {first}"))
        for line in more:
            click.echo(fitted(f"{'':<14}{line}"))
    click.echo("\nNothing differs." if found.same else f"\nNot the same: {', '.join(part.name for part in found.parts if not part.same)}.")
