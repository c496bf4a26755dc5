"""The independent checker: does a run, as Nautilus and the bars tell it, keep the law of the spec?

It knows nothing of mesbot's own state, journal or code: limits are its own literals, taken
from the text of the spec; counters, scores, trades and cover are worked out again from the
orders' events. It does not judge whether a trade was wise, nor what was refused.
"""

from __future__ import annotations

import checker_fills
import checker_limits
from checker_evidence import Evidence, Violation
from checker_rows import Report

RULES = (*checker_limits.RULES, *checker_fills.RULES)


def check(report: Report) -> list[Violation]:
    """Everything that is wrong with a run, in time order; [] if nothing is."""
    evidence = Evidence(report)
    return sorted((violation for rule in RULES for violation in rule(evidence)), key=lambda violation: (violation.ts, violation.name))
