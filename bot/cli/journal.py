"""`mesbot journal`: is the record whole, its tables as files, and copies of it; and which journal a verb reads."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.said import say
from bot.cli.values import Folder, JournalFile, OneOf
from bot.errors import JournalError, UsageError
from bot.plural import counted

JOURNAL_OPTION = click.option(
    "--journal",
    "path",
    type=JournalFile(),
    help="The journal file; default: that of the latest run, which `mesbot runs` lists first.",
)
GROUP_HELP = """
Check a journal, write its tables as files, or back up the state folder.

\b
Examples:
  mesbot journal verify
  mesbot journal backup --to backups/2025-10-02
  mesbot journal export --format parquet --out tables/
"""
VERIFY_HELP = """
Recompute the hash chain; print the head hash, which is the identity of the run.

\b
Examples:
  mesbot journal verify
  mesbot journal verify --journal out/journal.sqlite --json
"""
EXPORT_HELP = """
Write trades, daily results, decisions, bars, skip reasons and states as CSV or Parquet; with --bodies
also every record whole, its body as JSON.

\b
Examples:
  mesbot journal export
  mesbot journal export --format parquet --out tables/
  mesbot journal export --format parquet --bodies
"""
BACKUP_HELP = """
Copy the journals of the state folder, each with its latch, and what lies beside them, while the bot runs. Each copy is of one
moment and verified. The folder is a state folder itself: to restore, stop the bot and copy it to the place of the old one.

\b
Examples:
  mesbot journal backup --to backups/2025-10-02
  MESBOT_HOME=backups/2025-10-02 mesbot status
"""


def find_journal(path: Path | None) -> Path:
    """The journal to read: the one named, else that of the latest run, which `tell_journal` then tells.

    Raises UsageError if the one named cannot be read, or none is named and none is found.
    """
    if path is not None:
        _require_readable(path)
        return path
    journal = newest_journal()
    if journal is None:
        raise UsageError("No journal in ./out and no earlier run is known; name one with --journal FILE or run `mesbot backtest`.")
    return journal


def tell_journal(named: Path | None, journal: Path, *, err: bool = False) -> None:
    """Say which journal was read if none was named. Called when it is read, so that a mistake has nothing above it."""
    if named is None:
        click.echo(f"Journal: {journal}", err=err)


def _require_readable(path: Path) -> None:
    from bot.journal.connect import no_journal
    from bot.journal.read import opened
    from bot.journal.schema import claims_to_be_ours, other_than_ours

    try:
        with opened(path) as db:
            if other := other_than_ours(db):
                raise no_journal(path, other)
    except JournalError as error:
        if not claims_to_be_ours(path):  # else it is the right file, and damaged: no mistake of the call
            raise UsageError(error.told) from None


def newest_journal() -> Path | None:
    """What is read when no journal is named: that of the latest run, which began last of those under ./out and the last one elsewhere.

    Runs that are set aside (of a proof, of research, of a drill) are none of them.
    """
    from bot.report.runs import latest_in
    from bot.state_folder import last_journal

    return latest_in(Path("out"), last_journal())


@click.group(help=GROUP_HELP, short_help="Check, export or back up journals.")
def journal() -> None:
    """Holds the journal's verbs."""


@journal.command(help=VERIFY_HELP, short_help="Is the chain whole; the head hash.")
@JOURNAL_OPTION
@json_option
def verify(path: Path | None, as_json: bool) -> None:
    """Prints head, records and links; a broken chain is an error that names the link."""
    from bot.journal.verify import verify as check

    journal = find_journal(path)
    report, told = check(journal), _end_of(journal)
    tell_journal(path, journal, err=as_json)
    if as_json:
        facts = {"head": report.head, "records": report.records, "links": report.links, "unlinked": report.unlinked}
        print_json({"journal": str(journal), **facts, "latch": report.told, "run": told})
        return
    if path is not None:
        click.echo(f"Journal: {journal}")
    click.echo("Whole:   every record is as it was written.")
    click.echo(f"Head:    {report.head}\nRecords: {report.records}\nLinks:   {report.links}")
    say([*(f"Latch: {sentence}" for sentence in report.told), *(f"Run: {sentence}" for sentence in told)])
    if report.unlinked:
        click.echo(f"Not yet chained: {counted(report.unlinked, 'record')} of a bar that was not finished")


def _end_of(journal: Path) -> list[str]:
    from bot.journal.read import headers, opened
    from bot.journal.run_end import interrupted, open_at_end

    with opened(journal) as db:
        runs = headers(db)
        return [*filter(None, [interrupted(journal, db, runs)]), *open_at_end(runs)]


@journal.command(help=BACKUP_HELP, short_help="A copy of the state folder while the bot runs.")
@click.option("--to", type=Folder(), required=True, help="Folder for the copy, which holds none yet.")
def backup(to: Path) -> None:
    """Prints each copy with its head hash."""
    from bot.node.backup import state_backup
    from bot.state_folder import state_folder

    for path, head in state_backup(state_folder(), to):
        click.echo(f"{path}{'  head ' + head if head else ''}")


@journal.command(help=EXPORT_HELP, short_help="The journal's tables as CSV or Parquet.")
@JOURNAL_OPTION
@click.option("--out", type=Folder(), default="out/export", show_default=True, help="Folder for the files.")
@click.option("--format", "kind", type=OneOf(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--bodies", is_flag=True, help="Also every record whole, its body as JSON.")
def export(path: Path | None, out: Path, kind: str, bodies: bool) -> None:
    """Prints the files it wrote, and whether they tell of a whole run."""
    from bot.report.export import export as write

    journal = find_journal(path)
    files = write(journal, out, kind, bodies=bodies)
    tell_journal(path, journal)
    for file in files:
        click.echo(file)
    say(_end_of(journal), err=True)
