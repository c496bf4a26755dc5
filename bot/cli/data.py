"""`mesbot data`: files of bars before a run takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from bot.cli.data_download import download
from bot.cli.data_import import import_
from bot.cli.data_synth import synth
from bot.cli.file_options import file_options

if TYPE_CHECKING:
    from bot.bars import Reading

HELP = """
Files of bars: look at one before a run takes it, or make one.

\b
Examples:
  mesbot data check bars.csv.gz
  mesbot data check export.txt --format ninjatrader --zone UTC --json
  mesbot data import 2024.csv.gz 2025.csv.gz --to bars
  mesbot data download --from 2025-09-15 --out mes.csv.gz
  mesbot data synth --sessions 25 --seed 1 --out synthetic.csv.gz
"""
CHECK_HELP = """
Print the passport of a file: what it holds, which zone and stamp its times have, and what speaks against it.

Exit code 0: usable; 1: not.
"""


@click.group(help=HELP, short_help="Files of bars: check, import, download, synth.")
def data() -> None:
    """The group."""


for verb in (download, import_, synth):
    data.add_command(verb)


@data.command(help=CHECK_HELP, short_help="The passport of a file; exit 0 usable, 1 not.")
@click.argument("file", type=click.Path(path_type=Path))
@file_options()
@click.option("--json", "as_json", is_flag=True, help="The whole passport as JSON.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@click.pass_context
def check(
    context: click.Context,
    file: Path,
    stamp: Literal["open", "close"] | None,
    zone: str | None,
    format: str | None,
    as_json: bool,
    contracts: Path | None,
) -> None:
    """Prints it, and ends with its verdict."""
    from bot.bars import Reading

    usable, text = _passport(file, Reading(stamp, zone, format), as_json, contracts)
    click.echo(text)
    context.exit(0 if usable else 1)


def _passport(file: Path, reading: Reading, as_json: bool, contracts: Path | None) -> tuple[bool, str]:
    import msgspec

    from bot.backtest.databento import LOADERS
    from bot.bars.files import examined
    from bot.contracts import read_contracts
    from bot.errors import BarsFileError

    session = read_contracts(contracts).session
    try:
        passport = examined(file, session, reading, LOADERS).passport
    except BarsFileError as error:
        unread = {"file": str(file), "usable": False, "findings": [{"code": "UNREADABLE", "severity": "refuse", "sentence": str(error)}]}
        return False, msgspec.json.format(msgspec.json.encode(unread)).decode() if as_json else f"Refused: {error}"
    if as_json:
        facts: dict[str, Any] = {"file": str(file), "usable": passport.usable, "sha256": passport.sha256, **msgspec.to_builtins(passport)}
        return passport.usable, msgspec.json.format(msgspec.json.encode(facts)).decode()
    words = {"refuse": "Refused", "warn": "Warning", "note": "Note"}
    told = [f"{words[each.severity]}: {each.text}" for each in passport.findings]
    verdict = f"{'Usable' if passport.usable else 'Not usable'}: {file} (passport {passport.sha256[:12]})"
    return passport.usable, "\n".join([f"Data: {passport.summary}", *told, verdict])
