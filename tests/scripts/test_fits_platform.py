"""A machine for which there is no wheel is told so before pip starts to build one."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fits-platform"
fault = runpy.run_path(str(SCRIPT))["fault"]


@pytest.mark.parametrize(
    ("machine", "named"),
    [
        (("Linux", "x86_64", ("glibc", "2.35"), ""), None),
        (("Linux", "aarch64", ("glibc", "2.41"), ""), None),
        (("Darwin", "arm64", ("", ""), "26.0"), None),
        (("Linux", "x86_64", ("glibc", "2.34"), ""), "glibc 2.34"),
        (("Linux", "x86_64", ("", ""), ""), "musl"),
        (("Linux", "riscv64", ("glibc", "2.41"), ""), "riscv64"),
        (("Darwin", "x86_64", ("", ""), "26.1"), "Intel"),
        (("Darwin", "arm64", ("", ""), "15.7.1"), "macOS 15.7.1"),
        (("Windows", "AMD64", ("", ""), ""), "Windows"),
        (("Plan9", "mips", ("", ""), ""), "Plan9"),
        (("", "", ("", ""), ""), "an unknown system"),
    ],
)
def test_only_a_machine_with_a_wheel_fits(machine: tuple, named: str | None) -> None:
    found = fault(*machine)
    assert found is None if named is None else named in found


def test_it_says_one_sentence_on_a_machine_that_does_not_fit_and_nothing_on_this_one() -> None:
    this = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert (this.returncode, this.stdout, this.stderr) == (0, "", "")
    old = "import platform, runpy; platform.libc_ver = lambda: ('glibc', '2.31'); "
    run = f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    other = subprocess.run([sys.executable, "-c", old + run], capture_output=True, text=True, check=False)
    assert other.returncode == 1 and other.stderr.count("\n") == 1 and "glibc 2.31" in other.stderr
