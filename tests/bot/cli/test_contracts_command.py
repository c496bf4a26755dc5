"""What `mesbot contracts` prints is what the gates do, whatever the contracts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from builders import CONTRACTS, ROOT, new_york_ns, plan, snapshot
from changed_contracts import edited
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.main import cli
from bot.contracts import load_contracts
from bot.decision.codes import Code, Layer
from bot.decision.evaluate import evaluate
from bot.decision.limits import Limits
from bot.journal.contracts import TRADING_DAY
from bot.journal.store import Journal

RICH = 10**9  # cents
CAP_CODES = {Code.STOP_TOO_WIDE, Code.STOP_TOO_NARROW, Code.RISK_PER_TRADE, Code.TIER_STOP, Code.TIER_RISK}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))


def changed_contracts(folder: Path, constitution: dict[str, Any], risk_model: dict[str, Any], tiers: list[dict[str, Any]]) -> Path:
    directory = folder / "contracts"
    shutil.copytree(ROOT / "contracts", directory)
    for name, changes in (("constitution", constitution), ("risk_model", risk_model)):
        path = directory / f"{name}.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
        if name == "constitution":
            values["tiers"] = [tier | changed for tier, changed in zip(values["tiers"], tiers, strict=True)]
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return directory


def printed(directory: Path) -> dict[str, list[list[str]]]:
    """The rows of each table, cell by cell, by the first words of its title."""
    result = CliRunner().invoke(cli, ["contracts", "--contracts", str(directory)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    tables: dict[str, list[list[str]]] = {}
    for line in result.output.splitlines():
        if line.startswith(("Limits of a plan", "What margin forbids", "When entries")):
            rows = tables[" ".join(line.split()[:2])] = []
        elif line.startswith("  ") and tables:
            rows.append([cell.strip() for cell in line.strip().split("  ") if cell.strip()])
    return {title: [row for row in rows if row][1:] for title, rows in tables.items()}


def refusals(limits: Limits, strategy: str, stop: int, equity_cents: int, available_cents: int = RICH) -> dict[str, Any]:
    chosen = plan(strategy=strategy, legs=((1, stop, 500),) * limits.contracts_of[strategy])
    found = evaluate(chosen, snapshot(equity_cents=equity_cents, available_cents=available_cents), limits).failures
    return {failure.code: failure for failure in found if failure.layer in (Layer.CONSTITUTION, Layer.TIER)}


def cells_by_the_gates(limits: Limits, strategy: str, equity_cents: int, day_cents: int) -> list[str]:
    """Stop cap and worst case of a strategy, found by asking the gates about every stop."""
    assert Code.EQUITY_UNKNOWN not in refusals(limits, strategy, 1, equity_cents)
    if Code.TIER_STRATEGY in refusals(limits, strategy, 1, equity_cents):
        return ["not in tier"]
    pass_all = [stop for stop in range(1, 80) if not CAP_CODES & set(refusals(limits, strategy, stop, equity_cents))]
    if not pass_all:
        return [f"none >= {limits.min_stop_ticks}"]
    spent = msgspec.structs.replace(limits, day_cents=0)
    worst = refusals(spent, strategy, max(pass_all), equity_cents)[Code.DAILY_LOSS_BUDGET].observed
    return [f"{max(pass_all)} ticks", f"${worst:,.2f}", f"${day_cents / 100 - worst:,.2f}".replace("$-", "-$")]


numbers = st.fixed_dictionaries({"stop": st.integers(1, 60), "least": st.integers(1, 10), "risk": st.integers(100, 9000)})
tier_numbers = st.fixed_dictionaries({"max_stop_ticks": st.integers(1, 60), "max_risk_usd": st.integers(100, 9000).map(lambda c: c / 100)})


@settings(max_examples=20)
@given(
    numbers, st.lists(tier_numbers, min_size=3, max_size=3), st.integers(0, 300), st.integers(100, 400), st.integers(100, 500_000),
    st.integers(0, 5000),
)  # fmt: skip
def test_every_printed_limit_is_the_one_the_gates_use(trade, tiers, fee, buffer, margin, more):
    widest = max(trade["stop"], trade["least"])
    risk_per_trade = {"max_risk_usd": trade["risk"] / 100, "max_stop_ticks": widest, "min_stop_ticks": trade["least"]}
    constitution = {
        "risk_per_trade": risk_per_trade,
        "loss_limits": {f"{span}_usd": (trade["risk"] + more) / 100 for span in ("day", "week", "month")},
        "instrument": {
            "id": "MES.CME", "kind": "FuturesContract", "currency": "USD", "multiplier": 5, "tick_size": 0.25,
            "backtest_initial_margin_usd": margin / 100,
        },
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        directory = changed_contracts(Path(folder), constitution, {"fee_per_side_usd": fee / 100, "margin_buffer": buffer / 100}, tiers)
        tables, limits = printed(directory), Limits.of(load_contracts(directory))
    rows = {(row[0], row[1]): row for row in tables["Limits of"]}
    assert len(rows) == len(limits.tiers) * len(limits.contracts_of)
    for tier in limits.tiers:
        for strategy in limits.contracts_of:
            expected = cells_by_the_gates(limits, strategy, tier.min_equity_cents, trade["risk"] + more)
            assert [cell for cell in rows[tier.name, strategy] if cell in expected] == expected, (tier, strategy)
    for strategy, needs, *cells in tables["What margin"]:
        needed = round(float(needs.replace("$", "").replace(",", "")) * 100)
        assert Code.MARGIN_BUFFER not in refusals(limits, strategy, 1, RICH, needed)
        assert Code.MARGIN_BUFFER in refusals(limits, strategy, 1, RICH, needed - 1)
        for tier, cell in zip(limits.tiers, cells, strict=True):
            at_floor = refusals(limits, strategy, 1, tier.min_equity_cents, tier.min_equity_cents)
            assert (cell == "-") is (Code.TIER_STRATEGY in at_floor)
            assert (cell in ("forbidden", "-") or cell.startswith("from")) or Code.MARGIN_BUFFER not in at_floor


# ------------------------------------------------------------- within a trading day


def began(folder: Path, day: str, name: str = "paper-DU1-2025") -> Path:
    """A journal whose run began in a trading day, under the shipped contracts."""
    path = folder / "journals" / f"{name}.sqlite"
    path.parent.mkdir(exist_ok=True)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1", TRADING_DAY: day}, lambda: 1):
        pass
    return path


def shown(*words: str) -> str:
    result = CliRunner().invoke(cli, ["contracts", *words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: new_york_ns("2025-09-16 12:00"))


def test_what_a_start_within_the_day_would_make_of_them_is_said_of_each_account(tmp_path, at_noon):
    began(tmp_path, "2025-09-16")
    began(tmp_path, "2025-09-15", "live-U1-2025")
    mine = edited(tmp_path / "mine", ("constitution.yaml", "max_losses: 2", "max_losses: 3"), ("strategies.yaml", '"10:00"', '"10:30"'))
    assert shown("--contracts", str(mine)).splitlines()[-1] == (
        "PAPER DU1, if it starts now: Contracts changed within the trading day of 2025-09-16: 1 key is stricter and counts now "
        "(strategies.yaml: K1.not_before 10:00 -> 10:30); 1 key is looser or neither and waits until 18:00 New York of 2025-09-16 "
        "(constitution.yaml: losing_streak.max_losses 2 -> 3)."
    )
    assert "if it starts now" not in shown()


def test_a_journal_that_says_nothing_or_cannot_be_read_keeps_nobody_from_looking(tmp_path, at_noon):
    began(tmp_path, "2025-09-16").write_bytes(b"no database at all" * 100)
    (tmp_path / "journals" / "live-U1-2025.sqlite").touch()
    assert "paper-DU1-2025.sqlite cannot be read as a journal" in shown() and "LIVE U1" not in shown()
