"""A strategy in a few lines: what it does, what it may, where it comes from, and how far a journal has it trusted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bot.cli.said import folded
from bot.plural import counted

if TYPE_CHECKING:
    from bot.contracts import Contracts

INSET = 4


class Listed(NamedTuple):
    """A strategy as it is listed; `release` is "" if nothing has to let it go. Class `kind` is in `file`, its numbers in `block`."""

    name: str
    summary: str
    belief: str
    contracts: int
    tiers: list[str]
    origin: str
    state: str
    release: str
    kind: str
    file: str
    block: str

    def lines(self) -> list[str]:
        """Its name and what it does; then set in what it may, and how far it is trusted."""
        return [folded(f"{self.name}: {self.summary}"), *(folded(part, inset=INSET) for part in (self.may, self.trusted))]

    @property
    def may(self) -> str:
        """What it stands on, orders, and where, and whence it comes."""
        size = f"{counted(self.contracts, 'contract')}, {'tier' if len(self.tiers) == 1 else 'tiers'} {' '.join(self.tiers)}"
        return f"belief {self.belief}; {size if self.contracts else 'orders nothing'}; from {self.origin}"

    @property
    def trusted(self) -> str:
        """Its state, and what brings it back from one that is not active."""
        return f"{self.state}; released by {self.release}" if self.release else self.state


def listed(in_force: Contracts, standing: Standing | None) -> list[Listed]:
    """All strategies of contracts that were loaded with them."""
    found = []
    for name in in_force.names:
        declared, orders = in_force.declared[name], name != in_force.filter
        belief = declared.belief if declared.evidence is None else f"{declared.belief}, its own"
        contracts, tiers = (in_force.trader(name).contracts, list(in_force.trader(name).tiers)) if orders else (0, [])
        state = "no journal yet" if standing is None else standing.states.get(name, "not journaled yet")
        release = "" if standing is None else standing.releases.get(name, "")
        block = Path(in_force.directory) / declared.block_file if declared.shipped else declared.file.with_suffix(".yaml")
        what = name, declared.summary.removesuffix("."), belief, contracts, tiers, near(declared.origin)
        found.append(Listed(*what, state, release, declared.kind.__qualname__, near(str(declared.file)), near(str(block))))
    return found


class Standing(NamedTuple):
    """By strategy: its learning state, and what releases it from one that is not ACTIVE."""

    states: dict[str, str]
    releases: dict[str, str]


def near(place: str) -> str:
    """A folder or file as a person standing here would name it."""
    return os.path.relpath(place) if Path(place).is_relative_to(Path.cwd()) else place


def standing_in(path: Path | None) -> Standing | None:
    """As a journal, and those of earlier years that it goes on from, tell it; None if there is none.

    How many sessions are left where age releases is not journaled with each session, but follows from the journal.
    """
    from bot.calendar import new_york, sessions_after
    from bot.journal.contracts import newest_contracts
    from bot.learning.states import LearningLoop, StrategyState
    from bot.node.journals import with_earlier
    from bot.runtime.past import past_of

    in_force = None if path is None else newest_contracts(path)
    if path is None or in_force is None:
        return None
    past, loop = past_of(with_earlier(path)), LearningLoop(in_force)
    loop.refold(past.learning, lambda ts_ns: new_york(ts_ns).date().isoformat())
    date_of = sessions_after(past.last_ns, in_force.session)
    states = dict.fromkeys(in_force.names, "active") | {name: change.after.lower() for name, change in past.states.items()}
    releases = {
        name: loop.release(name, date_of) if loop.view(name).state == change.after else change.release
        for name, change in sorted(past.states.items())
        if change.after != StrategyState.ACTIVE
    }
    return Standing(states, releases)
