"""The faults of a seed, by name. Each is done to a Venue (venue.py) and draws what it needs from a generator of its own.

Codes are drawn from all whole numbers a gateway could send as well as from those that are known; what lasts ends after a number of
five-second pieces, so that it does not hang on the machine's speed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.gateway import order_messages
from bot.gateway.messages import KINDS
from bot.gateway.requests import KINDS as REQUESTS

if TYPE_CHECKING:
    from venue import Venue

ORDERS = ("placeOrder", "openOrder", "orderStatus", "execDetails")
FILLED = ("execDetails",)
KNOWN_CODES = (
    103, 104, 105, 110, 125, 129, 135, 154, 161, 165, 200, 201, 202, 203, 321, 354, 382, 383, 387, 391, 399, 404, 420, 434, 435, 436, 451,
    460, 463, 492, 2109, 10052, 10147, 10148, 10167, 10289, 10293, 10318, 10326, 10349,
)  # fmt: skip
EFFECTS = (1100, 1101, 1102, 1300, 2110, 10182, 10197, 10225, 326)  # codes that are about the connection, each a fault of its own
WARNINGS = (399, 404, 10167, 10349, 2109, 165, 434, 492)  # IB warns with these, and the order works
NEW_STATUSES = ("ApiPending", "PendingSubmit", "PendingCancel", "PendingReplace", "Suspended", "Queued", "Held", "Unknown", "WarnState")
ENDINGS = ("openOrderEnd", "execDetailsEnd", "positionEnd", "completedOrdersEnd", "contractDetailsEnd", "accountDownloadEnd")
QUESTIONS = ENDINGS[:4]  # about orders and the position
ANSWERS = (*ENDINGS, "currentTime", "historicalData", "managedAccounts", "nextValidId", "contractDetails", "accountUpdateMultiEnd")
ORDER_FRAMES = ("placeOrder", "cancelOrder", "openOrder", "orderStatus", "execDetails", "commissionReport", "error", "position")
# Frames without which the bot does not know how its orders and its position stand, or the gateway what the bot wants.
MATTERS = frozenset(
    {*ORDER_FRAMES, *QUESTIONS, "completedOrder", "currentTime", "reqCurrentTime", "reqAllOpenOrders", "reqExecutions", "reqPositions",
     "reqCompletedOrders"}
)  # fmt: skip
ALL_FRAMES = (*sorted({*KINDS.values()} - {"managedAccounts"}), *sorted(set(REQUESTS) - {"startApi"}))


class Fault(NamedTuple):
    """What it does, and at which messages it is worth doing (() for any); `before`: in the minute before an entry."""

    do: Callable[[Venue, random.Random], Any]
    where: tuple[str, ...] = ()
    before: bool = False


def code(rng: random.Random) -> int:
    """A code of an error: known, of the ranges that IB uses, or any; none of the warnings."""
    while True:
        drawn = rng.choice((rng.choice(KNOWN_CODES), rng.randrange(100, 600), rng.randrange(10_000, 10_400), rng.randrange(1, 2**31)))
        if drawn not in (*EFFECTS, *WARNINGS):
            return drawn


def said(*words: str) -> Callable[[Venue, random.Random], None]:
    """One of these verbs of the gateway."""
    return lambda venue, rng: venue.do(rng.choice(words))


def lasting(begin: str, end: str, most: int = 36) -> Callable[[Venue, random.Random], None]:
    """A verb, and after some pieces the one that ends it."""

    def do(venue: Venue, rng: random.Random) -> None:
        venue.do(begin)
        venue.after(rng.randrange(1, most), lambda: venue.do(end))

    return do


# ------------------------------------------------------------------ orders


def refuse_next(venue: Venue, rng: random.Random) -> None:
    """The next order is refused."""
    venue.do(f"reject * code={rng.choice((201, code(rng)))} refused")


def refuse_role(venue: Venue, rng: random.Random) -> None:
    """The next stops, targets, entries or exits are refused, once or for a while, all with one code."""
    venue.refuse(rng.choice("SSSTEX"), rng.choice((201, 383, code(rng), code(rng))), rng.choice((1, 1, 2, 8)))


def leg_refused(venue: Venue, rng: random.Random) -> None:
    """One leg's entry of the next bracket is refused."""
    venue.refuse(rng.choice(("1E", "2E", "2S")), rng.choice((201, code(rng))), 1)


def refused_late(venue: Venue, rng: random.Random, roles: str = "") -> None:
    """An order that works is refused at the exchange: the error, and Inactive."""
    if order := venue.pick(rng, roles or rng.choice(("S", "S", "STE"))):
        order_code = rng.choice((201, 201, 203, 383, code(rng)))
        venue.refused.add(order.request.order_ref)
        venue.host.broker.exchange.reject(order, order_code, "Order rejected - reason:The exchange rejected the order")


def said_of_an_order(venue: Venue, rng: random.Random) -> None:
    """An error about an order of ours that changes nothing."""
    if order := venue.pick(rng, "STEX"):
        venue.host.delivery.order_error(order, code(rng), rng.choice(("", "something nobody has thought of", "Order held")))


def said_of_nothing(venue: Venue, rng: random.Random) -> None:
    """An error about no order, or about one that does not exist."""
    venue.host.tell(code(rng), "a notice that nobody has thought of", rng.choice((-1, -1, 0, rng.randrange(1, 2**31))))


def new_status(venue: Venue, rng: random.Random) -> None:
    """orderStatus or openOrder says something that IB may add one day."""
    order = venue.pick(rng, "STE")
    if order is None:
        return
    status = rng.choice(NEW_STATUSES)
    for client in venue.clients():
        fields = order_messages.order_status(order, order_id=order.order_id)
        fields[2] = status
        client.send(fields)


def ended(venue: Venue, rng: random.Random) -> None:
    """The broker or another hand cancels an order."""
    if order := venue.pick(rng, "STE"):
        venue.do(f"{rng.choice(('kill', 'tws-cancel'))} {order.perm_id}")


def moved(venue: Venue, rng: random.Random) -> None:
    """Another hand moves a stop, closer or away."""
    if order := venue.pick(rng, "S"):
        venue.moved_elsewhere(order)
        order.stop += rng.choice((-40, -4, -1, 1, 4))
        venue.host.broker.exchange.announce(order)


def forgotten(venue: Venue, rng: random.Random) -> None:
    """The broker knows an order no more."""
    if order := venue.pick(rng, "STE"):
        venue.do(f"forget {order.perm_id}")


def filled_in_part(venue: Venue, rng: random.Random) -> None:
    """One contract of an order fills, whatever the market does."""
    if (order := venue.pick(rng, "EEST")) and order.working:
        venue.do(f"fill {order.perm_id} 1")


def filled_at_once(venue: Venue, rng: random.Random) -> None:
    """An order that works fills."""
    if (order := venue.pick(rng, "EST")) and order.working:
        venue.do(f"fill {order.perm_id}")


def ghost(venue: Venue, rng: random.Random) -> None:
    """The next change leaves the old order alive beside the new one."""
    venue.do("ghost-modify")
    venue.tell_bot("act", "tighten", rng.randrange(1000))
    if rng.random() < 0.5:
        venue.after(rng.randrange(1, 12), venue.close_request)


def manual(venue: Venue, rng: random.Random) -> None:
    """A person in TWS closes our position, opens one, or rests an order far away."""
    net = venue.net
    if net and rng.random() < 0.6:
        venue.do(f"manual {'sell' if net > 0 else 'buy'} 1 MES")
    else:
        venue.do(rng.choice(("manual buy 1 MES 6300", "manual sell 1 MES 6500")))


def corrected(venue: Venue, rng: random.Random) -> None:
    """The price of an execution is corrected."""
    executions = venue.host.broker.exchange.executions
    if executions:
        execution = rng.choice(executions)
        venue.do(f"correct {execution.exec_id} {(execution.price + rng.choice((-1, 1))) / 4:.2f}")


def ids_fall(venue: Venue, rng: random.Random) -> None:
    """The gateway hands out ids again that were used."""
    venue.id_faults = True
    venue.do(f"rollback-id {rng.randrange(1, 9)}{rng.choice(('', ' --reissue'))}")


def stop_refused_again(venue: Venue, rng: random.Random) -> None:
    """A working stop is refused at the exchange, and so are those that come in its place."""
    venue.refuse("S", rng.choice((201, 383, code(rng), code(rng))), rng.choice((1, 2, 12)))
    venue.after(rng.randrange(1, 4), lambda: refused_late(venue, rng))


def stop_pending(venue: Venue, rng: random.Random) -> None:
    """The next stops are taken and never reach the market: PendingSubmit."""
    venue.pending_stops = rng.choice((1, 1, 2))


def account_wrong(venue: Venue, rng: random.Random) -> None:
    """For a while the account tells of no position."""
    venue.position_told = rng.choice((0, 0, 0, 1, -1))
    venue.tell_position()
    venue.after(rng.randrange(1, 12), venue.close_request)
    venue.after(rng.randrange(12, 100), venue.tell_truth)


# ------------------------------------------------------------------ connection, frames, data


def doubt_while_cut(venue: Venue, rng: random.Random) -> None:
    """Between 1100 and 1102 an error comes about an order of ours."""
    link_down(venue, rng)
    found = [order for role in rng.sample("STE", 3) if (order := venue.pick(rng, role)) is not None]
    for order in found[:1]:
        venue.host.tell(code(rng), "an error while the link is down", order.order_id)


def bracket_cut(venue: Venue, rng: random.Random) -> None:
    """An order of a bracket is lost on its way, and so are the next cancels."""
    venue.do(f"swallow placeOrder {rng.choice((1, 1, 2))}")
    venue.do(f"swallow cancelOrder {rng.choice((1, 2, 4))}")


def link_down(venue: Venue, rng: random.Random) -> None:
    """1100 or 2110, and after some pieces 1101 or 1102; orders sent meanwhile are lost or kept."""
    venue.do(rng.choice(("orders-while-down lost", "orders-while-down kept")))
    venue.do(rng.choice(("err 1100", "err 1100", "err 2110")))
    end = rng.choice(("err 1102", "err 1101"))
    venue.after(rng.randrange(1, 30), lambda: venue.do(end))


def silence(venue: Venue, rng: random.Random) -> None:
    """A question is not answered: once, some times, or for the rest of the seed."""
    kind = rng.choice((*ENDINGS, *ENDINGS, *ANSWERS))
    venue.do(f"swallow {kind} {rng.choice(('1', '2', '4', 'all'))}")


def one_frame(venue: Venue, rng: random.Random) -> None:
    """The next frames of any kind are lost, doubled, late, out of order or cut."""
    kind = rng.choice((rng.choice(ORDER_FRAMES), rng.choice(ORDER_FRAMES), rng.choice(ALL_FRAMES)))
    action = rng.choice(("swallow", "duplicate", "delay", "reorder", "garble"))
    wait = f" {rng.choice((0.05, 0.3, 1.0))}s" if action == "delay" else ""
    venue.do(f"{action} {kind}{wait} {rng.randrange(1, 4)}")


def chaos(venue: Venue, rng: random.Random) -> None:
    """Frames of some kinds are hit at random for a while."""
    kinds = rng.sample(ORDER_FRAMES, 3) if rng.random() < 0.6 else rng.sample(ALL_FRAMES, 6)
    venue.do(f"chaos {rng.randrange(1 << 30)} {rng.choice((0.05, 0.15, 0.3))} {','.join(kinds)}")
    venue.after(rng.randrange(6, 60), lambda: venue.do("calm"))


def data_denied(venue: Venue, rng: random.Random) -> None:
    """Data is refused when it is subscribed again."""
    what = rng.choice(("md", "md", "history", "contracts"))
    venue.do(f"deny {what} {rng.choice((354, 10167, 200, 162, 420, 10197, code(rng)))}")
    venue.do(rng.choice(("bust", "bust", "err 1101")))
    venue.after(rng.randrange(6, 60), lambda: venue.do("deny off"))


def reconnects_refused(venue: Venue, rng: random.Random) -> None:
    """The socket closes, and nobody listens for a while."""
    venue.do("refuse on")
    venue.do("drop")
    venue.after(rng.randrange(1, 30), lambda: venue.do("refuse off"))


# ------------------------------------------------------------------ the machine and the person


def disk_full(venue: Venue, rng: random.Random) -> None:
    """Nothing can be written for a while."""
    venue.disk(full=True)
    if rng.random() < 0.5:
        venue.do("drop")
    venue.after(rng.randrange(2, 200), lambda: venue.disk(full=False))


def clock_set(venue: Venue, rng: random.Random) -> None:
    """Somebody sets this machine's clock."""
    venue.tell_bot("clock", rng.choice((-3600, -30, -5, 5, 30, 3600)))


def killed_hard(venue: Venue, rng: random.Random) -> None:
    """kill -9 of the bot; a person starts it again after some pieces."""
    venue.kill_nine(after=rng.randrange(0, 12))


def killed_by_a_person(venue: Venue, rng: random.Random) -> None:
    """`mesbot kill`."""
    venue.kill_request()


FAULTS: dict[str, Fault] = {
    "refuse next": Fault(refuse_next, ("placeOrder", "openOrder")),
    "refuse role": Fault(refuse_role, before=True),
    "refuse a leg": Fault(leg_refused, before=True),
    "stop refused again": Fault(stop_refused_again, ("execDetails", "position")),
    "stop pending": Fault(stop_pending, before=True),
    "account wrong": Fault(account_wrong, ("execDetails", "position")),
    "doubt while cut": Fault(doubt_while_cut, ORDERS),
    "bracket cut": Fault(bracket_cut, before=True),
    "refused late": Fault(refused_late, ("openOrder", "orderStatus", "execDetails", "realtimeBar")),
    "said of an order": Fault(said_of_an_order, ("placeOrder", "openOrder", "orderStatus", "execDetails", "cancelOrder")),
    "said of nothing": Fault(said_of_nothing),
    "new status": Fault(new_status, ("openOrder", "orderStatus", "execDetails")),
    "ended": Fault(ended, ("openOrder", "orderStatus", "execDetails", "realtimeBar")),
    "moved": Fault(moved, ("execDetails", "position", "realtimeBar")),
    "forgotten": Fault(forgotten, ("openOrder", "execDetails", "realtimeBar")),
    "filled in part": Fault(filled_in_part, ("openOrder", "orderStatus", "placeOrder")),
    "filled at once": Fault(filled_at_once, ("openOrder", "orderStatus", "placeOrder", "cancelOrder")),
    "crossed on the wire": Fault(said("fill-on-cancel", "fill-on-modify"), ("execDetails", "position", "openOrder")),
    "told late": Fault(
        said("order exec-first", "commission delay 0.4s", "commission first", "commission drop"), ("placeOrder", "openOrder")
    ),
    "told again": Fault(said("resend execs"), ("execDetails", "commissionReport", "position")),
    "other zone": Fault(lasting("zone Asia/Tokyo", "zone off"), ("execDetails", "placeOrder")),
    "ghost": Fault(ghost, ("execDetails", "position")),
    "manual": Fault(manual, ("execDetails", "position", "realtimeBar")),
    "corrected": Fault(corrected, ("position", "commissionReport")),
    "ids fall": Fault(ids_fall, ("placeOrder", "currentTime", "realtimeBar")),
    "drop": Fault(said("drop", "drop-after-place kept", "drop-after-place lost", "drop-mid-bracket"), ORDERS),
    "freeze": Fault(lasting("freeze", "thaw", 20)),
    "restart": Fault(said("restart 0.1s", "restart 0.5s --rollback-id 3"), ORDERS),
    "hold id": Fault(said("hold-id 0.5s"), ("realtimeBar",)),
    "refused connections": Fault(reconnects_refused),
    "link down": Fault(link_down, (*ORDERS, "cancelOrder", "realtimeBar")),
    "silence": Fault(silence),
    "frames": Fault(one_frame, (*ORDERS, "realtimeBar", "cancelOrder")),
    "chaos": Fault(chaos, (*ORDERS, "realtimeBar")),
    "read only": Fault(lasting("readonly on", "readonly off", 12), ("execDetails", "realtimeBar")),
    "data denied": Fault(data_denied, ("realtimeBar", "execDetails")),
    "mute": Fault(lasting("mute", "unmute", 40), ("realtimeBar",)),
    "farm": Fault(lasting("farm down", "farm up", 40), ("realtimeBar",)),
    "compete": Fault(lasting("compete on", "compete off", 40), ("realtimeBar",)),
    "no market": Fault(said("spread 9", "slippage 4"), ("realtimeBar",)),
    "disk full": Fault(disk_full),
    "clock set": Fault(clock_set, ("realtimeBar", "execDetails")),
    "kill -9": Fault(killed_hard, (*ORDERS, "cancelOrder", "commissionReport", "position")),
    "kill": Fault(killed_by_a_person, (*ORDERS, "cancelOrder", "realtimeBar")),
}
