"""`mesbot paper`: one day replayed through the live node on the simulated gateway."""

from __future__ import annotations

import math
from datetime import datetime as DateTime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import click

from bot.cli.backtest import DAY, Usd, remember, show_run

HELP = """
Replay one day through the real node, the real adapter and a real socket to the simulated IB gateway.

No broker is needed and none is used. Earlier bars are served as history. Above real time the
gateway waits for the node, so that every speed decides the same.

\b
Examples:
  mesbot paper                                             the last of the synthetic sessions
  mesbot paper --bars bars.csv.gz --date 2025-10-02 --speed 600
  mesbot paper --speed max --out out/paper
"""


class Speed(click.ParamType):
    """How much faster than real time: 1, 60, 600, max."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The factor; infinity for max. A usage error if it is no number."""
        try:
            return math.inf if str(value) == "max" else float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor max", param, ctx)


@click.command(help=HELP, short_help="A day replayed through the live node.")
@click.option("--bars", type=click.Path(path_type=Path), help="CSV, CSV.gz or Parquet of minutes; default: synthetic sessions.")
@click.option("--date", type=DAY, metavar="DATE", help="Session to replay; default: the last one.")
@click.option("--speed", type=Speed(), default="60", show_default=True, help="Times real time, or max.")
@click.option("--equity", type=Usd(), default="10000", show_default=True, help="The paper account in dollars.")
@click.option("--out", type=click.Path(path_type=Path), default="out/paper", show_default=True, help="Folder for journal and report.")
@click.option("--stamp", type=click.Choice(["open", "close"]), help="Which end of its minute a bar's time names; default: detected.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the synthetic sessions and of the gateway's ticks.")
@click.option("--sessions", type=int, default=25, show_default=True, help="How many synthetic sessions; the last is replayed.")
@click.option("--no-report", is_flag=True, help="Leave out the HTML report.")
def paper(
    bars: Path | None,
    date: DateTime | None,
    speed: float,
    equity: Decimal,
    out: Path,
    stamp: Literal["open", "close"] | None,
    contracts: Path | None,
    seed: int,
    sessions: int,
    no_report: bool,
) -> None:
    """Replays one day and shows what came of it."""
    import asyncio

    from rich.console import Console
    from rich.live import Live

    from bot.contracts import load_contracts
    from bot.node.paper import replay
    from bot.node.request import PaperRequest
    from bot.node.screen import rendered

    request = PaperRequest(out, bars, date.date() if date else None, speed, equity, stamp, contracts, seed, sessions)
    law = load_contracts(contracts)
    console = Console()
    with Live(console=console, transient=not console.is_terminal, auto_refresh=False) as live:
        result = asyncio.run(replay(request, lambda glance: live.update(rendered(glance), refresh=console.is_terminal)))
    for note in result.notes:
        console.print(note, highlight=False)
    show_run(result.journal, console, report=not no_report)
    remember(result.journal, law)
