"""Files as vendors and programs write them: taken where they can mean one thing alone, else one sentence with a fitting remedy."""

from __future__ import annotations

from pathlib import Path

import bar_files as files
import pytest
from bar_files import CONTRACTS, VENDORS

from bot.bars.files import BarsFile, Reading, examined
from bot.units import MINUTE_NS

FRAME = files.synthetic("2025-05-14", 1, 6)
CLOSES = (FRAME["open_ns"] + MINUTE_NS).tolist()


def read(folder: Path, content: bytes, reading: Reading | None = None, suffix: str = ".csv") -> BarsFile:
    path = folder / f"bars{suffix}"
    path.write_bytes(content)
    return examined(path, CONTRACTS.session, reading or Reading())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_file_of_each_vendor_is_taken_as_it_comes(tmp_path, vendor):
    content, reading, suffix = VENDORS[vendor](FRAME)
    file = read(tmp_path, content, Reading(**reading), suffix)
    assert file.passport.usable
    assert file.bars["ts_ns"].tolist() == CLOSES
