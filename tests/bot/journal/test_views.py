import sqlite3

import msgspec
import pytest
from scripted_run import bar_ns, contracts, outcome

from bot.decision.outcome import Mark
from bot.journal import schema
from bot.journal.read import opened
from bot.journal.records import Action, DecisionRecord, GateRecord, Kind, StateRecord
from bot.journal.store import Journal


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        gates = (
            GateRecord("VWAP_Z", 8, "abs_z", 0.83, "minimum", 1.5, "", 0.67),
            GateRecord("REGIME", 8, "regime", "choppy", "not", "choppy", "", None),
        )
        for bar, gate in enumerate(gates):
            journal.add(Kind.DECISION, bar_ns(bar), DecisionRecord("K1", Action.SKIP, "K1 skipped", 1.0, 1.0, gate=gate), "K1")
        journal.add(Kind.OUTCOME, bar_ns(4), outcome(0), "K1")
        journal.add(Kind.OUTCOME, bar_ns(5), outcome(1, trade_id="T2"), "K1")
        journal.add(Kind.OUTCOME, bar_ns(5), outcome(1, shadow=True), "K1")
        for after in ("THROTTLED", "QUARANTINED"):
            state = StateRecord("K1", "ACTIVE", after, 1, "two losses", "losses", 2.0, 2, "two shadow wins")
            journal.add(Kind.STATE, bar_ns(5), state, "K1")
        journal.close_link(bar_ns(5))
    return path


def rows(path, query):
    with opened(path) as db:
        return db.execute(query).fetchall()


def test_trades_are_real_trades_only(path):
    assert rows(path, "SELECT trade_id, strategy, net_cents, exit_reason FROM trades") == [
        ("T1", "K1", 1376, "TARGET"),
        ("T2", "K1", 1376, "TARGET"),
    ]


def test_daily_pnl_adds_the_trades_of_a_trading_day(path):
    assert rows(path, "SELECT trading_day, trades, gross_cents, net_cents FROM daily_pnl") == [("2025-10-02", 2, 3000, 2752)]


def test_a_void_trade_is_listed_and_counts_in_no_day(tmp_path):
    path = tmp_path / "void.sqlite"
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        journal.add(Kind.OUTCOME, bar_ns(4), outcome(0), "K1")
        journal.add(Kind.OUTCOME, bar_ns(5), msgspec.structs.replace(outcome(1, trade_id="T2"), mark=Mark.VOID), "K1")
        journal.close_link(bar_ns(5))
    assert rows(path, "SELECT trade_id, mark FROM trades") == [("T1", None), ("T2", "VOID")]
    assert rows(path, "SELECT trades, net_cents FROM daily_pnl") == [(1, 1376)]


def test_a_file_from_before_trades_had_a_mark_is_whole_and_one_with_another_view_is_not(path, tmp_path):
    def made(name: str, trades: str) -> sqlite3.Connection:
        db = sqlite3.connect(tmp_path / name)
        for statement in schema.STATEMENTS_1:
            db.execute(trades if statement.startswith("CREATE VIEW trades ") else statement)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        return db

    (now,) = [statement for statement in schema.STATEMENTS_1 if statement.startswith("CREATE VIEW trades ")]
    assert schema.faults(made("earlier.sqlite", now.replace(",\n  json_extract(body, '$.mark') AS mark", ""))) == []
    assert schema.faults(made("other.sqlite", now.replace("'$.r'", "'$.net_cents'"))) == ["view trades was changed"]


def test_skip_reasons_count_bars_and_plans(path):
    assert rows(path, "SELECT * FROM skip_reasons") == [("K1", 8, "REGIME", 1, 0), ("K1", 8, "VWAP_Z", 1, 0)]


def test_strategy_states_show_the_last_one(path):
    assert rows(path, "SELECT strategy, state, release FROM strategy_states") == [("K1", "QUARANTINED", "two shadow wins")]
