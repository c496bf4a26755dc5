"""`mesbot kill`: a person trips the kill switch. The steps: bot/node/kill.py."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.operate import journal_options, names_of, nothing_there
from bot.errors import JournalError, MesbotError, UsageError

HELP = """
Trip the kill switch: refuse entries, cancel entries and targets, flatten, cancel the rest, halt.

A running bot does it at once. If none runs, the switch is latched in the journal, and whoever starts the bot next
has it flatten what is open first. Latched until `mesbot resume`.

Of several journals the one whose bot trades is meant, else the one with open trades. What else is open is told after.
With neither, a replay that runs (mesbot paper with no broker) is killed, and ends.

\b
Examples:
  mesbot kill --reason "I do not like what I see"
  mesbot kill --mode live --account U1234567 --reason "news"
"""


@click.command(help=HELP, short_help="Trip the kill switch: flatten and halt.")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why; it is journaled.")
def kill(mode: str | None, account: str | None, directory: Path | None, strategies: tuple[Path, ...], reason: str) -> None:
    """Prints each step with its time; exit code 1 if it is not flat when the patience ends, or something else stays open."""
    from bot.contracts import read_contracts
    from bot.node.kill import KillTargets, follow, latch
    from bot.node.kill_request import request_path
    from bot.state_folder import state_folder

    if not reason.strip():
        raise UsageError("--reason is empty; say why.")
    state = state_folder()
    names = names_of(state, mode, account)
    replay = _replay() if mode is None and account is None else None
    if not names and replay is None:
        raise UsageError(nothing_there(state, mode, account))
    targets = KillTargets(state, names, replay)
    asked = targets.ask(reason.strip())
    if asked.running:
        try:
            for line in follow(state, asked):
                click.echo(line)
        except JournalError as error:
            raise MesbotError(f"The kill was asked for, and what came of it is not known; look at TWS: {error}") from None
    elif asked.name is not None:
        try:
            click.echo(latch(state, asked.name, read_contracts(directory, strategies), reason.strip()))
        except MesbotError:
            waits = request_path(asked.path)
            click.echo(f"It could not be latched, but the request waits in {waits}: the next start carries it out first.")
            raise
    if troubles := targets.besides(asked.name):
        raise MesbotError("\n".join(troubles))


def _replay() -> Path | None:
    """The journal of the replay that runs, if one does."""
    from bot.journal.run_lock import held_by
    from bot.state_folder import replay_journal

    journal = replay_journal()
    return None if journal is None or held_by(journal) is None else journal
