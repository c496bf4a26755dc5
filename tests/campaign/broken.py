"""Deliberately broken builds: each brings one fault back into the node's process, by name, and the campaign must catch it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from bot.ibkr.link.ids import IdSource
from bot.ibkr.link.link import Link
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders import doubt
from bot.ibkr.orders.doubt import Asked, Doubt, News, Outcome, Verdict
from bot.ibkr.orders.doubt_table import TABLE
from bot.ibkr.orders.judge import Judge
from bot.ibkr.orders.order_sync import OrderSync
from bot.ibkr.orders.orders import OrderMonitor
from bot.ibkr.orders.unwanted import UnwantedOrders
from bot.risk_engine.agreement import Agreement
from bot.supervision import duties, leaving


def a_starves() -> None:
    """A doubt while nobody can be asked wakes the look again and again, and the loop never turns."""

    async def asked_for(sync: Any) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(sync._wake.wait(), sync.times.watch_seconds)
        asked = sync._wake.is_set()
        if sync._link.allows_way_out:
            sync._wake.clear()
        return asked

    OrderSync._asked_for = asked_for


def b_waits_for_ever() -> None:
    """Closing waits for a cancel that nobody answers, however long."""
    close = duties._close

    def without_an_end(leg: Any, waited: duties.Waited, agreed: int, halted: bool, *, over: bool) -> list[duties.Duty]:
        return close(leg, min(waited, duties.Waited.GRACE), agreed, halted, over=False)

    duties._close = without_an_end


def c_ids_as_listed() -> None:
    """Ids are given in the order of the list, and what transmits is sent last."""
    send = OrderMonitor._send

    def numbered(monitor: Any, connection: Any, orders: list[Any]) -> None:
        if len(orders) > 1:
            numbers = sorted(order.order_id for order, *_ in orders)
            for order, number in zip(sorted((order for order, *_ in orders), key=lambda order: order.ref), numbers, strict=True):
                order.order_id = number
            monitor.track([order for order, *_ in orders])
        send(monitor, connection, orders)

    OrderMonitor._send = numbered


def d_half_a_bracket() -> None:
    """An entry works on without its stop, and one leg without the other."""
    leaving._half_a_bracket = lambda leg: False
    leaving._half_a_trade = lambda trade: False


def h_asks_too_late() -> None:
    """The stop is given up before the account is asked whether it agrees."""
    Agreement.missing = lambda agreement, trade: 0


def i_held_back() -> None:
    """What is held back of a bracket is cancelled once, and nobody looks whether it went: not at that order, nor at all that is open."""
    Judge._take_back = lambda judge, family: judge._give_up(family, "")
    Judge.stray = lambda judge, order_id, ref: None
    UnwantedOrders.look = lambda unwanted, told: None


def one_refused_without_end() -> None:
    """A stop that is refused is followed by the next, with any code and without end."""
    for unsure in (Doubt.ERROR, Doubt.NOT_FOUND):
        for news in (News.MISSING, News.MISSING_AGAIN):
            TABLE[Asked.ORDER, unsure, news] = Verdict(Outcome.FAMILY, unsure)
    leaving._beyond_repair = lambda leg, waited: False


def two_way_out_needs_sync() -> None:
    """Exits, stops and cancels wait until everything has been answered; only the questions themselves go out before."""

    def require(link: Link) -> None:
        if not link.allows_way_out:
            raise link._no_way_out()

    Link.allows_way_out = property(lambda link: link.state is LinkState.SYNCED)
    Link.require_way_out = require


def three_disk_first() -> None:
    """No order id, and no connection, without the disk."""
    begin, order_id = IdSource.begin_at, IdSource.order_id

    def from_disk(then: Callable[..., Any]) -> Callable[..., Any]:
        def asked(ids: IdSource, *given: Any) -> Any:
            result = then(ids, *given)
            if ids.trouble is not None:
                raise ids.trouble
            return result

        return asked

    IdSource.begin_at, IdSource.order_id = from_disk(begin), from_disk(order_id)


def six_pending_covers() -> None:
    """A stop that is only on its way counts as one that works."""
    doubt._STATUSES["PendingSubmit"] = News.WORKS


BUILDS: dict[str, Callable[[], None]] = {
    "a": a_starves, "b": b_waits_for_ever, "c": c_ids_as_listed, "d": d_half_a_bracket, "h": h_asks_too_late, "i": i_held_back,
    "1": one_refused_without_end, "2": two_way_out_needs_sync, "3": three_disk_first, "6": six_pending_covers,
}  # fmt: skip
# The checkers whose sentence names what the build does; what any other says is no catch.
CAUGHT_BY = {
    "a": ("hung",), "b": ("held after a kill", "held after a closing"), "c": ("ids",), "d": ("entry without its stop", "half a trade"),
    "h": ("stop given up",), "i": ("held back",), "1": ("stops without end",), "2": ("held after a kill", "held after a closing", "naked"),
    "3": ("no link",), "6": ("naked behind a pending stop",),
}  # fmt: skip
