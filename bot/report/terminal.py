"""The result of a run on the terminal: the verdict, a table, a few sentences, the head hash; 80 columns and 24 lines hold it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bot.report import wording
from bot.report.narrow import print_sentence, print_table
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
    off = [] if summary.run.learning else [LEARNING_OFF]
    for sentence in (*wording.first_sentences(summary), *off, *wording.alarm_sentences(summary)):
        print_sentence(console, sentence, "bold red")
    period = wording.period(summary, wording.plain(summary))
    console.print(f"\n[bold]{summary.run.header['mode'].capitalize()}[/bold]  {period}", highlight=False)
    *found, following = verdict(summary)
    print_sentence(console, " ".join(found), "bold")
    print_sentence(console, spoken(following), "bold")
    print_table(console, _results(summary))
    for sentence, style in _sentences(summary):
        print_sentence(console, spoken(sentence), style)
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
        return [f" {name}", state, wording.NONE, *("" for _ in RESULTS[1:])]
    write = wording.plain(summary)
    cells = {part: write(f"{name}.{part}") for part in RESULTS}
    cells["r.interval"] = cells["r.interval"].removeprefix(wording.NONE)
    net = summary.single(f"{name}.net")
    colour = "green" if net > 0 else "red" if net < 0 else "default"
    cells["net"] = f"[{colour}]{cells['net']}[/{colour}]"
    return [f" {name}", state, *cells.values()]


def _table(headings: list[str], left: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")  # no empty line
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < left else "right", no_wrap=True)
    return table


def _sentences(summary: Summary) -> list[tuple[str, str]]:
    """Each with its style."""
    write = wording.plain(summary)
    traded = summary.value("book.trades")
    return [
        *([(refusals(summary, write), "")] if traded else []),
        *((sentence, "bold yellow") for sentence in wording.data_sentences(summary)),
        (f"{wording.veto_sentence(summary, write)} {wording.quality_sentence(summary, write)}", "dim"),
        ("A code, word or number: mesbot why K1, mesbot why K1.net. Intervals: one look.", "dim"),
    ]
