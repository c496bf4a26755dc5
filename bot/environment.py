"""What the environment says: each value in `NAME`, or in a file that `NAME_FILE` names (Docker's and systemd's secrets).

What such a file holds is not repeated in any message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bot.errors import UsageError


class Setting(NamedTuple):
    """A value and how a message may name it."""

    value: str
    found: str


def setting(environ: Mapping[str, str], name: str, *, secret: bool = False) -> Setting | None:
    """What a variable or its file says, white space around it removed; None if neither is set. A `secret` is in no message.

    Raises UsageError, one sentence, if both are set, the file cannot be read, or nothing is in it.
    """
    plain, file = environ.get(name), environ.get(f"{name}_FILE")
    if plain is not None and file is not None:
        raise UsageError(f"{name} and {name}_FILE are both set in the environment, and only one may be; unset the other.")
    if plain is None and file is None:
        return None
    if plain is not None:
        said = Setting(plain.strip(), name if secret else f"{name}={plain.strip()}")
    else:
        said = Setting(_content(name, file), f"{name}_FILE={file}")
    if not said.value:
        raise UsageError(f"{said.found} holds nothing; give {name} a value in the environment, or unset it.")
    return said


def _content(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        raise UsageError(f"{name}_FILE={file} cannot be read ({why}); name a text file that holds the value, or set {name}.") from None
