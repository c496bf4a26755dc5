"""Bodies of journal records as lines a person reads. All times New York, money in dollars, prices in points."""

from __future__ import annotations

from typing import Any

from bot.decision.verdict import shown
from bot.journal.read import Record
from bot.journal.records import Action, Kind
from bot.journal.sentences import LAYER_NAMES, apart
from bot.journal.times import new_york
from bot.journal.to_pass import PHASES, what_had_to_change

Body = dict[str, Any]

_SIDES = {1: "long", -1: "short", 0: "no side"}


def bar_lines(bar: Body) -> list[str]:
    """Prices, regime and phase of a bar."""
    rejected = "  REJECTED: its prices were not used" if bar["rejected"] else ""
    return [
        f"  bar     open {_price(bar['open'])}  high {_price(bar['high'])}  low {_price(bar['low'])}  close {_price(bar['close'])}"
        f"  volume {bar['volume']:,}{rejected}",
        f"  market  {bar['regime']}, {PHASES[bar['session_phase']]}" if bar["regime"] else "  market  not looked at",
    ]


def quality_lines(bar: Body) -> list[str]:
    """DVS and EQS of a bar, with what lowered them."""
    own = _parts(bar["dvs_events"]) or "nothing lowered this bar's own score"
    if bar["dvs"] is not None and bar["dvs"] < bar["own_dvs"] - 1e-9:
        own += f"; own score {shown(bar['own_dvs'])}, an earlier bar of the window holds the score down"
    eqs = _parts(bar["eqs_parts"]) or "nothing lowers it"
    return [f"  DVS     {_score(bar['dvs'])}: {own}", f"  EQS     {_score(bar['eqs'])}: {eqs}"]


def decision_lines(decision: Body, vetoer: str) -> list[str]:
    """One decision: its sentence first, then everything it rests on. `vetoer` names the filter."""
    lines = [decision["sentence"], _row("action", decision["action"])]
    gate = decision.get("gate")
    if gate:
        lines.append(_row("first gate", _gate(gate)))
    lines += [_row("also fails" if not index else "", _gate(other)) for index, other in enumerate(decision.get("others", ()))]
    if change := to_pass(decision, vetoer):
        lines.append(_row("to pass", change))
    if decision.get("plan"):
        lines.append(_row("plan", plan_text(decision["plan"])))
    if decision.get("euc"):
        lines.append(_row("EUC", _euc(decision["euc"])))
    if decision.get("beliefs"):
        long, short = decision["beliefs"]
        lines.append(_row("belief", f"long {_score(long)}, short {_score(short)}"))
    lines.append(_row("scores", f"DVS {_score(decision['dvs'])}, EQS {_score(decision['eqs'])}"))
    if decision.get("management"):
        lines.append(_row("trade", _management(decision)))
    if decision.get("intent_id"):
        lines.append(_row("intent", decision["intent_id"]))
    return lines


def plan_text(plan: Body) -> str:
    """An entry plan in one line."""
    trigger = "" if plan["trigger"] is None else f"trigger {_price(plan['trigger'])}, "
    legs = "; ".join(f"{quantity} × stop {_price(stop)}, target {_price(target)}" for quantity, stop, target in plan["legs"])
    return (
        f"{_SIDES[plan['side']]} {plan['entry_type']}, {trigger}limit {_price(plan['limit'])}; {legs}; "
        f"{plan['stop_ticks']} ticks at risk ({usd(plan['risk_cents'])}), {_score(plan['reward_ratio'])} R to win, "
        f"{plan['max_minutes']} min at most"
    )


def outcome_lines(outcome: Body) -> list[str]:
    """How a trade, or a shadow trade, ended."""
    what = "shadow trade" if outcome["shadow"] else "trade"
    gates = f" (refused by {', '.join(outcome['gates'])})" if outcome["gates"] else ""
    overrun = ("  BUDGET OVERRUN" if outcome["budget_overrun"] else "") + (f"  {outcome['mark']}" if outcome.get("mark") else "")
    return [
        _row("outcome", f"{what} {outcome['trade_id']}{gates}: {outcome['exit_reason']} at {new_york(outcome['closed_ns'])}{overrun}"),
        _row(
            "",
            f"{_price(outcome['entry_price'])} to {_price(outcome['exit_price'])}, net {usd(outcome['net_cents'])} "
            f"({outcome['r']:+.2f} R), best {outcome['mfe_ticks']} and worst {outcome['mae_ticks']} ticks",
        ),
    ]


def state_lines(change: Record) -> list[str]:
    """The learning state that a strategy is in since this change; nothing to tell of one that is ACTIVE."""
    body = change.body
    if body["after"] == "ACTIVE":
        return []
    level = f" {body['throttle_level']}" if body["after"] == "THROTTLED" else ""
    return [
        _row("state", f"{body['after']}{level} since {new_york(change.ts_ns)}: {body['reason']}"),
        _row("", f"released by: {body['release']}"),
    ]


def event_lines(record: Record) -> list[str]:
    """One event, with its time and what it says."""
    return [f"  {new_york(record.ts_ns)[11:]}  {record.kind.upper():14}{_event(record)}"]


def usd(cents: int) -> str:
    """Cents as dollars, sign first: −$17.49."""
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def _event(record: Record) -> str:
    body = record.body
    match record.kind:
        case Kind.INTENT:
            return f"{body['intent_id']}: {plan_text(body['plan'])}"
        case Kind.ORDER:
            prices = [f"{name} {_price(body[name])}" for name in ("price", "trigger") if body.get(name) is not None]
            reason = f" ({body['reason']})" if body.get("reason") else ""
            return f"{body['role']} {body['event']} × {body['quantity']} {' '.join(prices)}{reason}  {body['client_order_id']}"
        case Kind.FILL:
            word = "bought" if body["side"] > 0 else "sold"
            slip = f", slippage {body['slippage_ticks']:g} ticks"
            return f"{body['role']} {word} {body['quantity']} at {_price(body['price'])}{slip}, fee {usd(body['fee_cents'])}"
        case Kind.OUTCOME:
            kind = "shadow " if body["shadow"] else ""
            return f"{kind}{body['trade_id']}: {body['exit_reason']}, net {usd(body['net_cents'])} ({body['r']:+.2f} R)"
        case Kind.STATE:
            return (
                f"{body['strategy']} {body['before']} → {body['after']}: {body['reason']} "
                f"({body['statistic']} {shown(body['value'])} over {body['sample_size']}); released by: {body['release']}"
            )
        case Kind.QUALITY:
            return f"{body['score']} −{body['penalty']:.2f} {body['event']} {body.get('detail', '')}".rstrip()
        case Kind.RECONCILE:
            return f"{body['found']}: {body['text']} {body.get('client_order_id', '')}".rstrip()
        case Kind.KILL:
            return f"{body['state']}: {body['reason']} {body.get('detail', '')}".rstrip()
        case Kind.OPERATOR:
            return f"{body['action']}: {body['reason']} {body.get('detail', '')}".rstrip()
        case Kind.SHADOW:
            return f"{body['trade_id']} {body['state']} (refused by {', '.join(body['gates']) or 'nothing'})"
        case _:
            return ", ".join(f"{name}={value}" for name, value in body.items())


def to_pass(decision: Body, vetoer: str) -> str:
    """What would have had to be otherwise for a decision to be an entry; "" if nothing, or if the filter only waited."""
    waiting = decision["strategy"] == vetoer and decision["action"] == Action.SKIP  # it did not veto: nothing had to pass
    if waiting or not decision.get("gate"):
        return ""
    return what_had_to_change((decision["gate"], *decision.get("others", ())))


def _gate(gate: Body) -> str:
    distance = f", {apart(gate['distance'], gate['unit'])} away" if gate["distance"] is not None else ""
    layer = f"layer {gate['layer']}, {LAYER_NAMES[gate['layer']]}"
    observed, limit = (shown(value) if value is not None else "unknown" for value in (gate["observed"], gate["limit"]))
    return f"{gate['code']}: {gate['observed_name']}={observed}, {gate['limit_name']}={limit}{distance}  [{layer}]"


def _euc(euc: Body) -> str:
    text = (
        f"{_signed(euc['total'])} R = edge {_signed(euc['edge'])} − uncertainty {_score(euc['uncertainty'])} − cost {_score(euc['cost'])}"
    )
    if "probability" in euc:
        text += f"; probability of a win {_score(euc['probability'])}, break-even {_score(euc.get('break_even'))}"
    return text


def _management(decision: Body) -> str:
    action = decision["management"]
    stop = f", stop to {_price(action['stop'])}" if action.get("stop") is not None else ""
    why = ", ".join(action[name] for name in ("reason", "why") if action.get(name))
    return f"{decision['trade_id']} {action['kind']}{stop}{': ' + why if why else ''}"


def _parts(parts: Any) -> str:
    return ", ".join(f"{name} −{penalty:.2f}" for name, penalty in parts)


def _row(name: str, text: str) -> str:
    return f"  {name:11} {text}"


def _price(price: float | None) -> str:
    return "unknown" if price is None else f"{price:.2f}"


def _score(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2f}"
