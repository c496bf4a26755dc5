"""`mesbot why K6`: what a strategy is, one's own too: what it does, its class and file, and how far a journal has it trusted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.cli.listed import INSET, Listed, listed, near, standing_in
from bot.cli.said import folded
from bot.errors import ContractError, JournalError

if TYPE_CHECKING:
    from bot.cli.listed import Standing

ELSEWHERE = "its file is not among the strategies found here, only the journal knows it; --strategies names the file's folder"
BROKEN = "its file or its numbers cannot be read now; `mesbot strategies` says why"


class Told(NamedTuple):
    """A strategy that was asked for; `listed` is None if its file cannot be read, and `unread` says why, a clause."""

    name: str
    listed: Listed | None
    unread: str
    state: str

    def text(self, words: str) -> str:
        """What it is, in lines. `words` are those that the glossary has for its name, "" for one of one's own."""
        own = self.unread if self.listed is None else self.listed.summary
        first = words or f"{folded(f'{self.name} (strategy): {own}.')}\n"
        told = [self.unread] if words and self.unread else []
        if self.listed is not None:
            told = [self.listed.may, f"class {self.listed.kind} in {self.listed.file}, its numbers in {self.listed.block}"]
        return first + "".join(f"{folded(line, inset=INSET)}\n" for line in (*told, self.state))

    def facts(self) -> dict[str, Any]:
        """The same for a program."""
        return {"name": self.name, "told": self.state, **(self.listed._asdict() if self.listed else {"unread": self.unread})}


def strategy_told(asked: str, folders: tuple[Path, ...], journal: Path | None, *, known_word: bool) -> Told | None:
    """What the strategy of this name is, capital letters or not; None if there is none.

    `folders` are those of strategies of one's own, `journal` the one whose state counts (None: there is none). Raises ContractError
    if the contracts are broken and the journal does not know the name, unless it is a `known_word` of another list anyway.
    """
    broken: ContractError | None = None
    try:
        here = strategies_here(folders)
    except ContractError as error:
        here, broken = [], error
    name = _meant(asked, [*here, *strategies_of(journal)])
    if name is None:
        if broken is not None and not known_word:
            raise broken
        return None
    standing, state = _state(name, journal)
    if name not in here and broken is None:
        return Told(name, None, ELSEWHERE, state)
    try:
        return Told(name, _loaded(name, folders, standing), "", state)
    except ContractError:
        return Told(name, None, BROKEN, state)


def strategies_here(folders: tuple[Path, ...]) -> list[str]:
    """The names that have a block in the contracts in force or in these folders; nothing of a strategy is imported."""
    from bot.contracts import read_contracts
    from bot.contracts.discovery import require_strategies

    require_strategies(folders)
    return list(read_contracts(strategies=folders).names)


def strategies_of(journal: Path | None) -> list[str]:
    """The names that a journal's newest contracts have; [] if they cannot be read."""
    from bot.journal.contracts import newest_contracts

    try:
        found = None if journal is None else newest_contracts(journal)
    except JournalError:
        return []
    return [] if found is None else list(found.names)


def _meant(asked: str, names: Iterable[str]) -> str | None:
    wanted = asked.strip().casefold()
    return next((name for name in names if name.casefold() == wanted), None)


def _loaded(name: str, folders: tuple[Path, ...], standing: Standing | None) -> Listed:
    from bot.contracts import load_contracts

    return next(each for each in listed(load_contracts(strategies=folders), standing) if each.name == name)


def _state(name: str, journal: Path | None) -> tuple[Standing | None, str]:
    """How far strategies are trusted, and in a clause how far this one is, and where that stands."""
    if journal is None:
        return None, "no journal yet"
    try:
        standing = standing_in(journal)
    except JournalError:
        return None, f"its state is not known: {near(str(journal))} cannot be read; `mesbot journal verify` says why"
    if standing is None or name not in standing.states:
        return standing, f"not journaled yet in {near(str(journal))}"
    release = standing.releases.get(name, "")
    return standing, f"{standing.states[name]} in {near(str(journal))}{f'; released by {release}' if release else ''}"
