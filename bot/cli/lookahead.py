"""`mesbot lookahead`: whether anything of a run is known before its time, and how much history each signal needs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.backtest import refuse_synthetic_options
from bot.cli.file_options import file_options
from bot.cli.parity import compared_or_told
from bot.cli.said import fitted, folded
from bot.cli.strategies_option import strategies_option
from bot.cli.usd import Usd
from bot.cli.values import Folder, Whole

HELP = """
Say whether anything is known before its time.

The whole run is made, then again over bars that end at a cut, and over bars that are seeded noise after it: up to the cut
both must decide what the whole run decided. Cuts lie on bars on which each strategy had a plan, then on others.

A table says how far each signal is from its value after the full warm-up, by sessions of warm-up, and from which number on
there is no difference.

\b
Examples:
  mesbot lookahead                    three synthetic sessions
  mesbot lookahead --bars bars.csv.gz --days 5 --cuts 20
  mesbot lookahead --strategies mine/ strategies of your own
  mesbot lookahead --json             every difference, in JSON

Exit codes: 0 nothing was known before its time, 1 something was, 2 it could not be told. How long a signal warms up is no failure.
"""


@click.command(help=HELP, short_help="Is anything known before its time?")
@click.option("--bars", type=click.Path(path_type=Path), help="File of minutes, or folder of an import; default: synthetic sessions.")
@click.option("--days", type=Whole(1), default=3, show_default=True, help="How many sessions are cut, counted from the last one.")
@click.option("--cuts", type=Whole(1), default=6, show_default=True, help="At how many bars.")
@click.option("--no-warm-up", is_flag=True, help="Leave the table out.")
@click.option("--equity", type=Usd(), default="10000", show_default=True, help="Account in dollars at the start.")
@click.option("--out", type=Folder(), default="out/lookahead", show_default=True, help="Folder for the journals.")
@file_options()
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@strategies_option
@click.option("--seed", type=Whole(0), default=1, show_default=True, help="Seed of the cuts, of the noise and of synthetic sessions.")
@click.option("--sessions", type=Whole(), default=25, show_default=True, help="How many synthetic sessions.")
@json_option
@click.pass_context
def lookahead(
    context: click.Context, days: int, cuts: int, no_warm_up: bool, equity: Decimal, as_json: bool, seed: int, **same: Any
) -> None:
    """Prints the verdict, each difference, and the table; exit code 1 if there is a difference."""
    refuse_synthetic_options(context, "sessions")

    with compared_or_told(same["out"]) as say:
        from bot.backtest.request import BacktestRequest
        from bot.proofs.lookahead import NAMES, LookaheadRequest
        from bot.proofs.lookahead import lookahead as looked

        source = BacktestRequest(equity_usd=equity, seed=seed, **same)
        found = looked(LookaheadRequest(source, days, cuts, seed, not no_warm_up), say)
    if as_json:
        print_json(found)
        context.exit(0 if found.same else 1)
    click.echo(folded(found.verdict))
    for peek in found.peeks:
        click.echo(fitted(f"{peek.cut}  {peek.how}  {peek.difference.sentence(*NAMES)}"))
    if found.warm_up is not None:
        click.echo(f"\n{folded(found.warm_up.sentence)}\n")
        rows = found.warm_up.rows()
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        for head, *cells in rows:
            click.echo("  ".join([head.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]))
    click.echo(f"Journals: {found.out}")
    context.exit(0 if found.same else 1)
