"""`mesbot`: the verbs, and how an error ends a command.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by contract.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from bot import __version__
from bot.cli.backtest import backtest
from bot.cli.check import check
from bot.cli.config import config
from bot.cli.contracts import contracts
from bot.cli.data import data
from bot.cli.defaults import read_defaults
from bot.cli.demo import demo
from bot.cli.drill import drill
from bot.cli.gateway import gateway
from bot.cli.journal import journal, why
from bot.cli.kill import kill
from bot.cli.live import live
from bot.cli.notebooks import notebooks
from bot.cli.operate import resume, status
from bot.cli.paper import paper
from bot.cli.runs import compare, report, runs
from bot.cli.strategies import strategies
from bot.errors import MesbotError
from bot.masking import masked, masked_output

EXAMPLES = """
A survival-first trading bot for MES futures.

\b
Examples:
  mesbot backtest                                      synthetic sessions into ./out
  mesbot backtest --bars bars.csv.gz --from 2025-09-15 --equity 10000
  mesbot data check bars.csv.gz                        what a file of bars is, and whether it is usable
  mesbot paper                                         a day through the live node, no broker needed
  mesbot check                                         all that must be right before it may trade
  mesbot drill                                         the kill switch at work, with its times
  mesbot status                                        budgets, locks, kill switch, open trades
  mesbot resume --reason "looked at, flat"             arm a kill switch that was tripped
  mesbot strategies                                    which there are, and how far each is trusted
  mesbot contracts                                     every limit in force, worked out
  mesbot config backtest --out out > run.json          a run for Nautilus' own BacktestNode
  mesbot why "2025-09-15 10:31"                        why it did or did not trade then
  mesbot journal verify                                is the record whole; its head hash
  mesbot runs                                          the latest run and those that are kept beneath it
  mesbot compare latest 3                              what differs between two of them
  mesbot notebooks my-notebooks                        six notebooks to run and change
  mesbot report --open                                 the report of the newest journal, made again

\b
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by contract.
"""


class MesbotGroup(click.Group):
    """Shows a MesbotError's text in red, without a stack trace, and ends with its exit code; 1 for what the system refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a verb; see the class."""
        try:
            return super().invoke(ctx)
        except MesbotError as error:
            click.secho(str(error), fg="red", err=True)
            ctx.exit(error.exit_code)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """What the operating system refuses is a person's to mend, wherever it happens; see the class."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno is None:  # Python's own, such as a TimeoutError
                raise
            click.secho(_refusal(error), fg="red", err=True)
            sys.exit(1)


def _refusal(error: OSError) -> str:
    if error.filename is not None:
        return masked(f"{error.filename}: {error.strerror}; choose a place you may write to.")
    if error.errno in (errno.ENOSPC, errno.EIO):
        return f"The output cannot be written ({error.strerror}); make room, or send it elsewhere."
    return f"The operating system refused something: {error.strerror}."


PRODUCTS = ("config",)  # what it prints is for a program, which needs it whole
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "auto_envvar_prefix": "MESBOT"}


@click.group(cls=MesbotGroup, help=EXAMPLES, context_settings=SETTINGS)
@click.version_option(__version__, prog_name="mesbot")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """The group that holds all verbs; gives the one called its defaults from config/, and masks what it prints."""
    verb = ctx.invoked_subcommand or ""
    if verb not in PRODUCTS:
        ctx.with_resource(masked_output(sys.stdout, sys.stderr))
    if verb in cli.commands:
        ctx.default_map = {verb: read_defaults(cli.commands[verb], verb)}


for verb in (
    backtest, check, compare, config, contracts, data, demo, drill, gateway, journal, kill, live, notebooks, paper, report, resume, runs,
    status, strategies, why,
):  # fmt: skip
    cli.add_command(verb)


def main() -> None:
    """Entry point of the command; ends the process."""
    cli(prog_name="mesbot")
