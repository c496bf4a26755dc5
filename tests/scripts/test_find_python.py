"""scripts/find-python finds a fitting Python on any machine, or says in one sentence what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "find-python"


@pytest.fixture
def machine(tmp_path: Path):
    """A machine with nothing but sh and the given fake programs: {"bin/python3.12": "3.12"}."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "tail", "cat"):
        (tools / name).symlink_to(Path("/bin") / name if (Path("/bin") / name).exists() else Path("/usr/bin") / name)

    def run(programs: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
        for place, body in programs.items():
            path = tmp_path / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            path.chmod(0o755)
        defaults = {"PATH": f"{tmp_path}/bin:{tools}", "HOME": str(tmp_path / "home")}
        return subprocess.run(["/bin/sh", SCRIPT], env=defaults | environment, capture_output=True, text=True, check=False)

    run.root = tmp_path
    return run


def fitting(name: str) -> str:
    """A fake interpreter that passes the probe and says where it is."""
    return f'echo "{name}"'


def unfit(reason: str) -> str:
    """A fake interpreter that fails the probe."""
    return f'echo "{reason}" >&2; exit 1'


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3.13",
        "bin/python3.12",
        "bin/python3",
        "bin/python",
        "home/.pyenv/versions/3.13.1/bin/python",
        "home/.pyenv/versions/3.12.9/bin/python",
    ],
)
def test_a_fitting_python_is_found_wherever_it_is(machine, place):
    found = machine({place: fitting(place)})
    assert (found.stdout.strip(), found.returncode) == (place, 0)


def test_the_newer_one_is_preferred(machine):
    assert machine({"bin/python3.12": fitting("12"), "bin/python3.13": fitting("13")}).stdout.strip() == "13"


def test_one_that_does_not_run_is_passed_over(machine):
    shim = "echo 'pyenv: python3.13: command not found' >&2; exit 127"
    assert machine({"bin/python3.13": shim, "bin/python3": fitting("plain")}).stdout.strip() == "plain"


def test_pyenv_may_live_elsewhere(machine):
    found = machine({"else/versions/3.13.0/bin/python": fitting("elsewhere")}, PYENV_ROOT=str(machine.root / "else"))
    assert found.stdout.strip() == "elsewhere"


def test_uv_is_asked(machine):
    uv = f'case "$*" in "python find --no-project 3.13") echo {machine.root}/uv/python;; *) exit 2;; esac'
    assert machine({"bin/uv": uv, "uv/python": fitting("by uv")}).stdout.strip() == "by uv"


def test_the_named_one_is_the_only_one_tried(machine):
    found = machine({"bin/python3.13": fitting("other"), "bin/mine": fitting("mine")}, PYTHON="mine")
    assert found.stdout.strip() == "mine"
    refused = machine({"bin/old": unfit("is cpython 3.11")}, PYTHON="old")
    assert refused.returncode == 1
    assert refused.stderr == "PYTHON=old is cpython 3.11; mesbot needs CPython 3.12 or 3.13 with its venv module.\n"
    assert "PYTHON=absent is not there;" in machine({}, PYTHON="absent").stderr


def test_none_is_one_sentence_that_says_what_to_install(machine):
    # a machine may have one in the usual places outside the PATH; then that is the answer
    found = machine({"bin/python3": unfit("is cpython 3.9")})
    if found.returncode == 0:
        pytest.skip(f"this machine has a Python in a usual place: {found.stdout.strip()}")
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    for word in ("3.12 or 3.13", "apt install", "brew install", "uv python install", "make setup PYTHON="):
        assert word in found.stderr


def test_the_probe_accepts_the_python_of_these_tests():
    found = subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).exists()
