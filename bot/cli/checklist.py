"""A check's report as a checklist on the terminal: grouped, a line an item, the remedy beside a failure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from bot.cli.called import as_called
from bot.cli.said import beside

if TYPE_CHECKING:
    from bot.node.check import CheckItem, CheckReport

GROUPS = (
    ("Law", ("contracts", "limits", "strategies")),
    ("Time", ("calendar", "clock", "clock skew")),
    ("Records", ("journal", "disk", "entry lock", "drill")),
)
COLUMNS_FROM = 72  # width of a terminal
NAMES = 16  # letters of the longest name
BROKER = "Broker"  # all the others
SIGNS = {"PASS": ("✓", "green"), "WARN": ("!", "bold yellow"), "FAIL": ("✗", "bold red"), "SKIP": ("–", "yellow")}


def checklist(report: CheckReport, width: int) -> Iterator[Text]:
    """Headings and lines, one an item, in the order in which a person mends things; sentences where columns have no room."""
    named = {name for _, names in GROUPS for name in names}
    others = tuple(item.name for item in report.items if item.name not in named)
    for heading, names in (*GROUPS, (BROKER, others)):
        items = [item for item in report.items if item.name in names]
        if items:
            yield Text(heading, style="bold")
            told = _line if width >= COLUMNS_FROM else _sentence
            yield Text("\n").join(told(item, width) for item in items)


def _sentence(item: CheckItem, width: int) -> Text:
    sign, style = SIGNS[item.status]
    said = as_called(f"{item.name} {item.status}: {item.brief or item.found}{f'; -> {item.remedy}' if item.remedy else ''}")
    lines = textwrap.fill(said, width, initial_indent=" " * 4, subsequent_indent=" " * 4, break_long_words=False, break_on_hyphens=False)
    return Text.assemble((f"  {sign} ", style), lines[4:])


def _line(item: CheckItem, width: int) -> Text:
    """An item beside its sign, its name and its status."""
    sign, style = SIGNS[item.status]
    parts = (f"  {sign}  ", style), f"{item.name:<{NAMES}}  ", (f"{item.status}  ", style)
    mark = Text.assemble(*parts)
    found = item.brief or item.found
    told = beside(mark.plain, f"{found}\n-> {item.remedy}" if item.remedy else found, width)
    return Text.assemble(*parts, told[len(mark) :])
