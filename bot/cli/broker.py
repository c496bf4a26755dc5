"""What `mesbot paper` and `mesbot live` share when they trade a broker's account."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.called import as_called
from bot.cli.strategies_option import strategies_option
from bot.cli.values import Whole
from bot.errors import MesbotError, UsageError

if TYPE_CHECKING:
    from bot.node.broker_run import Meeting
    from bot.node.request import BrokerRequest

NO_BROKER = "no broker is configured; set TWS_HOST and TWS_PORT (and TWS_ACCOUNT) in the environment."


def broker_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a run on a broker's account."""
    for option in (
        click.option("--start-seconds", type=Whole(), default=90, show_default=True, help="How long the node may take to start."),
        click.option("--warm-up-days", type=Whole(), default=40, show_default=True, help="Calendar days of history fetched at the start."),
        click.option("--zone", default="UTC", show_default=True, help="The gateway's time zone, for stamps that carry none."),
        click.option("--nightly-restart", default="", help="The gateway's own restart, HH:MM New York; no entries around it."),
        click.option(
            "--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones."
        ),
        strategies_option,
        click.option("--no-report", is_flag=True, help="Leave out the HTML report."),
    ):
        verb = option(verb)
    return verb


def run_on_broker(request: BrokerRequest, *, report: bool, confirm: Callable[[Meeting], BrokerRequest] | None = None) -> None:
    """Meet the gateway, let a person confirm, trade until stopped, show what came of it."""
    import asyncio

    from rich.console import Console

    from bot.alerts.child import Notifier
    from bot.cli.backtest import remember, show_run
    from bot.contracts.doubts import doubts
    from bot.node.broker_run import meet, trade
    from bot.node.live_view import LiveView
    from bot.node.request import Mode
    from bot.state_folder import remember_run

    console = Console()
    met = asyncio.run(meet(request, lambda text: console.print(text, highlight=False, soft_wrap=True)))
    stricter = f"; in force today: {met.law.contracts.sha256[:12]}" if met.law.contracts.sha256 != met.contracts.sha256 else ""
    console.print(f"Contracts: {met.contracts.directory} ({met.contracts.sha256[:12]}){stricter}", highlight=False)
    for sentence in (*([met.law.told] if met.law.told else []), *doubts(met.law.contracts)):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    console.print(f"{request.mode}  account {met.probe.account} at {request.endpoint}", highlight=False)
    if met.replay:
        console.print("The gateway replays recorded time: its clock is the market's.", highlight=False)
    if request.mode is Mode.OBSERVE:
        console.print("OBSERVE: every plan is shadowed and nothing is sent.", highlight=False)
    if confirm is not None:
        request = confirm(met)
    with suppress(MesbotError):  # told at its end; until then only `mesbot why` and `mesbot journal` do not find it
        remember_run(met.journals.path, met.law.contracts)
    with LiveView(console, replayed=met.replay, spoken=as_called) as view, Notifier(met.journals.path, view.say):
        result = asyncio.run(trade(request, met, view.show, view.say))
    for note in result.notes:
        console.print(note, highlight=False, soft_wrap=True)
    show_run(result.journal, console, report=report)
    remember(result.journal, met.law.contracts)


def endpoint_or_usage_error(verb: str) -> Any:
    """The configured endpoint. Raises UsageError if there is none."""
    import os

    from bot.ibkr.link.endpoint import endpoint_of

    endpoint = endpoint_of(os.environ)
    if endpoint is None:
        raise UsageError(f"mesbot {verb}: {NO_BROKER}")
    return endpoint
