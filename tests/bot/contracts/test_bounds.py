"""Bounds stand beside the numbers they are for, are no law, and are refused where they do not hold or speak of a limit."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from builders import CONTRACTS, ROOT
from foreign import spoil, write

from bot.contracts import load_contracts, read_contracts
from bot.contracts.bounds import TRADERS_KEYS, Bounds
from bot.contracts.models import TraderRules
from bot.errors import ContractError

OTHERS = {
    "max_abs_micro_trend": "    max_abs_micro_trend: {from: 0.2, to: 0.8, step: 0.1}\n",
    "max_minutes": "    max_minutes: {from: 10, to: 40, step: 5}\n",
}
LINE = "    min_abs_vwap_z: {from: 1.0, to: 2.5, step: 0.1}\n"


def with_line(folder: Path, line: str, old: str = LINE) -> Path:
    """A copy of the contracts with another line of bounds."""
    shutil.copytree(ROOT / "contracts", folder)
    file = folder / "strategies.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, line), encoding="utf-8")
    return folder


def test_bounds_are_in_no_hash_and_no_value(tmp_path):
    other = load_contracts(with_line(tmp_path / "contracts", "    min_abs_vwap_z: {from: 0.5, to: 2.5, step: 0.5}\n"))
    assert other.bounds["K1.min_abs_vwap_z"] != CONTRACTS.bounds["K1.min_abs_vwap_z"]
    assert (other.sha256, other.values()) == (CONTRACTS.sha256, CONTRACTS.values())
    assert "bounds" not in str(other.values())
    assert read_contracts(ROOT / "contracts").sha256 == CONTRACTS.sha256


def test_every_number_of_the_shipped_bounds_may_be_in_force():
    for key, bounds in CONTRACTS.bounds.items():
        name, _, number = key.partition(".")
        assert bounds.place(getattr(CONTRACTS.rules[name], number)) is not None, key


def test_values_are_exact():
    bounds = Bounds(Decimal("1.0"), Decimal("2.5"), Decimal("0.1"), whole=False)
    assert [bounds.value(place) for place in range(bounds.count)] == [round(1 + tenth / 10, 1) for tenth in range(16)]
    assert (bounds.place(1.2), bounds.place(1.25), bounds.place(0.9), bounds.place(2.6)) == (2, None, None, None)
    whole = Bounds(Decimal(5), Decimal(30), Decimal(5), whole=True)
    assert [whole.value(place) for place in range(whole.count)] == [5, 10, 15, 20, 25, 30] and isinstance(whole.value(0), int)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("    contracts: {from: 1, to: 2, step: 1}\n", "K1.bounds.contracts: a limit is no parameter"),
        ("    stop_ticks: {from: 1, to: 2, step: 1}\n", "K1.bounds.stop_ticks: a limit is no parameter"),
        ("    tiers: {from: 1, to: 2, step: 1}\n", "K1.bounds.tiers: a limit is no parameter"),
        ("    min_abs_vwap: {from: 1, to: 2, step: 1}\n", "K1.bounds.min_abs_vwap names no number of K1 (did you mean min_abs_vwap_z?)"),
        ("    not_before: {from: 1, to: 2, step: 1}\n", "K1.bounds.not_before names no number of K1"),
        ("    min_abs_vwap_z: [1.0, 2.5, 0.1]\n", "must be like {from: 1.0, to: 2.5, step: 0.1}"),
        ("    min_abs_vwap_z: {from: 1.0, to: 2.5}\n", "must be like"),
        ("    min_abs_vwap_z: {from: 2.5, to: 1.0, step: 0.1}\n", "from below to"),
        ("    min_abs_vwap_z: {from: 1.0, to: 2.5, step: 0.4}\n", "a whole number of steps"),
        ("    min_abs_vwap_z: {from: 1.0, to: 2.5, step: 0.001}\n", "1,000 at most"),
        ("    min_abs_vwap_z: {from: 1.0, to: .nan, step: 0.1}\n", "must be like"),
        ("    min_abs_vwap_z: {from: true, to: 2, step: 1}\n", "must be like"),
        ("    min_abs_vwap_z: {from: 0.0, to: 2.5, step: 0.5}\n", "goes beyond what K1.min_abs_vwap_z may be: 0.0 is not allowed there"),
        ("    max_abs_micro_trend: {from: 0.5, to: 1.5, step: 0.5}\n", "1.5 is not allowed there"),
        ("    max_minutes: {from: 10.5, to: 20.5, step: 1.0}\n", "10.5 is not allowed there"),
    ],
)
def test_bounds_that_do_not_hold_are_told(tmp_path, line, sentence):
    folder = with_line(tmp_path / "contracts", line, OTHERS.get(line.partition(":")[0].strip(), LINE))
    with pytest.raises(ContractError) as told:
        load_contracts(folder)
    assert sentence in str(told.value)
    assert read_contracts(folder).sha256 == CONTRACTS.sha256  # what only looks, or stops, is not stopped by them


def test_the_filter_and_what_guards_have_none(tmp_path):
    for number, (old, new) in enumerate(
        (
            ("  opposite_stop_outs: 2\n", "  opposite_stop_outs: 2\n  bounds: {veto_noise: {from: 0.1, to: 0.9, step: 0.1}}\n"),
            ("  min_euc_r: 0.0\n", "  min_euc_r: 0.0\n  bounds: {min_euc_r: {from: 0.0, to: 0.5, step: 0.1}}\n"),
            ("  volatility_exit: 3.0\n", "  volatility_exit: 3.0\n  bounds: {volatility_exit: {from: 1.0, to: 5.0, step: 1.0}}\n"),
        )
    ):
        with pytest.raises(ContractError, match="is not a known key"):
            load_contracts(with_line(tmp_path / str(number), new, old))


def test_what_every_trader_says_is_what_its_model_asks_for():
    assert {name for name, field in TraderRules.model_fields.items() if field.is_required()} == TRADERS_KEYS


def test_a_measured_number_may_have_bounds(tmp_path):
    old = "  failed_break: {min_break_ticks: 4, max_bars: 3}\n"
    new = "  failed_break: {min_break_ticks: 4, max_bars: 3, bounds: {max_bars: {from: 2, to: 5, step: 1}}}\n"
    found = load_contracts(with_line(tmp_path / "contracts", new, old))
    assert found.bounds["signals.failed_break.max_bars"].count == 4
    assert found.sha256 == CONTRACTS.sha256


def test_a_strategy_of_ones_own_brings_its_bounds(tmp_path):
    found = load_contracts(strategies=[write(tmp_path, "Z6")])
    assert found.bounds["Z6.min_failed_break"] == CONTRACTS.bounds["K2.min_failed_break"]
    spoil(
        tmp_path,
        "    min_failed_break: {from: 0.3, to: 0.8, step: 0.1}\n",
        "    min_failed: {from: 0.3, to: 0.8, step: 0.1}\n",
        kind="yaml",
    )
    with pytest.raises(ContractError, match=r"z6.yaml: Z6.bounds.min_failed names no number of Z6"):
        load_contracts(strategies=[tmp_path])
