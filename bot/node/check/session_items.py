"""What a broker's session shows, item by item."""

from __future__ import annotations

from collections.abc import Callable

from bot.calendar import new_york
from bot.contracts import Contracts
from bot.decision.limits import Limits
from bot.ibkr import errors as e
from bot.ibkr.data.front_month import exit_only_from
from bot.ibkr.link.endpoint import Endpoint
from bot.ibkr.link.link import MAX_SKEW_SECONDS
from bot.ibkr.session import BrokerSession
from bot.node.check.items import CheckItem, failed, passed, skipped
from bot.node.probe import SIMULATED_SECONDS, Probe
from bot.plural import counted
from bot.runtime.runtime import runtime_of
from bot.units import to_cents, to_usd

BROKER_ITEMS = ("connection", "account", "instrument", "data permissions", "bars", "orders", "positions", "clock skew")
UNTOLD = "not told before the start ended"
CONTRACT_TROUBLE = (e.ContractNotFound, e.ContractExpired, e.AmbiguousContract)


def judged(
    session: BrokerSession,
    contracts: Contracts,
    endpoint: Endpoint,
    found: Probe,
    trouble: e.BrokerError | None,
    bar_seconds: float,
    explained: int,
) -> list[CheckItem]:
    """Every item as far as the session came; `trouble`, if any, belongs to one of them.

    A first bar was given `bar_seconds`; `explained` contracts (signed) are open by the journal.
    """
    paper = session.config.link.paper
    looks: dict[str, Callable[[], CheckItem]] = {  # in the order in which a session comes to them
        "connection": lambda: passed("connection", str(endpoint)),
        "clock skew": lambda: clock_item(found.skew_seconds, paper=paper),
        "account": lambda: _account(session, Limits.of(contracts)),
        "instrument": lambda: _instrument(session),
        "orders": lambda: passed("orders", "the API takes orders (it is not read-only); none was sent"),
        "positions": lambda: _positions(session, explained),
        "data permissions": lambda: passed("data permissions", "live data, subscribed for this login"),
        "bars": lambda: _bars(session, bar_seconds),
    }
    place = "" if trouble is None else _place(trouble)
    rest_unknown = not session.link.was_synced or place in ("connection", "data permissions")
    items: dict[str, CheckItem] = {}
    for name, look in looks.items():
        if place in items and rest_unknown:
            items[name] = skipped(name, "no connection" if place == "connection" else f"not looked at: {place}")
        else:
            items[name] = look() if trouble is None or name != place else trouble_item(name, trouble)
    return [items[name] for name in BROKER_ITEMS]


def trouble_item(name: str, error: e.BrokerError) -> CheckItem:
    """An item that failed with an error of the broker's."""
    number = f" ({error.code})" if error.code else ""
    return failed(name, f"{error.words}{number}: {error.text}", error.hint)  # its own words may be no more than a farm's name


def market_open(session: BrokerSession) -> bool:
    """Whether Globex is open at the session's market time."""
    return runtime_of(session.config.runtime).calendar.globex_open(session.clock.now_ns())


def clock_item(skew_seconds: float, *, paper: bool) -> CheckItem:
    """Whether the clocks agree; `skew_seconds` is the gateway's clock less this machine's.

    Hours apart means a simulated gateway that replays recorded time; a live account is never replayed, so there it fails.
    """
    hours = abs(skew_seconds) > SIMULATED_SECONDS
    apart = f"the gateway's clock is {f'{skew_seconds / 3600:+,.1f} h' if hours else f'{skew_seconds:+.1f} s'} from this machine's"
    if hours and paper:
        return skipped("clock skew", f"{apart}: a simulated gateway that replays recorded time")
    found = f"{apart}; {MAX_SKEW_SECONDS:g} s are allowed{', and a live account is never replayed' if hours else ''}"
    return failed("clock skew", found, e.ClockSkew.hint) if abs(skew_seconds) > MAX_SKEW_SECONDS else passed("clock skew", found)


def _place(trouble: e.BrokerError) -> str:
    """The item to which trouble of a session belongs."""
    places = (
        ("account", e.AccountNotFound),
        ("instrument", CONTRACT_TROUBLE),
        ("orders", (e.ReadOnlyApi, e.OrderTrouble)),
        ("data permissions", (e.MarketDataNotSubscribed, e.FeedTrouble)),
    )
    return next((name for name, kinds in places if isinstance(trouble, kinds)), "connection")


def _account(session: BrokerSession, limits: Limits) -> CheckItem:
    account, values = session.link.account, session.account.values
    if not session.account.loaded:
        return skipped("account", UNTOLD)
    equity, funds = (to_cents(values[tag]) for tag in ("NetLiquidation", "AvailableFunds"))
    needed, tier = limits.required_funds_cents(1), limits.tier(equity)
    found = (
        f"{account}, a {'paper' if session.config.link.paper else 'live'} account; "
        f"NetLiquidation ${to_usd(equity):,.2f}, AvailableFunds ${to_usd(funds):,.2f}; tier {tier.name if tier else 'none'}; "
        f"{float(limits.margin_buffer):g} x the backtest's initial margin is ${to_usd(needed):,.2f} a contract and "
        f"{'fits' if funds >= needed else 'does not fit'}"
    )
    return passed("account", found) if tier else failed("account", found, "Fund the account: no tier allows a trade.")


def _instrument(session: BrokerSession) -> CheckItem:
    front, today = session.provider.front, new_york(session.clock.now_ns()).date()
    if front is None:
        return skipped("instrument", UNTOLD)
    roll = exit_only_from(front, runtime_of(session.config.runtime).calendar) or front.last_trade_date
    days = (roll - today).days
    return passed(
        "instrument", f"{front.local_symbol} at {front.exchange}, exit-only from {roll}, which is {counted(days, 'day')} after {today}"
    )


def _positions(session: BrokerSession, explained: int) -> CheckItem:
    """Whether what the account holds of the traded month is what the journal explains."""
    symbol = session.provider.contract().localSymbol
    held = sum(holding.contracts for con_id, holding in session.account.holdings.items() if session.provider.is_front(con_id))
    if held != explained:
        found = f"the account holds {held:+d} {symbol}, and the journal explains {explained:+d}"
        return failed("positions", found, "Close what the bot did not open; where it opened more than is held, its next start books that.")
    return passed("positions", f"{held:+d} {symbol}, as the journal explains" if held else f"the account holds no {symbol}")


def _bars(session: BrokerSession, waited_seconds: float) -> CheckItem:
    if session.feed.pieces:
        return passed("bars", "five-second bars arrive")
    if not market_open(session):
        return skipped("bars", f"Globex is shut ({new_york(session.clock.now_ns()):%Y-%m-%d %H:%M} New York)")
    found = f"no five-second bar within {waited_seconds:g} s of an open market"
    return failed("bars", found, "Look in the gateway whether its data farms are connected, then check again.")
