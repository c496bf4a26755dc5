"""A trial is the backtest that the contracts with those numbers would give, and nothing of it stays."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from foreign import write
from small_research import DAYS, bars, job, request, shared

from bot.backtest.run import run_backtest
from bot.contracts import load_contracts
from bot.errors import ContractError, UsageError
from bot.journal.verify import verify
from bot.report import frames
from bot.research import trial
from bot.research.trial import Job, run_trial, shared_of


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def test_the_numbers_in_force_give_the_backtest_itself_and_nothing_stays(tmp_path):
    found = run_trial(shared(), job(journal=True))
    journal = run_backtest(request(tmp_path / "run")).journal
    table = frames.trades(journal)
    assert found.head == verify(journal).head
    assert (found.trades, sum(found.net_usd)) == (len(table), pytest.approx(table["net_cents"].sum() / 100))
    assert len(found.net_usd) == len(found.plans_r) == len(DAYS) and found.trades > 0
    assert list((tmp_path / "temporary").iterdir()) == []
    kept = tmp_path / "kept.sqlite"
    kept.write_bytes(found.journal)
    assert verify(kept).head == found.head
    assert len(found.random_cents) == 1000


@pytest.mark.slow
def test_other_numbers_are_other_contracts_and_no_other_key_changes(tmp_path, monkeypatch):
    read = {}
    real = trial.load_contracts
    monkeypatch.setattr(trial, "load_contracts", lambda *places: read.setdefault("found", real(*places)))
    run_trial(shared(), job())  # the check of a worker reads them, too, and is done now
    read.clear()
    found = run_trial(shared(), job({"K1.min_abs_vwap_z": 1.2, "K1.max_minutes": 10}))
    in_force, tried = load_contracts().values(), read["found"].values()
    assert found.contracts_sha256 == read["found"].sha256 != load_contracts().sha256
    in_force["strategies"]["K1"] |= {"min_abs_vwap_z": 1.2, "max_minutes": 10}
    assert tried == in_force


@pytest.mark.slow
def test_what_comes_after_the_last_session_changes_nothing():
    short = shared_of(load_contracts(), trial.cut(bars(), load_contracts(), DAYS[0]))
    one = Job({}, DAYS[:1], "10000", True, ("K1", "K2"))
    whole, cut = (run_trial(each, one) for each in (shared(), short))
    assert (whole.head, whole.net_usd) == (cut.head, cut.net_usd)


def test_numbers_of_a_strategy_of_ones_own_are_tried_without_its_folder(tmp_path):
    folder = write(tmp_path / "mine", "Z6")
    contracts = load_contracts(strategies=[folder])
    sent = shared_of(contracts, bars())
    (tmp_path / "mine").rename(tmp_path / "gone")  # a worker on another machine has no such folder
    kept, other = (run_trial(sent, Job(numbers, DAYS, "10000", True, ("Z6",))) for numbers in ({}, {"Z6.min_belief": 0.85}))
    assert kept.contracts_sha256 == contracts.sha256 != other.contracts_sha256
    assert other.plans < kept.plans


def test_the_code_of_a_strategy_of_ones_own_is_part_of_what_runs(tmp_path):
    contracts = load_contracts(strategies=[write(tmp_path, "Z6")])
    before = trial.code_of(contracts)
    assert trial.code_of(load_contracts()) != before == trial.code_of(contracts)
    with (tmp_path / "z6.py").open("a") as file:
        file.write("# another\n")
    assert load_contracts(strategies=[tmp_path]).sha256 == contracts.sha256
    assert trial.code_of(contracts) != before


def test_numbers_that_do_not_hold_together_are_told():
    with pytest.raises(ContractError, match=r"K1\.min_abs_vwap_z"):
        run_trial(shared(), job({"K1.min_abs_vwap_z": -1.0}))


def test_a_worker_with_another_program_or_other_strategies_is_refused(monkeypatch):
    monkeypatch.setattr(trial, "_same", set())
    sent = shared()
    for other, sentence in (({"program": "x"}, "runs another mesbot"), ({"contracts_sha256": "x"}, "reads the contracts otherwise")):
        with pytest.raises(trial.OtherMesbot, match=sentence):
            run_trial(trial.msgspec.structs.replace(sent, **other), job())


def test_a_folder_too_large_to_be_sent_is_told(tmp_path, monkeypatch):
    folder = write(tmp_path / "mine", "Z6")
    monkeypatch.setattr(trial, "MOST_BYTES", 100)
    with pytest.raises(UsageError, match="holds more than"):
        shared_of(load_contracts(strategies=[Path(folder)]), bars())
