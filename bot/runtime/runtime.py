"""What every component of one run shares: the contracts in force, the calendar, the journal's path.

Components are configured with a RuntimeSpec (plain data, so that it crosses process borders
in a Nautilus config) and get the same Runtime for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec

from bot.calendar import SessionCalendar
from bot.contracts import Contracts, load_contracts, read_contracts
from bot.contracts.discovery import Stamps, stamps
from bot.decision.limits import Limits
from bot.decision.snapshot import KillState
from bot.errors import ContractError
from bot.journal.latch import read_latch
from bot.runtime.past import Past, past_of
from bot.runtime.said import Said, said_in


class RuntimeSpec(msgspec.Struct, frozen=True):
    """Where the contracts are and what the run covers.

    `contracts_sha256` pins the values, `first` and `last` (ISO dates) bound the calendar,
    `decide_from_ns` and `decide_until_ns` (UTC ns, [from, until)) bound decisions: earlier
    bars warm up. `learning` False is for study only and is refused by paper and live.
    `observe` refuses every entry, so that plans are only shadowed. `earlier` are the journals that
    this run continues, oldest first, and `earlier_records` how many records they held at its start. `strategies` are
    the folders of strategies that do not ship with mesbot.
    """

    contracts_directory: str
    contracts_sha256: str
    first: str
    last: str
    journal_path: str
    decide_from_ns: int = 0
    decide_until_ns: int = 2**63 - 1
    learning: bool = True
    observe: bool = False
    earlier: tuple[str, ...] = ()
    earlier_records: int = 0
    strategies: tuple[str, ...] = ()


class Runtime(msgspec.Struct, frozen=True):
    """The shared, read-only objects of one run, and `said`, by which its parts know each other's words."""

    spec: RuntimeSpec
    contracts: Contracts
    calendar: SessionCalendar
    limits: Limits
    past: Past
    said: Said = msgspec.field(default_factory=Said)


def runtime_of(spec: RuntimeSpec) -> Runtime:
    """The Runtime of a spec, built once per process, and anew when a strategy's file in one of its folders or an earlier journal's latch
    was changed.

    Raises ContractError if the contracts on disk are not the pinned ones any more, JournalError if an
    earlier journal cannot be read.
    """
    return _runtime(spec, stamps(spec.strategies), _latched(spec.earlier))


def _latched(journals: Iterable[str]) -> tuple[KillState, ...]:
    """What the latches of earlier journals say, which a kill changes even where the journal cannot be written."""
    said = (read_latch(Path(path)) for path in journals)
    return tuple(KillState.ARMED if each is None or each.state is None else each.state for each in said)


@lru_cache(maxsize=8)
def _runtime(spec: RuntimeSpec, stamps: Stamps, latched: tuple[KillState, ...]) -> Runtime:
    contracts = load_contracts(spec.contracts_directory, spec.strategies)
    if contracts.sha256 != spec.contracts_sha256:
        raise ContractError(
            f"Contracts in {spec.contracts_directory} changed while starting: found {contracts.sha256[:12]}, "
            f"expected {spec.contracts_sha256[:12]}; start again to use the new ones."
        )
    calendar = _calendar(spec.contracts_directory, spec.contracts_sha256, spec.first, spec.last)
    return Runtime(spec, contracts, calendar, Limits.of(contracts), past_of(spec.earlier), said_in(spec.journal_path))


@lru_cache(maxsize=8)
def _calendar(directory: str, sha256: str, first: str, last: str) -> SessionCalendar:
    return SessionCalendar(read_contracts(directory).session, date.fromisoformat(first), date.fromisoformat(last))
