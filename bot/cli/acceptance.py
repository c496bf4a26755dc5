"""`mesbot acceptance`: first contact with a real TWS, on a paper account. What happens: bot/node/acceptance."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.said import folded
from bot.cli.values import Folder
from bot.errors import MesbotError

HELP = """
Find out whether a gateway answers as the bot expects, before anything is traded through it.

On the paper account that TWS_HOST and TWS_PORT name, else on a simulated gateway of its own. Every form of order that the bot sends
is sent far from the market, changed, and cancelled; the connection is lost and found in the middle; then one contract is filled with
its bracket and closed, as `mesbot drill` does. PAPER only, only when flat, outside the entry windows, while no bot runs. What it sent
is taken back whatever happens, Ctrl-C included.

Every frame is recorded, ids masked, and the requests are asked again of the simulated gateway: what it answers otherwise is listed
with what that means for the bot. The report is kept as acceptance.md and acceptance.json, the recording as frames.jsonl.

\b
Examples:
  mesbot acceptance                       no broker needed
  TWS_PORT=4002 mesbot acceptance         on a paper account
  mesbot acceptance --recording out/acceptance/frames.jsonl

Exit codes: 0 accepted, 1 a step failed, a difference matters or something is left, 2 it was not begun, 130 interrupted, cleaned up.
"""


class NotAccepted(MesbotError):
    """It came to its end, and not as it must; the text is the verdict."""


@click.command(help=HELP, short_help="First contact with a TWS, on a paper account.")
@click.option("--out", type=Folder(), default="out/acceptance", show_default=True, help="Folder of report and recording.")
@click.option("--zone", default="UTC", show_default=True, help="The gateway's time zone, for stamps that carry none.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@click.option("--recording", type=click.Path(path_type=Path), help="Compare a recording that was kept once more; nothing is connected to.")
@json_option
@click.pass_context
def acceptance(context: click.Context, out: Path, zone: str, contracts: Path | None, recording: Path | None, as_json: bool) -> None:
    """Tells each step as it ends, then the differences and the verdict."""
    import asyncio
    import os

    from bot.cli.backtest import typed
    from bot.errors import UsageError
    from bot.ibkr.link.endpoint import endpoint_of
    from bot.node.acceptance.run import AcceptanceRequest, accept
    from bot.state_folder import state_folder

    if recording is not None:
        for name in typed(context, ("out", "zone")):
            raise UsageError(f"--{name} would be ignored, for --recording names one that was kept; leave it out.")
        context.exit(_compared(recording, contracts, as_json=as_json))
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; name a folder.")
    endpoint = endpoint_of(os.environ)
    if endpoint is None:
        for name in typed(context, ("zone",)):
            raise UsageError(f"--{name} would be ignored, for neither TWS_HOST nor TWS_PORT names a broker; leave it out.")
        click.echo("No broker is configured: on a simulated gateway of its own.", err=as_json)
    request = AcceptanceRequest(out, state_folder(), endpoint, contracts, zone)
    report = asyncio.run(accept(request, lambda line: click.echo(folded(line), err=as_json)))
    if as_json:
        print_json(report)
        context.exit(0 if report.accepted else 1)
    for line in report.lines()[:-1]:
        click.echo(folded(line))
    click.echo(f"Report: {out / 'acceptance.md'}")
    if not report.accepted:
        raise NotAccepted(report.verdict)
    click.echo(folded(report.verdict))


def _compared(recording: Path, contracts: Path | None, *, as_json: bool) -> int:
    """The exit code: 1 if a difference matters."""
    import asyncio

    from bot.node.acceptance.run import compared_again

    found = asyncio.run(compared_again(recording, contracts))
    if as_json:
        print_json(found)
    for difference in () if as_json else found:
        click.echo(folded(f"- {difference.line}"))
    mattering = sum(difference.matters for difference in found)
    click.echo(f"{len(found)} differences from the simulated gateway, {mattering} of which matter.", err=as_json)
    return 1 if mattering else 0
