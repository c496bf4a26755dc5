"""Every gate one tick, cent, second, contract or 1e-9 either side of its limit, and what it says.

A row is the moment and the plan that just pass, the smallest change of them that is refused,
and the refusal in full.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import pytest
from builders import LIMITS, MOMENT, TrustStub, k4_plan, market, plan, snapshot, with_beliefs

from bot.decision.codes import MEANING, Code, Layer
from bot.decision.euc import Euc
from bot.decision.evaluate import bar_failures, euc_failure, evaluate
from bot.decision.gates import BAR_GATES, PLAN_GATES
from bot.decision.limits import BlackoutLimits
from bot.decision.plan import EntryPlan, Leg
from bot.decision.snapshot import EntryLock, KillState, Snapshot
from bot.decision.verdict import APPROVED, Refused
from bot.units import MINUTE_NS, SECOND_NS

NEVER = Refused(Code.K5_NOISE, "noise", 0.8, "below", 0.7, layer=6)


class BarCase(NamedTuple):
    """`passes` and `refused` are changes of the quiet snapshot."""

    code: Code
    passes: dict[str, Any]
    refused: dict[str, Any]
    text: str
    unit: str = ""


def book(**values: Any) -> dict[str, Any]:
    return {"book": values}


def last(minutes: int, seconds: int = 0) -> int:
    return MOMENT - minutes * MINUTE_NS - seconds * SECOND_NS


BAR_CASES = [
    *(
        BarCase(Code.KILL_SWITCH, {}, {"kill_state": state}, f"KILL_SWITCH: state={state.value}, required=ARMED")
        for state in (KillState.TRIPPED, KillState.FLAT, KillState.HALTED)
    ),
    BarCase(
        Code.ENTRIES_LOCKED,
        {"entry_lock": None},
        {"entry_lock": EntryLock("payrolls", MOMENT)},
        "ENTRIES_LOCKED: locked=by a person since 2025-09-16 10:41: payrolls, until=mesbot unlock",
    ),
    BarCase(Code.OBSERVE_ONLY, {}, {"observe": True}, "OBSERVE_ONLY: mode=OBSERVE, required=PAPER or LIVE"),
    BarCase(Code.BROKER_BLOCK, {}, {"broker": "BrokerLinkLost: 1100"}, "BROKER_BLOCK: found=BrokerLinkLost: 1100, required=none"),
    BarCase(Code.POSITION_OPEN, {}, book(position_open=True), "POSITION_OPEN: concurrent=2, maximum=1", "positions"),
    BarCase(Code.INTENT_IN_FLIGHT, {}, book(in_flight=True), "INTENT_IN_FLIGHT: in_flight=2, maximum=1", "intents"),
    BarCase(Code.BUDGET_OVERRUN, {}, book(overrun_locked=True), "BUDGET_OVERRUN: entries=locked, until=the next trading day"),
    BarCase(
        Code.LOSING_STREAK,
        book(losing_streak=1),
        book(losing_streak=2, streak_locked=True),
        "LOSING_STREAK: losses_in_a_row=2, lock_at=2",
        "losses",
    ),
    BarCase(Code.TRADES_PER_DAY, book(trades_today=1), book(trades_today=2), "TRADES_PER_DAY: trades=3, maximum=2", "trades"),
    BarCase(
        Code.SUBMISSIONS_PER_DAY,
        book(submissions_today=5),
        book(submissions_today=6),
        "SUBMISSIONS_PER_DAY: submissions=7, maximum=6",
        "submissions",
    ),
    BarCase(Code.ENTRIES_PER_HOUR, book(hour_entries=0), book(hour_entries=1), "ENTRIES_PER_HOUR: entries=2, maximum=1", "entries"),
    BarCase(
        Code.ENTRY_SPACING,
        book(last_entry_ns=last(30)),
        book(last_entry_ns=last(29, 59)),
        "ENTRY_SPACING: minutes=29.98, minimum=30.00",
        "minutes",
    ),
    BarCase(Code.DVS_UNKNOWN, {}, {"dvs": math.nan}, "DVS_UNKNOWN: dvs=unknown, minimum=0.80"),
    BarCase(Code.DVS_BELOW_MINIMUM, {"dvs": 0.80}, {"dvs": 0.80 - 2e-9}, "DVS_BELOW_MINIMUM: dvs=0.80, minimum=0.80"),
    BarCase(Code.DVS_BELOW_MINIMUM, {"dvs": 0.80 - 5e-10}, {"dvs": 0.79}, "DVS_BELOW_MINIMUM: dvs=0.79, minimum=0.80"),
    BarCase(Code.EQS_BELOW_MINIMUM, {"eqs": 0.75}, {"eqs": 0.71}, "EQS_BELOW_MINIMUM: eqs=0.71, minimum=0.75"),
    BarCase(Code.EQS_BELOW_MINIMUM, {"eqs": 0.75 - 5e-10}, {"eqs": 0.75 - 2e-9}, "EQS_BELOW_MINIMUM: eqs=0.75, minimum=0.75"),
    BarCase(Code.EQS_BELOW_MINIMUM, {"eqs": 0.75}, {"eqs": math.nan}, "EQS_BELOW_MINIMUM: eqs=nan, minimum=0.75"),
    BarCase(
        Code.OUTSIDE_SESSION,
        {},
        {"entry_refusal": "outside session", "market": market(session=None)},
        "OUTSIDE_SESSION: now=outside session, required=a regular session",
    ),
    BarCase(Code.NO_ENTRY_WINDOW, {}, {"entry_refusal": "lunch"}, "NO_ENTRY_WINDOW: window=lunch, required=an entry window"),
    BarCase(
        Code.VOLATILITY_SHOCK,
        {"lockouts": {"volatility_ns": last(60)}},
        {"lockouts": {"volatility_ns": last(59, 59)}},
        "VOLATILITY_SHOCK: minutes_since=59.98, minimum=60.00",
        "minutes",
    ),
    BarCase(
        Code.EXECUTION_DANGER,
        {"lockouts": {"execution_ns": last(30)}},
        {"lockouts": {"execution_ns": last(29, 59)}},
        "EXECUTION_DANGER: minutes_since=29.98, minimum=30.00",
        "minutes",
    ),
    BarCase(
        Code.NEWS_SHOCK,
        {"lockouts": {"news_ns": last(90)}},
        {"lockouts": {"news_ns": last(89, 59)}},
        "NEWS_SHOCK: minutes_since=89.98, minimum=90.00",
        "minutes",
    ),
    BarCase(Code.EQUITY_UNKNOWN, {}, {"equity_cents": None}, "EQUITY_UNKNOWN: equity=unknown, required=known"),
    BarCase(Code.EQUITY_UNKNOWN, {}, {"available_cents": None}, "EQUITY_UNKNOWN: equity=unknown, required=known"),
    BarCase(Code.K5_NOISE, {}, {"veto": NEVER}, "K5_NOISE: noise=0.80, below=0.70"),
    BarCase(Code.WARM_UP, {}, {"market": market(warming_up=("atr_norm",))}, "WARM_UP: undefined=atr_norm, required=all defined"),
]


def codes(failures: tuple[Refused, ...]) -> list[str]:
    return [failure.code for failure in failures]


@pytest.mark.parametrize("case", BAR_CASES, ids=lambda case: case.code.value)
def test_a_bar_gate_passes_at_its_limit_and_refuses_just_beyond_it(case):
    assert bar_failures(snapshot(**case.passes), LIMITS) == ()
    (failure,) = bar_failures(snapshot(**case.refused), LIMITS)
    gate = next(gate for gate in BAR_GATES if case.code in gate.codes)
    assert (failure.code, failure.layer, failure.text, failure.unit) == (case.code, gate.layer, case.text, case.unit)


@pytest.mark.parametrize(
    ("seconds_from_start", "refuses"),
    [(-1, False), (0, True), (600, True), (1199, True), (1200, False)],
)
def test_a_blackout_is_half_open_and_counts_down(seconds_from_start, refuses):
    blackout = BlackoutLimits(MOMENT - seconds_from_start * SECOND_NS, MOMENT + (1200 - seconds_from_start) * SECOND_NS, "FOMC")
    limits = msgspec.structs.replace(LIMITS, blackouts=(blackout,))
    failures = bar_failures(snapshot(), limits)
    assert codes(failures) == (["BLACKOUT"] if refuses else [])
    if refuses:
        left = (1200 - seconds_from_start) / 60
        assert failures[0].text == f"BLACKOUT: reason=FOMC, minutes_left={left:.2f}".replace("0.017", "0.02")


# ------------------------------------------------------------------ plans


class PlanCase(NamedTuple):
    """A plan and a moment that just pass, and those that are refused with this text among the failures."""

    code: Code
    passes: tuple[EntryPlan, dict[str, Any]]
    refused: tuple[EntryPlan, dict[str, Any]]
    text: str
    unit: str = ""


def spent(day: int = 0, week: int = 0, month: int = 0) -> dict[str, Any]:
    return book(realised_day_cents=day, realised_week_cents=week, realised_month_cents=month)


def stop(ticks: int, **other: Any) -> EntryPlan:
    return plan(legs=((1, ticks, 40),), **other)


TIER_S, TIER_A = {"equity_cents": 249_999}, {"equity_cents": 250_000}
PLAN_CASES = [
    PlanCase(Code.MAX_CONTRACTS, (plan(), {}), (plan(legs=((2, 6, 20),)), {}), "MAX_CONTRACTS: contracts=2, maximum=1", "contracts"),
    PlanCase(
        Code.MAX_CONTRACTS,
        (k4_plan(), {}),
        (plan(strategy="K4", legs=((1, 4, 20),) * 3), {}),
        "MAX_CONTRACTS: contracts=3, maximum=2",
        "contracts",
    ),
    PlanCase(
        Code.SIZE_AFTER_LOSS,
        (k4_plan(), book(last_loser_contracts=2)),
        (k4_plan(), book(last_loser_contracts=1)),
        "SIZE_AFTER_LOSS: contracts=2, maximum=1",
        "contracts",
    ),
    PlanCase(Code.RISK_PER_TRADE, (stop(12), {}), (stop(13), {}), "RISK_PER_TRADE: risk=16.25, maximum=15.00", "USD"),
    PlanCase(Code.STOP_TOO_WIDE, (stop(12), {}), (stop(13), {}), "STOP_TOO_WIDE: stop_ticks=13, maximum=12", "ticks"),
    PlanCase(Code.STOP_TOO_WIDE, (k4_plan(stop=6), {}), (k4_plan(stop=7), {}), "STOP_TOO_WIDE: stop_ticks=7, maximum=6", "ticks"),
    PlanCase(Code.STOP_TOO_NARROW, (stop(4), {}), (stop(3), {}), "STOP_TOO_NARROW: stop_ticks=3, minimum=4", "ticks"),
    PlanCase(
        Code.STOP_TOO_NARROW,
        (plan(strategy="K4", legs=((1, 6, 20), (1, 4, 20))), {}),
        (plan(strategy="K4", legs=((1, 6, 20), (1, 3, 20))), {}),
        "STOP_TOO_NARROW: stop_ticks=3, minimum=4",
        "ticks",
    ),
    PlanCase(
        Code.DAILY_LOSS_BUDGET,
        (stop(7), spent(day=-1749)),
        (stop(9), spent(day=-1749)),
        "DAILY_LOSS_BUDGET: worst_case=13.74, remaining=12.51",
        "USD",
    ),
    PlanCase(
        Code.DAILY_LOSS_BUDGET,
        (stop(12), spent(day=-1251)),
        (stop(12), spent(day=-1252)),
        "DAILY_LOSS_BUDGET: worst_case=17.49, remaining=17.48",
        "USD",
    ),
    PlanCase(
        Code.WEEKLY_LOSS_BUDGET,
        (stop(12), spent(week=-5751)),
        (stop(12), spent(week=-5752)),
        "WEEKLY_LOSS_BUDGET: worst_case=17.49, remaining=17.48",
        "USD",
    ),
    PlanCase(
        Code.MONTHLY_LOSS_BUDGET,
        (stop(12), spent(month=-13251)),
        (stop(12), spent(month=-13252)),
        "MONTHLY_LOSS_BUDGET: worst_case=17.49, remaining=17.48",
        "USD",
    ),
    PlanCase(
        Code.TIER_STRATEGY,
        (k4_plan(), {"equity_cents": 750_000}),
        (k4_plan(), {"equity_cents": 749_999}),
        "TIER_STRATEGY: equity=7499.99, minimum=7500.00",
        "USD",
    ),
    PlanCase(
        Code.TIER_STRATEGY,
        (plan(strategy="K3"), TIER_A),
        (plan(strategy="K3"), TIER_S),
        "TIER_STRATEGY: equity=2499.99, minimum=2500.00",
        "USD",
    ),
    PlanCase(Code.TIER_STOP, (stop(9), TIER_S), (stop(10), TIER_S), "TIER_STOP: stop_ticks=10, maximum=9", "ticks"),
    PlanCase(Code.TIER_RISK, (stop(9), TIER_S), (stop(10), TIER_S), "TIER_RISK: risk=12.50, maximum=12.00", "USD"),
    PlanCase(
        Code.MARGIN_BUFFER,
        (plan(), {"available_cents": 360_000}),
        (plan(), {"available_cents": 359_999}),
        "MARGIN_BUFFER: available=3599.99, minimum=3600.00",
        "USD",
    ),
    PlanCase(
        Code.MARGIN_BUFFER,
        (k4_plan(), {"available_cents": 720_000}),
        (k4_plan(), {"available_cents": 719_999}),
        "MARGIN_BUFFER: available=7199.99, minimum=7200.00",
        "USD",
    ),
    PlanCase(
        Code.QUARANTINED,
        (plan(), {"trust": {"K1": TrustStub("THROTTLED", 1.5)}}),
        (plan(), {"trust": {"K1": TrustStub("QUARANTINED")}}),
        "QUARANTINED: state=QUARANTINED, required=ACTIVE or THROTTLED",
    ),
    PlanCase(
        Code.LEARNING_STATE,
        (plan(), {"trust": {"K1": TrustStub("ACTIVE")}}),
        (plan(), {"trust": {"K1": TrustStub("PROMISING")}}),
        "LEARNING_STATE: state=PROMISING, required=ACTIVE or THROTTLED",
    ),
    PlanCase(
        Code.ARCHIVED,
        (plan(), {}),
        (plan(), {"trust": {"K1": TrustStub("ARCHIVED")}}),
        "ARCHIVED: state=ARCHIVED, required=ACTIVE or THROTTLED",
    ),
    # friction of one contract: 1.24 + 1.25 = 2.49; 30 % of 6 ticks (7.50) is 2.25, of 7 (8.75) 2.63
    PlanCase(
        Code.FRICTION_SHARE,
        (plan(legs=((1, 4, 7),)), {}),
        (plan(legs=((1, 4, 6),)), {}),
        "FRICTION_SHARE: share=0.33, limit=0.30",
        "share of target",
    ),
    PlanCase(Code.TIME_TO_LIVE, (plan(ttl=90.0), {}), (plan(ttl=91.0), {}), "TIME_TO_LIVE: ttl=91.00, maximum=90.00", "seconds"),
    PlanCase(Code.TIME_TO_LIVE, (plan(ttl=1.0), {}), (plan(ttl=0.0), {}), "TIME_TO_LIVE: ttl=0.00, maximum=90.00", "seconds"),
    PlanCase(
        Code.ENTRY_TYPE,
        (plan(), {}),
        (msgspec.structs.replace(plan(), entry_type="MARKET"), {}),
        "ENTRY_TYPE: type=MARKET, allowed=LIMIT or STOP_LIMIT",
    ),
    PlanCase(
        Code.BRACKET_INCOMPLETE,
        (plan(), {}),
        (msgspec.structs.replace(plan(), legs=(Leg(1, 992, 1000),)), {}),
        "BRACKET_INCOMPLETE: found=leg 1: quantity 1, stop 8 and target 0 ticks away, required=each above 0",
    ),
    PlanCase(
        Code.BRACKET_INCOMPLETE,
        (plan(side=-1), {}),
        (msgspec.structs.replace(plan(side=-1), legs=(Leg(1, 992, 984),)), {}),
        "BRACKET_INCOMPLETE: found=leg 1: quantity 1, stop -8 and target 16 ticks away, required=each above 0",
    ),
]
LENIENT = msgspec.structs.replace(LIMITS, euc=LIMITS.euc.model_copy(update={"min_euc_r": -9.0}))


@pytest.mark.parametrize("case", PLAN_CASES, ids=lambda case: case.code.value)
def test_a_plan_gate_passes_at_its_limit_and_refuses_just_beyond_it(case):
    fine, moment = case.passes
    assert evaluate(fine, snapshot(**moment), LENIENT).verdict is APPROVED
    broken, moment = case.refused
    failure = next(failure for failure in evaluate(broken, snapshot(**moment), LENIENT).failures if failure.code == case.code)
    gate = next(gate for gate in PLAN_GATES if case.code in gate.codes)
    assert (failure.layer, failure.text, failure.unit) == (gate.layer, case.text, case.unit)


@pytest.mark.parametrize("side", [1, -1])
def test_both_sides_are_held_to_the_same_limits(side):
    assert evaluate(plan(side, legs=((1, 12, 40),)), snapshot(), LIMITS).verdict is APPROVED
    assert codes(evaluate(plan(side, legs=((1, 13, 40),)), snapshot(), LIMITS).failures)[0] == "RISK_PER_TRADE"


def test_the_worst_case_of_twelve_ticks_one_contract_and_one_tick_of_slippage_is_17_49():
    assert LIMITS.worst_case_cents(plan(legs=((1, 12, 40),)).risk_cents, 1, 1) == 1749


def test_after_a_loss_of_17_49_seven_ticks_fit_the_day_and_nine_do_not():
    after = snapshot(**spent(day=-1749))
    assert LIMITS.worst_case_cents(stop(7).risk_cents, 1, 1) == 1124
    assert evaluate(stop(7), after, LIMITS).verdict is APPROVED
    assert evaluate(stop(9), after, LIMITS).verdict.text == "DAILY_LOSS_BUDGET: worst_case=13.74, remaining=12.51"
    assert evaluate(stop(8), after, LIMITS).verdict is APPROVED  # 12.49 of 12.51
    assert evaluate(stop(8), snapshot(**spent(day=-1752)), LIMITS).verdict.text == "DAILY_LOSS_BUDGET: worst_case=12.49, remaining=12.48"


@pytest.mark.parametrize(("slippage", "fits"), [(1, True), (2, False)])
def test_modelled_slippage_counts_in_the_worst_case(slippage, fits):
    now = snapshot(market=market(slippage_ticks=slippage), **spent(day=-1251))
    assert (evaluate(stop(12), now, LENIENT).verdict is APPROVED) is fits


# ------------------------------------------------------------------ EUC's own gate


@pytest.mark.parametrize(("euc_of_plan", "refuses"), [(0.0, False), (-5e-10, False), (-2e-9, True), (math.nan, True)])
def test_euc_has_a_minimum_and_nan_never_passes(euc_of_plan, refuses):
    failure = euc_failure(Euc(0.5, 0.5, 0.0, 0.0, 0.0, euc_of_plan), LIMITS.euc)
    assert (failure is not None) is refuses
    if refuses:
        assert (failure.code, failure.layer, failure.limit, failure.unit) == ("EUC_BELOW_MINIMUM", 7, 0.0, "R")


def test_a_weak_belief_is_refused_by_euc_with_its_number():
    judgement = evaluate(plan(), snapshot(market=market(beliefs=with_beliefs(F1=(0.1, 0.1)))), LIMITS)
    assert judgement.verdict.code == "EUC_BELOW_MINIMUM"
    assert judgement.verdict.observed == judgement.euc.total < 0


# ------------------------------------------------------------------ order of authority


ALL_WRONG = dict(
    kill_state=KillState.HALTED, dvs=0.5, eqs=0.5, entry_refusal="lunch", veto=NEVER, equity_cents=249_999, available_cents=100,
    book=dict(position_open=True), lockouts=dict(news_ns=MOMENT), trust={"K4": TrustStub("QUARANTINED", losses=50.0)},
    market=market(warming_up=("vwap_z",)),
)  # fmt: skip


def test_all_layers_are_asked_and_the_highest_one_names_the_refusal():
    judgement = evaluate(k4_plan(ttl=91.0), snapshot(**ALL_WRONG), LIMITS)
    layers = [failure.layer for failure in judgement.failures]
    assert judgement.verdict is judgement.failures[0]
    assert layers == sorted(layers)
    assert set(layers) == set(range(9))


@pytest.mark.parametrize("layer", range(9))
def test_without_the_layers_above_it_each_layer_speaks_first(layer):
    repaired = dict(ALL_WRONG)
    repairs = [
        ("kill_state", KillState.ARMED), ("book", {}), ("dvs", 1.0), ("eqs", 1.0), ("entry_refusal", ""), ("lockouts", {}),
        ("equity_cents", 10**6), ("available_cents", 10**6), ("veto", None), ("market", market()), ("trust", {"K4": TrustStub()}),
    ]  # fmt: skip
    of_layer = [0, 1, 2, 2, 3, 4, 5, 5, 6, 6, 6]
    for (name, value), above in zip(repairs, of_layer, strict=True):
        if above < layer:
            repaired[name] = value
    if layer == 7:  # a bad record of trades costs EUC, not trust
        repaired["trust"] = {"K4": TrustStub(losses=50.0)}
    assert evaluate(k4_plan(ttl=91.0), snapshot(**repaired), LIMITS).verdict.layer == layer


def test_the_others_are_listed_with_their_distances():
    judgement = evaluate(stop(13), snapshot(eqs=0.71, **spent(day=-1749)), LIMITS)
    assert [(failure.code, failure.distance) for failure in judgement.failures] == [
        ("RISK_PER_TRADE", pytest.approx(1.25)),
        ("STOP_TOO_WIDE", 1),
        ("DAILY_LOSS_BUDGET", pytest.approx(18.74 - 12.51)),
        ("EQS_BELOW_MINIMUM", pytest.approx(0.04)),
        ("TIER_STOP", 1),
        ("TIER_RISK", pytest.approx(1.25)),
    ]
    assert NEVER.distance == pytest.approx(0.1)
    assert Refused("X", "state", "HALTED", "required", "ARMED", layer=0).distance is None


# ------------------------------------------------------------------ a guard that raises


class AllBombs:
    """A snapshot or a plan none of whose facts can be had."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("boom")


@pytest.mark.parametrize("gate", BAR_GATES, ids=lambda gate: gate.name)
def test_every_bar_gate_that_raises_refuses(gate, monkeypatch):
    monkeypatch.setattr("bot.decision.evaluate.BAR_GATES", (gate,))
    limits = msgspec.structs.replace(LIMITS, blackouts=(BlackoutLimits(0, MOMENT, "FOMC"),))
    (failure,) = bar_failures(AllBombs(), limits)
    assert (failure.code, failure.layer) == ("GUARD_ERROR", gate.layer)
    assert failure.text == f"GUARD_ERROR: guard={gate.name}: RuntimeError: boom, required=an answer"


@pytest.mark.parametrize("gate", PLAN_GATES, ids=lambda gate: gate.name)
def test_every_plan_gate_that_raises_refuses(gate, monkeypatch):
    def boom(*_: Any) -> None:
        raise RuntimeError("boom")

    broken = msgspec.structs.replace(gate, check=boom)
    monkeypatch.setattr("bot.decision.evaluate.PLAN_GATES", tuple(broken if other is gate else other for other in PLAN_GATES))
    verdict = evaluate(plan(), snapshot(), LIMITS).verdict
    assert (verdict.code, verdict.layer) == ("GUARD_ERROR", gate.layer)
    assert verdict.observed == f"{gate.name}: RuntimeError: boom"


@pytest.mark.parametrize("gate", PLAN_GATES, ids=lambda gate: gate.name)
def test_no_plan_gate_lets_a_plan_of_broken_values_pass(gate):
    with pytest.raises(RuntimeError, match="boom"):
        gate.check(AllBombs(), AllBombs(), AllBombs())


@pytest.mark.parametrize(
    "moment",
    [
        {"book": {"realised_day_cents": None}},
        {"book": {"trades_today": "two"}},
        {"book": {"last_entry_ns": None}},
        {"market": None},
        {"trust": {}},
        {"lockouts": {"news_ns": "yesterday"}},
        {"dvs": "high"},
    ],
    ids=str,
)
def test_a_value_of_a_wrong_type_is_a_refusal_and_never_a_pass(moment):
    failures = evaluate(plan(), snapshot(**moment), LIMITS).failures
    assert "GUARD_ERROR" in codes(failures)


def test_a_euc_that_raises_refuses(monkeypatch):
    monkeypatch.setattr("bot.decision.evaluate.euc", lambda *_: 1 / 0)
    verdict = evaluate(plan(), snapshot(), LIMITS).verdict
    assert (verdict.code, verdict.layer) == ("GUARD_ERROR", 7)


def test_a_plan_without_legs_is_refused():
    verdict = evaluate(msgspec.structs.replace(plan(), legs=()), snapshot(), LIMITS).verdict
    assert isinstance(verdict, Refused)


# ------------------------------------------------------------------ completeness

OUTSIDE_THE_GATES = {  # code -> (layer, who speaks it)
    Code.BAR_REJECTED: "the library, on a rejected bar",
    Code.NOBODY_RAN: "the library, of a bar that closed between two runs",
    Code.NO_ANSWER: "the library, of a strategy that does not answer",
    Code.EUC_BELOW_MINIMUM: "evaluate",
    Code.OUTRANKED: "the choice among plans",
    Code.PLAN_MISMATCH: "the risk engine",
    Code.UNKNOWN_INTENT: "the risk engine",
    Code.DUPLICATE_INTENT: "the risk engine",
    Code.NOT_RECOGNISED: "the risk engine",
    Code.STOP_WIDENS: "the risk engine",
    Code.STOP_CHANGES: "the risk engine",
    Code.CHANGE_FORBIDDEN: "the risk engine",
    Code.CANCEL_FORBIDDEN: "the risk engine",
    Code.EXPOSURE: "the risk engine",
    Code.GUARD_ERROR: "whoever asks a guard",
}


def test_every_code_has_a_meaning_and_exactly_one_kind_of_speaker():
    spoken = [code for gate in (*BAR_GATES, *PLAN_GATES) for code in gate.codes]
    assert len(spoken) == len(set(spoken)), "no code is spoken by two gates"
    assert set(spoken) | set(OUTSIDE_THE_GATES) == set(Code)
    assert not set(spoken) & set(OUTSIDE_THE_GATES)
    assert set(MEANING) == set(Code)
    assert all(MEANING.values())


def test_every_gate_is_tested_here_and_stands_in_order_of_authority():
    for gates in (BAR_GATES, PLAN_GATES):
        assert [gate.layer for gate in gates] == sorted(gate.layer for gate in gates)
        assert all(isinstance(gate.layer, Layer) for gate in gates)
    tested = {case.code for case in (*BAR_CASES, *PLAN_CASES)} | {Code.BLACKOUT, Code.K5_LUNCH_VOID, Code.K5_OPPOSITE_STOPS}
    assert tested == {code for gate in (*BAR_GATES, *PLAN_GATES) for code in gate.codes}


def test_a_quiet_moment_lets_a_fair_plan_pass():
    now: Snapshot = snapshot()
    assert evaluate(plan(), now, LIMITS).verdict is APPROVED
    assert evaluate(k4_plan(), now, LIMITS).verdict is APPROVED
