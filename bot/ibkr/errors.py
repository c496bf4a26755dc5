"""What can go wrong with the broker, one class a situation. The tree:

BrokerError
├── ConnectionTrouble         no order can be sent now
│   ├── GatewayUnreachable    nothing listens at host:port
│   ├── GatewayNotResponding  something listens and says nothing
│   ├── ClientIdInUse         another program holds our client id
│   ├── ConnectionLost        the socket closed while we used it
│   ├── ScheduledRestart      it closed at the hour it always does
│   └── BrokerLinkLost        the gateway lost IBKR; the socket is fine (a state more than an exception)
├── NotSynced                 the link is there, and something about orders, account or market is not told: no entries
├── SetupError                a person must change something before we may start
│   ├── AccountNotFound       the account is not ours here
│   │   ├── MasterAccount     an advisor's or broker's account, whose orders need an allocation
│   │   ├── WrongAccountKind  PAPER with a live account, or LIVE with a paper one
│   │   └── WrongBaseCurrency its values are not told in US dollars
│   ├── ReadOnlyApi           the gateway takes no orders
│   ├── ObserveOnly           this run sends none
│   ├── OrderIdsUsedUp        the broker takes only order ids that are too high
│   ├── ContractNotFound      no such contract
│   ├── ContractExpired       the contract is past, or too near its end for entries
│   ├── AmbiguousContract     several contracts fit
│   ├── OpenTradeClient       orders of an unfinished trade are another client id's
│   ├── OpenTradeMonth        an unfinished trade is in another month than the one to trade
│   └── MarketDataNotSubscribed  no live data for this login
├── FeedTrouble               the market is seen badly or not at all
│   ├── MarketDataDegraded    a data farm is down
│   ├── MarketShut            the broker calls it shut, or nearly, and the calendar does not
│   ├── StaleBars             no bars while the market is open
│   ├── StaleQuotes           no quotes while there are trades
│   ├── IncompleteBars        a minute went out wanting: history could not complete it
│   ├── CompetingSession      another login of the same user takes the data
│   ├── DataRefused           a request for data was refused, too often or for a reason that is in no list
│   └── PacingViolation       we asked too much
├── OrderTrouble              one order
│   ├── OrderRejectedByBroker
│   │   ├── MarginRejected    not enough margin
│   │   └── InvalidPrice      off the tick
│   ├── CancelRejected        it cannot be cancelled any more
│   ├── ModifyRejected        the old order stands
│   ├── UnknownOrder          the broker does not know it
│   ├── OrderCancelledByBroker  nobody here asked for it
│   ├── DuplicateOrderId      the id was used before
│   ├── DuplicateLiveOrder    two live orders carry one reference
│   ├── StrayOrder            an order of ours that has ended works at the broker
│   ├── OrderWarning          a remark; nothing changed
│   ├── ExecutionCorrected    the broker changed a fill afterwards
│   ├── CommissionMissing     a fill without its commission report
│   ├── FillNotBooked         a fill that the book could not take
│   ├── ExecutionMissing      an order that is filled, without its execution
│   └── ForeignOrder          an order of ours on the account that we did not send
├── OrderIdsNotKept           the mark of the order ids is not on disk
├── PositionMismatch          broker and own fills differ
├── ClosedElsewhere           another hand closed what we held
├── ChangedElsewhere          another hand changed an order of ours
├── UnclassifiedBrokerMessage a code that no table knows
├── ProtocolError             a message that could not be read
└── ClockSkew                 our clock and the broker's differ

Every one carries `code` (the broker's, 0 if it has none), `text` (the broker's words),
`order_ref` (our client order id, "" if none) and `hint` (what a person does about it).
"""

# long because: one class a situation, and the tree they make is read as one
from __future__ import annotations

import re
from typing import ClassVar

from bot.errors import MesbotError
from bot.masking import masked


class BrokerError(MesbotError):
    """Base of all trouble with the broker; its text says what happened and what to do."""

    exit_code = 1
    hint: ClassVar[str] = "Look at the gateway's own log."

    def __init__(self, text: str, *, code: int = 0, order_ref: str = "", hint: str | None = None) -> None:
        self.code = code
        self.text = masked(text)
        self.order_ref = order_ref
        self.hint = hint or type(self).hint
        super().__init__(self._sentence())

    @property
    def words(self) -> str:
        """What kind of trouble it is, as a person says it: gateway unreachable."""
        return re.sub(r"(?<!^)(?=[A-Z])", " ", type(self).__name__).lower()

    @property
    def told(self) -> str:
        """Without the name of its class, which says nothing to a person."""
        return f"{self.words.capitalize()}{self._number}: {self.text.rstrip('.')}. {self.hint}"

    @property
    def brief(self) -> str:
        """What happened, without what to do."""
        return f"{type(self).__name__}: {self.text.rstrip('.')}"

    def _sentence(self) -> str:
        where = f" [{self.order_ref}]" if self.order_ref else ""
        return f"{type(self).__name__}{self._number}{where}: {self.text.rstrip('.')}. {self.hint}"

    @property
    def _number(self) -> str:
        return f" ({self.code})" if self.code else ""


class ConnectionTrouble(BrokerError):
    """No order can be sent now."""


class GatewayUnreachable(ConnectionTrouble):
    """Nothing listens at host and port."""

    hint = "Start TWS or IB Gateway and enable its API; ports: TWS 7496 live, 7497 paper; Gateway 4001 live, 4002 paper."


class GatewayNotResponding(ConnectionTrouble):
    """Something accepted the connection and then said nothing."""

    hint = (
        "If TWS asks whether to allow the connection, allow it, or name this machine in Configure > API > Settings > Trusted IPs; else "
        "check that the port is its API port, and restart the gateway."
    )


class ClientIdInUse(ConnectionTrouble):
    """Another program, or our own session before its end was noticed, holds our client id."""

    hint = (
        "Close the program that holds it, or start again when the gateway has noticed that our old session is gone; "
        "under another TWS_CLIENT_ID the orders of an open trade would be out of reach."
    )


class ConnectionLost(ConnectionTrouble):
    """The socket closed. A reconnect is already under way."""

    hint = "Nothing to do: reconnecting; open orders stay at the broker."


class ScheduledRestart(ConnectionTrouble):
    """The socket closed in the gateway's nightly restart window."""

    hint = "Nothing to do: the gateway restarts at this hour; reconnecting."


class BrokerLinkLost(ConnectionTrouble):
    """The gateway has lost its link to IBKR: orders wait, cancels are queued."""

    hint = "Nothing to do: IBKR restores it; stops that already work at the exchange stay."


class NotSynced(BrokerError):
    """The link is there, and something that entries need is not told. Exits, stops and cancels work."""

    hint = "Nothing to do: it is asked for again, and every minute if that does not help; if it stays, restart the gateway."


class SetupError(BrokerError):
    """A person must change something before we may start."""

    exit_code = 3


class AccountNotFound(SetupError):
    """The configured account is not among those the gateway manages."""

    hint = "Set the account to one of those listed, or log in with the user that owns it."


class MasterAccount(AccountNotFound):
    """An account that is no single customer's (its id begins with another letter than U, D aside): its orders would need an allocation."""

    hint = "Set TWS_ACCOUNT to one of its clients' accounts (U..., paper DU...), or log in with a user that has one."


class WrongAccountKind(AccountNotFound):
    """PAPER was pointed at a live account, or LIVE at a paper one (whose ids start with D)."""

    hint = "Use the port and the account that belong to the mode."


class WrongBaseCurrency(AccountNotFound):
    """The account's base currency is not the US dollar, in which all limits are written."""

    hint = "Set the account's base currency to USD (Client Portal: Settings, Account Configuration), or use an account that has it."


class ReadOnlyApi(SetupError):
    """The gateway is set to read-only."""

    hint = "Untick 'Read-Only API' in Configure > API > Settings."


class ObserveOnly(SetupError):
    """Somebody asked to send something in a run that observes only."""

    hint = "Set trading-mode in config/paper.yaml or config/live.yaml to trade."


class OrderIdsUsedUp(SetupError):
    """The broker takes only order ids in the range in which requests count: it would refuse every order of ours as a duplicate."""

    hint = (
        "Reset the API order id sequence (TWS or Gateway: Configure > API > Settings), or start with another TWS_CLIENT_ID if no order "
        "of an open trade works under this one."
    )


class ContractNotFound(SetupError):
    """The broker knows no such contract."""

    hint = "Check symbol, exchange and delivery month in the configuration."


class ContractExpired(SetupError):
    """The contract is past its last trade, or so near that only exits are allowed."""

    hint = "The next delivery month is traded once nothing is open and the broker lists it; a position in the old one can still be closed."


class AmbiguousContract(SetupError):
    """Several contracts fit what was asked."""

    hint = "Say which: name the local symbol in the configuration."


class OpenTradeClient(SetupError):
    """Orders of an unfinished trade work under another client id, where they can be neither changed nor cancelled from here."""

    hint = "Cancel in TWS what all but one of these client ids have, and start with TWS_CLIENT_ID set to that one."


class OpenTradeMonth(SetupError):
    """A trade of an earlier run is unfinished in another month than the one to trade; managing it there would open a second position."""

    hint = (
        "Restore the local symbol or the roll rule it was opened under; or cancel its orders and close its position in TWS, "
        "move the journal aside (mesbot status names the file) and start again."
    )


class MarketDataNotSubscribed(SetupError):
    """The login has no live data for the instrument; delayed data are never used."""

    hint = "Subscribe CME real-time data for this login (API use included) and acknowledge its agreements."


class FeedTrouble(BrokerError):
    """The market is seen badly or not at all; no new entries."""


class MarketDataDegraded(FeedTrouble):
    """A market data farm is down. Orders still work."""

    hint = "Nothing to do: data are asked for again when the farm is back."


class MarketShut(FeedTrouble):
    """The broker's own liquid hours are over, or nearly, where our calendar has the market open: the shorter hours count."""

    hint = "Look at CME's hours of today; if the broker is right, add an override to session.yaml."


class StaleBars(FeedTrouble):
    """No bar has come for too long while the market is open."""

    hint = "Nothing to do yet: the data are asked for again, then the connection is made anew."


class StaleQuotes(FeedTrouble):
    """No quote has come for too long while there were trades: bid and ask are unknown."""

    hint = "Nothing to do yet: quotes are asked for again, and no entry is made without them."


class IncompleteBars(FeedTrouble):
    """Pieces of a minute, or whole minutes, are missing, and history could not be had in time."""

    hint = "Nothing to do: the data score pays for it, so that no entry rests on it; if it repeats, look at the gateway's history farm."


class CompetingSession(FeedTrouble):
    """Another login of the same user receives the live data."""

    hint = "Log out of TWS, the phone app and the Client Portal with this user name, or give the bot a user of its own."


class DataRefused(FeedTrouble):
    """A request for bars, quotes or history was refused. The broker's words say why: codes share reasons, and words many languages."""

    hint = (
        "It is asked for again; if it stays, look whether this login has live data for the contract, whether another session of it is "
        "open, and whether another program asks for too much."
    )


class PacingViolation(FeedTrouble):
    """The broker says that we ask too often."""

    hint = "Nothing to do: requests are spread out; if it repeats, look for another program with the same login."


class OrderTrouble(BrokerError):
    """Something happened to one order."""


class OrderRejectedByBroker(OrderTrouble):
    """The broker refused an order."""

    hint = "Read the broker's reason; the order does not work."


class MarginRejected(OrderRejectedByBroker):
    """The account has too little margin for the order."""

    hint = "Fund the account or trade less."


class InvalidPrice(OrderRejectedByBroker):
    """The price does not lie on the contract's tick."""

    hint = "Check the tick size of the contract."


class CancelRejected(OrderTrouble):
    """A cancel came too late or cannot be done; a fill did or will come."""

    hint = "Nothing to do: the order's true state is being asked for."


class ModifyRejected(OrderTrouble):
    """A change was refused; the old price and quantity remain in force."""

    hint = "Check that the new price lies on the tick and on the right side of the market."


class UnknownOrder(OrderTrouble):
    """The broker does not know the order under this id."""

    hint = "Nothing to do: it is looked for among open, completed and executed orders."


class OrderCancelledByBroker(OrderTrouble):
    """An order ended, and nobody here asked for it."""

    hint = "Look in TWS who did it; a stop is replaced, and an entry without its stop or target does not work on."


class DuplicateOrderId(OrderTrouble):
    """An order id was used before (the gateway rolled its ids back)."""

    hint = "Nothing to do: the order is sent once more under a fresh id after its reference was looked for."


class DuplicateLiveOrder(OrderTrouble):
    """Two live orders carry one reference; the one we do not track is cancelled if it can be."""

    hint = "Check the orders in TWS; entries are locked until only one is left."


class StrayOrder(OrderTrouble):
    """An order of ours that has ended, as far as was told, is open at the broker. Entries are locked until it is gone."""

    hint = "Nothing to do: it is cancelled, again and again; if it stays, cancel it in TWS."


class OrderWarning(OrderTrouble):
    """A remark on an order; its state did not change."""

    hint = "Nothing to do."


class ExecutionCorrected(OrderTrouble):
    """The broker corrected or busted a fill."""

    hint = "Compare position and account statement; entries are locked until they agree."


class CommissionMissing(OrderTrouble):
    """No commission report came for a fill; the configured fee stands in for it."""

    hint = "Compare with the account statement."


class ExecutionMissing(OrderTrouble):
    """The broker calls an order filled and tells no execution of it. Entries are locked until it does."""

    hint = "It is asked for again; look at the order in TWS if this stays."


class FillNotBooked(OrderTrouble):
    """The broker told a fill and it could not be booked: book and broker differ until it is. A kill; it is offered again."""

    hint = "What is held is left by what the broker holds; look at the position in TWS."


class ForeignOrder(OrderTrouble):
    """An order on our instrument that another program or a person sent."""

    hint = "The bot leaves it alone; close it yourself, or expect entries to stay locked."


class OrderIdsNotKept(BrokerError):
    """How far the order ids have come is not on disk. Ids come from memory, entries are locked, and the write is tried again."""

    hint = "Free the disk, repair or delete the file, or set MESBOT_HOME to a folder that can be written; entries wait for it."


class PositionMismatch(BrokerError):
    """Position at the broker and sum of own fills differ."""

    hint = "Close what the bot did not open; entries are locked until both numbers agree."

    def __init__(self, expected: int, broker: int, **more: str) -> None:
        self.expected, self.broker = expected, broker
        super().__init__(f"own fills sum to {expected}, the broker holds {broker}", **more)


class ChangedElsewhere(BrokerError):
    """Another hand has given an order of ours another price or more contracts. Entries stay locked in this run."""

    hint = (
        "A stop away from the market, more contracts or another entry is a kill; any other change stays as it is. "
        "Look in TWS who did it, then stop mesbot and start it again to trade on."
    )


class ClosedElsewhere(BrokerError):
    """Contracts of ours left the account by another hand. The trade is booked as RECONCILED; entries stay locked in this run."""

    hint = "Look at the account, then stop mesbot and start it again to trade on."


class UnclassifiedBrokerMessage(BrokerError):
    """A code that the table does not know; nothing was assumed from it."""

    hint = "Report the code and its text, so that the table learns it."


class ProtocolError(BrokerError):
    """A message could not be read; what it said is asked for again."""

    hint = "Nothing to do now; report it if it repeats. A time zone the machine does not know is cured by installing tzdata."


class UnreadableAnswer(ProtocolError):
    """A part of an answer could not be read, so it is none: what is not in it may be there all the same."""


class ClockSkew(BrokerError):
    """Our clock and the broker's differ by more than is healthy. Bars keep the broker's time."""

    hint = "Synchronise this machine's clock, and the gateway's (NTP)."


def meanings() -> dict[str, str]:
    """Each class by its name: in which situation it is met, and what a person does about it; a clause without its full stop."""
    return {each.__name__: _meaning(each) for each in globals().values() if isinstance(each, type) and issubclass(each, BrokerError)}


def _meaning(trouble: type[BrokerError]) -> str:
    situation = str(trouble.__doc__).partition("\n")[0].rstrip(".")
    return f"{situation[0].lower()}{situation[1:]}. {trouble.hint.rstrip('.')}"
