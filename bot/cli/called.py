"""The command as a person typed it, so that what the terminal tells to type can be typed there.

Every sentence, record, report and page spells a command `mesbot VERB`, however it was called: only what goes to a terminal is
rewritten, on its way out, so that no record can differ by it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from bot.masking import Rewritten

NAME = "mesbot"
VERBS = (
    "acceptance", "alerts", "backtest", "check", "compare", "completion", "config", "contracts", "dashboard", "data", "demo", "drill",
    "gateway", "journal", "kill", "live", "lock", "lookahead", "notebooks", "paper", "parity", "report", "resume", "runs", "status",
    "strategies", "strategy", "sweep", "unlock", "walk-forward", "why",
)  # fmt: skip
PADDING = re.compile(r"[ \t]+$", re.MULTILINE)
COMMAND = re.compile(rf"(?<![\w/.-]){NAME}(?= (?:(?:{'|'.join(VERBS)})\b|\[OPTIONS\]|--help|--version))")
"""A command within a sentence; a sentence about mesbot itself is none, nor is the end of a path."""


def called() -> str:
    """The name that calls this program again: the path as it was typed, `mesbot` where the PATH leads to it."""
    path = sys.argv[0]
    if Path(path).parts[-3:] == ("bot", "cli", "__main__.py"):
        return f"{shlex.quote(sys.orig_argv[0])} -m bot.cli"
    found = shutil.which(NAME)
    if os.path.basename(path) != NAME or os.sep not in path or (found and os.path.realpath(found) == os.path.realpath(path)):
        return NAME
    return shlex.quote(path)


def as_called(text: str) -> str:
    """The text with every command as it is typed here. Done before a sentence is folded; the second time changes nothing."""
    return COMMAND.sub(lambda _: called(), text)


def unpadded(text: str) -> str:
    """The text without the blanks with which a table fills its lines; those that wait for a person's answer stay."""
    return PADDING.sub("", text) if text.endswith("\n") else text


@contextmanager
def told_as_called(*, document: bool) -> Iterator[None]:
    """While this lasts, what is printed names commands as they are typed; standard output not where it is a document for a program.

    What goes elsewhere than to a terminal, a file or a pipe, has no blanks at the ends of its lines.
    """
    out = sys.stdout if document else _told(sys.stdout)
    with redirect_stdout(out), redirect_stderr(_told(sys.stderr)):
        yield


def _told(stream: TextIO) -> TextIO:
    clean = as_called if stream.isatty() else lambda text: unpadded(as_called(text))
    return Rewritten(stream, clean)  # type: ignore[return-value]
