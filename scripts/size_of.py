"""Prints how large folders of Python are: files, lines and branches (if, loops, except, assert, each further operand of and/or).

python scripts/size_of.py bot/risk_engine bot/supervision
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import NamedTuple

BRANCHES = (ast.If, ast.IfExp, ast.While, ast.For, ast.ExceptHandler, ast.comprehension, ast.Assert)


class Size(NamedTuple):
    """Counts, each >= 0."""

    files: int
    lines: int
    branches: int


def size_of(folder: Path) -> Size:
    """The size of all Python files below a folder. Raises SyntaxError if one is none, FileNotFoundError if there is none."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))]
    if not texts:
        raise FileNotFoundError(f"{folder} holds no Python files")
    return Size(len(texts), sum(len(text.splitlines()) for text in texts), sum(map(_branches, texts)))


def _branches(text: str) -> int:
    nodes = list(ast.walk(ast.parse(text)))
    return sum(isinstance(node, BRANCHES) for node in nodes) + sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        try:
            files, lines, branches = size_of(Path(name))
        except (FileNotFoundError, SyntaxError) as error:
            sys.exit(str(error))
        print(f"{name}: {files} files, {lines:,} lines, {branches} branches")
