"""Good files that were spoilt by a seed: none is used with a wrong time or price, and none that is good is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bar_files import CONTRACTS, PRICES, SAMPLE, Written
from mutations import SEED, May, Mutation, listed

from bot.bars.files import BarsFile, Reading, examined
from bot.bars.passport import Severity
from bot.errors import BarsFileError
from bot.units import MINUTE_NS, to_ticks

HERE = Path(__file__).parent
ALL = listed(int(os.environ.get("BAR_FILES_SEED", SEED)))
ON_PRICES = {"LEVEL", "JUMP", "ROLL", "OFF_ROWS", "MIXED_PRICES", "WICK", "WIDE"}  # findings that tell of a price that is not the market's


def few(count: int) -> list[Mutation]:
    """The first of each kind, on bases that take little time."""
    first = {each.kind: each for each in reversed(ALL) if "real" not in each.base}
    return list(first.values())[:count]


def used(written: Written, folder: Path) -> BarsFile | None:
    """The file as read, None if it was refused."""
    path = folder / f"bars{written.suffix}"
    path.write_bytes(written.content)
    try:
        file = examined(path, CONTRACTS, Reading(**written.reading))
    except BarsFileError:
        return None
    return file if file.passport.usable else None


def untrue(mutation: Mutation, file: BarsFile) -> tuple[int, int]:
    """How many rows stand at a time that has none in truth, and how many have another price than the truth of that time."""
    frame = mutation.frame
    truth = to_ticks(frame.set_index(frame["open_ns"] + MINUTE_NS)[PRICES]).astype("int64")
    rows = file.bars.set_index("ts_ns")[PRICES]
    there = rows.index.isin(truth.index)
    known = rows[there]
    return int((~there).sum()), int((known.to_numpy() != truth.loc[known.index].to_numpy()).any(axis=1).sum())


def fault(mutation: Mutation, folder: Path) -> str | None:
    """What went wrong with one file, None if nothing did."""
    written = mutation.written()
    may, file = mutation.may(written), used(written, folder)
    if file is None:
        return f"{mutation}, and was refused" if may is May.SERVE else None
    if may is May.REFUSED:
        return f"{mutation}, and was used; untrue (times, prices): {untrue(mutation, file)}"
    times, prices = untrue(mutation, file)
    told = ON_PRICES & {each.code for each in file.passport.of(Severity.WARN)}
    if times or (prices and not (told and may is May.BE_TOLD)):
        return f"{mutation}, and was used with {times} wrong times and {prices} wrong prices"
    return None


@pytest.mark.parametrize("mutation", few(40), ids=lambda each: each.kind)
def test_one_file_of_each_kind_is_used_truly_or_refused(mutation: Mutation, tmp_path: Path) -> None:
    assert fault(mutation, tmp_path) is None


@pytest.mark.slow
@pytest.mark.parametrize("mutation", ALL, ids=lambda each: f"{each.number:03d}-{each.kind}")
def test_every_file_of_the_list_is_used_truly_or_refused(mutation: Mutation, tmp_path: Path) -> None:
    if "real" in mutation.base and not SAMPLE.is_file():
        pytest.skip("the real sample bars are not beside the repository")
    assert fault(mutation, tmp_path) is None


def test_a_file_whose_times_come_out_right_counts_as_good() -> None:
    london_under_utc_before_its_change = Mutation(0, "an_hour_from_the_change_on", "spring", 67258)
    assert london_under_utc_before_its_change.may(london_under_utc_before_its_change.written()) is May.SERVE
    assert {each.may(each.written()) for each in ALL if each.kind == "an_hour_from_the_change_on" and each.base == "spring"} >= {
        May.REFUSED
    }


def test_the_list_in_the_repository_is_the_seeds() -> None:
    assert (HERE / "mutations.txt").read_text(encoding="utf-8").splitlines() == [str(each) for each in listed()]
