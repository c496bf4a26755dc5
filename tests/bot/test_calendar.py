"""The calendar against a table written by hand from the exchanges' announcements, 2024-2027."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bot.calendar import Session, SessionCalendar, clock_ns, new_york
from bot.contracts import load_contracts
from bot.contracts.models import SessionContract
from bot.errors import CalendarError
from bot.trading_hours import library_spans
from bot.units import MINUTE_NS

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"

SHUT = {
    "New Year": ["2024-01-01", "2025-01-01", "2026-01-01", "2027-01-01"],
    "Martin Luther King": ["2024-01-15", "2025-01-20", "2026-01-19", "2027-01-18"],
    "Presidents": ["2024-02-19", "2025-02-17", "2026-02-16", "2027-02-15"],
    "Good Friday": ["2024-03-29", "2025-04-18", "2026-04-03", "2027-03-26"],
    "Memorial": ["2024-05-27", "2025-05-26", "2026-05-25", "2027-05-31"],
    "Juneteenth (2027: a Saturday, kept on Friday)": ["2024-06-19", "2025-06-19", "2026-06-19", "2027-06-18"],
    "Independence (2026: kept on Friday; 2027: on Monday)": ["2024-07-04", "2025-07-04", "2026-07-03", "2027-07-05"],
    "Labor": ["2024-09-02", "2025-09-01", "2026-09-07", "2027-09-06"],
    "Thanksgiving": ["2024-11-28", "2025-11-27", "2026-11-26", "2027-11-25"],
    "Christmas (2027: a Saturday, kept on Friday)": ["2024-12-25", "2025-12-25", "2026-12-25", "2027-12-24"],
    "day of mourning": ["2025-01-09"],
}
HALF = {  # close 13:00 New York
    "before Independence": ["2024-07-03", "2025-07-03"],  # 2026-07-02 and 2027-07-02 are whole days
    "after Thanksgiving": ["2024-11-29", "2025-11-28", "2026-11-27", "2027-11-26"],
    "Christmas Eve": ["2024-12-24", "2025-12-24", "2026-12-24"],  # 2027-12-24 is shut
}
CLOCKS_FORWARD = ["2024-03-10", "2025-03-09", "2026-03-08", "2027-03-14"]
CLOCKS_BACK = ["2024-11-03", "2025-11-02", "2026-11-01", "2027-11-07"]


def flat(table: dict[str, list[str]]) -> list[str]:
    return [date for dates in table.values() for date in dates]


def at(date: str, time: str) -> int:
    return clock_ns(dt.date.fromisoformat(date), dt.time.fromisoformat(time))


def session_of(calendar: SessionCalendar, date: str) -> Session:
    found = calendar.session_at(at(date, "10:00"))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def law() -> SessionContract:
    return load_contracts(CONTRACTS).session


@pytest.fixture(scope="module")
def calendar(law: SessionContract) -> SessionCalendar:
    return SessionCalendar(law, dt.date(2024, 1, 1), dt.date(2027, 12, 31))


def test_every_date_of_four_years_is_open_half_open_or_shut_as_the_exchanges_say(calendar: SessionCalendar) -> None:
    shut, half = set(flat(SHUT)), set(flat(HALF))
    found = {session.date: session for session in calendar.sessions}
    date = dt.date(2024, 1, 1)
    while date <= dt.date(2027, 12, 31):
        name = date.isoformat()
        if date.weekday() >= 5 or name in shut:
            assert name not in found, name
        else:
            session, close = found[name], "13:00" if name in half else "16:00"
            assert (session.open_ns, session.close_ns) == (at(name, "09:30"), at(name, close)), name
            assert session.half_day == (name in half), name
        date += dt.timedelta(days=1)


@pytest.mark.parametrize("date", flat(SHUT))
def test_a_shut_date_has_no_session_and_refuses_entries(calendar: SessionCalendar, date: str) -> None:
    for time in ("09:31", "12:00", "16:00"):
        assert calendar.session_at(at(date, time)) is None
        assert calendar.phase(at(date, time)) in (0, 6)
    assert calendar.entry_refusal(calendar.session_at(at(date, "12:00")), at(date, "12:00")) == "outside session"


@pytest.mark.parametrize("date", flat(HALF))
def test_a_half_day_ends_everything_before_one_o_clock(calendar: SessionCalendar, date: str) -> None:
    session = session_of(calendar, date)
    assert calendar.last_entry_ns(session) == calendar.flatten_ns(session) == at(date, "12:54")
    assert calendar.flat_by_ns(session) == at(date, "12:55")
    assert calendar.phase(at(date, "12:59")) == 3
    assert calendar.phase(at(date, "13:00")) == 6
    assert calendar.session_at(at(date, "13:00")) == session
    assert calendar.session_at(at(date, "13:01")) is None
    assert calendar.entry_refusal(session, at(date, "12:00")) == "lunch"
    assert calendar.entry_refusal(session, at(date, "12:54")) == "late"
    assert calendar.globex_open(at(date, "13:15"))
    assert not calendar.globex_open(at(date, "13:16"))


@pytest.mark.parametrize(("sunday", "before", "after"), [(date, 14 * 60 + 30, 13 * 60 + 30) for date in CLOCKS_FORWARD]
                         + [(date, 13 * 60 + 30, 14 * 60 + 30) for date in CLOCKS_BACK])  # fmt: skip
def test_the_open_moves_in_utc_when_new_york_changes_its_clocks(calendar: SessionCalendar, sunday: str, before: int, after: int) -> None:
    friday = dt.date.fromisoformat(sunday) - dt.timedelta(days=2)
    monday = friday + dt.timedelta(days=3)
    for date, minute in ((friday, before), (monday, after)):
        session = session_of(calendar, date.isoformat())
        assert session.open_ns // MINUTE_NS % 1440 == minute
        assert session.close_ns - session.open_ns == 390 * MINUTE_NS
    day = calendar.trading_day(at(monday.isoformat(), "10:00"))
    assert day.end_ns - day.start_ns == (72 * 60 + (before < after) * 60 - (before > after) * 60) * MINUTE_NS


@pytest.mark.parametrize(
    ("time", "phase", "refusal"),
    [
        ("09:29", 0, "outside session"),
        ("09:30", 1, "opening"),
        ("09:34", 1, "opening"),
        ("09:35", 1, None),
        ("10:29", 1, None),
        ("10:30", 2, None),
        ("11:29", 2, None),
        ("11:30", 3, "lunch"),
        ("13:29", 3, "lunch"),
        ("13:30", 4, None),
        ("15:00", 5, None),
        ("15:53", 5, None),
        ("15:54", 5, "late"),
        ("15:59", 5, "late"),
        ("16:00", 6, "outside session"),
        ("17:59", 6, "outside session"),
        ("18:00", 0, "outside session"),
        ("23:00", 0, "outside session"),
    ],
)
def test_windows_are_half_open_on_the_decision_time(calendar: SessionCalendar, time: str, phase: int, refusal: str | None) -> None:
    session = session_of(calendar, "2025-09-15")
    assert calendar.phase(at("2025-09-15", time)) == phase
    assert calendar.entry_refusal(session, at("2025-09-15", time)) == refusal


@pytest.mark.parametrize(
    ("time", "end"), [("09:30", "11:30"), ("10:00", "11:30"), ("11:30", "15:54"), ("14:00", "15:54"), ("15:55", "15:54")]
)
def test_the_entry_window_ends_at_the_next_refusal(calendar: SessionCalendar, time: str, end: str) -> None:
    session = session_of(calendar, "2025-09-15")
    assert calendar.entry_window_end_ns(session, at("2025-09-15", time)) == at("2025-09-15", end)


def test_a_bar_belongs_to_the_session_in_which_it_closes(calendar: SessionCalendar) -> None:
    session = session_of(calendar, "2025-09-15")
    assert calendar.session_at(session.open_ns) is None
    assert calendar.session_at(session.open_ns + MINUTE_NS) is session
    assert calendar.session_at(session.close_ns) is session
    assert calendar.session_at(session.close_ns + 1) is None
    assert calendar.minute_of_session(session, session.open_ns + MINUTE_NS) == 1
    assert calendar.minute_of_session(session, session.close_ns) == 390


@pytest.mark.parametrize(
    ("date", "time", "day", "week", "month"),
    [
        ("2025-09-15", "17:59", "2025-09-15", "2025-W38", "2025-09"),
        ("2025-09-15", "18:00", "2025-09-16", "2025-W38", "2025-09"),
        ("2025-09-19", "18:00", "2025-09-22", "2025-W39", "2025-09"),  # Friday evening is Monday's
        ("2025-09-20", "12:00", "2025-09-22", "2025-W39", "2025-09"),
        ("2025-09-21", "23:59", "2025-09-22", "2025-W39", "2025-09"),
        ("2025-09-30", "18:01", "2025-10-01", "2025-W40", "2025-10"),
        ("2024-12-31", "10:00", "2024-12-31", "2025-W01", "2024-12"),  # the ISO week may be next year's
        ("2027-01-01", "10:00", "2027-01-01", "2026-W53", "2027-01"),
        ("2025-12-25", "10:00", "2025-12-25", "2025-W52", "2025-12"),
    ],
)
def test_the_trading_day_starts_at_six_in_the_evening(
    calendar: SessionCalendar, date: str, time: str, day: str, week: str, month: str
) -> None:
    found = calendar.trading_day(at(date, time))
    assert (found.date, found.week, found.month) == (day, week, month)
    assert found.start_ns <= at(date, time) < found.end_ns


@pytest.mark.parametrize(
    ("date", "time", "is_open"),
    [
        ("2025-09-15", "17:00", True),
        ("2025-09-15", "17:01", False),
        ("2025-09-15", "18:00", False),  # this bar would have begun at 17:59
        ("2025-09-15", "18:01", True),
        ("2025-09-19", "17:00", True),
        ("2025-09-19", "18:01", False),
        ("2025-09-20", "12:00", False),
        ("2025-09-21", "18:01", True),
        ("2025-12-25", "12:00", False),
        ("2025-12-25", "18:01", True),
        ("2025-01-20", "13:00", True),  # Martin Luther King: CME trades until 13:00
        ("2025-01-20", "13:01", False),
        ("2025-01-09", "09:30", True),  # day of mourning: CME traded until 09:30
        ("2025-01-09", "09:31", False),
        ("2030-01-02", "12:00", False),
    ],
)
def test_globex_hours(calendar: SessionCalendar, date: str, time: str, is_open: bool) -> None:
    assert calendar.globex_open(at(date, time)) is is_open


@pytest.mark.parametrize(
    ("last", "roll"),
    [("2025-12-19", "2025-12-15"), ("2025-09-19", "2025-09-15"), ("2026-06-18", "2026-06-12"), ("2026-03-20", "2026-03-16")],
)
def test_a_contract_rolls_four_trading_days_before_its_last(calendar: SessionCalendar, last: str, roll: str) -> None:
    assert calendar.roll_date(dt.date.fromisoformat(last)) == dt.date.fromisoformat(roll)


def test_outside_the_range_it_observes_only_or_says_so(law: SessionContract) -> None:
    small = SessionCalendar(law, dt.date(2025, 9, 15), dt.date(2025, 9, 19))
    for date in ("2025-09-12", "2025-09-22", "2031-01-02"):
        assert small.session_at(at(date, "12:00")) is None
        assert small.entry_refusal(None, at(date, "12:00")) == "outside session"
    foreign = Session("2031-01-02", 0, 1, False)
    for ask in (
        lambda: small.trading_day(at("2025-09-12", "12:00")),
        lambda: small.trading_day(at("2025-09-22", "12:00")),
        lambda: small.roll_date(dt.date(2025, 9, 18)),
        lambda: small.flatten_ns(foreign),
    ):
        with pytest.raises(CalendarError, match="covers 2025-09-15 to 2025-09-19"):
            ask()


def test_a_range_that_ends_before_it_begins_is_refused(law: SessionContract) -> None:
    with pytest.raises(CalendarError, match="swap them"):
        SessionCalendar(law, dt.date(2025, 9, 15), dt.date(2025, 9, 14))


def test_an_unknown_library_calendar_is_named(law: SessionContract) -> None:
    wrong = law.model_copy(update={"calendars": law.calendars.model_copy(update={"rth": "XXXX"})})
    with pytest.raises(CalendarError, match="XXXX"):
        SessionCalendar(wrong, dt.date(2025, 9, 15), dt.date(2025, 9, 19))


def test_what_is_taken_away_from_the_libraries_hours_is_there_again_for_the_next_who_asks(law: SessionContract) -> None:
    days = dt.date(2025, 9, 15), dt.date(2025, 9, 19)
    for spans in library_spans(law, *days):
        spans.clear()
    assert all(len(spans) == 5 for spans in library_spans(law, *days))


def test_each_law_has_its_own_hours_of_the_same_days(law: SessionContract) -> None:
    days = dt.date(2025, 9, 15), dt.date(2025, 9, 15)
    later = law.model_copy(update={"rth": law.rth.model_copy(update={"open": dt.time(11), "close": dt.time(12)})})
    for given, hours in ((law, ("09:30", "16:00")), (later, ("11:00", "12:00"))):
        assert library_spans(given, *days)[0] == {days[0]: tuple(at("2025-09-15", hour) for hour in hours)}


def test_overrides_take_away_and_never_add(law: SessionContract) -> None:
    rows = [
        {"date": "2025-09-15", "open": None, "close": None, "reason": "shut"},
        {"date": "2025-09-16", "open": "10:00", "close": "17:00", "reason": "late"},
        {"date": "2025-12-25", "open": "09:30", "close": "16:00", "reason": "cannot be opened"},
    ]
    changed = SessionContract.model_validate(law.model_dump() | {"overrides": rows})
    calendar = SessionCalendar(changed, dt.date(2025, 9, 15), dt.date(2025, 12, 31))
    assert calendar.sessions[0] == Session("2025-09-16", at("2025-09-16", "10:00"), at("2025-09-16", "16:00"), True)
    assert calendar.phase(at("2025-09-16", "09:59")) == 0 and calendar.phase(at("2025-09-16", "10:00")) == 1
    assert calendar.session_at(at("2025-12-25", "12:00")) is None
    assert not calendar.globex_open(at("2025-09-15", "09:31"))


def test_neither_library_alone_would_do(law: SessionContract) -> None:
    """Why the strictest wins: dates on which CME's calendar alone would let us trade while stocks are shut or closing."""
    import pandas_market_calendars

    futures = pandas_market_calendars.get_calendar(law.calendars.globex).schedule("2024-01-01", "2027-12-31")
    open_dates = {stamp.date().isoformat() for stamp in futures.index}
    assert len(open_dates & set(flat(SHUT))) > 30
    assert futures.loc["2025-11-28", "market_close"].tz_convert("America/New_York").strftime("%H:%M") == "13:15"


def test_wall_time_of_new_york_is_aware_and_exact(calendar: SessionCalendar) -> None:
    moment = new_york(at("2025-07-01", "09:31") + 1_500_000)
    assert moment.isoformat() == "2025-07-01T09:31:00.001500-04:00"
    assert [calendar.phase_name(code) for code in (0, 3, 6)] == ["pre-market", "lunch", "after hours"]
