"""Backtest and live node decide the same, record by record; and a live path that is altered is named by its first difference exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from changed_contracts import edited
from click.testing import CliRunner

from bot.backtest.request import BacktestRequest
from bot.cli.main import cli
from bot.errors import UsageError
from bot.ibkr import execution_client
from bot.ibkr.data.minutes import MinuteBuilder
from bot.proofs.live_day import LiveDay, live_day
from bot.proofs.parity import Parity, ParityRequest, parity
from bot.supervision.orders import Role, named_role
from bot.trading_hours import clock_ns

SEED, SESSIONS, DAY = 1, 8, date(2025, 3, 19)  # the last of eight synthetic sessions; this seed trades on it
ELEVEN = clock_ns(DAY, time(11))


def silent(_: str) -> None:
    """Nobody watches."""


def one_day(out: Path) -> Parity:
    """The day on which the seed trades, under the backtest's fill rules alone."""
    return parity(ParityRequest(BacktestRequest(out=out, seed=SEED, sessions=SESSIONS), days=1, pieces=False), silent)


# ------------------------------------------------------------------- the same


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """Three sessions, each with a node of its own that goes on from the journal of those before."""
    return parity(ParityRequest(BacktestRequest(out=tmp_path_factory.mktemp("parity") / "out", seed=SEED), days=3), silent)


def test_three_sessions_are_the_same_in_every_record_under_the_rules_of_the_backtest(three):
    counts = {name: (count.same, count.total) for name, count in three.beside.counts.items()}
    assert three.same and three.beside.first is None
    assert counts["bars"] == (3 * 390, 3 * 390) and counts["decisions"] == (3 * 390 * 5, 3 * 390 * 5)
    assert all(same == total > 0 for same, total in counts.values()), counts
    assert three.verdict.startswith("Backtest and live node decided the same at 5,850 of 5,850 decisions over 3 sessions; ")


def test_what_the_gateways_own_fills_differ_by_adds_up(three):
    pieces = three.pieces
    assert pieces is not None and min(pieces.trades) > 0
    assert sum(each.cents for each in pieces.differences) == pieces.b_cents - pieces.a_cents
    assert len(pieces.lines()) == 1 + len(pieces.differences)


@pytest.mark.slow
def test_all_real_sessions_are_the_same(real_file, tmp_path):
    found = parity(ParityRequest(BacktestRequest(out=tmp_path / "out", bars=real_file), days=25), silent)
    assert found.same, found.verdict
    assert found.days[0] == "2025-09-15" and found.beside.counts["decisions"].same == 25 * 390 * 5
    assert found.pieces is not None
    assert sum(each.cents for each in found.pieces.differences) == found.pieces.b_cents - found.pieces.a_cents


# ------------------------------------------------------------------ altered


@pytest.mark.slow
def test_a_live_minute_with_another_volume_is_named(tmp_path, monkeypatch):
    close = MinuteBuilder._close

    def altered(self: MinuteBuilder) -> list:
        return [minute._replace(volume=minute.volume + 1) if minute.close_ns == ELEVEN else minute for minute in close(self)]

    monkeypatch.setattr(MinuteBuilder, "_close", altered)
    found = one_day(tmp_path / "out")
    assert not found.same
    first = found.beside.first
    assert (first.time, first.part, first.name) == ("2025-03-19 11:00", "bars", "bar")
    assert first.fields["volume"][1] == first.fields["volume"][0] + 1
    assert "the first difference is bar (bars) at 2025-03-19 11:00: volume " in found.verdict
    assert found.beside.counts["bars"].only_a == found.beside.counts["bars"].only_b == 0


def test_a_live_entry_that_is_sent_with_another_limit_is_named(tmp_path, monkeypatch):
    draft_of, entries = execution_client.draft_of, []

    def altered(order, *rest):
        draft = draft_of(order, *rest)
        if named_role(draft.ref) is not Role.ENTRY:
            return draft
        entries.append(draft.ref)
        return replace(draft, limit=draft.limit + 0.25)

    monkeypatch.setattr(execution_client, "draft_of", altered)
    found = one_day(tmp_path / "out")
    assert not found.same
    assert entries and found.beside.first.name == entries[0], found.verdict
    assert found.beside.first.part in ("orders", "fills")


# ------------------------------------------------------------- a day of a journal


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sessions as a file."""
    file = tmp_path_factory.mktemp("bars") / "bars.parquet"
    done = CliRunner().invoke(cli, ["data", "synth", "--seed", str(SEED), "--sessions", "25", "--out", str(file)], prog_name="mesbot")
    assert done.exit_code == 0, done.output
    return file


@pytest.fixture
def replayed(bars: Path, tmp_path: Path) -> Callable[..., LiveDay]:
    """Replays a day of a journal."""
    request = partial(BacktestRequest, out=tmp_path / "out", bars=bars)
    return lambda journal, day=None, **changes: live_day(Path(journal), request(**changes), day, lambda _: None)


@pytest.mark.parametrize("number", [0, 2])
def test_each_day_of_a_live_journal_is_replayed_as_it_was(three, replayed, number):
    found = replayed(Path(three.out) / "live" / "journal.sqlite", date.fromisoformat(three.days[number]))
    assert found.same, found.verdict
    assert found.beside.counts["decisions"].same == 390 * 5
    assert found.replay_cents == found.live_cents


def test_a_day_that_the_journal_does_not_hold_is_refused_by_those_that_it_does(three, replayed):
    journal = Path(three.out) / "live" / "journal.sqlite"
    with pytest.raises(UsageError, match=rf"decided nothing that day; it holds 3 days, {three.days[0]} to {three.days[-1]}"):
        replayed(journal, date(2025, 3, 11))


def test_a_day_that_was_decided_under_other_contracts_is_refused(three, replayed, tmp_path):
    law = edited(tmp_path / "law", ("constitution.yaml", "max_trades_per_day: 2", "max_trades_per_day: 1"))
    with pytest.raises(UsageError, match="name the folder of those in force then with --contracts"):
        replayed(Path(three.out) / "live" / "journal.sqlite", contracts=law)


# -------------------------------------------------------------------- the command


def command(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="mesbot")
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.slow
def test_the_command_says_the_verdict_first_and_ends_with_0(three, bars, tmp_path):
    words = ("parity", "--journal", Path(three.out) / "live" / "journal.sqlite", "--bars", bars, "--out", tmp_path / "out")
    code, told, _ = command(*words)
    assert code == 0 and told.startswith(f"The live day {three.days[-1]} and its replay decided the same at")
    code, told, _ = command(*words, "--json")
    assert code == 0 and json.loads(told)["same"] is True


def test_a_journal_that_is_none_is_wrong_usage(bars, tmp_path):
    (tmp_path / "none.sqlite").write_text("no journal")
    code, _, said = command("parity", "--journal", tmp_path / "none.sqlite", "--bars", bars, "--out", tmp_path / "out")
    assert code == 2 and said.count("\n") == 1, said


def test_a_session_that_is_not_whole_is_refused_between_those_that_are(bars, tmp_path):
    frame = pd.read_parquet(bars)
    opened = pd.to_datetime(frame["timestamp"], utc=True).dt.tz_convert("America/New_York")
    cut = frame[~((opened.dt.date == date(2025, 4, 10)) & (opened.dt.time >= time(15, 30)) & (opened.dt.time < time(17)))]
    cut.to_parquet(tmp_path / "cut.parquet", index=False)
    code, _, said = command("parity", "--bars", tmp_path / "cut.parquet", "--days", 2, "--out", tmp_path / "out")
    assert code == 2 and "the session of 2025-04-10 lacks its first or its last minute" in said


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    code, _, said = command("parity", "--sessions", 3, "--days", 1, "--out", tmp_path)
    assert (code, (tmp_path / "mine.txt").read_text()) == (2, "mine")
    assert "holds mine.txt, which this command has not left there; name an empty folder." in said
