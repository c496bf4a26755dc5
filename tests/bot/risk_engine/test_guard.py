"""Nothing that is raised inside the risk engine gets out; everything that is, is told."""

from __future__ import annotations

import asyncio

import pytest

from bot.risk_engine.clocks import StampTime
from bot.risk_engine.guard import AGAIN_NS, Guard, GuardedTime
from bot.units import SECOND_NS


class Told:
    """What a guard logs and alarms; `failing` names the one of them that raises."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.alarms: list[str] = []
        self.logged: list[tuple[str, str]] = []
        self.guard = Guard(self.alarm, self.log)

    def alarm(self, text: str) -> None:
        self.alarms.append(text)
        if self.failing == "alarm":
            raise RuntimeError("nobody listens")

    def log(self, text: str, error: BaseException) -> None:
        self.logged.append((text, str(error)))
        if self.failing == "log" and len(self.logged) == 1:
            raise OSError("disk full")


def broken(*given: object) -> None:
    raise ValueError(f"no {given}")


def test_what_is_done_is_done_with_what_was_given_and_says_so():
    told, seen = Told(), []
    assert told.guard.done(lambda *given: seen.append(given), 1, "two") is True
    assert (seen, told.alarms, told.logged) == ([(1, "two")], [], [])


def test_what_is_raised_is_logged_and_alarmed_and_goes_no_further():
    told = Told()
    assert told.guard.done(broken, 1) is False
    assert told.alarms == ["ValueError: no (1,)"]
    assert told.logged == [("the risk engine failed", "no (1,)")]


def test_a_wrapped_handler_is_the_handler_and_never_raises():
    told, seen = Told(), []
    assert told.guard.wrap(lambda *given: seen.append(given))(1, 2) is None
    assert seen == [(1, 2)]
    assert told.guard.wrap(broken)(3) is None
    assert told.alarms == ["ValueError: no (3,)"]


def test_an_alarm_that_fails_is_logged_and_goes_no_further():
    told = Told("alarm")
    assert told.guard.done(broken) is False
    assert told.logged == [("the risk engine failed", "no ()"), ("the alarm failed as well", "nobody listens")]


def test_a_log_that_fails_is_caught_as_well():
    told = Told("log")
    assert told.guard.done(broken) is False
    assert told.logged[1] == ("the alarm failed as well", "disk full")
    assert told.alarms == ["ValueError: no ()"]  # what cannot be logged is an alarm all the same


def test_an_error_without_words_is_an_alarm_all_the_same():
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def mute() -> None:
        raise Mute

    told = Told()
    told.log = lambda *_: None
    told.guard = Guard(told.alarm, told.log)
    assert told.guard.done(mute) is False
    assert told.alarms == ["Mute: what cannot be shown (RuntimeError)"]


@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
def test_what_would_end_a_queue_is_an_alarm(error):
    told = Told()

    def ends(*_: object) -> None:
        raise error

    assert told.guard.done(ends) is False
    assert told.alarms and told.alarms[0].startswith(error.__name__)


def test_what_ends_the_program_is_not_held_up():
    with pytest.raises(KeyboardInterrupt):
        Told().guard.done(_interrupted)


def _interrupted() -> None:
    raise KeyboardInterrupt


# ------------------------------------------------------------------ timers


def test_a_guarded_time_is_the_time_and_calls_once_when_it_comes():
    told, inner, fired = Told(), StampTime(40), []
    time = GuardedTime(inner, told.guard)
    time.call_at("t", 50, lambda: fired.append(inner.now_ns))
    inner.advance(49)
    assert (time.now_ns, fired) == (49, [])
    inner.advance(50)
    inner.advance(50 + 9 * SECOND_NS)
    assert (time.now_ns, fired, told.alarms) == (50 + 9 * SECOND_NS, [50], [])


def test_a_timer_that_fails_is_called_again_a_second_later_until_it_does_not():
    told, inner, fired = Told(), StampTime(), []

    def callback() -> None:
        fired.append(inner.now_ns)
        if len(fired) < 3:
            raise ValueError("not yet")

    GuardedTime(inner, told.guard).call_at("t", 50, callback)
    for ts_ns in (50, 50 + SECOND_NS - 1, 50 + SECOND_NS, 50 + 2 * SECOND_NS - 1, 50 + 2 * SECOND_NS, 50 + 9 * SECOND_NS):
        inner.advance(ts_ns)
    assert fired == [50, 50 + SECOND_NS, 50 + 2 * SECOND_NS]
    assert told.alarms == ["ValueError: not yet"] * 2
    assert AGAIN_NS == SECOND_NS


def test_a_timer_that_asks_for_itself_and_then_fails_stays_one():
    told, inner, fired = Told(), StampTime(), []
    time = GuardedTime(inner, told.guard)

    def callback() -> None:
        fired.append(inner.now_ns)
        time.call_at("t", inner.now_ns + SECOND_NS, callback)
        raise ValueError("for ever")

    time.call_at("t", 0, callback)
    for second in range(8):
        inner.advance(second * SECOND_NS)
    assert fired == [second * SECOND_NS for second in range(8)]


def test_what_another_timer_has_asked_for_says_nothing_of_one_that_fails():
    told, inner, fired = Told(), StampTime(), []
    time = GuardedTime(inner, told.guard)
    time.call_at("other", 1, lambda: time.call_at("t", 2 * SECOND_NS, lambda: fired.append("asked")))
    time.call_at("t", 2, lambda: (fired.append("failing"), broken()))
    for ts_ns in (1, 2, 2 + SECOND_NS):
        inner.advance(ts_ns)
    assert fired == ["failing", "failing"]


def test_a_timer_keeps_its_name():
    class Names:
        now_ns = 1

        def call_at(self, *given: object) -> None:
            asked.append(given[:2])
            if len(asked) == 1:
                given[2]()

    asked: list[tuple[object, ...]] = []
    GuardedTime(Names(), Told().guard).call_at("expiry", 5, broken)
    assert asked == [("expiry", 5), ("expiry", 1 + SECOND_NS)]
