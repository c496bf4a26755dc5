"""The made part of docs/performance.md has the form that its script writes: machine, head, and rows whose ratio is that of their times."""

from __future__ import annotations

import importlib.util
import re

from builders import ROOT


def script():
    spec = importlib.util.spec_from_file_location("make_performance_table", ROOT / "scripts" / "make_performance_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def form(text: str) -> str:
    return re.sub(r"\d[\d,.]*", "0", text)


def test_the_page_has_the_form_that_the_script_writes() -> None:
    made = script()
    text = made.PAGE.read_text(encoding="utf-8")
    part = text[text.index(made.BEGIN) + len(made.BEGIN) : text.index(made.END)]
    _, machine, _, *table = part.splitlines(keepends=True)
    assert re.fullmatch(r"\d+ × .+, \w+, Python 3\.\d+\.\d+, nautilus_trader [\d.]+; load [\d.]+ as it began\. .*\.\n", machine)
    assert "".join(table[:2]) == made.HEAD and len(table) >= 4
    example = made.row(1, *[{"bars": 1380, "seconds": 0.1, "peak_mb": 1, "journal_mb": 0.1}] * 2)
    assert {form(each) for each in table[2:-1]} == {form(example)}
    for each in table[2:-1]:
        bare, stack, ratio = (float(cell) for cell in each.split("|")[3:6])
        assert abs(stack / bare - ratio) < 0.2


def test_another_table_takes_the_place_of_the_one_there_and_nothing_else_changes() -> None:
    made = script()
    text = f"before\n{made.BEGIN}old\n{made.END}after\n"
    assert made.page(text, "new\n") == f"before\n{made.BEGIN}new\n{made.END}after\n"
