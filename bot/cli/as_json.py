"""`--json`: one JSON document on standard output, for a program; what a person reads goes to standard error then.

A mistake is a document too: {"error": the sentence}, with the same exit code (bot/cli/main.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

FLAG = "--json"
json_option = click.option(FLAG, "as_json", is_flag=True, help="Print one JSON document, for a program.")


def wanted(words: Iterable[str]) -> bool:
    """Whether a command line asks for JSON."""
    return any(word == FLAG or word.startswith(f"{FLAG}=") for word in words)


def print_json(value: Any) -> None:
    """Print a value as JSON; unknown numbers (nan) are null."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
