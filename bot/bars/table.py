"""A file's rows as read, whatever it was, and how a person finds one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from bot.bars.passport import Finding
from bot.errors import BarsFileError

if TYPE_CHECKING:
    from bot.bars.formats import Format


@dataclass(frozen=True)
class Table:
    """Rows under the names they have here; `first_row` is the number of row 0 as a person counts.

    `frame` holds timestamp (or date and time), open, high, low, close, volume as read, and any instrument column.
    `columns` are all columns of the file as found, used or not. `stamp` is what the file itself says its times name. `told` was found
    when the rows were imported; `settled` says that a person then said how the times are meant, against what their marks say.
    `rows` are the places in the file of the rows in `frame`, from 0, where blank lines stand between them (None: they follow one another).
    """

    path: Path
    frame: pd.DataFrame
    columns: tuple[str, ...]
    first_row: int
    row_word: str
    format: Format
    stamp: str | None = None
    told: tuple[Finding, ...] = ()
    settled: bool = False
    rows: npt.NDArray[np.int64] | None = None

    def fault(self, row: int | None, what: str) -> BarsFileError:
        """The error for one row (None: the file as a whole); `what` says found, allowed and remedy."""
        where = "" if row is None else f", {self.place(row)}"
        return BarsFileError(f"{self.path}{where}: {what}.")

    def place(self, row: int) -> str:
        """`line 17` or `row 16`, as a person counts in this file."""
        return f"{self.row_word} {self.first_row + int(row if self.rows is None else self.rows[row])}"

    def shown(self, column: str, row: int) -> str:
        """The value as it stands in the file."""
        return str(self.frame[column].iloc[int(row)])
