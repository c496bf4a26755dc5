"""Tables on a narrow terminal: whole as long as they fit, else a sentence a row; no word is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.said import folded

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_table(console: Console, table: Table, names: int = 1) -> None:
    """Print a table of texts; where it is wider than the console each row begins with its first `names` cells, and the rest follow with
    the heads of their columns. Empty cells are left out."""
    from rich.measure import Measurement

    boundless = console.options.update(width=10_000)
    if Measurement.get(console, boundless, table).maximum <= console.width:
        console.print(table)
        return
    heads = [str(column.header) for column in table.columns]
    for cells in zip(*(map(str, column.cells) for column in table.columns), strict=True):
        said = [f"{head} {cell}" for head, cell in zip(heads[names:], cells[names:], strict=True) if cell]
        console.print(folded(f"{' '.join(cells[:names])}: {'; '.join(said)}", inset=2), markup=False, soft_wrap=True)
    console.print()
