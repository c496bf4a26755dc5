"""A screen or a log that cannot be written ends no run."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bot.node.output import MOST_WAITING, Screen, unbroken

LOGGER = """
import contextlib, sys, time
from nautilus_trader.common.component import Logger, init_logging
from nautilus_trader.common.enums import LogLevel
from bot.node.output import sturdy_stderr

guard = init_logging(level_stdout=LogLevel.ERROR)
with {within}:
    Logger("part").error("said by the logger")
    time.sleep(0.2)
    with contextlib.suppress(OSError):
        print("said by Python", file=sys.stderr)
with contextlib.suppress(OSError):
    print("said after", file=sys.stderr, flush=True)
print("went on", flush=True)
"""
FULL = Path("/dev/full")


def said(within: str, stderr: Any) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", LOGGER.format(within=within)], stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize(("within", "code"), [("contextlib.nullcontext()", -6), ("sturdy_stderr()", 0)])
def test_a_log_on_a_full_disk_ends_a_process_that_is_not_sturdy(within: str, code: int) -> None:
    with FULL.open("w") as full:
        assert said(within, full) == (code, "went on\n" if code == 0 else "")


def test_a_log_whose_reader_has_gone_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert said("sturdy_stderr()", writing) == (0, "went on\n")
    finally:
        os.close(writing)


def test_what_can_be_written_arrives_whoever_says_it(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        assert said("sturdy_stderr()", log) == (0, "went on\n")
    told = (tmp_path / "log").read_text()
    assert all(each in told for each in ("said by the logger", "said by Python", "said after"))


def test_a_process_without_a_stderr_goes_on() -> None:
    program = f"import os; os.close(2)\n{LOGGER.format(within='sturdy_stderr()')}"
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "went on\n")


@pytest.mark.parametrize("failure", [OSError("disk full"), BrokenPipeError(), ValueError("closed file"), SystemExit(1)])
def test_words_that_cannot_be_written_come_back_to_nobody(failure: BaseException) -> None:
    heard: list[str] = []

    def tell(text: str) -> None:
        heard.append(text)
        raise failure

    unbroken(tell)("trouble")
    assert heard == ["trouble"]


def test_a_fault_of_the_program_is_not_hidden() -> None:
    def tell() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        unbroken(tell)()


def test_a_screen_that_stands_still_keeps_nobody_waiting_and_what_is_too_much_is_left_out() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    screen = Screen(stream)
    began = time.monotonic()
    for _ in range(3_000):
        screen.write("x" * 999 + "\n")
    assert time.monotonic() - began < 1.0
    shown = bytearray()
    with os.fdopen(reading, "rb") as reader:
        while not shown.endswith(b"end\n"):  # it is read at last
            shown += os.read(reader.fileno(), 65_536)
            if len(shown) >= MOST_WAITING:
                screen.write("end\n")
    screen.close()
    with contextlib.suppress(OSError):
        stream.close()
    assert MOST_WAITING - 1_000 <= len(shown) <= MOST_WAITING + 200_000  # and a pipe's fill


def test_a_screen_shows_in_order_and_all_of_it_before_it_is_closed() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    for number in range(1_000):
        screen.write(f"{number}\n")
    screen.close()
    assert stream.getvalue() == "".join(f"{number}\n" for number in range(1_000)) and screen.isatty() is False


def test_a_log_that_nobody_reads_keeps_nobody_waiting() -> None:
    before, _, _ = LOGGER.format(within="sturdy_stderr()").partition("with contextlib.suppress(OSError):\n    print(")
    program = before.replace('error("said by the logger")', 'error("x" * 200_000)') + 'print("went on", flush=True)'
    reading, writing = os.pipe()  # which holds less, and is never read
    try:
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=writing, text=True, check=False, timeout=60)
    finally:
        os.close(writing)
        os.close(reading)
    assert done.stdout == "went on\n"
