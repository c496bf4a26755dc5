"""Runs over bars that end, or are noise, decide until then what the whole run decides; who peeks is caught by name, bar and value."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import foreign
import msgspec
import pytest
from builders import CONTRACTS
from click.testing import CliRunner

from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.bars.source import synthetic_sessions
from bot.cli.main import cli
from bot.journal.folder import is_aside
from bot.journal.times import parse_time
from bot.market.core import MarketCore
from bot.proofs.lookahead import NOISE, TRUNCATED, Lookahead, LookaheadRequest, lookahead
from bot.units import to_points

SESSIONS = 4
STUDY = "features_of_a_study"  # a module that a strategy reads, as a notebook's columns would be
PEEK = f'import {STUDY}\nreturn NoSetup("NEXT_CLOSE", "next_close", {STUDY}.NEXT.get(state.ts_ns, -1.0), "minimum", 0.0)'


def looked(out: Path, **changes) -> Lookahead:
    more = {"days": 1, "cuts": 3, "warm_up": False} | {name: changes.pop(name) for name in ("cuts", "warm_up") if name in changes}
    source = BacktestRequest(out=out / "out", seed=1, sessions=SESSIONS, **changes)
    return lookahead(LookaheadRequest(source, **more), lambda _: None)


@pytest.fixture
def studied(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """For each bar the close of the one after it, made of all the bars that a run is given: the classic mistake of a study."""
    module = ModuleType(STUDY)
    module.NEXT = {}
    monkeypatch.setitem(sys.modules, STUDY, module)
    begin = BacktestRun.__init__

    def begun(self: BacktestRun, spec, bars, request) -> None:
        closes = [to_points(int(close)) for close in bars.frame["close"]]
        module.NEXT = dict(zip(bars.frame["ts_ns"].tolist()[:-1], closes[1:], strict=True))
        begin(self, spec, bars, request)

    monkeypatch.setattr(BacktestRun, "__init__", begun)
    return module.__dict__


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Lookahead:
    return looked(tmp_path_factory.mktemp("clean"), warm_up=True)


def test_the_shipped_strategies_know_nothing_before_its_time(clean):
    assert clean.same and not clean.peeks
    assert clean.compared > 3 * 2 * 6, "nothing was compared"
    assert clean.verdict == f"Nothing was known before its time: {clean.compared:,} facts are the same in 6 runs cut at 3 bars."


def test_cuts_lie_on_bars_with_a_plan_first(clean):
    assert len(set(clean.cuts)) == 3 and clean.cuts == sorted(clean.cuts)
    assert {cut[:10] for cut in clean.cuts} == set(clean.days)


@pytest.mark.slow
def test_the_table_says_from_which_warm_up_on_a_signal_is_the_same(clean):
    table = clean.warm_up
    needs = {need.name: need for need in table.needs}
    assert table.steps == [0, 1, 2] and table.full == SESSIONS - 1
    assert needs["atr_14"].sessions == 0 and needs["vwap"].apart == [0.0, 0.0, 0.0]
    assert [row[0] for row in table.rows()][1:] == sorted(needs)
    assert all(len(row) == len(table.steps) + 2 for row in table.rows())


def test_a_strategy_that_looks_at_the_next_bar_is_caught_by_name_bar_and_value(tmp_path, studied):
    mine = foreign.write(tmp_path / "mine", detect=PEEK)
    found = looked(tmp_path, strategies=(mine,), cuts=1)
    assert not found.same
    assert {peek.difference.name for peek in found.peeks} == {"Z6"}
    assert {peek.how for peek in found.peeks} == {TRUNCATED, NOISE}
    ended = next(peek for peek in found.peeks if peek.how == TRUNCATED)
    assert ended.difference.time == ended.cut, "a look at the next bar shows on the last bar alone"
    whole, cut = ended.difference.fields["gate.observed"]
    assert cut == -1.0, "there is no next bar"
    assert whole == next_close(ended.cut)
    assert f"Z6 (decisions) at {ended.cut}: " in found.verdict and f"{whole} in the whole run" in found.verdict


def next_close(cut: str) -> float:
    """The close of the bar after the cut, from the seed itself."""
    frame = synthetic_sessions(1, SESSIONS, CONTRACTS.session).frame
    return to_points(int(frame["close"][frame["ts_ns"] > parse_time(cut)].iloc[0]))


def test_a_strategy_of_ones_own_that_does_not_peek_is_not_blamed(tmp_path):
    assert looked(tmp_path, strategies=(foreign.write(tmp_path / "mine"),), cuts=2).same


def test_a_signal_that_is_centred_on_its_bar_is_caught_by_name(tmp_path, studied, monkeypatch):
    update = MarketCore.update

    def peeking(self, bar, *rest, **more):
        state = update(self, bar, *rest, **more)
        return msgspec.structs.replace(state, volume_z=float(studied["NEXT"].get(bar.ts_ns, 0.0)))

    monkeypatch.setattr(MarketCore, "update", peeking)
    found = looked(tmp_path, cuts=1)
    bars = [peek.difference for peek in found.peeks if peek.difference.part == "bars"]
    assert bars and all(list(each.fields) == ["signals.volume_z"] for each in bars)


def test_the_command_ends_with_1_and_names_it(tmp_path, studied):
    mine = foreign.write(tmp_path / "mine", detect=PEEK)
    words = ["lookahead", "--sessions", str(SESSIONS), "--days", "1", "--cuts", "1", "--no-warm-up", "--strategies", str(mine)]
    done = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "out")], prog_name="mesbot")
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("Z6 says otherwise when what follows is not there: where the bars end after")
    journals = list((tmp_path / "out").rglob("journal.sqlite"))
    assert journals and all(map(is_aside, journals)), "a proof's runs are nobody's latest run"
