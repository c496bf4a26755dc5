"""Days in one run and the same days in many runs, each begun from the journals of those before it: the same decisions, to the byte.

Restarts are made between sessions, inside them where nothing is held or followed, and inside them while shadow trades are open.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from builders import calendar, new_york_ns
from integration.rogue import Rogue
from integration.stage import DAY, FLAT, WARM_UP_DAY, bare, frame_of, lawbook, quiet_day, spec_of
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.identifiers import Venue

from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.bars.source import Bars
from bot.bars.synth import synthetic_bars
from bot.contracts import load_contracts
from bot.journal import schema
from bot.journal.columns import ANSWERS, WIDTHS
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.journal.records import KillRecord, Kind
from bot.journal.store import Journal
from bot.messages import ENDPOINT_RISK_ALARM
from bot.runtime.past import past_of
from bot.units import MINUTE_NS

pytestmark = pytest.mark.slow
SEED, SESSIONS, FIRST = 3, 8, dt.date(2025, 9, 2)
FOREVER = 2**63 - 1
EARLY = {"strategies": {"signals.atr_norm_min_sessions": 1}}
RECKLESS = {  # many plans and trades, so that quarantines come and go, and an expired entry is felt for days
    "constitution": {
        "frequency.max_trades_per_day": 100,
        "frequency.max_entries_per_hour": 60,
        "frequency.min_spacing_minutes": 0,
        "frequency.max_submissions_per_day": 500,
        "losing_streak.max_losses": 100,
        "loss_limits.day_usd": 5_000.0,
        "loss_limits.week_usd": 5_000.0,
        "loss_limits.month_usd": 5_000.0,
        "risk_per_trade.max_risk_usd": 200.0,
        "risk_per_trade.max_stop_ticks": 100,
        "friction.max_share_of_target": 1.0,
        "tiers.2.max_stop_ticks": 100,
        "tiers.2.max_risk_usd": 200.0,
    },
    "strategies": {
        "euc.min_euc_r": -9.0,
        "K1.min_abs_vwap_z": 0.5,
        "K1.min_belief": 0.2,
        "K2.min_failed_break": 0.05,
        "K2.min_belief": 0.0,
        "K3.min_sweep": 0.05,
        "K3.min_belief": 0.0,
    },
    "execution_contract": {"eqs.events.entry_expired.half_life_minutes": 390, "eqs.events.entry_expired.penalty": 0.1},
}
DEADLY = {"execution_contract": {"eqs.late_fill_seconds": 30, "eqs.events.late_fill.penalty": 0.8}}  # three bars of that kill
LAWS: dict[str, tuple[dict[str, dict[str, Any]], ...]] = {"standing": (EARLY,), "reckless": (EARLY, RECKLESS), "deadly": (EARLY, DEADLY)}
EDGE = Decimal(7_540)  # the loss of 9 September takes it below tier B
Row = tuple[int, str, str | None, str]
TEMPORARY = tempfile.TemporaryDirectory(prefix="mesbot-restart-")  # gone with the process


# ------------------------------------------------------------------ runs


@cache
def bars() -> pd.DataFrame:
    """The regular sessions of all days."""
    return frame_of(bar for bar in synthetic_bars(SEED, SESSIONS, FIRST, calendar()) if calendar().session_at(bar.ts_ns))


@cache
def closes() -> tuple[int, ...]:
    """The close of each session."""
    days = [session for session in calendar().sessions if session.date >= FIRST.isoformat()]
    return tuple(session.close_ns for session in days[:SESSIONS])


@dataclass
class Chain:
    """Runs of one law, one after the other; each begins from the journals of those before it (`forget`: it does not)."""

    folder: Path
    law: Path
    equity: Decimal = Decimal(10_000)
    forget: bool = False
    journals: list[Path] = field(default_factory=list)

    def run(self, after_ns: int, until_ns: int) -> Path:
        """Decide the bars of (after, until]; the earlier ones warm up."""
        out = self.folder / f"run-{len(self.journals)}"
        frame = bars()[bars()["ts_ns"] <= until_ns]
        earlier = () if self.forget else tuple(map(str, self.journals))
        spec = msgspec.structs.replace(spec_of(self.law, out), decide_from_ns=after_ns + 1, earlier=earlier)
        with BacktestRun(spec, Bars(frame, "crafted", ()), BacktestRequest(out=out, equity_usd=self.equity)) as run:
            run.through()
            self.equity = run.engine.cache.account_for_venue(Venue("CME")).balance_total(USD).as_decimal()
        self.journals.append(Path(spec.journal_path))
        return self.journals[-1]


def rows(path: Path, *kinds: Kind, after_ns: int = 0, until_ns: int = FOREVER) -> list[Row]:
    """Time, kind, strategy and body, as stored and in order, of (after, until]."""
    marks = ", ".join("?" * len(kinds))
    query = f"SELECT ts_ns, kind, strategy, body FROM {WHOLE} WHERE kind IN ({marks}) AND ts_ns > ? AND ts_ns <= ? ORDER BY seq"
    with opened(path) as db:
        return db.execute(query, (*kinds, after_ns, until_ns)).fetchall()


def decided(path: Path, after_ns: int = 0, until_ns: int = FOREVER) -> list[Row]:
    return rows(path, Kind.BAR, Kind.DECISION, after_ns=after_ns, until_ns=until_ns)


def bodies(path: Path, kind: Kind, after_ns: int = 0) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row[3]) for row in rows(path, kind, after_ns=after_ns)]


def codes(path: Path, after_ns: int = 0) -> set[str]:
    """Every refusal that decisions name."""
    found = bodies(path, Kind.DECISION, after_ns)
    return {gate["code"] for body in found for gate in ([body["gate"]] if body.get("gate") else []) + body.get("others", [])}


@dataclass(frozen=True)
class Days:
    """All days under one law: in one run, and in one a day."""

    law: Path
    whole: Path
    equity: Decimal
    chain: Chain


@cache
def days(name: str) -> Days:
    """Made once for each law."""
    folder = Path(TEMPORARY.name) / name
    folder.mkdir()
    law = lawbook(folder / "law", *LAWS[name])
    once = Chain(folder / "whole", law)
    whole = once.run(0, closes()[-1])
    chain = Chain(folder / "days", law)
    for after, close in zip((0, *closes()), closes(), strict=False):
        chain.run(after, close)
    return Days(law, whole, once.equity, chain)


def began_with(journal: Path) -> Decimal:
    """The equity, US dollars, with which the day of this journal began."""
    return Decimal(bodies(journal, Kind.DAY)[0]["equity_cents"]) / 100


def between(number: int) -> tuple[int, int]:
    """(after, until] of a day, from 0."""
    return (0, *closes())[number], closes()[number]


def told(path: Path, after_ns: int, until_ns: int) -> list[tuple[Any, ...]]:
    """All records, but for the names that the simulated venue gives: it counts its own from 1 in each run."""
    found = []
    for ts_ns, kind, strategy, body in rows(path, *Kind, after_ns=after_ns, until_ns=until_ns):
        values = msgspec.json.decode(body)
        values.pop({Kind.ORDER: "venue_order_id", Kind.FILL: "trade_id"}.get(kind, ""), None)
        found.append((ts_ns, kind, strategy, values))
    return found


# ------------------------------------------------------------------ restarts between sessions


@pytest.mark.parametrize("number", range(SESSIONS))
@pytest.mark.parametrize("law", LAWS)
def test_a_day_after_a_restart_is_decided_as_it_is_without_one(law: str, number: int) -> None:
    made = days(law)
    after_ns, until_ns = between(number)
    again = made.chain.journals[number]
    assert len(decided(again)) == 390 * 6
    assert decided(again) == decided(made.whole, after_ns, until_ns)
    assert told(again, after_ns, until_ns) == told(made.whole, after_ns, until_ns)


@pytest.mark.parametrize("law", LAWS)
def test_the_money_is_the_same_in_the_end(law: str) -> None:
    made = days(law)
    assert made.chain.equity == made.equity
    assert {body["trading_day"]: body for path in made.chain.journals for body in bodies(path, Kind.DAY)} == {
        body["trading_day"]: body for body in bodies(made.whole, Kind.DAY)
    }


@pytest.mark.parametrize("law", LAWS)
def test_all_journals_together_say_what_the_one_says(law: str) -> None:
    made = days(law)
    many, one = past_of(made.chain.journals), past_of([made.whole])
    for name in many.__struct_fields__:
        assert getattr(many, name) == getattr(one, name), name


# What happened on a day, and that it came from an earlier one: (law, day) -> refusals that only a memory of earlier days explains.
MEMORY = {
    ("standing", 2): {"WEEKLY_LOSS_BUDGET"},
    ("standing", 4): {"LOSING_STREAK", "QUARANTINED"},
    ("standing", 6): {"LOSING_STREAK", "QUARANTINED"},
    ("standing", 7): {"WEEKLY_LOSS_BUDGET", "QUARANTINED"},
    ("reckless", 4): {"EQS_BELOW_MINIMUM", "QUARANTINED"},
    ("deadly", 7): {"KILL_SWITCH"},
}


@pytest.mark.parametrize(("law", "number"), MEMORY)
def test_a_day_that_begins_without_the_journals_of_those_before_it_is_another_day(law: str, number: int, tmp_path: Path) -> None:
    """So that the days above are the same because of what was restored."""
    made = days(law)
    alone = Chain(tmp_path, made.law, began_with(made.chain.journals[number]), forget=True).run(*between(number))
    assert decided(alone) != decided(made.whole, *between(number))
    assert MEMORY[law, number] <= codes(made.chain.journals[number]) - codes(alone)


def test_what_a_restart_must_remember_really_happens_in_these_days() -> None:
    changes = {law: [(body["before"], body["after"]) for body in bodies(days(law).whole, Kind.STATE)] for law in LAWS}
    released = [shadow for law in LAWS for shadow in bodies(days(law).whole, Kind.STATE) if "shadow" in shadow["reason"]]
    assert {"LOSING_STREAK", "DAILY_LOSS_BUDGET", "WEEKLY_LOSS_BUDGET", "SIZE_AFTER_LOSS", "QUARANTINED"} <= codes(days("standing").whole)
    assert {"EQS_BELOW_MINIMUM", "K5_OPPOSITE_STOPS", "QUARANTINED"} <= codes(days("reckless").whole)
    assert {"KILL_SWITCH", "EQS_BELOW_MINIMUM"} <= codes(days("deadly").whole)
    assert ("QUARANTINED", "THROTTLED") in changes["standing"] and released
    assert {("ACTIVE", "QUARANTINED"), ("THROTTLED", "QUARANTINED"), ("THROTTLED", "ACTIVE")} <= set(changes["reckless"])
    assert [body["state"] for body in bodies(days("deadly").whole, Kind.KILL)] == ["TRIPPED", "FLAT", "HALTED"]
    opening = [bodies(path, Kind.BAR)[0]["eqs"] for path in days("reckless").chain.journals]
    assert sum(eqs < 1.0 for eqs in opening) >= 3, "no day began with execution quality below 1"


# ------------------------------------------------------------------ restarts inside a session


def quiet_minute(path: Path, after_ns: int) -> int:
    """The first bar from here on at which nothing is held, works or is shadowed, and no shadow began in the last half hour."""
    shadows, outcomes = _timed(path, Kind.SHADOW), _timed(path, Kind.OUTCOME)
    ended = {body["trade_id"]: ts for ts, body in shadows + outcomes if body.get("state") != "OPENED"}
    told = {body["intent_id"]: ts for ts, body in _timed(path, Kind.ORDER)}
    began = [(ts, body["trade_id"]) for ts, body in shadows if body["state"] == "OPENED"]
    busy = [(ts, max(ended.get(name, FOREVER), ts + 30 * MINUTE_NS)) for ts, name in began]
    busy += [(ts, max(ended.get(body["intent_id"], 0), told[body["intent_id"]])) for ts, body in _timed(path, Kind.INTENT)]
    stamps = bars()["ts_ns"]
    return next(ts for ts in stamps[stamps > after_ns] if not any(start <= ts <= end for start, end in busy))


def _timed(path: Path, kind: Kind) -> list[tuple[int, dict[str, Any]]]:
    return [(row[0], msgspec.json.decode(row[3])) for row in rows(path, kind)]


@pytest.mark.parametrize("law", ["standing", "reckless"])
def test_restarts_inside_sessions_change_nothing_that_is_decided_after_them(law: str, tmp_path: Path) -> None:
    """Right after the first trade of each day, with an account that one of them takes into another tier for a day that begins then."""
    made = lawbook(tmp_path / "law", *LAWS[law])
    whole = Chain(tmp_path / "whole", made, EDGE).run(0, closes()[-1])
    first = {body["trading_day"]: body["closed_ns"] for body in reversed(bodies(whole, Kind.OUTCOME)) if not body["shadow"]}
    stops = [quiet_minute(whole, closed_ns) for closed_ns in sorted(first.values())]
    assert len(stops) >= 5 and not set(stops) & set(closes())
    chain = Chain(tmp_path / "parts", made, EDGE)
    for after_ns, until_ns in pairwise([0, *stops, closes()[-1]]):
        part = chain.run(after_ns, until_ns)
        assert decided(part) == decided(whole, after_ns, until_ns)
        assert told(part, after_ns, until_ns) == told(whole, after_ns, until_ns)
    days_told = [body["trading_day"] for path in chain.journals for body in bodies(path, Kind.DAY)]
    assert days_told == sorted(set(days_told)), "a day that went on was begun again"


def test_a_day_that_goes_on_keeps_the_tier_it_began_in(tmp_path: Path) -> None:
    """What the restart above would hide if no decision of these bars depended on it."""
    made = lawbook(tmp_path / "law", *LAWS["standing"])
    whole = Chain(tmp_path / "whole", made, EDGE).run(0, closes()[5])
    *before, lost = [body for body in bodies(whole, Kind.OUTCOME) if not body["shadow"]]
    richer = EDGE + sum(Decimal(body["net_cents"]) for body in before) / 100
    poorer = richer + Decimal(lost["net_cents"]) / 100
    assert lost["trading_day"] == "2025-09-09" and poorer < 7_500 <= richer
    assert "TIER_STRATEGY" not in codes(whole, after_ns=lost["closed_ns"])
    alone = Chain(tmp_path / "alone", made, poorer, forget=True).run(quiet_minute(whole, lost["closed_ns"]), closes()[5])
    assert "TIER_STRATEGY" in codes(alone)


# ------------------------------------------------------------------ processes that died


def cut(journal: Path, target: Path, last_seq: int) -> Path:
    """What is on the disk after a flush at this record: whole links, and records that have none yet."""
    db = sqlite3.connect(target, isolation_level=None)
    schema.install(db)
    with opened(journal) as whole:
        db.executemany("INSERT INTO contract_sets VALUES (?, ?)", whole.execute("SELECT * FROM contract_sets"))
        query = f"SELECT body.*, answer, observed, dvs, eqs FROM {WHOLE} body JOIN records beside USING (seq) WHERE seq <= ? ORDER BY seq"
        records = whole.execute(query, (last_seq,)).fetchall()
        db.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", records)
        answered = max((record[7] for record in records if record[7] is not None), default=0)
        for table, width in WIDTHS.items():
            key, last = ("answer", answered) if table == ANSWERS else ("seq", last_seq)
            rows = whole.execute(f"SELECT * FROM {table} WHERE {key} <= ? ORDER BY {key}", (last,))
            db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)
        links = whole.execute("SELECT * FROM links WHERE last_seq <= ? ORDER BY link", (last_seq,))
        db.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", links)
    db.close()
    return target


def seqs(path: Path, kind: Kind) -> list[int]:
    with sqlite3.connect(path) as db:
        return [seq for (seq,) in db.execute("SELECT seq FROM records WHERE kind = ? ORDER BY seq", (kind,))]


def test_a_process_that_died_between_the_last_fill_and_the_outcome_leaves_the_outcome_to_the_next(tmp_path: Path) -> None:
    """The fill's minute ended, and was flushed, before the rest was written: the trade is over and nobody has said so."""
    made = days("standing")
    *before, journal, after = made.chain.journals[:4]
    (real,) = [body for body in bodies(journal, Kind.OUTCOME) if not body["shadow"]]
    left = cut(journal, tmp_path / "left.sqlite", seqs(journal, Kind.FILL)[-1])
    (story,) = past_of([left]).unfinished
    assert story.intent.intent_id == real["trade_id"]
    again = Chain(tmp_path, made.law, began_with(after), journals=[*before, left]).run(*between(3))
    made_good = next((body for body in bodies(again, Kind.OUTCOME) if not body["shadow"]), None)
    unknown = {"mae_ticks", "mfe_ticks", "naked_seconds"}  # not in the records of its orders
    assert made_good is not None and set(real) == set(made_good)
    assert {name: made_good[name] for name in set(real) - unknown} == {name: real[name] for name in set(real) - unknown}
    assert decided(again) == decided(made.whole, *between(3))


def test_an_intent_that_may_have_left_lets_no_other_pass_until_somebody_knows(tmp_path: Path) -> None:
    """Killed right after the intent was written ahead. A simulated venue has nobody to ask; a broker is asked (bot.ibkr.recovery)."""
    made = days("standing")
    journal = made.chain.journals[4]
    left = cut(journal, tmp_path / "left.sqlite", seqs(journal, Kind.INTENT)[0])
    assert len(past_of([left]).unfinished) == 1
    again = Chain(tmp_path, made.law, journals=[left]).run(*between(5))
    assert bodies(again, Kind.INTENT) == [] and bodies(again, Kind.FILL) == []
    plans = [body for body in bodies(again, Kind.DECISION) if body.get("plan")]
    assert plans and all(body["gate"]["code"] == "INTENT_IN_FLIGHT" for body in plans)
    assert bodies(again, Kind.KILL) == []


def said(journal: Path, target: Path, law: Path, record: KillRecord, ts_ns: int) -> Path:
    """A copy of a journal to which another process has added a step of the kill switch."""
    cut(journal, target, seqs(journal, Kind.BAR)[-1] + 5)
    with Journal.append(target, "live", load_contracts(law), {}, lambda: 1) as opened:
        opened.write_ahead(Kind.KILL, ts_ns, record)
    return target


def test_a_kill_that_was_not_finished_is_finished_by_the_next_run_and_stays(tmp_path: Path) -> None:
    made = days("standing")
    left = said(made.chain.journals[1], tmp_path / "left.sqlite", made.law, KillRecord("TRIPPED", "a guard failed"), closes()[1])
    again = Chain(tmp_path, made.law, journals=[left]).run(*between(2))
    assert [body["state"] for body in bodies(again, Kind.KILL)] == ["FLAT", "HALTED"]
    plans = [body for body in bodies(again, Kind.DECISION) if body.get("plan")]
    assert plans and all(body["gate"]["code"] == "KILL_SWITCH" for body in plans)
    third = Chain(tmp_path / "third", made.law, journals=[left, again]).run(*between(3))
    assert bodies(third, Kind.KILL) == [] and "KILL_SWITCH" in codes(third)


def test_a_person_who_arms_the_kill_switch_lets_the_next_run_enter_again(tmp_path: Path) -> None:
    made = days("deadly")
    *journals, halted = made.chain.journals[:5]
    assert past_of([*journals, halted]).kill_state == "HALTED"
    armed = said(halted, tmp_path / "armed.sqlite", made.law, KillRecord("ARMED", "mesbot resume: looked at it"), closes()[4])
    again = Chain(tmp_path, made.law, journals=[*journals, armed]).run(*between(5))
    plans = [body for body in bodies(again, Kind.DECISION) if body.get("plan")]
    assert (plans and plans[0]["gate"] is None) or plans[0]["gate"]["code"] != "KILL_SWITCH"
    assert bodies(again, Kind.INTENT)


def shadowed_minutes(path: Path) -> list[int]:
    """The bars at whose end a shadow trade is open and no intent is: its own, the one that follows, one in the middle, the last."""
    shadows, outcomes = _timed(path, Kind.SHADOW), _timed(path, Kind.OUTCOME)
    began = {body["trade_id"]: ts for ts, body in shadows if body["state"] == "OPENED"}
    over = {body["trade_id"]: ts for ts, body in shadows + outcomes if body["trade_id"] in began and body.get("state") != "OPENED"}
    told = {body["intent_id"]: ts for ts, body in _timed(path, Kind.ORDER)}
    ends = {body["trade_id"]: ts for ts, body in outcomes}
    busy = [(ts, max(told[name], ends.get(name, 0))) for ts, body in _timed(path, Kind.INTENT) if (name := body["intent_id"])]
    spans = sorted((over[name] - ts, ts) for name, ts in began.items())
    span, start = spans[-1]  # the longest
    found = [start, start + MINUTE_NS, start + span // MINUTE_NS // 2 * MINUTE_NS, start + span - MINUTE_NS]
    return [ts for ts in found if not any(first <= ts <= last for first, last in busy)]


@pytest.mark.parametrize("law", ["standing", "reckless"])
def test_a_shadow_that_was_open_is_followed_on_to_the_same_end(law: str, tmp_path: Path) -> None:
    whole, directory = days(law).whole, days(law).law
    minutes = shadowed_minutes(whole)
    assert len(minutes) >= 2
    chain, done_ns = Chain(tmp_path, directory), 0
    for minute in minutes:
        chain.run(done_ns, minute)
        assert past_of(chain.journals).open_shadows
        done_ns = minute
    until_ns = next(close for close in closes() if close > done_ns)
    again = chain.run(done_ns, until_ns)
    assert told(again, done_ns, until_ns) == told(whole, done_ns, until_ns)
    assert "LOST" not in {body["state"] for path in chain.journals for body in bodies(path, Kind.SHADOW)}


def test_a_shadow_of_whose_bar_the_journal_says_nothing_is_told_lost_once(tmp_path: Path) -> None:
    made = days("standing")
    journal = made.chain.journals[3]
    states = zip(seqs(journal, Kind.SHADOW), bodies(journal, Kind.SHADOW), strict=True)
    left = cut(journal, tmp_path / "left.sqlite", next(seq for seq, body in states if body["state"] == "OPENED"))
    (lost,) = [each.record for each in past_of([left]).open_shadows]
    chain = Chain(tmp_path, made.law, journals=[left])
    again = chain.run(*between(4))
    first, *others = bodies(again, Kind.SHADOW)
    assert (first["trade_id"], first["state"], first["gates"]) == (lost.trade_id, "LOST", lost.gates)
    assert lost.trade_id not in {body["trade_id"] for body in others}
    assert lost.trade_id not in {body["trade_id"] for body in bodies(chain.run(*between(5)), Kind.SHADOW)}


def test_sessions_without_an_outcome_count_for_how_long_ago_a_quarantine_was(tmp_path: Path) -> None:
    """Two quarantines within three sessions archive. Here the second comes three sessions after the first; one had bars and no outcome."""
    law = {"learning": {"quarantine.consecutive_losses": 1, "archive.quarantines": 2, "archive.within_sessions": 3}}
    made = lawbook(tmp_path / "law", FLAT, law)
    whole = Chain(tmp_path / "whole", made).run(0, closes()[5])
    after_ns, until_ns = between(5)
    bars_of_days = [rows(whole, Kind.BAR, after_ns=between(number)[0])[0] for number in range(5)]
    taught = [row for row in rows(whole, Kind.OUTCOME, until_ns=after_ns) if row[2] == "K2" and _day(row) in ("2025-09-04", "2025-09-05")]
    left = tmp_path / "left.sqlite"
    with Journal.append(left, "live", load_contracts(made), {}, lambda: 1) as journal:
        for ts_ns, kind, strategy, body in sorted(bars_of_days + taught, key=lambda row: row[0]):
            journal.add(Kind(kind), ts_ns, msgspec.Raw(body.encode()), strategy)
            journal.close_link(ts_ns)
    again = Chain(tmp_path, made, journals=[left]).run(after_ns, until_ns)
    states = [[body["after"] for body in bodies(path, Kind.STATE, after_ns) if body["strategy"] == "K2"] for path in (whole, again)]
    assert states == [["QUARANTINED"], ["QUARANTINED"]]


def _day(row: Row) -> str:
    return msgspec.json.decode(row[3])["trading_day"]


# ------------------------------------------------------------------ the risk engine, for itself


def rogue_day(folder: Path, law: Path, script: dict[str, Any], until: str, earlier: tuple[Path, ...], patch: pytest.MonkeyPatch) -> Path:
    """A day up to a New York minute without library and strategies, but one that sends what it likes; earlier minutes warm up.

    At 10:42 an entry of 10:41 fills, and a minute later its stop.
    """
    minutes = quiet_day(WARM_UP_DAY) + quiet_day(DAY, script={"10:42": (0, 3, -2, 1), "10:43": (0, 2, -20, -4)})
    frame = frame_of(bar for bar in minutes if bar.ts_ns <= new_york_ns(f"{DAY} {until}"))
    spec = msgspec.structs.replace(spec_of(law, folder), earlier=tuple(map(str, earlier)))
    rogue = Rogue(script)
    patch.setattr("bot.backtest.config.assembled", bare)
    with BacktestRun(spec, Bars(frame, "crafted", ()), BacktestRequest(out=folder)) as run:
        rogue.controller = run.risk
        run.engine.add_strategy(rogue)
        run.through()
    return Path(spec.journal_path)


def denials(path: Path) -> list[str]:
    return [body["reason"].partition(":")[0] for body in bodies(path, Kind.ORDER) if body["event"] == "Denied"]


def _enter(rogue: Rogue) -> None:
    rogue.enter()


def _alarm(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_ALARM, "a test of the kill switch")


def _enter_as_before(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(intent_id="20250916-K1-1041"))))


@pytest.mark.parametrize(
    ("before", "after", "law", "code"),
    [
        ({"10:41": _enter}, {"11:15": _enter}, {}, None),
        ({"10:41": _enter}, {"10:50": _enter}, {}, "ENTRIES_PER_HOUR"),
        ({"10:41": _enter}, {"11:05": _enter}, {}, "ENTRY_SPACING"),
        ({"10:41": _enter}, {"11:15": _enter}, {"frequency.max_trades_per_day": 1}, "TRADES_PER_DAY"),
        ({"10:41": _enter}, {"11:15": _enter}, {"losing_streak.max_losses": 1}, "LOSING_STREAK"),
        ({"10:41": _enter}, {"11:15": _enter}, {"loss_limits.day_usd": 15.0}, "DAILY_LOSS_BUDGET"),
        ({"10:41": _alarm}, {"11:15": _enter}, {}, "KILL_SWITCH"),
    ],
)
def test_the_risk_engine_restores_for_itself_what_it_judges_by(before, after, law, code, tmp_path, monkeypatch) -> None:
    """Nobody stands before it here: what it denies after a restart it denies from its own memory."""
    made = lawbook(tmp_path / "law", FLAT, {"constitution": law})
    first = rogue_day(tmp_path / "first", made, before, "10:46", (), monkeypatch)
    second = rogue_day(tmp_path / "second", made, after, "11:20", (first,), monkeypatch)
    whole = rogue_day(tmp_path / "whole", made, before | after, "11:20", (), monkeypatch)
    alone = rogue_day(tmp_path / "alone", made, after, "11:20", (), monkeypatch)
    assert denials(first) == [] and denials(alone) == []
    assert denials(second) == denials(whole) == ([code] if code else [])


def test_an_intent_of_an_earlier_run_is_submitted_by_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one run Nautilus, which knows the orders' names, would stop it before us; a new process knows no names."""
    made = lawbook(tmp_path / "law", FLAT)
    first = rogue_day(tmp_path / "first", made, {"10:41": _enter}, "10:46", (), monkeypatch)
    second = rogue_day(tmp_path / "second", made, {"11:15": _enter_as_before}, "11:20", (first,), monkeypatch)
    alone = rogue_day(tmp_path / "alone", made, {"11:15": _enter_as_before}, "11:20", (), monkeypatch)
    assert (denials(second), denials(alone)) == (["DUPLICATE_INTENT"], [])
