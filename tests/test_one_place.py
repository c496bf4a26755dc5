"""What one place alone may do: write an order on the wire, hand a command to Nautilus' engines, say what a state of the link allows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_architecture import SOURCES, named

from bot.ibkr.link.connection import Connection
from bot.ibkr.link.link_state import LinkState

Found = Callable[[ast.AST], bool]
COMMANDS = {"SubmitOrder", "SubmitOrderList", "ModifyOrder", "CancelOrder", "CancelAllOrders", "BatchCancelOrders"}
DOORS = {"RiskEngine.execute", "ExecEngine.execute"}
STATES = {state.value for state in LinkState}
# Frames could be written there past the one place; what is connected to says why they are not.
SOCKETS = {
    "bot/node/pace.py:Pace.attach": "the side channel of a simulated gateway, which takes no frames",
    "bot/node/acceptance/recorder.py:Recorder._serve": "the gateway, to pass on the bytes of the bot as they are",
    "bot/node/acceptance/again.py:_Asker._ask": "a simulated gateway of this process, to ask it again what a recording has asked",
}
# They look at a state, and nothing is sent or held back by what they see.
TELLERS = {
    "bot/ibkr/broker_journal.py:BrokerJournal._on_link": "journals that the link is not as it should be",
    "bot/ibkr/disruptions.py:Disruptions._on_state": "charges what a lost link has cost",
    "bot/ibkr/execution_client.py:IbkrExecutionClient._require_connection": "an account that cannot be asked is not reported as empty",
    "bot/node/node.py:MesbotNode._on_link": "tells a person that it is over",
    "bot/node/node.py:MesbotNode.start": "tells a person what is missing from the start on",
}


def around(tree: ast.AST, found: Found, name: str = "") -> Iterator[str]:
    """The function (`Class.method`) around each node that is found; "" for the module itself."""
    for node in ast.iter_child_nodes(tree):
        inner = name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{name}.{node.name}".lstrip(".")
        if found(node):
            yield inner
        yield from around(node, found, inner)


@lru_cache
def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def places(found: Found, *folders: str, without: str = "\0") -> set[str]:
    """`file:Class.method` of everything that is found under these folders."""
    sources = [path for path in SOURCES if named(path).startswith(folders) and not named(path).startswith(without)]
    assert sources
    return {f"{named(path)}:{name}" for path in sources for name in around(parsed(path), found)}


def last(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return getattr(node, "attr", getattr(node, "id", ""))


def writes_an_order(node: ast.AST) -> bool:
    return last(node) == "placeOrder" or (isinstance(node, ast.Constant) and node.value == "placeOrder")


def asks_in_words_made_up(node: ast.AST) -> bool:
    """A request to the broker that is not written out, so that nobody can see which it is."""
    if not (isinstance(node, ast.Call) and last(node.func) in ("send", "ask", "ask_named")):
        return False
    if not isinstance(node.func, ast.Attribute) or last(node.func.value) != "connection":
        return False
    return not (node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str))


def opens_a_socket(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in ("open_connection", "create_connection", "socket")


def names_a_door(node: ast.AST) -> bool:
    return (isinstance(node, ast.Constant) and node.value in DOORS) or last(node) in ("RISK", "EXEC")


def takes_an_engine(node: ast.AST) -> bool:
    """The engines' own handlers; a database has an `execute` too."""
    return isinstance(node, ast.Attribute) and node.attr == "execute" and not last(node.value).endswith("db")


def hands_over(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in ("_pass_risk", "_pass_exec")


def makes_a_command(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in COMMANDS


def looks_at_a_state(node: ast.AST) -> bool:
    """A state of the link by its name, or compared with its text."""
    if isinstance(node, ast.Attribute):
        return last(node.value) == "LinkState" and node.attr in STATES
    if isinstance(node, ast.Compare):
        texts = [each for side in (node.left, *node.comparators) for each in ast.walk(side) if isinstance(each, ast.Constant)]
        return any(each.value in STATES for each in texts)
    return isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant) and node.value.value in STATES


def test_one_place_writes_an_order_on_the_wire_and_one_a_question_that_looks_like_one():
    allowed = {"bot/ibkr/orders/orders.py:OrderMonitor._send", "bot/ibkr/link/connection.py:Connection.what_if"}
    assert places(writes_an_order, "bot/", "strategies/", "actors/", without="bot/gateway/") == allowed


def test_every_request_to_the_broker_is_written_out():
    assert places(asks_in_words_made_up, "bot/", "strategies/", "actors/") == set()


def test_who_opens_a_socket_by_hand_writes_no_order_on_it():
    assert places(opens_a_socket, "bot/node/", "bot/ibkr/", "bot/risk_engine/", "strategies/", "actors/") == set(SOCKETS)


@pytest.mark.parametrize("said", [False, None, 0, ""])
def test_an_order_that_is_no_question_is_not_asked(said):
    connection = object.__new__(Connection)
    connection.ids = None
    with pytest.raises(ValueError, match="only a question"):
        connection.what_if(None, SimpleNamespace(whatIf=said)).send(None)


def test_one_part_stands_at_the_engines_doors_and_holds_their_handlers():
    controller = "bot/risk_engine/controller.py"
    assert places(names_a_door, "bot/", "strategies/", "actors/") == {f"{controller}:", f"{controller}:RiskController._endpoints"}
    its_own = f"{controller}:RiskController._endpoints"  # Nautilus' controller has an `execute` as well
    assert places(takes_an_engine, "bot/risk_engine/") == {f"{controller}:RiskController.register_base", its_own}


def test_one_judge_hands_commands_to_the_engines():
    judge = "bot/risk_engine/engine.py:ContractRiskEngine."
    assert places(hands_over, "bot/", "strategies/", "actors/") == {f"{judge}{name}" for name in ("_through", "on_exec", "send")}


def test_one_sender_makes_commands_beside_the_drill():
    makers = {place.split(":")[0] for place in places(makes_a_command, "bot/", "strategies/", "actors/", without="bot/gateway/")}
    assert makers == {"bot/risk_engine/sender.py", "bot/risk_engine/drill.py", "bot/risk_engine/foreign.py"}


def test_one_place_says_what_a_state_of_the_link_allows():
    own = ("bot/ibkr/link/link_state.py:", "bot/ibkr/link/link.py:")  # what is allowed, and which state it is
    assert {place for place in places(looks_at_a_state, "bot/", "strategies/", "actors/") if not place.startswith(own)} == set(TELLERS)


@pytest.mark.parametrize(
    ("found", "source", "caught"),
    [
        (writes_an_order, "connection.send('placeOrder', 1, contract, order)", True),
        (writes_an_order, "ib.placeOrder(contract, order)", True),
        (writes_an_order, "'''It writes placeOrder.'''", False),
        (opens_a_socket, "await asyncio.open_connection(host, port)", True),
        (asks_in_words_made_up, "link.connection.send('place' + 'Order', 1)", True),
        (asks_in_words_made_up, "connection.ask(request)", True),
        (asks_in_words_made_up, "connection.ask_named('reqPositions', 'positionEnd')", False),
        (names_a_door, "msgbus.send('ExecEngine.execute', command)", True),
        (names_a_door, "msgbus.send(controller.EXEC, command)", True),
        (names_a_door, "'''Wraps ExecEngine.execute.'''", False),
        (takes_an_engine, "engine.execute(command)", True),
        (takes_an_engine, "execution = trader.exec_engine.execute", True),
        (takes_an_engine, "self._db.execute('SELECT 1')", False),
        (hands_over, "self._pass_exec(command)", True),
        (hands_over, "self._pass_exec = pass_exec", False),
        (makes_a_command, "hands.send(CancelOrder(order))", True),
        (makes_a_command, "messages.SubmitOrder(order=order)", True),
        (makes_a_command, "isinstance(command, CancelOrder)", False),
        (looks_at_a_state, "may = link.state is LinkState.SYNCED", True),
        (looks_at_a_state, "may = link.state == 'SYNCED'", True),
        (looks_at_a_state, "may = link.state in ('SYNCED', 'DEGRADED')", True),
        (looks_at_a_state, "match state:\n    case 'SYNCED': pass", True),
        (looks_at_a_state, "may = link.allows_entries", False),
    ],
)
def test_each_look_sees_what_it_is_for(found, source, caught):
    assert bool(list(around(ast.parse(source), found))) is caught


def test_what_is_found_is_named_by_the_function_around_it():
    source = "class A:\n    def b(self):\n        def c(): self.placeOrder()\nplaceOrder()"
    assert list(around(ast.parse(source), writes_an_order)) == ["A.b.c", ""]
