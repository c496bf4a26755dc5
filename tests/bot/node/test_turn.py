"""When a node makes room for the next one, by what it is told of the time, the month and what is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from builders import calendar, new_york_ns

from bot.contracts import load_contracts
from bot.ibkr.link.endpoint import Endpoint
from bot.node.request import BrokerRequest, Mode
from bot.node.turn import Turn

SHIPPED = load_contracts()
MIDNIGHT = new_york_ns("2025-12-15 00:00")
NOON, EVENING = new_york_ns("2025-12-15 12:00"), new_york_ns("2025-12-15 18:00")


def turn(tmp_path: Path, say: Callable[[str], None], waits_until_ns: int = 0) -> Turn:
    request = BrokerRequest(Endpoint("127.0.0.1", 4002, "", 7), Mode.PAPER, False, tmp_path)
    return Turn(request, SHIPPED, waits_until_ns, 2025, calendar(), say)


def node(now_ns: int, next_month: str = "", *, link: bool = True, held: int = 0) -> Any:
    """What a turn looks at of a node."""
    month = SimpleNamespace(local_symbol=next_month) if next_month else None
    provider = SimpleNamespace(next_month=lambda: month, contract=lambda: SimpleNamespace(localSymbol="MESZ5"))
    clock = SimpleNamespace(now_ns=lambda: now_ns)
    session = SimpleNamespace(clock=clock, provider=provider, link=SimpleNamespace(allows_entries=link))
    risk = SimpleNamespace(idle=lambda: True, open_trades=lambda: [object()] * held, unsettled_orders=list)
    return SimpleNamespace(session=session, risk=risk)


def test_a_roll_is_a_turn_and_says_which_month_is_traded_from_then_on(tmp_path):
    said: list[str] = []
    due = turn(tmp_path, said.append)
    assert not due.due(node(MIDNIGHT)) and said == []
    assert due.due(node(MIDNIGHT, "MESH6"))
    assert said == ["The roll: MESH6 is traded from now on, and MESZ5 no more."]


def test_a_roll_waits_while_something_is_held_or_the_link_is_down(tmp_path):
    due = turn(tmp_path, lambda _: None)
    assert not due.due(node(MIDNIGHT, "MESH6", held=1))
    assert not due.due(node(MIDNIGHT, "MESH6", link=False))
    assert due.due(node(MIDNIGHT, "MESH6"))


def test_a_roll_that_could_not_be_taken_at_midnight_is_taken_within_the_session_for_the_old_month_is_closed_to_entries(tmp_path):
    assert turn(tmp_path, lambda _: None).due(node(NOON, "MESH6"))


def test_contracts_that_wait_are_put_off_within_a_session_and_a_roll_goes_with_them(tmp_path):
    said: list[str] = []
    due = turn(tmp_path, said.append, waits_until_ns=MIDNIGHT)
    assert not due.due(node(NOON, "MESH6")) and not due.due(node(NOON, "MESH6"))
    assert due.due(node(EVENING, "MESH6"))
    assert ["could not be taken up before the session opened" in each for each in said] == [True, False]
