"""What a journal record says to a person who is away. Pure: one record in, its texts out.

A record that this version does not know, or cannot read, is told and never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.alerts.alert import Event, Said
from bot.alerts.row import Row
from bot.decision.snapshot import KillState
from bot.glossary import EVENTS, EXITS, KILL
from bot.journal.records import LINK_FOUND, NOT_BELIEVED, Kind
from bot.journal.times import new_york
from bot.report.wording import decimal, dollars
from bot.supervision.orders import EVENTS as ORDER_EVENTS
from bot.words import kind_of, plain

Body = dict[str, Any]
SILENT = {Kind.CONTRACTS, Kind.BAR, Kind.DECISION, Kind.INTENT, Kind.SHADOW, Kind.DAY}
"""Kinds of which no record is told by itself: bars are judged by `data`, and the rest is in the digest."""
ENTRY = "ENTRY"
LOCK_VERBS = ("lock", "unlock")
REFUSED_EVENTS = ("Denied", "OrderDenied", "OrderRejected")
CHARGES = {  # what execution quality is charged for: None says enough elsewhere, or is ordinary
    "late_fill": None, "excess_slippage": None, "partial_fill": None, "change_rejected": Event.ORDER, "entry_expired": None,
    "order_rejected": None, "order_unknown": Event.ORDER, "connection_disrupted": Event.LINK, "naked_time": Event.NAKED,
}  # fmt: skip
NOTES = {"new_level": Event.DATA, "roll": Event.ROLL}  # of data quality


def said_of(row: Row) -> Iterator[Said]:
    """What is to be told of one record, most have nothing."""
    try:
        yield from _said(row)
    except Exception as error:
        yield Said(Event.UNKNOWN, f"{_clock(row)} a {row.kind} record, number {row.seq}, cannot be read ({kind_of(error)}); look at once.")


def _said(row: Row) -> Iterator[Said]:
    if row.kind in SILENT:
        return
    when, body = _clock(row), row.body
    match row.kind:
        case Kind.FILL:
            if body["role"] == ENTRY:
                yield Said(Event.ENTRY, f"{when} {_filled(body)}")
        case Kind.OUTCOME:
            if not body["shadow"]:
                yield Said(Event.EXIT, f"{when} {_closed(body)}")
        case Kind.STATE:
            text = f"{when} {body['strategy']} is {body['after']} (was {body['before']}): {body['reason']}. Back by: {body['release']}."
            yield Said(Event.STATE, text)
        case Kind.KILL:
            yield Said(Event.KILL, f"{when} {_kill(body)}")
        case Kind.OPERATOR:
            detail = f": {body['detail']}" if body["detail"] else ""
            event = Event.LOCK if body["action"] in LOCK_VERBS else Event.OPERATOR
            yield Said(event, f"{when} a person did: {body['action']} ({body['reason']}){detail}.")
        case Kind.RECONCILE:
            yield from _reconciled(when, body)
        case Kind.ORDER:
            yield from _order(when, body)
        case Kind.QUALITY:
            yield from _quality(when, body)
        case _:
            text = f"{when} a record of an unknown kind, {plain(row.kind)}: {plain(row.body)}. This version does not know what it means."
            yield Said(Event.UNKNOWN, text, f"kind {row.kind}")


def _filled(body: Body) -> str:
    word = "bought" if body["side"] > 0 else "sold"
    return f"{body['strategy']} is in: {word} {body['quantity']} at {body['price']:,.2f}."


def _closed(body: Body) -> str:
    why = body["exit_reason"]
    meaning = f" ({EXITS[why]})" if why in EXITS else ""
    came_to = f"{dollars(body['net_cents'])} net, {decimal(body['r'], sign=True)} R"
    return f"{body['strategy']} is out at {body['exit_price']:,.2f} by {why}{meaning}: {came_to}."


def _kill(body: Body) -> str:
    detail = f", {body['detail']}" if body["detail"] else ""
    known = body["state"] in tuple(KillState)
    meaning = KILL[KillState(body["state"])] if known else "a state that this version does not know; nothing is entered"
    return f"kill switch {body['state']} ({body['reason']}{detail}): {meaning}."


def _reconciled(when: str, body: Body) -> Iterator[Said]:
    found, text = body["found"], f"{body['found']}: {body['text']}"
    if found == LINK_FOUND:
        yield Said(Event.LINK, f"{when} the broker: {body['text']}", f"link {body['text']}", "link")
    elif found == NOT_BELIEVED:
        yield Said(Event.UNKNOWN, f"{when} a message was not believed: {body['text']}", f"not believed {body['text']}")
    else:
        yield Said(Event.BROKER, f"{when} {text}", f"broker {text}")


def _order(when: str, body: Body) -> Iterator[Said]:
    if body["event"] in REFUSED_EVENTS:
        reason = f": {body['reason']}" if body.get("reason") else ""
        text = f"{body['strategy']}'s {body['role']} was refused ({body['event']}){reason}"
        yield Said(Event.ORDER, f"{when} {text}", f"order {text}")
    elif body["event"] not in ORDER_EVENTS:
        text = f"an order event that this version does not know: {body['event']} of {body['client_order_id']}"
        yield Said(Event.UNKNOWN, f"{when} {text}.", f"order {text}")


def _quality(when: str, body: Body) -> Iterator[Said]:
    name, detail = body["event"], f" ({body['detail']})" if body.get("detail") else ""
    if body["score"] == "DVS" and name in NOTES:
        yield Said(NOTES[name], f"{when} {body['detail'] or name}.", f"note {name}")
    elif body["score"] == "EQS" and name in CHARGES:
        if (event := CHARGES[name]) is not None:
            yield Said(event, f"{when} {EVENTS[name]}{detail}.", f"charge {name}{detail}")
    else:
        text = f"{when} a quality event that this version does not know: {body['score']} {name}{detail}."
        yield Said(Event.UNKNOWN, text, f"quality {name}")


def _clock(row: Row) -> str:
    return new_york(row.ts_ns)[5:16] if row.ts_ns else "--"
