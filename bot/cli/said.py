"""Sentences on the terminal: as wide as it is, 80 columns where nobody looks at a screen; no word is cut."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

import click

from bot.cli.called import as_called

NARROWEST = 40
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


def say(sentences: Iterable[str], *, err: bool = False) -> None:
    """Print sentences, each from a line of its own on."""
    for sentence in sentences:
        click.echo(folded(sentence), err=err)
