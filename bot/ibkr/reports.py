"""What the broker knows, as Nautilus' reports for reconciliation: nothing synthetic, nothing left out for lack of a connection.

Working orders are ACCEPTED under their own client order id; fills come from executions; positions are positions,
FLAT included. Times are market time, UTC ns; prices points.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, InstrumentId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Quantity

from bot.ibkr.account import Holding
from bot.ibkr.order_events import liquidity, money, points, venue_id
from bot.ibkr.orders.fills import FillLedger
from bot.ibkr.orders.order_state import BrokerOrder, Draft, Fill, Phase
from bot.ibkr.orders.order_wire import adopted_draft

TYPES = {"LMT": OrderType.LIMIT, "STP": OrderType.STOP_MARKET, "STP LMT": OrderType.STOP_LIMIT, "MKT": OrderType.MARKET}
STATUSES = {
    Phase.SENT: OrderStatus.SUBMITTED,
    Phase.WORKING: OrderStatus.ACCEPTED,
    Phase.FILLED: OrderStatus.FILLED,
    Phase.CANCELED: OrderStatus.CANCELED,
    Phase.EXPIRED: OrderStatus.EXPIRED,
    Phase.REJECTED: OrderStatus.REJECTED,
}
COMPLETED = {"Filled": Phase.FILLED, "Cancelled": Phase.CANCELED, "ApiCancelled": Phase.CANCELED, "Inactive": Phase.REJECTED}


class Reporter:
    """Makes reports for one account; `now_ns` is market time."""

    def __init__(self, account_id: AccountId, now_ns: int, ledger: FillLedger) -> None:
        self._account_id, self._now_ns, self._ledger = account_id, now_ns, ledger

    def order(self, order: BrokerOrder, instrument_id: InstrumentId) -> OrderStatusReport:
        """A tracked order; what is filled is what its executions sum to."""
        return self._order(order.draft, order.phase, venue_id(order), instrument_id)

    def completed(self, told: Any, status: str, instrument_id: InstrumentId) -> OrderStatusReport:
        """A completed order as the broker lists it."""
        draft = adopted_draft(told, "")
        size = max(
            draft.quantity, self._ledger.total(draft.ref), round(getattr(told, "filledQuantity", 0) or 0) if draft.quantity == 0 else 0, 1
        )
        draft = Draft(draft.ref, draft.side, size, draft.kind, draft.limit, draft.stop)
        return self._order(draft, COMPLETED.get(status, Phase.CANCELED), VenueOrderId(str(told.permId)), instrument_id)

    def _order(self, draft: Draft, phase: Phase, venue_order_id: VenueOrderId, instrument_id: InstrumentId) -> OrderStatusReport:
        filled = self._ledger.total(draft.ref)
        average = self._ledger.average_price(draft.ref)
        status = STATUSES[phase]
        if status is OrderStatus.ACCEPTED and filled:
            status = OrderStatus.PARTIALLY_FILLED
        stop = draft.stop is not None and draft.kind in ("STP", "STP LMT")
        return OrderStatusReport(
            account_id=self._account_id,
            instrument_id=instrument_id,
            venue_order_id=venue_order_id,
            client_order_id=ClientOrderId(draft.ref) if draft.ref else None,
            order_side=OrderSide.BUY if draft.side == "BUY" else OrderSide.SELL,
            order_type=TYPES.get(draft.kind, OrderType.MARKET),
            time_in_force=TimeInForce.GTC,
            order_status=status,
            quantity=Quantity.from_int(max(draft.quantity, filled)),
            filled_qty=Quantity.from_int(filled),
            avg_px=None if average is None else Decimal(str(average)),
            price=points(draft.limit) if draft.limit is not None and draft.kind in ("LMT", "STP LMT") else None,
            trigger_price=points(draft.stop) if stop and draft.stop is not None else None,
            trigger_type=TriggerType.DEFAULT if stop else TriggerType.NO_TRIGGER,
            report_id=UUID4(),
            ts_accepted=self._now_ns,
            ts_last=self._now_ns,
            ts_init=self._now_ns,
        )

    def fill(self, fill: Fill, instrument_id: InstrumentId) -> FillReport:
        """One execution in its present revision."""
        return FillReport(
            account_id=self._account_id,
            instrument_id=instrument_id,
            venue_order_id=VenueOrderId(str(fill.perm_id)),
            client_order_id=ClientOrderId(fill.ref) if fill.ref else None,
            trade_id=TradeId(fill.base_id),
            order_side=OrderSide.BUY if fill.side > 0 else OrderSide.SELL,
            last_qty=Quantity.from_int(fill.quantity),
            last_px=points(fill.price),
            commission=money(fill.commission_usd),
            liquidity_side=liquidity(fill),
            report_id=UUID4(),
            ts_event=fill.ts_ns,
            ts_init=self._now_ns,
        )

    def position(self, holding: Holding | None, instrument_id: InstrumentId) -> PositionStatusReport:
        """A position; None is an explicit FLAT."""
        contracts = holding.contracts if holding is not None else 0
        side = PositionSide.LONG if contracts > 0 else PositionSide.SHORT if contracts < 0 else PositionSide.FLAT
        return PositionStatusReport(
            account_id=self._account_id,
            instrument_id=instrument_id,
            position_side=side,
            quantity=Quantity.from_int(abs(contracts)),
            report_id=UUID4(),
            ts_last=self._now_ns,
            ts_init=self._now_ns,
            avg_px_open=Decimal(str(round(holding.average_price, 6))) if contracts and holding is not None else None,
        )
