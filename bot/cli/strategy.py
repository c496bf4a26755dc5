"""`mesbot strategy restore`: a person brings an archived strategy back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.operate import journal_options, names_of, nothing_there
from bot.cli.reason import given_reason
from bot.cli.resume import ResumeRefused
from bot.cli.said import say
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.contracts import Contracts
    from bot.node.status import JournalName, JournalStatus

HELP = """
One strategy, as the journals of the state folder know it.

\b
Examples:
  mesbot strategy restore K2 --reason "its rules were mended"
"""
RESTORE_HELP = """
Bring an ARCHIVED strategy back. Nothing in the program does that: a person must, and says
why. It comes back THROTTLED, as after a quarantine, with its samples restarted; limits stay.

Refused for one that is not archived (a QUARANTINED one is released by its shadow trades), and
while a bot runs on that journal: stop the bot, restore, start it again.

\b
Examples:
  mesbot strategy restore K2 --reason "its rules were mended"
  mesbot strategy restore K2 --account DU1234567 --reason "mended"
"""


@click.group(help=HELP, short_help="`restore` brings an archived strategy back.")
def strategy() -> None:
    """The group."""


@strategy.command(help=RESTORE_HELP, short_help="Bring an archived strategy back; a person says why.")
@click.argument("name")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why it may trade again; it is journaled.")
@json_option
def restore(
    name: str,
    mode: str | None,
    account: str | None,
    directory: Path | None,
    strategies: tuple[Path, ...],
    reason: str,
    as_json: bool,
) -> None:
    """Journals who brought it back and prints both states; exit code 3 if it must not be brought back now."""
    from bot.contracts import read_contracts
    from bot.journal.run_lock import JournalInUse, RunLock
    from bot.state_folder import state_folder

    reason = given_reason(reason, "why it may trade again")
    contracts, state = read_contracts(directory, strategies), state_folder()
    named, known = _archived(state, contracts, name, mode, account)
    try:
        with RunLock(Path(known.path)):
            head = _written(known, contracts, name, reason)
    except JournalInUse as error:
        raise ResumeRefused(f"{name} of {named.mode} {named.account} stays ARCHIVED: {error}") from None
    done = {"strategy": name, "journal": known.path, "before": "ARCHIVED", "after": "THROTTLED", "reason": reason, "head": head}
    if as_json:
        print_json(done)
        return
    say([f"{named.mode} {named.account}: {name} ARCHIVED -> THROTTLED", f"Reason:  {reason}"])
    click.echo(f"Journal: {known.path}\nHead:    {head}")


def _archived(state: Path, contracts: Contracts, name: str, mode: str | None, account: str | None) -> tuple[JournalName, JournalStatus]:
    """The one journal in which the strategy is ARCHIVED. Raises UsageError, with its states, if there is none or several."""
    from bot.node.status import status_of

    names = names_of(state, mode, account)
    if not names:
        raise UsageError(nothing_there(state, mode, account))
    found = [(each, status_of(state, each, contracts, time.time_ns())) for each in names]
    states = {f"{each.mode} {each.account}": known.learning[name].state for each, known in found if name in known.learning}
    if not states:
        raise UsageError(f"{name}: no journal knows it; they know {', '.join(sorted({n for _, known in found for n in known.learning}))}.")
    archived = [(each, known) for each, known in found if name in known.learning and known.learning[name].state == "ARCHIVED"]
    if not archived:
        listed = ", ".join(f"{state} in {where}" for where, state in states.items())
        raise UsageError(f"{name} is {listed}; only an ARCHIVED strategy is restored by a person.")
    if len(archived) > 1:
        listed = ", ".join(f"{each.mode} {each.account}" for each, _ in archived)
        raise UsageError(f"{name} is ARCHIVED in {listed}; name one with --mode and --account.")
    return archived[0]


def _written(known: JournalStatus, contracts: Contracts, name: str, reason: str) -> str:
    """Journal the person's word, and the change of state that follows from it; the new head."""
    from bot.calendar import new_york
    from bot.journal.records import Kind, OperatorRecord
    from bot.journal.store import Journal
    from bot.journal.verify import verify
    from bot.learning.restored import RESTORE
    from bot.learning.states import LearningLoop
    from bot.node.journals import with_earlier
    from bot.runtime.past import past_of

    loop = LearningLoop(contracts)
    loop.refold(past_of(with_earlier(Path(known.path))).learning, lambda ts_ns: new_york(ts_ns).date().isoformat())
    change = loop.restore(name, reason)
    header = {"account": known.account, "learning": True, "replayed_time": known.replayed, "continues": "", "verb": "restore"}
    with Journal.append(known.path, known.mode.lower(), contracts, header, time.time_ns, same_law=True) as journal:  # it changes no law
        journal.write_ahead(Kind.OPERATOR, known.as_of_ns, OperatorRecord(RESTORE, reason, f"{name} ARCHIVED -> {change.after}"), name)
        journal.add(Kind.STATE, known.as_of_ns, change, name)
        journal.close_link(known.as_of_ns)
    return verify(known.path).head
