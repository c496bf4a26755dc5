"""The verdict says what the numbers say, whatever the run came to."""

from __future__ import annotations

import pytest
import small_journal
from msgspec.structs import replace

from bot.journal.records import Action
from bot.report.run import Run
from bot.report.summary import Summary
from bot.report.verdict import verdict


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return Run.read(small_journal.write(tmp_path_factory.mktemp("verdict") / "journal.sqlite", bars=100))


def said(run: Run) -> str:
    return " ".join(verdict(Summary.of(run)))


def test_a_gain_and_its_share_of_the_account(run):
    assert said(run).startswith("Won $3.81 (0.0 % of $10,000) in 6 trades over 6 sessions.")


def test_a_loss_has_no_sign_and_the_word_instead(run):
    lost = [trade for trade in run.trades if trade.net_cents < 0][:1]
    assert said(replace(run, trades=lost)).startswith("Lost $12.49 (0.1 % of $10,000) in 1 trade over 6 sessions.")


def test_without_a_trade_it_says_who_refused_the_plans(run):
    assert said(replace(run, trades=[])).startswith("No trade in 6 sessions. Of 18 plans 6 were chosen; refused: 12 by quality.")


@pytest.mark.parametrize(
    ("action", "sentence"), [(Action.ENTER, "The one plan was chosen."), (Action.SKIP, "The one plan was not chosen; re")]
)
def test_a_single_plan_is_no_one_plans(run, action, sentence):
    count, found = next((count, found) for count, found in run.decisions.items() if count.plan and count.action is action)
    others = {count: found for count, found in run.decisions.items() if not count.plan}
    assert f"1 session. {sentence}" in said(replace(run, trades=[], bars=run.bars[:1], decisions={**others, count: found[:1]}))


def test_strategies_at_rest_are_named(run):
    assert "K2 is quarantined." in said(run)


def test_synthetic_bars_are_no_market(run):
    synthetic = replace(run, header={**run.header, "bars": "25 synthetic sessions, seed 1"})
    assert "Next: these bars are synthetic" in said(synthetic)
    assert "synthetic" not in said(run)


def test_a_run_without_sessions_says_where_to_look(run):
    assert said(replace(run, bars=[], trades=[])) == (
        "No regular session was in it, so nothing was decided. Next: mesbot data check FILE says which sessions a file holds."
    )


def test_a_replay_that_ended_before_its_first_bar_does_not_blame_the_file(run):
    replay = replace(run, bars=[], trades=[], header={**run.header, "date": "2025-09-22"})
    assert said(replay) == (
        "It ended before the first bar of 2025-09-22, so nothing was decided. Next: the same command again; it begins anew."
    )
