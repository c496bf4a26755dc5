"""How a verb that cannot be done ends: one sentence on standard error, red where colours are wanted, and an exit code."""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import click
from click.core import ParameterSource

from bot.asked_to_end import ended_by
from bot.cli.as_json import print_json
from bot.cli.defaults import find_config
from bot.cli.said import fitted
from bot.errors import Interrupted, MesbotError
from bot.masking import masked
from bot.plural import either

MEANT = {  # what people type for a verb that is called otherwise
    "run": ("backtest", "paper"),
    "start": ("paper", "live"),
    "trade": ("paper", "live"),
    "stop": ("kill",),
    "halt": ("kill",),
    "flatten": ("kill",),
    "test": ("backtest", "check"),
    "simulate": ("backtest", "paper"),
    "limits": ("contracts",),
    "explain": ("why",),
    "state": ("status", "strategies"),
}
ASKS_FOR_VERSION = ("version", "about")
ASKS_FOR_HELP = ("help", "man", "usage", "?")
SIMILAR = 0.6
USAGE_CODE, FAILED_CODE = 2, 1


def end_with(error: BaseException, *, as_json: bool) -> NoReturn:
    """Say what went wrong and end the process. Raises what is no mistake of a person's, nor refused by the system."""
    if lost := isinstance(error, OSError) and error.filename is None:
        let_go_of_output()
    if lost and error.errno == errno.EPIPE:  # whoever read it has seen enough
        sys.exit(FAILED_CODE)
    code, sentence = _told(error)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(sentence, err=True)
    elif as_json and not lost:
        print_json({"error": masked(sentence)})
    else:
        with suppress(OSError):  # the code says it all the same
            click.echo(in_red(fitted(masked(sentence), err=True)), err=True)
    sys.exit(code)


def let_go_of_output() -> None:
    """What still waits to be written to standard output goes nowhere, so that Python's end does not fail on it again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def in_red(sentence: str) -> str:
    """A sentence about a mistake, red where colours are wanted."""
    return click.style(sentence, fg="red") if coloured() else sentence


def in_bold(heading: str) -> str:
    """A heading, bold on a terminal that can do that."""
    return click.style(heading, bold=True) if coloured() else heading


def coloured() -> bool:
    """Whether colours are wanted: not with NO_COLOR set, nor on a terminal that calls itself dumb (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _told(error: BaseException) -> tuple[int, str]:
    """The exit code and the sentence."""
    match error:
        case MesbotError():
            return error.exit_code, error.told
        case click.Abort() | EOFError() | KeyboardInterrupt():
            return _aborted(error)
        case click.exceptions.NoSuchCommand() if error.ctx is not None:
            return error.exit_code, _no_such_verb(error.command_name, error.ctx)
        case click.exceptions.NoSuchOption():
            return error.exit_code, f"No such option: {error.option_name}{_options_meant(error)}"
        case click.exceptions.NoArgsIsHelpError():
            return error.exit_code, _no_verb(error)
        case click.MissingParameter() if isinstance(error.param, click.Argument) and isinstance(error.param.type, click.Choice):
            return error.exit_code, f"Say which {error.param.name}: {either([*error.param.type.choices])}.{_see(error)}"
        case click.BadOptionUsage() if told := _no_value(error):
            return error.exit_code, f"{told}{_see(error)}"
        case click.BadParameter() if not isinstance(error, click.MissingParameter):
            return error.exit_code, f"{_where(error)} {_ended(error.message)}{_see(error)}"
        case click.ClickException():
            return error.exit_code, f"{_ended(error.format_message())}{_see(error)}"
        case OSError() if error.errno is not None:  # else it is Python's own, such as a TimeoutError
            return FAILED_CODE, _refusal(error)
    raise error


def _no_verb(error: click.exceptions.NoArgsIsHelpError) -> str:
    """What is missing first, then the help."""
    context = error.ctx
    verbs = either(sorted(context.command.commands)) if isinstance(context.command, click.Group) else ""
    return f"Say what {context.command_path} is to do: {verbs}.\n\n{error.format_message()}"


_UNANSWERED, _BARE = "Interrupted where an answer was asked for: nothing was done.", Interrupted.ANYWHERE


def _aborted(error: BaseException) -> tuple[int, str]:
    """Ctrl-C; or a question that nobody was there to answer."""
    if isinstance(error, EOFError) or isinstance(error.__cause__ or error.__context__, EOFError):
        return USAGE_CODE, "Nothing was typed where an answer was asked for: nothing was done."
    asked = error if isinstance(error, KeyboardInterrupt) else error.__cause__ or error.__context__
    ended = ended_by(asked, _BARE if asked is error else _UNANSWERED)
    return ended.exit_code, ended.told


def _no_value(error: click.BadOptionUsage) -> str:
    """That an option stands without the value that it takes, or with one where it takes none; "" for anything else."""
    if error.message.endswith("does not take a value."):
        return f"{error.option_name} takes no value; write it alone."
    options = {each: param for param in error.ctx.command.params for each in param.opts} if error.ctx else {}
    option = options.get(error.option_name)
    if option is None or not error.message.endswith("requires an argument."):
        return ""
    what = " ".join((getattr(option, "help", None) or "").split()).partition(". ")[0].rstrip(".")
    return f"{error.option_name} needs a value after it{f': {what[0].lower()}{what[1:]}' if what else ''}."


def _ended(said: str) -> str:
    """A whole sentence on one line."""
    said = " ".join(said.split())
    return said if said.endswith((".", "?")) else f"{said}."


def _see(error: click.ClickException) -> str:
    """Where the verb is explained, if it is known which."""
    context = getattr(error, "ctx", None)
    return "" if context is None else f" See: {context.command_path} --help"


def _where(error: click.BadParameter) -> str:
    """Where a value stands that is none: the option or argument, the variable of the environment, or the file and its key."""
    param, context = error.param, error.ctx
    if param is None or param.name is None or context is None:
        return str(error.param_hint or "")
    option = max(param.opts, key=len)
    match context.get_parameter_source(param.name):
        case ParameterSource.ENVIRONMENT:
            return str(param.envvar or f"{context.auto_envvar_prefix}_{param.name}".upper())
        case ParameterSource.DEFAULT_MAP:
            return f"{find_config(context.command_path.split()[1])}: {option.removeprefix('--')}"
    return option if isinstance(param, click.Option) else str(param.human_readable_name)


def _options_meant(error: click.exceptions.NoSuchOption) -> str:
    if error.ctx is None:
        return "."
    known = {each.lstrip("-"): each for param in error.ctx.command.get_params(error.ctx) for each in param.opts if each.startswith("--")}
    near = difflib.get_close_matches(error.option_name.lstrip("-").casefold(), known, n=2, cutoff=SIMILAR)
    return f"; did you mean {either([known[each] for each in near])}?" if near else f". See: {error.ctx.command_path} --help"


def _refusal(error: OSError) -> str:
    if error.filename is not None:
        return masked(f"{error.filename} cannot be used ({error.strerror}); look whose it is, or name another place.")
    if error.errno in (errno.ENOSPC, errno.EIO):
        return f"The output cannot be written ({error.strerror}); make room, or send it elsewhere."
    return f"The operating system refused something: {error.strerror}."


def _no_such_verb(name: str, context: click.Context) -> str:
    """That a verb does not exist, and which one may be meant: here, or in another group."""
    group, root = context.command, context.find_root().command
    assert isinstance(group, click.Group) and isinstance(root, click.Group)
    if name.casefold() in ASKS_FOR_HELP:
        return f"No such command: {context.command_path} {name}; type {context.command_path} --help, or --help after any command."
    if name.casefold() in ASKS_FOR_VERSION:
        return f"No such command: {context.command_path} {name}; mesbot --version says which this is."
    if not name.strip():
        return f"An empty word is no command; {context.command_path} --help lists them."
    known = {" ".join(("mesbot", *path)): path[-1] for path in _verbs(root, ())}
    near = _near_in(group, name, context.command_path) if group is not root else _near_in_all(name, known)
    if near:
        hint = f"did you mean {either(near)}?"
    else:
        elsewhere = either([path for path, verb in known.items() if verb == name.casefold()])
        there = f"there {'is' if len(group.commands) == 1 else 'are'} {', '.join(sorted(group.commands))}"
        hint = f"{there}; {name} is {elsewhere}." if elsewhere else f"{there}."
    return f"No such command: {context.command_path} {name}; {hint}"


def _near_in(group: click.Group, name: str, path: str) -> list[str]:
    """The verbs of a group that may be meant: one of another group is not, though it be called so."""
    return [f"{path} {each}" for each in difflib.get_close_matches(name.casefold(), group.commands, n=2, cutoff=SIMILAR)]


def _near_in_all(name: str, known: Mapping[str, str]) -> list[str]:
    """The verbs that may be meant where no group was named, of groups too; `known` has their last word by all their words."""
    name = name.casefold()
    if name in MEANT:
        return [f"mesbot {verb}" for verb in MEANT[name]]
    if same := [path for path, verb in known.items() if verb == name]:
        return same
    top = {verb: path for path, verb in known.items() if path == f"mesbot {verb}"}
    for names in (top, {verb: path for path, verb in known.items()}):
        if found := difflib.get_close_matches(name, names, n=2, cutoff=SIMILAR):
            return [names[each] for each in found]
    return []


def _verbs(group: click.Group, above: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Of every verb below a group the words that call it."""
    for name, verb in group.commands.items():
        yield (*above, name)
        if isinstance(verb, click.Group):
            yield from _verbs(verb, (*above, name))
