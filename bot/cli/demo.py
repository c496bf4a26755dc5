"""`mesbot demo`: a day in the life, told from the journal as it grows. Played by bot/node/demo.py, told by bot/report/story.py."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.asked_to_end import ended_by
from bot.cli.called import as_called
from bot.cli.mistakes import in_bold
from bot.cli.said import say
from bot.cli.values import Folder, Whole
from bot.plural import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.node.demo import Demo, DemoSession
    from bot.report.story import Story

PAUSE_SECONDS = 0.4  # between two sentences, so that they can be read and the whole is told within a minute
NARROWEST, WIDEST, INDENT = 40, 100, " " * 7
HELP = """
A day in the life of the bot: three short sessions of synthetic bars, played by the real node through a simulated IB gateway on this
machine, and told step by step from its journal. No broker is needed, and no limit is relaxed.

\b
Examples:
  mesbot demo                    about a minute
  mesbot demo --fast             the same without pauses
  mesbot demo --session 1        a K1 win and a K2 loss, and no more
"""


@click.command(help=HELP, short_help="A day in the life, told step by step.")
@click.option("--fast", is_flag=True, help="Without pauses between the sentences.")
@click.option("--session", "number", type=Whole(1, 3), help="Tell this one alone; those before it are played untold.")
@click.option("--out", type=Folder(), default="out/demo", show_default=True, help="Folder for the journal.")
def demo(fast: bool, number: int | None, out: Path) -> None:
    """Plays and tells; ends with what it came to."""
    from bot.node.demo import SESSIONS, Demo

    begun = Demo.begin(out)
    say(["Real node and adapter, simulated gateway on 127.0.0.1, synthetic bars; all that is told stands in the journal."])
    chosen = SESSIONS if number is None else SESSIONS[:number]
    told = range(1, len(SESSIONS) + 1) if number is None else (number,)
    _played(begun, chosen, told, 0.0 if fast else PAUSE_SECONDS)


def _played(demo: Demo, sessions: tuple[DemoSession, ...], told: Sequence[int], pause_seconds: float) -> None:
    """Play; Ctrl-C says how far it came, and where what was journaled is."""
    import asyncio

    from bot.node.demo import DemoStopped

    over: list[int] = []
    try:
        asyncio.run(_play(demo, sessions, told, pause_seconds, over))
    except (DemoStopped, KeyboardInterrupt) as stopped:
        where = str(stopped) or "Interrupted"
        kept = f"the journal so far is whole: {demo.journal}" if demo.journal.exists() else "nothing was journaled yet"
        raise ended_by(
            stopped, f"{where}, after {len(over)} of {counted(len(sessions), 'session')}; {kept}. The next demo begins anew."
        ) from None


async def _play(demo: Demo, sessions: tuple[DemoSession, ...], told: Sequence[int], pause_seconds: float, over: list[int]) -> None:
    """Play and tell one session after the other; `over` takes the number of each that is through."""
    from bot.journal.read import opened
    from bot.report.story import Story, ending, newest_decision

    story, seq = Story(demo.contracts), 0
    for number, session in enumerate(sessions, 1):
        loud = number in told
        untold = "" if loud else " (played untold: what comes after goes on from its journal)"
        click.echo(in_bold(f"\nSession {number}: {session.title}{untold}"))
        seq = await _session(demo, session, story, seq, pause_seconds, loud)
        over.append(number)
        if (refused := story.refusals()) and loud:
            _say(f"{INDENT}{refused}")
    with opened(demo.journal) as db:
        click.echo(in_bold("\nWhat it came to"))
        for line in ending(db):
            click.echo(line)
        minute = newest_decision(db)
    click.echo(f"Journal: {demo.journal}")
    if minute:
        click.echo(f'Why: mesbot why "{minute}" --journal {shlex.quote(str(demo.journal))}')
    say(["Next: mesbot backtest, then with bars of your own: mesbot backtest --bars FILE"])


async def _session(demo: Demo, session: DemoSession, story: Story, seq: int, pause_seconds: float, loud: bool) -> int:
    """Play one and tell what its journal says, as it says it; the last record's sequence."""
    import asyncio

    from bot.journal.read import opened, read

    playing = asyncio.ensure_future(demo.play(session))
    while True:
        over = playing.done()
        records = []
        if demo.journal.exists():
            with opened(demo.journal) as db:
                records = list(read(db, after_seq=seq))
        for record in records:
            seq = record.seq
            for told in story.tell(record):
                if loud:
                    _say(told.line)
                    await asyncio.sleep(pause_seconds)
        if over:
            await playing
            return seq
        await asyncio.sleep(0.05)


def _say(told: str) -> None:
    """A sentence and what it lists, within the terminal's width: continued under its text, and each of the list by two more."""
    import shutil

    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))
    sentence, *listed = as_called(told).splitlines()
    click.echo(textwrap.fill(sentence, width, subsequent_indent=INDENT))
    for line in listed:
        click.echo(textwrap.fill(line, width, initial_indent=f"{INDENT}- ", subsequent_indent=f"{INDENT}  "))
