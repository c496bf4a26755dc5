"""Sentences on the terminal: as wide as it is, 80 columns where nobody looks at a screen; no word is cut."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from bot.cli.called import as_called

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40
WIDE = 120  # of tables that are written to a file or a pipe
WIDEST_HANG = 0.6  # of the width: the rest must hold a few words
LONGEST_MARK = 10  # of a word before a colon that its lines are set in by


def folded(sentence: str, inset: int = 0) -> str:
    """A sentence in lines that fit: all set in so far, or those after the first set in below the word that begins it ("Data: ...")."""
    sentence = as_called(sentence)
    width = max(shutil.get_terminal_size().columns, NARROWEST)
    first, colon, _ = sentence.partition(": ")
    mark = len(first) + 2 if colon and not inset and " " not in first and len(first) <= LONGEST_MARK else 0
    before = (" " * inset, " " * (inset + mark))
    return textwrap.fill(
        sentence, width, initial_indent=before[0], subsequent_indent=before[1], break_long_words=False, break_on_hyphens=False
    )


def beside(mark: str, told: str, width: int) -> str:
    """What is told in lines that begin below each other, the first one beside its mark; a hash or a path stays whole, to be copied."""
    lines, left = [], mark
    for line in as_called(told).splitlines() or [""]:
        margin = " " * (len(mark) + len(line) - len(line.lstrip()))
        filled = textwrap.fill(
            line.strip(), width, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
        )
        lines.append(left + filled[len(left) :])
        left = " " * len(mark)
    return "\n".join(lines)


def wide_console(**how: Any) -> Console:
    """A console for tables; where nobody looks at a screen and COLUMNS says nothing, wide enough for all of them."""
    from rich.console import Console

    console = Console(highlight=False, **how)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(highlight=False, width=max(console.width, WIDE), **how)


def fitted(text: str, *, err: bool = False) -> str:
    """Lines of columns for a terminal: what is wider than it goes on below the line's last column. Where nobody looks, as they are,
    unless COLUMNS says how wide (a mistake stays one line)."""
    text = as_called(text)
    if not (sys.stderr if err else sys.stdout).isatty() and (err or "COLUMNS" not in os.environ):
        return text
    return within(text, max(shutil.get_terminal_size().columns, NARROWEST))


def within(text: str, width: int) -> str:
    """Lines of columns, none wider than so many letters unless a single word is: what is goes on below the line's last column."""
    return "\n".join(line if len(line) <= width else _below_last_column(line, width) for line in text.split("\n"))


def _below_last_column(line: str, width: int) -> str:
    begins = [found.end() for found in re.finditer(r"^ *| {2,}", line) if found.end() <= width * WIDEST_HANG]
    return textwrap.fill(line, width, subsequent_indent=" " * begins[-1], break_long_words=False, break_on_hyphens=False)


class Saying:
    """Says sentences as they come, and before the first of them how it begins: a mistake that is found before has nothing above it."""

    def __init__(self, begin: Callable[[], None], tell: Callable[[str], None]) -> None:
        self._begin: Callable[[], None] | None = begin
        self._tell = tell

    def __call__(self, sentence: str) -> None:
        if self._begin is not None:
            begin, self._begin = self._begin, None
            begin()
        self._tell(sentence)


def say(sentences: Iterable[str], *, err: bool = False) -> None:
    """Print sentences, each from a line of its own on."""
    for sentence in sentences:
        click.echo(folded(sentence), err=err)
