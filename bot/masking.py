"""What must stand in no log, on no screen and in no error: account ids, and where the broker is.

An account id is known by its form (U1234567, DU1234567, DUM123456, …), so also one that nobody has told us; other secrets are kept
here when they are read. It does not promise to find a secret that is written in another way (in base64, with spaces).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

_ACCOUNT = re.compile(r"(D[FIU][A-Z]?|[FIU])\d{2,}(\d{3})")  # demo accounts of late have a third letter
_kept: dict[str, str] = {}


def keep_secret(secret: str, name: str) -> None:
    """From now on `masked` shows this name in place of the secret, wherever it stands."""
    _kept[secret] = name


def masked(text: str) -> str:
    """The text with each secret replaced by its name, and of an account id only its kind and its last three digits: U***567."""
    for secret, name in _kept.items():
        text = text.replace(secret, name)
    return _ACCOUNT.sub(r"\1***\2", text)


def file_meant(path: Path) -> Path:
    """The one file that is shown by this path where accounts are masked, so that a path can be typed as it was printed; else the path."""
    if "***" not in path.name or path.exists():
        return path
    shown_so = [each for each in path.parent.glob("*") if masked(each.name) == path.name]
    return shown_so[0] if len(shown_so) == 1 else path


class Rewritten:
    """A stream of text into which each text is written as `rewrite` makes it; all else is the stream's own."""

    def __init__(self, stream: TextIO, rewrite: Callable[[str], str]) -> None:
        self._stream, self._rewrite = stream, rewrite

    def write(self, text: str) -> int:
        """Writes it rewritten; the length is that of the text given, as whoever writes it expects."""
        self._stream.write(self._rewrite(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Writes them as one text, so that what spans two of them is found too."""
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def masked_output(out: TextIO, err: TextIO) -> Iterator[None]:
    """While this lasts, what is printed goes masked to these streams."""
    with redirect_stdout(Rewritten(out, masked)), redirect_stderr(Rewritten(err, masked)):
        yield
