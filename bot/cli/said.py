"""Sentences on the terminal: as wide as it is, 80 columns where nobody looks at a screen; no word is cut."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable

import click

from bot.cli.called import as_called

NARROWEST = 40
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


def fitted(text: str, *, err: bool = False) -> str:
    """Lines of columns for a terminal: what is wider than it goes on below the line's last column. Where nobody looks, as they are."""
    text = as_called(text)
    if not (sys.stderr if err else sys.stdout).isatty():
        return text
    width = max(shutil.get_terminal_size().columns, NARROWEST)
    return "\n".join(line if len(line) <= width else _below_last_column(line, width) for line in text.split("\n"))


def _below_last_column(line: str, width: int) -> str:
    begins = [found.end() for found in re.finditer(r"^ *| {2,}", line) if found.end() <= width * WIDEST_HANG]
    return textwrap.fill(line, width, subsequent_indent=" " * begins[-1], break_long_words=False, break_on_hyphens=False)


def say(sentences: Iterable[str], *, err: bool = False) -> None:
    """Print sentences, each from a line of its own on."""
    for sentence in sentences:
        click.echo(folded(sentence), err=err)
