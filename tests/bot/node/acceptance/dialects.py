"""Gateways that speak otherwise than the simulated one, over the same true socket: a healthy dialect, a strange one, and broken ones.

A dialect is the simulated gateway with a session that changes what it says (`said`) and hears (`heard`); the market behind it is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from bot.gateway import messages
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.gateway.listener import Listener
from bot.gateway.order_messages import named_fields
from bot.gateway.requests import decode_request, kind_of
from bot.gateway.session import Session

PERM_ID = named_fields("openOrder").index("permId")
REF = named_fields("openOrder").index("orderRef")
STATUS_OF_COMPLETED = named_fields("completedOrder").index("status")


class OtherSession(Session):
    """A session that changes what goes out and what comes in."""

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._answering = ""

    def receive(self, fields: list[str]) -> None:
        """See Session."""
        if self.heard(kind_of(fields), fields):
            super().receive(fields)

    def _answer(self, kind: str, fields: list[str], note: str) -> None:
        self._answering = kind
        super()._answer(kind, fields, note)
        self._answering = ""

    def send(self, fields: list[str], kind: str = "") -> None:
        """See Session."""
        for late, changed, name in self.said(kind or messages.KINDS[fields[0]], list(fields)):
            if late:
                asyncio.get_running_loop().call_soon(super().send, changed, name)
            else:
                super().send(changed, name)

    def heard(self, kind: str, fields: list[str]) -> bool:
        """Whether a request arrives."""
        return True

    def said(self, kind: str, fields: list[str]) -> Iterator[tuple[bool, list[str], str]]:
        """What is said instead of a message: whether after all that is said at this moment, the fields, the kind."""
        yield False, fields, kind


class Dialect(OtherSession):
    """A healthy gateway that the bot can live with; what it does otherwise is in DIFFERENCES, and nothing else."""

    DIFFERENCES = {
        # kind, field, what it says, what the simulation says
        ("orderStatus", "", "PendingSubmit", ""),
        ("openOrder", "permId", "0", "#"),
        ("order of messages", "first", "orderStatus before openOrder", "openOrder before orderStatus"),
        ("error", "", "order 399", ""),
        ("error", "text", "Order Canceled - reason:by the client", "Order Canceled - reason:"),
        ("error", "", "2107", ""),
        ("error", "", "", "2106"),
        ("completedOrder", "status", "ApiCancelled", "Cancelled"),
        ("updateAccountValue", "", "DayTradesRemaining", ""),
        ("contractDetails", "longName", "Micro E-Mini", "Micro E-Mini S&P 500 Stock Price Index"),
        ("tickString", "", "said", ""),
        ("execDetails", "time", "99999999-99:99:99", "99999999 99:99:99 US/Central"),
    }

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.simulation.delivery.telling.zone = "utc"

    @property
    def known(self) -> set[str]:
        """Orders that have been told of."""
        return self.simulation.__dict__.setdefault("told_of", set())

    def said(self, kind: str, fields: list[str]) -> Iterator[tuple[bool, list[str], str]]:
        """See OtherSession."""
        if kind == "openOrder":
            yield from self._open_order(fields)
            return
        if kind == "error" and fields[3] == "2106":
            fields[3] = "2107"
        elif kind == "error" and fields[3] == "202":
            fields[4] = f"{fields[4]}by the client"
        elif kind == "completedOrder" and fields[STATUS_OF_COMPLETED] == "Cancelled":
            fields[STATUS_OF_COMPLETED] = "ApiCancelled"
        elif kind == "contractDetails":
            fields[19] = "Micro E-Mini"
        elif kind == "accountDownloadEnd":
            yield False, ["6", "2", "DayTradesRemaining", "1", "", fields[2]], "updateAccountValue"
        elif kind == "tickReqParams":
            yield False, ["46", "6", fields[1], "45", "1759420800"], "tickString"
        yield False, fields, kind

    def _open_order(self, fields: list[str]) -> Iterator[tuple[bool, list[str], str]]:
        """Of a new order first that it is pending, then its status, then, late and without its permId, what it is; then the rest."""
        if self._answering not in ("placeOrder", "cancelOrder", "") or not fields[REF]:
            yield False, fields, "openOrder"
            return
        if fields[REF] not in self.known:
            self.known.add(fields[REF])
            order = self.simulation.broker.find(fields[REF])
            yield (
                False,
                ["3", fields[1], "PendingSubmit", "0", str(order.quantity), "0.0", "0", "0", "0.0", str(self.client_id), "", "0"],
                ("orderStatus"),
            )
            if fields[REF].endswith("E"):
                yield False, messages.error(int(fields[1]), 399, "Order Message: it is held until the open."), "error"
            yield True, [*fields[:PERM_ID], "0", *fields[PERM_ID + 1 :]], "openOrder"
        yield True, fields, "openOrder"


class StrangeDialect(Dialect):
    """The healthy one, and besides what no bot has ever heard: a field behind the last one, a message of a new kind."""

    STRANGE = {
        ("orderStatus", "field 13", "new", "(absent)"),
        ("message 199", "", "said", ""),
    }

    def said(self, kind: str, fields: list[str]) -> Iterator[tuple[bool, list[str], str]]:
        """See OtherSession."""
        for late, changed, name in super().said(kind, fields):
            yield late, [*changed, "new"] if name == "orderStatus" else changed, name
        if kind == "nextValidId":
            yield False, ["199", "1", "a new thing"], "newThing"


class LosesCancels(OtherSession):
    """No cancel arrives."""

    def heard(self, kind: str, fields: list[str]) -> bool:
        """See OtherSession."""
        return kind != "cancelOrder"


class RefusesAForm(OtherSession):
    """Stop-limit orders are refused."""

    def heard(self, kind: str, fields: list[str]) -> bool:
        """See OtherSession."""
        order = decode_request(fields).order if kind == "placeOrder" else None
        if order is not None and order.order_type == "STP LMT":
            self.simulation.broker.desk.rejections[order.order_ref] = (201, "Order rejected - reason:No stop-limit orders here")
        return True


class FillsFarOrders(OtherSession):
    """A stop alone is filled the moment it comes, wherever the market is."""

    def receive(self, fields: list[str]) -> None:
        """See OtherSession."""
        super().receive(fields)
        order = decode_request(fields).order if kind_of(fields) == "placeOrder" else None
        if order is not None and "E-1S" in order.order_ref:
            self.simulation.broker.exchange.fill(self.simulation.broker.find(order.order_ref), 25_000, 1)


class NeverFills(OtherSession):
    """No order is ever filled."""

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.simulation.broker.exchange._fill_some = lambda *_: None


def gateway_of(session: type[OtherSession]) -> type[Gateway]:
    """The simulated gateway with another session."""

    class OtherListener(Listener):
        def session_of(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Session:
            return session(self.simulation, reader, writer, number)

    class OtherGateway(Gateway):
        def __init__(self, config: GatewayConfig) -> None:
            super().__init__(config)
            self.listener = OtherListener(self)

    return OtherGateway
