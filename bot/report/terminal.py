"""The result of a run on the terminal: the verdict, a table, a few sentences, the head hash; 80 columns and 24 lines hold it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from bot.report import wording
from bot.report.random_entries import BOOK
from bot.report.summary import Summary
from bot.report.verdict import refusals, verdict

LEARNING_OFF = "LEARNING OFF: no strategy was throttled or quarantined; this run is for study only."
RESULTS = ("trades", "won", "won.interval", "net", "r", "r.interval")
"""The numbers of a strategy in the first table, a column each."""


def print_summary(journal: str | Path, console: Console, spoken: Callable[[str], str] = str) -> Summary:
    """Print what the run of a journal came to, ending with its head hash; returns the Summary.

    `spoken` makes of a sentence the one that is printed.

    Raises JournalError if the file holds no run.
    """
    summary = Summary.from_journal(journal)
    for sentence in wording.first_sentences(summary):
        console.print(sentence, style="bold red", highlight=False, markup=False)
    if not summary.run.learning:
        console.print(LEARNING_OFF, style="bold red", highlight=False)
    for sentence in wording.alarm_sentences(summary):
        console.print(sentence, style="bold red", highlight=False, markup=False)
    period = wording.period(summary, wording.plain(summary))
    console.print(f"\n[bold]{summary.run.header['mode'].capitalize()}[/bold]  {period}", highlight=False)
    *found, following = verdict(summary)
    console.print(f"{' '.join(found)}\n{spoken(following)}", highlight=False, markup=False, style="bold")
    console.print(Padding.indent(_results(summary), 1))
    for sentence in _sentences(summary):
        console.print(spoken(sentence), highlight=False)
    if len(summary.run.contracts_sha256) > 1:
        console.print(
            f"Contracts: {', then '.join(sha256[:12] for sha256 in summary.run.contracts_sha256)}", highlight=False, soft_wrap=True
        )
    console.print(f"Head:    {summary.run.head}", highlight=False, soft_wrap=True)
    return summary


def _results(summary: Summary) -> Table:
    """Trades, win rate, net and R of each strategy, with intervals; fits 80 columns."""
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    table = _table(["", "State", "Trades", "Won", confidence, "Net", "R/trade", confidence], left=2)
    for name in summary.strategies:
        table.add_row(*_result(summary, name))
    table.add_row(*_result(summary, BOOK), style="bold")
    return table


def _result(summary: Summary, name: str) -> list[str]:
    state = summary.state(name).lower()
    if not summary.value(f"{name}.trades"):
        return [name, state, wording.NONE, *("" for _ in RESULTS[1:])]
    write = wording.plain(summary)
    cells = {part: write(f"{name}.{part}") for part in RESULTS}
    cells["r.interval"] = cells["r.interval"].removeprefix(wording.NONE)
    net = summary.single(f"{name}.net")
    colour = "green" if net > 0 else "red" if net < 0 else "default"
    cells["net"] = f"[{colour}]{cells['net']}[/{colour}]"
    return [name, state, *cells.values()]


def _table(headings: list[str], left: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")  # no empty line
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < left else "right", no_wrap=True)
    return table


def _sentences(summary: Summary) -> list[str]:
    write = wording.plain(summary)
    traded = summary.value("book.trades")
    return [
        *([refusals(summary, write)] if traded else []),
        *(f"[bold yellow]{escape(sentence)}[/bold yellow]" for sentence in wording.data_sentences(summary)),
        f"[dim]{wording.veto_sentence(summary, write)} {wording.quality_sentence(summary, write)}[/dim]",
        "[dim]A code or number: mesbot why K1, mesbot why K1.net. Intervals: one look.[/dim]",
    ]
