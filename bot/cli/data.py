"""`mesbot data`: files of bars before a run takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from bot.cli.data_download import download
from bot.cli.data_import import import_
from bot.cli.data_synth import synth
from bot.cli.file_options import file_options
from bot.cli.said import say
from bot.cli.values import BarsPlace

if TYPE_CHECKING:
    from bot.bars import Reading
    from bot.contracts.models import Contracts

HELP = """
Files of bars: look at one before a run takes it, or make one.

\b
Examples:
  mesbot data check bars.csv.gz
  mesbot data check export.txt --format ninjatrader --zone UTC
  mesbot data import 2024.csv.gz 2025.csv.gz --to bars
  mesbot data download --from 2025-09-15 --out mes.csv.gz
  mesbot data synth --sessions 25 --seed 1 --out synthetic.csv.gz
"""
WORDS = {"refuse": "Refused", "warn": "Warning", "note": "Note"}
CHECK_HELP = """
Print the passport of each file: what it holds, which zone and stamp its times have, and
what speaks against it. A folder that was imported is a file, too.

Exit code 0: all are usable; 1: one is not.

\b
Examples:
  mesbot data check bars.csv.gz
  mesbot data check esu5.csv esz5.csv --json
"""


@click.group(help=HELP, short_help="Files of bars: check, import, download, synth.")
def data() -> None:
    """The group."""


for verb in (download, import_, synth):
    data.add_command(verb)


@data.command(help=CHECK_HELP, short_help="The passport of a file; exit 0 usable, 1 not.")
@click.argument("files", type=BarsPlace(), nargs=-1, required=True, metavar="FILE...")
@file_options()
@click.option("--json", "as_json", is_flag=True, help="The whole passport as JSON.")
@click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones.")
@click.pass_context
def check(
    context: click.Context,
    files: tuple[Path, ...],
    stamp: Literal["open", "close"] | None,
    zone: str | None,
    format: str | None,
    as_json: bool,
    contracts: Path | None,
) -> None:
    """Prints them, and ends with their verdict."""
    import msgspec

    from bot.bars import Reading
    from bot.contracts import read_contracts

    law = read_contracts(contracts)
    looked = [_looked_at(file, law, Reading(stamp, zone, format)) for file in files]
    if as_json:
        facts = [each.facts for each in looked]
        one_or_all = facts[0] if len(facts) == 1 else {"usable": all(each.usable for each in looked), "files": facts}
        click.echo(msgspec.json.format(msgspec.json.encode(one_or_all)).decode())
    else:
        for each in looked:
            say(each.sentences)
    context.exit(0 if all(each.usable for each in looked) else 1)


class _Looked(NamedTuple):
    """What came of a file: for a person, and for a program."""

    usable: bool
    sentences: list[str]
    facts: dict[str, Any]


def _looked_at(file: Path, contracts: Contracts, reading: Reading) -> _Looked:
    import msgspec

    from bot.backtest.databento import LOADERS
    from bot.bars.files import examined
    from bot.bars.passport import Finding, Severity
    from bot.errors import BarsFileError

    try:
        passport = examined(file, contracts, reading, LOADERS).passport
    except BarsFileError as error:
        found = msgspec.to_builtins(Finding("UNREADABLE", Severity.REFUSE, str(error)))
        return _Looked(False, [f"Refused: {error}"], {"file": str(file), "usable": False, "findings": [found]})
    facts = {"file": str(file), "usable": passport.usable, "sha256": passport.sha256, **msgspec.to_builtins(passport)}
    times = [f"Times: name the {passport.stamp}: {passport.stamp_reason}."] if passport.stamp else []
    told = [f"{WORDS[each.severity]}: {each.text}" for each in passport.findings]
    verdict = f"{'Usable' if passport.usable else 'Not usable'}: {file} (passport {passport.sha256[:12]})"
    return _Looked(passport.usable, [f"Data: {passport.summary}", *times, *told, verdict], facts)
