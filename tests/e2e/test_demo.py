"""`mesbot demo`: what it tells is what its journal says, and its sessions show what they were chosen for."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from plain_journal import plain

from bot.cli.main import cli
from bot.journal.verify import verify

PRICE = re.compile(r"\d[\d,]*\.\d\d")


class Played:
    """The output of a demo, its lines put together again, and its journal, read without mesbot's own reader."""

    def __init__(self, folder: Path, *words: str) -> None:
        result = CliRunner().invoke(cli, ["demo", "--fast", "--out", str(folder), *words])
        assert result.exit_code == 0, result.output
        self.output = re.sub(r"\n(?: {7}(?![-\s])| {9})(?=\S)", " ", result.output)
        self.journal = folder / "journal.sqlite"
        with plain(self.journal) as db:
            self.rows = [(kind, json.loads(body)) for kind, body in db.execute("SELECT kind, body FROM records ORDER BY seq")]
            self.runs = [json.loads(body) for (body,) in db.execute("SELECT body FROM runs")]

    def bodies(self, kind: str) -> list[dict]:
        return [body for each, body in self.rows if each == kind]

    @property
    def trades(self) -> list[dict]:
        return [body for body in self.bodies("outcome") if not body["shadow"]]

    def lines(self, words: str) -> list[str]:
        return [line for line in self.output.splitlines() if words in line]

    def results(self, number: int) -> list[tuple[str, str]]:
        """Strategy and result of each trade of a session, by the constitution's words."""
        day = sorted({body["trading_day"] for body in self.bodies("day")})[number - 1]
        words = [(each["strategy"], "loss" if each["r"] <= -0.25 else "win" if each["net_cents"] > 0 else "scratch") for each in self.trades
                 if each["trading_day"] == day]  # fmt: skip
        return words


def dollars(cents: int) -> str:
    return f"{'+' if cents > 0 else '−' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def require_told(played: Played) -> None:
    """Every trade, bracket, stop, state and kill of the journal is told, as often as it is there, and no price that is not."""
    exits = played.lines(" is out at ")
    assert len(exits) == len(played.trades)
    for line, trade in zip(exits, played.trades, strict=True):
        assert f"{trade['strategy']} is out at {trade['exit_price']:,.2f} by {trade['exit_reason']}" in line
        assert f"{dollars(trade['net_cents'])} net" in line
    sent = {body["intent_id"] for body in played.bodies("order event") if body["event"] == "OrderSubmitted" and body["role"] == "ENTRY"}
    assert (len(played.lines("Bracket sent: ")), len(played.lines(" sees its setup, "))) == (len(sent), len(sent))
    entered = [body for body in played.bodies("decision") if body["action"] == "ENTER"]
    assert [f"{body['strategy']} sees its setup" for body in entered] == [
        line[7:].split(",")[0] for line in played.lines(" sees its setup, ")
    ]
    moved = {(body["strategy"], body["trigger"]) for body in played.bodies("order event") if body["event"] == "OrderUpdated"}
    assert len(played.lines("'s stop is moved to ")) == len(moved)
    states = [f"{body['strategy']} is {body['after']}" for body in played.bodies("state change")]
    assert Counter(states) == Counter(" ".join(line[7:].split()[:3]) for line in played.lines("Back by: "))
    kills = [f"Kill switch {body['state']}" for body in played.bodies("kill")]
    assert kills == [" ".join(line[7:].split()[:3]) for line in played.lines("Kill switch ")]
    require_gates_told(played, entered)
    require_no_other_number(played)


def require_gates_told(played: Played, entered: list[dict]) -> None:
    """Of every entry, in order: what it was held against, worked out from its records and from the contracts' record alone."""
    law = played.bodies("contracts")[0]["values"]
    intents = {body["intent_id"]: body for body in played.bodies("intent")}
    told = {name: iter(played.lines(f"- {name}: ")) for name in ("constitution", "budgets", "quality", "belief", "friction and EUC")}
    for body in entered:
        plan, intent = body["plan"], intents[body["intent_id"]]
        over = [
            each for each in played.trades if each["trading_day"] == intent["trading_day"] and each["closed_ns"] <= intent["decided_ns"]
        ]
        friction = plan["risk_cents"] * intent["euc_inputs"]["cost_r"]
        left = 3000 + sum(each["net_cents"] for each in over)
        assert f"risk {money(plan['risk_cents'])} ≤ $15.00, stop 4 ≤ {plan['stop_ticks']} ≤ " in next(told["constitution"])
        budgets = f"worst case {money(plan['risk_cents'] + friction)} ≤ {money(left)} left today, trade {len(over) + 1} ≤ 2 today"
        assert budgets in next(told["budgets"])
        assert f"DVS {body['dvs']:.2f} ≥ 0.80, EQS {body['eqs']:.2f} ≥ 0.75" in next(told["quality"])
        needed = law["strategies"][body["strategy"]]["min_belief"]
        assert f"{plan['belief']} {plan['entry_value']:.2f} ≥ {needed:.2f}, " in next(told["belief"])
        target = sum(quantity * abs(to - plan["limit"]) for quantity, _, to in plan["legs"]) * 500
        assert f"cost {friction / target:.2f} ≤ 0.30 of the target, EUC {body['euc']['total']:+.2f} ≥ 0.00 R" in next(
            told["friction and EUC"]
        )
    assert [name for name, lines in told.items() if next(lines, None)] == []


def money(cents: float) -> str:
    return f"${round(cents) / 100:,.2f}"


def require_no_other_number(played: Played) -> None:
    known = {f"{abs(value):,.2f}" for _, body in played.rows for value in numbers(body)}
    known |= {f"{abs(value) / 100:,.2f}" for _, body in played.rows for value in numbers(body)}
    told, _, closing = played.output.partition("What it came to")
    story = "\n".join(line for line in told.splitlines() if not line.startswith("       - "))  # those: require_gates_told
    assert set(PRICE.findall(story)) <= known
    total = sum(trade["net_cents"] for trade in played.trades)
    assert closing.split("together")[1].split()[:3] == [str(len(played.trades)), "trades", dollars(total)]
    for name in {trade["strategy"] for trade in played.trades}:
        row = next(line.split() for line in closing.splitlines() if line.startswith(name))
        own = [trade["net_cents"] for trade in played.trades if trade["strategy"] == name]
        changes = [body for body in played.bodies("state change") if body["strategy"] == name]
        assert (row[1], row[3], row[4].rstrip(",")) == (str(len(own)), dollars(sum(own)), changes[-1]["after"] if changes else "ACTIVE")
        assert [int(word) for word in row[7:8]] == [body["throttle_level"] for body in changes[-1:] if body["throttle_level"]]


def numbers(value: object) -> list[float]:
    if isinstance(value, dict | list):
        return [number for each in (value.values() if isinstance(value, dict) else value) for number in numbers(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_first_session_tells_a_k2_loss_and_a_k1_win_as_its_journal_has_them(home):
    played = Played(home / "demo", "--session", "1")
    assert played.results(1) == [("K2", "loss"), ("K1", "win")]
    assert len(played.lines("K1's stop is moved to ")) == 1
    assert len(played.runs) == 2 and played.runs[0]["mode"] == "paper"  # one start, and its end
    require_told(played)


@pytest.mark.slow
def test_the_whole_demo_tells_losses_lock_throttle_quarantine_and_kill_as_its_journal_has_them(home):
    played = Played(home / "demo")
    require_told(played)
    assert sorted(result for _, result in played.results(1)) == ["loss", "win"]
    assert [result for _, result in played.results(2)] == ["loss", "loss"]
    assert played.lines("LOSING_STREAK: losses_in_a_row=2, lock_at=2")
    assert [body["state"] for body in played.bodies("kill")] == ["TRIPPED", "FLAT", "HALTED"]
    assert played.trades[-1]["exit_reason"] == "MANUAL"
    assert {body["after"] for body in played.bodies("state change")} == {"THROTTLED", "QUARANTINED"}
    assert verify(played.journal).head[:12] not in played.output, "the wall decides it, and whoever sees it would compare it"
    again = Played(home / "again")
    assert again.output.replace("/again/", "/demo/") == played.output, "the same story each time"


@pytest.mark.slow
def test_a_second_demo_in_the_same_folder_puts_the_first_one_aside_with_its_latch(home):
    first, again = Played(home / "demo", "--session", "1"), Played(home / "demo", "--session", "1")
    assert [each["exit_reason"] for each in again.trades] == [each["exit_reason"] for each in first.trades]
    assert sorted(path.name for path in (home / "demo" / "earlier" / "1").iterdir()) == ["journal.sqlite", "journal.sqlite.latch"]
