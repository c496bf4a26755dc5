import re
import sqlite3
import time
from collections.abc import Callable

import pytest
import small_journal

from bot.errors import JournalError, UsageError
from bot.journal.read import opened, read
from bot.report import why_number as module
from bot.report.why_number import SHOWN, list_numbers, why_number


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return small_journal.write(tmp_path_factory.mktemp("why") / "journal.sqlite", bars=200)


def rows_of(text):
    return re.findall(r"^ +(\d+)  (\S.{14,18})  +(\w*) +(\w[\w ]*?)  +(\S+)$", text, re.MULTILINE)


def test_a_sum_is_told_with_value_words_records_and_total(path):
    text = why_number(path, "K1.net")
    assert text.startswith(
        "K1.net = +$3.81\n  result of its real trades after fees and slippage\n  How: the sum over the records of net_cents."
    )
    rows = rows_of(text)
    assert [row[-1] for row in rows] == ["+$13.76", "−$12.49"] * 3
    assert [(row[1].strip(), row[2], row[3]) for row in rows[:1]] == [("2025-10-01 10:40", "K1", "outcome")]
    assert "6 records, added again: +$3.81\n" in text


def test_a_quotient_names_what_it_is_divided_by(path):
    text = why_number(path, "K1.won")
    assert "How: the number of the records, divided by K1.trades (6)." in text
    assert "3 records, added again: 3; divided by 6: 50 %" in text


def test_what_is_drawn_says_so_with_seed_and_draws_and_lists_its_sample(path):
    text = why_number(path, "K1.net.interval")
    assert "How: no sum." in text and "1,000 times" in text and "seed 1" in text
    assert len(rows_of(text)) == 6
    assert "1,000 draws" in why_number(path, "K1.random.below")


def test_the_lowest_stands_first(path):
    text = why_number(path, "days.2025-10-02.lowest_dvs")
    assert rows_of(text)[0][-1] == "0.7"
    assert "200 records; the lowest amount: 0.70" in text


def test_the_limit_is_the_first_record_of_what_was_left(path):
    text = why_number(path, "days.2025-10-02.left.day")
    assert "before the first bar" in text
    assert "2 records, added again: $17.51" in text


def test_a_long_list_is_cut_short_but_added_whole(path):
    text = why_number(path, "K3.skips.VWAP_Z")
    assert len(rows_of(text)) == SHOWN
    assert "… and 1,150 more; --all lists every one" in text and "1,200 records, added again: 1,200" in text
    assert len(rows_of(why_number(path, "K3.skips.VWAP_Z", everything=True))) == 1200


def test_a_number_without_records_says_so(path):
    assert "no record\n  0 records, added again: 0\n" in why_number(path, "K1.refused.2")


def test_every_name_opens(path, monkeypatch):
    summary = module._summary(path)
    monkeypatch.setattr(module, "_summary", lambda _: summary)
    for name in summary.numbers:
        text = why_number(path, name)
        assert text.startswith(f"{name} = ")
        assert re.search(r"\d records?(, added again: |; the lowest amount: )", text), name


def test_all_numbers_are_listed_with_their_values(path):
    lines = list_numbers(path).splitlines()
    assert any(re.match(r"K1\.net +\+\$3\.81  result of its real trades", line) for line in lines)
    assert len(lines) > 200
    assert [line.split()[0] for line in list_numbers(path, "k1.net").splitlines()] == ["K1.net", "K1.net.interval"]


def test_unknown_names_get_one_sentence(path):
    with pytest.raises(UsageError, match="did you mean K1"):
        why_number(path, "K1.ned")
    with pytest.raises(UsageError, match="mesbot why --numbers"):
        list_numbers(path, "zzz")


def test_what_is_no_whole_journal_is_said(tmp_path, path):
    with pytest.raises(JournalError, match="no such journal"):
        why_number(tmp_path / "none.sqlite", "K1.net")
    torn = tmp_path / "torn.sqlite"
    torn.write_bytes(path.read_bytes())
    with sqlite3.connect(torn) as db:
        db.execute("DROP VIEW trades")
    with pytest.raises(JournalError, match="not a whole journal"):
        why_number(torn, "K1.net")


def test_a_long_journal_answers_within_a_few_times_of_reading_it(tmp_path):
    days = tuple(f"2025-{month:02d}-{day:02d}" for month, day in [(9, 15 + i) for i in range(5)] + [(9, 22 + i) for i in range(5)])
    days += tuple(f"2025-09-{day}" for day in (29, 30)) + small_journal.DAYS
    path = small_journal.write(tmp_path / "long.sqlite", days=(*days, "2025-10-09", "2025-10-10", "2025-10-13", "2025-10-14"))
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM records").fetchone()[0] > 50_000

    def seconds(action: Callable[[], object]) -> float:
        took = []
        for _ in range(3):
            start = time.process_time()
            action()
            took.append(time.process_time() - start)
        return min(took)

    def read_all() -> int:
        with opened(path) as db:
            return sum(1 for _ in read(db))

    assert seconds(lambda: why_number(path, "K1.net")) < 3 * seconds(read_all)
