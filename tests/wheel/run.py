"""Builds the wheel and tries it as a stranger does: in a new environment, from an empty folder, on every Python that fits.

`make wheel`. On each of Python 3.12 and 3.13 that is at hand: install what requirements.lock names and the wheel, nothing else; the main
job from a folder without contracts or configuration; the same head hash as from this checkout; a part of the tests against what is
installed. Ends with 1 if one fails or no Python is at hand; names those that are not. `make wheel HERE=1`: on this Python alone, with the
libraries that are installed here, which takes a quarter of a minute.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.12", "3.13")
TESTS = ("tests/bot/contracts/test_discovery.py", "tests/bot/contracts/test_faults.py", "tests/bot/decision/test_gates.py")
JOB = ("backtest", "--sessions", "6", "--out", "out")
BESIDE = ("tests", "contracts", "docs", "scripts", "pyproject.toml")  # what tests read; without bot/, strategies/, actors/


def main(only_here: bool) -> int:
    """Every Python in turn; 0 if all that are at hand passed."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        wheel = build(folder)
        here = head(Path(sys.executable).parent / "mesbot", folder / "here")
        this = f"{sys.version_info.major}.{sys.version_info.minor}"
        pythons = {this: sys.executable} if only_here else {version: find(version) for version in PYTHONS}
        done = [tried(version, path, wheel, here, folder / version) for version, path in pythons.items() if path]
    missing = [version for version, path in pythons.items() if not path]
    if missing:
        print(f"Not at hand, so not tried: Python {', '.join(missing)}.")
    return 0 if done and all(done) else 1


def build(folder: Path) -> Path:
    """The wheel of this checkout."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT, cwd=folder)
    return next(folder.glob("*.whl"))


def find(version: str) -> str | None:
    """A Python of this version as `make setup` looks for one, or None."""
    named = {**os.environ, "PYTHON": f"python{version}"}
    for path in (None, *sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))):
        named["PYTHON"] = str(path) if path else f"python{version}"
        found = subprocess.run(["sh", ROOT / "scripts" / "find-python"], env=named, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.strip()
    return None


def tried(version: str, python: str, wheel: Path, expected: str, folder: Path) -> bool:
    """One Python: install, main job, head, tests."""
    environment = folder / "environment"
    run(python, "-m", "venv", environment, cwd=ROOT)
    own = environment / "bin" / "python"
    libraries(own, lent=python == sys.executable)
    run(own, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", wheel, cwd=folder)
    found = head(environment / "bin" / "mesbot", folder / "job")
    tests = folder / "beside"
    for name in BESIDE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        tests.mkdir(exist_ok=True)
        copy(ROOT / name, tests / name)
    told = run(own, "-m", "pytest", "-q", "-n", "2", "-m", "not slow", *TESTS, cwd=tests).strip().splitlines()[-1]
    same = "the same as from the checkout" if found == expected else f"NOT the checkout's {expected[:12]}"
    print(f"Python {version}: head {found[:12]}, {same}; {told}")
    return found == expected


def libraries(own: Path, lent: bool) -> None:
    """What the lock names, into the environment of `own`; lent, those of this environment, which pip need not fetch, without its mesbot."""
    if lent:  # a folder that a .pth file names has its own .pth files passed over, and the checkout's mesbot is in one of them
        (site,) = own.parents[1].glob("lib/python*/site-packages")
        (site / "lent.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        return
    lock = ROOT / "requirements.lock"
    run(own, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", lock, cwd=own.parent)


def head(mesbot: Path, folder: Path) -> str:
    """The head hash of the main job in an empty folder."""
    folder.mkdir(parents=True)
    own = {"MESBOT_HOME": str(folder / "home"), "PATH": os.environ["PATH"], "HOME": str(folder)}
    run(mesbot, *JOB, cwd=folder, env=own)
    said = run(mesbot, "journal", "verify", "--journal", folder / "out" / "journal.sqlite", cwd=folder, env=own)
    return re.search(r"[0-9a-f]{64}", said)[0]


def run(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What a command prints; ends the program with it if it fails."""
    cwd.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} (in {cwd}) ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(only_here=sys.argv[1:] == ["--here"]))
