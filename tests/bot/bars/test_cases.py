"""The cases of bar files as people have them: verdict, stamp, and what the sentence or the data line must name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import CONTRACTS

from bot.bars.files import Reading, examined
from bot.errors import BarsFileError

SCRIPT = Path(__file__).parents[4] / "shared" / "cases" / "make_bars.py"
pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="the script that makes the cases is not beside the repository")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True, timeout=120)
    return folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def verdict(path: Path, reading: Reading) -> tuple[str, str, str | None]:
    try:
        passport = examined(path, CONTRACTS, reading).passport
    except BarsFileError as error:
        return "refuse", str(error), None
    return ("accept" if passport.usable else "refuse"), " ".join(passport.lines()), passport.stamp


def wrong(folder: Path, case: dict[str, Any]) -> str | None:
    words = case.get("args", "").replace("--", "").split()
    found, said, stamp = verdict(folder / case["file"], Reading(**dict(zip(words[::2], words[1::2], strict=True))))
    right = found == case["want"] and case["names"] in said and (found == "refuse" or case.get("stamp") in (None, stamp))
    return None if right else f"{case['file']}: wanted {case['want']} {case['names']!r} {case.get('stamp')}, got {found} {stamp}: {said}"


@pytest.mark.slow
def test_every_case_comes_out_as_wanted(cases: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, rows = cases
    assert len(rows) >= 46
    assert [said for case in rows if (said := wrong(folder, case))] == []
