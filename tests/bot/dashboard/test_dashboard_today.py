"""The page Today: the newest session's decisions, filtered and in pages, and its chart; what is new is read once."""

from __future__ import annotations

import json

import pytest
from builders import CONTRACTS, an_intent, new_york_ns, plan
from dashboard_journals import EVIL, account_journal, bar, decision
from journal_steps import Told

from bot.dashboard.today import ALL, PAGE_ROWS, STYLES, Today, chart, page_of
from bot.journal.records import Action, Kind
from bot.journal.store import Journal

NEXT = new_york_ns("2025-09-17 10:30")


@pytest.fixture
def path(state):
    return account_journal(state, held=True, evil=EVIL)


def read(path) -> Today:
    today = Today(path, "K5")
    assert today.read()
    return today


def add(path, ts_ns: int, *decisions) -> None:
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.add(Kind.BAR, ts_ns, bar())
        for each in decisions:
            journal.add(Kind.DECISION, ts_ns, each, each.strategy)
        journal.close_link(ts_ns)


def test_it_lists_every_decision_of_the_day_newest_first(path):
    today = read(path)
    rows = today.chosen()
    assert (today.date, len(rows)) == ("2025-09-16", 10)
    assert rows[0][1:5] == ("10:31", "K5", "SKIP", "FRICTION_SHARE") and rows[-1].said == EVIL
    assert rows[1].to_enter == "the share of the way to the target that fees and slippage take would have to fall by 0.11"


def test_filters_leave_what_they_name_and_one_that_is_unknown_leaves_nothing(path):
    today = read(path)
    assert {row.strategy for row in today.chosen(strategy="K2")} == {"K2"} and len(today.chosen(strategy="K2")) == 2
    assert len(today.chosen(words="k3 LONG")) == 2 and len(today.chosen(gate="FRICTION_SHARE")) == 10
    assert today.chosen(strategy="K9") == today.chosen(action="?") == today.chosen(gate="NONE_SUCH") == []
    assert today.choices("strategy") == [ALL, "K1", "K2", "K3", "K4", "K5"]


def test_what_is_new_is_read_once_and_what_is_not_is_nothing(path):
    today = read(path)
    assert not today.read()
    add(path, new_york_ns("2025-09-16 10:32"), decision("K1", Action.ENTER))
    assert today.read() and len(today.rows) == 11 and today.rows[-1].action == "ENTER"


def test_a_new_day_begins_anew(path):
    today = read(path)
    add(path, NEXT, decision("K1"))
    today.read()
    assert (today.date, [row.time for row in today.rows], len(today.minutes)) == ("2025-09-17", ["10:30"], 1)
    assert read(path).rows == today.rows, "and so does who looks only then"


@pytest.mark.parametrize(("number", "shown", "size"), [(1, 1, 50), (40, 40, 0), (39, 39, 50), (0, 1, 50), (99, 39, 50)])
def test_rows_are_shown_in_pages(path, number, shown, size):
    row = read(path).rows[0]
    rows, at, pages = page_of([row] * (390 * 5), number)
    assert pages == 39 and PAGE_ROWS == 50
    if number <= 39:
        assert (at, len(rows)) == (shown, size)
    else:
        assert (at, len(rows)) == (39, 50)


def test_no_row_is_a_page(path):
    assert page_of([], 3) == ([], 1, 1)


def test_the_chart_holds_the_minutes_and_the_fill_and_no_word_of_the_journal_as_html(path):
    figure = chart(read(path))
    candles, *marks = figure["data"]
    assert candles["x"] == ["10:30", "10:31"] and candles["close"] == [250.0, 250.5]
    assert [(each["name"], each["y"]) for each in marks] == [("entry", [250.0])]
    assert "<img" not in json.dumps(figure)


@pytest.mark.parametrize(("width", "labels"), [(200, 2), (390, 3), (720, 7), (1400, 8)])
def test_a_narrow_window_gets_fewer_times_below_the_chart(path, width, labels):
    assert chart(read(path), width)["layout"]["xaxis"]["nticks"] == labels


def test_an_entry_points_where_its_trade_is_to_go_and_no_two_kinds_of_marks_differ_by_colour_alone(path):
    today = read(path)
    (bought,) = [mark for mark in today.marks if mark.what == "entry"]
    today.marks.append(bought._replace(sold=True))
    (entries,) = [each for each in chart(today)["data"] if each["name"] == "entry"]
    assert not bought.sold and entries["marker"]["symbol"] == ["triangle-up", "triangle-down"]
    forms = [(symbol, size) for _, symbol, size in STYLES.values()]
    assert len({symbol for symbol, _ in forms}) == len(forms)


def test_a_sold_entry_is_known_by_its_fill(path):
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        told = Told(an_intent(plan(side=-1), ts_ns=NEXT))
        for step in (*told.sent(), *told.fill("1E", 1000)):
            journal.add(step.kind, NEXT, step.body, step.strategy)
        journal.add(Kind.BAR, NEXT, bar())
        journal.close_link(NEXT)
    assert [(mark.what, mark.sold) for mark in read(path).marks] == [("entry", True)]


def test_a_journal_without_a_bar_is_an_empty_day(state, tmp_path):
    path = tmp_path / "journal.sqlite"
    Journal.create(path, "paper", CONTRACTS, {}, lambda: 1).close()
    today = Today(path, "K5")
    today.read()
    assert (today.date, today.rows, chart(today)["data"]) == ("", [], [])
