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
_HEADINGS = ("", "State", "Plans", "Chosen", "Refused by layer", "Trades", "Won", "95 %", "Net", "R/trade", "95 %")
_LEFT = {0, 1, 4}


def print_summary(journal: str | Path, console: Console) -> Summary:
    """Print what the run of a journal came to, ending with its head hash; returns the Summary.

    Raises JournalError if the file holds no run.
    """
    summary = Summary.from_journal(journal)
    if not summary.run.learning:
        console.print(LEARNING_OFF, style="bold red", highlight=False)
    console.print(f"\n[bold]{summary.run.header['mode'].capitalize()}[/bold]  {wording.period(summary)}", highlight=False)
    console.print(_table(summary))
    for sentence in _sentences(summary):
        console.print(sentence, highlight=False)
    console.print(f"\nContracts: {summary.run.contracts.sha256[:12]}\nHead:    {summary.run.head}", highlight=False, soft_wrap=True)
    return summary


def _table(summary: Summary) -> Table:
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_footer=False)
    for index, heading in enumerate(_HEADINGS):
        table.add_column(heading.replace("95 %", confidence), justify="left" if index in _LEFT else "right", overflow="fold")
    for row in summary.strategies:
        table.add_row(*_cells(row))
    table.add_section()
    table.add_row(*_cells(summary.book), style="bold")
    return table


def _cells(row: StrategyRow) -> list[str]:
    rate, rate_interval = wording.win_rate(row)
    colour = "green" if row.net_cents > 0 else "red" if row.net_cents < 0 else "default"
    return [
        row.strategy,
        row.state.lower(),
        f"{row.plans:,}" if row.plans else wording.NONE,
        f"{row.chosen:,}" if row.plans else wording.NONE,
        wording.layers(row),
        str(row.trades) if row.trades else wording.NONE,
        rate,
        rate_interval,
        f"[{colour}]{wording.dollars(row.net_cents)}[/{colour}]" if row.trades else wording.NONE,
        wording.number(row.mean_r, sign=True),
        wording.r_interval(row),
    ]


def _sentences(summary: Summary) -> list[str]:
    layers = sorted({layer for row in summary.strategies for layer in row.refused})
    named = "; ".join(f"{layer} {LAYER_NAMES[layer]}" for layer in layers)
    sentences = [f"[dim]Layers: {named}.[/dim]"] if named else []
    sentences += [
        f"{summary.book.trades} trades, {wording.number(summary.trades_per_session)} a session; "
        f"deepest fall of the account {wording.dollars(-summary.max_drawdown_cents)}.",
        wording.veto_sentence(summary),
        wording.quality_sentence(summary),
    ]
    return sentences
