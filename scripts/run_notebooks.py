"""Runs the notebooks of backtests/ as a notebook would, cell by cell, and prints what each shows. Any error ends it.

python scripts/run_notebooks.py                                    all, each in a process and all in a folder of their own
MESBOT_NOTEBOOK_BARS=bars.csv.gz python scripts/run_notebooks.py   on your own minutes
python scripts/run_notebooks.py 01_first_backtest 02_why_no_trade  some, as all
python scripts/run_notebooks.py 02_why_no_trade                    one, in this process, where you stand
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.cli.notebooks import cells_of, notebook_files

BARS = "MESBOT_NOTEBOOK_BARS"
REPORTED_LINES = 12  # of what a cell shows


def run(file: Path) -> None:
    """Run one, and print what its cells show. Raises whatever they raise."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells_of(file.read_text(encoding="utf-8")), 1):
        if cell.kind == "code":
            shown = _run_cell(cell.text, f"{file.name}, cell {number}", names)
            if shown is not None:
                print(_short(shown), flush=True)


def _run_cell(text: str, place: str, names: dict[str, Any]) -> Any:
    """Run the statements; the value of a last expression is what the cell shows."""
    tree = ast.parse(text, place)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, place, "exec"), names)
    return eval(compile(ast.Expression(last.value), place, "eval"), names) if isinstance(last, ast.Expr) else None


def _short(shown: Any) -> str:
    if hasattr(shown, "to_plotly_json"):
        return f"[figure: {shown.layout.title.text}, {len(shown.to_json()):,} characters]"
    lines = repr(shown).splitlines()
    return "\n".join([*lines[:REPORTED_LINES], *(["…"] if len(lines) > REPORTED_LINES else [])])


def run_each(files: list[Path]) -> int:
    """Run them, each in a process of its own, in one temporary folder; the exit code of the first that fails, else 0."""
    if BARS in os.environ:
        os.environ[BARS] = str(Path(os.environ[BARS]).resolve())
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            print(f"=== {file.stem}", flush=True)
            start = time.monotonic()
            code = subprocess.run([sys.executable, __file__, file.stem], cwd=folder, check=False).returncode
            if code:
                print(f"{file.stem} failed.", file=sys.stderr)
                return code
            print(f"=== {file.stem}: {time.monotonic() - start:.0f} s", flush=True)
    print(f"{'All notebooks' if files == notebook_files() else f'{len(files)} notebooks'} ran, in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    there = {file.stem: file for file in notebook_files()}
    wanted = sys.argv[1:] or list(there)
    if unknown := next((name for name in wanted if name not in there), None):
        sys.exit(f"{unknown!r} is no notebook; there are {', '.join(there)}.")
    if len(sys.argv) != 2:
        sys.exit(run_each([there[name] for name in wanted]))
    run(there[wanted[0]])
