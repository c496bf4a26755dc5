"""Tables on a terminal of 60 to 80 columns: no word is cut, nothing is left out."""

from __future__ import annotations

import io
import re

import pytest
from click.testing import CliRunner
from rich import box
from rich.console import Console
from rich.table import Table

from bot.cli.main import cli
from bot.cli.said import fitted
from bot.report.narrow import print_table

HEADS = ("tier", "strategy", "set by", "worst case")
ROWS = (("S", "K1", "constitution, risk cap", "$13.74"), ("S", "K3", "not in tier", ""))


def printed(width: int, monkeypatch: pytest.MonkeyPatch, names: int = 2) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    table = Table(*HEADS, box=box.SIMPLE_HEAD)
    for row in ROWS:
        table.add_row(*row)
    file = io.StringIO()
    print_table(Console(file=file, width=width, force_terminal=False), table, names)
    return file.getvalue()


def test_a_table_that_fits_is_a_table(monkeypatch):
    lines = [line.split() for line in printed(80, monkeypatch).splitlines()]
    assert ["tier", "strategy", "set", "by", "worst", "case"] in lines


def test_a_table_that_does_not_fit_is_a_sentence_a_row_without_its_empty_cells(monkeypatch):
    text = printed(50, monkeypatch)
    assert " ".join(text.split()) == "S K1: set by constitution, risk cap; worst case $13.74 S K3: set by not in tier"
    assert all(len(line) <= 50 for line in text.splitlines())


@pytest.mark.parametrize("width", range(40, 90, 7))
def test_no_word_is_cut_at_any_width(width, monkeypatch):
    words = set(printed(width, monkeypatch).replace(";", "").replace(":", "").split())
    assert {word for row in ROWS for cell in row for word in cell.split()} <= words


@pytest.mark.parametrize("width", [60, 70, 80])
def test_the_contracts_keep_every_word_on_a_terminal(width, monkeypatch, tmp_path):
    """As on a terminal, which the runner's output is not."""
    monkeypatch.setattr(Console, "is_terminal", True)
    result = CliRunner(env={"COLUMNS": str(width), "MESBOT_HOME": str(tmp_path)}).invoke(cli, ["contracts"])
    assert result.exit_code == 0 and "…" not in result.output
    text = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
    too_long = [line for line in text.splitlines() if len(line.rstrip()) > width and not line.startswith(("Contracts in force:", "Hash:"))]
    assert too_long == []
    assert {"contracts", "constitution,", "strategy", "forbidden"} <= set(re.findall(r"[\w,]+", text))


def test_lines_of_columns_go_on_below_their_last_column_where_a_width_is_known_and_stay_as_they_are_in_a_pipe(monkeypatch):
    text = (
        f"K1 skipped\n  also fails  {'WARM_UP: undefined=atr_norm, required=all defined ' * 3}[layer 6]\nsessions     1  {'days ' * 30}\n"
    )
    monkeypatch.delenv("COLUMNS", raising=False)
    assert fitted(text) == text
    monkeypatch.setenv("COLUMNS", "60")
    assert fitted(text, err=True) == text
    lines = fitted(text).splitlines()
    assert max(map(len, lines)) <= 60 and " ".join(" ".join(lines).split()) == " ".join(text.split())
    assert lines[2].startswith(f"{' ' * 14}defined ")
    assert lines[-1].startswith(" " * 16 + "days")


@pytest.mark.parametrize("verb", ["backtest", "data check", "kill"])
def test_help_fits_40_columns(monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "40")
    lines = CliRunner().invoke(cli, [*verb.split(), "--help"]).output.splitlines()
    assert all(len(line) <= 40 or len(line.split()) == 1 for line in lines), max(lines, key=len)
