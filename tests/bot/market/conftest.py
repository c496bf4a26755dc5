"""Contracts, a calendar, and random bars that hypothesis can shrink."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar
from bot.contracts import Contracts, load_contracts
from bot.market.bar import Bar

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def contracts() -> Contracts:
    return load_contracts(ROOT / "contracts")


@pytest.fixture(scope="session")
def calendar(contracts: Contracts) -> SessionCalendar:
    return SessionCalendar(contracts.session, dt.date(2025, 8, 1), dt.date(2025, 12, 31))


@pytest.fixture(scope="session")
def week_of_bars(calendar: SessionCalendar) -> list[Bar]:
    """Eight synthetic sessions, so that the medians of the minute are known in the last three."""
    return synthetic_bars(3, 8, dt.date(2025, 9, 2), calendar)
