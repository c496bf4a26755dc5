"""Plays the seeds that come line by line on stdin, and answers each with a line of JSON (run.Result)."""

from __future__ import annotations

import json
import os
import sys
from itertools import count
from pathlib import Path

from mix import drawn
from play import Told, law, play


def main(out: Path, broken: str, without: list[str], names: list[str]) -> None:
    """Until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    folder = out / f"worker-{os.getpid()}"
    contracts = law(folder / "contracts")
    for number in count():
        line = sys.stdin.readline()
        if not line:
            return
        told = play(contracts, folder / f"{number}-seed-{int(line)}", drawn(int(line), names), broken, without)
        (told.frames.parent / "printed.txt").write_text(told.printed)
        answers.write(json.dumps(_result(told)) + "\n")
        answers.flush()


def _result(told: Told) -> dict[str, object]:
    return {
        "seed": told.seed, "breaches": told.breaches, "faults": told.faults,
        "naked": [spell.seconds for spell in told.spells if not spell.losing and not spell.pending],
        "naked_pending": [spell.seconds for spell in told.spells if not spell.losing and spell.pending],
        "naked_losing": [spell.seconds for spell in told.spells if spell.losing],
        "entered": told.entered, "kill_seconds": told.kill_seconds, "seconds": told.seconds, "frames": str(told.frames),
    }  # fmt: skip


if __name__ == "__main__":
    without, names = (list(filter(None, text.split(","))) for text in sys.argv[3:])
    main(Path(sys.argv[1]), sys.argv[2], without, names)
