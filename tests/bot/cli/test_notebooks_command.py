"""`mesbot notebooks`, and the format that its notebooks are kept in."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.cli.notebooks import Cell, cells_of, notebook, notebook_files

ROOT = Path(__file__).parents[3]
FILES = notebook_files()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def test_there_are_six_in_their_order():
    assert [file.stem for file in FILES] == [
        "01_first_backtest",
        "02_why_no_trade",
        "03_beliefs_and_calibration",
        "04_veto_ledger",
        "05_walk_forward",
        "06_your_own_strategy",
    ]


def test_all_of_them_travel_inside_the_package():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {f"backtests/{file.name}" for file in FILES} == {each for each in wheel["only-include"] if each.startswith("backtests")}
    assert wheel["sources"]["backtests"] == "bot/shipped/notebooks"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_begins_with_its_title_and_every_cell_of_code_can_be_run(file):
    first, *others = cells_of(file.read_text(encoding="utf-8"))
    assert first.kind == "markdown" and first.text.startswith(f"# {file.stem[:2]} ")
    code = [cell.text for cell in others if cell.kind == "code"]
    assert len(code) >= 4
    for text in code:
        ast.parse(text)


def test_cells_are_code_and_commented_text():
    source = "# %% [markdown]\n# # Title\n#\n# Words.\n\n# %%\nx = 1\n\n\n# a comment of the code\nx\n"
    assert cells_of(source) == [Cell("markdown", "# Title\n\nWords."), Cell("code", "x = 1\n\n\n# a comment of the code\nx")]


@pytest.mark.parametrize(
    ("source", "said"),
    [("x = 1\n# %%\nx\n", "something stands before the first cell: x = 1"), ("# %% [markdown]\n# Words.\nx = 1\n", "no comment: x = 1")],
)
def test_a_file_that_is_no_notebook_is_refused(source, said):
    with pytest.raises(ValueError, match=said):
        cells_of(source)


def test_a_notebook_has_all_text_and_no_outputs():
    made = notebook("# %% [markdown]\n# Words.\n\n# %%\nx = 1\nx\n")
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    text, code = made["cells"]
    assert (text["cell_type"], text["source"]) == ("markdown", ["Words."]) and "outputs" not in text
    assert (code["cell_type"], code["source"], code["outputs"], code["execution_count"]) == ("code", ["x = 1\n", "x"], [], None)
    assert text["id"] != code["id"]


def test_copies_are_written_and_it_is_said_how_to_open_them(run):
    shown = run("notebooks", "mine")
    assert shown.exit_code == 0 and "jupyter lab mine" in shown.output and "MESBOT_NOTEBOOK_BARS" in shown.output
    assert sorted(path.stem for path in Path("mine").iterdir()) == [file.stem for file in FILES]
    for path in Path("mine").iterdir():
        assert path.suffix == ".ipynb" and json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_a_copy_that_a_person_has_changed_is_not_overwritten_and_nothing_is_written(run):
    Path("mine").mkdir()
    Path("mine/03_beliefs_and_calibration.ipynb").write_text("mine")
    shown = run("notebooks", "mine")
    assert shown.exit_code == 2 and "nothing is overwritten" in shown.output
    assert [path.read_text() for path in Path("mine").iterdir()] == ["mine"]


def test_a_place_that_is_a_file_is_one_sentence(run):
    Path("mine").write_text("")
    shown = run("notebooks", "mine")
    assert shown.exit_code == 2 and "Traceback" not in shown.output
