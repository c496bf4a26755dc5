"""The broker's clock live: one reading far from market time moves nothing, and while it is astray no entry is sent."""

from __future__ import annotations

import datetime as dt

from ibkr_rig import Ear, gateway_config, new_session, on_a_loop, until

from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.link.market_clock import STEP_SECONDS, MarketClock
from bot.trading_hours import clock_ns
from bot.units import SECOND_NS

TEN = clock_ns(dt.date(2025, 10, 2), dt.time(10))
HOURS_SECONDS = 5 * 3600


class Times:
    """A market clock whose machine and whose broker stand at 10:00."""

    def __init__(self, wall_off_seconds: int = 0) -> None:
        self.clock = MarketClock(lambda: TEN + wall_off_seconds * SECOND_NS, replay=False, steady_ns=lambda: 0)

    def says(self, off_seconds: float) -> float:
        """The broker says 10:00 and so many seconds; by how much market time is off from 10:00 then."""
        self.clock.broker_says(TEN // SECOND_NS + round(off_seconds), at_connect=False)
        return round((self.clock.now_ns() - TEN) / SECOND_NS)


def test_one_reading_that_is_hours_off_moves_nothing_and_is_forgotten_when_the_next_is_right() -> None:
    times = Times()
    assert times.says(0) == 0
    assert times.says(HOURS_SECONDS) == 0 and times.clock.doubted and times.clock.astray_seconds > STEP_SECONDS
    assert times.says(0) == 0 and not times.clock.doubted and times.clock.astray_seconds == 0


def test_two_readings_that_agree_are_followed_and_two_that_do_not_are_not() -> None:
    times = Times()
    times.says(0)
    assert [times.says(HOURS_SECONDS), times.says(-HOURS_SECONDS), times.says(HOURS_SECONDS)] == [0, 0, 0]
    assert round(times.says(HOURS_SECONDS)) == HOURS_SECONDS and not times.clock.doubted
    assert times.clock.astray_seconds > STEP_SECONDS, "it is followed, and no entry is sent"
    times.says(0)
    assert times.says(0) == 0 and times.clock.astray_seconds == 0


def test_the_first_reading_must_be_confirmed_too_and_is_no_jump() -> None:
    times = Times(wall_off_seconds=-HOURS_SECONDS)
    assert times.says(0) == -HOURS_SECONDS and times.clock.doubted
    assert times.says(0) == 0 and times.clock.astray_seconds == 0


def test_a_jump_that_this_machines_clock_has_made_as_well_is_none() -> None:
    wall = [TEN]
    clock = MarketClock(lambda: wall[0], replay=False, steady_ns=lambda: 0)  # a steady clock that stood still while the machine slept
    clock.broker_says(TEN // SECOND_NS, at_connect=True)
    wall[0] += HOURS_SECONDS * SECOND_NS
    for _ in range(2):
        clock.broker_says(wall[0] // SECOND_NS, at_connect=False)
    assert clock.astray_seconds == 0 and abs(clock.now_ns() - wall[0]) < SECOND_NS


@on_a_loop
async def test_a_clock_of_the_broker_that_jumps_locks_entries_and_moves_market_time_only_when_it_stays(monkeypatch) -> None:
    async with Gateway(gateway_config()) as gateway:
        session = new_session(gateway.port, Ear(), replay=False)
        await session.start()
        began, said = session.clock.now_ns(), session.clock.broker_says
        assert session.link.why_no_time() is None
        monkeypatch.setattr(session.clock, "broker_says", lambda told, at_connect: said(told + HOURS_SECONDS, at_connect))
        await until(lambda: isinstance(session.entry_block(), e.ClockSkew), lambda: session.entry_block())
        await until(lambda: session.clock.now_ns() - began > (HOURS_SECONDS - 60) * SECOND_NS)
        assert isinstance(session.entry_block(), e.ClockSkew)
        monkeypatch.undo()
        await until(lambda: session.link.why_no_time() is None)
        await session.stop()
