"""The judge of commands by itself: its two doors, what it lets pass, and what it tells of the rest.

The journal, Nautilus' cache and orders are real; who watches trades and the two engines behind are noted.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from builders import CONTRACTS, INPUTS, LIMITS, MOMENT, an_intent, plan, snapshot
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import BatchCancelOrders, CancelOrder, QueryOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.events import OrderDenied, OrderModifyRejected
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, OrderListId, StrategyId, TraderId
from nautilus_trader.model.orders import Order, OrderList
from order_makers import ES, K1, MES, ORIGIN, TRADER, about, asked_to_end, bracket, cancel, change, remade, submission, working

from bot.decision.euc import euc
from bot.decision.intent import Intent
from bot.decision.plan import OPERATOR, ExitReason
from bot.decision.snapshot import KillState, Snapshot
from bot.errors import JournalError
from bot.journal.build import intent_record
from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.risk_engine.brackets import OrderTags, market_order
from bot.risk_engine.denials import Denials
from bot.risk_engine.engine import ContractRiskEngine
from bot.supervision.orders import OrderState, Role, TrackedOrder
from bot.supervision.trade import Leg, Trade
from bot.units import SECOND_NS

S, R = OrderState, Role
WEIGHTLESS = LIMITS.euc.model_copy(update={"uncertainty": LIMITS.euc.uncertainty.model_copy(update={"posterior": 0.0})})


class Watch:
    """Stands for the supervisor: notes what it is told, and knows the orders it is given."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.now_ns = MOMENT
        self.kill_state = KillState.ARMED
        self.told: list[tuple[Any, ...]] = []
        self.entries = SimpleNamespace(cancelled=lambda trade, order: self.told.append(("cancelled", trade, order)))

    def find(self, name: str) -> Any:
        known = ((trade, leg, order) for trade in self.trades for leg in trade.legs for order in leg.orders)
        return next((found for found in known if found[2].order_id == name), (None, None, None))

    def begin(self, intent: Intent, orders: list[Order], ts_ns: int) -> None:
        self.told.append(("begin", intent, orders, ts_ns))
        leg = Leg(1, 1, intent.plan.legs[0].stop, intent.plan.legs[0].target)
        for order, role, side in zip(orders, (R.ENTRY, R.STOP, R.TARGET), (1, -1, -1), strict=True):
            leg.orders.append(TrackedOrder(order.client_order_id.value, role, 1, side * intent.plan.side, 1))
        self.trades.append(Trade(intent, [leg]))

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.told.append((name, *given))


class Doors:
    """The engine between the doors of Nautilus' two engines; `intents` are journaled."""

    def __init__(
        self,
        folder: Path,
        *intents: Intent,
        past: tuple[str, ...] = (),
        trader_id: TraderId = TRADER,
        instrument_id: InstrumentId = MES,
        run: dict[str, Any] | None = None,
        **limits: Any,
    ) -> None:
        self.path = str(folder / "journal.sqlite")
        write(self.path, *intents)
        self.now: Snapshot | None = snapshot()
        self.watch, self.risk, self.exec, self.events = Watch(), [], [], []
        self.cache = SimpleNamespace(order=lambda name: self.kept.get(name), client_id=lambda _: None, orders=lambda **_: [])
        self.kept: dict[ClientOrderId, Order] = {}
        self.laws: dict[str, dict[str, Any]] = {}  # what an open trade was begun under, where it differs
        clock = SimpleNamespace(timestamp_ns=lambda: 77)
        law = msgspec.structs.replace(LIMITS, **limits)
        runtime = SimpleNamespace(
            limits=law,
            law_of=lambda name: SimpleNamespace(limits=msgspec.structs.replace(law, **self.laws.get(name, {}))),
            spec=SimpleNamespace(journal_path=self.path),
            past=SimpleNamespace(intent_ids=past),
        )
        situation = SimpleNamespace(ts_ns=5, snapshot=lambda: self.now)
        denials = Denials(self.cache, clock, self.events.append)
        whose, behind = (trader_id, instrument_id), (self.risk.append, self.exec.append)
        self.engine = ContractRiskEngine(runtime, situation, self.watch, denials, self.cache, whose, *behind, **run or {})

    def keep(self, *orders: Order) -> None:
        self.kept.update((order.client_order_id, order) for order in orders)

    def enter(self, intent: Intent, **envelope: Any) -> Any:
        """The bracket of an intent, sent to the first door."""
        made = bracket(intent)
        self.keep(*made.orders)
        command = submission(made, strategy_id=made.orders[0].strategy_id, **envelope)
        self.engine.on_risk(command)
        return command

    @property
    def refused(self) -> tuple[Any, ...]:
        """The one refusal: code, layer and the two named values."""
        (found,) = [given for name, *given in self.watch.told if name == "denied"]
        said = found[1]
        return (said.code, said.layer, said.observed_name, said.observed, said.limit_name, said.limit, said.unit)

    @property
    def alarms(self) -> list[str]:
        return [given[0] for name, *given in self.watch.told if name == "alarm"]

    @property
    def passed(self) -> tuple[list[Any], list[Any]]:
        return self.risk, self.exec


WRITTEN: dict[str, bytes] = {}  # journals by their intents: a copy needs no waiting for the disk


def write(path: str, *intents: Intent) -> None:
    """A journal of these intents."""
    if repr(intents) in WRITTEN:
        Path(path).write_bytes(WRITTEN[repr(intents)])
        return
    with Journal.create(path, "backtest", CONTRACTS, {"bars": "bars.csv"}, lambda: 7) as journal:
        for intent in intents:
            journal.write_ahead(Kind.INTENT, intent.decided.ts_ns, intent_record(intent), intent.plan.strategy)
    WRITTEN[repr(intents)] = Path(path).read_bytes()


@pytest.fixture
def doors(tmp_path: Path) -> Any:
    """Makes them: doors(intent, …, past=(…), limit=…)."""
    return lambda *given, **options: Doors(tmp_path, *given, **options)


def decided(**changes: Any) -> Intent:
    """An intent whose moment differs."""
    made = an_intent()
    return msgspec.structs.replace(made, decided=msgspec.structs.replace(made.decided, **changes))


def expiring(at_ns: int) -> Intent:
    return msgspec.structs.replace(an_intent(), expires_ns=at_ns)


# ------------------------------------------------------------------ doors


def single(order: Order) -> SubmitOrder:
    return SubmitOrder(TRADER, K1, order, UUID4(), 9)


def query(order: Order) -> QueryOrder:
    return QueryOrder(TRADER, K1, MES, order.client_order_id, None, UUID4(), 9)


def batch(order: Order) -> BatchCancelOrders:
    return BatchCancelOrders(TRADER, K1, MES, [cancel(order)], UUID4(), 9)


class Disguised(CancelOrder):
    """A command type of tomorrow."""


def disguised(order: Order) -> Disguised:
    return Disguised(TRADER, K1, MES, order.client_order_id, None, UUID4(), 9)


@pytest.mark.parametrize("make", [single, query, batch, cancel, disguised], ids=lambda make: make.__name__)
def test_whatever_is_not_known_at_the_first_door_is_refused(doors, make):
    found, command = doors(), make(bracket().first)
    found.engine.on_risk(command)
    assert found.passed == ([], [])
    assert found.watch.told[0][:2] == ("denied", command)
    assert found.refused[:4] == ("NOT_RECOGNISED", 8, "command", type(command).__name__)


@pytest.mark.parametrize(
    "make", [single, query, batch, change, disguised, lambda _: submission(bracket())], ids=lambda make: make.__name__.strip("<>")
)
def test_whatever_is_not_known_at_the_second_door_is_refused(doors, make):
    found, command = doors(an_intent()), make(bracket().first)
    found.engine.on_exec(command)
    assert found.passed == ([], [])
    assert found.refused[:4] == ("NOT_RECOGNISED", 8, "command", type(command).__name__)


def test_a_refused_order_hears_why(doors):
    found, order = doors(), bracket().first
    found.keep(order)
    found.engine.on_risk(single(order))
    (event,) = found.events
    assert (event.client_order_id, event.reason) == (order.client_order_id, found.watch.told[0][2].text)


def test_what_passed_the_first_door_passes_the_second_once_as_the_very_object(doors):
    found = doors(an_intent())
    command = found.enter(an_intent())
    assert found.passed == ([command], [])
    found.engine.on_exec(submission(bracket(), command_id=command.id))  # a forgery of the same id
    assert found.exec == []
    found.engine.on_exec(command)
    assert found.exec == [command]
    found.engine.on_exec(command)
    assert found.exec == [command]
    assert [name for name, *_ in found.watch.told] == ["begin", "denied", "denied"]


def spoil_orders(found: Doors, command: SubmitOrderList) -> None:
    command.order_list.orders[:] = bracket().orders  # equal, and not those that were judged


def drop_the_stop(found: Doors, command: SubmitOrderList) -> None:
    del command.order_list.orders[1]


def spoil_the_cache(found: Doors, command: SubmitOrderList) -> None:
    def broken(_: ClientOrderId) -> Order:
        found.cache.order = found.kept.get
        raise ValueError("no cache")

    found.cache.order = broken


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoil_orders, "20250916-K1-1041-1E is not the order of that id"),
        (drop_the_stop, "orders 2 instead of 3"),
        (spoil_the_cache, "ValueError: no cache"),
    ],
)
def test_a_bracket_that_was_changed_after_it_passed_the_first_door_is_denied_whole_and_an_alarm(doors, change, words):
    found = doors(an_intent())
    command = found.enter(an_intent())
    change(found, command)
    found.engine.on_exec(command)
    assert found.exec == []
    assert found.refused == ("PLAN_MISMATCH", 8, "found", words, "required", "what was approved a moment ago", "")
    assert [event.client_order_id.value[-2:] for event in found.events] == ["1E", "1S", "1T"]
    assert {event.reason for event in found.events} == {f"PLAN_MISMATCH: found={words}, required=what was approved a moment ago"}
    assert found.alarms == [f"an approved bracket was changed on its way: {words}"]
    found.engine.on_exec(command)
    assert found.exec == []


def test_a_bracket_whose_beginning_failed_is_not_on_its_way(doors):
    found = doors(an_intent())

    def fail(*_: Any) -> None:
        raise ValueError("no register")

    found.watch.begin = fail
    command = found.enter(an_intent())
    assert (found.refused[0], found.alarms) == (
        "GUARD_ERROR",
        ["GUARD_ERROR: guard=risk engine: ValueError: no register, required=an answer"],
    )
    found.engine.on_exec(command)
    assert found.passed == ([], [])
    assert [given[1].code for name, *given in found.watch.told if name == "denied"] == ["GUARD_ERROR", "NOT_RECOGNISED"]


def test_the_orders_that_were_approved_are_tracked_whatever_becomes_of_the_list(doors):
    found = doors(an_intent())
    command = found.enter(an_intent())
    orders = list(command.order_list.orders)
    command.order_list.orders.clear()
    (begun,) = [given for name, *given in found.watch.told if name == "begin"]
    assert begun[1] == orders


def test_two_commands_on_the_way_do_not_put_each_other_aside(doors):
    found = doors()
    (_, (_, one, _)), (_, (_, two, _)) = held(found), held(found, name="second")
    first, second = change(one, 993), change(two, 993)
    for command in (first, second):
        found.engine.on_risk(command)
    for command in (second, first):
        found.engine.on_exec(command)
    assert found.passed == ([first, second], [second, first])


# ------------------------------------------------------------------ entries


def test_the_bracket_of_an_approved_intent_passes_and_is_tracked_before_it_leaves(doors):
    made = an_intent()
    found = doors(made)
    command = found.enter(made)
    ((name, intent, orders, ts_ns),) = found.watch.told
    assert (name, intent, orders, ts_ns) == ("begin", made, command.order_list.orders, found.now.ts_ns)
    assert found.risk == [command]


def test_an_intent_is_submitted_once(doors):
    found = doors(an_intent())
    found.enter(an_intent())
    found.watch.told.clear()
    found.enter(an_intent())
    assert (found.refused, len(found.risk)) == (
        ("DUPLICATE_INTENT", 8, "intent", an_intent().intent_id, "required", "one submission an intent", ""),
        1,
    )


def test_an_intent_of_an_earlier_run_is_not_submitted_again(doors):
    found = doors(an_intent(), past=(an_intent().intent_id,))
    found.enter(an_intent())
    assert (found.refused[0], found.risk) == ("DUPLICATE_INTENT", [])


def test_a_list_without_an_intents_tags_or_without_orders_is_refused(doors):
    found, made = doors(an_intent()), bracket()
    command = submission(made)
    command.order_list.orders[0] = remade(made.first, tags=["intent=x"])
    found.engine.on_risk(command)
    assert found.refused == ("UNKNOWN_INTENT", 8, "list", str(made.id), "required", "the tags of an intent", "")
    found.watch.told.clear()
    command.order_list.orders.clear()
    found.engine.on_risk(command)
    assert found.refused[:4] == ("UNKNOWN_INTENT", 8, "list", str(made.id))


@pytest.mark.parametrize("journaled", [[], [an_intent(name="another")], [an_intent(plan(strategy="K9"))]])
def test_an_intent_that_is_not_journaled_or_of_no_strategy_is_unknown(doors, journaled):
    sent = journaled[0] if journaled and journaled[0].plan.strategy == "K9" else an_intent()
    found = doors(*journaled)
    found.enter(sent)
    required = "an intent of a strategy in the journal"
    assert found.refused == ("UNKNOWN_INTENT", 8, "intent", sent.intent_id, "required", required, "")


def test_before_the_first_bar_nothing_enters(doors):
    found = doors(an_intent())
    found.now = None
    found.enter(an_intent())
    assert found.refused == ("DVS_UNKNOWN", 2, "bars", 0, "minimum", 1, "")


def mismatch(found: Doors) -> str:
    code, layer, name, observed, limit_name, limit, unit = found.refused
    assert (code, layer, name, limit_name, limit, unit) == ("PLAN_MISMATCH", 8, "found", "required", "the journaled plan", "")
    assert found.risk == []
    return observed


def test_orders_beside_the_journaled_plan_are_refused(doors):
    found, made = doors(an_intent()), bracket(an_intent(plan(legs=((2, 8, 16),))))
    found.keep(*made.orders)
    found.engine.on_risk(submission(made))
    assert mismatch(found) == "20250916-K1-1041-1E has quantity 2 instead of 1"


def test_orders_of_another_strategy_than_the_intents_are_refused(doors):
    found, made = doors(an_intent(plan(strategy="K2"))), bracket(an_intent(plan(strategy="K2")))
    found.keep(*made.orders)
    found.engine.on_risk(submission(made))
    assert mismatch(found) == "strategy K1-K1 instead of K2-K2"


@pytest.mark.parametrize(
    ("origin", "words"),
    [({"trader_id": TraderId("X-1")}, "trader T-1 instead of X-1"), ({"instrument_id": ES}, "instrument_id MES.CME instead of ES.CME")],
)
def test_orders_of_another_trader_or_instrument_than_the_engines_are_refused(doors, origin, words):
    found = doors(an_intent(), **origin)
    found.enter(an_intent())
    assert mismatch(found).endswith(words)


@pytest.mark.parametrize("later", [1, -1])
def test_an_intent_is_for_the_bar_it_was_decided_on(doors, later):
    made = decided(ts_ns=MOMENT - later)
    found = doors(made)
    found.enter(made)
    assert mismatch(found) == f"decided on another bar ({MOMENT - later} instead of {MOMENT})"


TTL = LIMITS.ttl_ns


@pytest.mark.parametrize(
    ("expires_ns", "at_ns"), [(MOMENT, MOMENT), (MOMENT - 1, 0), (MOMENT + 5, MOMENT + 5), (MOMENT + 5, MOMENT + 6), (0, 0)]
)
def test_an_intent_whose_time_is_over_by_the_bar_or_by_now_is_refused(doors, expires_ns, at_ns):
    made = expiring(expires_ns)
    found = doors(made)
    found.watch.now_ns = at_ns
    found.enter(made)
    assert mismatch(found) == f"expired at {expires_ns}"


@pytest.mark.parametrize("expires_ns", [MOMENT + 1, MOMENT + TTL - 1, MOMENT + TTL])
def test_an_intent_in_its_time_passes(doors, expires_ns):
    made = expiring(expires_ns)
    found = doors(made)
    found.enter(made)
    assert len(found.risk) == 1


def test_an_intent_lives_no_longer_than_the_contract_allows(doors):
    made = expiring(MOMENT + TTL + 1)
    found = doors(made)
    found.enter(made)
    assert mismatch(found) == f"expires at {MOMENT + TTL + 1}, after {MOMENT + TTL}"


@pytest.mark.parametrize(("more", "passes"), [(0, True), (1, False)])
def test_an_intent_lives_no_longer_than_its_window(doors, more, passes):
    end = MOMENT + 30 * SECOND_NS
    made = expiring(end + more)
    found = doors(made)
    found.now = snapshot(window_end_ns=end)
    found.enter(made)
    assert bool(found.risk) is passes
    if not passes:
        assert mismatch(found) == f"expires at {end + 1}, after {end}"


@pytest.mark.parametrize("off", [1.1e-9, -1.1e-9, 1.0, -1.0])
def test_a_euc_that_its_inputs_do_not_give_is_refused(doors, off):
    true = euc(INPUTS, LIMITS.euc)
    made = decided(euc=msgspec.structs.replace(true, total=true.total + off))
    found = doors(made)
    found.enter(made)
    assert mismatch(found) == f"EUC {true.total + off:.6f} where its inputs give {true.total:.6f}"


@pytest.mark.parametrize("off", [1e-9, -1e-9, 0.0])
def test_a_euc_is_compared_with_the_tolerance(doors, off):
    """Inputs and weights whose EUC is 0 to the last bit."""
    inputs = msgspec.structs.replace(INPUTS, reward_ratio=1.0, belief=0.5, cost_r=0.0)
    zero = euc(inputs, WEIGHTLESS)
    assert zero.total == 0.0
    made = decided(inputs=inputs, euc=msgspec.structs.replace(zero, total=off))
    found = doors(made, euc=WEIGHTLESS)
    found.enter(made)
    assert len(found.risk) == 1


def test_the_first_of_several_differences_is_told(doors):
    made = msgspec.structs.replace(decided(ts_ns=MOMENT - 1, euc=msgspec.structs.replace(euc(INPUTS, LIMITS.euc), total=9.0)), expires_ns=0)
    found = doors(made)
    found.enter(made)
    assert mismatch(found).startswith("decided on another bar")
    found.watch.told.clear()
    sent = bracket(msgspec.structs.replace(made, plan=plan(legs=((2, 8, 16),))))
    found.keep(*sent.orders)
    found.engine.on_risk(submission(sent))
    assert mismatch(found).endswith("has quantity 2 instead of 1")


def test_what_the_gates_refuse_is_refused_and_may_be_asked_again(doors):
    found = doors(an_intent())
    found.now = snapshot(eqs=0.1)
    found.enter(an_intent())
    assert (found.refused[0], found.alarms, found.risk) == ("EQS_BELOW_MINIMUM", [], [])
    found.now = snapshot()
    found.enter(an_intent())
    assert len(found.risk) == 1


def test_a_gate_that_fails_is_a_refusal_and_an_alarm(doors):
    found = doors(an_intent())
    found.now = snapshot(trust={})
    found.enter(an_intent())
    assert found.refused[0] == "GUARD_ERROR"
    assert found.alarms == ["GUARD_ERROR: guard=learning state: KeyError: 'K1', required=an answer"]
    assert found.risk == []


def test_a_veto_that_is_no_refusal_approves_nothing_and_is_an_alarm(doors):
    found = doors(an_intent())
    found.now = snapshot(veto=SimpleNamespace(layer=-1, code="", text=""), eqs=0.1)
    found.enter(an_intent())
    assert (found.refused[0], found.risk) == ("EQS_BELOW_MINIMUM", [])
    assert found.alarms == ["GUARD_ERROR: guard=K5 veto: TypeError: SimpleNamespace, required=an answer"]


def test_a_gate_that_fails_behind_another_refusal_is_an_alarm_all_the_same(doors):
    found = doors(an_intent())
    found.now = snapshot(trust={}, eqs=0.1)
    found.enter(an_intent())
    assert (found.refused[0], len(found.alarms)) == ("EQS_BELOW_MINIMUM", 1)


def test_a_judge_that_fails_is_a_refusal_and_an_alarm(doors):
    found = doors(an_intent())
    Path(found.path).unlink()
    command = found.enter(an_intent())
    code, layer, name, observed, *_ = found.refused
    assert (code, layer, name) == ("GUARD_ERROR", 8, "guard")
    assert observed.startswith("risk engine: JournalError: ")
    assert found.alarms == [found.watch.told[1][2].text]
    assert (found.passed, [event.client_order_id for event in found.events]) == (
        ([], []),
        [order.client_order_id for order in command.order_list.orders],
    )


def test_a_copy_of_a_bracket_that_is_on_its_way_does_not_end_it(doors):
    found = doors(an_intent())
    command = found.enter(an_intent())
    orders = [TrackedOrder(order.client_order_id.value, R.ENTRY, 1, 1, 1) for order in command.order_list.orders[:2]]
    found.watch.trades[:] = [Trade(an_intent(), [Leg(1, 1, 992, 1016, orders)])]
    found.engine.on_risk(command)
    assert [event.client_order_id for event in found.events] == [command.order_list.orders[2].client_order_id]  # that one is not tracked


# ------------------------------------------------------------------ the drill


DRILL = an_intent(plan(strategy=OPERATOR))
PAPER = {"paper": True}


def drilled(found: Doors, made: Intent = DRILL, sent: Intent | None = None) -> tuple[bool, Any]:
    """Whether the drill's bracket of an intent is on its way, and the command."""
    orders = bracket(sent or made, strategy_id=StrategyId(f"{OPERATOR}-{OPERATOR}"))
    found.keep(*orders.orders)
    command = submission(orders, strategy_id=orders.orders[0].strategy_id)
    return found.engine.drill(command, made), command


def test_the_drills_bracket_passes_both_doors_in_paper_and_is_tracked_before_it_leaves(doors):
    found = doors(run=PAPER)
    passed, command = drilled(found)
    assert passed is True
    assert found.watch.told == [("begin", DRILL, command.order_list.orders, found.now.ts_ns)]
    found.engine.on_exec(command)
    assert found.passed == ([command], [command])


@pytest.mark.parametrize("run", [None, {"paper": False}])
def test_there_is_no_drill_outside_of_paper(doors, run):
    found = doors(run=run)
    passed, command = drilled(found)
    assert (passed, found.passed) == (False, ([], []))
    assert found.refused == ("NOT_RECOGNISED", 8, "drill", OPERATOR, "required", "OPERATOR, in PAPER", "")
    assert [event.client_order_id for event in found.events] == [order.client_order_id for order in command.order_list.orders]


def test_a_strategy_has_no_drill(doors):
    found = doors(run=PAPER)
    assert drilled(found, an_intent())[0] is False
    assert found.refused[:4] == ("NOT_RECOGNISED", 8, "drill", "K1")


def test_a_drill_is_opened_once_and_one_that_was_refused_is_not_tried_again(doors):
    found, wrong = doors(run=PAPER), an_intent(plan(strategy=OPERATOR, legs=((2, 8, 16),)), name="wrong")
    drilled(found), drilled(found, wrong)
    for again in (DRILL, wrong):
        found.watch.told.clear()
        assert drilled(found, again)[0] is False
        assert found.refused == ("DUPLICATE_INTENT", 8, "intent", again.intent_id, "required", "one drill a minute", "")
    assert len(found.risk) == 1


def test_a_drill_of_an_earlier_run_is_not_opened_again(doors):
    found = doors(past=(DRILL.intent_id,), run=PAPER)
    assert drilled(found)[0] is False
    assert found.refused[0] == "DUPLICATE_INTENT"


@pytest.mark.parametrize(
    ("made", "sent", "refused"),
    [
        (plan(strategy=OPERATOR, legs=((2, 8, 16),)), None, ("MAX_CONTRACTS", 1, "contracts", 2, "maximum", 1, "")),
        (plan(strategy=OPERATOR, legs=()), plan(strategy=OPERATOR), ("MAX_CONTRACTS", 1, "contracts", 0, "maximum", 1, "")),
        (plan(strategy=OPERATOR, trigger=1), None, ("ENTRY_TYPE", 8, "type", "STOP_LIMIT", "allowed", "LIMIT", "")),
        (
            plan(strategy=OPERATOR),
            plan(strategy=OPERATOR, legs=((2, 8, 16),)),
            ("PLAN_MISMATCH", 8, "found", f"{DRILL.intent_id}-1E has quantity 2 instead of 1", "required", "the drill's bracket", ""),
        ),
    ],
    ids=["two contracts", "none", "a stop limit", "another bracket"],
)
def test_a_drill_is_one_contract_entered_by_a_limit_as_it_was_written_down(doors, made, sent, refused):
    found = doors(run=PAPER)
    assert drilled(found, an_intent(made), an_intent(sent) if sent else None)[0] is False
    assert (found.refused, found.passed) == (refused, ([], []))


def test_a_drills_bracket_that_was_not_handed_over_is_refused(doors):
    found = doors(DRILL, run=PAPER)
    orders = bracket(DRILL, strategy_id=StrategyId(f"{OPERATOR}-{OPERATOR}"))
    found.keep(*orders.orders)
    found.engine.on_risk(submission(orders, strategy_id=orders.orders[0].strategy_id))
    assert (found.refused[:4], found.passed) == (("UNKNOWN_INTENT", 8, "intent", DRILL.intent_id), ([], []))


@pytest.mark.parametrize(
    ("of", "done", "enters"),
    [(DRILL, False, False), (DRILL, True, True), (an_intent(name="other"), False, True)],
    ids=["drill", "over", "K1"],
)
def test_while_a_drill_is_under_way_nothing_enters(doors, of, done, enters):
    found, under_way = doors(an_intent(name="mine")), Trade(of, [])
    under_way.done = done
    found.watch.trades.append(under_way)
    found.enter(an_intent(name="mine"))
    assert bool(found.risk) is enters
    if not enters:
        assert found.refused == ("POSITION_OPEN", 1, "drill", DRILL.intent_id, "required", "no drill under way", "")


# ------------------------------------------------------------------ the journal


def test_a_journal_that_cannot_be_read_is_told_at_the_beginning(doors):
    found = doors()
    Path(found.path).unlink()
    with pytest.raises(JournalError, match="intents cannot be read"):
        found.engine.begin()


def test_the_journal_is_let_go_at_the_end(doors):
    found = doors()
    found.engine.begin()
    found.engine.close()
    for path in Path(found.path).parent.iterdir():
        path.unlink()
    write(found.path, an_intent())  # who still held the old file would not find it here
    found.enter(an_intent())
    assert len(found.risk) == 1


# ------------------------------------------------------------------ changes of stops


def held(found: Doors, *, side: int = 1, entered: int = 1, entry: OrderState = S.FILLED, **intent: Any) -> tuple[Trade, list[Order]]:
    """A trade whose bracket is at the venue, tracked and in the cache; its orders."""
    orders = [working(order) for order in bracket(an_intent(plan(side), **intent)).orders]
    found.keep(*orders)
    leg = Leg(1, 1, 1000 - 8 * side, 1000 + 16 * side)
    for order, role, price in zip(orders, (R.ENTRY, R.STOP, R.TARGET), (1000, leg.stop, leg.target), strict=True):
        tracked = TrackedOrder(order.client_order_id.value, role, 1, side if role is R.ENTRY else -side, 1, price, state=S.WORKING)
        leg.orders.append(tracked)
    leg.orders[0].state, leg.orders[0].filled = entry, entered
    made = Trade(an_intent(plan(side)), [leg])
    found.watch.trades.append(made)
    return made, orders


@pytest.mark.parametrize(("params", "cause"), [(None, ""), ({}, ""), ({"cause": "ATR"}, "ATR"), ({"cause": 7}, "7")])
def test_a_tighter_stop_passes_and_its_price_bar_and_cause_are_noted(doors, params, cause):
    found = doors()
    trade, (_, stop, _) = held(found)
    command = change(stop, 993, params=params)
    found.engine.on_risk(command)
    found.engine.on_exec(command)
    assert found.passed == ([command], [command])
    tracked = trade.legs[0].orders[1]
    assert (tracked.requested, trade.changes, found.watch.told) == ({993: cause}, {5: {tracked.order_id}}, [])
    assert [type(price) for price in tracked.requested] == [int]


def test_a_wider_stop_is_refused_and_its_order_hears_it(doors):
    found = doors()
    _, (_, stop, _) = held(found)
    found.engine.on_risk(change(stop, 991))
    assert (found.refused[0], found.passed) == ("STOP_WIDENS", ([], []))
    assert [name for name, *_ in found.watch.told] == ["denied"]


def test_a_change_in_the_name_of_another_or_with_other_parameters_is_refused(doors):
    found = doors()
    _, (_, stop, _) = held(found)
    found.engine.on_risk(change(stop, 993, strategy_id=StrategyId("K2-K2")))
    assert found.refused[:4] == ("CHANGE_FORBIDDEN", 8, "strategy", "K2-K2")
    found.watch.told.clear()
    found.engine.on_risk(change(stop, 993, params={"price": 1}))
    assert found.refused[:4] == ("CHANGE_FORBIDDEN", 8, "parameters", "price")
    assert found.risk == []


def test_a_change_of_an_order_that_is_none_of_ours_is_refused(doors):
    found = doors()
    _, (_, stop, _) = held(found)
    found.watch.trades.clear()
    found.engine.on_risk(change(stop, 993))
    name = stop.client_order_id.value
    assert found.refused == ("CHANGE_FORBIDDEN", 8, "order", name, "required", "an order of ours", "")


def test_a_change_too_many_is_refused_and_its_cause_is_told(doors):
    found = doors(max_stop_changes=1)
    trade, (_, stop, _) = held(found)
    trade.changes = {4: {"x"}}
    found.engine.on_risk(change(stop, 993, params={"cause": "DVS"}))
    assert (found.refused[:6], found.risk) == (("STOP_CHANGES", 1, "changes", 2, "maximum", 1), [])
    assert found.watch.told[0] == ("too_many_changes", trade, "DVS")


def test_a_trade_keeps_the_law_that_it_was_begun_under(doors):
    found = doors(max_stop_changes=1)
    trade, (_, stop, _) = held(found)
    trade.changes = {4: {"x"}}
    found.laws[trade.intent_id] = {"max_stop_changes": 2}
    command = change(stop, 993)
    found.engine.on_risk(command)
    assert found.risk == [command]


# ------------------------------------------------------------------ cancels


def test_a_strategys_cancel_of_its_unfilled_entry_passes_at_the_second_door_and_ends_the_other_legs(doors):
    found = doors()
    trade, (entry, _, _) = held(found, entered=0, entry=S.WORKING)
    command = cancel(entry)
    found.engine.on_exec(command)
    assert found.passed == ([], [command])
    assert found.watch.told == [("cancelled", trade, trade.legs[0].orders[0])]


def test_a_cancel_of_a_stop_is_refused_and_leaves_no_mark(doors):
    found = doors()
    trade, (_, stop, _) = held(found)
    asked_to_end(stop)
    found.engine.on_exec(cancel(stop))
    assert (found.refused[:4], found.passed) == (("CANCEL_FORBIDDEN", 1, "order", "STOP"), ([], []))
    assert not trade.legs[0].orders[1].cancel_requested
    assert [name for name, *_ in found.watch.told] == ["denied"]
    assert [type(event).__name__ for event in found.events] == ["OrderCancelRejected"]


def test_a_cancel_in_the_name_of_another_or_of_no_order_of_ours_is_refused(doors):
    found = doors()
    _, (entry, _, _) = held(found, entered=0, entry=S.WORKING)
    found.engine.on_exec(cancel(entry, strategy_id=StrategyId("K2-K2")))
    assert found.refused[:4] == ("CANCEL_FORBIDDEN", 8, "strategy", "K2-K2")
    found.watch.told.clear()
    found.engine.on_exec(cancel(entry, params={"cause": "x"}))
    assert found.refused[:4] == ("CANCEL_FORBIDDEN", 8, "parameters", "cause")
    found.watch.told.clear()
    found.watch.trades.clear()
    found.engine.on_exec(cancel(entry))
    name = entry.client_order_id.value
    assert found.refused == ("CANCEL_FORBIDDEN", 8, "order", name, "required", "an order of ours", "")
    assert found.exec == []


# ------------------------------------------------------------------ the supervisor's own


def exits(found: Doors, trade: Trade, quantity: int = 1, side: int = -1) -> SubmitOrder:
    """A closing order of the supervisor, tracked."""
    name = f"{trade.intent_id}-1X1"
    order = market_order(ORIGIN, ClientOrderId(name), side, quantity, OrderTags(trade.intent_id, 1, R.EXIT, 1))
    trade.legs[0].orders.append(TrackedOrder(name, R.EXIT, 1, side, quantity))
    found.keep(order)
    return single(order)


def bare(found: Doors) -> Trade:
    """A trade that holds one contract, and whose stop and target are gone."""
    trade, _ = held(found)
    for order in trade.legs[0].orders[1:]:
        order.state = S.CANCELED
    return trade


def test_the_supervisors_cancel_passes_whatever_it_names(doors):
    found, command = doors(), cancel(bracket().first)
    found.engine.send(command)
    assert (found.passed, found.watch.told) == (([], [command]), [])
    found.watch.trades.append(None)  # what a look would fail at
    found.engine.send(command)
    assert (found.exec, found.alarms) == ([command, command], [])


def test_an_exit_of_what_is_held_goes_to_the_execution_engine_itself_once(doors):
    found = doors()
    command = exits(found, bare(found))
    found.engine.send(command)
    assert (found.passed, found.watch.told) == (([], [command]), [])
    found.engine.on_exec(command)
    assert (found.exec, found.refused[0]) == ([command], "NOT_RECOGNISED")


def test_nobody_refuses_an_order_of_the_supervisor_on_its_way(doors):
    found, brought = doors(), []
    trade = bare(found)
    command = exits(found, trade)
    found.engine.send(command)
    assert not found.engine.stopped(denial(command.order), brought.append)
    assert (found.exec, found.events, brought) == ([command], [], [])


def test_an_exit_beyond_what_is_held_is_refused_with_an_alarm_save_after_its_wait(doors):
    found = doors()
    command = exits(found, held(found)[0])  # its stop and target still work
    found.engine.send(command)
    assert found.refused == ("EXPOSURE", 1, "closing_too_much", 1, "maximum", 0, "contracts")
    assert found.alarms == ["SubmitOrder of the supervisor: EXPOSURE: closing_too_much=1, maximum=0"]
    assert [type(event).__name__ for event in found.events] == ["OrderDenied"]
    assert found.passed == ([], [])
    found.watch.told.clear()
    found.engine.send(command, after_wait=True)
    assert (found.exec, found.watch.told) == ([command], [])


def test_what_closed_too_much_before_is_not_held_against_another_command(doors):
    found = doors()
    trade, _ = held(found)
    exits(found, trade)
    command = change(bracket().orders[1], quantity=1)
    found.engine.send(command)
    assert found.exec == [command]


def lists(found: Doors, trade: Trade, quantity: int) -> Any:
    """A new stop and target of the supervisor, tracked."""
    made = bracket(an_intent(plan(legs=((quantity, 8, 16),)), name="P")).orders[1:]
    for order, role in zip(made, (R.STOP, R.TARGET), strict=True):
        trade.legs[0].orders.append(TrackedOrder(order.client_order_id.value, role, 1, -1, quantity))
    return submission(OrderList(OrderListId("P"), made))


@pytest.mark.parametrize(("quantity", "passes"), [(1, True), (2, False)])
def test_a_new_pair_covers_what_is_held_and_no_more(doors, quantity, passes):
    found = doors()
    command = lists(found, bare(found), quantity)
    found.engine.send(command)
    assert (found.exec == [command], found.alarms == []) == (passes, passes)


@pytest.mark.parametrize(("quantity", "limit", "passes"), [(2, 2, True), (3, 2, False), (3, 3, True), (2, 1, False)])
def test_a_buy_back_may_lead_to_the_limit_and_not_beyond(doors, quantity, limit, passes):
    found = doors(max_contracts=limit)
    trade = bare(found)
    trade.legs[0].orders[1].state, trade.legs[0].orders[1].filled = S.FILLED, 1  # its stop filled: flat
    command = exits(found, trade, quantity, side=1)
    found.engine.send(command)
    assert (found.exec == [command]) is passes
    if not passes:
        assert found.refused == ("EXPOSURE", 1, "worst", quantity, "maximum", limit, "contracts")


def test_what_was_beyond_the_limit_before_does_not_hold_up_what_adds_nothing(doors):
    found = doors(max_contracts=1)
    trade = bare(found)
    trade.legs[0].orders.append(TrackedOrder("E2", R.ENTRY, 1, 1, 2, state=S.UNKNOWN))
    command = exits(found, trade)
    found.engine.send(command)
    assert found.exec == [command]


@pytest.mark.parametrize(("resized", "passes"), [(1, True), (2, True), (3, False)])
def test_a_smaller_size_passes_and_a_larger_one_is_looked_at(doors, resized, passes):
    found = doors()
    trade, (_, stop, _) = held(found)
    trade.legs[0].orders[1].quantity = trade.legs[0].orders[2].quantity = 2
    trade.legs[0].orders[1].resized = resized
    command = change(stop, quantity=resized)
    found.engine.send(command)
    assert (found.exec == [command], found.alarms == []) == (passes, passes)
    refused = [given for given in found.watch.told if given[0] == "resize_refused"]
    assert refused == ([] if passes else [("resize_refused", stop.client_order_id.value)])


@pytest.mark.parametrize("resized", [2, 3])
def test_a_size_that_adds_nothing_passes_though_it_is_beyond_the_limit_as_it_is(doors, resized):
    found = doors(max_contracts=1)
    trade, (entry, _, _) = held(found, entered=0, entry=S.WORKING)
    trade.legs[0].orders[0].quantity, trade.legs[0].orders[0].resized = 3, resized
    command = change(entry, quantity=resized)
    found.engine.send(command)
    assert found.exec == [command]


def test_a_size_of_an_order_that_is_not_tracked_adds_nothing(doors):
    found, command = doors(), change(bracket().first, quantity=1)
    found.engine.send(command)
    assert (found.exec, found.watch.told) == ([command], [])


def test_only_a_refused_change_of_size_is_told_as_one(doors):
    found = doors()
    found.engine.send(exits(found, held(found)[0]))
    assert [name for name, *_ in found.watch.told] == ["alarm", "denied"]


def test_a_look_that_fails_is_a_refusal_and_an_alarm(doors):
    found = doors()
    command = exits(found, bare(found))
    found.watch.trades.append(None)
    found.watch.find = lambda _: (None, None, None)
    found.engine.send(command)
    assert (found.refused[0], len(found.alarms), found.exec) == ("GUARD_ERROR", 1, [])


# ------------------------------------------------------------------ refused by Nautilus behind the first door


def denial(order: Order) -> OrderDenied:
    return OrderDenied(**about(order, "account_id", "ts_event"), reason="too late")


def change_rejection(order: Order) -> OrderModifyRejected:
    return OrderModifyRejected(**about(order), venue_order_id=None, reason="too late")


def test_a_list_of_which_nautilus_denied_an_order_goes_whole_and_passes_no_more(doors):
    found, brought = doors(an_intent()), []
    command = found.enter(an_intent())
    entry, stop, target = command.order_list.orders
    event = denial(stop)
    assert found.engine.stopped(event, brought.append)
    assert brought == [event]
    assert [event.client_order_id for event in found.events] == [entry.client_order_id, target.client_order_id]
    assert {event.reason for event in found.events} == {f"{stop.client_order_id} of the same list was denied"}
    found.engine.on_exec(command)
    assert found.exec == []


def test_whoever_hears_of_a_denial_cannot_send_the_command_on(doors):
    found = doors(an_intent())
    command = found.enter(an_intent())
    assert found.engine.stopped(denial(command.order_list.orders[1]), lambda _: found.engine.on_exec(command))
    assert found.exec == []


def test_a_refused_change_passes_no_more(doors):
    found, brought = doors(), []
    _, (_, stop, _) = held(found)
    command = change(stop, 993)
    found.engine.on_risk(command)
    assert found.engine.stopped(change_rejection(stop), brought.append)
    found.engine.on_exec(command)
    assert (len(found.risk), found.exec, found.events, len(brought)) == (1, [], [], 1)


def test_a_refusal_of_what_is_not_between_the_doors_is_none(doors):
    found, brought = doors(an_intent()), []
    command = found.enter(an_intent())
    other = bracket(an_intent(name="another")).first
    assert not found.engine.stopped(denial(other), brought.append)
    assert not found.engine.stopped(change_rejection(command.order_list.orders[1]), brought.append)  # it is no change that is on its way
    found.engine.on_exec(command)
    assert not found.engine.stopped(denial(command.order_list.orders[1]), brought.append)
    assert (found.exec, found.events, brought) == ([command], [], [])


def test_a_denial_says_nothing_of_a_change(doors):
    found, brought = doors(), []
    _, (_, stop, _) = held(found)
    command = change(stop, 993)
    found.engine.on_risk(command)
    assert not found.engine.stopped(denial(stop), brought.append)
    found.engine.on_exec(command)
    assert (found.exec, brought) == ([command], [])


# ------------------------------------------------------------------ between the doors


def telling(found: Doors, act: Any) -> None:
    """Whoever hears that an intent was submitted acts."""
    begin = found.watch.begin

    def told(*given: Any) -> None:
        begin(*given)
        act()

    found.watch.begin = told


def test_a_bracket_that_is_brought_to_the_second_door_while_others_are_told_of_it_passes_once(doors):
    found, made = doors(an_intent()), bracket()
    command = submission(made)
    found.keep(*made.orders)
    telling(found, lambda: found.engine.on_exec(command))
    found.engine.on_risk(command)
    assert found.passed == ([command], [])
    assert (found.refused[0], found.events) == ("NOT_RECOGNISED", [])  # and the refusal does not end it on its way
    found.engine.on_exec(command)
    found.engine.on_exec(command)
    assert found.exec == [command]


def test_a_bracket_that_is_sent_to_the_first_door_while_others_are_told_of_it_passes_once(doors):
    found, made = doors(an_intent()), bracket()
    command = submission(made)
    found.keep(*made.orders)
    telling(found, lambda: found.engine.on_risk(command))
    found.engine.on_risk(command)
    assert found.passed == ([command], []) and found.refused[0] == "DUPLICATE_INTENT"


def test_a_bracket_that_nautilus_denied_while_others_are_told_of_it_does_not_leave(doors):
    found, made = doors(an_intent()), bracket()
    command = submission(made)
    found.keep(*made.orders)
    telling(found, lambda: found.engine.stopped(denial(made.orders[0]), lambda _: None))
    found.engine.on_risk(command)
    found.engine.on_exec(command)
    assert found.passed == ([], [])


KILLED = ("KILL_SWITCH", 0, "state")
UNWANTED = ("PLAN_MISMATCH", 8, "found", "an end that was asked for on its way", "required", "an entry that is wanted", "")


@pytest.mark.parametrize("state", [state for state in KillState if state is not KillState.ARMED])
def test_a_bracket_that_a_kill_has_overtaken_is_denied_at_the_second_door(doors, state):
    found = doors(an_intent())
    command = found.enter(an_intent())
    found.watch.kill_state = state
    found.engine.on_exec(command)
    assert found.refused == (*KILLED, state.value, "required", "ARMED", "")
    assert ([event.client_order_id.value[-2:] for event in found.events], found.exec) == (["1E", "1S", "1T"], [])
    assert {event.reason for event in found.events} == {f"KILL_SWITCH: state={state.value}, required=ARMED"}


def close_it(trade: Trade) -> None:
    trade.closing = ExitReason.THESIS


def cancel_its_entry(trade: Trade) -> None:
    trade.legs[0].orders[0].cancel_requested = True


@pytest.mark.parametrize("end", [close_it, cancel_its_entry])
def test_a_bracket_whose_end_has_overtaken_it_is_denied_at_the_second_door(doors, end):
    found = doors(an_intent())
    command = found.enter(an_intent())
    end(found.watch.trades[0])
    found.engine.on_exec(command)
    assert (found.refused, found.exec, len(found.events)) == (UNWANTED, [], 3)
    assert found.alarms == []


def test_a_bracket_whose_trade_is_not_known_is_denied_at_the_second_door(doors):
    found = doors(an_intent())
    command = found.enter(an_intent())
    found.watch.trades.clear()
    found.engine.on_exec(command)
    assert (found.refused, found.exec, len(found.events)) == (UNWANTED, [], 3)


@pytest.mark.parametrize("state", KillState)
def test_the_supervisors_own_passes_the_second_door_in_every_state(doors, state):
    found = doors()
    command = exits(found, bare(found))
    found.engine.send(command)
    found.watch.kill_state = state
    found.engine.on_exec(command)
    assert found.exec == [command]


@pytest.mark.parametrize("state", KillState)
def test_a_drill_passes_the_second_door_armed_or_halted(doors, state):
    made = an_intent(plan(strategy=OPERATOR))
    found = doors(run={"paper": True})
    listed = bracket(made, strategy_id=StrategyId(f"{OPERATOR}-{OPERATOR}"))
    found.keep(*listed.orders)
    command = submission(listed, strategy_id=listed.first.strategy_id)
    assert found.engine.drill(command, made)
    found.watch.kill_state = state
    found.engine.on_exec(command)
    assert (found.exec == [command]) is (state in (KillState.ARMED, KillState.HALTED))


def test_what_comes_where_nothing_may_pass_is_refused_and_hears_why(doors):
    found, order = doors(), bracket().first
    found.keep(order)
    found.engine.refuse(single(order))
    assert (found.refused[0], [type(event).__name__ for event in found.events], found.passed) == (
        "NOT_RECOGNISED",
        ["OrderDenied"],
        ([], []),
    )
