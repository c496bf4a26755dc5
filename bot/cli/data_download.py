"""`mesbot data download`: minutes from IB's history as a file."""

from __future__ import annotations

from datetime import datetime as DateTime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.said import say
from bot.cli.values import Day

if TYPE_CHECKING:
    from bot.node.download import DownloadRequest

HELP = """
Fetch one-minute bars of MES from IB's history through TWS or IB Gateway, and write them as a file.

Where the gateway is comes from the environment alone (TWS_HOST, TWS_PORT, TWS_ACCOUNT, TWS_CLIENT_ID). It connects beside the bot,
under the client id TWS_CLIENT_ID + 1000, and sends no order. IB answers so many requests in ten minutes and no more; it waits where
that is said. What has come is kept beside the file (.part): interrupted, the same command goes on.

\b
Examples:
  TWS_PORT=4002 mesbot data download --from 2025-09-15 --out mes.csv
  TWS_PORT=4002 mesbot data download --month MESZ5 \\
    --from 2025-09-15 --to 2025-10-17 --out mesz5.parquet
  TWS_PORT=4001 mesbot data download --live \\
    --from 2025-09-15 --out mes.csv
"""


@click.command(help=HELP, short_help="Minutes from IB's history as a file.")
@click.option("--from", "first", type=Day(), metavar="DATE", required=True, help="First CME trading day.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="Last trading day; default: the last one that has ended.")
@click.option("--month", default="", metavar="MONTH", help="MESZ5, or 2025-12 by its last trade; default: the front month.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write (.csv, .csv.gz, .parquet); none is replaced.")
@click.option("--live", is_flag=True, help="The gateway's account is a live one; default: a paper one.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@click.pass_context
def download(
    context: click.Context, first: DateTime, last: DateTime | None, month: str, out: Path, live: bool, contracts: Path | None
) -> None:
    """Fetches, writes, and shows the passport of what came."""
    import asyncio

    from bot.asked_to_end import ended_by
    from bot.bars.files import examined
    from bot.cli.broker import endpoint_or_usage_error
    from bot.contracts import read_contracts
    from bot.errors import MesbotError
    from bot.node.download import DownloadRequest
    from bot.node.download import download as fetch

    endpoint = endpoint_or_usage_error("data download")
    request = DownloadRequest(endpoint, out, first.date(), last.date() if last else None, month, live, contracts)
    try:
        asyncio.run(fetch(request, lambda text: click.echo(text, err=True)))
    except MesbotError:
        if request.part.exists():
            click.echo(_kept(request), err=True)
        raise
    except KeyboardInterrupt as asked:
        nothing = f"Nothing had come yet, and {out} is not written: the same command begins anew."
        raise ended_by(asked, f"Interrupted. {_kept(request) if request.part.exists() else nothing}") from None
    passport = examined(out, read_contracts(contracts)).passport
    say(passport.lines())
    click.echo(f"{out}: written.")
    context.exit(0 if passport.usable else 1)


def _kept(request: DownloadRequest) -> str:
    return f"What has come is kept in {request.part}: the same command goes on from there."
