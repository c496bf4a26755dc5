"""Runs seeded synthetic sessions, prints every change of a strategy's state, and fails if one stays THROTTLED for ever.

    python scripts/learning_history.py [SESSIONS] [SEED] [OUT]

400 sessions of seed 1 into out/learning-history, if nothing else is said; about four minutes. The bars are of no market: what is shown
is that no state is a dead end, not what a strategy is worth. For ever is more sessions without a trade of the strategy's own than its
rolling trades at their heaviest take to fade (learning.yaml: evidence): 55.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.contracts.models import Learning
from bot.journal.contracts import newest_contracts
from bot.journal.read import Record, opened, read
from bot.journal.records import Kind
from bot.learning.evidence import sessions_until_aged

THROTTLED = "THROTTLED"


class Spell(NamedTuple):
    """A strategy's time in one state: from the session of the change, by its number, for so many sessions, so many of them at the end of
    it without a real trade closed. `reason` is the change's."""

    strategy: str
    state: str
    session: int
    day: str
    sessions: int
    idle: int
    reason: str


def spells(journal: str | Path) -> list[Spell]:
    """Every spell that a change of state began, in the order of the changes; the last of a strategy ends with the journal."""
    with opened(journal) as db:
        return list(_spells(list(read(db, Kind.DAY, Kind.STATE, Kind.OUTCOME))))


def dead_ends(found: Iterable[Spell], learning: Learning) -> list[Spell]:
    """Those that were THROTTLED for longer without a trade than any evidence lasts."""
    longest = sessions_until_aged([(1.0, 0)] * learning.rolling_trades, 0, learning)
    return [spell for spell in found if spell.state == THROTTLED and (longest is None or spell.idle > longest)]


def _spells(records: list[Record]) -> Iterator[Spell]:
    days = [record for record in records if record.kind is Kind.DAY]
    changes = [record for record in records if record.kind is Kind.STATE]
    trades = [record for record in records if record.kind is Kind.OUTCOME and not record.body["shadow"]]
    for change in changes:
        name = change.strategy
        until = next((other.seq for other in changes if other.seq > change.seq and other.strategy == name), records[-1].seq + 1)
        within = [day for day in days if change.seq < day.seq < until]
        last = max((trade.seq for trade in trades if trade.strategy == name and change.seq < trade.seq < until), default=change.seq)
        began = [day for day in days if day.seq < change.seq]
        yield Spell(
            strategy=str(name),
            state=change.body["after"],
            session=len(began),
            day=began[-1].body["trading_day"],
            sessions=len(within),
            idle=sum(day.seq > last for day in within),
            reason=change.body["reason"],
        )


def main(sessions: int, seed: int, out: Path) -> int:
    """Exit code 1 if a strategy was THROTTLED for ever."""
    journal = run_backtest(BacktestRequest(out=out, sessions=sessions, seed=seed)).journal
    contracts, found = newest_contracts(journal), spells(journal)
    for spell in sorted(found, key=lambda spell: (spell.strategy, spell.session)):
        print(
            f"{spell.strategy}  session {spell.session:4} {spell.day}  {spell.state:11} for {spell.sessions:3}, "
            f"{spell.idle:3} without a trade at its end: {spell.reason}"
        )
    stuck = dead_ends(found, contracts.learning)
    print(f"{len(found)} changes in {sessions} sessions of seed {seed}; THROTTLED for ever: {len(stuck)}")
    return 1 if stuck else 0


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(
        main(int(words[0]) if words else 400, int(words[1]) if words[1:] else 1, Path(words[2] if words[2:] else "out/learning-history"))
    )
