"""A screen or a log that cannot be written ends no run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.node.output import unbroken

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
