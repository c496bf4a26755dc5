"""The year in figures, as lines for a person."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import median

from year_judge import alarms, fastest, months
from year_play import Measured, Story
from year_rows import journals, rows

MIB = 1024.0


def table(home: Path, story: Story) -> list[str]:
    """One line a figure: its name, the first month's and the last month's value, or the whole year's."""
    first, last = months(story)
    lines = [f"{'':40}{'first month':>14}{'last month':>14}"] if first else []
    lines += [f"{name:40}{was:>14}{now:>14}" for name, was, now in _growth(story, first, last)]
    return lines + [f"{name:40}{value:>28}" for name, value in _counts(home, story)]


def _growth(story: Story, first: list[Measured], last: list[Measured]) -> list[tuple[str, str, str]]:
    if not first:
        return []

    def both(name: str, form: str, value) -> tuple[str, str, str]:
        return name, *(form.format(median(value(each) for each in month)) for month in (first, last))

    return [
        both("resident memory, MiB", "{:,.0f}", lambda each: each.rss_kib / MIB),
        both("file handles", "{:,.0f}", lambda each: each.handles),
        both("threads", "{:,.0f}", lambda each: each.threads),
        ("seconds, fastest session (processor)", *(f"{fastest(story, month):,.1f}" for month in (first, last))),
        both("seconds, usual session (wall)", "{:,.1f}", lambda each: each.seconds - each.start_seconds),
    ]


def _counts(home: Path, story: Story) -> list[tuple[str, str]]:
    done = Counter(what for _, what, _ in story.happened)
    outcomes = [row.body for row in rows(home, "outcome") if not row.body["shadow"]]
    changes = [row.strategy for row in rows(home, "state change")]
    return [
        ("sessions", f"{len(story.measured)} of {len(story.sessions)}"),
        ("from, to", f"{story.sessions[0][0]}, {story.measured[-1].date if story.measured else '-'}"),
        ("bars, decisions", f"{_count(home, 'bar'):,}, {_count(home, 'decision'):,}"),
        ("trades, net", f"{len(outcomes)}, ${sum(each['net_cents'] for each in outcomes) / 100:,.2f}"),
        ("changes of a strategy's state", str(len(changes))),
        ("nightly restarts of the gateway", str(done["restart"])),
        ("weekly logouts", str(done["logout"])),
        ("rolls and new years by themselves", ", ".join(detail for _, what, detail in story.happened if what == "turn") or "none"),
        ("bot killed, stopped", f"{done['kill']}, {done['stop']}"),
        *((f"told: {name}", str(count)) for name, count in sorted(alarms(home).items())),
        *((path.name, f"{path.stat().st_size / MIB / MIB:,.1f} MiB") for path in journals(home)),
    ]


def _count(home: Path, kind: str) -> int:
    return sum(1 for _ in rows(home, kind))
