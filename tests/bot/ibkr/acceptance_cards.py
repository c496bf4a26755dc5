"""Nautilus' execution and data acceptance cards (its developer guide: Execution and Data Testing Spec), and what becomes of each here.

`PASS` is proved by a scenario of test_ibkr_acceptance; `REFUSED` is a skip that the adapter enforces, proved there too; `SKIP`
does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What is expected of a card."""

    PASS = "pass"
    REFUSED = "skip, refused"
    SKIP = "skip"


@dataclass(frozen=True)
class Card:
    """One card; `why` explains every outcome but a plain pass."""

    id: str
    name: str
    outcome: Outcome
    why: str = ""


P, R, S = Outcome.PASS, Outcome.REFUSED, Outcome.SKIP

TIF = "orders are GTC, entries GTD by their own tag; no other time in force is used (see TC-E73)"
TOUCHED = "refused by design: only market, limit, stop and stop-limit orders are sent"
POST_ONLY = "refused by design: the venue knows no such flag"
REDUCE_ONLY = "refused by design: the broker has no such flag, exits are sized by the position"
ONE_BY_ONE = "the broker has no batch request; each cancel is a message with an answer of its own"
NO_OPTIONS = "only futures are traded"
NO_BOOK = "no order book is asked for: decisions need bars and the best quote"
NO_TICKS = "no ticks are asked for: bars come from the broker's five-second bars"
NO_PAST_QUOTES = "past data are one-minute bars only"
NO_PERPETUAL = "MES is no perpetual: it has no funding rate"
NO_PARAMS = "the data client takes no parameters of its own"
NO_DEFI = "no DeFi data client"

CARDS = tuple(
    Card(*row)
    for row in (
        ("TC-E01", "Market BUY fills", P),
        ("TC-E02", "Market SELL fills", P),
        ("TC-E03", "Market order, IOC", S, TIF),
        ("TC-E04", "Market order, FOK", S, TIF),
        ("TC-E05", "Market order in quote quantity", R, "refused by design: MES is traded in contracts"),
        ("TC-E06", "Close a position by market order", P),
        ("TC-E10", "Limit BUY GTC", P),
        ("TC-E11", "Limit SELL GTC", P),
        ("TC-E12", "Limit BUY and SELL pair", P),
        ("TC-E13", "Limit IOC, aggressive", S, TIF),
        ("TC-E14", "Limit IOC, passive", S, TIF),
        ("TC-E15", "Limit FOK, fill", S, TIF),
        ("TC-E16", "Limit FOK, no fill", S, TIF),
        ("TC-E17", "Limit GTD", P, "the expiry is market time and comes with the order's own tag"),
        ("TC-E18", "Limit GTD expiry", P, "ends as OrderExpired at its market time"),
        ("TC-E19", "Limit DAY", S, TIF),
        ("TC-E20", "StopMarket BUY", P),
        ("TC-E21", "StopMarket SELL", P),
        ("TC-E22", "StopLimit BUY", P),
        ("TC-E23", "StopLimit SELL", P),
        ("TC-E24", "MarketIfTouched BUY", R, TOUCHED),
        ("TC-E25", "MarketIfTouched SELL", R, TOUCHED),
        ("TC-E26", "LimitIfTouched BUY", R, TOUCHED),
        ("TC-E27", "LimitIfTouched SELL", R, TOUCHED),
        ("TC-E30", "Modify limit BUY price", P),
        ("TC-E31", "Modify limit SELL price", P),
        ("TC-E32", "Cancel and replace limit BUY", P),
        ("TC-E33", "Cancel and replace limit SELL", P),
        ("TC-E34", "Modify stop trigger price", P),
        ("TC-E35", "Cancel and replace stop", P),
        ("TC-E36", "Modify rejected as unsupported", S, "the adapter supports modify"),
        ("TC-E40", "Cancel a single limit order", P),
        ("TC-E41", "Cancel all on stop", P),
        ("TC-E42", "Individual cancels on stop", P),
        ("TC-E43", "Batch cancel on stop", P, "one Nautilus command; " + ONE_BY_ONE),
        ("TC-E44", "Cancel an order already cancelled", P, "no second event: Nautilus does not pass it on"),
        ("TC-E50", "Bracket BUY", P),
        ("TC-E51", "Bracket SELL", P),
        ("TC-E52", "Bracket entry fill activates children", P),
        ("TC-E53", "Bracket with post-only entry", R, POST_ONLY),
        ("TC-E60", "PostOnly accepted", R, POST_ONLY),
        ("TC-E61", "ReduceOnly on close", R, REDUCE_ONLY),
        ("TC-E62", "Display quantity", R, "refused by design: nothing is hidden"),
        ("TC-E63", "Custom order parameters", S, "the execution client takes no parameters of its own"),
        ("TC-E70", "PostOnly rejection", R, POST_ONLY),
        ("TC-E71", "ReduceOnly rejection", R, REDUCE_ONLY),
        ("TC-E72", "Unsupported order type", P),
        ("TC-E73", "Unsupported time in force", P),
        ("TC-E74", "Ambiguous submit failure", P, "the connection closes on the order, which arrived or did not"),
        ("TC-E75", "Ambiguous cancel failure", P, "asked for while the connection is lost; sent after it"),
        ("TC-E76", "Ambiguous modify failure", P, "the broker has it, its answer is lost"),
        ("TC-E77", "Ambiguous batch failure", S, ONE_BY_ONE),
        ("TC-E78", "Rejection of one order of a batch", S, ONE_BY_ONE),
        ("TC-E80", "Open a position on start", P),
        ("TC-E81", "Cancel orders on stop", P),
        ("TC-E82", "Close positions on stop", P, "the closing order must not be reduce-only (see TC-E61)"),
        ("TC-E83", "Unsubscribe on stop", P),
        ("TC-E84", "Reconcile open orders", P),
        ("TC-E85", "Reconcile filled orders", P, "those since the broker's midnight"),
        ("TC-E86", "Reconcile an open long position", P),
        ("TC-E87", "Reconcile an open short position", P),
        ("TC-E90", "Limit BUY option", S, NO_OPTIONS),
        ("TC-E91", "Limit SELL option", S, NO_OPTIONS),
        ("TC-E92", "Option limit in another price unit", S, NO_OPTIONS),
        ("TC-E94", "Unsupported option order type", S, NO_OPTIONS),
        ("TC-E96", "Conditional option order", S, NO_OPTIONS),
        ("TC-E99", "FOK limit option", S, NO_OPTIONS),
        ("TC-E100", "Cancel option order", S, NO_OPTIONS),
        ("TC-E101", "Reconcile option position", S, NO_OPTIONS),
        ("TC-D01", "Request instruments", P),
        ("TC-D02", "Subscribe instrument", P),
        ("TC-D03", "Load one instrument", P),
        ("TC-D10", "Subscribe book deltas", S, NO_BOOK),
        ("TC-D11", "Subscribe book at interval", S, NO_BOOK),
        ("TC-D12", "Subscribe book depth", S, NO_BOOK),
        ("TC-D13", "Request book snapshot", S, NO_BOOK),
        ("TC-D14", "Managed book from deltas", S, NO_BOOK),
        ("TC-D20", "Subscribe quotes", P, "never crossed; locked (bid = ask) for the moment in which one side has moved"),
        ("TC-D21", "Request past quotes", S, NO_PAST_QUOTES),
        ("TC-D30", "Subscribe trades", S, NO_TICKS),
        ("TC-D31", "Request past trades", S, NO_TICKS),
        ("TC-D40", "Subscribe bars", P),
        ("TC-D41", "Request past bars", P, "those that close after `start` and not after `end`"),
        ("TC-D50", "Subscribe mark prices", S, "positions are marked by the account's values"),
        ("TC-D51", "Subscribe index prices", S, "the index itself plays no part in any decision"),
        ("TC-D52", "Subscribe funding rates", S, NO_PERPETUAL),
        ("TC-D53", "Request past funding rates", S, NO_PERPETUAL),
        ("TC-D60", "Subscribe instrument status", S, "trading hours come from the contracts, a quiet feed from the feed watch"),
        ("TC-D61", "Subscribe instrument close", S, "the daily settlement plays no part in any decision"),
        ("TC-D62", "Subscribe option greeks", S, NO_OPTIONS),
        ("TC-D63", "Subscribe option chain", S, NO_OPTIONS),
        ("TC-D70", "Unsubscribe on stop", P),
        ("TC-D71", "Custom subscribe parameters", S, NO_PARAMS),
        ("TC-D72", "Custom request parameters", S, NO_PARAMS),
        ("TC-D73", "Retirement cleanup", S, "no actor is retired while a node runs"),
        ("TC-D74", "DeFi shared pool demand", S, NO_DEFI),
        ("TC-D75", "DeFi bootstrap cancel", S, NO_DEFI),
    )
)


def ids(*outcomes: Outcome) -> set[str]:
    """The cards with one of these outcomes."""
    return {card.id for card in CARDS if card.outcome in outcomes}
