"""SIGTERM ends a verb as Ctrl-C does, with the exit code of its own; whoever has taken or ignores it is left alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from bot.asked_to_end import AskedToEnd, both_wait, ended_by, heard
from bot.errors import Interrupted, Terminated

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process is sent SIGTERM there")


@pytest.fixture(autouse=True)
def default() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL), signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before[0])
    signal.signal(signal.SIGINT, before[1])


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def test_it_is_raised_once_and_a_second_one_breaks_off_no_end():
    with pytest.raises(AskedToEnd), heard():
        try:
            send(signal.SIGTERM)
        finally:
            send(signal.SIGTERM)


def test_afterwards_it_ends_the_process_as_before():
    with heard():
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda *_: None])
def test_who_ignores_it_or_has_taken_it_is_left_alone(theirs):
    signal.signal(signal.SIGTERM, theirs)
    with heard():
        send(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is theirs


def test_within_another_thread_nothing_is_taken():
    def beside() -> None:
        with heard(), both_wait():
            taken.append(signal.getsignal(signal.SIGTERM))

    taken: list[object] = []
    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    assert taken == [signal.SIG_DFL]


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, AskedToEnd), (signal.SIGINT, KeyboardInterrupt)])
def test_what_must_not_be_broken_off_is_ended_first_whatever_a_library_takes_for_itself(number, raised):
    done: list[str] = []
    with pytest.raises(raised), heard():
        with both_wait():
            send(number)
            done.append("through")
            signal.signal(signal.SIGTERM, lambda *_: done.append("theirs"))
        done.append("beyond")
    assert done == ["through"]


def test_the_exit_code_is_that_of_the_signal():
    assert (ended_by(KeyboardInterrupt(), "so").exit_code, ended_by(AskedToEnd(), "so").exit_code, ended_by(None, "so").exit_code) == (
        130,
        143,
        130,
    )
    assert type(ended_by(AskedToEnd(), "so")) is Terminated and type(ended_by(None, "so")) is Interrupted
