"""What verbs that only look say of the law that a start would be under, from the journals of a mode and account."""

from __future__ import annotations

from pathlib import Path

from bot.contracts import Contracts
from bot.errors import ContractError, JournalError
from bot.journal import schema
from bot.journal.contracts import newest_contracts
from bot.journal.read import headers, opened
from bot.node.journals import Journals
from bot.runtime.law import day_law


def told_of_law(journals: Journals, contracts: Contracts, now_ns: int) -> str:
    """What a start at `now_ns` of the wall (UTC ns) that goes on from these journals would say of the contracts, "" if nothing.

    Raises JournalError or ContractError if it would not start.
    """
    with opened(journals.path) as db:
        if schema.is_empty(db):
            return ""
        runs = headers(db)
        (last_ns,) = db.execute("SELECT coalesce(max(ts_ns), 0) FROM records").fetchone()
    replayed = bool(runs and runs[-1].get("replayed_time"))
    return day_law(contracts, journals.earlier, market_ns_of(replayed, last_ns, now_ns)).told


def market_ns_of(replayed: bool, last_ns: int, now_ns: int) -> int:
    """On a replay the market's time is the last record's."""
    return last_ns if replayed and last_ns else max(last_ns, now_ns)


def law_and_words(contracts: Contracts, journals: Journals, newest: str, as_of_ns: int) -> tuple[Contracts, str]:
    """What a start would be under, and what is to be said of it. The strategies are not at hand, so that their own keys are not."""
    try:
        law = day_law(contracts, journals.earlier, as_of_ns)
    except (JournalError, ContractError) as error:
        return contracts, str(error)
    if not law.of_day or newest == contracts.sha256:
        return law.contracts, ""
    return law.contracts, f"of each key the stricter value counts until the trading day of {law.trading_day} ends; see `mesbot contracts`"


def readable_contracts(path: Path) -> Contracts | None:
    """Those that the journal's last records were made under, None if there are none or this version cannot read them."""
    try:
        return newest_contracts(path)
    except JournalError:  # told already, if it matters
        return None
