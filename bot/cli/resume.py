"""`mesbot resume`: a person arms a kill switch that was tripped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.operate import journal_options, names_of, nothing_there
from bot.cli.reason import given_reason
from bot.errors import MesbotError, UsageError

if TYPE_CHECKING:
    from bot.contracts import Contracts
    from bot.node.status import JournalName, JournalStatus

RESUME_HELP = """
Arm a kill switch that was tripped. Nothing in the program does that; a person must, and says why.
A `kill` that nobody has carried out, so that it still waits for the next start, is withdrawn.

Refused while a bot runs on that journal, and while a position may still be open: then start the bot, which flattens.

\b
Examples:
  mesbot resume --reason "account looked at, flat"
  mesbot resume --mode paper --account DU1234567 --reason "drilled"
"""


class ResumeRefused(MesbotError):
    """The kill switch must not be armed, or a strategy not restored, now; the text says why."""

    exit_code = 3


@click.command(help=RESUME_HELP, short_help="Arm a tripped kill switch; a person says why.")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why trading may begin again; it is journaled.")
@json_option
def resume(mode: str | None, account: str | None, directory: Path | None, strategies: tuple[Path, ...], reason: str, as_json: bool) -> None:
    """Journals who armed it and prints the old and the new state; exit code 3 if it must not be armed now."""
    from bot.contracts import read_contracts
    from bot.journal.run_lock import JournalInUse, RunLock
    from bot.state_folder import state_folder

    reason = given_reason(reason, "why trading may begin again")
    contracts, state = read_contracts(directory, strategies), state_folder()
    found = _to_resume(state, contracts, mode, account)
    if isinstance(found, str):
        print_json({"resumed": False, "said": found}) if as_json else click.echo(found)
        return
    name, path = found
    try:
        with RunLock(path):
            done = _resume(state, name, contracts, reason)
    except JournalInUse as error:
        raise ResumeRefused(f"{name.mode} {name.account} stays as it is: {error}") from None
    print_json({"resumed": True, **done._asdict()}) if as_json else click.echo("\n".join(done.lines()))


class _Resumed(NamedTuple):
    """What was armed: the state before, what had tripped it, what request was withdrawn, and the journal's new head."""

    mode: str
    account: str
    before: str
    tripped: str
    withdrawn: str | None
    reason: str
    journal: str
    head: str

    def lines(self) -> list[str]:
        """For a person."""
        latched = self.before != "ARMED"
        return [
            f"{self.mode} {self.account}: {self.before} -> ARMED" if latched else f"{self.mode} {self.account}: ARMED",
            *([] if self.withdrawn is None else [f"Withdrawn: the kill request that waited for the next start: {self.withdrawn}"]),
            *([f"Tripped: {self.tripped}"] if latched else []),
            f"Resumed: {self.reason}",
            f"Journal: {self.journal}",
            f"Head:    {self.head}",
        ]


def _to_resume(state: Path, contracts: Contracts, mode: str | None, account: str | None) -> tuple[JournalName, Path] | str:
    """The one journal whose kill switch is latched, or where a kill request waits; a sentence if all are armed.

    Raises UsageError if there is no journal, not of what was named, or several are latched.
    """
    from bot.node.status import status_of
    from bot.state_folder import replay_journal

    names = names_of(state, mode, account)
    if not names:
        none_needed = "" if replay_journal() is None else " A replay needs none: its kill ends with it, and the next one begins anew."
        raise UsageError(nothing_there(state, mode, account) + none_needed)
    found = [(name, status_of(state, name, contracts, time.time_ns())) for name in names]
    latched = [(name, each) for name, each in found if each.kill.state != "ARMED" or each.kill_request is not None]
    if len(latched) > 1:
        waits = {True: ", a kill request waits", False: ""}
        listed = ", ".join(f"{each.mode} {each.account} ({each.kill.state}{waits[each.kill_request is not None]})" for _, each in latched)
        raise UsageError(f"Several kill switches are latched: {listed}; name one with --mode and --account.")
    if not latched:
        armed = ", ".join(f"{each.mode} {each.account}" for _, each in found)
        return f"Nothing to resume: the kill switch of {armed} is ARMED."
    return latched[0][0], Path(latched[0][1].path)


def _resume(state: Path, name: JournalName, contracts: Contracts, reason: str) -> _Resumed:
    """Look again, now that nobody else writes; then journal and verify. Raises ResumeRefused while a position may be open."""
    from bot.journal.verify import verify
    from bot.node.kill_request import DRILL, FOREIGN, KILL, withdraw_requests
    from bot.node.status import status_of

    old = status_of(state, name, contracts, time.time_ns())
    request = old.kill_request
    if old.unfinished and (old.kill.state in ("TRIPPED", "FLAT") or request is not None):
        trades = ", ".join(trade.intent_id for trade in old.unfinished)
        waits = "" if request is None else f", and a kill request waits ({request}),"
        raise ResumeRefused(
            f"{name.mode} {name.account} is {old.kill.state}{waits} with {trades} unfinished, so a position may be open; "
            "start the bot to let it flatten first, then resume."
        )
    _arm(old, contracts, reason)
    withdraw_requests(Path(old.path), (KILL, FOREIGN, DRILL))  # a lock of entries is no part of the kill switch
    withdrawn = None if request is None else str(request)
    return _Resumed(name.mode, name.account, old.kill.state, old.kill.reason, withdrawn, reason, old.path, verify(old.path).head)


def _arm(old: JournalStatus, contracts: Contracts, reason: str) -> None:
    from bot.journal.records import KillRecord, Kind, OperatorRecord
    from bot.journal.store import Journal

    ts_ns = old.as_of_ns
    withdrawn = "" if old.kill_request is None else f"; kill request withdrawn: {old.kill_request}"
    header = {"account": old.account, "learning": True, "replayed_time": old.replayed, "continues": "", "verb": "resume"}
    with Journal.append(old.path, old.mode.lower(), contracts, header, time.time_ns, same_law=True) as journal:  # it changes no law
        journal.add(Kind.OPERATOR, ts_ns, OperatorRecord("resume", reason, f"kill switch {old.kill.state} -> ARMED{withdrawn}"))
        journal.write_ahead(Kind.KILL, ts_ns, KillRecord("ARMED", f"resumed by a person: {reason}"))
