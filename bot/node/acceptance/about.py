"""What each message of a recording is about: an order of ours by its name, a kind of request, or nothing in particular.

Orders of others, and executions from before the recording, are about nothing of ours and are left out of a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.gateway.errors import FieldError
from bot.gateway.requests import decode_request
from bot.node.acceptance.frames import Frame

QUESTION = "a what-if order"
OF_ORDERS = ("openOrder", "orderStatus", "execDetails", "commissionReport", "completedOrder")


class About:
    """Knows the orders that the requests of a recording place; `messages` are the frames from a gateway, of the recording or of another."""

    def __init__(self, requests: Iterable[Frame], messages: Iterable[Frame]) -> None:
        self._order_of: dict[str, str] = {}
        self._request_of: dict[str, str] = {}
        for frame in requests:
            self._learn(frame)
        self._of_execution = {
            frame.named.get("execId", ""): frame.named.get("orderRef", "") for frame in messages if frame.kind == "execDetails"
        }
        self._refs = set(self._order_of.values())

    def _learn(self, frame: Frame) -> None:
        try:
            request = decode_request(frame.fields)
        except (FieldError, IndexError):
            return
        if request.order is not None:
            self._order_of[str(request.reference)] = request.order.order_ref or QUESTION
        elif request.kind != "cancelOrder" and request.reference != -1:
            self._request_of[str(request.reference)] = request.kind

    def order(self, frame: Frame) -> str | None:
        """The name of the order that a message is about; "" if that is none of ours, None if it is about no order."""
        told = frame.named
        if frame.kind == "error":
            return self._order_of.get(told.get("reference", ""))
        if frame.kind not in OF_ORDERS:
            return None
        if frame.kind == "orderStatus":
            return self._order_of.get(told.get("orderId", ""), "")
        ref = self._of_execution.get(told.get("execId", ""), "") if frame.kind == "commissionReport" else told.get("orderRef", "")
        if not ref and frame.kind == "openOrder":
            return self._order_of.get(told.get("orderId", ""), "")
        return ref if ref in self._refs else ""

    def request(self, frame: Frame) -> str:
        """The kind of request that an error answers; "" if none."""
        return self._request_of.get(frame.named.get("reference", ""), "")
