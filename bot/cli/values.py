"""What an option takes: a day, a whole number, one word of a few, a speed, a folder, a file.

Each says of a value that is none what was found and what it must be; bot/cli/mistakes.py puts before it where it was found.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bot.masking import file_meant


class Day(click.DateTime):
    """A day of the calendar, 2025-09-15; at midnight, without a zone."""

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The day. A usage error if there is none of that name."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{str(value)!r} must be a day that exists, as year-month-day, e.g. 2025-09-15", param, ctx)


class Whole(click.ParamType):
    """A whole number, within bounds where they are given. A bound that the verb's request has too stays there alone."""

    name = "integer"

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self.least, self.most = least, most

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """The bounds, if both are given."""
        return None if self.least is None or self.most is None else f"{self.least}..{self.most}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. A usage error if it is none, or out of bounds."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{str(value)!r} must be {self._allowed()}", param, ctx)
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            self.fail(f"{str(value)!r} must be {self._allowed()}", param, ctx)
        return number

    def _allowed(self) -> str:
        if self.least is None:
            return "a whole number, e.g. 25"
        return f"a whole number of {self.least} or more" if self.most is None else f"a whole number from {self.least} to {self.most}"


class OneOf(click.Choice[str]):
    """One word of a few."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What it must be instead."""
        *others, last = self.choices
        return f"{str(value)!r} must be {', '.join(others)} or {last}"


class Speed(click.ParamType):
    """How many times faster than real time: 1, 60, 600, max."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The factor; infinity for max. A usage error if it is neither, or not above 0."""
        if str(value) == "max":
            return math.inf
        try:
            speed = float(value)
        except ValueError:
            speed = math.nan
        if not speed > 0:
            self.fail(f"{str(value)!r} must be a number above 0, e.g. 60, or max", param, ctx)
        return speed


class Folder(click.Path):
    """A folder, there or not."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Its path. A usage error if something else is there, or where a folder above it would be."""
        if file := _no_folder(Path(value)):
            self.fail(f"{value}: {'' if file == Path(value) else f'{file} '}is a file; name a folder", param, ctx)
        return super().convert(value, param, ctx)


def _no_folder(path: Path) -> Path | None:
    """What stands in the way of a folder of this path; None if nothing does."""
    return next((each for each in (path, *path.parents) if os.path.exists(each) and not os.path.isdir(each)), None)


def _streams(path: Path) -> bool:
    """Whether it is a device or a pipe: it may never end, or never begin."""
    return path.exists() and not path.is_dir() and not path.is_file()


class JournalFile(click.Path):
    """A journal, also by its path as it is printed, with the account masked."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Its path. A usage error if it is a folder."""
        path = file_meant(Path(value))
        if path.is_dir():
            self.fail(f"{value}: is a folder; name the .sqlite file in it that a run has written", param, ctx)
        if _streams(path):
            self.fail(f"{value}: is a device or a pipe; name the .sqlite file that a run has written", param, ctx)
        return super().convert(path, param, ctx)


class BarsPlace(click.Path):
    """A file of bars, or the folder of an import, that exists."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Its path. A usage error if nothing is there."""
        if not os.path.exists(value):
            self.fail(f"{value}: there is no such file; name a file of one-minute bars", param, ctx)
        if _streams(Path(value)):
            self.fail(f"{value}: is a device or a pipe; put what comes from it into a file of one-minute bars", param, ctx)
        return super().convert(value, param, ctx)


class File(click.Path):
    """A file; with `there`, one that exists."""

    def __init__(self, *, there: bool = False) -> None:
        super().__init__(path_type=Path)
        self.there = there

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Its path. A usage error if it is a folder, or must be there and is not."""
        if Path(value).is_dir():
            self.fail(f"{value}: is a folder; name a file", param, ctx)
        if self.there and not Path(value).exists():
            self.fail(f"{value}: there is no such file; name one that is", param, ctx)
        if self.there and _streams(Path(value)):
            self.fail(f"{value}: is a device or a pipe; name a file", param, ctx)
        return super().convert(value, param, ctx)
