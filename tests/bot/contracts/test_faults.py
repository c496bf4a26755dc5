"""Every kind of fault in a contract file: one sentence with file, key, value, and what is allowed; all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.contracts.load import FILES, find_directory, load_contracts, packaged_directory
from bot.contracts.models import Contracts
from bot.errors import ContractError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packaged contracts, to be broken."""
    for path in packaged_directory().glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def break_file(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file}.yaml no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load_contracts(folder)
    first, *faults = str(caught.value).split("\n")
    assert first.endswith("nothing was started.")
    return [fault.strip() for fault in faults]


ONE_FAULT = [
    # numbers out of range, each with the whole range
    ("constitution", "enter: 0.80", "enter: 1.8", "constitution.yaml: quality_gates.dvs.enter = 1.8 must be a number from 0.0 to 1.0"),
    ("constitution", "contracts: 2", "contracts: 3", "constitution.yaml: position.max_contracts = 3 must be a whole number from 1 to 2"),
    ("constitution", "_r: -0.25", "_r: 0.0", "outcome.loss_at_or_below_r = 0.0 must be a number above -1.0 and below 0.0"),
    ("learning", "confidence: 0.95", "confidence: 0.5", "wilson_confidence = 0.5 must be a number above 0.5 and below 1.0"),
    ("data_contract", "max_gap_seconds: 90", "max_gap_seconds: 0", "max_gap_seconds = 0 must be a number above 0.0 up to 86,400.0"),
    ("strategies", "micro_trend: 0.15", "micro_trend: 1.5", "beliefs.F1.weights.micro_trend = 1.5 must be a number from 0.0 to 1.0"),
    # kinds
    ("constitution", "contracts: 2", "contracts: two", "position.max_contracts = 'two' must be a whole number from 1 to 2"),
    ("constitution", "contracts: 2", 'contracts: "2"', "position.max_contracts = '2' must be a whole number from 1 to 2"),
    ("constitution", "contracts: 2", "contracts: yes", "position.max_contracts = true must be a whole number from 1 to 2"),
    ("constitution", "contracts: 2", "contracts: 1.5", "position.max_contracts = 1.5 must be a whole number from 1 to 2"),
    ("constitution", "contracts: 2", "contracts:", "position.max_contracts = nothing must be a whole number from 1 to 2"),
    ("constitution", "overnight: false", "overnight: true", "constitution.yaml: position.overnight = true must be false"),
    ("constitution", "hedging: true", "hedging: false", "constitution.yaml: never.hedging = false must be true"),
    ("constitution", "multiplier: 5 ", "multiplier: 50 ", "constitution.yaml: instrument.multiplier = 50 must be 5"),
    (
        "strategies",
        "tiers: [S, A, B]",
        "tiers: [S, C]",
        "strategies.yaml: K1.tiers = C must be a tier of constitution.yaml: one of S, A, B",
    ),
    ("execution_contract", "[LIMIT, STOP_LIMIT]", "[MARKET]", "entry.order_types.0 = 'MARKET' must be one of LIMIT, STOP_LIMIT"),
    ("risk_model", "rounding: floor", "rounding: ceil", "risk_model.yaml: stop_budget_rounding = 'ceil' must be floor"),
    # money
    (
        "constitution",
        "risk_usd: 15.00",
        "risk_usd: -1",
        "max_risk_usd = -1 must be dollars above 0 up to 1,000,000, with at most 2 decimals",
    ),
    (
        "constitution",
        "risk_usd: 15.00",
        "risk_usd: 15.001",
        "max_risk_usd = 15.001 must be dollars above 0 up to 1,000,000, with at most 2",
    ),
    ("constitution", "risk_usd: 15.00", "risk_usd: lots", "risk_per_trade.max_risk_usd = 'lots' must be dollars above 0"),
    ("constitution", "risk_usd: 15.00", "risk_usd: true", "risk_per_trade.max_risk_usd = true must be dollars above 0"),
    ("constitution", "risk_usd: 15.00", "risk_usd: .nan", "risk_per_trade.max_risk_usd = nan must be dollars above 0"),
    # never infinite
    ("strategies", "b: -1.0", "b: .inf", "strategies.yaml: beliefs.F1.b = inf must be a number, and finite"),
    ("learning", "confidence: 0.95", "confidence: .nan", "wilson_confidence = nan must be a number above 0.5 and below 1.0, and finite"),
    # times and dates
    ("session", 'open: "09:30"', 'open: "9h30"', "session.yaml: rth.open = '9h30' must be a time of day in quotes like \"09:30\""),
    ("session", 'close: "16:00"', "close: 960", 'session.yaml: rth.close = 960 must be a time of day in quotes like "09:30"'),
    (
        "constitution",
        "max_trades_per_day: 2",
        "max_trades_per_day: 1:10",
        "constitution.yaml: frequency.max_trades_per_day = '1:10' must be",
    ),
    ("constitution", "max_trades_per_day: 2", "max_trades_per_day: 010", "constitution.yaml: frequency.max_trades_per_day = '010' must be"),
    (
        "session",
        "- {date: 2",
        "- {date: soon, open: null, close: null, reason: x}\n  - {date: 2",
        "overrides.0.date = 'soon' must be a date like",
    ),
    ("constitution", "date: 2025-11-01", "date: 2025-13-01", "constitution.yaml: not usable YAML: month must be in 1..12"),
    (
        "constitution",
        "blackouts: []",
        "blackouts: [{start: x, end: 2025-12-10T15:00Z, reason: FOMC}]",
        "blackouts.0.start = 'x' must be a time with",
    ),
    # lists and sections
    (
        "strategies",
        "phases: [1, 2, 4, 5]",
        "phases: []",
        "K1.phases = [] must be a list of at least 1, each item a whole number from 1 to 5",
    ),
    (
        "strategies",
        "r: [2.0, 3.0]",
        "r: [2.0, 3.0, 4.0]",
        "K4.leg_targets_r = [2.0, 3.0, 4.0] must be a list of 1 to 2, each item a number above 0.0",
    ),
    ("constitution", "contracts: 2", "contracts: [2]", "position.max_contracts = [2] must be a whole number from 1 to 2"),
    ("session", "rth: {open", "rth: 9 # {open", "session.yaml: rth = 9 must be a section with open, close"),
    # keys
    (
        "constitution",
        "day_usd: 30.00",
        "day_usd: 30.00\n  week_us: 1",
        "loss_limits.week_us = 1 is not a known key (did you mean week_usd?)",
    ),
    (
        "risk_model",
        "margin_buffer",
        "zzz: 1\nmargin_buffer",
        "risk_model.yaml: zzz = 1 is not a known key (known here: version, changelog,",
    ),
    ("risk_model", "margin_buffer: 1.5", "", "risk_model.yaml: margin_buffer is missing; it must be a number from 1.0 to 100.0"),
    ("constitution", "day_usd: 30.00", "day_usd: 30.00\n  day_usd: 3000.00", "not usable YAML: day_usd stands twice"),
    # YAML itself
    ("learning", "quarantine:", "quarantine: [", "learning.yaml, line"),
    # across files
    (
        "data_contract",
        "gates: {enter: 0.80",
        "gates: {enter: 0.70",
        "dvs.gates.enter = 0.7 must equal constitution.yaml: quality_gates.dvs.enter = 0.8",
    ),
    ("execution_contract", "hold: 0.60", "hold: 0.50", "eqs.gates.hold = 0.5 must equal constitution.yaml: quality_gates.eqs.hold = 0.6"),
    ("constitution", "week_usd: 75.00", "week_usd: 25.00", "loss_limits = 30.0, 25.0, 150.0 must not fall from day to week to month"),
    ("constitution", "min_stop_ticks: 4", "min_stop_ticks: 13", "min_stop_ticks = 13 must be <= max_stop_ticks = 12"),
    ("constitution", "max_risk_usd: 15.00", "max_risk_usd: 31.00", "max_risk_usd = 31.0 must be <= loss_limits.day_usd = 30.0"),
    ("constitution", "min_equity_usd: 2500", "min_equity_usd: 8000", "tiers.min_equity_usd = 0, 8000, 7500 must start at 0 and rise"),
    (
        "constitution",
        "blackouts: []",
        "blackouts: [{start: 2025-12-10T13:55, end: 2025-12-10T15:00, reason: F}]",
        "start and end need an offset",
    ),
    ("constitution", "blackouts: []", "blackouts: [{start: 2025-12-10T16:00Z, end: 2025-12-10T15:00Z, reason: F}]", "must be before end"),
    (
        "constitution",
        "contracts: 2",
        "contracts: 1",
        "strategies.yaml: K4.contracts = 2 must be <= constitution.yaml: position.max_contracts = 1",
    ),
    ("strategies", "targets_r: [2.0, 3.0]", "targets_r: [2.0]", "K4.leg_targets_r = [2.0] must have one leg a contract"),
    ("strategies", "vwap_z: 0.40", "vwap_z: 0.50", "beliefs.F1.weights = 1.1000 in all must be 1"),
    (
        "strategies",
        "{vwap_z: 0.40",
        "{vwap: 0.40",
        "beliefs.F1.weights = close_location, efficiency, micro_trend, rejection_wick, vwap must name exactly",
    ),
    ("strategies", "floor: 0.05", "floor: 0.95", "euc.probability_floor = 0.95 must be < probability_ceiling = 0.95"),
    ("session", 'open: "09:30"', 'open: "16:30"', "rth.open = 16:30:00 must be before rth.close = 16:00:00"),
    (
        "session",
        '{start: "11:30", end: "13:30"',
        '{start: "13:30", end: "13:30"',
        "no_entry.1: start = 13:30:00 must be before end = 13:30:00",
    ),
    ("session", 'mid-morning, start: "10:30"', 'mid-morning, start: "12:30"', "phases must start at rth.open and rise"),
    ("session", "flatten_minutes_before_close: 6", "flatten_minutes_before_close: 5", "must be > flat_minutes_before_close = 5"),
]


@pytest.mark.parametrize(("file", "old", "new", "sentence"), ONE_FAULT)
def test_one_broken_value_is_one_sentence_with_file_key_value_and_range(folder, file, old, new, sentence):
    break_file(folder, file, old, new)
    faults = faults_of(folder)
    assert any(sentence in fault for fault in faults), faults
    assert all(fault.endswith(")") or ".yaml" in fault for fault in faults)


def test_every_file_is_broken_by_at_least_one_case():
    assert {case[0] for case in ONE_FAULT} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named_with_where_to_copy_it_from(folder, file):
    (folder / f"{file}.yaml").unlink()
    (fault,) = faults_of(folder)
    assert fault.startswith(f"{file}.yaml: the file is missing from")
    assert str(packaged_directory()) in fault


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list\n"])
def test_a_file_without_keys_is_named(folder, text):
    (folder / "session.yaml").write_text(text, encoding="utf-8")
    assert faults_of(folder)[0].startswith("session.yaml: holds no keys and values")


def test_a_file_that_is_not_text_is_named(folder):
    (folder / "session.yaml").write_bytes(b"\xff\xfe\x00")
    assert faults_of(folder)[0].startswith("session.yaml: not usable YAML")


def test_all_faults_of_all_files_are_told_at_once(folder):
    break_file(folder, "constitution", "max_contracts: 2", "max_contracts: 9")
    break_file(folder, "constitution", "overnight: false", "overnight: true")
    break_file(folder, "learning", "confidence: 0.95", "confidence: 7")
    break_file(folder, "session", "overrides:", "overides:")
    (folder / "risk_model.yaml").unlink()
    faults = faults_of(folder)
    assert len(faults) == 6  # a misspelt key is missing and unknown
    assert {fault.split(".yaml")[0] for fault in faults} == {"constitution", "risk_model", "session", "learning"}


def test_the_summary_counts_the_faults(folder):
    break_file(folder, "constitution", "max_contracts: 2", "max_contracts: 9")
    with pytest.raises(ContractError, match=r"1 fault; nothing was started") as caught:
        load_contracts(folder)
    assert caught.value.exit_code == 3


def test_a_comment_changes_no_hash_and_a_value_does(folder):
    before = load_contracts(folder)
    break_file(folder, "constitution", "version: 1", "# said twice\nversion: 1")
    assert load_contracts(folder).sha256 == before.sha256
    break_file(folder, "constitution", "day_usd: 30.00", "day_usd: 29.99")
    assert load_contracts(folder).sha256 != before.sha256


def test_a_blackout_may_leave_out_its_seconds(folder):
    break_file(
        folder, "constitution", "blackouts: []", "blackouts: [{start: 2025-12-10T13:55-05:00, end: 2025-12-10T15:00-05:00, reason: FOMC}]"
    )
    (blackout,) = load_contracts(folder).constitution.lockouts.blackouts
    assert blackout.start.isoformat() == "2025-12-10T13:55:00-05:00"


def test_the_packaged_contracts_are_those_of_the_repository():
    repository = Path(__file__).parents[3] / "contracts"
    assert {path.name for path in packaged_directory().glob("*.yaml")} == {f"{name}.yaml" for name in FILES}
    assert load_contracts(packaged_directory()).sha256 == load_contracts(repository).sha256


def test_contracts_come_from_the_option_then_the_current_folder_then_the_package(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "here" / "contracts").mkdir(parents=True)
    shutil.copy(folder / "constitution.yaml", tmp_path / "here" / "contracts")
    assert find_directory(folder, cwd=tmp_path / "here") == folder
    assert find_directory(None, cwd=tmp_path / "here") == tmp_path / "here" / "contracts"
    assert find_directory(None, cwd=empty) == packaged_directory()


def test_an_option_that_names_no_folder_is_refused(tmp_path):
    with pytest.raises(ContractError, match="there is no such folder"):
        find_directory(tmp_path / "nowhere")


def test_contracts_in_force_are_frozen():
    law: Contracts = load_contracts(packaged_directory())
    with pytest.raises(ValueError, match="frozen"):
        law.constitution.loss_limits.day_usd = 1000
