"""Around every verb: a place that it cannot use is a mistake about the option that names it, and Ctrl-C has an end."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bot.asked_to_end import ended_by, heard
from bot.errors import Interrupted, MesbotError, UsageError

FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_A_FOLDER = (errno.EEXIST, errno.ENOTDIR)
STAYS, ASKED = "what it has written by then stays", "what it has asked for by then counts; `mesbot status` says what"
WRITERS = {
    **dict.fromkeys(
        ("acceptance", "backtest", "config backtest", "data download", "data import", "data synth", "demo", "drill", "gateway",
         "journal backup", "journal export", "live", "lookahead", "notebooks", "paper", "parity", "report", "strategies new", "sweep",
         "walk-forward"), STAYS),
    **dict.fromkeys(("kill", "lock", "resume", "strategy restore", "unlock"), ASKED),
    "alerts test": "who was told by then has been told",
    "runs prune": "what it has removed by then is gone",
}  # fmt: skip
"""The verbs that leave something behind when they are interrupted, and what is to be said of it; all others only look."""


def around(verb: click.Command) -> None:
    """Put it around a verb and all below it, once."""
    for each in verb.commands.values() if isinstance(verb, click.Group) else ():
        around(each)
    if verb.callback is not None:
        verb.callback = _ended(verb.callback)


@contextmanager
def interrupted_with(said: Callable[[], str]) -> Iterator[None]:
    """Ctrl-C or SIGTERM while this lasts ends the verb with what `said` says then: what was done, what of it is kept, how it goes on."""
    try:
        with heard():
            yield
    except KeyboardInterrupt as asked:
        raise ended_by(asked, said()) from None


def _ended(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def carried_out(*given: Any, **options: Any) -> Any:
        try:
            with interrupted_with(lambda: _interrupted(click.get_current_context())):
                return callback(*given, **options)
        except UnicodeEncodeError:
            if told := _no_text(click.get_current_context()):
                raise told from None
            raise
        except OSError as error:
            if told := _told(error, click.get_current_context()):
                raise told from None
            raise

    return carried_out


def _interrupted(context: click.Context) -> str:
    """What a verb ends with that has nothing more to say when it is interrupted."""
    verb = context.command_path.partition(" ")[2]
    after = f"; {WRITERS[verb]}." if verb in WRITERS else "."
    return Interrupted.ANYWHERE.removesuffix(".") + after


def _told(error: OSError, context: click.Context) -> MesbotError | None:
    """A sentence that names the option, if one of the verb's named the place that the system refuses."""
    if not isinstance(error.filename, str) or error.errno is None:
        return None
    refused = Path(error.filename)
    for param, given in _given(context):
        if isinstance(given, Path) and _is_about(refused, given):
            name = max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name
            return _sentence(error, f"{name} {given}", refused)
    return None


def _given(context: click.Context | None) -> Iterator[tuple[click.Parameter, Any]]:
    """What was said to a verb and to the verbs above it."""
    while context is not None:
        yield from ((param, context.params.get(str(param.name))) for param in context.command.params)
        context = context.parent


def _no_text(context: click.Context) -> UsageError | None:
    """A sentence that names the place whose name is no text: it can be opened, but stands in no configuration and in no report."""
    given = [(max(param.opts, key=len), context.params.get(str(param.name))) for param in context.command.params]
    for name, place in [*given, ("MESBOT_HOME", os.environ.get("MESBOT_HOME")), ("the folder you are in", os.getcwd())]:
        if any("\udc80" <= letter <= "\udcff" for letter in str(place)):
            return UsageError(f"{name} {str(place)!a}: the name is not UTF-8; name another place, or rename it.")
    return None


def _is_about(refused: Path, place: Path) -> bool:
    """Whether it is the place, in it or above it; or the draft that is beside it until it is whole."""
    draft = refused.parent == place.parent and refused.name.startswith((f".{place.name}.", f"{place.name}."))
    return draft or refused.is_relative_to(place) or place.is_relative_to(refused)


def _sentence(error: OSError, place: str, refused: Path) -> MesbotError:
    if error.errno in FULL:
        return MesbotError(f"{place}: {error.strerror}; make room there, or name another place.")
    if error.errno in NOT_A_FOLDER:
        file = next((each for each in (refused, *refused.parents) if each.exists() and not each.is_dir()), refused)
        return UsageError(f"{place}: {file} is a file, and a folder is needed there; name another place.")
    return UsageError(f"{place}: cannot be used ({error.strerror}); name another place.")
