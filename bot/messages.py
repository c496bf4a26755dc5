"""What the components say to each other in one process: topics, endpoints and message types.

Everything is delivered synchronously, in the order it was sent (nautilus: MessageBus).
Times are UTC nanoseconds of market time.
"""

from __future__ import annotations

import msgspec

from bot.decision.outcome import TradeOutcome
from bot.decision.plan import EntryPlan, ExitReason, ManagementAction, NoSetup, TradeView, Veto
from bot.decision.snapshot import EntryLock, KillState
from bot.decision.verdict import Refused
from bot.journal.records import DecisionRecord, Kind
from bot.market.state import MarketState

OURS = "mesbot."  # what the names of our own topics and endpoints begin with
TOPIC_QUALITY = "mesbot.quality"
TOPIC_MARKET = "mesbot.market"
TOPIC_BOOK = "mesbot.book"
TOPIC_TRUST = "mesbot.trust"
TOPIC_KILL = "mesbot.kill"
TOPIC_ENTRY_LOCK = "mesbot.entry_lock"  # carries an EntryLockUpdate
TOPIC_KILL_TRIGGER = "mesbot.kill.trigger"
TOPIC_VETO = "mesbot.veto"
TOPIC_REFUSED_PLAN = "mesbot.refused_plan"  # carries a RefusedPlan
TOPIC_DECISIONS = "mesbot.decisions"
TOPIC_SESSION = "mesbot.session"  # carries SessionBegan
TOPIC_FEED = "mesbot.feed"  # carries the QualityEvent of a feed
TOPIC_SPREAD = "mesbot.spread"
TOPIC_TIME = "mesbot.time"  # carries a stamp of market time, UTC ns
TOPIC_BEGIN = "mesbot.begin"  # a live run has warmed up; carries the close of the first minute to decide, UTC ns
TOPIC_BROKER = "mesbot.broker"  # carries what stands against entries at the broker as a text, "" if nothing does
TOPIC_MARGIN = "mesbot.margin"  # carries the broker's own initial margin of one contract, whole cents; 0 while nobody has asked
TOPIC_EQS_EVENT = "mesbot.eqs.event"  # carries the QualityEvent of an order
NEVER = 2**63 - 1  # a time that does not come
CLOSED_ELSEWHERE = "closed_elsewhere"  # parameter of a SubmitOrder: book it at this price (points), do not send it
ENDPOINT_JOURNAL = "mesbot.journal"
ENDPOINT_JOURNAL_AHEAD = "mesbot.journal.ahead"
ENDPOINT_JOURNAL_WRITTEN = "mesbot.journal.written"  # carries a Written to be filled in
ENDPOINT_RISK_CLOSE = "mesbot.risk.close"
ENDPOINT_RISK_FOUND = "mesbot.risk.found"  # carries the OrderRecord of an order that only the broker knew
ENDPOINT_RISK_SEEDED = "mesbot.risk.seeded"  # carries an order or position of an earlier run, as Nautilus' cache holds it now
ENDPOINT_RISK_POSITION = "mesbot.risk.position"  # carries PositionDiffers
ENDPOINT_RISK_KILL = "mesbot.risk.kill"  # carries a person's reason; trips the kill switch
ENDPOINT_RISK_LOCK = "mesbot.risk.lock"  # carries a person's reason; no entry passes from then on
ENDPOINT_RISK_UNLOCK = "mesbot.risk.unlock"  # carries a person's reason, from a part of the node; entries may pass again
ENDPOINT_RISK_WITHDRAW = "mesbot.risk.withdraw"  # the run ends: cancel entries that still work
ENDPOINT_RISK_PATH = "mesbot.risk.path"  # carries OnPath
ENDPOINT_RISK_STANDING = "mesbot.risk.standing"  # carries a Standing to be filled in
ENDPOINT_RISK_DRILL = "mesbot.risk.drill"  # carries a DrillRequest, DrillOver or ForeignPosition, from a part of the node
ENDPOINT_RISK_LEAVING = "mesbot.risk.leaving"  # carries Leaving
ENDPOINT_BAR_AHEAD = "mesbot.bar.ahead"  # carries a BarAhead, from the simulated venue
ENDPOINT_HOLDINGS = "mesbot.holdings"  # carries the function of the account's adapter that answers Holdings, to the risk engine
ENDPOINT_RISK_ALARM = "mesbot.risk.alarm"  # carries a sentence; trips the kill switch


def ask_endpoint(strategy: str) -> str:
    """Where a strategy is asked for its answer on a bar."""
    return f"mesbot.{strategy}.ask"


def submit_endpoint(strategy: str) -> str:
    """Where a strategy is told to submit its intent."""
    return f"mesbot.{strategy}.submit"


def venue_endpoint(venue: str) -> str:
    """There if the simulated venue of this name fills by the one rule (bot.fills); it takes nothing."""
    return f"mesbot.venue.{venue}"


class BarAhead(msgspec.Struct, gc=False):
    """A question of the simulated venue before a bar fills anything: what will it be found to be? Prices are points, the close UTC ns.

    Without an answer it is a bar like any other. `hole` and `void` are those of bot.quality.dvs.Ahead.
    """

    ts_ns: int
    prices: tuple[float, float, float, float]
    volume: float
    believed: bool = True
    hole: bool = False
    void: bool = False


class Leaving(msgspec.Struct, gc=False):
    """A question to the risk engine: is a position `held` that is not being left yet, and is one being left (`leaving`)?"""

    held: bool = False
    leaving: bool = False


class Spread(msgspec.Struct, frozen=True, gc=False):
    """The quote's spread in ticks when the minute that closes at `ts_ns` had closed; nan if there was no quote. Sent ahead of its bar."""

    ts_ns: int
    ticks: float


class SessionBegan(msgspec.Struct, frozen=True, gc=False):
    """A session's first bar, which closed at `ts_ns`, goes into the journal; `trading_day` is an ISO date. A restart says it again."""

    trading_day: str
    ts_ns: int


class Ask(msgspec.Struct, gc=False):
    """A question to one strategy about one bar; the strategy writes its answer into it.

    `trade` is the strategy's own open trade, if it has one.
    """

    state: MarketState
    trade: TradeView | None
    answer: EntryPlan | NoSetup | Veto | ManagementAction | None = None


class IntentSubmitted(msgspec.Struct, frozen=True, gc=False):
    """The risk engine has approved an intent; its orders are on their way."""

    intent_id: str
    strategy: str
    ts_ns: int


class IntentDenied(msgspec.Struct, frozen=True, gc=False):
    """The risk engine has refused what a strategy sent."""

    intent_id: str
    strategy: str
    refusal: Refused


class EntryEnded(msgspec.Struct, frozen=True, gc=False):
    """No entry order of the intent works any more; `filled` says whether any contract was bought or sold.

    `late`: it had been told as not filled, and a fill came after all.
    """

    intent_id: str
    strategy: str
    filled: bool
    late: bool = False


class TradeOpened(msgspec.Struct, frozen=True, gc=False):
    """The first contract of an intent was filled."""

    trade: TradeView


class TradeChanged(msgspec.Struct, frozen=True, gc=False):
    """A fill or a moved stop changed the open trade."""

    trade: TradeView


class TradeClosed(msgspec.Struct, frozen=True, gc=False):
    """The last contract is closed."""

    outcome: TradeOutcome


BookEvent = IntentSubmitted | IntentDenied | EntryEnded | TradeOpened | TradeChanged | TradeClosed


class OnPath(msgspec.Struct, gc=False):
    """A question to the risk engine: which endpoints and topics it has lost; None if nobody answers."""

    lost: tuple[str, ...] | None = None


class CloseTrade(msgspec.Struct, frozen=True, gc=False):
    """A request to leave an open trade at the market."""

    trade_id: str
    reason: ExitReason
    why: str


class Standing(msgspec.Struct, gc=False):
    """A question to the risk engine, which writes the answer into it.

    `open_trades` hold contracts now; `idle`: nothing waits in Nautilus' queues (live) or is to be done in a moment, and every order is
    answered for; `unsettled` is how many orders may still open a position.
    """

    open_trades: tuple[TradeView, ...] = ()
    idle: bool = False
    unsettled: int = 0

    @property
    def at_rest(self) -> bool:
        """Nothing is held, works or is under way."""
        return self.idle and not self.open_trades and not self.unsettled


class DrillRequest(msgspec.Struct, gc=False):
    """A person asks for a drill (bot.risk_engine.drill); the risk engine writes the answer into it.

    `trade_id` names the trade that is on its way; without one `refused` says why, as a sentence.
    """

    trade_id: str = ""
    refused: str = ""


class DrillOver(msgspec.Struct, gc=False):
    """A drill that was killed with the reason `kill` has ended; the risk engine writes into it why its latch stays, "" if it is cleared."""

    kill: str
    latched: str = ""


class ForeignPosition(msgspec.Struct, gc=False):
    """A kill includes what is foreign: the account holds so many contracts (signed) of what is traded that nothing explains, bought or
    sold at `price` (points). The risk engine takes one over and closes it, or writes into it why not.
    """

    contracts: int
    price: float
    refused: str = ""


class KillUpdate(msgspec.Struct, frozen=True, gc=False):
    """The kill switch changed its state at `ts_ns` (UTC ns). `detail` is a person's own words, or what was found; "" if there are none."""

    state: KillState
    reason: str
    detail: str
    ts_ns: int

    @property
    def told(self) -> str:
        """The reason with its detail."""
        return f"{self.reason}, {self.detail}" if self.detail else self.reason


class EntryLockUpdate(msgspec.Struct, frozen=True, gc=False):
    """A person has locked entries (`lock`), or lets them pass again (None)."""

    lock: EntryLock | None


class KillTrigger(msgspec.Struct, frozen=True, gc=False):
    """The broker's side has seen something that trips the kill switch while a position is held (constitution: kill_switch)."""

    reason: str
    detail: str


class PositionDiffers(msgspec.Struct, frozen=True, gc=False):
    """The broker holds `held` contracts (signed) of what is traded where the book has `expected`.

    `explained`: executions that are none of ours make the difference, the last of them at `price` (points; nan if there is none).
    """

    expected: int
    held: int
    explained: bool
    price: float


class Holdings(msgspec.Struct, gc=False):
    """A question to the adapter before a position of `expected` contracts (signed; the book's) is left; it writes the answer into it.

    `held`: signed contracts of what is traded in the account, None while that is not known. Where it does not agree, the adapter asks
    the broker anew.
    """

    expected: int
    held: int | None = None


class JournalEntry(msgspec.Struct, frozen=True, gc=False):
    """One record for the journal."""

    kind: Kind
    ts_ns: int
    body: msgspec.Struct
    strategy: str | None = None


class Written(msgspec.Struct, gc=False):
    """A question to the journal: how many records it was given in this run, and how many of these are on the disk for good."""

    told: int = 0
    durable: int = 0


class Decisions(msgspec.Struct, frozen=True, gc=False):
    """A bar has been decided: the records of all strategies, in the order of their names, the filter last."""

    ts_ns: int
    records: tuple[DecisionRecord, ...]
