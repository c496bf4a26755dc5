"""`mesbot journal` and `mesbot why`: asking the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.said import fitted, say
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
WHY_HELP = """
Say why each strategy did or did not trade on the bar that closed at TIME (New York, unless it has an
offset); or open the records that a number of the report was made from, by its NAME; or say what a
CODE, or a word of a table, means.

\b
Examples:
  mesbot why "2025-03-12 10:31"
  mesbot why 2025-09-15T14:31Z --strategy K1
  mesbot why K1.net
  mesbot why THESIS                     what a code means
  mesbot why "risk cap"                 what a word of a table means
  mesbot why --codes                    every code with its meaning
  mesbot why --numbers                  all names, with their values
  mesbot why ledger --numbers           those that begin with ledger

Exit code 1 if no bar of the trading window closed then.
"""


def find_journal(path: Path | None, *, err: bool = False) -> Path:
    """The journal to read: the one named, else that of the latest run, which is then told.

    Raises UsageError if the one named cannot be read, or none is named and none is found.
    """
    if path is not None:
        _require_readable(path)
        return path
    journal = newest_journal()
    if journal is None:
        raise UsageError("No journal in ./out and no earlier run is known; name one with --journal FILE or run `mesbot backtest`.")
    click.echo(f"Journal: {journal}", err=err)
    return journal


def _require_readable(path: Path) -> None:
    from bot.journal.read import opened
    from bot.journal.schema import claims_to_be_ours

    try:
        with opened(path):
            pass
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

    journal = find_journal(path, err=as_json)
    report, told = check(journal), _end_of(journal)
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
    for file in write(journal, out, kind, bodies=bodies):
        click.echo(file)
    say(_end_of(journal), err=True)


@click.command(help=WHY_HELP, short_help="Why it did or did not trade then; what a number or code is.")
@click.argument("question", metavar="TIME|NAME|CODE", required=False)
@JOURNAL_OPTION
@click.option("--strategy", help="Of a bar: only this strategy, e.g. K1.")
@click.option("--numbers", is_flag=True, help="List the numbers of the report instead, each with its name and value.")
@click.option("--codes", is_flag=True, help="List every code and word that a journal, report or screen shows, with its meaning.")
@click.option("--all", "everything", is_flag=True, help="Of a number: list every record, not only the first 50.")
@json_option
@click.pass_context
def why(
    context: click.Context,
    question: str | None,
    path: Path | None,
    strategy: str | None,
    numbers: bool,
    codes: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Prints what the journal knows of one bar, the records behind a number, or what a code means."""
    _refuse_ignored(context.params)
    if question is None and not numbers and not codes:
        raise click.UsageError("Name a TIME, a number or a code, or ask for --numbers or --codes.", context)
    is_time = (question or "").strip()[:1].isdigit() and "%" not in str(question)
    if words := "" if numbers or is_time else _words(question):
        _refuse_of_others(context.params, "a code", "path", "strategy", "everything")
        print_json({"codes": words.splitlines()}) if as_json else click.echo(fitted(words), nl=False)
        return
    is_number = numbers or not is_time
    _refuse_of_others(context.params, *(("a number", "strategy") if is_number else ("a bar", "everything")))
    if is_number and not numbers and path is None and newest_journal() is None:
        raise UsageError(_no_word(str(question)))
    journal = find_journal(path, err=as_json)
    try:
        if as_json:
            print_json(_facts(journal, question or "", strategy, numbers, is_number))
        else:
            click.echo(fitted(_answer(journal, question or "", strategy, numbers, everything, is_number)), nl=False)
    except UsageError as error:
        raise _with_words(error) from None


def _words(question: str | None) -> str:
    """What a code means, or all of them; "" if it is none."""
    from bot.cli.codes import every_code, explained

    return every_code() if question is None else explained(question)


def _no_word(question: str) -> str:
    """That it is none where there is no run whose numbers it could be of."""
    from bot.cli.codes import names
    from bot.report.numbers.number import nearest

    near = nearest(question, names())
    meant = f"did you mean {' or '.join(near)}? `mesbot why --codes` lists" if near else "`mesbot why --codes` lists"
    return f'"{question}" is no code, word or number; {meant} them all; the numbers of a run need one: `mesbot backtest`.'


def _with_words(error: UsageError) -> UsageError:
    """The same, but that a code or word may have been meant too, if it is about a number that does not exist."""
    from bot.cli.codes import names
    from bot.report.numbers.number import NoSuchNumber

    return NoSuchNumber(error.asked, (*error.known, *names())) if isinstance(error, NoSuchNumber) else error


OF = {"strategy": "--strategy", "everything": "--all", "path": "--journal", "numbers": "--numbers", "codes": "--codes"}


def _refuse_ignored(given: dict[str, Any]) -> None:
    """--codes lists all codes: nothing beside it would count."""
    if given["codes"] and (beside := given["question"] or ("--numbers" if given["numbers"] else "")):
        raise UsageError(f"--codes lists every code, and {beside} would be ignored; leave one of the two out.")
    if given["numbers"] and given["everything"]:
        raise UsageError("--numbers lists every number as it is, and --all would be ignored; leave one of the two out.")


def _refuse_of_others(given: dict[str, Any], what: str, *options: str) -> None:
    """An option that speaks of something else than what was asked for would be ignored."""
    for name in options:
        if given[name]:
            raise UsageError(f"{OF[name]} would be ignored where {what} is asked for; leave it out.")


def _facts(journal: Path, question: str, strategy: str | None, numbers: bool, is_number: bool) -> dict[str, Any]:
    """What a question is answered with, for a program."""
    if is_number:
        from bot.report.why_number import number_facts, numbers_facts

        return numbers_facts(journal, question) if numbers else number_facts(journal, question)
    from bot.journal.why import facts_of_bar

    return facts_of_bar(journal, question, strategy)


def _answer(journal: Path, question: str, strategy: str | None, numbers: bool, everything: bool, is_number: bool) -> str:
    if numbers:
        from bot.report.why_number import list_numbers

        return list_numbers(journal, question)
    if is_number:
        from bot.report.why_number import why_number

        return why_number(journal, question, everything=everything)
    from bot.journal.why import why as explain

    return explain(journal, question, strategy)
