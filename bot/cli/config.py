"""`mesbot config`: a run as the configuration that Nautilus' own BacktestNode or TradingNode takes, as JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.backtest import backtest, refuse_synthetic_options, request_of
from bot.cli.defaults import read_defaults
from bot.cli.paper import paper, refuse_replay_options, replay_request
from bot.cli.values import Folder

if TYPE_CHECKING:
    from nautilus_trader.common.config import NautilusConfig

HELP = """
Print a run as Nautilus' own configuration: JSON for a plain BacktestNode or a stock TradingNode.

The options are those of `backtest` and `paper`, and so is what the run decides; docs/nautilus.md
shows how to run it.

\b
Examples:
  mesbot config backtest --bars bars.csv --out out/plain > run.json
  mesbot config node --date 2025-04-11 --lockstep 4003 > it.json
  TWS_PORT=4002 mesbot config node > node.json
"""
BACKTEST_HELP = """
Print the BacktestRunConfig of a backtest; its bars are written into a catalog folder first.

The journal goes to --out when it is run, and an earlier one there is put aside then.

\b
Examples:
  mesbot config backtest --bars bars.csv --out out/plain > run.json
"""
NODE_HELP = """
Print the TradingNodeConfig of a paper run.

With no broker configured it is that of a replayed day, for a simulated gateway that TWS_PORT names when it runs and
whose side channel --lockstep names. With TWS_HOST or TWS_PORT set the gateway is asked, and the configuration is good for one
start: it begins from the journals as they are now. Host and port are never in it; the account is, so keep it out of a project.
Real money is traded by `mesbot live` alone, which asks.

\b
Examples:
  TWS_PORT=4002 mesbot config node > node.json
"""


@click.group(help=HELP, short_help="A run as JSON for Nautilus' own nodes.")
@click.pass_context
def config(context: click.Context) -> None:
    """Gives both the defaults of the verbs whose options they have."""
    context.default_map = {"backtest": read_defaults(backtest, "backtest"), "node": read_defaults(paper, "paper")}


def _options(verb: click.Command, *but: str) -> list[click.Parameter]:
    return [option for option in verb.params if option.name not in but]


def _print(made: NautilusConfig) -> None:
    import msgspec

    click.echo(msgspec.json.format(made.json(), indent=2))


def _backtest(catalog: Path | None, **asked: Any) -> None:
    from bot.backtest.config import CATALOG, backtest_config

    refuse_synthetic_options(click.get_current_context(), "seed", "sessions")
    request = request_of(**asked)
    request = replace(request, out=request.out.resolve())
    folder = (request.out / CATALOG if catalog is None else catalog).resolve()
    made = backtest_config(request, folder)
    click.echo(f"Bars: {folder}", err=True)
    _print(made)


def _node(
    trading_mode: str, lockstep: int, start_seconds: int, warm_up_days: int, zone: str, nightly_restart: str, contracts: Path | None,
    strategies: tuple[Path, ...], **replayed: Any,
) -> None:  # fmt: skip
    import asyncio
    import os

    from bot.ibkr.link.endpoint import endpoint_of
    from bot.node.broker_run import meet, unlocated_node_config
    from bot.node.paper import replay_node_config
    from bot.node.request import BrokerRequest, Mode
    from bot.state_folder import state_folder

    mode = Mode(trading_mode.upper())
    endpoint = endpoint_of(os.environ)
    if endpoint is None:
        refuse_synthetic_options(click.get_current_context(), "sessions")
        request = replay_request(mode, contracts, strategies, **replayed)
        _print(replay_node_config(replace(request, out=request.out.resolve()), lockstep))
        return
    refuse_replay_options(click.get_current_context())
    where = {"lockstep_port": lockstep, "strategies": strategies}
    wanted = BrokerRequest(endpoint, mode, False, state_folder(), contracts, nightly_restart, zone, warm_up_days, start_seconds, **where)
    met = asyncio.run(meet(wanted, lambda text: click.echo(text, err=True)))
    if met.law.told:
        click.echo(met.law.told, err=True)
    _print(unlocated_node_config(wanted, met))


CATALOG_OPTION = click.Option(["--catalog"], type=Folder(), help="Folder of the bars; default: OUT/catalog.")
config.add_command(
    click.Command(
        "backtest",
        callback=_backtest,
        params=[*_options(backtest, "no_report", "as_json"), CATALOG_OPTION],
        help=BACKTEST_HELP,
        short_help="A BacktestRunConfig.",
    )
)
config.add_command(
    click.Command("node", callback=_node, params=_options(paper, "no_report"), help=NODE_HELP, short_help="A TradingNodeConfig.")
)
