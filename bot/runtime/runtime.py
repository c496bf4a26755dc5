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

from bot.calendar import Session, SessionCalendar
from bot.contracts import Contracts, load_contracts
from bot.contracts.discovery import Stamps, stamps
from bot.contracts.models import SessionContract
from bot.contracts.within_day import within_day
from bot.decision.limits import Limits
from bot.decision.snapshot import KillState
from bot.errors import ContractError
from bot.journal.contracts import contracts_with
from bot.journal.latch import read_latch
from bot.runtime.law import TradeLaw, other_laws, trade_law
from bot.runtime.past import Past, past_of
from bot.runtime.said import Said, said_in


class RuntimeSpec(msgspec.Struct, frozen=True):
    """Where the contracts are and what the run covers.

    `contracts_sha256` pins the values, `first` and `last` (ISO dates) bound the calendar,
    `decide_from_ns` and `decide_until_ns` (UTC ns, [from, until)) bound decisions: earlier
    bars warm up. `learning` False is for study only and is refused by paper and live.
    `observe` refuses every entry, so that plans are only shadowed. `earlier` are the journals that
    this run continues, oldest first, and `earlier_records` how many records they held at its start. `strategies` are
    the folders of strategies that do not ship with mesbot. `of_day` is the hash of the contracts, in one of `earlier`, that were
    in force before within this trading day: of each key the stricter value counts ("": those in the directory count whole).
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
    of_day: str = ""


def _copied(limits: Limits) -> Limits:
    return msgspec.structs.replace(limits, euc=limits.euc.model_copy(deep=True))


class Runtime(msgspec.Struct, frozen=True):
    """The shared, read-only objects of one run, and `said`, by which its parts know each other's words.

    `kept` is the law of trades that were opened under other contracts, by their ids.
    """

    spec: RuntimeSpec
    contracts: Contracts
    calendar: SessionCalendar
    limits: Limits
    past: Past
    kept: dict[str, TradeLaw] = {}
    said: Said = msgspec.field(default_factory=Said)

    def own(self) -> Runtime:
        """The same with limits of its own, which nobody who holds this one can write into."""
        kept = {name: TradeLaw(law.contracts, law.calendar, _copied(law.limits)) for name, law in self.kept.items()}
        return msgspec.structs.replace(self, limits=_copied(self.limits), kept=kept)

    def law_of(self, trade_id: str) -> TradeLaw:
        """What a trade is managed by: the contracts that it was opened under."""
        return self.kept.get(trade_id) or TradeLaw(self.contracts, self.calendar, self.limits)

    def flatten_due(self, trade_id: str, session: Session | None, ts_ns: int) -> bool:
        """Whether a trade must be left on the bar stamped `ts_ns` (UTC ns) of `session`: by the law in force, as it may never stay
        overnight, or by its own."""
        own = self.law_of(trade_id).calendar
        return self.calendar.flatten_due(session, ts_ns) or (own is not self.calendar and own.flatten_due(own.session_at(ts_ns), ts_ns))


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


@lru_cache(maxsize=2)  # the one in use, and the next: a run whose nodes follow each other must not gather those of all
def _runtime(spec: RuntimeSpec, stamps: Stamps, latched: tuple[KillState, ...]) -> Runtime:
    contracts = load_contracts(spec.contracts_directory, spec.strategies)
    if spec.of_day:
        contracts = within_day(contracts_with(spec.earlier, spec.of_day), contracts).contracts
    if contracts.sha256 != spec.contracts_sha256:
        raise ContractError(
            f"Contracts in {spec.contracts_directory} changed while starting: found {contracts.sha256[:12]}, "
            f"expected {spec.contracts_sha256[:12]}; start again to use the new ones."
        )
    calendar = _calendar(contracts.session.model_dump_json(), spec.first, spec.last)
    past = past_of(spec.earlier)
    others = other_laws(spec.earlier, past.unfinished, contracts.sha256)
    kept = {name: trade_law(recorded, contracts, calendar) for name, recorded in others.items()}
    return Runtime(spec, contracts, calendar, Limits.of(contracts), past, kept, said_in(spec.journal_path))


@lru_cache(maxsize=8)
def _calendar(session: str, first: str, last: str) -> SessionCalendar:
    return SessionCalendar(SessionContract.model_validate_json(session), date.fromisoformat(first), date.fromisoformat(last))
