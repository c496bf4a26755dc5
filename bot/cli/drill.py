"""`mesbot drill`: the kill switch at work on a position, with its times. What happens: bot/node/drill.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.backtest import typed
from bot.cli.reason import given_reason
from bot.cli.said import fitted
from bot.cli.strategies_option import strategies_option
from bot.cli.values import Folder
from bot.errors import MesbotError, UsageError

if TYPE_CHECKING:
    from bot.node.drill_run import Drilled

HELP = """
Prove the kill switch: open one contract with its bracket, kill, and show how long each step took.

A paper bot that runs is asked for it. If none runs, one is started for it: on the paper account that TWS_HOST and TWS_PORT
name, else on a simulated gateway of its own with a round trip of 50 ms. PAPER only, only when flat, and only while entries are
locked or before the window. The trade is yours: no counter counts it and nothing is learned from it. Afterwards the drill's own
latch is cleared; one that was there before stays.

\b
Examples:
  mesbot drill                       no broker needed
  TWS_PORT=4002 mesbot drill         on a paper account

Exit codes: 0 every limit held, 1 one did not or the kill switch stays latched, 2 no drill was begun.
"""


class LimitBroken(MesbotError):
    """The drill came to its end, and not as it must; the text says what."""


@click.command(help=HELP, short_help="Prove the kill switch on one contract, in PAPER.")
@click.option("--reason", default="drill", show_default=True, allow_from_autoenv=False, help="Why; it is journaled.")
@click.option("--account", help="The running paper bot's account, if several run, e.g. DU1234567.")
@click.option("--out", type=Folder(), default="out/drill", show_default=True, help="Folder, on the simulated gateway.")
@click.option("--zone", default="UTC", show_default=True, help="The gateway's time zone, for stamps that carry none.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@strategies_option
@click.pass_context
def drill(
    context: click.Context, reason: str, account: str | None, out: Path, zone: str, contracts: Path | None, strategies: tuple[Path, ...]
) -> None:
    """Prints the steps with their times and limits."""
    reason = given_reason(reason)
    _refuse_ignored(context)
    done = _drilled(reason, account, out, zone, contracts, strategies)
    for line in done.lines():
        _echo(line)
    if not done.held:
        raise LimitBroken("A limit did not hold; the times above are by the wall clock of this machine.")
    if done.latched:
        raise LimitBroken("The kill switch stays latched; look at the account, then `mesbot resume --reason ...`.")


def _refuse_ignored(context: click.Context) -> None:
    """What would not count where the drill will be had must not be passed over."""
    import os

    from bot.cli.operate import names_of, nothing_there
    from bot.ibkr.link.endpoint import endpoint_of
    from bot.journal.run_lock import held_by
    from bot.state_folder import state_folder

    state, account = state_folder(), context.params["account"]
    if any(held_by(name.path(state)) is not None for name in names_of(state, "paper", account)):
        place, ignored = "the paper bot that runs has the drill", ("out", "zone", "contracts", "strategies")
    elif account is not None:
        raise UsageError(
            f"--account chooses a paper bot that runs, and none of that account does. {nothing_there(state, 'paper', account)}"
        )
    elif endpoint_of(os.environ) is not None:
        place, ignored = "TWS_HOST or TWS_PORT names a broker", ("out",)
    else:
        place, ignored = "neither TWS_HOST nor TWS_PORT names a broker", ("zone",)
    for name in typed(context, ignored):
        raise UsageError(f"--{name} would be ignored, for {place}; leave it out.")


def _echo(line: str) -> None:
    click.echo(fitted(line))


def _drilled(reason: str, account: str | None, out: Path, zone: str, contracts: Path | None, strategies: tuple[Path, ...]) -> Drilled:
    """By the bot that runs, else by one of this process."""
    import asyncio
    import os

    from bot.cli.operate import names_of
    from bot.ibkr.link.endpoint import endpoint_of
    from bot.journal.run_lock import held_by
    from bot.node.drill_run import drill_here, drill_on_broker, drill_running
    from bot.node.kill import the_one
    from bot.node.request import BrokerRequest, Mode
    from bot.state_folder import state_folder

    state = state_folder()
    running = [name for name in names_of(state, "paper", account) if held_by(name.path(state)) is not None]
    if running:
        return drill_running(the_one(running).path(state), reason, _echo)
    if (endpoint := endpoint_of(os.environ)) is not None:
        request = BrokerRequest(endpoint, Mode.PAPER, False, state, contracts, zone=zone, strategies=strategies)
        return asyncio.run(drill_on_broker(request, reason, _echo))
    _echo("No paper bot runs and no broker is configured: on a simulated gateway, 50 ms away and back.")
    return asyncio.run(drill_here(out, reason, contracts, strategies, _echo))
