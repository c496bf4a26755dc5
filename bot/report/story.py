"""The story of a run as its journal grows: what was seen, asked, sent, moved, left and learned, a sentence for each record worth one.

Every sentence is made of one record (and counts of earlier ones); nothing is told that the journal does not say.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.contracts import Contracts
from bot.decision.codes import Code
from bot.decision.outcome import result_at
from bot.decision.snapshot import KillState
from bot.glossary import BELIEFS, EXITS, KILL, STATES, STRATEGIES, glossary
from bot.journal.read import Record
from bot.journal.records import Action, Kind
from bot.journal.times import new_york
from bot.learning.states import StrategyState
from bot.plural import counted
from bot.report.gates_asked import Today, gates_asked
from bot.report.wording import balance, decimal, dollars
from bot.terms import WEIGHED

Body = dict[str, Any]
ENTRY, STOP = "ENTRY", "STOP"
SIDES = {1: "long", -1: "short"}
UNFILLED = {"OrderExpired": "was not filled in its time", "OrderCanceled": "was cancelled before it was filled"}
"""How an entry ends that nothing was bought or sold by, by the event."""
MANY = {"loss": "losses", "scratch": "scratches"}
LOCKS = (Code.LOSING_STREAK, Code.QUARANTINED, Code.KILL_SWITCH)  # refusals that are told once a session, though the plan is no news

WEIGHED_STATISTICS = ("win_rate", "expectancy_r")  # of learning, made of trades by their weight: no share of those that are counted


class Told(NamedTuple):
    """A sentence with the sequence and market time (UTC ns) of the record that it is made of; what it lists stands in lines below it."""

    seq: int
    ts_ns: int
    text: str

    @property
    def line(self) -> str:
        """The sentence behind its time, New York."""
        clock = new_york(self.ts_ns)[11:16] if self.ts_ns else "     "
        return f"{clock}  {self.text}"


class Story:
    """Tells records in the order they were written. `contracts` say what counts as won and lost, and what the gates held a plan against."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._day, self._today = "", Today(0)
        self._states: dict[str, str] = {}
        self._intents: dict[str, Body] = {}
        self._in: set[str] = set()
        self._explained: set[str] = set()
        self._once: set[tuple[Any, ...]] = set()
        self._refused: Counter[str] = Counter()
        self._results: dict[str, Counter[str]] = {}

    def tell(self, record: Record) -> Iterator[Told]:
        """The sentences of one record, most have none."""
        for text in self._sentences(record):
            yield Told(record.seq, record.ts_ns, text)

    def refusals(self) -> str:
        """How many plans were refused since this was asked last, by code; "" if none was."""
        counts, self._refused = self._refused, Counter()
        self._once = set()
        if not counts:
            return ""
        return (
            f"Refused in all: {counted(counts.total(), 'plan')} ({', '.join(f'{code} {count}' for code, count in counts.most_common())})."
        )

    def _sentences(self, record: Record) -> Iterator[str]:
        body = record.body
        match record.kind:
            case Kind.DECISION:
                yield from self._decision(body)
            case Kind.INTENT:
                self._intents[body["intent_id"]] = body
            case Kind.ORDER:
                yield from self._order(record)
            case Kind.FILL if body["role"] == ENTRY:
                self._in.add(body["intent_id"])
                word = "bought" if body["side"] > 0 else "sold"
                yield f"{body['strategy']} is in: {word} {body['quantity']} at {_price(body['price'])}."
            case Kind.OUTCOME if not body["shadow"]:
                yield from self._outcome(body)
            case Kind.STATE:
                yield from self._state(body)
            case Kind.KILL:
                yield _kill(body)
            case Kind.OPERATOR:
                yield f"A person: {body['action']} ({body['reason']}){': ' + body['detail'] if body['detail'] else ''}."
            case Kind.DAY if body["equity_cents"] is not None:
                if body["trading_day"] != self._day:
                    self._day, self._today = body["trading_day"], Today(body["equity_cents"])
                yield f"Trading day {body['trading_day']} begins with {balance(body['equity_cents'])} in the account."
            case Kind.SHADOW if body["state"] == "OPENED" and Code.QUARANTINED in body["gates"]:
                yield f"{body['strategy']}'s plan is only followed, as shadow trade {body['trade_id']}."

    def _decision(self, body: Body) -> Iterator[str]:
        plan, gate = body.get("plan"), body.get("gate")
        if plan is None:
            return
        name, side = body["strategy"], SIDES[plan["side"]]
        if body["action"] == Action.ENTER:
            belief = f"belief {plan['belief']} {plan['entry_value']:.2f}{self._meaning(plan['belief'], BELIEFS)}"
            yield f"{name} sees its setup, {side}{self._meaning(name, STRATEGIES)}; {belief}."
            yield "\n".join(("Every gate of the nine layers says yes:", *self._asked(body)))
        elif gate is not None:
            code = gate["code"]
            self._refused[code] += 1
            if code in LOCKS and self._first(name if code == Code.QUARANTINED else "", code):
                yield f"{body['sentence']}{self._meaning(code, _codes())}."

    def _asked(self, body: Body) -> Iterator[str]:
        state = self._states.get(body["strategy"], StrategyState.ACTIVE)
        yield from gates_asked(body, self._intents[body["intent_id"]], state, self._today, self._contracts)

    def _order(self, record: Record) -> Iterator[str]:
        body = record.body
        match body["role"], body["event"]:
            case (role, "OrderSubmitted") if role == ENTRY and self._first(body["intent_id"], "bracket"):
                yield _bracket(self._intents[body["intent_id"]]["plan"])
            case (role, "OrderUpdated") if role == STOP and self._first(record.ts_ns, body["trigger"]):
                why = f" ({body['cause']})" if body.get("cause") else ""
                yield f"{body['strategy']}'s stop is moved to {_price(body['trigger'])}{why}."
            case (role, event) if role == ENTRY and event in UNFILLED and self._first(body["intent_id"], "ended"):
                what = "the rest of its entry" if body["intent_id"] in self._in else "its entry"
                why = f" ({body['cause']})" if body.get("cause") else ""
                yield f"{body['strategy']}: {what} {UNFILLED[event]}{why} and is gone."

    def _outcome(self, body: Body) -> Iterator[str]:
        name, why = body["strategy"], body["exit_reason"]
        result = result_at(body["net_cents"], body["r"], self._contracts.constitution.outcome.loss_at_or_below_r)
        self._today = self._today._replace(realised_cents=self._today.realised_cents + body["net_cents"], trades=self._today.trades + 1)
        counts = self._results.setdefault(name, Counter())
        counts[result] += 1
        came_to = f"{dollars(body['net_cents'])} net, {_r(body['r'])}"
        yield f"{name} is out at {_price(body['exit_price'])} by {why}{self._meaning(why, EXITS)}: {came_to}."
        of = ", ".join(counted(count, word, MANY.get(word, "")) for word, count in sorted(counts.items()))
        yield f"Learned: a {result} for {name}, {counted(counts.total(), 'trade')} so far ({of})."

    def _state(self, body: Body) -> Iterator[str]:
        self._states[body["strategy"]] = body["after"]
        level = f" at level {body['throttle_level']}" if body["after"] == StrategyState.THROTTLED else ""
        meaning = self._meaning(body["after"], STATES)
        weighed = f", {WEIGHED}" if body["statistic"] in WEIGHED_STATISTICS else ""
        yield f"{body['strategy']} is {body['after']}{level} now: {body['reason']}{weighed}{meaning}. Back by: {body['release']}."

    def _meaning(self, code: str, of: Any) -> str:
        """What a code means, the first time it is met."""
        if code in self._explained or code not in of:
            return ""
        self._explained.add(code)
        return f" ({of[code]})"

    def _first(self, *what: Any) -> bool:
        """Whether this was not told yet since the session began."""
        new = what not in self._once
        self._once.add(what)
        return new


def _codes() -> dict[str, str]:
    return {code: terms[-1].meaning for code, terms in glossary().items()}


def _bracket(plan: Body) -> str:
    word = "buy" if plan["side"] > 0 else "sell"
    legs = " and ".join(f"{quantity} with stop {_price(stop)}, target {_price(target)}" for quantity, stop, target in plan["legs"])
    return f"Bracket sent: {word} by {plan['entry_type']} at {_price(plan['limit'])}, {legs}; {balance(plan['risk_cents'])} at risk."


def _kill(body: Body) -> str:
    state = KillState(body["state"])
    detail = f", {body['detail']}" if body["detail"] else ""
    return f"Kill switch {state} ({body['reason']}{detail}): {KILL[state]}."


def _price(points: float) -> str:
    return f"{points:,.2f}"


def _r(value: float) -> str:
    return f"{decimal(value, sign=True)} R"


def newest_decision(db: sqlite3.Connection) -> str:
    """The minute in which the last trade was decided, "YYYY-MM-DD HH:MM" New York; "" without a trade."""
    (decided_ns,) = db.execute("SELECT max(decided_ns) FROM trades").fetchone()
    return new_york(decided_ns) if decided_ns else ""


def ending(db: sqlite3.Connection) -> list[str]:
    """What a journal came to, a line each: every trading day's result, then every strategy's, with its state and throttle level."""
    days = db.execute("SELECT trading_day, trades, net_cents FROM daily_pnl ORDER BY trading_day").fetchall()
    traded = {name: (trades, net) for name, trades, net in db.execute(_BY_STRATEGY)}
    states = {name: (state, level) for name, state, level in db.execute("SELECT strategy, state, throttle_level FROM strategy_states")}
    names = sorted({name for (name,) in db.execute(f"SELECT DISTINCT strategy FROM records WHERE kind = '{Kind.DECISION}'")})
    lines = [f"{day:12}{counted(trades, 'trade'):>9}{dollars(net):>10}" for day, trades, net in days]
    for name in names:
        state, level = states.get(name, (StrategyState.ACTIVE, 0))
        trades, net = traded.get(name, (0, 0))
        lines.append(f"{name:12}{counted(trades, 'trade'):>9}{dollars(net):>10}   {state}{f', throttle level {level}' if level else ''}")
    total = sum(net for *_, net in days)
    return [*lines, f"{'together':12}{counted(sum(trades for _, trades, _ in days), 'trade'):>9}{dollars(total):>10}"]


_BY_STRATEGY = "SELECT strategy, count(*), sum(net_cents) FROM trades GROUP BY strategy"
