"""What is new in a journal and around it since the place that was kept, as texts; the place moves with what is taken.

Whatever a record is, it is taken once: one that cannot be followed is told, and the next one is taken.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.alerts.alert import Event, Said
from bot.alerts.around import failed_checks, new_locks, roll_due
from bot.alerts.blocked import Blocked
from bot.alerts.data import Data
from bot.alerts.digest import digest, newest_day, standing
from bot.alerts.follow import Added, End, added_since, end_of
from bot.alerts.naked import Naked
from bot.alerts.place import Place
from bot.alerts.room import Room
from bot.alerts.row import Header, Row
from bot.alerts.says import said_of
from bot.calendar import SessionCalendar, new_york
from bot.decision.limits import Limits
from bot.errors import JournalError, MesbotError
from bot.journal.contracts import newest_contracts
from bot.journal.read import headers, opened
from bot.journal.records import Kind
from bot.journal.run_end import END, OPEN
from bot.masking import masked
from bot.node.health import Health, Vital
from bot.node.journals import with_earlier
from bot.runtime.past import past_of
from bot.units import SECOND_NS
from bot.words import kind_of, plain

GONE_NS = 5 * SECOND_NS  # so long a journal may be away while another takes its place


class News:
    """Of one journal, which need not exist yet. `digest_at` is the minute of the day's digest, New York.

    A journal that is met for the first time is told from now on if `from_now`, else from its beginning.
    """

    def __init__(self, path: Path, place: Place | None, digest_at: dt.time, *, from_now: bool) -> None:
        self.path, self.place = path, place or Place()
        self.title = "mesbot"
        self._first, self._from_now = place is None, from_now and path.exists()
        self._today: dt.date | None = None
        self._session = False
        self._digest_at = digest_at
        self._begun = self._replayed = False
        self._naked, self._naked_from = Naked(), 0
        self._data, self._blocked, self._health = Data(), Blocked(), Health(path)
        self._missed_since_ns: int | None = None
        self._room = Room(path)

    def added(self, wall_ns: int) -> Iterator[Said]:
        """What the journal says. Raises MesbotError if it cannot be read; it goes on with the next look."""
        if self.path.exists():
            yield from self._there()
            if not self._begun:
                yield from self._begin()
            yield from self._added()
        else:
            yield from self._missed(wall_ns)
        yield from self._naked.look(wall_ns)

    def around(self, wall_ns: int) -> Iterator[Said]:
        """What no record says, at this moment of the wall (UTC ns). Raises MesbotError if it cannot be seen."""
        if not self.path.exists():
            return
        yield from self._room.look()
        yield from failed_checks(self.path, self.place)
        if not self._replayed:  # its days are not these
            yield from self._dated(new_york(wall_ns))

    def health(self, wall_ns: int) -> Vital:
        """How the run is; a change is to be told by `changed`."""
        return self._health.look(wall_ns)

    def changed(self, vital: Vital) -> Iterator[Said]:
        """That it broke off or stands still, or does not any more: each once, whatever notifier tells it."""
        ill = "" if vital.over else vital.ill
        before, self.place.ill = self.place.ill, ill
        if ill and _but_for_numbers(ill) != _but_for_numbers(before):
            yield Said(Event.HEALTH, f"{ill} {self._standing()}")
        elif before and not ill:
            yield Said(Event.HEALTH, "That is over: the run was ended." if vital.over else "That is over: the run goes on.")

    def _standing(self) -> str:
        try:
            return standing(self.path)
        except MesbotError as error:
            return f"What is open cannot be seen: {error}"

    # ---------------------------------------------------------------------- places

    def _begin(self) -> Iterator[Said]:
        """Find the place, and what is open there."""
        end, place = end_of(self.path), self.place
        if self._first:
            list(failed_checks(self.path, place))  # a person knows them
        if self._first and self._from_now:
            self._at(end)
        if end.journal and place.journal == end.journal:
            self._naked, self._naked_from = Naked(past_of(with_earlier(self.path)).unfinished), end.seq
            self._law()
            with suppress(JournalError), opened(self.path) as db:  # told before: which run it is must be known all the same
                for header in headers(db):
                    if "verb" not in header:
                        self._is_of(header)
            if self._first:
                list(self._locks(tell=False))
        self._begun = True
        if not place.whole:
            yield Said(Event.NOTIFIER, "The notifier had ended without being asked to; it runs again and goes on where it was.")
        place.whole = False

    def _added(self) -> Iterator[Said]:
        place = self.place
        added = added_since(self.path, place.seq, place.run)
        if added.journal and added.journal == place.journal and self._another_copy(added):
            yield from self._replaced()
            return
        if added.journal and added.journal != place.journal:
            another, place.journal = bool(place.journal), added.journal
            if another:  # a new file has taken its place, and is read from its beginning
                place.seq = place.run = place.record_ns = place.header_ns = self._naked_from = 0
                place.ill, self._naked, self._data, self._blocked = "", Naked(), Data(), Blocked()
                return
        for header in added.headers:
            place.run, place.header_ns = header.run, header.wall_ns
            yield from self._header(header)
        for row in added.rows:
            place.seq, place.record_ns = row.seq, row.wall_ns
            yield from self._row(row)
        kinds = {row.kind for row in added.rows}
        if kinds & {Kind.OUTCOME, Kind.OPERATOR}:
            yield from self._locks(tell=Kind.OUTCOME in kinds)

    def _at(self, end: End) -> None:
        place = self.place
        place.journal, place.seq, place.run = end.journal, end.seq, end.run
        place.record_ns, place.header_ns = end.written

    def _another_copy(self, added: Added) -> bool:
        """Whether the file does not hold what was read of it."""
        place, (record_ns, header_ns) = self.place, added.written
        shorter = (place.seq and not record_ns) or (place.run and not header_ns)
        return bool(shorter or (place.record_ns or record_ns) != record_ns or (place.header_ns or header_ns) != header_ns)

    def _replaced(self) -> Iterator[Said]:
        """Another copy has taken its place, as after a restore: what it holds is of before, and it is followed from its end."""
        before, end = self.place.seq, end_of(self.path)
        self._at(end)
        self.place.ill, self._data, self._blocked, self._naked_from = "", Data(), Blocked(), end.seq
        self._naked = Naked()
        text = (
            f"{self.path.name} was replaced by another copy: record {before}, as it was read, is not in it; it ends with record {end.seq}. "
            "It is followed from there, and what came in between is not told. Look with mesbot status, and in TWS."
        )
        yield Said(Event.HEALTH, text)
        self._naked = Naked(past_of(with_earlier(self.path)).unfinished)
        self._law()
        list(self._locks(tell=False))

    def _missed(self, wall_ns: int) -> Iterator[Said]:
        """That a journal which was followed is away."""
        if not self._begun or self.place.gone:
            return
        if self._missed_since_ns is None:
            self._missed_since_ns = wall_ns
        elif abs(wall_ns - self._missed_since_ns) >= GONE_NS:
            self.place.gone = True
            text = (
                f"{self.path.name} is not there any more: it, or its folder, was removed or moved. Nothing of the run can be told until it "
                "is back, and a bot that runs enters nothing; look in TWS now, put the file back, or stop the bot."
            )
            yield Said(Event.HEALTH, text)

    def _there(self) -> Iterator[Said]:
        self._missed_since_ns = None
        if self.place.gone:
            self.place.gone = False
            yield Said(Event.HEALTH, f"{self.path.name} is there again, and is followed.")

    def _locks(self, *, tell: bool) -> Iterator[Said]:
        try:
            yield from new_locks(self.path, self.place, tell=tell)
        except Exception as error:
            text = f"What is locked cannot be seen ({kind_of(error)}); look with mesbot status."
            yield Said(Event.UNKNOWN, text, text)

    # --------------------------------------------------------------------- records

    def _header(self, header: Header) -> Iterator[Said]:
        body = header.body
        if isinstance(said := body.get(END), dict):
            left = said.get(OPEN) or ["Nothing was open."]
            yield Said(Event.RUN, f"{self._who} has stopped. {' '.join(map(str, left))}")
            if self._replayed and (day := newest_day(self.path)) is not None:
                yield digest(self.path, day)
        elif "verb" not in body:
            self._is_of(body)
            yield Said(Event.RUN, f"{self._who} has started, version {body.get('mesbot_version', 'unknown')}.")

    def _is_of(self, header: dict[str, Any]) -> None:
        account = f" {header['account']}" if "account" in header else ""
        self.title = masked(f"mesbot {str(header.get('mode', '')).upper()}{account}")
        self._replayed = bool(header.get("replayed_time")) or not account

    @property
    def _who(self) -> str:
        return self.title.removeprefix("mesbot").strip() or "The bot"

    def _row(self, row: Row) -> Iterator[Said]:
        try:
            yield from said_of(row)
            yield from self._followed(row)
        except Exception as error:
            text = f"record {row.seq} ({plain(row.kind)}) could not be followed ({kind_of(error)}); look with mesbot status."
            yield Said(Event.UNKNOWN, text, f"follow {row.kind} {kind_of(error)}")

    def _followed(self, row: Row) -> Iterator[Said]:
        if row.kind == Kind.CONTRACTS:
            self._law()
        yield from self._data.take(row)
        yield from self._blocked.take(row)
        if row.seq > self._naked_from:
            yield from self._naked.take(row)

    def _law(self) -> None:
        contracts = newest_contracts(self.path)
        self._data.minimum = None if contracts is None else Limits.of(contracts).dvs_enter

    def _dated(self, here: dt.datetime) -> Iterator[Said]:
        """What the date brings: once a day the roll is looked at, and whether there is a session to tell of in the evening."""
        today = here.date()
        missed = self._first and self._today is None and here.time() >= self._digest_at  # nobody had asked for it when it was due
        if today != self._today:
            contracts = newest_contracts(self.path)
            if contracts is None:
                return
            self._today, self._session = today, bool(SessionCalendar(contracts.session, today, today).sessions)
            yield from roll_due(contracts, today, self.place)
        if here.time() >= self._digest_at and self.place.digest != today.isoformat():
            self.place.digest = today.isoformat()
            if self._session and not missed:
                yield digest(self.path, today)


def _but_for_numbers(ill: str) -> str:
    """That it lasts longer is nothing new."""
    return re.sub(r"\d[\d,.:]*", "", ill)
