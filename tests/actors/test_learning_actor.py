"""Refused plans become shadow trades, unless the session's flatten time is due."""

import datetime as dt
from types import SimpleNamespace

import msgspec
import pytest
from builders import CONTRACTS
from outcome_makers import plan, refused

from actors.learning import LearningActor
from bot.calendar import SessionCalendar, clock_ns
from bot.learning.shadow import ShadowBook

DATE = dt.date(2025, 9, 16)
CALENDAR = SessionCalendar(CONTRACTS.session, DATE, DATE)


@pytest.mark.parametrize(("before_ns", "opened"), [(1, 1), (0, 0), (-1, 0)])
def test_no_shadow_trade_begins_once_the_flatten_time_is_due(before_ns, opened):
    session = CALENDAR.session_at(clock_ns(DATE, dt.time(12, 0)))
    ts_ns = CALENDAR.flatten_ns(session) - before_ns
    found = refused(plan())
    found = msgspec.structs.replace(found, decided=msgspec.structs.replace(found.decided, ts_ns=ts_ns), expires_ns=ts_ns + 10**9)
    shadows = ShadowBook(CONTRACTS.learning, CONTRACTS.risk_model, CONTRACTS.data_contract)
    records = []
    actor = SimpleNamespace(_calendar=CALENDAR, _shadows=shadows, record=lambda *told: records.append(told))
    LearningActor._on_refused(actor, found)
    assert len(records) == opened
