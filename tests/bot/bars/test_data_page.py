"""docs/data.md says what the code says: every refusal, every finding, every format; and its commands work."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from builders import ROOT

from bot.bars.formats import BY_NAME

PAGE = ROOT / "docs" / "data.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.compile(r"[A-Z][A-Z_]{3,}")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_data_page", ROOT / "scripts" / "make_data_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def strings(node: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def codes(source: str) -> set[str]:
    """The codes of all findings that a module makes; where one is a variable, every string of its function that looks like a code."""
    found: set[str] = set()
    for function in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "") == "Finding":
                named = call.args[0]
                found |= {each for each in strings(named if not isinstance(named, ast.Name) else function) if CODE.fullmatch(each)}
    return found


def test_the_refusals_of_the_page_are_not_stale() -> None:
    assert script().page() == TEXT, "run scripts/make_data_page.py"


def test_a_refusal_that_is_not_in_the_page_would_be_seen_however_it_is_built() -> None:
    made = script()
    assert made.sentences("def read():\n    raise BarsFileError(f'{path}: is new; {remedy}.')") == ["…: is new; …."]
    assert made.sentences("def why():\n    return 'older'\ndef read(table):\n    raise table.fault(3, why())") == ["…, row …: older."]
    with pytest.raises(made.Unreadable, match="line 2"):
        made.sentences("def read(told):\n    raise BarsFileError(told)")


def test_every_finding_has_its_line_and_no_line_is_of_one_that_is_gone() -> None:
    sources = (*script().SOURCES, ROOT / "bot" / "cli" / "data.py")
    made = set().union(*(codes(path.read_text(encoding="utf-8")) for path in sources))
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.MULTILINE))
    assert len(made) > 15
    assert told == made


def test_every_format_has_its_line() -> None:
    assert set(re.findall(r"^\| [\w ]+ \| `(\w+)` \|", TEXT, re.MULTILINE)) == set(BY_NAME)


@pytest.mark.slow
def test_the_commands_of_the_page_work_one_after_the_other(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    known = {"PATH": path, "HOME": str(tmp_path), "MESBOT_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
    lines = [line for block in re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 8
    for line in lines:
        done = subprocess.run(line, shell=True, cwd=tmp_path, env=known, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_the_commands_of_the_page_are_spelt_as_the_program_spells_them() -> None:
    from bot.cli.main import cli

    blocks = "".join(re.findall(r"^```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
    commands = re.findall(r"^(?:TWS_PORT=4002 )?mesbot (.*?)(?:  +#.*)?$", blocks, re.MULTILINE)
    assert len(commands) >= 9
    for command in commands:
        words, group = command.split(), cli
        while hasattr(group, "commands"):
            group = group.commands[words.pop(0)]
        known = {option for param in group.params for option in param.opts}
        assert {word for word in words if word.startswith("--")} <= known, command
