"""An export is the frames as files."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import small_journal

from bot.errors import JournalError, UsageError
from bot.journal.read import opened, read
from bot.report.export import export
from bot.report.frames import FRAMES, frame


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return small_journal.write(tmp_path_factory.mktemp("export") / "journal.sqlite", bars=80)


def test_a_parquet_file_is_the_frame(journal, tmp_path):
    files = export(journal, tmp_path / "out", "parquet")
    assert [file.stem for file in files] == list(FRAMES)
    for file in files:
        mine, read = frame(journal, file.stem), pd.read_parquet(file)
        assert list(read) == list(mine) and len(read) == len(mine)
    assert str(pd.read_parquet(files[0])["decided"].iloc[0]) == "2025-10-01 10:30:00-04:00"


def test_a_csv_file_holds_times_with_their_offset_and_nothing_for_what_is_unknown(journal, tmp_path):
    files = {file.stem: pd.read_csv(file) for file in export(journal, tmp_path, "csv")}
    assert files["trades"]["decided"].iloc[0] == "2025-10-01 10:30:00-04:00"
    assert list(files["trades"]["net_cents"]) == [1376, -1249] * 3
    assert files["trades"]["mark"].isna().all()


def test_with_bodies_every_record_is_there_whole(journal, tmp_path):
    assert [file.stem for file in export(journal, tmp_path, "parquet", bodies=True)] == [*FRAMES, "records"]
    table = pd.read_parquet(tmp_path / "records.parquet")
    with opened(journal) as db:
        expected = [(record.seq, str(record.kind), record.body) for record in read(db)]
    assert [(seq, kind, json.loads(body)) for seq, kind, body in zip(table.seq, table.kind, table.body, strict=True)] == expected


def test_an_export_of_an_empty_run_has_empty_tables(tmp_path):
    small_journal.write(tmp_path / "empty.sqlite", days=())
    assert [len(pd.read_parquet(file)) for file in export(tmp_path / "empty.sqlite", tmp_path, "parquet")] == [0] * len(FRAMES)


def test_an_unknown_format_and_no_journal_are_a_sentence_and_leave_nothing(journal, tmp_path):
    with pytest.raises(UsageError, match='"xlsx" is no format'):
        export(journal, tmp_path / "out", "xlsx")
    with pytest.raises(JournalError, match="no such journal"):
        export(tmp_path / "none.sqlite", tmp_path / "out", "csv")
    assert not (tmp_path / "out").exists()
