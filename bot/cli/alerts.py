"""`mesbot alerts`: tell a person who is not at the terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bot.alerts.alert import LEVELS, MEANING, Level
from bot.cli.defaults import read_defaults
from bot.cli.values import File, OneOf, Whole
from bot.errors import MesbotError, UsageError

HELP = """
Tell a person who is not at the terminal, through any service that apprise knows.

MESBOT_ALERTS holds the addresses, one a line, or MESBOT_ALERTS_FILE names a file of them: each has its service's
secret in it, so that none is ever printed. MESBOT_HEARTBEAT_URL (or _FILE) is asked for once a minute while the run is well, for a
service that notices when that stops. config/alerts.yaml says how much each event matters.

\b
Examples:
  mesbot alerts test
  mesbot alerts run
"""
TEST_HELP = """
Send one message to each address of MESBOT_ALERTS, and say which service took it. Exit code 1 if one did not.

\b
Examples:
  MESBOT_ALERTS=tgram://token/chat mesbot alerts test
"""
RUN_HELP = """
Follow a journal and tell what matters, until stopped. Paper and live runs start it beside them where MESBOT_ALERTS is
set; run by itself (systemd, compose) it follows the journal that is written in the state folder, and goes on with the next year's.

A journal that it meets for the first time it tells from then on; else from where it was.

\b
Examples:
  mesbot alerts run
  mesbot alerts run --least warning --exit warning
  mesbot alerts run --journal out/paper/journal.sqlite
"""
LEVEL = OneOf([level.value for level in Level])


class Clock(click.ParamType):
    """A minute of the day, New York: HH:MM."""

    name = "HH:MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.time:
        """The time. A usage error if it is none."""
        try:
            return dt.datetime.strptime(str(value), "%H:%M").time()
        except ValueError:
            self.fail(f"{value!r} is no time of the day such as 17:15 (New York)", param, ctx)


def _level_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """One option an event, by its name."""
    for event, level in reversed(LEVELS.items()):
        verb = click.option(f"--{event}", f"level_{event.name}", type=LEVEL, default=level.value, help=f"Level of: {MEANING[event]}.")(verb)
    return verb


@click.group(help=HELP, short_help="Tell a person who is away; a test of it.")
@click.pass_context
def alerts(context: click.Context) -> None:
    """Gives its verb the defaults of config/alerts.yaml."""
    context.default_map = {"run": read_defaults(run, "alerts")}


@alerts.command(help=TEST_HELP, short_help="One message to each address.")
def test() -> None:
    """Prints which service took it, by number and kind."""
    import os

    from bot.alerts.addresses import addresses_of, heartbeat_of
    from bot.alerts.run import HEARTBEAT_ALONE, NOT_WANTED, tried

    found, heartbeat = addresses_of(os.environ, lambda: "mesbot"), heartbeat_of(os.environ)
    if not found:
        raise UsageError(HEARTBEAT_ALONE if heartbeat else NOT_WANTED)
    results = tried(found)
    for name, taken in results:
        click.echo(f"{name}: {'taken' if taken else 'NOT taken'}")
    if failed := [name for name, taken in results if not taken]:
        raise MesbotError(
            f"{len(failed)} of {len(results)} did not take the message ({', '.join(failed)}): look whether the address is right, "
            "the service answers, and this machine may reach it."
        )


@alerts.command(help=RUN_HELP, short_help="Follow a journal and tell what matters.")
@click.option("--journal", "path", type=File(), help="Journal file; default: the one that is written.")
@click.option("--least", type=LEVEL, default=Level.INFO.value, show_default=True, help="Send nothing below this level.")
@click.option("--digest-at", type=Clock(), default="17:15", show_default=True, help="Minute of the day's digest, New York.")
@click.option("--per-minute", type=Whole(1, 60), default=6, show_default=True, help="Messages a minute to one address.")
@click.option("--beside", is_flag=True, hidden=True, help="Of `paper` and `live`: end with whoever started it.")
@_level_options
def run(path: Path | None, least: str, digest_at: dt.time, per_minute: int, beside: bool, **levels: str) -> None:
    """Runs until stopped."""
    import os
    import sys

    from bot.alerts.run import asked_to_end, begun_beside, follow
    from bot.alerts.watch import Settings
    from bot.state_folder import state_folder

    chosen = {event: Level(levels[f"level_{event.name}"]) for event in LEVELS}
    settings, say = Settings(chosen, Level(least), digest_at, per_minute), click.echo
    if beside:
        path = Path(sys.stdin.readline().strip())
        say = begun_beside(path)
    follow(path, state_folder(), settings, os.environ, say, asked_to_end(lifeline=beside))
