"""Bars that closed while nobody ran: history shows them, each has its decisions that say so, and nothing is made of them."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from builders import CONTRACTS, new_york_ns
from ibkr_rig import SPEC, TEN, until
from outcome_makers import outcome
from plain_journal import plain
from test_ibkr_recovery import DECIDED, NAME, Stage, on_stage

from bot.contracts import load_contracts
from bot.journal.records import BarRecord, Kind, OrderRecord
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.journal.why import why
from bot.learning.states import LearningLoop
from bot.runtime.past import past_of
from bot.units import MINUTE_NS

STRATEGIES = ["K1", "K2", "K3", "K4", "K5"]
LAST_SEEN = TEN - 10 * MINUTE_NS  # 09:50


def ran_until(path: Path, ts_ns: int) -> None:
    """The journal of a run whose last bar was this one."""
    seen = BarRecord(6700.0, 6700.5, 6699.5, 6700.0, 9, False, "range", 1, 1.0, 1.0, [], 1.0, [], {"slippage_ticks": 1.0})
    with Journal.append(path, "paper", load_contracts(SPEC.contracts_directory), {}, time.time_ns) as journal:
        journal.add(Kind.BAR, ts_ns, seen)
        journal.close_link(ts_ns)


async def run_again(stage: Stage) -> None:
    """A start that ends once history is understood."""
    async with stage.restarted({"warm_up_days": 2}) as node:
        await until(lambda: node.desk._last_bar_ns >= TEN)


def written(path: Path, kind: Kind, after_ns: int = 0) -> list[tuple[int, dict[str, Any]]]:
    """Time and body of the records of a kind."""
    with plain(path) as db:
        rows = db.execute("SELECT ts_ns, body FROM records WHERE kind = ? AND ts_ns > ? ORDER BY seq", (kind, after_ns)).fetchall()
    return [(ts_ns, json.loads(body)) for ts_ns, body in rows]


@on_stage
async def test_each_bar_between_two_runs_has_one_decision_a_strategy_that_says_that_nobody_ran(stage: Stage) -> None:
    ran_until(stage.path, LAST_SEEN)
    await run_again(stage)
    bars = [ts_ns for ts_ns, _ in written(stage.path, Kind.BAR, LAST_SEEN)]
    decisions = written(stage.path, Kind.DECISION)
    assert bars == [LAST_SEEN + number * MINUTE_NS for number in range(1, len(bars) + 1)] and TEN in bars
    assert Counter((ts_ns, body["strategy"]) for ts_ns, body in decisions) == Counter(
        (ts_ns, name) for ts_ns in bars for name in STRATEGIES
    )
    assert {(body["action"], body["gate"]["code"]) for _, body in decisions} == {("SKIP", "NOBODY_RAN")}
    assert all("others" not in body and "plan" not in body for _, body in decisions)
    verify(stage.path)


@on_stage
async def test_no_plan_of_a_missed_bar_is_followed_and_no_day_begins_with_one(stage: Stage) -> None:
    ran_until(stage.path, LAST_SEEN - 24 * 60 * MINUTE_NS)  # a whole session of plans
    await run_again(stage)
    assert len(written(stage.path, Kind.BAR, LAST_SEEN - 24 * 60 * MINUTE_NS)) >= 390
    assert [written(stage.path, kind) for kind in (Kind.SHADOW, Kind.INTENT, Kind.OUTCOME, Kind.DAY)] == [[], [], [], []]


@on_stage
async def test_a_missed_bar_is_found_by_its_minute_whatever_was_written_before_it(stage: Stage) -> None:
    ran_until(stage.path, LAST_SEEN)
    stage.write()  # an intent of 09:59 whose orders never left: its end is told by the restart, before history comes
    await run_again(stage)
    for minute in ("09:51", "09:59", "10:00"):
        assert "NOBODY_RAN" in why(stage.path, f"2025-10-02 {minute}", "K3")
    assert NAME in why(stage.path, "2025-10-02 09:59")


@on_stage
async def test_an_intent_that_was_written_down_before_the_run_ended_is_the_decision_of_its_bar(stage: Stage) -> None:
    ran_until(stage.path, LAST_SEEN)
    stage.write()  # an intent of K1 at 09:59, and the run ended before the bar's decisions were written
    assert [intent.intent_id for intent in past_of([stage.path]).undecided] == [NAME]
    await run_again(stage)
    told = {body["strategy"]: body for ts_ns, body in written(stage.path, Kind.DECISION) if ts_ns == DECIDED}
    assert {name: body["action"] for name, body in told.items()} == {"K1": "ENTER", **dict.fromkeys(STRATEGIES[1:], "SKIP")}
    assert (told["K1"]["intent_id"], told["K1"]["dvs"], told["K1"]["eqs"]) == (NAME, stage.intent.decided.dvs, stage.intent.decided.eqs)
    assert "gate" not in told["K1"] and {told[name]["gate"]["code"] for name in STRATEGIES[1:]} == {"NOBODY_RAN"}
    assert past_of([stage.path]).undecided == ()
    await run_again(stage)
    assert len(written(stage.path, Kind.DECISION)) == len(STRATEGIES) * len(written(stage.path, Kind.BAR, LAST_SEEN))
    verify(stage.path)


@on_stage
async def test_an_intent_that_was_denied_is_no_decision_to_enter(stage: Stage) -> None:
    ran_until(stage.path, LAST_SEEN)
    stage.write()
    denied = OrderRecord(f"{NAME}-1E", NAME, "K1", "SubmitOrderList", "Denied", 3, reason="DVS_BELOW_MINIMUM: dvs=0.70, minimum=0.80")
    with Journal.append(stage.path, "paper", load_contracts(SPEC.contracts_directory), {}, time.time_ns) as journal:
        journal.add(Kind.ORDER, DECIDED, denied, "K1")
    assert past_of([stage.path]).undecided == ()


@on_stage
async def test_the_next_start_finds_no_missed_bar_again(stage: Stage) -> None:
    ran_until(stage.path, LAST_SEEN)
    await run_again(stage)
    before = written(stage.path, Kind.DECISION)
    assert past_of([stage.path]).decided_ns == before[-1][0] >= TEN
    await run_again(stage)
    assert written(stage.path, Kind.DECISION) == before


@on_stage
async def test_evidence_ages_by_sessions_in_which_nobody_ran(stage: Stage) -> None:
    """K1 is THROTTLED 19 sessions before the last one that was seen; the next, which history alone tells of, is the 20th."""
    days = [day for day in (dt.date(2025, 9, 1) + dt.timedelta(days=number) for number in range(31)) if day.weekday() < 5][-20:]
    assert str(days[-1]) == "2025-10-01"
    began = new_york_ns(f"{days[0]} 10:00") // MINUTE_NS
    losses = [outcome(-1, day=str(days[0]), minute=began + number) for number in (1, 2)]
    shadows = [outcome(1, day=str(days[0]), minute=began + number, shadow=True) for number in (20, 21)]
    changes = [change for loop in [LearningLoop(CONTRACTS)] for each in [*losses, *shadows] for change in loop.on_outcome(each)]
    assert [change.after for change in changes] == ["QUARANTINED", "THROTTLED"]
    for day in days:
        ran_until(stage.path, new_york_ns(f"{day} 09:50"))
        if day == days[0]:
            with Journal.append(stage.path, "paper", load_contracts(SPEC.contracts_directory), {}, time.time_ns) as journal:
                for kind, told in [*((Kind.OUTCOME, each) for each in [*losses, *shadows]), *((Kind.STATE, each) for each in changes)]:
                    journal.add(kind, (began + 21) * MINUTE_NS, told, "K1")
                journal.close_link((began + 21) * MINUTE_NS)
    await run_again(stage)
    ((ts_ns, change),) = written(stage.path, Kind.STATE, (began + 21) * MINUTE_NS)
    assert (ts_ns, change["before"], change["after"]) == (new_york_ns("2025-10-02 09:31"), "THROTTLED", "ACTIVE")
    assert change["reason"].startswith("EVIDENCE_AGED")
    assert "EVIDENCE_AGED" in why(stage.path, "2025-10-02 09:31", "K1")
    await run_again(stage)
    assert len(written(stage.path, Kind.STATE, (began + 21) * MINUTE_NS)) == 1


@on_stage
async def test_the_first_run_of_an_account_has_missed_nothing(stage: Stage) -> None:
    with Journal.append(stage.path, "paper", load_contracts(SPEC.contracts_directory), {}, time.time_ns):
        pass  # begun, and ended before anything was said
    await run_again(stage)
    assert written(stage.path, Kind.BAR) == [] == written(stage.path, Kind.DECISION)
