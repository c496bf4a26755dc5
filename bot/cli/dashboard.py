"""`mesbot dashboard`: live pages in the browser. The pages: bot/dashboard."""

from __future__ import annotations

import importlib.util
import os
import socket
from contextlib import suppress
from pathlib import Path

import click

from bot.cli.strategies_option import strategies_option
from bot.cli.values import Folder, JournalFile, Whole
from bot.errors import UsageError

PORT = 8765
HELP = """
Show what the bot does and why, live, in the browser: a process of its own that only reads the journal.

It listens on this machine alone. With --host another address is listened on, and then every page wants the token: what
MESBOT_DASHBOARD_TOKEN (or MESBOT_DASHBOARD_TOKEN_FILE, a file with it) holds, else one that is made and printed once.
STOP ENTRIES, its release and FLATTEN & HALT always want the token, go the way of the commands lock, unlock and kill, and are
off with --read-only.

\b
Examples:
  mesbot dashboard
  mesbot dashboard --port 8800 --read-only
  mesbot dashboard --host 192.168.1.20
"""


@click.command(help=HELP, short_help="Live pages in the browser.")
@click.option("--journal", "path", type=JournalFile(), help="The journal; default: of the bot or replay that runs, else the latest run's.")
@click.option("--port", type=Whole(1, 65_535), default=PORT, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; any but this machine's own wants the token.")
@click.option("--read-only", is_flag=True, help="No verb is carried out.")
@click.option("--out", type=Folder(), help="Folder of the runs; default: the journal's, else out.")
@click.option("--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones.")
@strategies_option
def dashboard(
    path: Path | None, port: int, host: str, read_only: bool, out: Path | None, directory: Path | None, strategies: tuple[Path, ...]
) -> None:
    """Prints where it is and, if one was made, the token; runs until Ctrl-C."""
    if importlib.util.find_spec("nicegui") is None:
        raise UsageError(
            'The dashboard is an extra that is not installed: in the folder that mesbot was installed from, pip install ".[dashboard]".'
        )
    from bot.cli.journal import find_journal, newest_journal
    from bot.contracts import read_contracts
    from bot.dashboard.guard import is_loopback
    from bot.dashboard.serve import serve
    from bot.dashboard.target import path_to_show, require_whole
    from bot.dashboard.token import NAME, Token, given_token
    from bot.journal.folder import JOURNAL

    try:
        journal = path_to_show(path, newest_journal) if path is None else find_journal(path)
    except UsageError:
        if path is not None:
            raise
        journal = None  # the pages say so until there is one: a unit is begun together with the bot's, which may wait for its login
    if path is not None and journal is not None:
        require_whole(journal)
    read_contracts(directory, strategies)
    _require_free(host, port)
    token = given_token(os.environ)
    click.echo(f"Dashboard: http://{f'[{host}]' if ':' in host else host}:{port}/  (Ctrl-C ends it)\nJournal:   {journal or 'none yet'}")
    if token.made and not (read_only and is_loopback(host)):
        click.echo(f"Token:     {token.secret}  (this once; {NAME} names one that stays)")
    if not is_loopback(host):
        click.echo("Other machines can reach it, and the network can read it: every page wants the token. An SSH tunnel is safer.")
    beside = Path("out") if journal is None or journal.name != JOURNAL or _is_under_out(journal) else journal.parent
    with suppress(KeyboardInterrupt):  # its ordinary end
        serve(
            lambda: path_to_show(path, newest_journal), lambda: read_contracts(directory, strategies), Token(token.secret),
            host=host, port=port, out=out or beside, read_only=read_only,
        )  # fmt: skip


def _is_under_out(journal: Path) -> bool:
    """Whether the folder of runs lists it."""
    return journal.resolve().is_relative_to(Path("out").resolve())


def _require_free(host: str, port: int) -> None:
    """Raises UsageError if the address cannot be listened on."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise UsageError(f"{host} port {port} cannot be listened on ({error.strerror}); name another with --host or --port.") from None
