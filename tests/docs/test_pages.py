"""What docs/ and the README tell a person to type exists, with these options; pages made from code are not stale; links lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from builders import ROOT

from bot.cli.main import cli

PAGES = sorted((ROOT / "docs").glob("*.md"))
TOLD = (ROOT / "README.md", *PAGES)
SETTING = re.compile(r"[A-Z_]+=\S*$")


def lines(page: Path) -> list[str]:
    """The lines of a page's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def words(line: str) -> list[str]:
    """A line as the shell splits it, without what stands before the command and after a pipe or redirection."""
    split = shlex.split(line, comments=True)
    while split and SETTING.match(split[0]):
        split.pop(0)
    return split[: next((at for at, word in enumerate(split) if word in {">", "|", "&&", ";"}), len(split))]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every `mesbot …` of every page, without the program's name."""
    for page in TOLD:
        for line in lines(page):
            split = words(line)
            if split and Path(split[0]).name == "mesbot":
                yield f"{page.name}: {line}", split[1:]


def parsed(args: list[str]) -> None:
    """As the program reads them, short of doing anything; raises click's error for a verb or an option that is not there."""
    group, rest, context = cli, args, click.Context(cli, info_name="mesbot")
    while isinstance(group, click.Group) and rest and not rest[0].startswith("-"):
        name, group, rest = group.resolve_command(context, rest)
        context = click.Context(group, info_name=name, parent=context)
    _, unknown, _ = group.make_parser(context).parse_args(list(rest))
    assert not unknown or any(isinstance(each, click.Argument) for each in group.params), unknown


@pytest.mark.parametrize(("line", "args"), list(commands()), ids=lambda each: each if isinstance(each, str) else "")
def test_what_a_page_says_to_type_is_a_verb_with_these_options(line: str, args: list[str]) -> None:
    parsed(args)


def test_a_verb_or_an_option_that_does_not_exist_would_be_seen() -> None:
    for wrong in (["backtets"], ["backtest", "--barz", "x"], ["data", "chek", "x"]):
        with pytest.raises(click.ClickException):
            parsed(wrong)


def test_make_targets_of_the_pages_exist() -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = {target for page in TOLD for target in re.findall(r"`?make ([a-z][a-z-]+)", "\n".join(_code(page)))}
    assert told and told <= there


def _code(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [*lines(page), *re.findall(r"`(make [^`\n]+)`", text)]


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in TOLD:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_test_that_a_page_names_is_there() -> None:
    named = {(page.name, *each) for page in PAGES for each in re.findall(r"(test_\w+\.py)::(\w+)", page.read_text(encoding="utf-8"))}
    files = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    gone = [f"{page}: {file}::{name}" for page, file, name in sorted(named) if f"def {name}(" not in files.get(file, "")]
    assert named and not gone, gone


def test_no_page_is_without_a_way_to_it() -> None:
    everywhere = "\n".join(page.read_text(encoding="utf-8") for page in TOLD)
    assert [page.name for page in PAGES if f"{page.name}" not in everywhere] == []


def test_the_page_of_contracts_is_not_stale() -> None:
    spec = importlib.util.spec_from_file_location("make_contracts_page", ROOT / "scripts" / "make_contracts_page.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8") == script.page(), "run scripts/make_contracts_page.py"


@pytest.mark.slow
def test_the_quick_start_works_line_by_line(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    known = {"PATH": path, "HOME": str(tmp_path), "MESBOT_HOME": str(tmp_path / "home"), "COLUMNS": "100"}
    for line in lines(ROOT / "docs" / "quick-start.md"):
        command = "mesbot backtest --out out" if line == "make run" else line  # what it runs once .venv is there
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=known, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_that_says_what_to_type_says_once_where_the_program_is(page: Path) -> None:
    typed = [line for line in lines(page) if re.match(r"(\S+=\S+ )*mesbot ", line)]
    told = page.read_text(encoding="utf-8").count(".venv/bin/mesbot") + page.read_text(encoding="utf-8").count("`. .venv/bin/activate`")
    assert not typed or told, f"{page.name} has commands and does not say that mesbot is .venv/bin/mesbot"
    assert not any(line.startswith(".venv/bin/mesbot") for line in lines(page)), "once a page is enough"
