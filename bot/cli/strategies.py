"""`mesbot strategies`: which there are, and a new one from an old."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from bot.cli.as_json import json_option, print_json
from bot.cli.said import folded
from bot.cli.strategies_option import ENVIRONMENT, strategies_option
from bot.cli.values import Folder
from bot.errors import UsageError
from bot.plural import counted

if TYPE_CHECKING:
    from bot.contracts import Contracts
    from bot.contracts.declaration import Declared

INSET = 4
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

    found, path = _listed(load_contracts(directory, strategies), _standing()), newest_journal()
    if as_json:
        print_json({"strategies": [each._asdict() for each in found], "journal": None if path is None else str(path)})
        return
    for each in found:
        click.echo("\n".join(each.lines()))
    click.echo("States: no journal yet." if path is None else f"States: {_near(str(path))}")


class _Listed(NamedTuple):
    """A strategy as it is listed; `release` is "" if nothing has to let it go."""

    name: str
    summary: str
    belief: str
    contracts: int
    tiers: list[str]
    origin: str
    state: str
    release: str

    def lines(self) -> list[str]:
        """Its name and what it does; then set in what it may, and how far it is trusted."""
        size = f"{counted(self.contracts, 'contract')}, {'tier' if len(self.tiers) == 1 else 'tiers'} {' '.join(self.tiers)}"
        may = f"belief {self.belief}; {size if self.contracts else 'orders nothing'}; from {self.origin}"
        trusted = f"{self.state}; released by {self.release}" if self.release else self.state
        return [folded(f"{self.name}: {self.summary}"), *(folded(part, inset=INSET) for part in (may, trusted))]


def _listed(in_force: Contracts, standing: _Standing | None) -> list[_Listed]:
    found = []
    for name in in_force.names:
        declared, orders = in_force.declared[name], name != in_force.filter
        belief = declared.belief if declared.evidence is None else f"{declared.belief}, its own"
        contracts, tiers = (in_force.trader(name).contracts, list(in_force.trader(name).tiers)) if orders else (0, [])
        state = "no journal yet" if standing is None else standing.states.get(name, "not journaled yet")
        release = "" if standing is None else standing.releases.get(name, "")
        found.append(_Listed(name, declared.summary.removesuffix("."), belief, contracts, tiers, _near(declared.origin), state, release))
    return found


class _Standing(NamedTuple):
    """By strategy: its learning state, and what releases it from one that is not ACTIVE."""

    states: dict[str, str]
    releases: dict[str, str]


def _near(place: str) -> str:
    """A folder as a person standing here would name it."""
    return os.path.relpath(place) if Path(place).is_relative_to(Path.cwd()) else place


def _standing() -> _Standing | None:
    """As the newest journal, and those of earlier years that it goes on from, tell it; None if there is none.

    How many sessions are left where age releases is not journaled with each session, but follows from the journal.
    """
    from bot.calendar import new_york, sessions_after
    from bot.cli.journal import newest_journal
    from bot.journal.contracts import newest_contracts
    from bot.learning.states import LearningLoop, StrategyState
    from bot.node.journals import with_earlier
    from bot.runtime.past import past_of

    path = newest_journal()
    in_force = None if path is None else newest_contracts(path)
    if path is None or in_force is None:
        return None
    past, loop = past_of(with_earlier(path)), LearningLoop(in_force)
    loop.refold(past.learning, lambda ts_ns: new_york(ts_ns).date().isoformat())
    date_of = sessions_after(past.last_ns, in_force.session)
    states = dict.fromkeys(in_force.names, "active") | {name: change.after.lower() for name, change in past.states.items()}
    releases = {
        name: loop.release(name, date_of) if loop.view(name).state == change.after else change.release
        for name, change in sorted(past.states.items())
        if change.after != StrategyState.ACTIVE
    }
    return _Standing(states, releases)


@strategies.command(help=NEW_HELP, short_help="Write a strategy of your own, as a copy of another.")
@click.argument("name")
@click.option("--from", "source", required=True, metavar="NAME", help="The strategy it starts as a copy of, e.g. K2.")
@click.option("--to", "folder", type=Folder(), default="my-strategies", show_default=True, help="Folder.")
@click.pass_obj
def new(where: tuple[Path | None, tuple[Path, ...]], name: str, source: str, folder: Path) -> None:
    """Writes three files, looks whether they hold, and says what to run next."""
    from bot.cli.new_strategy import files_of
    from bot.contracts import load_contracts

    directory, known = where
    known = tuple(each for each in known if each.resolve() != folder.resolve() or each.is_dir())  # it may be named before it is there
    in_force = load_contracts(directory, known)
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
    click.echo(f"      or `export {ENVIRONMENT}={folder.resolve()}` for every verb; its test: python -m pytest {folder}")


def _source(in_force: Contracts, name: str) -> Declared:
    if name not in in_force.traders:
        why = "the filter, which never orders" if name == in_force.filter else "no strategy that is known"
        raise UsageError(f"--from {name}: is {why}; name one that orders: {', '.join(in_force.traders)}.")
    return in_force.declared[name]
