"""Every limit of every gate at itself, inside it and beyond it, with limits that no contract has.

A row makes the plan, the moment and the limits from one number; the numbers inside pass the
gate, those beyond are refused by it, the first of them in these words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from builders import LIMITS, MOMENT, TrustStub, market, plan, snapshot

from bot.decision.codes import Code
from bot.decision.evaluate import Judgement, evaluate
from bot.decision.gates import BAR_GATES, PLAN_GATES
from bot.decision.limits import BlackoutLimits, TierLimits
from bot.decision.plan import EntryPlan, EntryType, Leg
from bot.units import MINUTE_NS, SECOND_NS, TOLERANCE


class Given(NamedTuple):
    """A plan, what differs in the moment, and which limits differ."""

    plan: EntryPlan
    moment: dict[str, Any]
    limits: dict[str, Any]


class Edge(NamedTuple):
    """`says`: observed name and value, limit name and value, unit of the first refusal beyond."""

    code: Code
    given: Callable[[Any], Given]
    inside: tuple[Any, ...]
    beyond: tuple[Any, ...]
    says: tuple[str, Any, str, Any, str]
    name: str = ""


def judged(given: Given) -> Judgement:
    limits = msgspec.structs.replace(LIMITS, **given.limits)
    return evaluate(given.plan, snapshot(**given.moment), limits)


def moment(limits: dict[str, Any] | None = None, **changes: Any) -> Given:
    return Given(plan(), changes, limits or {})


def counted(limits: dict[str, Any] | None = None, **counters: Any) -> Given:
    return Given(plan(), {"book": counters}, limits or {})


def of_plan(chosen: EntryPlan, **limits: Any) -> Given:
    return Given(chosen, {}, limits)


def contracts(quantity: int, last_loser: int = 0, **limits: Any) -> Given:
    return Given(plan(legs=((quantity, 8, 40),)), {"book": {"last_loser_contracts": last_loser}}, {"contracts_of": {"K1": 9}} | limits)


def tiered(chosen: EntryPlan, equity_cents: int | None = 500, **tier: Any) -> Given:
    """The lower of two tiers is in force: K1 may have 2,000 cents of risk and 20 ticks of stop, K2 begins in the upper."""
    lower = TierLimits(
        **{"name": "L", "min_equity_cents": 0, "strategies": frozenset({"K1"}), "max_stop_ticks": 20, "max_risk_cents": 2000} | tier
    )
    upper = TierLimits("U", 1000, frozenset({"K1", "K2"}), 99, 99_999)
    return Given(chosen, {"equity_cents": equity_cents}, {"tiers": (lower, upper)})


def friction(slippage_ticks: int, share: float, target: int = 10, quantity: int = 2) -> Given:
    """Two contracts: fees of 248 cents, 250 a tick of slippage; a target of 10 ticks is 2,500."""
    return Given(plan(legs=((quantity, 8, target),)), {"market": market(slippage_ticks=slippage_ticks)}, {"friction_share": share})


def leg(**changes: int) -> Given:
    """A plan of one leg: 1 contract, stop 2 ticks and target 3 ticks away, but for these."""
    made = {"quantity": 1, "stop": 2, "target": 3, "side": 1} | changes
    side = made["side"]
    chosen = plan(side, legs=((1, 8, 16),))
    return of_plan(msgspec.structs.replace(chosen, legs=(Leg(made["quantity"], 1000 - made["stop"] * side, 1000 + made["target"] * side),)))


def just_reached(share: float) -> float:
    """The limit that, with the tolerance, is this share to the last bit."""
    limit = share - TOLERANCE
    while limit + TOLERANCE != share:
        limit = math.nextafter(limit, 1.0 if limit + TOLERANCE < share else 0.0)
    return limit


TWO = plan(legs=((2, 8, 40),))  # risk 2,000 cents; worst case 2,000 + 248 + 250 a tick of slippage
THREE_TICKS = {"market": market(slippage_ticks=3)}
EDGES = [
    Edge(
        Code.TRADES_PER_DAY,
        lambda n: counted({"max_trades": 5}, trades_today=n),
        (0, 3, 4),
        (5, 6),
        ("trades", 6, "maximum", 5, "trades"),
    ),
    Edge(
        Code.SUBMISSIONS_PER_DAY,
        lambda n: counted({"max_submissions": 3}, submissions_today=n),
        (0, 1, 2),
        (3, 4),
        ("submissions", 4, "maximum", 3, "submissions"),
    ),
    Edge(
        Code.ENTRIES_PER_HOUR,
        lambda n: counted({"max_hour_entries": 4}, hour_entries=n),
        (0, 2, 3),
        (4, 5),
        ("entries", 5, "maximum", 4, "entries"),
    ),
    Edge(
        Code.ENTRY_SPACING,
        lambda ns: counted({"spacing_ns": 7 * MINUTE_NS}, last_entry_ns=MOMENT - ns),
        (7 * MINUTE_NS, 7 * MINUTE_NS + 1),
        (6 * MINUTE_NS, 7 * MINUTE_NS - 1, 0, -1),
        ("minutes", 6.0, "minimum", 7.0, "minutes"),
    ),
    Edge(
        Code.LOSING_STREAK,
        lambda locked: counted({"max_losses": 4}, losing_streak=6, streak_locked=locked),
        (False,),
        (True,),
        ("losses_in_a_row", 6, "lock_at", 4, "losses"),
    ),
    Edge(
        Code.MAX_CONTRACTS,
        lambda n: contracts(n, max_contracts=9, contracts_of={"K1": 3, "K2": 5}),
        (1, 2, 3),
        (4, 5),
        ("contracts", 4, "maximum", 3, "contracts"),
        "the strategy's",
    ),
    Edge(
        Code.MAX_CONTRACTS,
        lambda n: contracts(n, max_contracts=3),
        (1, 2, 3),
        (4, 9),
        ("contracts", 4, "maximum", 3, "contracts"),
        "the constitution's",
    ),
    Edge(
        Code.SIZE_AFTER_LOSS,
        lambda n: contracts(n, last_loser=2),
        (1, 2),
        (3, 4),
        ("contracts", 3, "maximum", 2, "contracts"),
    ),
    Edge(
        Code.RISK_PER_TRADE,
        lambda cents: of_plan(TWO, max_risk_cents=cents),
        (2001, 2000),
        (1999, 0),
        ("risk", 20.0, "maximum", 19.99, "USD"),
    ),
    Edge(
        Code.STOP_TOO_WIDE,
        lambda ticks: of_plan(TWO, max_stop_ticks=ticks, max_risk_cents=9999),
        (9, 8),
        (7, 1),
        ("stop_ticks", 8, "maximum", 7, "ticks"),
        "by ticks",
    ),
    Edge(
        Code.STOP_TOO_WIDE,
        lambda cents: of_plan(TWO, max_stop_ticks=99, max_risk_cents=cents),
        (2001, 2000),
        (1999, 1750),
        ("stop_ticks", 8, "maximum", 7, "ticks"),
        "by risk",
    ),
    Edge(
        Code.STOP_TOO_NARROW,
        lambda ticks: of_plan(TWO, min_stop_ticks=ticks),
        (7, 8),
        (9, 10),
        ("stop_ticks", 8, "minimum", 9, "ticks"),
    ),
    *(
        Edge(
            code,
            lambda cents, name=name: Given(TWO, THREE_TICKS | {"book": {f"realised_{name}_cents": -100}}, {f"{name}_cents": cents}),
            (3099, 3098),
            (3097, 0),
            ("worst_case", 29.98, "remaining", 29.97, "USD"),
            "the limit",
        )
        for code, name in (
            (Code.DAILY_LOSS_BUDGET, "day"),
            (Code.WEEKLY_LOSS_BUDGET, "week"),
            (Code.MONTHLY_LOSS_BUDGET, "month"),
        )
    ),
    *(
        Edge(
            code,
            lambda cents, name=name: Given(TWO, THREE_TICKS | {"book": {f"realised_{name}_cents": cents}}, {f"{name}_cents": 2000}),
            (999, 998),
            (997, 0),
            ("worst_case", 29.98, "remaining", 29.97, "USD"),
            "what was earned",
        )
        for code, name in (
            (Code.DAILY_LOSS_BUDGET, "day"),
            (Code.WEEKLY_LOSS_BUDGET, "week"),
            (Code.MONTHLY_LOSS_BUDGET, "month"),
        )
    ),
    Edge(
        Code.DVS_BELOW_MINIMUM,
        lambda score: moment({"dvs_enter": 0.5}, dvs=score),
        (1.0, 0.5, 0.5 - 1e-9),
        (0.25, 0.5 - 1.1e-9, 0.0, -math.inf),
        ("dvs", 0.25, "minimum", 0.5, ""),
    ),
    Edge(
        Code.DVS_UNKNOWN,
        lambda score: moment({"dvs_enter": 0.5}, dvs=score),
        (1.0, 0.0),
        (math.nan,),
        ("dvs", "unknown", "minimum", 0.5, ""),
    ),
    Edge(
        Code.EQS_BELOW_MINIMUM,
        lambda score: moment({"eqs_enter": 0.5}, eqs=score),
        (1.0, 0.5, 0.5 - 1e-9),
        (0.25, 0.5 - 1.1e-9, 0.0, math.nan),
        ("eqs", 0.25, "minimum", 0.5, ""),
    ),
    *(
        Edge(
            code,
            lambda ns, name=name: moment({f"{name}_ns": 7 * MINUTE_NS}, lockouts={f"{name}_ns": MOMENT - ns}),
            (7 * MINUTE_NS, 7 * MINUTE_NS + 1),
            (6 * MINUTE_NS, 7 * MINUTE_NS - 1, 0),
            ("minutes_since", 6.0, "minimum", 7.0, "minutes"),
        )
        for code, name in (
            (Code.VOLATILITY_SHOCK, "volatility"),
            (Code.EXECUTION_DANGER, "execution"),
            (Code.NEWS_SHOCK, "news"),
        )
    ),
    Edge(
        Code.BLACKOUT,
        lambda ns: moment({"blackouts": (BlackoutLimits(0, 1, "long ago"), BlackoutLimits(100, 100 + 6 * MINUTE_NS, "FOMC"))}, ts_ns=ns),
        (1, 99, 100 + 6 * MINUTE_NS),
        (100 + 3 * MINUTE_NS, 100, 99 + 6 * MINUTE_NS),
        ("reason", "FOMC", "minutes_left", 3.0, "minutes"),
    ),
    Edge(
        Code.TIER_STRATEGY,
        lambda cents: tiered(plan(strategy="K2"), cents),
        (1000, 1001, None),
        (999, 0),
        ("equity", 9.99, "minimum", 10.0, "USD"),
    ),
    Edge(
        Code.TIER_STRATEGY,
        lambda strategy: tiered(plan(strategy=strategy)),
        ("K1",),
        ("K3", "K9", ""),
        ("equity", 5.0, "minimum", "never", "USD"),
        "that no tier has",
    ),
    Edge(
        Code.TIER_STRATEGY,
        lambda cents: tiered(plan(), cents),
        (0, 1),
        (-1, -1000),
        ("equity", -0.01, "minimum", 0.0, "USD"),
        "below every tier",
    ),
    Edge(
        Code.TIER_STOP,
        lambda ticks: tiered(TWO, max_stop_ticks=ticks),
        (9, 8),
        (7, 0),
        ("stop_ticks", 8, "maximum", 7, "ticks"),
        "by ticks",
    ),
    Edge(
        Code.TIER_STOP,
        lambda cents: tiered(TWO, max_risk_cents=cents),
        (2001, 2000),
        (1999, 1750),
        ("stop_ticks", 8, "maximum", 7, "ticks"),
        "by risk",
    ),
    Edge(
        Code.TIER_RISK,
        lambda cents: tiered(TWO, max_risk_cents=cents),
        (2001, 2000),
        (1999, 0),
        ("risk", 20.0, "maximum", 19.99, "USD"),
    ),
    Edge(
        Code.MARGIN_BUFFER,
        lambda cents: Given(TWO, {"available_cents": cents}, {"margin_buffer": 3, "initial_margin_cents": 100}),
        (601, 600, None),
        (599, 0, -1),
        ("available", 5.99, "minimum", 6.0, "USD"),
    ),
    Edge(
        Code.EQUITY_UNKNOWN,
        lambda known: moment(equity_cents=known[0], available_cents=known[1]),
        ((0, 0), (1, -1)),
        ((None, 1), (1, None), (None, None)),
        ("equity", "unknown", "required", "known", ""),
    ),
    Edge(
        Code.FRICTION_SHARE,
        lambda share: friction(1, share),  # 498 / 2,500 = 0.1992
        (0.1992, 0.1992 - 0.9e-9, just_reached(498 / 2500), 1.0),
        (0.1, 0.1992 - 1.1e-9, 0.0),
        ("share", 0.1992, "limit", 0.1, "share of target"),
    ),
    Edge(
        Code.FRICTION_SHARE,
        lambda slippage: friction(slippage, 0.3),  # 748 / 2,500 = 0.2992
        (0, 1, 2),
        (3, 4),
        ("share", 0.3992, "limit", 0.3, "share of target"),
        "by slippage",
    ),
    Edge(
        Code.FRICTION_SHARE,
        lambda target: friction(0, 2.0, target=target, quantity=1),  # 124 of 125
        (1, 2),
        (0, -1),
        ("share", "no target", "limit", 2.0, ""),
        "without a target",
    ),
    Edge(
        Code.TIME_TO_LIVE,
        lambda seconds: of_plan(plan(ttl=seconds), ttl_ns=45 * SECOND_NS),
        (45.0, 44.9, 1.0, 0.001),
        (46.0, 45.001, 0.0, -1.0, math.nan, math.inf),
        ("ttl", 46.0, "maximum", 45.0, "seconds"),
    ),
    Edge(
        Code.ENTRY_TYPE,
        lambda kind: of_plan(msgspec.structs.replace(plan(), entry_type=kind), entry_types=frozenset({"STOP_LIMIT"})),
        (EntryType.STOP_LIMIT,),
        (EntryType.LIMIT, "MARKET", ""),
        ("type", "LIMIT", "allowed", "STOP_LIMIT", ""),
    ),
    *(
        Edge(
            Code.BRACKET_INCOMPLETE,
            lambda number, name=name, side=side: leg(**{name: number, "side": side}),
            (1, 2, 8),
            (0, -1),
            ("found", f"leg 1: {words}", "required", "each above 0", ""),
            name,
        )
        for side in (1, -1)
        for name, words in (
            ("quantity", "quantity 0, stop 2 and target 3 ticks away"),
            ("stop", "quantity 1, stop 0 and target 3 ticks away"),
            ("target", "quantity 1, stop 2 and target 0 ticks away"),
        )
    ),
]


def named(edge: Edge) -> str:
    return f"{edge.code} {edge.name}".strip()


@pytest.mark.parametrize("edge", EDGES, ids=named)
def test_what_is_inside_a_limit_passes_its_gate(edge):
    for number in edge.inside:
        found = [failure.code for failure in judged(edge.given(number)).failures]
        assert edge.code not in found, number
        assert Code.GUARD_ERROR not in found, number


@pytest.mark.parametrize("edge", EDGES, ids=named)
def test_what_is_beyond_a_limit_is_refused_with_both_numbers(edge):
    refusals = [[failure for failure in judged(edge.given(number)).failures if failure.code == edge.code] for number in edge.beyond]
    assert [len(found) for found in refusals] == [1] * len(edge.beyond)
    first = refusals[0][0]
    assert (first.observed_name, first.observed, first.limit_name, first.limit, first.unit) == edge.says
    assert (type(first.code), type(first.layer)) == (str, int)  # as a record keeps them


# ------------------------------------------------------------------ what has no number


@pytest.mark.parametrize("code", [Code.VOLATILITY_SHOCK, Code.EXECUTION_DANGER, Code.NEWS_SHOCK])
def test_a_lockout_that_was_never_triggered_locks_nothing_however_early_it_is(code):
    assert code not in [failure.code for failure in judged(moment(ts_ns=MINUTE_NS)).failures]


@pytest.mark.parametrize("state", ["ACTIVE", "THROTTLED"])
def test_a_trusted_strategy_passes(state):
    assert {failure.layer for failure in judged(moment(trust={"K1": TrustStub(state)})).failures} <= {7}


def test_several_undefined_signals_are_all_named():
    (failure,) = judged(moment(market=market(warming_up=("atr_norm", "vwap_z")))).failures
    assert failure.observed == "atr_norm vwap_z"


def test_the_first_broken_leg_is_named_by_its_number():
    chosen = msgspec.structs.replace(plan(), legs=(Leg(1, 992, 1016), Leg(1, 1000, 1016), Leg(0, 992, 1016)))
    (failure,) = (failure for failure in judged(of_plan(chosen)).failures if failure.code == Code.BRACKET_INCOMPLETE)
    assert failure.observed == "leg 2: quantity 1, stop 0 and target 16 ticks away"


def test_a_plan_without_legs_is_no_bracket():
    found = judged(of_plan(msgspec.structs.replace(plan(), legs=()))).failures
    assert ("legs", 0, "minimum", 1) in [(one.observed_name, one.observed, one.limit_name, one.limit) for one in found]


def test_the_allowed_entry_types_are_told_in_order():
    found = judged(of_plan(msgspec.structs.replace(plan(), entry_type="MARKET"), entry_types=frozenset("ZYXWVUTSR"))).failures
    assert [failure.limit for failure in found if failure.code == Code.ENTRY_TYPE] == ["R or S or T or U or V or W or X or Y or Z"]


def test_gates_are_known_by_their_names_in_order_of_authority():
    assert [gate.name for gate in BAR_GATES] == [
        "kill switch", "entry lock", "observe", "broker",
        "one position", "one intent in flight", "budget overrun lock", "losing streak lock", "trades a day", "submissions a day",
        "entries an hour", "spacing of entries",
        "data validity", "execution quality", "entry window",
        "volatility shock", "execution danger", "news shock", "blackout",
        "equity known", "K5 veto", "warm-up",
    ]  # fmt: skip
    assert [gate.name for gate in PLAN_GATES] == [
        "contracts", "size after a loss", "risk per trade", "widest stop", "narrowest stop",
        "daily loss budget", "weekly loss budget", "monthly loss budget",
        "tier's strategies", "tier's stop", "tier's risk", "margin buffer", "learning state", "friction share",
        "entry type", "time to live", "complete brackets",
    ]  # fmt: skip
