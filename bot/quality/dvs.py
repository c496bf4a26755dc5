"""DVS, the data validity score: may we believe the bars? (spec 5; data_contract.yaml)"""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from bot.calendar import Session, new_york
from bot.contracts.models import DataContract
from bot.market.bar import Bar, RawBar, in_ticks
from bot.market.rolling import MinuteMedians, RollingScore, WilderAverage
from bot.market.shock import is_shock, usual_range
from bot.market.signals import VOLUME_BARS, true_range
from bot.quality.feed import QualityEvent, QualityKind
from bot.quality.price_level import NOBODY_JUDGED, JudgedBefore, PriceLevel, is_roll, is_void
from bot.quality.window import MedianWindow
from bot.units import HOUR_NS, SECOND_NS

NAN = math.nan
EVENING_NS = 6 * HOUR_NS  # from 18:00 it is the next trading day
HOLE_GAPS = 2  # so many gap limits or less are a gap, which costs DVS; a longer pause is a hole: bars had stopped
ATR_BARS = 30  # ATR30 is the name of a signal (spec 3), not a limit

Event = tuple[str, float]


def hole_ns(contract: DataContract) -> int:
    """A pause between bars that is longer is a hole: bars had stopped."""
    return HOLE_GAPS * round(contract.max_gap_seconds * SECOND_NS)


class Hours(Protocol):
    """What DVS asks of the calendar; bot.calendar.SessionCalendar gives it."""

    def session_at(self, close_ts_ns: int) -> Session | None: ...

    def minute_of_session(self, session: Session, ts_ns: int) -> int: ...

    def globex_open(self, ts_ns: int) -> bool: ...


class DvsResult(msgspec.Struct, frozen=True, gc=False):
    """What one bar is worth. Scores are 0..1.

    `own` is the bar's own score, `dvs` the lowest own score of this session's last bars
    (None: UNKNOWN, outside RTH), `events` what lowered `own` with its penalty, `bar` the bar
    in whole ticks (None: rejected, nobody may use it). `hole`, `new_level` and `roll` are those of QualityUpdate.
    """

    own: float
    dvs: float | None
    events: tuple[Event, ...]
    bar: Bar | None
    hole: bool = False
    new_level: float = 0.0
    roll: float = 0.0


class Ahead(NamedTuple):
    """What a bar will be found to be: believed; the first after a hole; so far from the last level that a trade closed there is void."""

    believed: bool
    hole: bool
    void: bool


class DvsScorer:
    """Scores each bar as it arrives, in O(1).

    - own = 1 - sum of the bar's penalties, within [0, 1]; dvs = lowest own score of the last
      `window_bars` of this RTH session. A session's first bar starts the window anew.
    - A rejected bar (time not increasing, impossible) costs its penalty and leaves nothing
      else behind: the next bar is compared with the last accepted one. A bar whose time does
      not increase counts in the session that is running.
    - A gap is measured between accepted bars of one RTH session, and from its opening to its
      first bar; nothing before the opening is a gap.
    - `thin` is judged in RTH, across sessions, from as many RTH bars as the DVS window holds.
    - `outlier` needs ATR30 of the bar before, so none is seen in the first 30 bars; before 60 bars
      no shock signature excuses one. `ranges` are the median true ranges of each minute of RTH.
    - A bar outside the market's hours has no session: what it is worth counts in the first window of
      the session that comes next, with that session's first bar.
    - Events of the live feed are charged to the next bar, each kind once; a further STALE of
      the same bar costs `stale_repeat`. An untrusted feed is charged to every bar until
      TRUSTED_FEED arrives.

    - A bar off the price band is rejected until so many in a row agree that the level is another
      (bot.quality.price_level); `held` is asked then whether a position is open. Ranges of the old level are forgotten.
      A bar of `before` is believed or rejected as it was then.

    It does not promise that a believable bar is true, and it cannot tell a market that moved
    past the price band from bad data: the first bars of either are rejected.
    """

    def __init__(
        self,
        contract: DataContract,
        calendar: Hours,
        ranges: MinuteMedians,
        held: Callable[[], bool] = bool,
        before: JudgedBefore = NOBODY_JUDGED,
    ) -> None:
        limits, signature = contract.dvs, contract.shock_signature
        self._limits, self._signature, self._calendar = limits, signature, calendar
        self._charges: dict[str, Event] = {name: (name, penalty) for name, penalty in limits.penalties.model_dump().items()}
        self._level_law, self._held = contract.price_level, held
        self._level, self._judged_until_ns = PriceLevel(contract.price_band, contract.price_level, before), before.until_ns
        self._gap_ns, self._hole_ns = round(contract.max_gap_seconds * SECOND_NS), hole_ns(contract)
        self._late_ns = round(contract.max_late_seconds * SECOND_NS)

        self._last: Bar | None = None
        self._last_of_level: Bar | None = None  # the same; None where another price level begins
        self._came_ns = 0  # of the newest bar that came, believed or not; 0 before the first
        self._session: Session | None = None  # of the last accepted bar
        self._windows: dict[int, deque[float]] = {}  # by the session's opening
        self._flat_bars = 0
        self._atr_30, self._ranges = WilderAverage(ATR_BARS), ranges
        self._closed_own = 1.0  # the lowest own score of bars outside the market's hours since the last session
        self._rth_volumes = MedianWindow(limits.thin_bars)
        self._volumes: deque[int] = deque(maxlen=VOLUME_BARS)  # looked at on a bar that may be an outlier; few are
        self._bodies: deque[int] = deque(maxlen=signature.body_bars)
        self._noted: set[str] = set()
        self._stale = 0
        self._untrusted = False

    def on_event(self, event: QualityEvent) -> None:
        """Note what the live feed reports, to be charged to the next bar. Raises ValueError for an unknown kind."""
        kind = QualityKind(event.kind)
        if kind is QualityKind.STALE:
            self._stale += 1
        elif kind in (QualityKind.UNTRUSTED_FEED, QualityKind.TRUSTED_FEED):
            self._untrusted = kind is QualityKind.UNTRUSTED_FEED
        else:
            self._noted.add(kind)

    def ahead(self, raw: RawBar) -> Ahead:
        """What `score` will say of this bar; changes nothing."""
        bar = in_ticks(raw)
        if bar is None or (self._last is not None and raw.ts_ns <= self._last.ts_ns):
            return Ahead(False, self._after_hole(raw), False)
        judged = self._level.judge(bar, self._holds(bar))
        return Ahead(judged.believed, self._after_hole(raw), is_void(judged.factor, self._level_law))

    def score(self, raw: RawBar) -> DvsResult:
        """Score one bar, accepted or rejected. Prices are points, times UTC ns; anything may be nan."""
        session = self._session_at(raw.ts_ns)
        bar, hole = in_ticks(raw), self._after_hole(raw)
        events: list[Event] = []
        last = self._last
        if last is not None and raw.ts_ns <= last.ts_ns:
            events.append(self._charges["not_increasing"])
            session = self._session
        new_level = roll = 0.0
        if bar is None or events:
            self._level.broken()
            believed = False
        else:
            believed, new_level = self._level.take(bar, not self._level.holds(bar) and self._holds(bar))
        if bar is None or not (believed or events):
            events.append(self._charges["impossible"])
        if believed and bar is not None:
            if new_level:
                self._forget_ranges()
            elif last is not None:
                roll = self._roll(bar, last, session)
            self._judge(bar, session, events)
        self._came_ns = max(self._came_ns, raw.ts_ns)
        self._judge_arrival(raw, session, events)
        own, dvs = self._result(session, events)
        return DvsResult(own, dvs, tuple(events), bar if believed else None, hole, new_level, roll)

    def _after_hole(self, raw: RawBar) -> bool:
        return bool(self._came_ns) and raw.ts_ns - self._came_ns > self._hole_ns

    def _holds(self, bar: Bar) -> bool:
        """Whether a position is open; asked only where it matters, and not of bars that an earlier run was there for."""
        return bar.ts_ns > self._judged_until_ns and not self._level.judge(bar, True).believed and self._held()

    def _forget_ranges(self) -> None:
        """What was measured at the old level says nothing of the new one."""
        self._last_of_level = None
        self._atr_30 = WilderAverage(ATR_BARS)
        self._bodies.clear()
        self._ranges.forget()

    def _roll(self, bar: Bar, last: Bar, session: Session | None) -> float:
        """The open over the last close if a session, or the market after its break, opens at the next contract's price; else 0."""
        opens = session is not self._session if session is not None else bar.ts_ns - last.ts_ns > self._gap_ns
        if not opens:
            return 0.0
        date = dt.date.fromisoformat(session.date) if session is not None else new_york(bar.ts_ns + EVENING_NS).date()
        return bar.open / last.close if is_roll(date, bar.open, last.close, self._level_law) else 0.0

    def _session_at(self, ts_ns: int) -> Session | None:
        known = self._session
        if known is not None and known.open_ns < ts_ns <= known.close_ns:
            return known
        return self._calendar.session_at(ts_ns)

    def _judge(self, bar: Bar, session: Session | None, events: list[Event]) -> None:
        """What an accepted bar shows beside those before it; takes it into the statistics."""
        last = self._last
        if session is not None:
            before = session.open_ns if last is None or session is not self._session else last.ts_ns
            if bar.ts_ns - before > self._gap_ns:
                events.append(self._charges["missing_gap"])
            self._judge_volume(bar.volume, events)
        self._judge_range(bar, self._last_of_level, session, events)
        self._flat_bars = self._flat_bars + 1 if bar.low == bar.high else 0
        if self._flat_bars >= self._limits.stuck_bars:
            events.append(self._charges["stuck"])
        if session is not None and session is not self._session:
            self._windows = {opened: own for opened, own in self._windows.items() if opened >= session.open_ns}
        self._last = self._last_of_level = bar
        self._session = session

    def _judge_volume(self, volume: int, events: list[Event]) -> None:
        volumes = self._rth_volumes
        volumes.add(volume)
        if len(volumes) >= min(self._limits.window_bars, self._limits.thin_bars) and volumes.median < self._limits.thin_median_volume:
            events.append(self._charges["thin"])
        if volume == 0:
            events.append(self._charges["zero_volume"])

    def _judge_range(self, bar: Bar, last: Bar | None, session: Session | None, events: list[Event]) -> None:
        reach, body = true_range(bar, last.close if last else None), bar.close - bar.open
        median = NAN if session is None else self._ranges.swap(self._calendar.minute_of_session(session, bar.ts_ns), float(reach))
        usual = usual_range(self._atr_30.value, median)
        self._atr_30.update(reach)
        self._volumes.append(bar.volume)
        self._bodies.append(body)
        if reach > self._limits.outlier_atr_multiple * usual:
            volume_z, body_stdev = RollingScore.of(self._volumes).z(math.inf), RollingScore.of(self._bodies).deviation()
            if not is_shock(self._signature, reach, usual, volume_z, body, body_stdev):
                events.append(self._charges["outlier"])

    def _judge_arrival(self, raw: RawBar, session: Session | None, events: list[Event]) -> None:
        """How the bar came: what holds for accepted and rejected bars alike."""
        charges = self._charges
        if raw.synthetic:
            events.append(charges["synthetic"])
        if raw.received_ns - raw.ts_ns > self._late_ns or (self._noted and QualityKind.LATE in self._noted):
            events.append(charges["late"])
        if session is None and not self._calendar.globex_open(raw.ts_ns):
            events.append(charges["outside_hours"])
        if self._noted or self._stale or self._untrusted:
            self._judge_feed(session, events)

    def _judge_feed(self, session: Session | None, events: list[Event]) -> None:
        charges = self._charges
        if QualityKind.BAD_QUOTE in self._noted:
            events.append(charges["bad_quote"])
        if self._stale and session is not None:
            events.append(charges["stale"])
            events.extend([charges["stale_repeat"]] * (self._stale - 1))
        if self._untrusted:
            events.append(charges["untrusted_feed"])
        self._noted.clear()
        self._stale = 0

    def _result(self, session: Session | None, events: list[Event]) -> tuple[float, float | None]:
        """The bar's own score, and DVS with it."""
        own = max(0.0, 1.0 - sum(penalty for _, penalty in events)) if events else 1.0
        if session is None:
            if events and self._charges["outside_hours"] in events:
                self._closed_own = min(self._closed_own, own)
            return own, None
        window = self._windows.get(session.open_ns)
        if window is None:
            window = self._windows[session.open_ns] = deque(maxlen=self._limits.window_bars)
            window.append(min(own, self._closed_own))
            self._closed_own = 1.0
        else:
            window.append(own)
        return own, min(window)
