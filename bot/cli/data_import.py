"""`mesbot data import`: files of bars into one folder that every run and every notebook reads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import click

from bot.cli.file_options import file_options
from bot.cli.mistakes import in_red
from bot.cli.said import say
from bot.cli.values import BarsPlace, Day, Folder

HELP = """
Judge files of bars and write them into one folder: as Parquet, and as a Nautilus catalog of the same bars.

Runs take the folder by --bars, notebooks by ParquetDataCatalog. Several files are joined: minutes that two of them hold must be
equal. Contract months may follow each other (a symbol column says which, else ESU5 and ESZ5 in the files' names): the roll is told
with its time and jump, two contracts at one time are refused. --stamp, --zone and --format speak of all files. The folder is written
whole or not at all, and its files are not to be changed.

Exit code 0: written, or these bars are there already; 1: a file was refused, or two files differ.

\b
Examples:
  mesbot data import 2024.csv.gz 2025.csv.gz --to bars
  mesbot data import ESU5.csv.gz ESZ5.csv.gz --to bars
  mesbot data import week.csv --without 2025-09-01 --to bars
  mesbot data import glbx-mdp3-20250901.ohlcv-1m.dbn.zst --to bars
  mesbot backtest --bars bars
"""


@click.command(name="import", help=HELP, short_help="Files into one folder, for runs and notebooks.")
@click.argument("files", type=BarsPlace(), nargs=-1, required=True, metavar="FILE...")
@click.option("--to", "folder", type=Folder(), required=True, help="Folder to write: a new one, or an empty one.")
@click.option(
    "--without",
    type=Day(),
    multiple=True,
    metavar="DATE",
    help="A day to leave out, from 18:00 New York the evening before to 18:00; as often as there are days.",
)
@file_options()
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@click.pass_context
def import_(
    context: click.Context,
    files: tuple[Path, ...],
    folder: Path,
    without: tuple[dt.datetime, ...],
    stamp: Literal["open", "close"] | None,
    zone: str | None,
    format: str | None,
    contracts: Path | None,
) -> None:
    """Writes it and says what it holds, or why not."""
    from bot.backtest.import_bars import import_files
    from bot.bars import Reading
    from bot.contracts import load_contracts
    from bot.errors import BarsFileError

    try:
        done = import_files(files, folder, load_contracts(contracts), Reading(stamp, zone, format, tuple(each.date() for each in without)))
    except BarsFileError as error:
        click.echo(in_red(f"Refused, and nothing was written: {error}"), err=True)
        context.exit(1)
    if len(files) > 1:
        say(f"{file}: {passport.summary}" for file, passport in zip(files, done.sources, strict=True))
        say(done.told)
    say(done.whole.lines())
    click.echo(f"{folder}: {'written' if done.written else 'holds these very bars already and was left as it is'}.")
