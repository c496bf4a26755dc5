"""Whether the bot is in good health, for whatever watches it: Docker's health check, a unit, a monitor."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.as_json import print_json

if TYPE_CHECKING:
    from bot.node.status import JournalName


def tell_health(state: Path, names: Iterable[JournalName], *, as_json: bool) -> bool:
    """Prints a line for each journal that a process writes; whether there is one, and none of them is ill."""
    from bot.journal.run_lock import held_by
    from bot.node.health import Health

    paths = {name: name.path(state) for name in names}
    ill = {name: Health(path).look(time.time_ns()).ill for name, path in paths.items() if held_by(path) is not None}
    if as_json:
        print_json([{"mode": name.mode, "account": name.account, "ill": said} for name, said in ill.items()])
    else:
        for name, said in ill.items():
            click.echo(f"{name.mode} {name.account}: {said or 'well'}")
        if not ill:
            click.echo("No bot runs.")
    return bool(ill) and not any(ill.values())
