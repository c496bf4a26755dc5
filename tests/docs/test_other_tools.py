"""What docs/notebooks.md says of other tools, typed as it stands: sqlite and pandas alone, DuckDB where it is, our reading beside them."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from builders import ROOT

sys.path.append(str(ROOT / "tests" / "bot" / "report"))
import small_journal

SECTION = re.search(r"^## In other tools$(.*?)^<!-- made by", (ROOT / "docs" / "notebooks.md").read_text("utf-8"), re.M | re.S)[1]
OF_DUCKDB = " (TYPE sqlite, READ_ONLY)"
BARS = 80


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    (folder / "out").mkdir()
    small_journal.write(folder / "out" / "journal.sqlite", bars=BARS)
    return folder


@pytest.fixture(autouse=True)
def typed_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_each_line_is_executed_by_a_test_of_this_file():
    told = [line.split()[0] for block in blocks("sh") for line in block.splitlines()]
    assert told == ["sqlite3", "mesbot"] and len(blocks("python")) == 2 and len(blocks("sql")) == 1


def test_sqlites_own_shell_asks_what_any_connection_answers():
    ((options, path, query),) = [(words[1], words[2], words[3]) for words in map(shlex.split, _lines("sqlite3"))]
    assert options == "-readonly"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute(query).fetchall()
    assert len(rows) > 1 and rows == sorted(rows, key=lambda row: -row[1]) and ("VWAP_Z" in dict(rows))


def test_the_export_is_a_command():
    (line,) = _lines("mesbot")
    done = subprocess.run([Path(sys.executable).with_name("mesbot"), *shlex.split(line, comments=True)[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert pd.read_parquet("out/export/records.parquet").body.notna().all()


def _lines(program: str) -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith(program)]


def test_pandas_reads_decisions_without_mesbot():
    """In a process that has no way to it."""
    (code,) = [block for block in blocks("python") if "mesbot" not in block and "bot." not in block]
    code += "\nassert 'bot' not in __import__('sys').modules\nprint(len(decisions), decisions.time.dt.tz, decisions.sentence.notna().all())"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == [str(5 * BARS * len(small_journal.DAYS)), "America/New_York", "True"], done.stderr


def test_our_own_reading_gives_whole_bodies():
    (code,) = [block for block in blocks("python") if "bot." in block]
    names: dict[str, object] = {}
    exec(code, names)
    assert {"signals", "gate"} <= {key for body in names["bodies"] for key in body}


def _duckdb(statements: list[str]) -> Iterator[list[tuple[object, ...]]]:
    import duckdb

    with duckdb.connect() as db:
        try:
            db.execute("LOAD sqlite")
        except duckdb.Error as error:
            pytest.skip(f"DuckDB is here without its extension sqlite: {error}")
        for statement in statements:
            yield db.execute(statement).fetchall()


def _sqlite(statements: list[str]) -> Iterator[list[tuple[object, ...]]]:
    assert OF_DUCKDB in statements[0]
    with closing(sqlite3.connect(":memory:")) as db:
        for statement in [statements[0].replace(OF_DUCKDB, ""), *statements[1:]]:
            yield db.execute(statement).fetchall()


@pytest.mark.parametrize("tool", [_sqlite, pytest.param(_duckdb, marks=pytest.mark.skipif(not find_spec("duckdb"), reason="no DuckDB"))])
def test_what_duckdb_is_asked_has_answers(tool):
    (block,) = blocks("sql")
    _, reasons, plans, vetoes, days = tool([statement for statement in block.split(";") if statement.strip()])
    assert {"VWAP_Z", "K5_NOISE"} <= {code for _, code, *_ in reasons}
    assert {action for action, *_ in plans} >= {"ENTER", "SKIP"}
    assert sum(count for _, count in vetoes) > 0
    assert len(days) == len(small_journal.DAYS)
