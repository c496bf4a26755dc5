"""`mesbot gateway`: a simulated IB Gateway on this machine, for any TWS client."""

from __future__ import annotations

import math
from datetime import datetime as DateTime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from bot.cli.file_options import file_options
from bot.cli.usd import Usd
from bot.cli.values import Day, File, Speed, Whole

if TYPE_CHECKING:
    import asyncio
    from decimal import Decimal

    from bot.gateway.config import GatewayConfig

HELP = """
Serve a simulated IB Gateway: one day of minute bars as a live MES market, with a broker behind it.

Any TWS API client can connect. The clock starts with the first market data subscription. Nothing leaves this machine.

\b
Examples:
  mesbot gateway                      a synthetic day in real time
  mesbot gateway --seed 3 --speed 60
  mesbot gateway --bars bars.csv --date 2025-09-30 --side-port 4003
"""


@click.command(help=HELP, short_help="A simulated IB Gateway for any TWS client.")
@click.option("--bars", type=click.Path(path_type=Path), help="File of minutes, or folder of an import; default: synthetic sessions.")
@file_options()
@click.option("--seed", type=Whole(0), default=1, show_default=True, help="Of synthetic sessions and five-second paths.")
@click.option("--date", type=Day(), metavar="DATE", help="Session to replay; default: the last one there is.")
@click.option("--port", type=Whole(0, 65_535), default=4002, show_default=True, help="0 takes a free one.")
@click.option("--side-port", type=Whole(0, 65_535), help="Also serve the side channel (faults, lockstep, truth) there.")
@click.option("--speed", type=Speed(), default="1", show_default=True, help="Times real time, or max.")
@click.option("--account", "accounts", multiple=True, help="Account id, DU… paper or U… live; repeat for several. Default DU1234567.")
@click.option("--equity", type=Usd(), default="10000", show_default=True, help="Dollars in each account.")
@click.option("--script", type=File(there=True), help="Faults by time; see docs/gateway.md.")
@click.option("--frames", type=click.Path(path_type=Path), help="Log every frame, both ways, as JSON lines to this file.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
def gateway(
    bars: Path | None,
    stamp: Literal["open", "close"] | None,
    zone: str | None,
    format: str | None,
    seed: int,
    date: DateTime | None,
    port: int,
    side_port: int | None,
    speed: float,
    accounts: tuple[str, ...],
    equity: Decimal,
    script: Path | None,
    frames: Path | None,
    contracts: Path | None,
) -> None:
    """Serves until Ctrl-C."""
    import asyncio

    from bot.backtest.databento import LOADERS
    from bot.backtest.request import require_equity
    from bot.bars import Reading
    from bot.contracts import read_contracts
    from bot.gateway.source import file_config, synthetic_config

    for option, said in (("stamp", stamp), ("zone", zone), ("format", format)):
        if said and bars is None:
            raise click.UsageError(f"--{option} {said} speaks of a file's times; name the file with --bars.")
    require_equity(equity)
    in_force, day = read_contracts(contracts), date.date() if date else None
    options: dict[str, Any] = {
        "seed": seed, "port": port, "side_port": side_port, "speed": speed, "accounts": accounts or ("DU1234567",),
        "cash_usd": float(equity), "script": _text(script) if script else "", "script_name": str(script), "frames": frames,
    }  # fmt: skip
    if bars is not None:
        config = file_config(bars, in_force, Reading(stamp, zone, format), day, LOADERS, **options)
    else:
        options.pop("seed")
        config = synthetic_config(seed, in_force, day, **options)
    source = str(bars) if bars else f"synthetic bars, seed {seed}"
    asyncio.run(_serve(config, source))
    click.echo("Stopped.")


def _text(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        raise click.UsageError(f"--script {script} cannot be read ({why}); name a text file of faults, see docs/gateway.md.") from None


async def _serve(config: GatewayConfig, source: str) -> None:
    import asyncio
    import signal

    from bot.gateway.gateway import Gateway

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_gone_is_no_news)
    async with Gateway(config) as running:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        running.say = lambda line: click.echo(line, err=True)
        _say_where(running.port, running.side_port if config.side_port is not None else None, config, source)
        ended = asyncio.create_task(running.replay.ended.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            click.echo("The replay has ended; orders and accounts are still answered. Ctrl-C stops.")
            await stopped
        ended.cancel()


def _gone_is_no_news(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for: a client that goes at the very moment of the end is one that is gone, and no stack trace."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


def _say_where(port: int, side_port: int | None, config: GatewayConfig, source: str) -> None:
    from bot.calendar import new_york

    start, end = new_york(config.start_ns), new_york(config.end_ns)
    pace = "as fast as possible" if math.isinf(config.speed) else f"at {config.speed:g} times real time"
    click.echo(f"Simulated IB Gateway on {config.host}:{port} (TWS API, server version 176); not a broker, no real money.")
    if side_port is not None:
        click.echo(f"Side channel on 127.0.0.1:{side_port} (JSON lines; faults, lockstep, truth).")
    click.echo(f"Account  {', '.join(config.accounts)}: ${config.cash_usd:,.2f}")
    click.echo(f"Market   MES on {start:%Y-%m-%d} {start:%H:%M} to {end:%H:%M} New York, {source}, {pace};")
    click.echo("         it starts with the first market data subscription.")
    click.echo(f"Connect  host {config.host}, port {port}, any client id; Ctrl-C stops.")
