"""The bodies of journal records, by kind. Prices are points, money whole cents, times UTC ns.

A record's market time, sequence, contract hash and kind stand beside the body (store.py).
nan is written as null.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What a record is."""

    CONTRACTS = "contracts"
    BAR = "bar"
    DECISION = "decision"
    INTENT = "intent"
    ORDER = "order event"
    FILL = "fill"
    OUTCOME = "outcome"
    STATE = "state change"
    QUALITY = "quality event"
    RECONCILE = "reconcile"
    KILL = "kill"
    SHADOW = "shadow"
    DAY = "day"
    OPERATOR = "operator action"


class Action(StrEnum):
    """What was decided for one strategy on one bar."""

    ENTER = "ENTER"
    MANAGE = "MANAGE"
    EXIT = "EXIT"
    SKIP = "SKIP"
    VETO = "VETO"


class ContractsRecord(msgspec.Struct, frozen=True, gc=False):
    """The contracts in force: the hash, and every value of every file as the loader read it (money as text)."""

    sha256: str
    values: dict[str, Any]


class PlanRecord(msgspec.Struct, frozen=True, gc=False):
    """An entry plan as journaled, with its thesis. `legs` holds [quantity, stop, target] each; side is 1 or -1."""

    side: int
    entry_type: str
    limit: float
    trigger: float | None
    legs: list[tuple[int, float, float]]
    stop_ticks: int
    risk_cents: int
    reward_ratio: float
    max_minutes: int
    ttl_seconds: float
    belief: str
    entry_value: float
    exit_belief: float | None
    level: float | None


class GateRecord(msgspec.Struct, frozen=True, gc=False):
    """One gate that said no."""

    code: str
    layer: int
    observed_name: str
    observed: float | int | str
    limit_name: str
    limit: float | int | str
    unit: str
    distance: float | None


class DecisionRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Exactly one per strategy and bar of the trading window.

    `gate` is the first failing gate in authority order (for a SKIP without a plan: the first
    failing condition of the setup, layer 8), `others` all other failing gates. `sentence` is
    for people; `smallest_change` says what would have let it pass. `beliefs` holds
    [long, short] effective values of the belief that the strategy stands on. For MANAGE and EXIT,
    `management` is {"kind": hold|tighten|exit, "reason": ..., "stop": points or null} and
    `trade_id` names the trade. The filter's record has action VETO on a bar it vetoes, else SKIP.
    """

    strategy: str
    action: Action
    sentence: str
    dvs: float | None
    eqs: float | None
    beliefs: tuple[float, float] | None = None
    gate: GateRecord | None = None
    others: list[GateRecord] = []
    smallest_change: str = ""
    plan: PlanRecord | None = None
    euc: dict[str, float | None] | None = None
    management: dict[str, Any] | None = None
    trade_id: str | None = None
    intent_id: str | None = None


class BarRecord(msgspec.Struct, frozen=True, gc=False):
    """The market on one bar of the trading window: price in points, the scores with their parts, and the signals.

    `dvs_events` and `eqs_parts` name what lowered the scores, with the penalty. `signals`
    holds every signal of spec 3 by name (null while warming up).
    """

    open: float
    high: float
    low: float
    close: float
    volume: int
    rejected: bool
    regime: str
    session_phase: int
    dvs: float | None
    own_dvs: float
    dvs_events: list[tuple[str, float]]
    eqs: float
    eqs_parts: list[tuple[str, float]]
    signals: dict[str, float | None]


class IntentRecord(msgspec.Struct, frozen=True, gc=False):
    """Written ahead, durable before any order leaves. `euc_inputs` lets the plugin recompute EUC.

    `regime`, `session_phase` and `signals` are the decision bar's: a restart makes the trade's outcome from them.
    """

    intent_id: str
    strategy: str
    trading_day: str
    plan: PlanRecord
    decided_ns: int
    expires_ns: int
    slippage_ticks: int
    dvs: float
    eqs: float
    euc: dict[str, float | None]
    euc_inputs: dict[str, float]
    regime: str = ""
    session_phase: int = 0
    signals: dict[str, float | None] = {}


MARKED = "Marked"  # the event by which an entry's record says that its trade is marked; its cause is the mark


class OrderRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One order event. `role` is ENTRY, STOP, TARGET or EXIT; `event` the Nautilus event's name, or MARKED.

    `cause` says why a stop was moved or a trade is left, `venue_order_id` the broker's name of an accepted order.
    """

    client_order_id: str
    intent_id: str
    strategy: str
    role: str
    event: str
    quantity: int
    price: float | None = None
    trigger: float | None = None
    reason: str = ""
    cause: str = ""
    venue_order_id: str = ""


class FillRecord(msgspec.Struct, frozen=True, gc=False):
    """One fill; `trade_id` is the venue's name of it.

    `slippage_ticks` is against the order's own price (or the decision bar's close for MARKET), adverse positive.
    """

    client_order_id: str
    intent_id: str
    strategy: str
    role: str
    side: int
    quantity: int
    price: float
    fee_cents: int
    slippage_ticks: float
    ts_ns: int
    trade_id: str = ""


class StateRecord(msgspec.Struct, frozen=True, gc=False):
    """A strategy's learning state changed: the evidence and what would release it."""

    strategy: str
    before: str
    after: str
    throttle_level: int
    reason: str
    statistic: str
    value: float
    sample_size: int
    release: str


class QualityRecord(msgspec.Struct, frozen=True, gc=False):
    """One event that costs DVS or EQS."""

    score: str
    event: str
    penalty: float
    detail: str = ""


NOT_BELIEVED = "NotBelieved"  # what a reconcile record about a word that was nobody's has as `found`
LINK_FOUND = "Link"  # what a reconcile record about the link to the broker has as `found`


class ReconcileRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Book and broker differ, or an order or a fill is not what it should be: `found` names it, `text` says it with both sides."""

    found: str
    text: str
    client_order_id: str = ""


BY_A_PERSON = "manual"  # the reason of a trip that `mesbot kill` asked for


class KillRecord(msgspec.Struct, frozen=True, gc=False):
    """A step of the kill sequence or of an entry lock: what tripped it and which state it leads to."""

    state: str
    reason: str
    detail: str = ""


class ShadowRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A shadow trade began (`state` OPENED) or ended unfilled (EXPIRED); one that closed is an OUTCOME record with shadow=true."""

    trade_id: str
    strategy: str
    state: str
    gates: list[str]
    plan: PlanRecord | None = None


class DayRecord(msgspec.Struct, frozen=True, gc=False):
    """A trading day began for the book: `equity_cents` is the account's at that moment, null while unknown."""

    trading_day: str
    equity_cents: int | None


LOCK, UNLOCK = "lock", "unlock"  # actions of operator records: entries are locked, and may pass again


class OperatorRecord(msgspec.Struct, frozen=True, gc=False):
    """Something a person did: `action` is the verb, `reason` what was typed, `detail` what it did."""

    action: str
    reason: str
    detail: str = ""
