"""The result of a run on the terminal: one table, a few sentences, the head hash."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bot.journal.sentences import LAYER_NAMES
from bot.report import wording
from bot.report.summary import StrategyRow, Summary

LEARNING_OFF = "LEARNING OFF: no strategy was throttled or quarantined; this run is for study only."


def print_summary(journal: str | Path, console: Console) -> Summary:
    """Print what the run of a journal came to, ending with its head hash; returns the Summary.

    Raises JournalError if the file holds no run.
    """
    summary = Summary.from_journal(journal)
    if not summary.run.learning:
        console.print(LEARNING_OFF, style="bold red", highlight=False)
    console.print(f"\n[bold]{summary.run.header['mode'].capitalize()}[/bold]  {wording.period(summary)}", highlight=False)
    console.print(_results(summary))
    console.print(_plans(summary))
    for sentence in _sentences(summary):
        console.print(sentence, highlight=False)
    console.print(f"\nContracts: {summary.run.contracts.sha256[:12]}\nHead:    {summary.run.head}", highlight=False, soft_wrap=True)
    return summary


def _results(summary: Summary) -> Table:
    """Trades, win rate, net and R of each strategy, with intervals; fits 80 columns."""
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    table = _table(["", "State", "Trades", "Won", confidence, "Net", "R/trade", confidence], left=2)
    for row in summary.strategies:
        table.add_row(*_result(row))
    table.add_section()
    table.add_row(*_result(summary.book), style="bold")
    return table


def _result(row: StrategyRow) -> list[str]:
    if not row.trades:
        return [row.strategy, row.state.lower(), wording.NONE, "", "", "", "", ""]
    colour = "green" if row.net_cents > 0 else "red" if row.net_cents < 0 else "default"
    net = f"[{colour}]{wording.dollars(row.net_cents)}[/{colour}]"
    return [
        row.strategy,
        row.state.lower(),
        str(row.trades),
        *wording.win_rate(row),
        net,
        wording.number(row.mean_r, sign=True),
        wording.r_interval(row),
    ]


def _plans(summary: Summary) -> Table:
    """Plans of each strategy: chosen, and refused by layer; a column a layer that refused any."""
    layers = sorted({layer for row in summary.strategies for layer in row.refused})
    table = _table(["", "Plans", "Chosen", *(f"Layer {layer}" for layer in layers)], left=1)
    for row in [*summary.strategies, summary.book]:
        if row is summary.book:
            table.add_section()
        counts = [row.plans, row.chosen, *(row.refused.get(layer, 0) for layer in layers)]
        table.add_row(row.strategy, *(f"{count:,}" if count else wording.NONE for count in counts), style="bold" * (row is summary.book))
    return table


def _table(headings: list[str], left: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < left else "right", no_wrap=True)
    return table


def _sentences(summary: Summary) -> list[str]:
    layers = sorted({layer for row in summary.strategies for layer in row.refused})
    named = "; ".join(f"{layer} {LAYER_NAMES[layer]}" for layer in layers)
    sentences = [f"[dim]Plans were refused by layer {named}.[/dim]\n"] if named else []
    sentences += [
        f"{summary.book.trades} trades, {wording.number(summary.trades_per_session)} a session; "
        f"deepest fall of the account {wording.dollars(-summary.max_drawdown_cents)}.",
        wording.veto_sentence(summary),
        wording.quality_sentence(summary),
    ]
    return sentences
