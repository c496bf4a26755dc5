"""A check's report as a checklist on the terminal: grouped, a line an item, the remedy beside a failure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.cli.called import as_called

if TYPE_CHECKING:
    from bot.node.check import CheckItem, CheckReport

GROUPS = (
    ("Law", ("contracts", "limits", "strategies")),
    ("Time", ("calendar", "clock", "clock skew")),
    ("Records", ("journal", "disk", "entry lock", "drill")),
)
COLUMNS_FROM = 72  # width of a terminal
BROKER = "Broker"  # all the others
SIGNS = {"PASS": ("✓", "green"), "WARN": ("!", "bold yellow"), "FAIL": ("✗", "bold red"), "SKIP": ("–", "yellow")}


def checklist(report: CheckReport, width: int) -> Iterator[Text | Table]:
    """Headings and tables, one a group, in the order in which a person mends things; sentences where columns have no room."""
    named = {name for _, names in GROUPS for name in names}
    others = tuple(item.name for item in report.items if item.name not in named)
    for heading, names in (*GROUPS, (BROKER, others)):
        items = [item for item in report.items if item.name in names]
        if items:
            yield Text(heading, style="bold")
            yield _table(items) if width >= COLUMNS_FROM else Text("\n").join(_sentence(item, width) for item in items)


def _sentence(item: CheckItem, width: int) -> Text:
    sign, style = SIGNS[item.status]
    said = as_called(f"{item.name} {item.status}: {item.brief or item.found}{f'; -> {item.remedy}' if item.remedy else ''}")
    lines = textwrap.fill(said, width, initial_indent=" " * 4, subsequent_indent=" " * 4, break_long_words=False, break_on_hyphens=False)
    return Text.assemble((f"  {sign} ", style), lines[4:])


def _table(items: list[CheckItem]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=16)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in items:
        sign, style = SIGNS[item.status]
        found = item.brief or item.found
        table.add_row(
            Text(f"  {sign}", style=style),
            item.name,
            Text(item.status, style=style),
            as_called(f"{found}\n-> {item.remedy}" if item.remedy else found),
        )
    return table
