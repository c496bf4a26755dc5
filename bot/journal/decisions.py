"""From decisions to their records: one per strategy and bar, with the sentence a person reads."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.decision.codes import Layer
from bot.decision.euc import Euc
from bot.decision.intent import Intent
from bot.decision.plan import Act, EntryPlan, ManagementAction, NoSetup, TradeView
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.journal.build import gate_record, plan_record, signals_of
from bot.journal.records import Action, BarRecord, DecisionRecord, GateRecord
from bot.journal.sentences import decision_sentence, smallest_change
from bot.market.update import MarketUpdate
from bot.units import to_points

NAN = float("nan")


def decision(
    strategy: str,
    belief: str,
    now: Snapshot | None,
    failures: tuple[Refused, ...],
    plan: EntryPlan | None = None,
    euc: Euc | None = None,
    intent_id: str | None = None,
    at_bar: Sequence[GateRecord] = (),
) -> DecisionRecord:
    """ENTER if nothing refused the plan, else SKIP with every gate that did, in order of authority. `belief` is the strategy's; `at_bar`
    are gates that refuse any entry of the bar, after `failures`.
    """
    gates = [*map(gate_record, failures), *at_bar]
    entering = intent_id is not None
    side = plan.side if plan is not None else 0
    text = _plan_text(plan) if entering and plan is not None else failures[0].text
    return DecisionRecord(
        strategy=strategy,
        action=Action.ENTER if entering else Action.SKIP,
        sentence=decision_sentence(strategy, side, Action.ENTER if entering else Action.SKIP, text),
        dvs=NAN if now is None else now.dvs,
        eqs=NAN if now is None else now.eqs,
        beliefs=None if now is None else _beliefs(belief, now),
        gate=gates[0] if gates else None,
        others=gates[1:],
        smallest_change=smallest_change(gates) if plan is not None else "",
        plan=None if plan is None else plan_record(plan),
        euc=None if euc is None else msgspec.structs.asdict(euc),
        intent_id=intent_id,
    )


def intent_decision(belief: str, now: Snapshot | None, intent: Intent) -> DecisionRecord:
    """ENTER of an intent that an earlier run wrote down and did not live to decide: plan, EUC and scores are the intent's own.

    `now` is the bar as history shows it, for the beliefs.
    """
    plan, decided = intent.plan, intent.decided
    record = decision(plan.strategy, belief, now, (), plan, decided.euc, intent.intent_id)
    return msgspec.structs.replace(record, dvs=decided.dvs, eqs=decided.eqs)


def management_decision(strategy: str, belief: str, action: ManagementAction, trade: TradeView, now: Snapshot) -> DecisionRecord:
    """MANAGE (hold or tighten) or EXIT of the strategy's own open trade."""
    kind = Action.EXIT if action.act is Act.EXIT else Action.MANAGE
    reason = action.reason.value if action.reason is not None else action.cause
    stop = None if action.stop is None else to_points(action.stop)
    return DecisionRecord(
        strategy=strategy,
        action=kind,
        sentence=decision_sentence(strategy, trade.side, kind, f"{action.act.value}: {action.why}"),
        dvs=now.dvs,
        eqs=now.eqs,
        beliefs=_beliefs(belief, now),
        management={"kind": action.act.value, "reason": reason, "why": action.why, "stop": stop},
        trade_id=trade.trade_id,
    )


def veto_decision(strategy: str, belief: str, veto: Refused | None, answer: NoSetup, now: Snapshot) -> DecisionRecord:
    """The filter's own record: VETO on a bar it vetoes, else SKIP with the condition that was not met (`answer`)."""
    action = Action.SKIP if veto is None else Action.VETO
    gate = answer.refused_by(Layer.TEMPLATE) if veto is None else veto
    return DecisionRecord(
        strategy=strategy,
        action=action,
        sentence=decision_sentence(strategy, 0, action, gate.text),
        dvs=now.dvs,
        eqs=now.eqs,
        beliefs=_beliefs(belief, now),
        gate=gate_record(gate),
    )


def bar_record(update: MarketUpdate) -> BarRecord:
    """The market on a bar of the trading window; a rejected bar has its prices and scores alone."""
    quality, state = update.quality, update.state
    open_, high, low, close = quality.raw_prices
    understood = quality.bar is not None and state is not None
    return BarRecord(
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=quality.volume,
        rejected=quality.bar is None,
        regime=state.regime.value if understood else "",
        session_phase=state.session_phase if understood else 0,
        dvs=quality.dvs,
        own_dvs=quality.own_dvs,
        dvs_events=list(quality.dvs_events),
        eqs=quality.eqs,
        eqs_parts=list(quality.eqs_parts),
        signals=signals_of(state) if understood else {},
    )


def _beliefs(belief: str, now: Snapshot) -> tuple[float, float]:
    long, short = now.market.beliefs[belief]
    return long.effective, short.effective


def _plan_text(plan: EntryPlan) -> str:
    stop, target = to_points(plan.legs[0].stop), to_points(plan.legs[-1].target)
    return f"{plan.quantity} by {plan.entry_type.value} at {to_points(plan.limit):.2f}, stop {stop:.2f}, target {target:.2f}"
