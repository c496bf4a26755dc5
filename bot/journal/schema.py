"""The tables, triggers, index and views of a journal file, and the check that a file still has them.

`records` holds everything inside the hash chain, `links` the chain itself, `contract_sets`
the hash of the contracts that a record was made under (records name it by number), and
`runs` one header per start of a process, outside the chain. `packs` holds the bodies of bars
and decisions (packs.py), whose `records` have none of their own; what a person counts by stands
beside them in plain columns (columns.py), which all views are made of: they ask nothing that any
SQLite tool has not, and DuckDB reads them, too. Nothing is ever changed or
deleted, and numbers have no gaps: triggers refuse it, also when asked by INSERT OR REPLACE.

A file keeps the schema it was begun under, for ever: it is never migrated, and read as it is. One
of an earlier schema is gone on with only by what a person asks for while nobody runs (a kill, a
lock); a run begins a new file. The first had every body beside its record, the second no plain columns.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.journal import columns
from bot.journal.earlier_views import VIEWS_1, VIEWS_2, VIEWS_BEFORE_MARKS

SCHEMA_VERSION = 3
FIRST_WITH_PACKS = 2
FIRST_WITH_COLUMNS = 3
EMPTY = "it is empty: no run has written into it"
FOREIGN = "it is an SQLite file, but not a journal of mesbot"
APPLICATION_ID = 0x4D455342  # "MESB": `file journal.sqlite` and verify know it by this
_APPLICATION_ID_END = 72  # bytes of an SQLite file's head, of which it is the last four

_TABLES = (
    """CREATE TABLE runs (
  run INTEGER PRIMARY KEY,
  wall_ns INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT""",
    """CREATE TABLE contract_sets (
  contract_set INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL
) STRICT""",
    """CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  ts_ns INTEGER NOT NULL,
  wall_ns INTEGER NOT NULL,
  kind TEXT NOT NULL,
  strategy TEXT,
  contract_set INTEGER NOT NULL,
  body TEXT
) STRICT""",
    """CREATE TABLE packs (
  first_seq INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  crc32 INTEGER NOT NULL,
  bodies BLOB NOT NULL
) STRICT""",
    """CREATE TABLE links (
  link INTEGER PRIMARY KEY,
  ts_ns INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  head TEXT NOT NULL
) STRICT""",
)
_GAPS = {"packs", *columns.BY_SEQ}  # tables whose numbers have gaps, and rise

# A bar's records are found by its link, so the many records (bars, decisions) need no index of
# their own; it would double the cost of writing them. Queries for the rest must repeat RARE.
RARE = "kind NOT IN ('bar', 'decision')"
_INDEXES = (
    "CREATE INDEX links_ts ON links (ts_ns)",
    f"CREATE INDEX records_rare ON records (kind, ts_ns) WHERE {RARE}",
)

_VIEWS = (
    """CREATE VIEW trades AS SELECT
  seq, ts_ns, strategy, trade_id, trading_day, side, quantity, decided_ns, opened_ns, closed_ns, entry_price, exit_price, exit_reason,
  gross_cents, net_cents, risk_cents, r, budget_overrun, mark
FROM outcome_columns JOIN records USING (seq) WHERE shadow = 0""",
    """CREATE VIEW daily_pnl AS SELECT
  trading_day,
  count(*) AS trades,
  sum(gross_cents) AS gross_cents,
  sum(net_cents) AS net_cents,
  sum(r) AS r
FROM trades WHERE coalesce(mark, '') <> 'VOID' GROUP BY trading_day""",
    """CREATE VIEW decisions AS SELECT
  seq, ts_ns, strategy, action, sentence, code, layer, observed, observed_words, "limit", limit_words, plan_side, euc, dvs, eqs,
  smallest_change, trade_id
FROM records JOIN answers USING (answer) WHERE kind = 'decision'""",
    """CREATE VIEW bars AS SELECT
  seq, ts_ns, open, high, low, close, volume, rejected, regime, dvs, eqs
FROM bar_columns JOIN records USING (seq)""",
    """CREATE VIEW skip_reasons AS SELECT
  strategy, layer, code, count(*) AS bars, count(plan_side) AS plans
FROM decisions WHERE action IN ('SKIP', 'VETO') AND code IS NOT NULL
GROUP BY strategy, layer, code""",
    """CREATE VIEW strategy_states AS SELECT
  strategy, seq, ts_ns, state, throttle_level, reason, release
FROM state_columns JOIN records USING (seq)
WHERE seq IN (SELECT max(seq) FROM state_columns JOIN records USING (seq) GROUP BY strategy)""",
)
VIEWS = ("trades", "daily_pnl", "decisions", "bars", "skip_reasons", "strategy_states")


def _name(statement: str) -> str:
    return statement.split()[2]


def _key(table: str) -> str:
    """The column that its rows are numbered by, the first."""
    return table.split("(")[1].split()[0]


def _triggers(statement: str) -> tuple[str, ...]:
    table, key = _name(statement), _key(statement)
    refuse = "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    wrong = "<= (SELECT coalesce(max({0}), 0) FROM {1})" if table in _GAPS else "<> (SELECT coalesce(max({0}), 0) + 1 FROM {1})"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} WHEN NEW.{key} {wrong.format(key, table)} {refuse}",
    )


def _statements(tables: tuple[str, ...], views: tuple[str, ...]) -> tuple[str, ...]:
    return (*tables, *(trigger for table in tables for trigger in _triggers(table)), *_INDEXES, *views)


def _tables(instead_of_body: str) -> tuple[str, ...]:
    return tuple(table.replace("  body TEXT\n", instead_of_body) if _name(table) == "records" else table for table in _TABLES)


STATEMENTS = _statements((*_tables(f"  body TEXT,\n{columns.BESIDE}"), *columns.TABLES), _VIEWS)
STATEMENTS_2 = _statements(_TABLES, VIEWS_2)
STATEMENTS_1 = _statements(tuple(table for table in _tables("  body TEXT NOT NULL\n") if _name(table) != "packs"), VIEWS_1)
_BEFORE_MARKS = {_name(view): view for view in VIEWS_BEFORE_MARKS}
_KNOWN = {1: STATEMENTS_1, 2: STATEMENTS_2, SCHEMA_VERSION: STATEMENTS}


def install(db: sqlite3.Connection) -> None:
    """Give an empty database the schema, in one transaction. `db` must be in autocommit mode."""
    db.execute("PRAGMA page_size = 8192")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN IMMEDIATE")
    for statement in STATEMENTS:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("COMMIT")


def is_empty(db: sqlite3.Connection) -> bool:
    """Whether the database has no tables at all (a process was killed before its first commit)."""
    return db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0


def claims_to_be_ours(path: Path) -> bool:
    """Whether the head of a file says that it is a journal, whatever the rest of it has come to."""
    try:
        with path.open("rb") as file:
            return file.read(_APPLICATION_ID_END)[-4:] == APPLICATION_ID.to_bytes(4, "big")
    except OSError:
        return False


def version_of(db: sqlite3.Connection) -> int:
    """The schema version of a journal; 0 of a file that is none yet."""
    return db.execute("PRAGMA user_version").fetchone()[0]


def other_than_ours(db: sqlite3.Connection) -> str:
    """What a database is that is no journal at all, a clause; "" of one that says it is a journal, whole or not."""
    if is_empty(db):
        return EMPTY
    return FOREIGN if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID else ""


def faults(db: sqlite3.Connection) -> list[str]:
    """What is missing, changed or foreign in the schema of a journal, one sentence each; [] if intact."""
    version = version_of(db)
    if other := other_than_ours(db):
        return [other]
    if version not in _KNOWN:
        other = f"its schema version is {version}, this program reads 1 to {SCHEMA_VERSION}"
        return [f"{other}; go on with the version that wrote it, or restore a backup from before the upgrade"]
    found = {name: sql for name, sql in db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")}
    wanted = {_name(statement): statement for statement in _KNOWN[version]}
    earlier = _BEFORE_MARKS if version == 1 else {}
    missing = [f"{sql.split()[1].lower()} {name} is missing" for name, sql in wanted.items() if name not in found]
    known = {name: {sql, earlier.get(name)} for name, sql in wanted.items()}
    changed = [f"{sql.split()[1].lower()} {name} was changed" for name, sql in wanted.items() if found.get(name, sql) not in known[name]]
    foreign = [f"{name} does not belong to a journal" for name in found if name not in wanted]
    return missing + changed + foreign
