"""`mesbot paper`: a day replayed through the live node on the simulated gateway, or a paper account at the broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.backtest import refuse_synthetic_options, remember, show_run, typed
from bot.cli.broker import broker_options, run_on_broker
from bot.cli.called import as_called
from bot.cli.file_options import file_options
from bot.cli.said import Saying, folded
from bot.cli.usd import Usd, equity_sentences
from bot.cli.values import Day, Folder, OneOf, Speed, Whole
from bot.errors import MesbotError, UsageError

if TYPE_CHECKING:
    from datetime import datetime as DateTime
    from decimal import Decimal

    from bot.node.request import Mode, PaperRequest

HELP = """
Paper trading: a day replayed on the simulated IB gateway, or a paper account at the broker.

With no broker configured one day is replayed through the real node, the real adapter and a real
socket. Earlier bars are served as history. Above real time the gateway waits for the node, so that
every speed above 1 decides the same. With TWS_HOST or TWS_PORT set (and TWS_ACCOUNT, TWS_CLIENT_ID) it
trades that gateway's paper account until stopped (Ctrl-C); a live account is refused.

\b
Examples:
  mesbot paper                    the last of the synthetic sessions
  mesbot paper --bars bars.csv.gz --date 2025-09-30 --speed 600
  mesbot paper --speed max --out out/paper
  TWS_PORT=4002 mesbot paper      a paper account, until stopped
"""

BROKER_OPTIONS = ("zone", "nightly-restart", "start-seconds", "warm-up-days", "lockstep")
REPLAY_OPTIONS = ("bars", "date", "speed", "equity", "out", "stamp", "bars-zone", "format", "seed", "sessions")


class ReplayKilled(MesbotError):
    """A person has killed the replay; exit code 1, for it is not what was asked for."""


@click.command(help=HELP, short_help="A replayed day, or a paper account.")
@click.option("--bars", type=click.Path(path_type=Path), help="File of minutes, or folder of an import; default: synthetic sessions.")
@click.option("--date", type=Day(), metavar="DATE", help="Session to replay; default: the last one.")
@click.option("--speed", type=Speed(), default="60", show_default=True, help="Times real time, or max.")
@click.option("--equity", type=Usd(), default="10000", show_default=True, help="The paper account in dollars.")
@click.option("--out", type=Folder(), default="out/paper", show_default=True, help="Folder for journal and report.")
@file_options("--bars-zone")
@click.option("--seed", type=Whole(), default=1, show_default=True, help="Seed of the synthetic sessions and of the gateway's ticks.")
@click.option("--sessions", type=Whole(), default=25, show_default=True, help="How many synthetic sessions; the last is replayed.")
@click.option("--trading-mode", type=OneOf(["observe", "paper"]), default="paper", show_default=True, help="observe sends nothing.")
@click.option("--lockstep", type=Whole(), default=0, help="Side port of a simulated gateway to keep step with, where TWS_PORT names one.")
@broker_options
@click.pass_context
def paper(
    context: click.Context,
    trading_mode: str,
    lockstep: int,
    start_seconds: int,
    warm_up_days: int,
    zone: str,
    nightly_restart: str,
    contracts: Path | None,
    strategies: tuple[Path, ...],
    no_report: bool,
    **replayed: Any,
) -> None:
    """Runs, and shows what came of it."""
    import os

    from bot.ibkr.link.endpoint import endpoint_of
    from bot.node.request import BrokerRequest, Mode
    from bot.state_folder import state_folder

    mode = Mode(trading_mode.upper())
    endpoint = endpoint_of(os.environ)
    if endpoint is not None:
        refuse_replay_options(context)
        where = {"lockstep_port": lockstep, "strategies": strategies}
        request = BrokerRequest(
            endpoint, mode, False, state_folder(), contracts, nightly_restart, zone, warm_up_days, start_seconds, **where
        )
        run_on_broker(request, report=not no_report)
        return
    refuse_broker_options(context)
    refuse_synthetic_options(context, "sessions")
    _refuse_wrong_zone(context)
    _replay(replay_request(mode, contracts, strategies, **replayed), report=not no_report)


def replay_request(
    mode: Mode, contracts: Path | None, strategies: tuple[Path, ...], date: DateTime | None, equity: Decimal, **same: Any
) -> PaperRequest:
    """The replay that the command's options ask for; `same` are those that the request calls by the same names."""
    from bot.node.request import Mode, PaperRequest

    day = date.date() if date else None
    rules = {"contracts": contracts, "strategies": strategies}
    return PaperRequest(**same, **rules, date=day, equity_usd=equity, observe=mode is Mode.OBSERVE)


def refuse_replay_options(context: click.Context) -> None:
    """A person who asks for a replay while a broker is configured must say which of the two is meant."""
    for name in typed(context, REPLAY_OPTIONS):
        raise UsageError(f"--{name} is for a replay, and TWS_HOST or TWS_PORT names a broker; unset them to replay, or leave --{name} out.")


def refuse_broker_options(context: click.Context) -> None:
    """What would only count on a broker's account must not be passed over in a replay."""
    for name in typed(context, BROKER_OPTIONS):
        other = "; the zone of a file's times is --bars-zone" if name == "zone" else ""
        raise UsageError(f"--{name} is for a broker's account, and neither TWS_HOST nor TWS_PORT names one; leave --{name} out{other}.")


def _refuse_wrong_zone(context: click.Context) -> None:
    """By the name that the zone of the bars has here."""
    from bot.bars.zone import checked_zone

    zone = context.params["bars_zone"]
    if not zone:
        return
    if context.params["bars"] is None:
        raise UsageError(f"--bars-zone {zone} speaks of a file's times; name the file with --bars.")
    try:
        checked_zone(zone)
    except UsageError as error:
        raise UsageError(error.told.replace("--zone", "--bars-zone", 1)) from None


def _replay(request: PaperRequest, *, report: bool) -> None:
    import asyncio

    from rich.console import Console

    from bot.alerts.child import Notifier
    from bot.contracts import load_contracts
    from bot.contracts.doubts import doubts
    from bot.decision.limits import Limits
    from bot.journal.folder import JOURNAL
    from bot.node.live_view import LiveView
    from bot.node.paper import replay

    in_force = load_contracts(request.contracts, request.strategies)
    console = Console()

    def say(sentence: str) -> None:
        console.print(folded(sentence), highlight=False, markup=False, soft_wrap=True)

    def begin() -> None:
        for sentence in (*equity_sentences(request.equity_usd, Limits.of(in_force)), *doubts(in_force)):
            say(sentence)

    with LiveView(console, replayed=True, spoken=as_called) as view, Notifier(request.out / JOURNAL, view.say):
        result = asyncio.run(replay(request, view.show, Saying(begin, say)))
    for note in result.notes:
        say(note)
    show_run(result.journal, console, report=report)
    remember(result.journal, in_force)
    if result.killed:
        raise ReplayKilled(result.killed)
