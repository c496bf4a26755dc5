"""The result of a run on the terminal: two tables, a few sentences, the head hash."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.journal.sentences import LAYER_NAMES
from bot.report import wording
from bot.report.random_entries import BOOK
from bot.report.summary import Summary

LEARNING_OFF = "LEARNING OFF: no strategy was throttled or quarantined; this run is for study only."
RESULTS = ("trades", "won", "won.interval", "net", "r", "r.interval")
"""The numbers of a strategy in the first table, a column each."""


def print_summary(journal: str | Path, console: Console) -> Summary:
    """Print what the run of a journal came to, ending with its head hash; returns the Summary.

    Raises JournalError if the file holds no run.
    """
    summary = Summary.from_journal(journal)
    for sentence in wording.first_sentences(summary):
        console.print(sentence, style="bold red", highlight=False, markup=False)
    if not summary.run.learning:
        console.print(LEARNING_OFF, style="bold red", highlight=False)
    period = wording.period(summary, wording.plain(summary))
    console.print(f"\n[bold]{summary.run.header['mode'].capitalize()}[/bold]  {period}", highlight=False)
    console.print(_results(summary))
    console.print(_plans(summary))
    for sentence in _sentences(summary):
        console.print(sentence, highlight=False)
    laws = ", then ".join(sha256[:12] for sha256 in summary.run.contracts_sha256)
    console.print(f"\nContracts: {laws}\nHead:    {summary.run.head}", highlight=False, soft_wrap=True)
    return summary


def _results(summary: Summary) -> Table:
    """Trades, win rate, net and R of each strategy, with intervals; fits 80 columns."""
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    table = _table(["", "State", "Trades", "Won", confidence, "Net", "R/trade", confidence], left=2)
    for name in summary.strategies:
        table.add_row(*_result(summary, name))
    table.add_section()
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


def _plans(summary: Summary) -> Table:
    """Plans of each strategy: chosen, and refused by layer; a column a layer that refused any."""
    table = _table(["", "Plans", "Chosen", *(f"Layer {layer}" for layer in summary.layers)], left=1)
    write = wording.plain(summary)
    for name in [*summary.strategies, BOOK]:
        if name == BOOK:
            table.add_section()
        parts = ["plans", "chosen", *(f"refused.{layer}" for layer in summary.layers)]
        counts = [write(f"{name}.{part}") if summary.value(f"{name}.{part}") else wording.NONE for part in parts]
        table.add_row(name, *counts, style="bold" * (name == BOOK))
    return table


def _table(headings: list[str], left: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < left else "right", no_wrap=True)
    return table


def _sentences(summary: Summary) -> list[str]:
    write = wording.plain(summary)
    named = "; ".join(f"{layer} {LAYER_NAMES[layer]}" for layer in summary.layers)
    sentences = [f"[dim]Plans were refused by layer {named}.[/dim]\n"] if named else []
    return [
        *sentences,
        *(f"[bold red]{escape(sentence)}[/bold red]" for sentence in wording.alarm_sentences(summary)),
        *(f"[bold yellow]{escape(sentence)}[/bold yellow]" for sentence in wording.data_sentences(summary)),
        f"{write('book.trades')} trades, {write('book.trades.per_session')} a session; deepest fall of the account {write('drawdown')}.",
        wording.veto_sentence(summary, write),
        wording.quality_sentence(summary, write),
        wording.random_sentence(summary, write),
        f"\n[dim]{wording.RANDOM_WARNING}\n"
        "Each number opens the records it was made from: mesbot why K1.net; all names: mesbot why --numbers.[/dim]",
    ]
