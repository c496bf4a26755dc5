"""What `mesbot why CODE` and `--codes` know: every code and word that a person may meet, in a report or elsewhere.

Words of the codes that a report shows are in bot/glossary.py, those of columns and sentences in bot/terms.py, those of other lists beside
the list; here are those that have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.alerts.alert import MEANING as ALERTS
from bot.bars.codes import MEANING as FINDINGS
from bot.bars.passport import Severity
from bot.cli.measures import MEASURES, SIGNALS, STATISTICS
from bot.decision.outcome import Result
from bot.glossary import Term, glossary
from bot.ibkr.errors import meanings
from bot.journal.records import Kind
from bot.node.check.items import Status
from bot.report.runs import Ended
from bot.supervision.orders import OrderState, Role
from bot.terms import terms

NUMBER = re.compile(r"\s+[-+−]?[\d.,]+$")
RECORDS = {
    Kind.CONTRACTS: "the contracts in force: their hash and every value",
    Kind.BAR: "a minute's prices and volume, where a run keeps them",
    Kind.DECISION: "what was decided for one strategy on one bar, and why",
    Kind.INTENT: "an entry that is about to be sent, with its bracket; written before it is",
    Kind.ORDER: "something that happened to an order",
    Kind.FILL: "contracts that were bought or sold, and their price",
    Kind.OUTCOME: "a trade that ended, with its result",
    Kind.STATE: "a strategy's learning state changed",
    Kind.QUALITY: "something that lowered the score of bars or fills",
    Kind.RECONCILE: "book and broker differ, or the link to the broker changed",
    Kind.KILL: "a step of the kill switch, or of the entry lock it brings",
    Kind.SHADOW: "a plan that was refused is followed as a shadow trade",
    Kind.DAY: "a trading day began, with the account's equity",
    Kind.OPERATOR: "something that a person did by a verb, and the reason",
}
ORDERS = {
    OrderState.NONE: "written down and not yet sent",
    OrderState.SUBMITTED: "sent, and not yet answered",
    OrderState.WORKING: "works at the broker",
    OrderState.TRIGGERED: "its trigger was reached; it works as the order it became",
    OrderState.PENDING_UPDATE: "works; a change was asked for and is not answered",
    OrderState.PENDING_CANCEL: "works; its cancel was asked for and is not answered",
    OrderState.PARTIALLY_FILLED: "filled in part; the rest works",
    OrderState.FILLED: "wholly filled",
    OrderState.CANCELED: "cancelled; what was filled before counts",
    OrderState.EXPIRED: "its time was over before it was wholly filled",
    OrderState.REJECTED: "refused by the broker",
    OrderState.DENIED: "refused before it left, by the bot's own risk engine",
    OrderState.UNKNOWN: "the broker has not said where it stands; it is asked for",
}
ROLES = {
    Role.ENTRY: "opens a trade",
    Role.STOP: "ends a trade at a loss, or at what its stop was moved to; it works at the broker",
    Role.TARGET: "ends a trade at its gain; it works at the broker",
    Role.EXIT: "ends a trade at once",
}
RESULTS = {
    Result.WIN: "its net result is above 0",
    Result.LOSS: "its net result is at or below the R that the constitution names",
    Result.SCRATCH: "between win and loss; it breaks no streak",
}
SHADOWS = {
    "OPENED": "the refused plan's entry would have been filled, or works",
    "EXPIRED": "its entry would not have been filled in time",
}
ENDS = {
    Ended.WHOLE: "the run ended as it should",
    Ended.INTERRUPTED: "the run broke off",
    Ended.RUNNING: "the run goes on",
    Ended.UNREADABLE: "its journal cannot be read",
}
CHECKS = {
    Status.PASS: "it is as it must be",
    Status.WARN: "it is no fault, and a person should know; what ends it stands beside it",
    Status.FAIL: "it is not as it must be; what to do stands beside it",
    Status.SKIP: "it could not be looked at; why stands beside it",
}
BACKTESTS = {"BACKTEST": "past bars through a simulated exchange; nothing leaves this machine"}  # what a journal has, and no node
SEVERITIES = {
    Severity.REFUSE: "the file is not used as it is",
    Severity.WARN: "the file is used; what was found may spoil what comes of it",
    Severity.NOTE: "good to know",
}


def explained(word: str) -> str:
    """What a code or word means, a line for each of its meanings; "" if it is none. Capital letters do not matter.

    Nor does a number after it, as screens have it: "cost x 1.5", "THROTTLED 1".
    """
    for asked in (word, NUMBER.sub("", word)):
        if found := "".join(f"{term.sentence}\n" for term in every_term() if term.is_called(asked)):
            return found
    return ""


def names() -> list[str]:
    """What codes and words are called, every spelling once."""
    return list(dict.fromkeys(name for term in every_term() for name in (term.code, *term.also)))


def every_code() -> str:
    """All codes with their meanings, a line each."""
    return "".join(f"{term.sentence}\n" for term in every_term())


def every_term() -> Iterator[Term]:
    """All codes and words: the codes of a report first, then the words of columns and sentences."""
    for of_code in glossary().values():
        yield from of_code
    yield from terms()
    parts: list[tuple[str, Mapping[str, str]]] = [
        ("finding of a passport", FINDINGS), ("finding's weight", SEVERITIES), ("record of the journal", RECORDS), ("order", ORDERS),
        ("order's role", ROLES), ("result of a trade", RESULTS), ("shadow trade", SHADOWS), ("end of a run", ENDS), ("check", CHECKS),
        ("alert", ALERTS), ("trouble with the broker", meanings()), ("measure in a decision's sentence", MEASURES),
        ("signal of the market", SIGNALS), ("mode", BACKTESTS), ("what learning looks at", STATISTICS),
    ]  # fmt: skip
    for kind, part in parts:
        yield from (Term(str(code), kind, words) for code, words in part.items())
