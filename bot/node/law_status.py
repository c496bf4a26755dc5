"""Which contracts a start would be under now, and what it would say of them; nothing is started and nothing written."""

from __future__ import annotations

from pathlib import Path

from bot.contracts import Contracts
from bot.errors import ContractError, JournalError
from bot.journal.contracts import newest_contracts
from bot.journal.read import headers, opened
from bot.node.journals import Journals
from bot.runtime.law import day_law


def told_of_law(journals: Journals, contracts: Contracts, now_ns: int) -> str:
    """What a start with these journals at `now_ns` of the wall (UTC ns) would say of these contracts, "" if nothing.

    Raises JournalError or ContractError if it would not start.
    """
    with opened(journals.path) as db:
        runs = headers(db)
        (last_ns,) = db.execute("SELECT coalesce(max(ts_ns), 0) FROM records").fetchone()
    replayed = bool(runs and runs[-1].get("replayed_time"))
    return day_law(contracts, journals.earlier, market_ns(replayed, last_ns, now_ns)).told


def market_ns(replayed: bool, last_ns: int, now_ns: int) -> int:
    """Now, UTC ns: on a replay the market's time is the last record's."""
    return last_ns if replayed and last_ns else max(last_ns, now_ns)


def law_now(contracts: Contracts, journals: Journals, newest: str, as_of_ns: int) -> tuple[Contracts, str]:
    """What a start would be under, and what is to be said of it. The strategies are not at hand, so that their own keys are not."""
    try:
        law = day_law(contracts, journals.earlier, as_of_ns)
    except (JournalError, ContractError) as error:
        return contracts, str(error)
    if not law.of_day or newest == contracts.sha256:
        return law.contracts, ""
    return law.contracts, f"of each key the stricter value counts until the trading day of {law.trading_day} ends; see `mesbot contracts`"


def recorded_now(path: Path) -> Contracts | None:
    """The newest contracts of a journal; None if it records none that can be read."""
    try:
        return newest_contracts(path)
    except JournalError:  # told already, if it matters
        return None
