"""What a run came to, for a program: the sentences and every number of its report by name."""

from __future__ import annotations

from typing import Any

from bot.report import wording
from bot.report.summary import Summary
from bot.report.verdict import verdict


def facts_of(summary: Summary) -> dict[str, Any]:
    """Verdict and warnings as sentences; states by strategy; numbers by the names of `mesbot why --numbers`, in their units.

    Cents are whole cents, shares of 1, an interval a pair; nan where there is no value.
    """
    run = summary.run
    return {
        "journal": str(run.path),
        "head": run.head,
        "mode": run.header["mode"],
        "bars": run.header.get("bars", ""),
        "data": run.header.get("data", []),
        "contracts": run.contracts_sha256,
        "learning": run.learning,
        "warnings": [*wording.first_sentences(summary), *wording.alarm_sentences(summary), *wording.data_sentences(summary)],
        "verdict": verdict(summary),
        "states": {name: summary.state(name) for name in summary.strategies},
        "numbers": {name: summary.value(name) for name in summary.numbers},
    }
