"""`mesbot sweep` and `mesbot walk-forward`: other numbers of the strategies tried on past bars. The work: bot/research."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime as DateTime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.around import interrupted_with
from bot.cli.as_json import json_option, print_json
from bot.cli.backtest import BarsDone, refuse_synthetic_options, request_of, typed
from bot.cli.called import as_called
from bot.cli.file_options import file_options
from bot.cli.said import say
from bot.cli.strategies_option import strategies_option
from bot.cli.usd import Usd
from bot.cli.values import Day, Folder, OneOf, Whole
from bot.errors import UsageError
from bot.plural import counted

if TYPE_CHECKING:
    from rich.console import Console

SWEEP_HELP = """
Try other numbers of the strategies on past bars, and say what the best of so many is worth.

PARAMETER is a number that has bounds in strategies.yaml, or beside a strategy of your own (K1.min_abs_vwap_z), or a strategy for
all of its numbers (K1); none: all that have bounds. --list shows them. A limit is no parameter and is refused.

The best set is searched for on the sessions in sample alone, and looked at once on those out of sample. The report says first whether
anything is there; the usual answer is that nothing is.

\b
Examples:
  mesbot sweep --list
  mesbot sweep K1.min_abs_vwap_z K1.max_minutes --bars bars.csv
  mesbot sweep K1 --bars bars.csv --trials 200 --study k1
  mesbot sweep K1 --bars bars.csv --trials 200 --study k1 --resume
  mesbot sweep K1 --bars bars.csv --ray 10.0.0.5:6379
"""
WALK_HELP = """
Choose the best numbers on some sessions, look at what they do on the next ones, go on by as many.

What counts is what all the looks come to together: nobody chose by them. PARAMETER as in `mesbot sweep`.

\b
Examples:
  mesbot walk-forward --bars bars.csv --from 2025-09-15
  mesbot walk-forward K1 --bars bars.csv --train 20 --test 5
  mesbot walk-forward K1 --bars bars.csv --resume
"""
OF_A_LIST = ("listed", "names", "contracts", "strategies", "as_json")
OPTIONS: tuple[Callable[..., Any], ...] = (
    click.argument("names", metavar="[PARAMETER]...", nargs=-1),
    click.option("--bars", type=click.Path(path_type=Path), help="File of minutes, or folder of an import; default: synthetic sessions."),
    click.option("--from", "from_date", type=Day(), metavar="DATE", help="First trading day to decide on; earlier bars warm up."),
    click.option("--to", "to_date", type=Day(), metavar="DATE", help="Last trading day to decide on."),
    click.option("--trials", type=Whole(), default=40, show_default=True, help="Sets of numbers to try, the one in force among them."),
    click.option("--objective", type=OneOf(["net", "plans"]), default="net", show_default=True, help=(
        "What a set is judged by: the book's net, or all plans of its strategies, traded or refused.")),
    click.option("--resume", is_flag=True, help="Go on with the study; what is finished is not tried again."),
    click.option("--storage", metavar="URL", help="Database of the study, any that Optuna knows; default: SQLite in --out."),
    click.option("--ray", metavar="ADDRESS", help="Ray cluster to work on, HOST:PORT; default: this machine alone."),
    click.option("--workers", type=Whole(1, 1024), help="Trials at once on this machine; default: one a processor."),
    click.option("--batch", type=Whole(), default=8, show_default=True, help="Sets proposed together, and so most at once."),
    click.option("--search-seed", type=Whole(), default=1, show_default=True, help="Seed of the search: same seed, same sets."),
    click.option("--equity", type=Usd(), default="10000", show_default=True, help="Account in dollars at the start; sets the tier."),
    click.option("--out", type=Folder(), default="out/research", show_default=True, help="Folder of the studies."),
    file_options(),
    click.option("--learning", type=OneOf(["on", "off"]), default="on", show_default=True, help="off is for study only."),
    click.option("--contracts", type=click.Path(path_type=Path), help="Folder of contracts; default: ./contracts, else the packaged ones."),
    strategies_option,
    click.option("--seed", type=Whole(), default=1, show_default=True, help="Seed of the synthetic sessions."),
    click.option("--sessions", type=Whole(), default=25, show_default=True, help="How many synthetic sessions."),
    json_option,
)  # fmt: skip


def _shared(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The options that both verbs have."""
    for option in reversed(OPTIONS):
        verb = option(verb)
    return verb


@click.command(help=SWEEP_HELP, short_help="Try other numbers; what the best is worth.")
@_shared
@click.option("--study", default="sweep", show_default=True, help="Name of the study.")
@click.option("--split", type=Day(), metavar="DATE", help="First day out of sample; default: after two thirds of the sessions.")
@click.option("--list", "listed", is_flag=True, help="Show the numbers that may be tried, and end.")
@click.pass_context
def sweep(context: click.Context, listed: bool, split: DateTime | None, **asked: Any) -> None:
    """Searches, looks once, and says what was found."""
    if listed:
        others = [name for name in context.params if name not in OF_A_LIST]
        if ignored := typed(context, others):
            option = f"--{ignored[0].removesuffix('_date').replace('_', '-')}"
            raise UsageError(f"{option} would be ignored, for --list only shows what may be tried; leave one of the two out.")
        _list(asked["names"], asked["contracts"], asked["strategies"], as_json=asked["as_json"])
        return
    _carry_out(context, "sweep", asked, split=split.date() if split else None)


@click.command("walk-forward", help=WALK_HELP, short_help="Choose on some sessions, look at the next.")
@_shared
@click.option("--study", default="walk-forward", show_default=True, help="Name of the study.")
@click.option("--train", type=Whole(), default=10, show_default=True, help="Sessions to choose on.")
@click.option("--test", type=Whole(), default=5, show_default=True, help="Sessions to look at after them.")
@click.pass_context
def walk_forward(context: click.Context, train: int, test: int, **asked: Any) -> None:
    """Walks, and says what all looks came to."""
    _carry_out(context, "walk-forward", asked, train=train, test=test)


def _carry_out(context: click.Context, verb: str, asked: dict[str, Any], **own: Any) -> None:
    from rich.console import Console

    as_json = asked.pop("as_json")
    refuse_synthetic_options(context, "seed", "sessions")
    console = Console(stderr=True)
    with _progress(console) as progress, _interrupted(asked["study"], progress):
        facts, lines = _done(verb, asked, own, progress)
    if as_json:
        print_json(facts)
    else:
        click.echo(as_called("\n".join(lines)))


def _done(verb: str, asked: dict[str, Any], own: dict[str, Any], progress: BarsDone) -> tuple[dict[str, Any], list[str]]:
    from bot.research.extra import require_extra
    from bot.research.request import SweepRequest, WalkRequest

    study = {name: asked.pop(name) for name in ("study", "trials", "batch", "search_seed", "objective", "storage", "ray", "workers")}
    names, resume = asked.pop("names"), asked.pop("resume")
    kind: Callable[..., Any] = SweepRequest if verb == "sweep" else WalkRequest
    request = kind(run=request_of(**asked), names=names, resume=resume, **study, **own)
    require_extra(f"mesbot {verb}")
    work: Callable[..., Any]
    if verb == "sweep":
        from bot.research.sweep import sweep as work
    else:
        from bot.research.walk_forward import walk_forward as work
    return work(request, progress, lambda sentence: say([sentence], err=True))


def _list(names: tuple[str, ...], directory: Path | None, strategies: tuple[Path, ...], *, as_json: bool) -> None:
    from bot.contracts import load_contracts
    from bot.research.space import parameters_of

    found = parameters_of(load_contracts(directory, strategies), names)
    if as_json:
        print_json([{"key": key, "in_force": value, "bounds": bounds.words, "values": bounds.count} for key, value, bounds in found])
        return
    width = max((len(key) for key, _, _ in found), default=0)
    for key, value, bounds in found:
        click.echo(f"{key:<{width}}  {value:>6}  {bounds.words}")
    click.echo(f"{counted(len(found), 'number')} may be tried: in force, and the bounds that stand beside it.")


@contextmanager
def _interrupted(study: str, progress: BarsDone) -> Iterator[None]:
    """Ctrl-C says how far the study came, and how it goes on."""

    def stopped() -> str:
        if not progress.total:
            return "Interrupted before anything was tried: nothing is kept, and the same command begins anew."
        if not progress.done:
            return f"Interrupted before the first set was through; the same command with --resume goes on with the study {study}."
        kept = f"the study {study} keeps them, and the same command with --resume goes on with it"
        return f"Interrupted after {progress.done:,} of {counted(progress.total, 'set')}: {kept}."

    with interrupted_with(stopped):
        yield


@contextmanager
def _progress(console: Console) -> Iterator[BarsDone]:
    """A bar on the terminal with the time that is left, gone when done; where there is no terminal, a line now and then."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Trying"), BarColumn(), MofNCompleteColumn(), TextColumn("sets"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("sets", total=None)
        told = _Told()

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if not console.is_terminal and (line := told.line(done, total)):
                click.echo(line, err=True)

        yield BarsDone(show)


class _Told:
    """How much is done and how long the rest will take, at each tenth; the time begins with the first call, before anything is done."""

    def __init__(self) -> None:
        self._began, self._before, self._tenth = 0.0, -1, 0

    def line(self, done: int, total: int) -> str:
        """A line, "" between two tenths."""
        if self._before < 0:
            self._began, self._before, self._tenth = time.monotonic(), done, done * 10 // total
            return f"{counted(done, 'set')} of {total:,} were tried before" if done else ""
        tenth, self._tenth = self._tenth, done * 10 // total
        if self._tenth == tenth:
            return ""
        seconds = (time.monotonic() - self._began) / (done - self._before) * (total - done)
        left = f"{round(seconds / 60)} min" if seconds >= 90 else f"{max(1, round(seconds))} s"
        return f"{done:,} of {counted(total, 'set')} tried" + (f", about {left} left" if done < total else "")
