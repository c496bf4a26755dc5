"""The tables, triggers, index and views of a journal file, and the check that a file still has them.

`records` holds everything inside the hash chain, `links` the chain itself, `contract_sets`
the hash of the contracts that a record was made under (records name it by number), and
`runs` one header per start of a process, outside the chain. `packs` holds the bodies of bars
and decisions (packs.py), whose `records` have none of their own. Nothing is ever changed or
deleted, and numbers have no gaps: triggers refuse it, also when asked by INSERT OR REPLACE.

A file keeps the schema it was begun under, for ever: it is never migrated, and read as it is. A
file of the first, in which every record has its body beside it, is gone on with only by what a
person asks for while nobody runs (a kill, a lock); a run begins a new file.
"""

from __future__ import annotations

import sqlite3

from bot.journal.packs import whole_of
from bot.journal.records import Kind

SCHEMA_VERSION = 2
FIRST_WITH_PACKS = 2
APPLICATION_ID = 0x4D455342  # "MESB": `file journal.sqlite` and verify know it by this

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
_KEYS = {"runs": "run", "contract_sets": "contract_set", "records": "seq", "packs": "first_seq", "links": "link"}

# A bar's records are found by its link, so the many records (bars, decisions) need no index of
# their own; it would double the cost of writing them. Queries for the rest must repeat RARE.
RARE = "kind NOT IN ('bar', 'decision')"
_INDEXES = (
    "CREATE INDEX links_ts ON links (ts_ns)",
    f"CREATE INDEX records_rare ON records (kind, ts_ns) WHERE {RARE}",
)

_DECISIONS, _BARS = whole_of(Kind.DECISION), whole_of(Kind.BAR)  # in files: never to be changed
_VIEWS = (
    f"""CREATE VIEW trades AS SELECT
  seq, ts_ns, strategy,
  json_extract(body, '$.trade_id') AS trade_id,
  json_extract(body, '$.trading_day') AS trading_day,
  json_extract(body, '$.side') AS side,
  json_extract(body, '$.quantity') AS quantity,
  json_extract(body, '$.decided_ns') AS decided_ns,
  json_extract(body, '$.opened_ns') AS opened_ns,
  json_extract(body, '$.closed_ns') AS closed_ns,
  json_extract(body, '$.entry_price') AS entry_price,
  json_extract(body, '$.exit_price') AS exit_price,
  json_extract(body, '$.exit_reason') AS exit_reason,
  json_extract(body, '$.gross_cents') AS gross_cents,
  json_extract(body, '$.net_cents') AS net_cents,
  json_extract(body, '$.risk_cents') AS risk_cents,
  json_extract(body, '$.r') AS r,
  json_extract(body, '$.budget_overrun') AS budget_overrun,
  json_extract(body, '$.mark') AS mark
FROM records WHERE kind = 'outcome' AND {RARE} AND json_extract(body, '$.shadow') = 0""",
    """CREATE VIEW daily_pnl AS SELECT
  trading_day,
  count(*) AS trades,
  sum(gross_cents) AS gross_cents,
  sum(net_cents) AS net_cents,
  sum(r) AS r
FROM trades WHERE mark IS NOT 'VOID' GROUP BY trading_day""",
    f"""CREATE VIEW decisions AS SELECT
  seq, ts_ns, strategy,
  json_extract(body, '$.action') AS action,
  json_extract(body, '$.sentence') AS sentence,
  json_extract(body, '$.gate.code') AS code,
  json_extract(body, '$.gate.layer') AS layer,
  json_extract(body, '$.gate.observed') AS observed,
  json_extract(body, '$.gate.limit') AS "limit",
  json_extract(body, '$.plan.side') AS plan_side,
  json_extract(body, '$.euc.total') AS euc,
  json_extract(body, '$.dvs') AS dvs,
  json_extract(body, '$.eqs') AS eqs,
  json_extract(body, '$.smallest_change') AS smallest_change,
  json_extract(body, '$.trade_id') AS trade_id
FROM {_DECISIONS} WHERE kind = 'decision'""",
    f"""CREATE VIEW bars AS SELECT
  seq, ts_ns,
  json_extract(body, '$.open') AS open,
  json_extract(body, '$.high') AS high,
  json_extract(body, '$.low') AS low,
  json_extract(body, '$.close') AS close,
  json_extract(body, '$.volume') AS volume,
  json_extract(body, '$.rejected') AS rejected,
  json_extract(body, '$.regime') AS regime,
  json_extract(body, '$.dvs') AS dvs,
  json_extract(body, '$.eqs') AS eqs
FROM {_BARS} WHERE kind = 'bar'""",
    """CREATE VIEW skip_reasons AS SELECT
  strategy, layer, code, count(*) AS bars, sum(plan_side IS NOT NULL) AS plans
FROM decisions WHERE action IN ('SKIP', 'VETO') AND code IS NOT NULL
GROUP BY strategy, layer, code""",
    f"""CREATE VIEW strategy_states AS SELECT
  strategy, max(seq) AS seq, ts_ns,
  json_extract(body, '$.after') AS state,
  json_extract(body, '$.throttle_level') AS throttle_level,
  json_extract(body, '$.reason') AS reason,
  json_extract(body, '$.release') AS release
FROM records WHERE kind = 'state change' AND {RARE} GROUP BY strategy""",
)
VIEWS = ("trades", "daily_pnl", "decisions", "bars", "skip_reasons", "strategy_states")


def _triggers(table: str, key: str) -> tuple[str, ...]:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    wrong = "<= (SELECT coalesce(max({0}), 0) FROM {1})" if table == "packs" else "<> (SELECT coalesce(max({0}), 0) + 1 FROM {1})"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table} WHEN NEW.{key} {wrong.format(key, table)} {refuse}",
    )


STATEMENTS = (*_TABLES, *(trigger for table, key in _KEYS.items() for trigger in _triggers(table, key)), *_INDEXES, *_VIEWS)


def _name(statement: str) -> str:
    return statement.split()[2]


# The first schema had no packs, and its first files' views no mark of a trade; such a file is whole with them.
STATEMENTS_1 = tuple(
    statement.replace(_DECISIONS, "records").replace(_BARS, "records").replace("  body TEXT\n", "  body TEXT NOT NULL\n")
    for statement in STATEMENTS
    if not _name(statement).startswith("packs")
)
_BEFORE_MARKS = {
    _name(statement): statement.replace(",\n  json_extract(body, '$.mark') AS mark", "").replace(" WHERE mark IS NOT 'VOID'", "")
    for statement in STATEMENTS_1
}
_KNOWN = {1: STATEMENTS_1, SCHEMA_VERSION: STATEMENTS}


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


def version_of(db: sqlite3.Connection) -> int:
    """The schema version of a journal; 0 of a file that is none yet."""
    return db.execute("PRAGMA user_version").fetchone()[0]


def faults(db: sqlite3.Connection) -> list[str]:
    """What is missing, changed or foreign in the schema of a journal, one sentence each; [] if intact."""
    version = version_of(db)
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return ["it is an SQLite file, but not a journal of mesbot"]
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
