"""`mesbot lock` and `mesbot unlock`: a person stops entries, and lets them pass again. The steps: bot/node/entry_lock.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.operate import journal_options, names_of, nothing_there, running_replay
from bot.cli.reason import given_reason
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.node.status import JournalName

LOCK_HELP = """
Stop entries: none passes until a person unlocks. Everything else goes on: stops, targets, exits, the kill switch.

A running bot does it at once and withdraws entries that still work; what is held keeps its bracket. If none runs, it is
journaled, and counts from the next start. It outlives restarts, days and years. A second lock says what the first one was;
its reason is the one that is shown from then on, and both stay in the journal.

Of several journals the one whose bot trades is meant, else the one with open trades, else a replay that runs.

\b
Examples:
  mesbot lock --reason "payrolls at half past eight"
  mesbot lock --mode live --account U1234567 --reason "on the road"
"""
UNLOCK_HELP = """
Let entries pass again that a person has locked. Nothing in the program does that; a person must, and says why.

It arms no kill switch: that is `mesbot resume`.

\b
Examples:
  mesbot unlock --reason "back at the desk"
  mesbot unlock --mode paper --account DU1234567 --reason tried
"""


@click.command(help=LOCK_HELP, short_help="Stop entries; stops and exits go on.")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why; it is journaled.")
@json_option
def lock(mode: str | None, account: str | None, directory: Path | None, strategies: tuple[Path, ...], reason: str, as_json: bool) -> None:
    """Prints what came of it; exit code 1 if entries are not known to be locked."""
    from bot.contracts import read_contracts
    from bot.node.entry_lock import lock_entries
    from bot.node.kill import KillTargets

    reason = given_reason(reason, "why entries stop")
    state, names, replay = _meant(mode, account)
    done = lock_entries(KillTargets(state, names, replay), state, lambda: read_contracts(directory, strategies), reason)
    facts = {"locked": True, "journal": str(done.path), "reason": reason, "before": done.before, "said": done.said}
    print_json(facts) if as_json else click.echo(done.said)


@click.command(help=UNLOCK_HELP, short_help="Let entries pass again; a person says why.")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why entries may pass again; it is journaled.")
@json_option
def unlock(mode: str | None, account: str | None, directory: Path | None, strategies: tuple[Path, ...], reason: str, as_json: bool) -> None:
    """Prints what came of it; exit code 1 if entries are not known to pass again."""
    from bot.contracts import read_contracts
    from bot.node.entry_lock import unlock_entries

    reason = given_reason(reason, "why entries may pass again")
    state, names, replay = _meant(mode, account)
    done = unlock_entries(state, names, replay, lambda: read_contracts(directory, strategies), reason)
    if done is None:
        whose = ", ".join(f"{each.mode} {each.account}" for each in names) or "the replay"
        nothing = f"Nothing to unlock: no person has locked the entries of {whose}."
        print_json({"unlocked": False, "said": nothing}) if as_json else click.echo(nothing)
        return
    print_json({"unlocked": True, "journal": str(done.path), "reason": reason, "said": done.said}) if as_json else click.echo(done.said)


def _meant(mode: str | None, account: str | None) -> tuple[Path, list[JournalName], Path | None]:
    """The state folder, the journals that could be meant, and the replay that runs. Raises UsageError where there are none."""
    from bot.state_folder import state_folder

    state = state_folder()
    names, replay = names_of(state, mode, account), running_replay(mode, account)
    if not names and replay is None:
        raise UsageError(nothing_there(state, mode, account))
    return state, names, replay
