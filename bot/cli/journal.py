"""`mesbot journal` and `mesbot why`: asking the record."""

from __future__ import annotations

from pathlib import Path

import click

JOURNAL_OPTION = click.option(
    "--journal",
    "path",
    type=click.Path(path_type=Path),
    help="The journal file; default: the newest in ./out or the last run's, whichever is newer.",
)
WHY_HELP = """
Say why each strategy did or did not trade on the bar that closed at TIME (New York, unless it has an
offset); or open the records that a number of the report was made from, by its NAME; or say what a
CODE means.

\b
Examples:
  mesbot why "2025-09-15 10:31"
  mesbot why 2025-09-15T14:31Z --strategy K1
  mesbot why K1.net
  mesbot why THESIS                     what a code means
  mesbot why --codes                    every code with its meaning
  mesbot why --numbers                  all names, with their values
  mesbot why ledger --numbers           those that begin with ledger
"""


def find_journal(path: Path | None) -> Path:
    """The journal to read: the one named, else the newest of those under ./out and the last run's, which is then told.

    Raises UsageError if none is named and none is found.
    """
    from bot.errors import UsageError

    if path is not None:
        return path
    journal = newest_journal()
    if journal is None:
        raise UsageError("No journal in ./out and no earlier run is known; name one with --journal FILE or run `mesbot backtest`.")
    click.echo(f"Journal: {journal}")
    return journal


def newest_journal() -> Path | None:
    """What is read when no journal is named: of the *.sqlite under ./out and the last run's the one written last."""
    from bot.state_folder import last_journal

    last = last_journal()
    found = [*Path("out").rglob("*.sqlite"), *([last] if last is not None else [])]
    return max(found, key=lambda file: file.stat().st_mtime_ns, default=None)


@click.group(help="Check or export a journal.")
def journal() -> None:
    """Holds the journal's verbs."""


@journal.command(help="Recompute the hash chain; print the head hash, which is the identity of the run.")
@JOURNAL_OPTION
def verify(path: Path | None) -> None:
    """Prints head, records and links; a broken chain is an error that names the link."""
    from bot.journal.verify import verify as check

    journal = find_journal(path)
    report = check(journal)
    if path is not None:
        click.echo(f"Journal: {journal}")
    click.echo(f"Head:    {report.head}\nRecords: {report.records}\nLinks:   {report.links}")
    for sentence in report.told:
        click.echo(f"Latch:   {sentence}")
    for sentence in _end_of(journal):
        click.echo(f"Run:     {sentence}")
    if report.unlinked:
        click.echo(f"Not yet chained: {report.unlinked} records of a bar that was not finished")


def _end_of(journal: Path) -> list[str]:
    from bot.journal.read import headers, opened
    from bot.journal.run_end import interrupted, open_at_end

    with opened(journal) as db:
        runs = headers(db)
        return [*filter(None, [interrupted(journal, db, runs)]), *open_at_end(runs)]


@journal.command(help="Write trades, shadow trades, daily results, decisions, bars, skip reasons and states as CSV or Parquet.")
@JOURNAL_OPTION
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default="out/export", show_default=True, help="Folder for the files."
)
@click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
def export(path: Path | None, out: Path, kind: str) -> None:
    """Prints the files it wrote."""
    from bot.report.export import export as write

    for file in write(find_journal(path), out, kind):
        click.echo(file)


@click.command(help=WHY_HELP, short_help="Say why it did or did not trade at TIME, or what a number is made from.")
@click.argument("question", metavar="TIME|NAME|CODE", required=False)
@JOURNAL_OPTION
@click.option("--strategy", help="Of a bar: only this strategy, e.g. K1.")
@click.option("--numbers", is_flag=True, help="List the numbers of the report instead, each with its name and value.")
@click.option("--codes", is_flag=True, help="List every code that a journal or report may show, with its meaning.")
@click.option("--all", "everything", is_flag=True, help="Of a number: list every record, not only the first 50.")
def why(question: str | None, path: Path | None, strategy: str | None, numbers: bool, codes: bool, everything: bool) -> None:
    """Prints what the journal knows of one bar, the records behind a number, or what a code means."""
    from bot.glossary import every_code, explained

    if codes:
        click.echo(every_code(), nl=False)
        return
    if question is None and not numbers:
        raise click.UsageError("Name a TIME, a number or a code, or ask for --numbers or --codes.")
    words = "" if numbers or question is None else explained(question)
    if words:
        click.echo(words, nl=False)
        return
    click.echo(_answer(find_journal(path), question or "", strategy, numbers, everything), nl=False)


def _answer(journal: Path, question: str, strategy: str | None, numbers: bool, everything: bool) -> str:
    if numbers:
        from bot.report.why_number import list_numbers

        return list_numbers(journal, question)
    if question.strip()[:1].isalpha():  # a time begins with a digit
        from bot.report.why_number import why_number

        return why_number(journal, question, everything=everything)
    from bot.journal.why import why as explain

    return explain(journal, question, strategy)
