"""The notifier of one journal: takes what is new, keeps its place, and gives what waits to the couriers.

A turn puts what is to be told into the outboxes, writes the place, and only then hands messages over. What it holds is bounded: rows a
turn, alerts an outbox, keys, open trades. What fails is told and tried again; nothing ends it but its owner.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from bot.alerts.addresses import Address
from bot.alerts.alert import LEVELS, RANK, Alert, Event, Level, Said
from bot.alerts.courier import Courier
from bot.alerts.heartbeat import Heartbeat
from bot.alerts.news import News
from bot.alerts.outbox import Outbox
from bot.alerts.place import place_path, read_place, write_place
from bot.alerts.repeats import Repeats
from bot.errors import MesbotError
from bot.words import fault_in_words

LOOK_SECONDS = 20.0  # between two looks at what no record says

LOST_PLACE = (
    "Where the notifier was cannot be read any more: it goes on from here, and what waited or came before may never be told; "
    "look with mesbot status."
)


class Settings(NamedTuple):
    """What a person chose: the level of each event, the least that is sent, the minute of the digest (New York), messages a minute."""

    levels: Mapping[Event, Level] = LEVELS
    least: Level = Level.INFO
    digest_at: dt.time = dt.time(17, 15)
    per_minute: int = 6


class Watch:
    """Tells of one journal. `say` takes lines for whoever looks at the notifier itself; `from_now` as in News.

    Raises NotOurs if the place is another user's.
    """

    def __init__(self, path: Path, settings: Settings, say: Callable[[str], None], *, from_now: bool = False) -> None:
        self.couriers: list[Courier] = []
        self._settings, self._say = settings, say
        place = read_place(path)
        self._lost = place is None and place_path(path).exists()
        self._news = News(path, place, settings.digest_at, from_now=from_now)
        self._repeats, self._heartbeat = Repeats(), Heartbeat("")
        self._looked: float | None = None
        self._trouble = ""
        self._written, self._kept = b"", False

    @property
    def path(self) -> Path:
        """The journal."""
        return self._news.path

    def title(self) -> str:
        """What heads a message: mesbot, mode, account (masked)."""
        return self._news.title

    def serve(self, addresses: Iterable[Address], heartbeat: str = "") -> None:
        """Send to these. What waited for the address of this number goes there, as far as there is one."""
        waiting, self._heartbeat = self._news.place.waiting, Heartbeat(heartbeat)
        for number, address in enumerate(addresses):
            outbox = Outbox(self._settings.per_minute, waiting[number] if number < len(waiting) else None)
            self.couriers.append(Courier(address, outbox))
        if self._lost:
            self._tell(Said(Event.NOTIFIER, LOST_PLACE), time.monotonic())

    def take_over(self, before: Watch) -> None:
        """Go on in the place of another, with what waits there."""
        self.couriers, before.couriers = before.couriers, []
        self._heartbeat, self._repeats = before._heartbeat, before._repeats

    def turn(self, now: float, wall_ns: int) -> None:
        """Look, tell, keep, send. `now` is monotonic seconds, `wall_ns` UTC."""
        self._look(lambda: self._news.added(wall_ns), now)
        if self._looked is None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look_around(now, wall_ns)
        self._send(now)

    def leave(self, seconds: float) -> None:
        """The notifier ends: what is new is taken, what waits is sent within so many seconds, the rest is kept for the next one."""
        until, self._looked = time.monotonic() + seconds, None
        self.turn(time.monotonic(), time.time_ns())
        while self.waits and time.monotonic() < until:
            for courier in self.couriers:
                courier.rest(time.monotonic() + 0.1)
            self._send(time.monotonic(), last=True)
        self._news.place.whole = True
        self._keep()

    @property
    def waits(self) -> bool:
        """Whether an alert is to be sent yet."""
        return any(not courier.outbox.empty for courier in self.couriers)

    def _look_around(self, now: float, wall_ns: int) -> None:
        self._look(lambda: self._news.around(wall_ns), now)
        if not self.path.exists():
            return
        vital = self._news.health(wall_ns)
        self._look(lambda: self._news.changed(vital), now)
        if not vital.ill:
            self._heartbeat.beat(now)

    def _look(self, look: Callable[[], Iterable[Said]], now: float) -> None:
        try:
            for said in look():
                self._tell(said, now)
        except Exception as error:  # whatever it is: what comes after it must be told
            why = str(error) if isinstance(error, MesbotError) else fault_in_words(error)
            text = f"The notifier cannot follow the journal: {why}"
            self._tell(Said(Event.HEALTH, text, text), now)

    def _tell(self, said: Said, now: float) -> None:
        self._tell_by(self.couriers, said, now)

    def _tell_by(self, couriers: Iterable[Courier], said: Said, now: float) -> None:
        alert = Alert.of(said, self._settings.levels)
        if RANK[alert.level] < RANK[self._settings.least]:
            return
        new = self._repeats.new(alert, now)
        for courier in couriers:
            courier.outbox.put(alert) if new else courier.outbox.count(alert)

    def _send(self, now: float, *, last: bool = False) -> None:
        due = []
        for courier in self.couriers:
            courier.answered(now)
            if news := courier.news():
                self._say(news)
            if news := courier.news_for_others(now):
                self._tell_by([each for each in self.couriers if each is not courier], Said(Event.NOTIFIER, news), now)
        for courier in self.couriers:
            if (message := courier.message(now, last=last)) is not None:
                due.append((courier, message))
        self._keep()
        for courier, message in due:
            courier.go(message, now)

    def _keep(self) -> None:
        """Write the place, if it has moved. One that cannot be written is told, and what is to be told goes out all the same."""
        place = self._news.place
        place.waiting = [courier.outbox.waiting for courier in self.couriers]
        content = msgspec.json.encode(place)
        if content == self._written:
            return
        if self._kept and not self.path.parent.exists():  # it was moved: an empty one in its place would stand in somebody's way
            self._written = b""
            return
        try:
            write_place(self.path, content)
            self._written, self._kept, self._trouble = content, True, ""
        except OSError as error:
            trouble = f"Its place cannot be written ({error.strerror}): after a restart some alerts may come twice."
            if trouble != self._trouble:
                self._say(trouble)
            self._trouble = trouble
