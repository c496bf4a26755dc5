"""What the page Now says, from a journal alone: the status as `mesbot status` has it, the last bar, the position, and what stands
before each entry."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bot.calendar import SessionCalendar
from bot.calendar import new_york as moment
from bot.contracts import Contracts
from bot.dashboard.target import Target
from bot.dashboard.today import to_enter
from bot.decision.codes import MEANING, Layer
from bot.journal.explain import quality_lines
from bot.journal.packs import WHOLE
from bot.journal.read import headers, opened
from bot.journal.run_lock import silent_seconds
from bot.journal.times import new_york
from bot.node.screen import position_lines
from bot.node.status import JournalStatus, status_from
from bot.runtime.kill_times import kill_times
from bot.runtime.past import Past, past_of
from bot.runtime.recover import recovered
from bot.supervision.trade import Trade
from bot.units import MINUTE_NS, SECOND_NS, to_points

SILENT_SECONDS = 4  # without a sign of life
QUIET_SECONDS = 90  # of the wall: a running bot writes each minute of a session
AHEAD_DAYS = 7
_LAST_BAR = f"SELECT seq, ts_ns, body FROM {WHOLE} WHERE kind = 'bar' ORDER BY seq DESC LIMIT 1"
_DECIDED = f"SELECT body FROM {WHOLE} WHERE kind = 'decision' AND ts_ns = ? AND seq > ? ORDER BY strategy"
_NEWEST = "SELECT seq, wall_ns FROM records ORDER BY seq DESC LIMIT 1"
_TODAY = "SELECT min(wall_ns) FROM records WHERE ts_ns >= ?"
_BEFORE_A_BAR = 200  # records, in which its decisions stand


class Headroom(NamedTuple):
    """What was decided of a strategy on the last bar, and what would have had to be otherwise for it to enter; "" if nothing."""

    strategy: str
    action: str
    said: str
    to_enter: str


class Now(NamedTuple):
    """Everything of the page. Times are UTC ns: `bar_ns` of the market, `written_ns` and `began_ns`, of the newest run, of the wall.

    `lockouts` are those of the regime that the last bar's decisions name, with their end. `naked_seconds` are of this trading day,
    `bare` says that contracts are held which no stop is known to cover. `over` says of a backtest or replay that came to its end that
    it has, "" of any other: of an account's bot that does not run, and of a run that broke off. `kind` is the target's, `vetoer` the
    filter's name.
    """

    status: JournalStatus
    close: float | None
    bar_ns: int
    written_ns: int
    began_ns: int
    scores: tuple[str, ...]
    position: tuple[str, ...]
    naked_seconds: float
    bare: bool
    window: str
    headroom: tuple[Headroom, ...]
    lockouts: tuple[str, ...]
    seq: int
    kind: str
    over: str
    vetoer: str


def now_of(target: Target, contracts: Contracts, now_ns: int) -> Now:
    """Read it. `now_ns` is of the wall. Raises JournalError, CalendarError as `status_of`."""
    past = past_of(target.journals.earlier)
    status = status_from(past, target.journals, target.mode, target.account, contracts, now_ns)
    calendar = _calendar(contracts, status.as_of_ns)
    with opened(target.path) as db:
        seq, bar_ns, bar = _last_bar(db)
        newest, written_ns = db.execute(_NEWEST).fetchone() or (0, 0)
        naked = kill_times(db, newest, db.execute(_TODAY, (calendar.trading_day(status.as_of_ns).start_ns,)).fetchone()[0] or now_ns)
        began_ns = max((header["wall_ns"] for header in headers(db)), default=0)
        decided = [msgspec.json.decode(body) for (body,) in db.execute(_DECIDED, (bar_ns, seq - _BEFORE_A_BAR))]
    trades = _held(past)
    close = bar.get("close")
    return Now(
        status, close, bar_ns, written_ns, began_ns,
        scores=tuple(line.strip() for line in quality_lines(bar)) if bar else (),
        position=_position(trades, close),
        naked_seconds=naked.naked_seconds,
        bare=any(leg.open > leg.protected for trade in trades for leg in trade.legs),
        window=window(calendar, status.as_of_ns),
        headroom=tuple(_headroom(body, contracts.filter) for body in decided),
        lockouts=tuple(dict.fromkeys(lock for body in decided for lock in _lockouts(body, bar_ns))),
        seq=newest,
        kind=target.kind,
        over=_over(status),
        vetoer=contracts.filter,
    )  # fmt: skip


def _over(status: JournalStatus) -> str:
    if status.account or status.running is not None or status.interrupted:
        return ""
    what = "backtest" if status.mode == "BACKTEST" else "replay"
    return f"This {what} is over: it ended at {status.last_record} New York, and these are its last figures. There is nothing to stop."


def why_stale(now: Now, now_ns: int, market_open: bool) -> str:
    """Why what is shown is no picture of this moment, as a sentence; "" if it is one, or the last of a run that is `over`."""
    if now.over:
        return ""
    seconds = (now_ns - now.written_ns) / SECOND_NS
    if now.status.running is None:
        return f"No bot runs: this is what its journal says as of {now.status.last_record} New York."
    if seconds < -5:
        return f"The clocks are apart: the newest record was written {-seconds:,.0f} s after this machine's time; set the clock right."
    if (silent := silent_seconds(Path(now.status.path), now.began_ns, now_ns)) > SILENT_SECONDS:
        return f"The bot has given no sign of life for {silent:,.0f} s: it hangs, or its process was stopped; look at its terminal."
    if market_open and seconds > QUIET_SECONDS:
        return f"The bot has written nothing for {seconds:,.0f} s, and a session is open: look at its terminal."
    return ""


def session_open(contracts: Contracts, now: Now, now_ns: int) -> bool:
    """Whether a running bot writes each minute: in a session of the wall's time, on a replay until that has come to its close."""
    at_ns = now.bar_ns if now.status.replayed or not now.status.account else now_ns
    return at_ns > 0 and _calendar(contracts, at_ns).session_at(at_ns) is not None


def _calendar(contracts: Contracts, at_ns: int) -> SessionCalendar:
    date = moment(at_ns).date()
    return SessionCalendar(contracts.session, date - dt.timedelta(days=AHEAD_DAYS), date + dt.timedelta(days=2 * AHEAD_DAYS))


def window(calendar: SessionCalendar, at_ns: int) -> str:
    """Whether the session contract lets entries pass now and how long, or when it does next, as a sentence (New York)."""
    refusal, end_ns = calendar.entry_window(at_ns)
    if not refusal:
        return f"open until {moment(end_ns):%H:%M}"
    minute_ns = at_ns // MINUTE_NS * MINUTE_NS + MINUTE_NS
    ahead = (minute_ns + number * MINUTE_NS for number in range(AHEAD_DAYS * 24 * 60))
    opens = next((each for each in ahead if not calendar.entry_window(each)[0]), None)
    then = f"next from {new_york(opens)}" if opens is not None else f"none within {AHEAD_DAYS} days"
    return f"shut ({refusal}); {then}"


def _last_bar(db: sqlite3.Connection) -> tuple[int, int, dict[str, Any]]:
    row = db.execute(_LAST_BAR).fetchone()
    return (0, 0, {}) if row is None else (row[0], row[1], msgspec.json.decode(row[2]))


def _headroom(decision: dict[str, Any], vetoer: str) -> Headroom:
    return Headroom(decision["strategy"], decision["action"], decision["sentence"], to_enter(decision, vetoer))


def _lockouts(decision: dict[str, Any], bar_ns: int) -> Iterator[str]:
    """Of the gates that a decision names, those of the regime: each says how many minutes it is away."""
    for gate in (decision.get("gate"), *decision.get("others", ())):
        if gate is not None and gate["layer"] == Layer.LOCKOUT:
            minutes = gate["limit"] if gate["distance"] is None else gate["distance"]  # a blackout has words for what was observed
            known = gate["unit"] == "minutes" and isinstance(minutes, int | float)
            until = f"until {new_york(bar_ns + round(minutes * MINUTE_NS))[:16]}" if known else "its end is not told"
            yield f"{gate['code']}: {MEANING.get(gate['code'], 'a lockout')}; {until}"


def _held(past: Past) -> list[Trade]:
    return [trade for trade in map(recovered, past.unfinished) if trade.net]


def _position(trades: list[Trade], close: float | None) -> tuple[str, ...]:
    if not trades:
        return ("flat",)
    lines: list[str] = []
    for trade in trades:
        price = to_points(trade.entry_price) if close is None else close
        lines += [line.plain.partition("  ")[2].strip() for line in position_lines(trade.view(), price)]
    return tuple(lines)
