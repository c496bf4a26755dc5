"""Where the command begins, before what takes time to import: Ctrl-C is heard from here on, and no stream is missing."""

from __future__ import annotations

import codecs
import os
import sys

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
PLAIN = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "·": "-",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "±": "+/-",
    "→": "->",
    "✓": "ok",
    "✗": "no",
}
"""How a letter is written where the terminal's encoding has it not: a sign must not be lost."""


def main() -> None:
    """Entry point of the command; ends the process."""
    open_missing_streams()
    write_every_letter()
    try:
        from bot.cli.main import main as command
    except KeyboardInterrupt:
        print("Interrupted before it had begun: nothing was done.", file=sys.stderr)
        sys.exit(130)
    command()


def open_missing_streams() -> None:
    """A stream that whoever called has closed (`>&-`) leads nowhere: the verb does what it does, and has nobody to tell it to.

    In this order each takes the number that is free, so that no file of ours takes it: what is printed would be written into it.
    """
    for name, mode in STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


def write_every_letter() -> None:
    """In an encoding that lacks a letter (Latin-1, ASCII) its plain form is written, or a question mark: no verb ends for it."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors == "strict":
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end
