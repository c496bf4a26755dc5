"""Tables and sentences on a narrow terminal: whole as long as they fit, else a sentence a row; no word is cut."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_table(console: Console, table: Table, names: int = 1) -> None:
    """Print a table of texts; where it is wider than the console each row begins with its first `names` cells, and the rest follow with
    the heads of their columns. Empty cells are left out."""
    from rich.measure import Measurement
    from rich.text import Text

    boundless = console.options.update(width=10_000)
    if Measurement.get(console, boundless, table).maximum <= console.width:
        console.print(table)
        return
    heads = [str(column.header) for column in table.columns]
    for cells in zip(*([Text.from_markup(str(cell)).plain for cell in column.cells] for column in table.columns), strict=True):
        said = [f"{head} {cell}" for head, cell in zip(heads[names:], cells[names:], strict=True) if cell]
        print_sentence(console, f"{' '.join(cells[:names]).strip()}: {'; '.join(said)}", inset=2)
    console.print()


def print_sentence(console: Console, sentence: str, style: str = "", inset: int = 0) -> None:
    """Print a sentence in lines that fit, each without a space at its end; those after the first are set in so far too."""
    margin = " " * inset
    lines = textwrap.wrap(
        sentence, console.width, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )
    console.print("\n".join(lines), style=style or None, highlight=False, markup=False, soft_wrap=True)
