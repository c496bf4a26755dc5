"""`mesbot live`: real money, or a live account only watched."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.broker import broker_options, endpoint_or_usage_error, run_on_broker
from bot.cli.values import OneOf
from bot.errors import ContractError, UsageError
from bot.masking import masked

if TYPE_CHECKING:
    from bot.node.broker_run import Meeting
    from bot.node.request import BrokerRequest

HELP = """
Trade a live account through TWS or IB Gateway, until stopped (Ctrl-C).

Where it is comes from the environment: TWS_HOST, TWS_PORT, TWS_ACCOUNT, TWS_CLIENT_ID, or NAME_FILE
for each. As shipped it only observes. To trade real money, set `trading-mode: live` in
config/live.yaml, have a kill drill within 7 days and a `check --live` that passed within one, and
type the account when asked.

\b
Examples:
  TWS_PORT=4001 mesbot live                  watch, and send nothing
  TWS_PORT=4001 mesbot live --trading-mode live  trade
"""


class LiveRefused(ContractError):
    """A condition of live trading is not met; exit code 3."""


@click.command(help=HELP, short_help="A live account: observed, or traded.")
@click.option(
    "--trading-mode", type=OneOf(["observe", "live"]), default="observe", show_default=True, help="live sends orders: real money."
)
@broker_options
def live(
    trading_mode: str,
    start_seconds: int,
    warm_up_days: int,
    zone: str,
    nightly_restart: str,
    contracts: Path | None,
    strategies: tuple[Path, ...],
    no_report: bool,
) -> None:
    """Runs until stopped and shows what came of it."""
    from bot.node.request import BrokerRequest, Mode
    from bot.state_folder import state_folder

    mode = Mode(trading_mode.upper())
    endpoint = endpoint_or_usage_error("live")
    request = BrokerRequest(
        endpoint, mode, True, state_folder(), contracts, nightly_restart, zone, warm_up_days, start_seconds, strategies=strategies
    )
    if mode is Mode.LIVE:
        run_on_broker(request, report=not no_report, confirm=lambda met: _confirmed(request, met))
    else:
        run_on_broker(request, report=not no_report)


def _confirmed(request: BrokerRequest, met: Meeting) -> BrokerRequest:
    """What stands between a command and real money: a fresh checklist, and a person who types which account."""
    from bot.ibkr.link.settings import confirm_live
    from bot.node.check import check_refusal, latest_check

    report = latest_check(request.state, "LIVE", met.probe.account)
    if refusal := check_refusal(report, time.time_ns(), met.contracts.sha256):
        raise LiveRefused(refusal)
    wanted, account = f"LIVE {met.probe.account}", masked(met.probe.account)
    question = f"This trades real money under the limits above. Type LIVE and the whole id of account {account} to begin"
    typed = click.prompt(question, default="", show_default=False)
    if typed != wanted:
        raise UsageError(f"That is not LIVE and the whole id of account {account}: nothing was started.")
    confirm_live(met.probe.account)
    return replace(request, confirmed=typed)
