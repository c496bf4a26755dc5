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
    machine, bars, *rest = text[text.index(made.BEGIN) + len(made.BEGIN) : text.index(made.END)].strip().split("\n\n")
    assert re.fullmatch(r"\d+ × .+, \w+, Python 3\.\d+\.\d+, nautilus_trader [\d.]+; load [\d.]+ as it began\. .*\.", machine)
    rows = bars.removeprefix(made.HEAD).splitlines(keepends=True)
    example = made.row(1, *[{"bars": 1380, "seconds": 0.1, "peak_mb": 1, "journal_mb": 0.1}] * 2)
    assert bars.startswith(made.HEAD) and rows and {form(each).strip() for each in rows} == {form(example).strip()}
    for each in rows:
        bare, stack, ratio = (float(cell) for cell in each.split("|")[3:6])
        assert abs(stack / bare - ratio) < 0.2
    _peers_have_their_form(made, "\n\n".join(rest))


def _peers_have_their_form(made, text: str) -> None:
    head, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    names = dict(zip(["bare engine", "whole stack", *made.bench_peers.PEERS], range(9), strict=False))
    assert tuple(head) == made.bench_peers.HEADINGS and [row[0] for row in rows[1:]] == list(names)
    row_of, setups = made.bench_peers.Row, int(rows[-1][4].split()[2])
    found = [row_of(name, float(micros), int(entries or 0) or None, *_setups(same)) for name, micros, _, entries, same in rows[1:]]
    again = made.peers(made.bench_peers.Compared(int(re.search(r"([\d,]+) bars", text)[1].replace(",", "")), found, setups, {}))
    assert re.sub(r"\d\.\d \|", "|", again).strip() == re.sub(r"\d\.\d \|", "|", text).strip()  # a ratio may differ by its rounding


def _setups(cell: str) -> tuple[int | None, int | None]:
    numbers = [int(each) for each in re.findall(r"\d+", cell)]
    return (numbers[0], numbers[2] if len(numbers) > 2 else 0) if numbers else (None, None)


def test_a_peer_that_is_left_out_is_named_with_its_reason() -> None:
    made = script()
    told = made.peers(made.bench_peers.Compared(9, [made.bench_peers.Row("bare engine", 9.0)], 0, {"vnpy": "no network"}))
    assert told.endswith("| bare engine | 9.0 | 1.0 |  |  |\n\nvnpy: left out, no network\n")


def test_another_table_takes_the_place_of_the_one_there_and_nothing_else_changes() -> None:
    made = script()
    text = f"before\n{made.BEGIN}old\n{made.END}after\n"
    assert made.page(text, "new\n") == f"before\n{made.BEGIN}new\n{made.END}after\n"
