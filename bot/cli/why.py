"""`mesbot why`: a bar, a number of the report, a code or word, or a strategy explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bot.cli.as_json import json_option, print_json
from bot.cli.journal import JOURNAL_OPTION, find_journal, newest_journal, tell_journal
from bot.cli.said import fitted
from bot.cli.strategies_option import strategies_option
from bot.errors import UsageError
from bot.plural import either

if TYPE_CHECKING:
    from bot.cli.why_strategy import Told

WHY_HELP = """
Say why each strategy did or did not trade on the bar that closed at TIME (New York, unless it has an
offset); or open the records that a number of the report was made from, by its NAME; or say what a
CODE, or a word of a table, means, or what a strategy is, one of your own too.

\b
Examples:
  mesbot why "2025-03-12 10:31"
  mesbot why 2025-09-15T14:31Z --strategy K1
  mesbot why K1.net
  mesbot why THESIS                     what a code means
  mesbot why "risk cap"                 what a word of a table means
  mesbot why K6 --strategies mine       what a strategy is
  mesbot why --codes                    every code with its meaning
  mesbot why --numbers                  all names, with their values
  mesbot why ledger --numbers           those that begin with ledger

Exit code 1 if no bar of the trading window closed then.
"""


@click.command(help=WHY_HELP, short_help="Why it did or did not trade then; what a number or code is.")
@click.argument("question", metavar="TIME|NAME|CODE", required=False)
@JOURNAL_OPTION
@click.option("--strategy", help="Of a bar: only this strategy, e.g. K1.")
@strategies_option
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
    strategies: tuple[Path, ...],
    numbers: bool,
    codes: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Prints what the journal knows of one bar, the records behind a number, or what a code or a strategy is."""
    _refuse_ignored(context.params)
    if question is None and not numbers and not codes:
        raise click.UsageError("Name a TIME, a number or a code, or ask for --numbers or --codes.", context)
    typed = context.get_parameter_source("strategies") is ParameterSource.COMMANDLINE
    given = {**context.params, "strategies": typed and strategies}
    is_time = (question or "").strip()[:1].isdigit() and "%" not in str(question)
    words = "" if numbers or is_time else _words(question)
    if not (numbers or codes or is_time) and (told := _strategy(str(question), path, strategies, words)) is not None:
        _refuse_of_others(given, "a strategy", "strategy", "everything")
        facts = {"codes": words.splitlines(), "strategy": told.facts()}
        print_json(facts) if as_json else click.echo(fitted(told.text(words)), nl=False)
        return
    if words:
        _refuse_of_others(given, "a code", "path", "strategy", "strategies", "everything")
        print_json({"codes": words.splitlines()}) if as_json else click.echo(fitted(words), nl=False)
        return
    is_number = numbers or not is_time
    _refuse_of_others(given, *(("a number", "strategy") if is_number else ("a bar", "strategies", "everything")))
    if is_number and not numbers and path is None and newest_journal() is None:
        raise UsageError(_no_word(str(question), strategies))
    journal = find_journal(path)
    try:
        if as_json:
            facts = _facts(journal, question or "", strategy, numbers, is_number)
        else:
            answer = _answer(journal, question or "", strategy, numbers, everything, is_number)
    except UsageError as error:
        raise _with_words(error, journal, strategies) from None
    if is_number:  # only now: of a strategy that nobody knows it is not ignored
        _refuse_of_others(given, "a number", "strategies")
    tell_journal(path, journal, err=as_json)
    print_json(facts) if as_json else click.echo(fitted(answer), nl=False)


def _words(question: str | None) -> str:
    """What a code means, or all of them; "" if it is none."""
    from bot.cli.codes import every_code, explained

    return every_code() if question is None else explained(question)


def _strategy(asked: str, path: Path | None, folders: tuple[Path, ...], words: str) -> Told | None:
    """The strategy of this name, and how far the journal has it trusted: the one named, else the latest run's."""
    from bot.cli.why_strategy import strategy_told

    return strategy_told(asked, folders, newest_journal() if path is None else find_journal(path), known_word=bool(words))


def _names(journal: Path | None, folders: tuple[Path, ...]) -> list[str]:
    """All that is known but numbers: codes, words, strategies."""
    from bot.cli.codes import names
    from bot.cli.why_strategy import strategies_here, strategies_of

    return [*names(), *strategies_here(folders), *strategies_of(journal)]


def _no_word(question: str, folders: tuple[Path, ...]) -> str:
    """That it is none where there is no run whose numbers it could be of."""
    from bot.report.numbers.number import nearest

    near = nearest(question, _names(None, folders))
    meant = f"did you mean {either(near)}? `mesbot why --codes` lists" if near else "`mesbot why --codes` lists"
    return f'"{question}" is no code, word, strategy or number; {meant} them all; the numbers of a run need one: `mesbot backtest`.'


def _with_words(error: UsageError, journal: Path, folders: tuple[Path, ...]) -> UsageError:
    """The same, but that a code, a word or a strategy may have been meant too, if it is about a number that does not exist."""
    from bot.report.numbers.number import NoSuchNumber

    if not isinstance(error, NoSuchNumber):
        return error
    return NoSuchNumber(error.asked, (*error.known, *_names(journal, folders)), str(journal))


OF = {"everything": "--all", "path": "--journal"} | {name: f"--{name}" for name in ("strategies", "strategy", "numbers", "codes")}


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
