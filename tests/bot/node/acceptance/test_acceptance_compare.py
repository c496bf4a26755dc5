"""What counts as a difference between two gateways, and what it means for the bot: closed by default."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from bot.gateway.messages import KINDS
from bot.gateway.order_messages import encode_named
from bot.node.acceptance.compare import Difference, differences
from bot.node.acceptance.frames import FIELDS, NAMES, Frame, kind_out, named
from bot.node.acceptance.meaning import READ, UNREAD_KINDS

REF = "20251002-ACCEPT-1131A-1E"
_PLACE = [
    "3", "5", "700202512", "MES", "FUT", "20251219", "0.0", "", "5", "CME", "", "USD", "MESZ5", "MES", "", "", "BUY", "1", "LMT", "6300.0",
    "", "GTC", "", "DU***567", "", "0", REF, "1",
]  # fmt: skip


def placed(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """The request for an order with id 5, as the comparison reads it."""
    asked = SimpleNamespace(order=SimpleNamespace(order_ref=REF), kind="placeOrder", reference=5)
    monkeypatch.setattr("bot.node.acceptance.about.decode_request", lambda _: asked)
    return [Frame(0.0, 1, 7, "in", "placeOrder", _PLACE)]


def said(*fields: str) -> Frame:
    return Frame(0.0, 1, 7, "out", kind_out(list(fields)), list(fields))


def status(word: str, *more: str, perm: str = "perm-1") -> Frame:
    return said("3", "5", word, "0", "1", "0.0", perm, "0", "0.0", "7", "", "0", *more)


def opened(word: str, **values: str) -> Frame:
    shown = {"orderId": "5", "orderRef": REF, "permId": "perm-1", "status": word, "clientId": "7", "lmtPrice": "6300.0", "orderType": "LMT"}
    return said(*encode_named("openOrder", shown | values))


def found(real: list[Frame], simulated: list[Frame], requests: list[Frame] | None = None) -> list[Difference]:
    return differences([*(requests or []), *real], simulated)


@pytest.mark.parametrize(
    ("real", "simulated", "matters"),
    [
        ([status("Submitted")], [status("Submitted")], []),
        ([status("Submitted"), status("Submitted")], [status("Submitted", perm="99")], []),
        ([status("PreSubmitted")], [status("Submitted")], [False]),
        ([status("Inactive")], [status("Submitted")], [True]),
        ([status("Pondering")], [status("Submitted")], [True]),
        ([status("Pondering"), status("Submitted")], [status("Submitted")], [True]),
        ([status("PendingSubmit"), status("Submitted")], [status("Submitted")], [False]),
        ([status("Submitted")], [status("Submitted"), status("Cancelled")], [True]),
        ([status("Submitted", "more")], [status("Submitted")], [True]),
        ([opened("Submitted")], [opened("Submitted", lmtPrice="6299.75", permId="7")], []),
        ([opened("Submitted", orderType="LIT")], [opened("Submitted")], [True]),
        ([opened("Submitted", openClose="O")], [opened("Submitted")], [False]),
        ([opened("Submitted", permId="0")], [opened("Submitted")], [False]),
        ([opened("Submitted"), status("Submitted")], [status("Submitted"), opened("Submitted")], [False]),
        ([said("4", "2", "5", "399", "Order Message", "")], [], [False]),
        ([said("4", "2", "5", "9999", "who knows", "")], [], [True]),
        ([said("4", "2", "5", "201", "refused for margin", "")], [said("4", "2", "5", "201", "refused", "")], [True]),
        ([said("4", "2", "5", "201", "in other words", "")], [said("4", "2", "5", "201", "refused", "")], [False]),
    ],
)
def test_messages_of_an_order(monkeypatch, real: list[Frame], simulated: list[Frame], matters: list[bool]) -> None:
    assert [each.matters for each in found(real, simulated, placed(monkeypatch))] == matters


@pytest.mark.parametrize(
    ("real", "simulated", "matters"),
    [
        ([said("199", "1", "new")], [], [True]),
        ([said("46", "6", "1", "45", "123")], [], [False]),
        ([said("4", "2", "-1", "2106", "farm", "")], [], [False]),
        ([said("4", "2", "-1", "7777", "who knows", "")], [], [True]),
        ([said("49", "1", "1759420800")], [said("49", "1", "1759420801")], []),
        ([said("49", "1", "1759420800", "more")], [said("49", "1", "1759420801")], [True]),
        ([], [said("62", "1")], [True]),
        ([said("6", "2", "Leverage", "0.1", "", "DU***567")], [], [False]),
        ([], [said("6", "2", "NetLiquidation", "1.00", "USD", "DU***567")], [True]),
        ([said("6", "2", "NetLiquidation", "5.00", "EUR", "D")], [said("6", "2", "NetLiquidation", "1.00", "USD", "D")], [True, True]),
        ([said("1", "6", "3", "6", "6400.0", "1", "1")], [], [False]),
        ([said("1", "6", "3", "66", "6400.0", "1", "1")], [], [True]),
        ([said("58", "1", "3", "3")], [said("58", "1", "3", "1")], [True]),
        ([status("Submitted")], [], []),  # nobody's order of this recording
    ],
)
def test_messages_about_no_order_of_ours(real: list[Frame], simulated: list[Frame], matters: list[bool]) -> None:
    assert [each.matters for each in found(real, simulated)] == matters


def test_a_difference_is_one_sentence_with_what_it_means(monkeypatch) -> None:
    (difference,) = found([status("PreSubmitted")], [status("Submitted")], placed(monkeypatch))
    assert difference.line == (
        "orderStatus, status: PreSubmitted where the simulation says Submitted (ACCEPT-1131A-1E): both count the same: its status says "
        "that it works."
    )


def test_what_matters_stands_first(monkeypatch) -> None:
    listed = found([status("PendingSubmit"), status("Submitted"), said("199", "1")], [status("Submitted")], placed(monkeypatch))
    assert [each.matters for each in listed] == [True, False]


def test_every_field_that_the_bot_reads_is_a_field_of_its_message() -> None:
    assert {kind: set(fields) - set(NAMES[kind]) for kind, fields in READ.items() if set(fields) - set(NAMES[kind])} == {}


def test_every_message_of_the_simulation_has_its_fields_named() -> None:
    unnamed = set(KINDS.values()) - set(NAMES)
    assert unnamed == {"accountSummary", "accountSummaryEnd", "accountUpdateMulti", "accountUpdateMultiEnd", "marketRule"}, (
        "the bot asks for none"
    )
    assert all(len(set(names.split())) == len(names.split()) for names in FIELDS.values())
    assert UNREAD_KINDS.isdisjoint(READ)


def test_what_stands_behind_the_last_known_field_is_numbered() -> None:
    fields = dict(itertools.islice(named("currentTime", ["49", "1", "2", "x", "y"]).items(), 3, None))
    assert fields == {"field 4": "x", "field 5": "y"}
