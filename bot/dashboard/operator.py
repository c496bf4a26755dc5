"""The verbs of an operator on the pages. Each goes the way of its command, under its conditions, and is journaled by it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from bot.contracts import Contracts
from bot.dashboard.target import Target
from bot.dashboard.token import Token
from bot.errors import JournalError, MesbotError, UsageError
from bot.journal.run_lock import held_by
from bot.node.entry_lock import lock_entries, unlock_entries
from bot.node.kill import KillTargets, latch
from bot.node.kill_request import request_path
from bot.state_folder import state_folder
from bot.words import one_line

WHERE = "(dashboard)"  # follows each reason in the journal


class Verb(StrEnum):
    """What may be asked for; its value is what a person types to confirm it."""

    STOP_ENTRIES = "STOP ENTRIES"
    RELEASE = "RELEASE"
    FLATTEN = "FLATTEN & HALT"


class Operator:
    """`read_only`: nothing is carried out. `contracts` are read where no bot runs."""

    def __init__(self, token: Token, contracts: Callable[[], Contracts], *, read_only: bool) -> None:
        self._token, self._contracts, self.read_only = token, contracts, read_only

    def carry_out(self, verb: str, target: Target | None, reason: str, token: str, confirmed: str) -> list[str]:
        """What came of it, as sentences. Waits for the bot, so call it in a thread.

        Raises UsageError if it may not be done as asked, MesbotError if it is not known to be done.
        """
        if self.read_only:
            raise UsageError("This dashboard was begun with --read-only: it carries nothing out.")
        if verb not in tuple(Verb):
            raise UsageError(f"{verb!r} is no verb of the dashboard; there are {', '.join(Verb)}.")
        if confirmed != verb:
            raise UsageError(f"Type {verb} to confirm it, letter by letter; nothing was done.")
        if not (said := one_line(reason)):
            raise UsageError("Say why; it is journaled. Nothing was done.")
        if target is None:
            raise UsageError("It is not known which bot is meant: no journal can be read. Use mesbot kill on the command line.")
        if refusal := self._token.refusal(token):
            raise UsageError(f"{refusal} Nothing was done.")
        return self._done(Verb(verb), target, f"{said} {WHERE}")

    def _done(self, verb: Verb, target: Target, reason: str) -> list[str]:
        state = state_folder()
        names = [] if target.name is None else [target.name]
        replay = target.path if target.name is None else None
        if not target.can_be_asked(held_by(target.path)):
            raise UsageError(f"{target.path} is of a run that has ended; there is nothing to carry out on it.")
        if verb is Verb.RELEASE:
            done = unlock_entries(state, names, replay, self._contracts, reason)
            return [done.said if done is not None else "Nothing to unlock: no person has locked entries."]
        targets = KillTargets(state, names, replay)
        if verb is Verb.STOP_ENTRIES:
            return [lock_entries(targets, state, self._contracts, reason).said]
        return list(self._killed(targets, reason))

    def _killed(self, targets: KillTargets, reason: str) -> list[str]:
        from bot.node.kill_follow import follow

        state = state_folder()
        asked = targets.ask(reason)  # at once, before anything that may fail
        if not asked.running:
            try:
                return [latch(state, asked.name, self._contracts(), reason)]
            except MesbotError as error:
                waits = request_path(asked.path)
                raise MesbotError(f"{error} It is not latched, but the request waits in {waits}: the next start carries it out.") from None
        try:
            return list(follow(state, asked))
        except JournalError as error:
            raise MesbotError(f"The kill was asked for, and what came of it is not known; look at TWS: {error}") from None


def whose_journal(target: Target | None) -> str:
    """What a person calls the one that is meant: mode and account, else the file."""
    if target is None:
        return "No journal can be read."
    return target.kind if target.name is not None else f"{target.kind}, {target.path}"
