"""Run configurations: `config/VERB.yaml` gives a verb's options their defaults.

Precedence: option > environment (MESBOT_VERB_OPTION) > ./config > the packaged config.
"""

from __future__ import annotations

import difflib
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

import click
import yaml

from bot.errors import UsageError

ENVIRONMENT_ONLY = {"host": "TWS_HOST", "port": "TWS_PORT", "account": "TWS_ACCOUNT", "client-id": "TWS_CLIENT_ID"}


class _Words(yaml.SafeLoader):
    """Values are text, as on the command line: YAML would make a number of 23:45. Only true, false and nothing are what they say."""

    yaml_implicit_resolvers = {
        None: [
            ("tag:yaml.org,2002:null", re.compile("(~|null)?$")),
            ("tag:yaml.org,2002:bool", re.compile("(true|false)$")),
        ]
    }


def find_config(verb: str, cwd: Path | None = None) -> Path | None:
    """The verb's configuration file: ./config first, else the packaged one; None if it has none."""
    inside = Path(str(resources.files("bot")))
    folders = ((cwd or Path.cwd()) / "config", inside / "shipped" / "config", inside.parent / "config")
    return next((path for folder in folders if (path := folder / f"{verb}.yaml").is_file()), None)


def read_defaults(command: click.Command, verb: str) -> dict[str, Any]:
    """Option values of a verb from its configuration file, by parameter name.

    A key may be written with underscores; one without a value is as if it were not there. Raises UsageError, one
    sentence, if the file cannot be read, names an option that does not exist, or says where the broker is.
    """
    path = find_config(verb)
    if path is None:
        return {}
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Words) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read as YAML ({error}); repair it or remove it.") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path}: holds {type(values).__name__}, expected one `option: value` a line.")
    known = {option.removeprefix("--"): param.name for param in command.params for option in param.opts}
    values = {str(key).replace("_", "-"): value for key, value in values.items()}
    for key in values:
        if key in ENVIRONMENT_ONLY:
            raise UsageError(f"{path}: {key} does not belong into a file; set {ENVIRONMENT_ONLY[key]} in the environment.")
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            raise UsageError(f"{path}: {key} is no option of `mesbot {verb}` ({hint}).")
    several = {param.name for param in command.params if getattr(param, "multiple", False)}
    return {known[key]: _value(value, known[key] in several) for key, value in values.items() if value is not None}


def _value(value: Any, several: bool) -> bool | str | list[str]:
    """Text as on the command line; of an option that may stand several times a list, or paths as in the environment."""
    if several:
        return [str(each) for each in value] if isinstance(value, list) else str(value).split(os.pathsep)
    return value if isinstance(value, bool) else str(value)
