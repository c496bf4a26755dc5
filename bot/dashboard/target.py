"""Which journal the pages show: the one named, else that of a bot or a replay that runs, else the latest run's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bot.errors import JournalError, UsageError
from bot.journal import schema
from bot.journal.folder import latest_of
from bot.journal.read import headers, opened
from bot.journal.run_lock import held_by
from bot.node.journals import FOLDER, Journals, with_earlier
from bot.node.status import JournalName, journal_names
from bot.state_folder import replay_journal, state_folder

_FIRST = "SELECT coalesce(min(ts_ns), 0) FROM records WHERE ts_ns > 0"


class Target(NamedTuple):
    """A journal to show with those of the years before it; `name` is that of an account's journal, None for others.

    `mode` is PAPER, BACKTEST, …; `account` "" where none was traded.
    """

    journals: Journals
    name: JournalName | None
    mode: str
    account: str

    @property
    def path(self) -> Path:
        """The file that is written."""
        return self.journals.path

    @property
    def kind(self) -> str:
        """What runs or ran, in two words: LIVE U1234567, PAPER replay, BACKTEST."""
        return f"{self.mode} {self.account or ('' if self.mode == 'BACKTEST' else 'replay')}".strip()

    def can_be_asked(self, running: int | None) -> bool:
        """Whether anybody could carry out a verb: for an account it is latched where no bot runs, any other run must be `running`."""
        return self.name is not None or running is not None


def path_to_show(named: Path | None, newest: Callable[[], Path | None]) -> Path:
    """Asked again and again, for a run may begin. Raises UsageError if there is no journal, or none is at the path `named`."""
    if named is not None:
        if not named.is_file():
            raise UsageError(f"{named}: no such journal; name the .sqlite file a run has written.")
        return named
    state = state_folder()
    accounts = [name.path(state) for name in journal_names(state)]
    replay = replay_journal()
    there = [*accounts, *([] if replay is None else [replay])]
    running = [path for path in there if held_by(path) is not None]
    latest = latest_of(running or [*there, *(path for path in (newest(),) if path is not None)])
    if latest is None:
        raise UsageError("No journal yet: `mesbot paper` begins one, and --journal FILE names another.")
    return latest


def target_of(path: Path) -> Target:
    """What is known of a journal before it is folded. Raises JournalError if it cannot be read, is of another version, or holds no run."""
    require_whole(path)
    with opened(path) as db:
        runs = headers(db)
        (first_ns,) = db.execute(_FIRST).fetchone()
    if not runs:
        raise JournalError(f"{path} holds no run yet.")
    journals = Journals(path, tuple(with_earlier(path)), 0, first_ns, "")
    return Target(journals, _name(path), str(runs[-1]["mode"]).upper(), str(runs[-1].get("account", "")))


def require_whole(path: Path) -> None:
    """Raises JournalError, one sentence, for what is no journal, or none whose tables are as they were made."""
    with opened(path) as db:
        if broken := schema.faults(db):
            raise JournalError(f"{path} cannot be shown: {'; '.join(broken)}; `mesbot journal verify --journal {path}` says more.")


def _name(path: Path) -> JournalName | None:
    """Whose it is, if it is one of the state folder's."""
    state = state_folder()
    if path.absolute().parent != (state / FOLDER).absolute():
        return None
    return next((name for name in journal_names(state) if name.path(state).absolute() == path.absolute()), None)
