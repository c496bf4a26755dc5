"""`mesbot`: the verbs, and how an error ends a command.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by contract, 130 interrupted (Ctrl-C), 143 ended (SIGTERM).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

import click

from bot import __version__
from bot.cli.acceptance import acceptance
from bot.cli.alerts import alerts
from bot.cli.around import around
from bot.cli.as_json import wanted
from bot.cli.as_typed import refuse_empty_and_twice
from bot.cli.backtest import backtest
from bot.cli.called import NAME, as_called, told_as_called
from bot.cli.check import check
from bot.cli.completion import completion
from bot.cli.config import config
from bot.cli.contracts import contracts
from bot.cli.dashboard import dashboard
from bot.cli.data import data
from bot.cli.defaults import read_defaults
from bot.cli.demo import demo
from bot.cli.drill import drill
from bot.cli.first import FIRST
from bot.cli.gateway import gateway
from bot.cli.journal import journal
from bot.cli.kill import kill
from bot.cli.live import live
from bot.cli.lock import lock, unlock
from bot.cli.lookahead import lookahead
from bot.cli.mistakes import end_with, let_go_of_output
from bot.cli.notebooks import notebooks
from bot.cli.operate import status
from bot.cli.paper import paper
from bot.cli.parity import parity
from bot.cli.research import sweep, walk_forward
from bot.cli.resume import resume
from bot.cli.runs import compare, report, runs
from bot.cli.said import within
from bot.cli.strategies import strategies
from bot.cli.strategy import strategy
from bot.cli.why import why
from bot.masking import masked_output

EXAMPLES = """
A survival-first trading bot for MES futures.

\b
Examples:
  mesbot demo                        a day in the life in a minute
  mesbot backtest                    synthetic sessions into ./out
  mesbot backtest --bars bars.csv --from 2025-09-15 --equity 10000
  mesbot data check bars.csv         what a file is; is it usable
  mesbot paper                       a day live, no broker needed
  mesbot check                       what must be right to trade
  mesbot drill                       the kill switch, with its times
  mesbot acceptance                  a new TWS, before it trades
  mesbot dashboard                   live pages in the browser
  mesbot status                      budgets, locks, open trades
  mesbot lock --reason "travelling"  no entries until unlock
  mesbot resume --reason "looked at" arm a tripped kill switch
  mesbot strategies                  which there are, how trusted
  mesbot contracts                   every limit, worked out
  mesbot config backtest > run.json  for Nautilus' BacktestNode
  mesbot why "2025-03-12 10:31"      why it traded then, or not
  mesbot journal verify              is it whole; its head hash
  mesbot runs                        the latest run, earlier ones
  mesbot compare latest 3            what differs between two
  mesbot report --open               the newest report, again
  mesbot parity                      is live what backtest said
  mesbot lookahead                   does it know the future
  mesbot sweep K1 --bars bars.csv    other numbers; their worth
  mesbot walk-forward --bars bars.csv  choose, then look ahead
  mesbot notebooks my-notebooks      six to run and change
  mesbot alerts test                 is a person away reached
  mesbot completion bash             verbs and options by Tab

\b
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by contract,
130 interrupted (Ctrl-C), 143 ended (SIGTERM).
With --json a mistake is {"error": the sentence}.
"""


class Help(click.HelpFormatter):
    """Help that fits a terminal narrower than click believes in: what is set in columns goes on below its last one."""

    def __init__(self, *args: Any, width: int | None = None, **rest: Any) -> None:
        self.columns = shutil.get_terminal_size().columns
        super().__init__(*args, width=self.columns if self.columns < CLICKS_NARROWEST else width, **rest)

    def getvalue(self) -> str:
        """The text, no line of which is wider unless a single word is."""
        text = super().getvalue()
        return within(as_called(text), self.columns) if self.columns < WIDEST_HELP else text

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options and what they do; where there is no room for two columns, what they do stands below."""
        super().write_dl(rows, SET_IN if self.columns < CLICKS_NARROWEST else col_max, col_spacing)


class HelpContext(click.Context):
    """Where a verb's help is written."""

    formatter_class = Help


class MesbotGroup(click.Group):
    """Ends a verb that cannot be done with one sentence and its exit code, never with a stack trace for a person's mistake."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **extra: Any) -> Any:
        """Runs what was typed and ends the process; see the class. Within a program (`standalone_mode=False`) click alone."""
        if extra.get("standalone_mode") is False:
            return super().main(args, prog_name, *rest, **extra)
        words = list(sys.argv[1:] if args is None else args)
        with told_as_called(document=wanted(words)):
            try:
                code = super().main(words, prog_name, *rest, **{**extra, "standalone_mode": False})
                sys.stdout.flush()  # else that it could not be written is found only when Python ends
            except (Exception, KeyboardInterrupt) as error:
                end_with(error, as_json=wanted(words))
            except SystemExit:  # click's own, for a pipe that nobody reads any more
                let_go_of_output()
                raise
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb and its words. A usage error for what is wrong with them whatever they mean."""
        name, verb, words = super().resolve_command(ctx, args)
        if verb is not None:
            refuse_empty_and_twice(verb, str(name), words, ctx)
        return name, verb, words


WIDEST_HELP, CLICKS_NARROWEST, SET_IN = 80, 52, 6  # columns
PRODUCTS = ("config",)  # what it prints is for a program, which needs it whole
OWN_DEFAULTS = ("alerts",)  # its file speaks of the options of one of its verbs, and it sees to that
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_HELP, "auto_envvar_prefix": "MESBOT"}


@click.group(cls=MesbotGroup, help=EXAMPLES, context_settings=SETTINGS, invoke_without_command=True)
@click.version_option(__version__, prog_name="mesbot")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """The group that holds all verbs; gives the one called its defaults from config/, and masks what it prints."""
    if ctx.invoked_subcommand is None:
        click.echo(FIRST)
    verb = ctx.invoked_subcommand or ""
    if verb not in PRODUCTS:
        ctx.with_resource(masked_output(sys.stdout, sys.stderr))
    if verb in cli.commands and verb not in OWN_DEFAULTS:
        ctx.default_map = {verb: read_defaults(cli.commands[verb], verb)}


VERBS = (
    acceptance, alerts, backtest, check, compare, completion, config, contracts, dashboard, data, demo, drill, gateway, journal, kill,
    live, lock, lookahead, notebooks, paper, parity, report, resume, runs, status, strategies, strategy, sweep, unlock, walk_forward,
    why,
)  # fmt: skip
for verb in VERBS:
    around(verb)
    cli.add_command(verb)


def _write_help_narrow(verb: click.Command) -> None:
    verb.context_class = HelpContext
    for beneath in verb.commands.values() if isinstance(verb, click.Group) else ():
        _write_help_narrow(beneath)


_write_help_narrow(cli)


def main() -> None:
    """Entry point of the command; ends the process."""
    cli(prog_name=NAME)
