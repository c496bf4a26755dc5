"""What order events and scores mean beyond the bracket: execution quality charges and kill triggers."""

from __future__ import annotations

from collections.abc import Iterator

from bot.contracts.models import ExecutionContract
from bot.decision.limits import Limits
from bot.quality.eqs import fill_events, naked_events
from bot.supervision.orders import ENDED, OrderState, Role, TrackedOrder
from bot.supervision.trade import Trade
from bot.units import SECOND_NS, TOLERANCE

_CHARGES = {
    "OrderRejected": "order_rejected",
    "OrderCancelRejected": "change_rejected",
    "OrderModifyRejected": "change_rejected",
}
REFUSED_EXITS = 3  # of one trade, after which its leaving is a kill


def execution_events(contract: ExecutionContract, trade: Trade, order: TrackedOrder, event: str, ts_ns: int) -> list[str]:
    """EQS events (execution_contract.yaml: eqs.events) of one order event that has been applied to `order`."""
    if event in _CHARGES:
        moot = order.role is not Role.ENTRY and not trade.legs[order.leg - 1].open  # an exit of a leg that is already flat
        cancel = event == "OrderCancelRejected"
        again = cancel and order.cancel_refused  # it is asked again until it is done; the answer says nothing new
        over = cancel and order.state in ENDED  # its end by itself was told while we asked for it: expiry and cancel fall on one moment
        order.cancel_refused |= cancel
        return [] if moot or again or over else [_CHARGES[event]]
    if event == "OrderFilled":
        last = trade.fills[-1]
        waited = (ts_ns - trade.intent.decided.ts_ns) / SECOND_NS if order.role is Role.ENTRY else None
        partial = order.state is OrderState.PARTIALLY_FILLED
        return fill_events(contract, waited, last.slippage_ticks, order.slippage_ticks, partial)
    ended = event in ("OrderCanceled", "OrderExpired") and order.role is Role.ENTRY and not trade.entries_live
    if ended and trade.expired and not trade.opened_ns:
        return ["entry_expired"]
    if not trade.naked_reported and naked_events(contract, trade.naked_ns / SECOND_NS):
        trade.naked_reported = True
        return ["naked_time"]
    return []


class KillWatch:
    """Counts bars in a row whose score is below its kill value while a position is open (constitution: kill_switch)."""

    def __init__(self) -> None:
        self._below = {"DVS": 0, "EQS": 0}

    def on_scores(self, own_dvs: float, eqs: float, limits: Limits | None) -> str | None:
        """Take a bar's own DVS and EQS in; the trigger's sentence if it is reached now. `limits`: of the trade held, None while flat."""
        if limits is None:
            self._below["DVS"] = self._below["EQS"] = 0
            return None
        for name, score, kill in (("DVS", own_dvs, limits.dvs_kill), ("EQS", eqs, limits.eqs_kill)):
            self._below[name] = self._below[name] + 1 if score < kill - TOLERANCE else 0
            if self._below[name] >= limits.kill_bars:
                return f"{name} below {kill:.2f} on {limits.kill_bars} bars in a row while in a position"
        return None


def exits_refused(trade: Trade, order: TrackedOrder, why: str) -> str:
    """What to say when so many closing orders of a trade came to nothing that a person must know (its contract has ended, say); else "".

    Whose refusal it was says nothing of the position: the broker's, Nautilus' and our own count alike, and an end that nobody asked for.
    """
    exits = [each for leg in trade.legs for each in leg.of(Role.EXIT)]
    refused = [each for each in exits if each.came_to_nothing and not each.let_go]
    told = any(each is order for each in refused) and len(refused) == REFUSED_EXITS
    return f"{len(refused)} of {trade.intent_id}, the last for: {why or order.state.value}" if told else ""


def filled_twice(trade: Trade) -> Iterator[str]:
    """Why a trade has to be left at once: more of it was filled than it was to have."""
    if any(entry.filled for leg in trade.legs for entry in leg.of(Role.ENTRY)[1:]):
        yield "an entry that was given up was filled"
    if any(leg.open < 0 for leg in trade.legs):
        yield "a leg was closed twice"
