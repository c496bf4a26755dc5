"""`mesbot check`: the deployment checklist, on the terminal and as JSON. What is looked at: bot.node.check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.said import wide_console
from bot.cli.strategies_option import strategies_option

if TYPE_CHECKING:
    from rich.console import Console

    from bot.node.check import CheckReport

HELP = """
Look at everything that must be right before the bot may trade: contracts, limits, strategies, calendar,
clock, journals, disk, the last kill drill; and, if TWS_HOST or TWS_PORT names a broker, connection, account,
front month, live data, orders and the broker's clock.

No order is sent. Each report replaces the one before of its mode and account; LIVE asks for one that passed and is younger than a day.
Exit code 0 if nothing failed, 1 if something did. What was skipped says why.

\b
Examples:
  mesbot check                   this machine; no broker is needed
  TWS_PORT=4002 mesbot check     and a paper gateway on it
  TWS_PORT=4001 TWS_CLIENT_ID=8 mesbot check --live --json > it.json
  TWS_ACCOUNT_FILE=/run/secrets/account mesbot check --live
"""


@click.command(help=HELP, short_help="The checklist before trading: machine, contracts, broker.")
@click.option("--live", is_flag=True, help="Check for LIVE, which needs a live account; default: PAPER, which needs a paper one.")
@click.option("--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones.")
@strategies_option
@json_option
@click.pass_context
def check(ctx: click.Context, live: bool, directory: Path | None, strategies: tuple[Path, ...], as_json: bool) -> None:
    """Prints the checklist and keeps it; ends with 1 if an item failed."""
    import asyncio
    import os
    import time

    from bot.node.check import report_path, run_checks, write_report
    from bot.state_folder import state_folder

    console = wide_console(markup=False, stderr=as_json)
    folder = state_folder()
    with console.status("Looking ..."):
        report = asyncio.run(run_checks("LIVE" if live else "PAPER", directory, os.environ, folder, time.time_ns(), strategies))
    path = report_path(folder, report.mode, report.account)
    if not as_json:
        _show(report, console)
    write_report(report, path)
    console.print(f"Report: {path}", soft_wrap=True)
    if as_json:
        print_json(report)
    ctx.exit(0 if report.passed else 1)


def _show(report: CheckReport, console: Console) -> None:
    from bot.cli.checklist import checklist

    console.print(f"Check for {report.mode}, account {report.account or 'not known'}")
    for part in checklist(report, console.width):
        console.print(part, soft_wrap=True)
    console.print(_verdict(report), style="green" if report.passed else "bold red")


def _verdict(report: CheckReport) -> str:
    """The last line: what failed, else how much was not looked at, which is no reason to trade."""
    from bot.node.check.items import Status
    from bot.plural import counted

    if not report.passed:
        return f"Failed: {', '.join(report.failed)}."
    skipped = sum(item.status is Status.SKIP for item in report.items)
    return f"Passed, but {counted(skipped, 'line was', 'lines were')} not looked at (SKIP)." if skipped else "Passed."
