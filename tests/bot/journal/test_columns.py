"""What other tools read of a journal: every view in plain sqlite, each column as its body has it, and no contradiction unseen."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
import scripted_run
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from plain_journal import plain
from scripted_run import bar_ns, contracts, outcome
from test_verify import tamper

from bot.decision.outcome import Mark
from bot.errors import JournalBroken
from bot.journal import schema
from bot.journal.records import Action, DecisionRecord, GateRecord, Kind, StateRecord
from bot.journal.store import Journal
from bot.journal.verify import verify

NAN, INF = float("nan"), float("inf")
WORDS = GateRecord("REGIME", 8, "regime", "choppy", "allowed", "range volatile", "", None)
NUMBERS = GateRecord("PHASE", 8, "phase", 3, "minimum", 0.25, "", 2.75)


def decision(sentence: str, **others: object) -> DecisionRecord:
    return replace(DecisionRecord("K1", Action.SKIP, sentence, 1.0, 0.5), **others)


DECISIONS = (
    decision("K1 skipped: words", gate=WORDS),
    decision("K1 skipped: words of an enumeration", gate=replace(WORDS, observed=Action.EXIT, limit=Action.MANAGE)),
    decision("K1 skipped: numbers", gate=NUMBERS, dvs=NAN),
    decision("K1 long skipped: a plan", gate=NUMBERS, plan=scripted_run.PLAN, euc=scripted_run.EUC, smallest_change="phase …"),
    decision("K1 enters", action=Action.ENTER, plan=scripted_run.PLAN, euc={"total": NAN}, intent_id="i"),
    decision("K1 managed", action=Action.MANAGE, management={"kind": "hold"}, trade_id="T1"),
    decision("K5 vetoes this bar", action=Action.VETO, gate=replace(WORDS, observed=NAN, limit=INF)),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        scripted_run.write(journal, 3)
        for at, each in enumerate(DECISIONS):
            journal.add(Kind.BAR, bar_ns(3 + at), replace(scripted_run.bar_record(3 + at, NAN), low=INF, rejected=bool(at % 2)))
            journal.add(Kind.DECISION, bar_ns(3 + at), each, each.strategy)
            journal.close_link(bar_ns(3 + at))
        journal.add(Kind.OUTCOME, bar_ns(20), outcome(1), "K1")
        journal.add(Kind.OUTCOME, bar_ns(20), replace(outcome(2, trade_id="T2"), mark=Mark.VOID), "K1")
        journal.add(Kind.OUTCOME, bar_ns(20), outcome(3, shadow=True, trade_id="T3"), "K1")
        for after in ("THROTTLED", "QUARANTINED"):
            journal.add(Kind.STATE, bar_ns(20), StateRecord("K1", "ACTIVE", after, 1, "two losses", "losses", 2.0, 2, "two wins"), "K1")
        journal.close_link(bar_ns(20))
    return path


def asked(path, query):
    """Of sqlite alone, with nothing of ours on the connection, as any other tool would."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(query)]


def bodies(path, kind):
    """Read with zstandard and json alone."""
    with closing(plain(path)) as db:
        return [(seq, json.loads(body)) for seq, body in db.execute("SELECT seq, body FROM records WHERE kind = ? ORDER BY seq", (kind,))]


@pytest.mark.parametrize("view", schema.VIEWS)
def test_every_view_works_where_nothing_is_known_of_packs(path, view):
    assert asked(path, f"SELECT * FROM {view}")


def test_a_decision_in_its_view_is_what_its_body_says(path):
    rows = asked(path, "SELECT * FROM decisions ORDER BY seq")
    found = bodies(path, "decision")
    assert len(rows) == len(found) == 3 * 5 + len(DECISIONS)
    for row, (seq, body) in zip(rows, found, strict=True):
        gate, plan, euc = body.get("gate", {}), body.get("plan", {}), body.get("euc", {})
        both = {name: gate.get(name) for name in ("observed", "limit")}
        wanted = {
            "seq": seq,
            **{name: body.get(name) for name in ("strategy", "action", "sentence", "dvs", "eqs", "smallest_change", "trade_id")},
            **{name: gate.get(name) for name in ("code", "layer")},
            **{name: None if isinstance(value, str) else value for name, value in both.items()},
            **{f"{name}_words": value if isinstance(value, str) else None for name, value in both.items()},
            "plan_side": plan.get("side"),
            "euc": euc.get("total"),
        }
        assert {name: row[name] for name in wanted} == wanted and set(row) == {*wanted, "ts_ns"}


def test_a_bar_in_its_view_is_what_its_body_says(path):
    rows = asked(path, "SELECT * FROM bars ORDER BY seq")
    for row, (seq, body) in zip(rows, bodies(path, "bar"), strict=True):
        wanted = {name: body[name] for name in row if name not in ("seq", "ts_ns")}
        assert {**wanted, "seq": seq} == {name: value for name, value in row.items() if name != "ts_ns"}
    assert {row["low"] for row in rows} >= {None} and {row["rejected"] for row in rows} == {0, 1}


def test_trades_their_days_and_states_need_no_json(path):
    rows = asked(path, "SELECT * FROM trades")
    assert [(row["trade_id"], row["net_cents"], row["exit_reason"], row["mark"]) for row in rows] == [
        ("T1", 1376, "TARGET", None),
        ("T2", 1376, "TARGET", "VOID"),
    ]
    assert asked(path, "SELECT * FROM daily_pnl") == [
        {"trading_day": "2025-10-02", "trades": 1, "gross_cents": 1500, "net_cents": 1376, "r": 1.376}
    ]
    (state,) = asked(path, "SELECT strategy, state, throttle_level, reason, release FROM strategy_states")
    assert tuple(state.values()) == ("K1", "QUARANTINED", 1, "two losses", "two wins")
    assert not any("json" in sql or "body" in sql for sql in schema.STATEMENTS if sql.startswith("CREATE VIEW"))


def test_reasons_are_counted_with_their_plans(path):
    rows = asked(path, "SELECT code, bars, plans FROM skip_reasons WHERE code <> 'VWAP_Z' ORDER BY code, bars")
    assert [tuple(row.values()) for row in rows] == [("PHASE", 2, 1), ("REGIME", 3, 0)]


def test_what_was_answered_before_is_not_said_again(path):
    said = [row["sentence"] for row in asked(path, "SELECT sentence FROM answers ORDER BY answer")]
    assert said == [*(f"{name} skipped" for name in scripted_run.STRATEGIES), *(each.sentence for each in DECISIONS)]
    with Journal.append(path, "paper", contracts(), {}, lambda: 1) as journal:  # another process goes on
        journal.add(Kind.DECISION, bar_ns(21), DECISIONS[0], "K1")
        journal.close_link(bar_ns(21))
    assert len(asked(path, "SELECT * FROM answers")) == len(said)
    verify(path)


# ------------------------------------------------------------------------- contradictions


def test_it_is_whole_before(path):
    verify(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        *(
            (f"UPDATE records SET {change} WHERE seq = 3", r"the plain columns of record 3 \(decision\)")
            for change in ("observed = 0.84", "observed = NULL", "dvs = 0.5", "eqs = NULL", "answer = 2", "answer = NULL")
        ),
        ("UPDATE records SET answer = 99 WHERE seq = 3", r"the plain columns of record 3 \(decision\)"),
        ("UPDATE records SET dvs = 0.9 WHERE seq = 2", r"the plain columns of record 2 \(bar\)"),
        ("UPDATE records SET answer = 1 WHERE seq = 2", r"the plain columns of record 2 \(bar\)"),
        ("UPDATE records SET eqs = 1.0 WHERE kind = 'outcome'", r"the plain columns of record \d+ \(outcome\)"),
        *(
            (f"UPDATE answers SET {column} = {value} WHERE answer = 6", r"the plain columns of record \d+ \(decision\)")
            for column, value in (
                ("action", "'ENTER'"),
                ("sentence", "'K1 skipped: nothing'"),
                ("code", "'F1'"),
                ("layer", 1),
                ("observed_words", "'range'"),
                ("limit_words", "NULL"),
                ('"limit"', 1.0),
                ("plan_side", 1),
                ("euc", 0.1),
                ("smallest_change", "''"),
                ("trade_id", "'T9'"),
            )
        ),
        ("DELETE FROM answers WHERE answer = 1", r"the plain columns of record 3 \(decision\)"),
        ("INSERT INTO answers (answer, sentence) VALUES (99, 'K1 skipped: nobody')", "answer 99 was given by no decision"),
        ("UPDATE bar_columns SET close = close + 0.25 WHERE seq = 2", "table bar_columns does not say of record 2"),
        ("DELETE FROM bar_columns WHERE seq = 2", "table bar_columns does not say of record 2"),
        ("INSERT INTO bar_columns (seq) VALUES (9999)", "table bar_columns says something of record 9999, which is no bar"),
        ("UPDATE outcome_columns SET net_cents = -net_cents WHERE trade_id = 'T1'", "table outcome_columns does not say of record"),
        ("UPDATE outcome_columns SET mark = NULL", "table outcome_columns does not say of record"),
        ("UPDATE state_columns SET state = 'ACTIVE'", "table state_columns does not say of record"),
    ],
)
def test_a_column_that_contradicts_its_body_is_told(path, change, told):
    tamper(path, change)
    with pytest.raises(JournalBroken, match=told):
        verify(path)


@pytest.mark.parametrize("table", ["answers", "bar_columns", "outcome_columns", "state_columns"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid + 1", "INSERT OR REPLACE INTO {} SELECT * FROM {}"])
def test_columns_are_append_only(path, table, statement):
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement.format(table, table))


# ------------------------------------------------------- whatever a body holds is written

anything = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9)


@given(observed=anything, limit=anything, layer=anything, score=anything, sentence=st.text(max_size=20), side=anything)
@settings(max_examples=60, deadline=None)
def test_no_value_of_a_body_keeps_a_record_from_being_written_and_verified(tmp_path_factory, observed, limit, layer, score, sentence, side):
    path = tmp_path_factory.mktemp("any") / "journal.sqlite"
    gate = replace(NUMBERS, observed=observed, limit=limit, layer=layer)
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        plan = replace(scripted_run.PLAN, side=side)
        journal.add(Kind.DECISION, bar_ns(0), decision(sentence, gate=gate, dvs=score, plan=plan, euc={"total": score}), "K1")
        journal.add(Kind.BAR, bar_ns(0), replace(scripted_run.bar_record(0), open=score, volume=side, regime=sentence), None)
        journal.close_link(bar_ns(0))
    assert verify(path).records == 3 and len(asked(path, "SELECT * FROM decisions")) == 1
