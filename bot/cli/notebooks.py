"""`mesbot notebooks`: copies of the notebooks as .ipynb files, to open, run and change."""

from __future__ import annotations

import json
import re
import sys
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import click

from bot.cli.said import fitted
from bot.cli.values import Folder

HELP = """
Write copies of the notebooks into DIR as .ipynb files, and say how to open them.

They run as they are on seeded synthetic sessions, and on your own minutes if MESBOT_NOTEBOOK_BARS names their file.
A file that is there is not overwritten.

\b
Examples:
  mesbot notebooks my-notebooks
  MESBOT_NOTEBOOK_BARS=bars.csv.gz jupyter lab my-notebooks
"""
MARKDOWN = "markdown"
_CELL = re.compile(r"^# %%[ \t]*(\[markdown\])?[ \t]*$", re.MULTILINE)


class Cell(NamedTuple):
    """A cell of a notebook: "markdown" or "code", and its text."""

    kind: str
    text: str


def notebook_files() -> list[Path]:
    """The notebooks that ship with mesbot, as Python files in the percent format, in their order."""
    inside = Path(str(resources.files("bot"))) / "shipped" / "notebooks"
    folder = inside if inside.is_dir() else Path(str(resources.files("bot"))).parent / "backtests"
    return sorted(folder.glob("[0-9][0-9]_*.py"))


def cells_of(source: str) -> list[Cell]:
    """The cells of a Python file in the percent format: `# %%` begins one of code, `# %% [markdown]` one of commented text.

    Raises ValueError if something stands before the first cell, or a cell of text has a line that is no comment.
    """
    before, *parts = _CELL.split(source)
    if before.strip():
        raise ValueError(f"something stands before the first cell: {before.strip().splitlines()[0]}")
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [Cell(MARKDOWN, _uncommented(text)) if kind else Cell("code", text.strip("\n")) for kind, text in pairs]


def notebook(source: str) -> dict[str, Any]:
    """A percent file as a notebook of format 4.5, without outputs. Raises ValueError as `cells_of` does."""
    cells = []
    for number, cell in enumerate(cells_of(source), 1):
        made: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": cell.text.splitlines(keepends=True),
        }
        cells.append(made if cell.kind == MARKDOWN else made | {"execution_count": None, "outputs": []})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


def _uncommented(text: str) -> str:
    lines = text.strip("\n").split("\n")
    if strange := next((line for line in lines if line and not line.startswith("#")), None):
        raise ValueError(f"a cell of text has a line that is no comment: {strange}")
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)


@click.command(help=HELP, short_help="Copies of the notebooks as .ipynb, and how to open them.")
@click.argument("folder", metavar="DIR", type=Folder())
def notebooks(folder: Path) -> None:
    """Writes none if one is there already, and says how to open them."""
    from bot.errors import UsageError

    files = {folder / f"{file.stem}.ipynb": file for file in notebook_files()}
    if there := [str(path) for path in files if path.exists()]:
        raise UsageError(f"{', '.join(there)}: there already, and nothing is overwritten; name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for path, file in files.items():
        path.write_text(json.dumps(notebook(file.read_text(encoding="utf-8")), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        click.echo(path)
    click.echo(f"Open:  {sys.executable} -m pip install jupyterlab")
    click.echo(f"       {sys.executable} -m jupyter lab {folder}")
    click.echo(fitted(f"       or open {folder} in an editor that knows notebooks, and choose the Python {sys.executable}"))
    click.echo(fitted("Bars:  synthetic sessions; for your own, `export MESBOT_NOTEBOOK_BARS=/path/to/FILE` before you open them"))
