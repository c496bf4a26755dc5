"""Writes the refusals of docs/data.md from the sentences in bot/bars and the loader of DBN. Run it after one was added or changed.

A sentence is taken as it stands in the code; … stands for what it finds. A test fails while the page is stale, and where a
sentence is built in a way that this script cannot read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data.md"
SOURCES = (*sorted((ROOT / "bot" / "bars").glob("*.py")), ROOT / "bot" / "backtest" / "databento.py")
BEGIN, END = "<!-- made by scripts/make_data_page.py -->\n", "<!-- end of what is made -->\n"
GAP = "…"


class Unreadable(Exception):
    """A sentence of a refusal that is built in a way this script does not know."""


def sentences(source: str) -> list[str]:
    """What the refusals of a module say, in the order of its lines."""
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return [text for function in functions.values() for node in ast.walk(function) for text in _said(node, function, functions)]


def _said(node: ast.AST, function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and node.func.id == "BarsFileError":
        if function.name not in ("fault", "require_usable"):  # they pass on what others say
            yield from _texts(node.args[0], function, functions)
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
        yield from (f"{GAP}, row {GAP}: {text}." for text in _texts(node.args[1], function, functions))


def _texts(node: ast.expr, function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> list[str]:
    """All that an expression may say."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [text for branch in (node.body, node.orelse) for text in _texts(branch, function, functions)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
        called = functions[node.func.id]
        returned = [each.value for each in ast.walk(called) if isinstance(each, ast.Return) and each.value is not None]
        return [text for value in returned for text in _texts(value, called, functions)]
    raise Unreadable(f"line {node.lineno}: a refusal must be a string or an f-string, or what a function of its module returns")


def made() -> str:
    """The list, a line a sentence."""
    found = {re.sub(rf"({GAP}\W?)(?:{GAP})+", r"\1", text) for path in SOURCES for text in sentences(path.read_text(encoding="utf-8"))}
    return "".join(f"- {text}\n" for text in sorted(found, key=lambda text: text.lstrip(f"{GAP}:, ").lower()))


def page() -> str:
    """The whole page, with its list as the code has it."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(BEGIN) + len(BEGIN)] + "\n" + made() + "\n" + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
