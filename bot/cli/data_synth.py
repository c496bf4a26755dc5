"""`mesbot data synth`: seeded synthetic sessions as a file."""

from __future__ import annotations

from datetime import datetime as DateTime
from pathlib import Path

import click

from bot.cli.said import fitted
from bot.cli.values import Day, Whole

HELP = """
Write seeded synthetic sessions as a file, whose name says the kind: .csv, .csv.gz or .parquet.

They are the bars that `backtest` makes of the same seed when it is given no file; the same options give the same bytes.

\b
Examples:
  mesbot data synth --out synthetic.csv.gz
  mesbot data synth --sessions 60 --seed 7 --out synthetic.parquet
"""


@click.command(help=HELP, short_help="Seeded synthetic sessions as a file.")
@click.option("--sessions", type=Whole(), default=25, show_default=True, help="How many regular sessions.")
@click.option("--seed", type=Whole(), default=1, show_default=True, help="The same seed gives the same bars.")
@click.option("--from", "first", type=Day(), metavar="DATE", help="First trading day; default: the one a backtest begins on.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write; one that is there is not replaced.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
def synth(sessions: int, seed: int, first: DateTime | None, out: Path, contracts: Path | None) -> None:
    """Writes them, and says what they are."""
    from bot.backtest.request import require_synthetic
    from bot.bars.own_format import require_writable_name, write_bars
    from bot.bars.source import SYNTHETIC_START, synthetic_sessions
    from bot.contracts import read_contracts

    require_synthetic(seed, sessions)
    require_writable_name("--out", out)
    bars = synthetic_sessions(seed, sessions, read_contracts(contracts).session, first.date() if first else SYNTHETIC_START)
    write_bars("--out", out, bars.frame)
    click.echo(fitted(f"{out}: {len(bars.frame):,} minutes, {bars.label}; their times are UTC and name the open."))
