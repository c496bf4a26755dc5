"""The judge of a simulated year: a clean story passes, and each thing that is broken in one is told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import new_york_ns
from year_judge import MINUTE, judge
from year_play import Measured, Story

from bot.units import SECOND_NS

Record = list[Any]  # time, kind, strategy, body
OPEN = new_york_ns("2026-03-11 10:00")
ENTRY, STOP, TARGET = (f"20260311-K1-1001-1{letter}" for letter in "EST")
NET = -1499


def order(ts: int, name: str, role: str, event: str, **prices: float) -> Record:
    said = {"client_order_id": name, "intent_id": name[:-3], "strategy": "K1", "role": role, "event": event, "quantity": 1}
    return [ts, "order event", "K1", said | prices]


def fill(ts: int, name: str, side: int, price: float) -> Record:
    said = {"client_order_id": name, "intent_id": name[:-3], "side": side, "quantity": 1, "price": price, "fee_cents": 62, "ts_ns": ts}
    return [ts, "fill", "K1", said]


def records() -> list[Record]:
    """A session of five minutes, two strategies and one trade that was stopped out."""
    one, two, four = OPEN + MINUTE, OPEN + 2 * MINUTE, OPEN + 4 * MINUTE
    parts = ((ENTRY, "ENTRY", {"price": 6337.0}), (STOP, "STOP", {"trigger": 6334.5}), (TARGET, "TARGET", {"price": 6343.0}))
    bar = {"open": 6337.0, "high": 6338.0, "low": 6334.0, "close": 6336.0, "volume": 900}
    refused = {"code": "DAILY_LOSS_BUDGET", "limit": 30 + NET / 100}
    bars = [[OPEN + minute * MINUTE, "bar", None, bar] for minute in range(1, 6)]
    decided = [
        [each[0], "decision", strategy, {"others": [refused] if each[0] == four else []}] for each in bars for strategy in ("K1", "K2")
    ]
    return [
        [one, "day", None, {"trading_day": "2026-03-11", "equity_cents": 1_000_000}],
        *bars,
        [one, "intent", "K1", {"intent_id": ENTRY[:-3], "slippage_ticks": 1, "plan": {"side": 1}}],
        *(order(one, name, role, "OrderSubmitted", **prices) for name, role, prices in parts),
        *(order(one, name, role, "OrderAccepted", **prices) for name, role, prices in parts),
        fill(one + 10 * SECOND_NS, ENTRY, 1, 6337.0),
        fill(two, STOP, -1, 6334.25),
        order(two, TARGET, "TARGET", "OrderCanceled", price=6343.0),
        [two, "outcome", "K1", {"shadow": False, "net_cents": NET}],
        [two, "state change", "K1", {"before": "ACTIVE", "after": "QUARANTINED"}],
        *decided,
        [four, "state change", "K1", {"before": "QUARANTINED", "after": "THROTTLED"}],
    ]


def measured(date: str = "2026-03-11", number: int = 0, **other: Any) -> Measured:
    usual = {"seconds": 9.0, "start_seconds": 0.0, "rss_kib": 500_000, "threads": 9, "handles": 29, "cpu_seconds": 4.0 * number}
    usual |= {"process": 1, "files": 1, "executions": 2, "position": 0, "working": 0, "timeouts": 0}
    return Measured(date=date, **(usual | other))


def story() -> Story:
    done = [{"ref": ENTRY, "shares": 1, "price": 6337.0}, {"ref": STOP, "shares": 1, "price": 6334.25}]
    session = ("2026-03-11", OPEN, OPEN + 5 * MINUTE)
    return Story([session], [measured()], [], done, 10_000 + NET / 100)


def kept(home: Path, rows: list[Record], printed: str = "", continues: str = "") -> Path:
    """A state folder with these records."""
    (home / "journals").mkdir()
    (home / "bot.txt").write_text(printed)
    with sqlite3.connect(home / "journals" / "paper-DU1-2026.sqlite") as db:
        db.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, ts_ns, kind, strategy, body)")
        db.execute("CREATE TABLE runs (run INTEGER PRIMARY KEY, body)")
        db.execute("CREATE TABLE links (link INTEGER PRIMARY KEY, head)")
        db.execute("INSERT INTO runs (body) VALUES (?)", (json.dumps({"continues": continues}),))
        db.execute("INSERT INTO links (head) VALUES ('abc')")
        db.executemany(
            "INSERT INTO records (ts_ns, kind, strategy, body) VALUES (?, ?, ?, ?)", [(*row[:3], json.dumps(row[3])) for row in rows]
        )
    return home


def test_a_clean_story_holds(tmp_path):
    assert judge(kept(tmp_path, records()), story()) == []


def spoilt(kind: str, change: Callable[[Record], Any], which: int = 0) -> Callable[[list[Record]], None]:
    """Changes one record of a kind."""
    return lambda rows: change([row for row in rows if row[1] == kind][which])


def first(kind: str) -> Callable[[list[Record]], Record]:
    """Finds the first record of a kind."""
    return lambda rows: next(row for row in rows if row[1] == kind)


def budget(code: str, limit: float) -> Callable[[list[Record]], None]:
    """K1's decision of the fourth minute says that so much is left."""
    return spoilt("decision", lambda row: row[3]["others"].__setitem__(0, {"code": code, "limit": limit}), 6)


def without_target(rows: list[Record]) -> None:
    rows[:] = [row for row in rows if row[3].get("client_order_id") != TARGET]


SPOILT = {
    "a bar is missing": (lambda rows: rows.remove(first("bar")(rows)), "a strategy: 1, the first closed at 10:01"),
    "a decision is missing": (lambda rows: rows.remove(first("decision")(rows)), "one decision a strategy: 1"),
    "a decision comes twice": (lambda rows: rows.append(first("decision")(rows)), "one decision a strategy: 1"),
    "a bar outside the session": (lambda rows: rows.append([OPEN - MINUTE, *first("bar")(rows)[1:]]), "outside any session: 1"),
    "the day's budget begins anew": (budget("DAILY_LOSS_BUDGET", 30.0), "said $30.00 is left; the outcomes say $15.01"),
    "the week's budget begins anew": (budget("WEEKLY_LOSS_BUDGET", 75.0), "said $75.00 is left; the outcomes say $60.01"),
    "the month's budget begins anew": (budget("MONTHLY_LOSS_BUDGET", 150.0), "said $150.00 is left; the outcomes say $135.01"),
    "a day begins with another equity": (spoilt("day", lambda row: row[3].update(equity_cents=1)), "began with 1 cents"),
    "a day begins twice": (lambda rows: rows.append(first("day")(rows)), "began 2×"),
    "a state is forgotten": (spoilt("state change", lambda row: row[3].update(before="ACTIVE"), 1), "had left it QUARANTINED"),
    "a fill is not told": (lambda rows: rows.remove(first("fill")(rows)), "0 fills in the journal, 1 executions"),
    "an outcome is not the money": (spoilt("outcome", lambda row: row[3].update(net_cents=-1500)), "it would be $9,985.00"),
    "an entry is larger than the law": (spoilt("order event", lambda row: row[3].update(quantity=3)), "TOO_MANY_CONTRACTS"),
    "an entry without its target": (without_target, "NO_BRACKET"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_broken_journal_is_told(tmp_path, what):
    spoil, told = SPOILT[what]
    rows = records()
    spoil(rows)
    assert any(told in sentence for sentence in judge(kept(tmp_path, rows), story())), judge(tmp_path, story())


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("10:00:00  NeverHeardOf (999): something.", "NeverHeardOf 999 was told 1×"),
        ("23:45:00  StaleBars: no bar.\n23:45:01  StaleBars: no bar.", "StaleBars was told 2×"),
        ("2026-03-11T10:00:00Z [ERROR] MESBOT-001.DataEngine: broken", "Logged 1×"),
        ("Traceback (most recent call last):", "Logged 1×"),
    ],
)
def test_trouble_that_was_not_expected_is_told(tmp_path, printed, told):
    assert any(told in sentence for sentence in judge(kept(tmp_path, records(), printed), story()))


def test_that_the_gateway_goes_away_is_expected(tmp_path):
    printed = "23:45:00  BrokerLinkLost (1100): lost.\n23:45:00  ScheduledRestart: it restarts.\n23:46:00  StaleBars: no bar."
    assert judge(kept(tmp_path, records(), printed), story()) == []


def test_a_year_that_does_not_go_on_from_the_one_before_is_told(tmp_path):
    assert any("goes on from other" in sentence for sentence in judge(kept(tmp_path, records(), continues="other"), story()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"position": 1}, "+1 contracts and 0 working orders"),
        ({"working": 2}, "+0 contracts and 2 working orders"),
        ({"timeouts": 1}, "not answered in time: 1"),
    ],
)
def test_what_is_left_after_a_session_is_told(tmp_path, change, told):
    seen = story()
    seen.measured = [measured(**change)]
    assert any(told in sentence for sentence in judge(kept(tmp_path, records()), seen))


def test_a_story_that_broke_off_and_what_was_not_done_to_the_bot_are_told(tmp_path):
    seen = story()
    seen.broken, seen.happened, seen.sessions = (
        "waited in vain",
        [(OPEN, "unexpected", "a node took the place of another")],
        seen.sessions * 2,
    )
    said = judge(kept(tmp_path, records()), seen)
    assert {"The story broke off: waited in vain", "1 of 2 sessions were played."} <= set(said)
    assert any("a node took the place of another" in sentence for sentence in said)


GROWING = {
    "rss_kib": (lambda number: 500_000 + 10_000 * number, "The memory in KiB grew"),
    "handles": (lambda number: 29 + number // 4, "The file handles grew"),
    "threads": (lambda number: 9 + number // 4, "The threads grew"),
    "cpu_seconds": (lambda number: number * (4.0 + number / 4), "The seconds a session grew"),
}


@pytest.mark.parametrize("what", GROWING)
def test_what_grows_from_the_first_month_to_the_last_is_told(tmp_path, what):
    grow, told = GROWING[what]
    seen = story()
    seen.measured = [measured(f"2026-03-{number + 1:02}", number, **{what: grow(number)}) for number in range(31)]
    assert any(sentence.startswith(told) for sentence in judge(kept(tmp_path, records()), seen))
    seen.measured = [measured(f"2026-03-{number + 1:02}", number) for number in range(31)]
    assert not any(sentence.startswith("The ") and " grew " in sentence for sentence in judge(tmp_path, seen))


def test_a_new_year_brings_the_lock_of_one_more_journal_and_no_other_handle(tmp_path):
    home, seen = kept(tmp_path, records()), story()
    for more, told in ((1, False), (2, True)):
        dates = [f"2025-12-{number + 1:02}" for number in range(31)] + [f"2026-01-{number + 1:02}" for number in range(31)]
        seen.measured = [measured(date, number, handles=29 + more * (date > "2026")) for number, date in enumerate(dates)]
        assert any(sentence.startswith("The file handles grew") for sentence in judge(home, seen)) is told
