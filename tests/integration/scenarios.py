"""Whole runs over crafted bars, each reaching the refusals and exits it names.

Base of all: eight synthetic RTH sessions. A scenario changes numbers of the law, the bars,
the account or the cast; it never replaces a component's answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import msgspec
import pandas as pd
import pytest
from builders import TrustStub, calendar
from nautilus_trader.model.currencies import EUR
from nautilus_trader.model.enums import OrderSide, TriggerType
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import OrderList
from rogue import MES, Rogue
from stage import DAY, FLAT, WARM_UP_DAY, Played, bare, frame_of, lawbook, play, quiet_day, with_strategies

from actors.learning import LearningActor
from bot.bars.synth import synthetic_bars
from bot.calendar import NEW_YORK
from bot.decision.codes import Code
from bot.decision.evaluate import Judgement, evaluate
from bot.decision.plan import ExitReason
from bot.market.bar import Bar
from bot.messages import ENDPOINT_RISK_LOCK, TOPIC_BROKER
from bot.risk_engine.brackets import price_of
from bot.units import MINUTE_NS, TICK_POINTS

SEED, SESSIONS, FIRST = 1, 8, dt.date(2025, 9, 2)
EARLY = {"strategies": {"signals.atr_norm_min_sessions": 1}}
MORNING = dt.datetime(2025, 9, 4, 9, 30, tzinfo=NEW_YORK)
FREE = {  # a constitution that lets trades follow each other, so that rare things happen soon
    "constitution": {
        "frequency.max_trades_per_day": 100,
        "frequency.max_entries_per_hour": 60,
        "frequency.min_spacing_minutes": 0,
        "frequency.max_submissions_per_day": 500,
        "losing_streak.max_losses": 100,
        "loss_limits.day_usd": 5_000.0,
        "loss_limits.week_usd": 5_000.0,
        "loss_limits.month_usd": 5_000.0,
    },
    "strategies": {"euc.min_euc_r": -9.0},
}


RECKLESS = {  # many plans, far targets, nothing but the stop and the session to end a trade
    "constitution": {
        "risk_per_trade.max_risk_usd": 200.0,
        "risk_per_trade.max_stop_ticks": 100,
        "friction.max_share_of_target": 1.0,
        "tiers.2.max_stop_ticks": 100,
        "tiers.2.max_risk_usd": 200.0,
    },
    "strategies": {
        "management.protect_at_r": 99.0,
        "management.volatility_tighten": 98.0,
        "management.volatility_exit": 99.0,
        "K1.min_abs_vwap_z": 0.5,
        "K1.min_belief": 0.2,
        "K1.exit_belief": 0.0,
        "K1.exit_past_vwap_sigma": 99.0,
        "K1.max_minutes": 390,
        "K2.min_failed_break": 0.05,
        "K2.min_belief": 0.0,
        "K2.phases": [1, 2, 4, 5],
        "K3.min_sweep": 0.05,
        "K3.min_belief": 0.0,
        "K3.target_r": 9.0,
        "K3.phases": [1, 2, 4, 5],
        "K3.max_minutes": 390,
    },
}


@lru_cache
def sessions() -> pd.DataFrame:
    """The base bars, RTH only."""
    bars = [bar for bar in synthetic_bars(SEED, SESSIONS, FIRST, calendar()) if calendar().session_at(bar.ts_ns)]
    return frame_of(bars)


@lru_cache
def other_weeks() -> pd.DataFrame:
    """Ten sessions of another seed, RTH only."""
    return frame_of(bar for bar in synthetic_bars(2, 10, FIRST, calendar()) if calendar().session_at(bar.ts_ns))


def with_gaps(every: int) -> Callable[[], pd.DataFrame]:
    """Without every n-th minute: a gap, and a low DVS, again and again."""
    return lambda: sessions().iloc[[index for index in range(len(sessions())) if index % every or index < 800]]


def off_tick() -> pd.DataFrame:
    """A bar in some sessions whose prices MES cannot have."""
    prices = ["open", "high", "low", "close"]
    frame = sessions().astype(dict.fromkeys(prices, float))
    frame.loc[frame.index[900::390], prices] += 0.4
    return frame


def gap_through_the_stop() -> pd.DataFrame:
    """Up to the bar that stopped out a real trade nothing changes; that bar opens 30 ticks through the stop."""
    frame = sessions().copy()
    outcome = next(body for body in played("the standing law").outcomes if body["exit_reason"] == "STOP")
    (row,) = frame.index[frame["ts_ns"] == outcome["closed_ns"]]
    assert outcome["opened_ns"] < outcome["closed_ns"]
    columns = ["open", "high", "low", "close"]
    frame.loc[row:, columns] -= 30 * outcome["side"]
    return frame


@dataclass(frozen=True)
class Scenario:
    """`codes` and `exits` are what it is there for; it may reach more."""

    codes: set[Code] = field(default_factory=set)
    exits: set[ExitReason] = field(default_factory=set)
    law: tuple[dict[str, dict[str, Any]], ...] = ()
    bars: Callable[[], pd.DataFrame] = sessions
    equity: int = 10_000
    learning: bool = True
    observe: bool = False
    patches: tuple[tuple[str, Any], ...] = ()
    rogue: dict[str, Callable[[Rogue], None]] | None = None


# ------------------------------------------------------------------ the rogue's tries


def _list_without_stop(rogue: Rogue) -> None:
    listed = rogue.bracket(rogue.write(rogue.intent()))
    rogue.submit_order_list(OrderList(listed.id, [listed.orders[0], listed.orders[2]]))


def _tick_off(rogue: Rogue) -> None:
    rogue.write(rogue.intent())
    rogue.submit_order_list(rogue.bracket(rogue.intent(rogue.plan(stop=7))))


def _twice(rogue: Rogue) -> None:
    listed = rogue.bracket(rogue.write(rogue.intent()))
    rogue.submit_order_list(listed)
    rogue.submit_order_list(rogue.renamed(listed))


def _emulated(rogue: Rogue) -> None:
    order = rogue.order_factory.limit(MES, OrderSide.BUY, Quantity.from_int(1), price_of(1), emulation_trigger=TriggerType.LAST_PRICE)
    rogue.msgbus.send("RiskEngine.execute", rogue.command(order))


def _long_lived(rogue: Rogue) -> None:
    plan = msgspec.structs.replace(rogue.plan(), ttl_seconds=91.0)
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(plan))))


def _after_hours(rogue: Rogue) -> None:
    rogue.submit_order_list(rogue.bracket(rogue.write(rogue.intent(expires_ns=rogue.clock.timestamp_ns()))))


def _broker_trouble(rogue: Rogue) -> None:
    rogue.said.publish(rogue.msgbus, TOPIC_BROKER, "BrokerLinkLost: the gateway lost IBKR")
    rogue.enter(strategy="K3")


def _locked_by_a_person(rogue: Rogue) -> None:
    rogue.msgbus.send(ENDPOINT_RISK_LOCK, "payrolls")
    rogue.enter(strategy="K3")


def _break_a_guard(rogue: Rogue) -> None:
    rogue.controller._situation.book._net_day = "nothing"
    rogue.enter(strategy="K3")


def _promising(actor: LearningActor) -> dict[str, Any]:
    return {name: TrustStub("PROMISING") for name in actor._traders}


def _sell_too_much(rogue: Rogue) -> None:
    supervisor = rogue.controller._supervisor
    (trade,) = supervisor.trades
    supervisor._sender.exit(trade, trade.legs[0], 5)


def _tighten_twice(rogue: Rogue) -> None:
    stop = rogue.order("1S")
    for ticks in (1, 2):
        price = Price(stop.trigger_price.as_double() + ticks * TICK_POINTS, 2)
        rogue.modify_order(stop, trigger_price=price, params={"cause": "x"})


ROGUE = {
    "10:01": lambda rogue: rogue.submit_order(rogue.market(OrderSide.BUY)),
    "10:02": _list_without_stop,
    "10:03": _tick_off,
    "10:04": lambda rogue: rogue.submit_order_list(rogue.bracket(rogue.intent())),
    "10:05": _emulated,
    "10:06": lambda rogue: rogue.enter(quantity=2, stop=6),
    "10:07": _long_lived,
    "10:41": _twice,
    "10:50": lambda rogue: rogue.modify_order(rogue.order("1S"), trigger_price=price_of(rogue.close - 12)),
    "10:49": _tighten_twice,
    "10:51": lambda rogue: rogue.modify_order(rogue.order("1T"), price=price_of(rogue.close + 5)),
    "10:52": lambda rogue: rogue.cancel_order(rogue.order("1S")),
    "12:00": _break_a_guard,
    "12:05": lambda rogue: rogue.enter(strategy="K2"),
}
C, X = Code, ExitReason
_DEAF = tuple((f"strategies.k3.SweepReversal.{name}", lambda self: None) for name in ("on_start", "on_stop"))
SCENARIOS: dict[str, Scenario] = {
    "the standing law": Scenario(
        {
            C.POSITION_OPEN, C.INTENT_IN_FLIGHT, C.ENTRIES_PER_HOUR, C.ENTRY_SPACING, C.LOSING_STREAK, C.SIZE_AFTER_LOSS, C.RISK_PER_TRADE,
            C.STOP_TOO_WIDE, C.DAILY_LOSS_BUDGET, C.NO_ENTRY_WINDOW, C.VOLATILITY_SHOCK,
            C.NEWS_SHOCK, C.TIER_STOP, C.TIER_RISK, C.K5_NOISE, C.K5_LUNCH_VOID, C.WARM_UP, C.EUC_BELOW_MINIMUM,
        },
        {X.STOP, X.THESIS},
    ),
    "the standing law in other weeks": Scenario({C.WEEKLY_LOSS_BUDGET, C.EXECUTION_DANGER, C.QUARANTINED}, bars=other_weeks),
    "learning off": Scenario({C.TRADES_PER_DAY}, {X.TARGET}, learning=False),
    "a small account": Scenario({C.TIER_STRATEGY, C.MARGIN_BUFFER}, equity=2_000),
    "an account in another currency": Scenario({C.EQUITY_UNKNOWN}, patches=(("bot.backtest.config.USD", EUR),)),
    "a strategy that is not running": Scenario({C.NO_ANSWER}, patches=_DEAF),
    "a blackout": Scenario(
        {C.BLACKOUT},
        law=({"constitution": {"lockouts.blackouts": [
            {"start": MORNING, "end": MORNING + dt.timedelta(hours=7), "reason": "FOMC"}]}},),
    ),
    "a small month": Scenario(
        {C.MONTHLY_LOSS_BUDGET}, law=({"constitution": {"loss_limits.week_usd": 30.0, "loss_limits.month_usd": 30.0}},), learning=False
    ),
    "one submission a day": Scenario({C.SUBMISSIONS_PER_DAY}, law=({"constitution": {"frequency.max_submissions_per_day": 1}},)),
    "dear friction and wide stops": Scenario(
        {C.FRICTION_SHARE, C.STOP_TOO_NARROW},
        law=({"constitution": {"friction.max_share_of_target": 0.05, "risk_per_trade.min_stop_ticks": 8}},),
    ),
    "limit entries only": Scenario({C.ENTRY_TYPE}, law=({"execution_contract": {"entry.order_types": ["LIMIT"]}},)),
    "archived at the first quarantine": Scenario({C.ARCHIVED}, law=(FREE, {"learning": {"archive.quarantines": 1}})),
    "dear expiries": Scenario(
        {C.EQS_BELOW_MINIMUM}, law=(FREE, {"execution_contract": {"eqs.events.entry_expired.penalty": 0.6}}), learning=False
    ),
    "a reckless law": Scenario({C.OUTRANKED, C.K5_OPPOSITE_STOPS}, {X.SESSION}, law=(FREE, RECKLESS), learning=False),
    "strategies that do not look whether their extreme was exceeded": Scenario(
        {C.BRACKET_INCOMPLETE}, law=(FREE, RECKLESS), learning=False,
        patches=(("strategies.base.ContractStrategy._exceeded", lambda *_: None),),
    ),
    "no patience": Scenario(
        set(), {X.TIME}, law=(FREE, {"strategies": {f"K{k}.max_minutes": 1 for k in (1, 2, 3, 4)}}), learning=False
    ),
    "nervous about volatility": Scenario(
        set(), {X.VOLATILITY}, law=(FREE, {"strategies": {"management.volatility_exit": 1.02, "management.volatility_tighten": 1.01}}),
        learning=False,
    ),
    "bars with gaps": Scenario(
        {C.DVS_BELOW_MINIMUM}, {X.QUALITY},
        law=(FREE, {"execution_contract": {"exit.max_stop_changes": 0}}), bars=with_gaps(14), learning=False,
    ),
    "prices off the tick": Scenario({C.BAR_REJECTED}, bars=off_tick),
    "a gap through a stop": Scenario({C.BUDGET_OVERRUN}, bars=gap_through_the_stop),
    "a rogue": Scenario(
        {
            C.NOT_RECOGNISED, C.PLAN_MISMATCH, C.UNKNOWN_INTENT, C.MAX_CONTRACTS, C.TIME_TO_LIVE,
            C.DUPLICATE_INTENT, C.STOP_WIDENS, C.STOP_CHANGES, C.CHANGE_FORBIDDEN, C.CANCEL_FORBIDDEN, C.KILL_SWITCH,
        },
        {X.KILL},
        law=(FLAT,), rogue=ROGUE,
    ),
    "a supervisor that would sell what is not held": Scenario(
        {C.EXPOSURE}, {X.KILL}, law=(FLAT,), rogue={"10:41": lambda rogue: rogue.enter(), "10:50": _sell_too_much}
    ),
    "a learning loop with a state of its own": Scenario(
        {C.LEARNING_STATE}, patches=(("actors.learning.LearningActor.trust", _promising),)
    ),
    "a broken guard": Scenario({C.GUARD_ERROR}, law=(FLAT,), rogue={"10:01": _break_a_guard}),
    "observing": Scenario({C.OBSERVE_ONLY}, observe=True),
    "a broker in trouble": Scenario({C.BROKER_BLOCK}, law=(FLAT,), rogue={"10:01": _broker_trouble}),
    "entries locked by a person": Scenario({C.ENTRIES_LOCKED}, law=(FLAT,), rogue={"10:01": _locked_by_a_person}),
    "a rogue after hours whose intent passes for fresh": Scenario(
        {C.DVS_UNKNOWN, C.OUTSIDE_SESSION}, law=(FLAT,), rogue={"16:05": _after_hours},
        patches=(("bot.risk_engine.engine.ContractRiskEngine._stale", lambda *_: ""),),
    ),
}  # fmt: skip


@cache
def played(name: str) -> Played:
    """Run a scenario, once per process."""
    import tempfile
    from pathlib import Path

    scenario = SCENARIOS[name]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        law = lawbook(Path(folder) / "law", EARLY, *scenario.law)
        for target, value in scenario.patches:
            patch.setattr(target, value)
        if scenario.rogue is None:
            return play(law, Path(folder) / "out", scenario.bars(), scenario.equity, scenario.learning, observe=scenario.observe)
        rogue = Rogue(scenario.rogue)
        patch.setattr("bot.backtest.config.assembled", bare)
        patch.setattr("bot.risk_engine.engine.evaluate", lambda *asked: _overheard(name, evaluate(*asked)))

        def before(run: Any) -> None:
            rogue.controller = run.risk
            with_strategies(rogue)(run)

        return play(law, Path(folder) / "out", _two_quiet_days(), before=before)


OVERHEARD: dict[str, set[str]] = {}


def _overheard(name: str, judgement: Judgement) -> Judgement:
    """A denial names the first failing layer only; the others are heard here."""
    OVERHEARD.setdefault(name, set()).update(failure.code for failure in judgement.failures)
    return judgement


def _two_quiet_days() -> pd.DataFrame:
    """The second day goes on ten minutes after its close; at 10:42 it fills a bracket of 10:41."""
    days = quiet_day(WARM_UP_DAY) + quiet_day(DAY, script={"10:42": (0, 3, -2, 1)})
    last = days[-1]
    later = [Bar(last.ts_ns + minute * MINUTE_NS, *last[1:]) for minute in range(1, 11)]
    return frame_of(days + later)


def reached(name: str) -> tuple[set[str], set[str]]:
    """Codes and exit reasons that a scenario has brought about: refusals of decisions, denials of orders, ends of trades."""
    run = played(name)
    decisions = run.of("decision")
    gates = [gate for body in decisions for gate in ([body["gate"]] if body.get("gate") else []) + body.get("others", [])]
    codes = {gate["code"] for gate in gates} | set(run.denials) | OVERHEARD.get(name, set())
    return codes & {code.value for code in Code}, {body["exit_reason"] for body in run.outcomes}
