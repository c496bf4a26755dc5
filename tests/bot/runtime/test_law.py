"""Which contracts count for a run that begins within a day, and for a trade that was opened under others."""

from __future__ import annotations

import copy
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import CONTRACTS, calendar, new_york_ns
from changed_contracts import changed, edited, made
from journal_steps import Step, Told, decided, intent_of_plan

from bot.contracts import Contracts, load_contracts
from bot.errors import ContractError, JournalError
from bot.journal import store
from bot.journal.contracts import TRADING_DAY, last_law, newest_contracts
from bot.journal.records import BarRecord, KillRecord, Kind, OperatorRecord
from bot.journal.store import Journal
from bot.runtime.law import DayLaw, day_law, other_laws, trade_law
from bot.runtime.past import past_of
from bot.runtime.runtime import RuntimeSpec, runtime_of

TEN, NOON = new_york_ns("2025-09-16 10:00"), new_york_ns("2025-09-16 12:00")
BAR = BarRecord(250.0, 251.0, 249.0, 250.0, 500, False, "range", 1, 1.0, 1.0, [], 1.0, [], {})
INTENT = intent_of_plan(0)
LOOSER = changed(("constitution.frequency.max_trades_per_day", 4))
STRICTER = changed(("constitution.frequency.max_trades_per_day", 1))
MIXED = changed(("constitution.frequency.max_trades_per_day", 1), ("constitution.losing_streak.max_losses", 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "paper-DU1-2025.sqlite"


def ran(path: Path, contracts: Contracts = CONTRACTS, *steps: Step, day: str = "") -> Path:
    """A run under these contracts that left these records: by default one bar, decided at ten."""
    header = {"account": "DU1", **({TRADING_DAY: day} if day else {})}
    with Journal.append(path, "paper", contracts, header, lambda: 1) as journal:
        for step in steps or (Step(Kind.BAR, TEN, BAR),):
            journal.add(step.kind, step.ts_ns, step.body, step.strategy)
        journal.close_link(steps[-1].ts_ns if steps else TEN)
    return path


# ------------------------------------------------------------------- within a day


def test_without_a_journal_what_was_read_counts_whole():
    assert day_law(LOOSER, [], NOON) == DayLaw(LOOSER, "2025-09-16")


def test_an_empty_journal_says_nothing(path):
    sqlite3.connect(path).close()
    assert day_law(LOOSER, [path], NOON) == DayLaw(LOOSER, "2025-09-16")


def test_the_same_contracts_count_whole_and_there_is_nothing_to_say(path):
    law = day_law(CONTRACTS, [ran(path)], NOON)
    assert (law.contracts, law.waits_until_ns, law.told) == (CONTRACTS, 0, "")


def test_looser_contracts_wait_until_the_trading_day_ends(path):
    law = day_law(LOOSER, [ran(path)], NOON)
    assert law.contracts.sha256 == CONTRACTS.sha256 and law.waits_until_ns == new_york_ns("2025-09-16 18:00")
    assert law.told == (
        "Contracts changed within the trading day of 2025-09-16: 1 key is looser or neither and waits until 18:00 New York of 2025-09-16 "
        "(constitution.yaml: frequency.max_trades_per_day 2 -> 4)."
    )


def test_stricter_contracts_count_at_once(path):
    law = day_law(STRICTER, [ran(path)], NOON)
    assert (law.contracts.sha256, law.waits_until_ns) == (STRICTER.sha256, 0)
    assert law.told == (
        "Contracts changed within the trading day of 2025-09-16: 1 key is stricter and counts now "
        "(constitution.yaml: frequency.max_trades_per_day 2 -> 1)."
    )


def test_of_both_kinds_one_sentence_says_what_becomes_of_each(path):
    law = day_law(MIXED, [ran(path)], NOON)
    assert law.contracts.constitution.frequency.max_trades_per_day == 1 and law.contracts.constitution.losing_streak.max_losses == 2
    assert law.contracts.sha256 not in (MIXED.sha256, CONTRACTS.sha256)
    assert law.told == (
        "Contracts changed within the trading day of 2025-09-16: 1 key is stricter and counts now "
        "(constitution.yaml: frequency.max_trades_per_day 2 -> 1); 1 key is looser or neither and waits until 18:00 New York of "
        "2025-09-16 (constitution.yaml: losing_streak.max_losses 2 -> 3)."
    )


def test_a_rule_that_would_break_is_named(path):
    narrow = changed(("constitution.risk_per_trade.max_stop_ticks", 6))
    law = day_law(changed(("constitution.risk_per_trade.min_stop_ticks", 10)), [ran(path, narrow)], NOON)
    assert law.contracts.sha256 == narrow.sha256
    assert "what is stricter waits too where it would not hold together with the rest (constitution.yaml: risk_per_trade" in law.told


def test_many_changes_are_counted_and_some_are_shown(path):
    loaded = changed(*[(f"data_contract.dvs.penalties.{name}", 0.9) for name in CONTRACTS.values()["data_contract"]["dvs"]["penalties"]])
    told = day_law(loaded, [ran(path)], NOON).told
    assert "13 keys are stricter and count now" in told and told.count("penalties.") == 8 + 1 and ", and 5 more)" in told


@pytest.mark.parametrize(
    ("last", "now", "waits"),
    [
        ("2025-09-16 15:59", "2025-09-16 17:59", True),
        ("2025-09-16 15:59", "2025-09-16 18:00", False),
        ("2025-09-15 18:00", "2025-09-16 09:00", True),
        ("2025-09-15 17:59", "2025-09-15 18:00", False),
        ("2025-09-12 15:59", "2025-09-12 17:59", True),
        ("2025-09-12 18:01", "2025-09-15 09:00", True),  # Monday's day begins on Friday at 18:00
        ("2025-09-12 15:59", "2025-09-13 10:00", False),
    ],
)
def test_a_trading_day_is_from_18_00_to_18_00(path, last, now, waits):
    ran(path, CONTRACTS, Step(Kind.BAR, new_york_ns(last), BAR))
    assert bool(day_law(LOOSER, [path], new_york_ns(now)).waits_until_ns) is waits


def test_a_run_that_has_decided_nothing_yet_counts_by_the_day_in_which_it_began(path):
    ran(path, CONTRACTS, Step(Kind.BAR, new_york_ns("2025-09-15 12:00"), BAR), day="2025-09-15")
    assert not day_law(LOOSER, [path], NOON).waits_until_ns
    with Journal.append(path, "paper", STRICTER, {"account": "DU1", TRADING_DAY: "2025-09-16"}, lambda: 1):
        pass
    assert day_law(LOOSER, [path], NOON).contracts.sha256 == STRICTER.sha256


def test_what_a_person_does_while_no_bot_runs_puts_no_contracts_in_force(path):
    yesterday = new_york_ns("2025-09-15 12:00")
    ran(path, CONTRACTS, Step(Kind.BAR, yesterday, BAR), day="2025-09-15")
    with Journal.append(path, "paper", LOOSER, {"account": "DU1", "verb": "resume"}, lambda: 1, same_law=True) as journal:
        journal.add(Kind.OPERATOR, TEN, OperatorRecord("resume", "why"))
        journal.add(Kind.KILL, TEN, KillRecord("ARMED", "resumed"))
    assert newest_contracts(path).sha256 == CONTRACTS.sha256
    assert day_law(LOOSER, [path], NOON) == DayLaw(LOOSER, "2025-09-16")


def test_restarts_within_a_day_only_ever_make_it_stricter(path):
    first = day_law(MIXED, [ran(path)], NOON).contracts
    ran(path, first, Step(Kind.BAR, NOON, BAR))
    again = day_law(CONTRACTS, [path], NOON)
    assert (again.contracts.sha256, again.contracts.constitution.frequency.max_trades_per_day) == (first.sha256, 1)
    assert day_law(MIXED, [path], new_york_ns("2025-09-16 18:00")).contracts == MIXED


def test_the_day_goes_on_in_the_file_of_another_year(tmp_path):
    old, new = tmp_path / "paper-DU1-2025.sqlite", tmp_path / "paper-DU1-2026.sqlite"
    ran(old, CONTRACTS, Step(Kind.BAR, new_york_ns("2025-12-31 18:30"), BAR))
    sqlite3.connect(new).close()
    law = day_law(LOOSER, [old, new], new_york_ns("2026-01-01 00:30"))
    assert (law.contracts.sha256, law.trading_day) == (CONTRACTS.sha256, "2026-01-01")


# ------------------------------------------------------------- what cannot be kept


def unreadable(path: Path, *steps: Step) -> None:
    """A run of another version: its contracts have a key that nobody here knows."""
    values = copy.deepcopy(CONTRACTS.values())
    values["constitution"]["loss_limits"]["hour_usd"] = "5"
    strange = CONTRACTS.model_copy(update={"sha256": "feed" * 16})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(CONTRACTS), "values", lambda _: values)
        ran(path, strange, *steps)


def test_contracts_of_the_day_that_this_version_cannot_read_refuse_the_start(path):
    unreadable(path)
    with pytest.raises(JournalError, match=r"feedfeedfeed were recorded by a version .* count until 18:00 New York of 2025-09-16: start"):
        day_law(CONTRACTS, [path], NOON)
    assert day_law(CONTRACTS, [path], new_york_ns("2025-09-16 18:00")).contracts == CONTRACTS


def test_a_kill_goes_on_under_contracts_that_nobody_can_read(path):
    unreadable(path)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1, same_law=True) as journal:
        journal.write_ahead(Kind.KILL, NOON, KillRecord("TRIPPED", "manual"))
    assert last_law([path]).sha256 == "feed" * 16


def test_contracts_that_no_record_says_refuse_the_start(path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "ContractsRecord", lambda *_: OperatorRecord("", ""))
        ran(path)
    with pytest.raises(JournalError, match=f"The contracts {CONTRACTS.sha256[:12]} are in none of paper-DU1-2025.sqlite"):
        day_law(LOOSER, [path], NOON)


def test_a_day_that_the_strategies_at_hand_cannot_keep_refuses_the_start(path):
    values = copy.deepcopy(CONTRACTS.values())
    values["strategies"]["K1"]["another_rule"] = 1
    ran(path, made(values))
    with pytest.raises(ContractError, match=r"cannot be kept with these strategies: .* count until 18:00 New York of 2025-09-16"):
        day_law(CONTRACTS, [path], NOON)


# ----------------------------------------------------------------- an open trade


def test_an_open_trade_keeps_the_contracts_it_was_opened_under(path):
    ran(path, CONTRACTS, decided(INTENT), *Told(INTENT).sent())
    law = day_law(MIXED, [path], NOON)
    kept = f"the open trade {INTENT.intent_id} keeps those that it was opened under ({CONTRACTS.sha256[:12]})."
    assert law.told.endswith(kept) and law.told.startswith("Contracts changed within the trading day of 2025-09-16: 1 key is stricter")


def test_on_the_next_day_it_still_keeps_them(path):
    ran(path, CONTRACTS, decided(INTENT), *Told(INTENT).sent())
    law = day_law(LOOSER, [path], new_york_ns("2025-09-17 09:00"))
    assert law.contracts == LOOSER and law.waits_until_ns == 0
    assert law.told == (
        f"Contracts changed while a trade is open: the open trade {INTENT.intent_id} keeps those that it was opened under "
        f"({CONTRACTS.sha256[:12]})."
    )


def test_under_the_same_contracts_there_is_nothing_to_keep(path):
    ran(path, CONTRACTS, decided(INTENT), *Told(INTENT).sent())
    assert day_law(CONTRACTS, [path], NOON).told == ""


def test_a_trade_opened_under_contracts_that_this_version_cannot_read_refuses_the_start(path):
    unreadable(path, decided(INTENT), *Told(INTENT).sent())
    with pytest.raises(JournalError, match=f"{INTENT.intent_id} was opened under them and is not over: .* `mesbot kill`"):
        day_law(CONTRACTS, [path], new_york_ns("2025-09-17 09:00"))


def test_its_law_is_that_of_the_newest_intent_of_its_name(path):
    ran(path, CONTRACTS, decided(INTENT), Told(INTENT).denied())
    ran(path, STRICTER, decided(INTENT), *Told(INTENT).sent())
    others = other_laws([path], past_of([path]).unfinished, CONTRACTS.sha256)
    assert {name: law.sha256 for name, law in others.items()} == {INTENT.intent_id: STRICTER.sha256}


def test_its_law_reads_its_strategy_s_own_rules_and_keeps_its_own_hours():
    recorded = changed(("strategies.K1.exit_past_vwap_sigma", 0.9), ("session.flatten_minutes_before_close", 30))
    law = trade_law(recorded.model_copy(update={"declared": {}}), CONTRACTS, calendar())
    assert law.contracts.rules["K1"].exit_past_vwap_sigma == 0.9 and list(law.contracts.declared) == list(CONTRACTS.declared)
    session = law.calendar.session_at(TEN)
    assert law.calendar.flatten_ns(session) == new_york_ns("2025-09-16 15:30") and law.calendar is not calendar()
    assert trade_law(CONTRACTS, CONTRACTS, calendar()).calendar is calendar()


# --------------------------------------------------------------- the run's runtime


def spec(folder: Path, path: Path, law: DayLaw, **changes: Any) -> RuntimeSpec:
    made = RuntimeSpec(str(folder), law.contracts.sha256, "2025-09-01", "2025-10-31", str(path), earlier=(str(path),), of_day=law.of_day)
    return msgspec.structs.replace(made, **changes)


def test_every_part_of_a_run_is_under_the_law_of_the_day(path, tmp_path):
    edits = [("constitution.yaml", f"{key}: 2", f"{key}: {value}") for key, value in (("max_trades_per_day", 1), ("max_losses", 3))]
    folder = edited(tmp_path / "mine", *edits)
    law = day_law(load_contracts(folder), [ran(path, CONTRACTS, decided(INTENT), *Told(INTENT).sent())], NOON)
    runtime = runtime_of(spec(folder, path, law))
    assert runtime.contracts.sha256 == law.contracts.sha256 and (runtime.limits.max_trades, runtime.limits.max_losses) == (1, 2)
    assert list(runtime.contracts.declared) == list(CONTRACTS.declared)
    own = runtime.law_of(INTENT.intent_id)
    assert own.contracts.sha256 == CONTRACTS.sha256 and own.limits.max_trades == 2
    assert runtime.law_of("20250916-K2-1100").contracts is runtime.contracts


def test_a_law_that_is_not_what_was_met_any_more_is_refused(path, tmp_path):
    folder = edited(tmp_path / "mine", ("constitution.yaml", "max_losses: 2", "max_losses: 1"))
    law = DayLaw(CONTRACTS, "2025-09-16", CONTRACTS.sha256)
    with pytest.raises(ContractError, match="changed while starting"):
        runtime_of(spec(folder, ran(path), law))


@pytest.mark.parametrize(("minute", "due"), [("15:29", False), ("15:30", True), ("15:54", True)])
def test_a_trade_is_left_by_its_own_flatten_time_or_by_the_one_in_force_whichever_is_sooner(path, tmp_path, minute, due):
    for opened, in_force in ((30, 6), (6, 30)):
        under = changed(("session.flatten_minutes_before_close", opened))
        key = "flatten_minutes_before_close: "
        folder = edited(tmp_path / str(in_force), ("session.yaml", f"{key}6", f"{key}{in_force}"))
        journal = ran(tmp_path / f"{opened}.sqlite", under, decided(INTENT), *Told(INTENT).sent())
        runtime = runtime_of(spec(folder, journal, DayLaw(load_contracts(folder), "")))
        now = new_york_ns(f"2025-09-16 {minute}")
        assert runtime.flatten_due(INTENT.intent_id, runtime.calendar.session_at(now), now) is due
