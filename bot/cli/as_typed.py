"""What is wrong with the words of a verb whatever they mean: an empty value, an option's name for one, an option that is given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

OWN_WORDS = ("reason",)  # each verb says what the reason is for
STRICTER = ("kill", "lock")  # not lost for having two of them


def refuse_empty_and_twice(verb: click.Command, name: str, words: Sequence[str], above: click.Context) -> None:
    """Raises a usage error for an empty value, for the name of another option where a value belongs (--out --json), and for an option
    that stands twice and takes one value: the first would be ignored.

    `words` are those after the verb's `name`; what else is wrong with them the verb says itself.
    """
    context = click.Context(verb, info_name=name, parent=above, **verb.context_settings)
    options = {name for param in verb.get_params(context) for name in (*param.opts, *param.secondary_opts) if name.startswith("--")}
    try:
        found, rest, order = verb.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        error.ctx = error.ctx or context  # else nobody knows which verb's option it was
        raise
    for param, times in Counter(order).items():
        if times > 1 and _takes_one_value(param) and not (verb.name in STRICTER and param.name in OWN_WORDS):
            raise click.BadParameter(f"is given {times} times; say it once", context, param)
        if param.name not in found or param.name in OWN_WORDS:
            continue
        if _is_empty(found[param.name]):
            raise click.BadParameter("is empty; say what is meant, or leave it out", context, param)
        if isinstance(param, click.Option) and isinstance(found[param.name], str) and found[param.name] in options:
            raise click.BadParameter(f"needs a value after it, and {found[param.name]} stands there", context, param)
    if isinstance(verb, click.Group) and rest and rest[0] in verb.commands:
        refuse_empty_and_twice(verb.commands[rest[0]], rest[0], rest[1:], context)


def _takes_one_value(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.multiple and not param.is_flag


def _is_empty(value: Any) -> bool:
    """Of an option's or argument's words as they were typed: nothing but spaces."""
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(each, str) and not each.strip() for each in values)
