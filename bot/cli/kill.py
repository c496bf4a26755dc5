"""`mesbot kill`: a person trips the kill switch. The steps: bot/node/kill.py."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.operate import journal_options, names_of, nothing_there, running_replay
from bot.cli.reason import given_reason
from bot.cli.said import fitted
from bot.errors import JournalError, MesbotError, UsageError

FOREIGN_WORD = "FOREIGN"
HELP = """
Trip the kill switch: refuse entries, cancel entries and targets, flatten, cancel the rest, halt.

A running bot does it at once. If none runs, the switch is latched in the journal, and whoever starts the bot next
has it flatten what is open first. Latched until `mesbot resume`.

Of several journals the one whose bot trades is meant, else the one with open trades. What else is open is told after.
With neither, a replay that runs (mesbot paper with no broker) is killed, and ends.

What the bot did not open is left alone. With --include-foreign the orders of others in the traded month are cancelled too, and
what the account still holds of it is closed, once the bot's own is.

\b
Examples:
  mesbot kill --reason "I do not like what I see"
  mesbot kill --mode live --account U1234567 --reason "news"
  mesbot kill --include-foreign --reason "everything out"
"""


@click.command(help=HELP, short_help="Trip the kill switch: flatten and halt.")
@journal_options
@click.option("--reason", required=True, allow_from_autoenv=False, help="Why; it is journaled.")
@click.option("--include-foreign", is_flag=True, help="Also what is not the bot's, in the traded month.")
@click.option("--yes", is_flag=True, help="Do not ask before what is foreign is closed.")
@json_option
def kill(
    mode: str | None,
    account: str | None,
    directory: Path | None,
    strategies: tuple[Path, ...],
    reason: str,
    include_foreign: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Prints each step with its time; exit code 1 if it is not flat when the patience ends, or something else stays open."""
    from bot.contracts import read_contracts
    from bot.node.kill import KillTargets, latch
    from bot.node.kill_follow import follow
    from bot.node.kill_request import FOREIGN, KILL, request_path
    from bot.state_folder import state_folder

    reason = given_reason(reason)
    if yes and not include_foreign:
        raise UsageError("--yes answers what --include-foreign asks, and nothing is asked without it; leave --yes out.")
    if as_json and include_foreign and not yes:
        raise UsageError("--json asks nothing: say --yes beside --include-foreign if what is foreign is meant too.")
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        click.echo(fitted(line, err=as_json), err=as_json)

    state = state_folder()
    names = names_of(state, mode, account)
    replay = running_replay(mode, account)
    if not names and replay is None:
        raise UsageError(nothing_there(state, mode, account))
    targets = KillTargets(state, names, replay)
    if include_foreign and not yes:
        _confirm_foreign()
    asked = targets.ask(reason, FOREIGN if include_foreign else KILL)
    if asked.running:
        try:
            for line in follow(state, asked):
                tell(line)
        except JournalError as error:
            raise MesbotError(f"The kill was asked for, and what came of it is not known; look at TWS: {error}") from None
    elif asked.name is not None:
        try:
            tell(latch(state, asked.name, read_contracts(directory, strategies), reason))
            if include_foreign:
                tell(
                    "What is foreign is not known without a bot: the next start ends and closes it, unless `mesbot resume` withdraws that."
                )
        except MesbotError:
            waits = request_path(asked.path, FOREIGN if include_foreign else KILL)
            tell(f"It could not be latched, but the request waits in {waits}: the next start carries it out first.")
            raise
    if troubles := targets.besides(asked.name):
        raise MesbotError("\n".join(troubles))
    if as_json:
        print_json({"journal": str(asked.path), "reason": reason, "foreign": include_foreign, "steps": told})


def _confirm_foreign() -> None:
    """A person says that what others have opened is meant too."""
    typed = click.prompt(
        f"This also cancels MES orders and closes the MES position that are not the bot's. Type {FOREIGN_WORD} to go on",
        default="",
        show_default=False,
    )
    if typed != FOREIGN_WORD:
        raise UsageError(
            f"{typed!r} is not {FOREIGN_WORD!r}: nothing was asked for; without --include-foreign only the bot's own is killed."
        )
