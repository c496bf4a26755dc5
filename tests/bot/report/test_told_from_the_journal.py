"""The story of a journal: a sentence for each record worth one, none for the others."""

from __future__ import annotations

import pytest
from builders import CONTRACTS

from bot.decision.plan import ExitReason
from bot.glossary import EXITS
from bot.journal.read import Record
from bot.journal.records import Kind
from bot.report.story import Story

NS = 1_745_503_380_000_000_000  # 2025-04-24 10:03 New York
PLAN = {
    "side": -1,
    "entry_type": "LIMIT",
    "limit": 6516.0,
    "legs": [[1, 6518.0, 6512.0]],
    "risk_cents": 1000,
    "belief": "F2",
    "entry_value": 0.82,
}
GATE = {"code": "LOSING_STREAK", "layer": 1}


def told(story: Story, *records: tuple[Kind, dict]) -> list[str]:
    return [each.line for kind, body in records for each in story.tell(Record(7, NS, kind, body.get("strategy"), body))]


def outcome(strategy: str, net_cents: int, r: float, shadow: bool = False) -> tuple[Kind, dict]:
    return Kind.OUTCOME, {
        "strategy": strategy,
        "exit_price": 6518.25,
        "exit_reason": "STOP",
        "net_cents": net_cents,
        "r": r,
        "shadow": shadow,
    }


def test_a_code_is_explained_the_first_time_it_is_met_and_results_are_counted():
    lines = told(
        Story(CONTRACTS),
        outcome("K2", -1249, -1.25),
        outcome("K2", -124, -0.14),
        outcome("K1", 2876, 2.09),
        outcome("K1", 5, 1.0, shadow=True),
        outcome("K2", -1249, -1.25),
    )
    assert lines == [
        f"10:03  K2 is out at 6,518.25 by STOP ({EXITS[ExitReason.STOP]}): −$12.49 net, −1.25 R.",
        "10:03  Learned: a loss for K2, 1 trade so far (1 loss).",
        "10:03  K2 is out at 6,518.25 by STOP: −$1.24 net, −0.14 R.",
        "10:03  Learned: a scratch for K2, 2 trades so far (1 loss, 1 scratch).",
        "10:03  K1 is out at 6,518.25 by STOP: +$28.76 net, +2.09 R.",
        "10:03  Learned: a win for K1, 1 trade so far (1 win).",
        "10:03  K2 is out at 6,518.25 by STOP: −$12.49 net, −1.25 R.",
        "10:03  Learned: a loss for K2, 3 trades so far (2 losses, 1 scratch).",
    ]


@pytest.mark.parametrize(
    ("statistic", "reason", "said"),
    [
        ("win_rate", "win rate 26%", "win rate 26%, newer trades and those on better data weigh more (it may trade"),
        ("loss_streak", "2 losses in a row", "2 losses in a row (it may trade"),
    ],
)
def test_a_weighed_measure_is_said_to_be_no_share_of_the_trades_that_were_counted(statistic, reason, said):
    state = {"strategy": "K1", "after": "THROTTLED", "throttle_level": 2, "release": "x", "statistic": statistic, "reason": reason}
    (line,) = told(Story(CONTRACTS), (Kind.STATE, state))
    assert f"K1 is THROTTLED at level 2 now: {said}" in line


def test_a_lock_is_told_once_a_session_and_all_refusals_are_counted():
    story = Story(CONTRACTS)
    refused = (
        Kind.DECISION,
        {"strategy": "K1", "action": "SKIP", "sentence": "K1 short skipped: LOSING_STREAK: 2", "plan": PLAN, "gate": GATE},
    )
    assert len(told(story, refused, refused)) == 1
    assert story.refusals() == "Refused in all: 2 plans (LOSING_STREAK 2)."
    assert story.refusals() == ""
    assert len(told(story, refused)) == 1


def test_a_stop_that_both_legs_move_is_told_once_and_what_is_no_news_not_at_all():
    moved = (Kind.ORDER, {"strategy": "K4", "intent_id": "a", "role": "STOP", "event": "OrderUpdated", "trigger": 6355.75, "cause": "+1R"})
    working = (Kind.ORDER, {"strategy": "K4", "intent_id": "a", "role": "STOP", "event": "OrderAccepted", "trigger": 6357.25})
    skip = (Kind.DECISION, {"strategy": "K1", "action": "SKIP", "sentence": "K1 skipped", "gate": GATE})
    assert told(Story(CONTRACTS), working, moved, moved, skip) == ["10:03  K4's stop is moved to 6,355.75 (+1R)."]
