"""What speaks for or against the rows of a file once its clock is known: intervals, fillings, holes, hours, instruments."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from bot.bars.left_out import days_of
from bot.bars.passport import Finding, SessionCount, Severity
from bot.bars.table import Table
from bot.bars.zone import Ints, new_york_wall
from bot.calendar import SessionCalendar, new_york
from bot.plural import counted
from bot.units import MINUTE_NS

MUCH_OUTSIDE = 0.01  # share of rows in closed hours
FILLED = 0.5  # share of a session's rows that only repeat
SOME = 0.01
SHOWN_DATES = 5
RUNS = {2: 20, 3: 12}  # so many steps of a length in a row are no accident of thin trading
RUN = 8
# CME's equity futures closed at 17:15 New York until 2015-09-21 (ninjatrader.com/Advisories/Advisory25), and until 2012-11-18 at 17:30.
LATER_CLOSE_UNTIL = pd.Timestamp("2015-09-21", tz="UTC").value
LATER_CLOSE = 17 * 60 + 30
DAILY_CLOSE = 17  # hour, New York
RUN_INTO_BREAK = 5  # minutes: fewer are stray prints
ENOUGH = 100  # minutes that follow one another
CHANGED_ABOUT = 2.0


class Held(NamedTuple):
    """Sessions of the span with their minutes, the dates of those without any, and the index range of each in the rows."""

    sessions: list[SessionCount]
    missing: list[str]
    ranges: list[tuple[int, int]]


def held_sessions(ts_ns: Ints, calendar: SessionCalendar) -> Held:
    """The regular sessions between the first and the last bar. `ts_ns` are closes, rising."""
    inside = [each for each in calendar.sessions if each.close_ns > ts_ns[0] and each.open_ns < ts_ns[-1]]
    low = np.searchsorted(ts_ns, [each.open_ns for each in inside], "right")
    high = np.searchsorted(ts_ns, [each.close_ns for each in inside], "right")
    sessions, ranges = [], []
    for session, start, end in zip(inside, low.tolist(), high.tolist(), strict=True):
        steps = np.diff(ts_ns[start:end]) // MINUTE_NS
        usual = int(np.bincount(steps[steps < 1440]).argmax()) if end - start > 1 else 0
        expected = (session.close_ns - session.open_ns) // MINUTE_NS
        sessions.append(SessionCount(session.date, end - start, expected, usual))
        ranges.append((start, end))
    return Held(sessions, [each.date for each in sessions if not each.minutes], ranges)


def judge_sessions(held: Held) -> list[Finding]:
    """Sessions and minutes that are missing."""
    there = [each for each in held.sessions if each.minutes]
    if not there:
        sentence = "holds no bar of a regular session (09:30 to 16:00 New York), so neither zone nor stamp can be told from it"
        return [Finding("NO_SESSION", Severity.REFUSE, sentence, "export the whole day, or the regular session at least")]
    found = []
    if held.missing:
        shown = ", ".join(held.missing[:SHOWN_DATES]) + (
            f" and {len(held.missing) - SHOWN_DATES} more" if len(held.missing) > SHOWN_DATES else ""
        )
        are = "is" if len(held.missing) == 1 else "are"
        found.append(Finding("SESSIONS_MISSING", Severity.WARN, f"{counted(len(held.missing), 'session')} {are} missing ({shown})"))
    inner = there[1:-1] if len(there) > 2 else there  # the first and the last may be cut off
    expected, minutes = sum(each.expected for each in inner), sum(each.minutes for each in inner)
    share = 1 - minutes / expected
    if share >= SOME:
        worst = min(inner, key=lambda each: each.minutes / each.expected)
        sentence = f"{100 * share:.0f} % of the minutes of its sessions are missing, most on {worst.date}"
        found.append(Finding("MINUTES_MISSING", Severity.WARN, f"{sentence} ({worst.minutes} of {worst.expected} there)"))
    return found


def outside_hours(ts_ns: Ints, calendar: SessionCalendar) -> np.ndarray:
    """Which bars lie in hours in which CME is closed."""
    edges = np.asarray([moment for hours in calendar.globex_hours for moment in hours])
    closed = np.searchsorted(edges, ts_ns, "left") % 2 == 0
    old = closed & (ts_ns < LATER_CLOSE_UNTIL)
    if old.any():
        minute = new_york_wall(ts_ns[old]) // MINUTE_NS % 1440
        closed[np.flatnonzero(old)[(minute > 17 * 60) & (minute <= LATER_CLOSE)]] = False
    return closed


def judge_hours(ts_ns: Ints, closed: np.ndarray, calendar: SessionCalendar, clock_holds: bool) -> list[Finding]:
    """Bars in closed hours: a few are stray prints, many, or a row of them at a day's edge, are another clock or filled minutes.

    `clock_holds`: the marks of sessions stand right, so that another zone is no remedy.
    """
    count = int(closed.sum())
    if not count:
        return []
    runs = _runs_into_breaks(ts_ns[closed], calendar)
    if runs:
        rows, moment, side = runs[0]
        others = f", and so it is on {counted(len(runs) - 1, 'more day')}" if len(runs) > 1 else ""
        sentence = f"{rows} minutes run {side} {new_york(moment):%Y-%m-%d %H:%M} New York without a pause, when CME is closed{others}"
        remedy = "times of that day are another clock's, or minutes were filled in: take these sessions away, or fetch them anew"
        return [Finding("CLOSED_HOURS", Severity.REFUSE, sentence, remedy)]
    lie = "lies" if count == 1 else "lie"
    share = f"{counted(count, 'row')} ({100 * count / len(ts_ns):.2g} %)"
    sentence = f"{share} {lie} in hours in which CME is closed, {_dates_of(ts_ns[closed], calendar)}"
    if count > max(MUCH_OUTSIDE * len(ts_ns), 1):
        remedy = _without(ts_ns, closed) if clock_holds else "take these rows away if they were filled in; else export it anew in UTC"
        return [Finding("CLOSED_HOURS", Severity.REFUSE, sentence, remedy)]
    weekend = ((new_york_wall(ts_ns[closed]) // (1440 * MINUTE_NS) + 3) % 7 == 5).any()
    return [Finding("CLOSED_HOURS", Severity.WARN if weekend else Severity.NOTE, sentence)]


def _without(closes_ns: Ints, closed: np.ndarray) -> str:
    """How rows are taken away: those of so few days that the others are usable."""
    days = days_of(closes_ns - MINUTE_NS)
    dates, counts = np.unique(days[closed], return_counts=True)
    taken = dates[np.argsort(-counts, kind="stable")][:SHOWN_DATES]
    for few in range(1, len(taken) + 1):
        rest = ~np.isin(days, taken[:few])
        if rest.sum() > 0 and closed[rest].sum() <= max(MUCH_OUTSIDE * rest.sum(), 1):
            options = " ".join(f"--without {each}" for each in sorted(taken[:few]))
            return f"take these rows away, or leave the whole day out: mesbot data import FILE {options} --to FOLDER"
    return "take these rows away"


def _dates_of(closes_ns: Ints, calendar: SessionCalendar) -> str:
    """On which dates bars open, New York, those with most first, and from when to when; when CME closed early on them."""
    wall = (new_york_wall(closes_ns - MINUTE_NS)).astype("datetime64[ns]")
    dates, counts = np.unique(wall.astype("datetime64[D]"), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:2]
    ends = (new_york(end) for _, end in calendar.globex_hours)
    closes, told = {f"{end:%Y-%m-%d}": f"{end:%H:%M}" for end in ends if end.hour < DAILY_CLOSE}, []
    for date, count in zip(dates[order], counts[order].tolist(), strict=True):
        times = [str(each)[11:16] for each in wall[wall.astype("datetime64[D]") == date].astype("datetime64[m]")]
        early = f" (CME closed at {closes[str(date)]} that day)" if str(date) in closes else ""
        told.append(f"{count} on {date} from {times[0]} to {times[-1]}{early}")
    more = f" and others on {counted(len(dates) - len(told), 'more day')}" if len(dates) > len(told) else ""
    return f"{', '.join(told)} New York{more}"


def _runs_into_breaks(closed_ns: Ints, calendar: SessionCalendar) -> list[tuple[int, int, str]]:
    """Minutes that run on after the day's last, or up to the next day's first: how many, from or to when, and which of the two.

    Only at the daily break: on holidays CME has closed at other times than it does today.
    """
    found = []
    for (_, end), (start, _) in pairwise(calendar.globex_hours):
        low, high = np.searchsorted(closed_ns, (end, start), "right")
        if high - low < RUN_INTO_BREAK:
            continue
        minutes = (closed_ns[low:high] - end) // MINUTE_NS
        after = _run(minutes, 1)
        before = _run((start - end) // MINUTE_NS - minutes[::-1], 0)
        if after >= RUN_INTO_BREAK and new_york(end).hour == DAILY_CLOSE:
            found.append((after, end, "on after"))
        elif before >= RUN_INTO_BREAK:
            found.append((before, start, "up to"))
    return found


def _run(minutes: Ints, first: int) -> int:
    """How many follow one another from `first` on."""
    return int(np.argmin(np.append(minutes == np.arange(first, first + len(minutes)), False)))


def judge_interval(table: Table, ts_ns: Ints) -> list[Finding]:
    """Runs of rows that stand further apart than a minute, all by the same."""
    if len(ts_ns) < 2:
        return []
    steps = np.diff(ts_ns) // MINUTE_NS
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    remedy = "one-minute bars are needed: export the file anew"
    if usual != 1:
        return [Finding("INTERVAL", Severity.REFUSE, f"most rows are {usual} minutes apart ({usual} min)", remedy)]
    cuts = np.flatnonzero(np.diff(steps)) + 1
    starts, ends = np.concatenate(([0], cuts)), np.concatenate((cuts, [len(steps)]))
    step, size = steps[starts], ends - starts
    needed = np.select([step == each for each in RUNS], list(RUNS.values()), RUN)
    coarse = np.flatnonzero((step > 1) & (step <= 240) & (size >= needed))
    if not len(coarse):
        return []
    first = coarse[0]
    rows = int(size[step == step[first]].sum())
    minutes = f"{step[first]} minutes apart ({step[first]} min, {rows:,} rows in all)"
    sentence = f"from {table.place(int(starts[first]))} on rows are {minutes}, others one"
    return [Finding("INTERVAL", Severity.REFUSE, sentence, remedy)]


def repeats(columns: dict[str, Ints]) -> np.ndarray:
    """Rows that add nothing: the four prices of the row before, or all four its close."""
    open_, high, low, close = (columns[name] for name in ("open", "high", "low", "close"))
    same = (high > low)[1:]
    for each in (open_, high, low, close):
        same &= each[1:] == each[:-1]
    flat = np.ones_like(same)
    for each in (open_, high, low, close):
        flat &= each[1:] == close[:-1]
    return np.concatenate(([False], same | flat))


def judge_filling(repeated: np.ndarray, volume: Ints, held: Held) -> list[Finding]:
    """Sessions made up of rows that repeat, and sessions without volume."""
    found = []
    for what, flags, code in (
        ("only repeat the prices of the row before", repeated, "FILLED"),
        ("have volume 0", volume == 0, "NO_VOLUME"),
    ):
        total = np.concatenate(([0], np.cumsum(flags)))
        counts = [(session, int(total[end] - total[start])) for session, (start, end) in zip(held.sessions, held.ranges, strict=True)]
        bad = [(session, count) for session, count in counts if session.minutes >= 20 and count > FILLED * session.minutes]
        if bad:
            session, count = bad[0]
            sentence = f"{count} of {session.minutes} rows of {session.date} {what}, and so it is on {counted(len(bad), 'session')}"
            remedy = (
                "take away minutes that were filled in (a filling repeats, the market does not)"
                if code == "FILLED"
                else "export it with volume"
            )
            found.append(Finding(code, Severity.REFUSE, sentence, remedy))
            continue
        inside, rows = sum(count for _, count in counts), sum(each.minutes for each in held.sessions)
        if code == "NO_VOLUME" and rows and inside > SOME * rows:
            found.append(Finding(code, Severity.WARN, f"{inside:,} rows of its sessions ({100 * inside / rows:.0f} %) {what}"))
    return found


def judge_columns(ts_ns: Ints, columns: dict[str, Ints]) -> list[Finding]:
    """Whether open and close stand the wrong way round: a minute opens where the one before it closed, not the other way."""
    following = np.diff(ts_ns) == MINUTE_NS
    if following.sum() < ENOUGH:
        return []
    right = np.abs(columns["open"][1:] - columns["close"][:-1])[following].mean()
    changed = np.abs(columns["close"][1:] - columns["open"][:-1])[following].mean()
    if right <= CHANGED_ABOUT * changed:
        return []
    far = f"opens {right:.3g} ticks from the close before it and closes {changed:.3g} from its open"
    sentence = f"a minute {far} on average, so that open and close stand for one another"
    return [Finding("COLUMNS", Severity.REFUSE, sentence, "change open and close about, or sort the rows by time")]
