"""`mesbot strategies`: which there are, and a new one from an old."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.listed import listed, near, standing_in
from bot.cli.said import fitted
from bot.cli.strategies_option import ENVIRONMENT, strategies_option
from bot.cli.values import Folder
from bot.errors import UsageError
from bot.plural import either

if TYPE_CHECKING:
    from bot.contracts import Contracts
    from bot.contracts.declaration import Declared

HELP = """
List all strategies: what each does, the belief it stands on, how many contracts it orders and
in which tiers, where it comes from, its learning state in the newest journal, and what
releases it if it is not active.

\b
Examples:
  mesbot strategies
  mesbot strategies --strategies my-strategies/
  mesbot strategies new K6 --from K2    your own: docs/strategies.md
"""
NEW_HELP = """
Write a strategy of your own that starts as a copy of another: NAME's file, its block and its test.

NAME is a capital letter and up to seven more letters or digits. Nothing that is there is overwritten.

\b
Examples:
  mesbot strategies new K6 --from K2
  mesbot strategies new Fade2 --from K1 --to ideas/
"""
CONTRACTS = click.option(
    "--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones."
)


@click.group(help=HELP, short_help="List the strategies; `new` writes one of your own.", invoke_without_command=True)
@CONTRACTS
@strategies_option
@json_option
@click.pass_context
def strategies(context: click.Context, directory: Path | None, strategies: tuple[Path, ...], as_json: bool) -> None:
    """Prints the list, unless a verb of its own follows, which takes the options over."""
    context.obj = (directory, strategies)
    if context.invoked_subcommand is not None:
        return
    from bot.cli.journal import newest_journal
    from bot.contracts import load_contracts

    path = newest_journal()
    found = listed(load_contracts(directory, strategies), standing_in(path))
    if as_json:
        print_json({"strategies": [each._asdict() for each in found], "journal": None if path is None else str(path)})
        return
    for each in found:
        click.echo("\n".join(each.lines()))
    click.echo("States: no journal yet." if path is None else f"States: {near(str(path))}")


@strategies.command(help=NEW_HELP, short_help="Write a strategy of your own, as a copy of another.")
@click.argument("name")
@click.option("--from", "source", metavar="NAME", help="The strategy it starts as a copy of, e.g. K2.")
@click.option("--to", "folder", type=Folder(), default="my-strategies", show_default=True, help="Folder.")
@click.pass_obj
def new(where: tuple[Path | None, tuple[Path, ...]], name: str, source: str | None, folder: Path) -> None:
    """Writes three files, looks whether they hold, and says what to run next."""
    from bot.cli.new_strategy import files_of
    from bot.contracts import load_contracts

    directory, known = where
    known = tuple(each for each in known if each.resolve() != folder.resolve() or each.is_dir())  # it may be named before it is there
    in_force = load_contracts(directory, known)
    if source is None:
        raise UsageError(f"--from is missing: say which strategy {name} starts as a copy of, {either(list(in_force.traders))}.")
    texts = files_of(name, _source(in_force, source), Path(in_force.directory), in_force.names)
    if there := [str(folder / file) for file in texts if (folder / file).exists()]:
        raise UsageError(
            f"{', '.join(there)}: there already, and nothing is overwritten; choose another name, or another folder with --to."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
        click.echo(folder / file)
    load_contracts(directory, [*known, folder])
    click.echo(f"Next: mesbot backtest --strategies {shlex.quote(str(folder))}")
    click.echo(fitted(f"      or `export {ENVIRONMENT}={folder.resolve()}` for every verb; its test: python -m pytest {folder}"))


def _source(in_force: Contracts, name: str) -> Declared:
    if name not in in_force.traders:
        why = "the filter, which never orders" if name == in_force.filter else "no strategy that is known"
        raise UsageError(f"--from {name}: is {why}; name one that orders: {either(list(in_force.traders))}.")
    return in_force.declared[name]
