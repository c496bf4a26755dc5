"""What research found, for a program and for a person: the same facts, as a document and as lines of 80 columns, and both as files."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bot.own_files import write_own
from bot.plural import counted
from bot.report.wording import decimal, dollars, percent
from bot.research.findings import SIGNIFICANT, Fold, Sweep, amount, certainty, efficiency, together
from bot.research.search import Prepared
from bot.research.significance import sharpe_ratio
from bot.research.study import Tried, shown

WIDTH = 79
JUDGED = {"usd": "the book's net a session", "r": "the R of all plans that were filled, a session"}
Facts = dict[str, Any]


def sweep_facts(ready: Prepared, sets: Sequence[Tried], best: Tried, found: Sweep, verdict: Sequence[str]) -> Facts:
    """Everything that a sweep's report says, and every set."""
    in_force, numbers = ready.space.numbers(ready.space.in_force), ready.space.numbers(best.places)
    return {
        "verdict": list(verdict),
        **_about(ready),
        "in_sample": _span(found.best[0].first, found.best[0].last, found.best[0].results),
        "out_of_sample": _span(found.best[1].first, found.best[1].last, found.best[1].results),
        "parameters": [
            {"key": each.key, "bounds": each.bounds.words, "in_force": in_force[each.key], "best": numbers[each.key]}
            for each in ready.space.parameters
        ],
        "tried": len(found.sharpes),
        "failed": found.failed,
        "space": ready.space.size,
        "deflated_significance": found.deflated,
        "expected_best_sharpe": found.expected_best,
        "neighbours": {"sharpes": list(found.neighbours), "middle": found.middle_neighbour},
        "looks": found.looks,
        "in_force": {"in_sample": found.in_force[0].facts(), "out_of_sample": found.in_force[1].facts()},
        "best": {"in_sample": found.best[0].facts(), "out_of_sample": found.best[1].facts()},
        "sets": [_set(ready, each) for each in sets],
    }


def walk_facts(ready: Prepared, folds: Sequence[Fold], below: float, verdict: Sequence[str]) -> Facts:
    """Everything that a walk-forward's report says."""
    chosen, in_force = together(folds, "chosen"), together(folds, "in_force")
    return {
        "verdict": list(verdict),
        **_about(ready),
        "tried": sum(fold.tried for fold in folds),
        "space": ready.space.size,
        "sessions": len(chosen),
        "significance": certainty(chosen),
        "efficiency": efficiency(folds),
        "below_random": below,
        "chosen": {"total": math.fsum(chosen), "sharpe": sharpe_ratio(chosen), "results": list(chosen)},
        "in_force": {"total": math.fsum(in_force), "sharpe": sharpe_ratio(in_force), "results": list(in_force)},
        "steps": [
            {
                "numbers": fold.numbers,
                "tried": fold.tried,
                "deflated_significance": fold.deflated,
                "chosen": {"in_sample": fold.chosen[0].facts(), "out_of_sample": fold.chosen[1].facts()},
                "in_force": {"in_sample": fold.in_force[0].facts(), "out_of_sample": fold.in_force[1].facts()},
            }
            for fold in folds
        ],
    }


def _about(ready: Prepared) -> Facts:
    request = ready.request
    return {
        "study": request.study,
        "folder": str(request.folder),
        "storage": shown(ready.storage),
        "bars": ready.bars.label,
        "contracts": ready.contracts.sha256,
        "objective": request.objective,
        "unit": ready.unit,
        "learning": request.run.learning,
        "equity_usd": str(request.run.equity_usd),
        "search_seed": request.search_seed,
        "numbers_in_force": ready.space.numbers(ready.space.in_force),
    }


def _span(first: str, last: str, results: Sequence[float]) -> Facts:
    return {"first": first, "last": last, "sessions": len(results)}


def _set(ready: Prepared, tried: Tried) -> Facts:
    said: Facts = {"number": tried.number, "numbers": ready.space.numbers(tried.places)}
    if tried.outcome is None:
        return said | {"why": tried.why}
    outcome = tried.outcome
    return said | {
        "sharpe": tried.score, "trades": outcome.trades, "plans": outcome.plans, "net_usd": math.fsum(outcome.net_usd),
        "contracts": outcome.contracts_sha256, "head": outcome.head, "seconds": outcome.seconds,
    }  # fmt: skip


def sweep_lines(facts: Facts) -> list[str]:
    """A sweep's report: the verdict, then what it rests on."""
    unit, (inside, outside) = facts["unit"], (facts["in_sample"], facts["out_of_sample"])
    parts = [facts[which][when] for when in ("in_sample", "out_of_sample") for which in ("in_force", "best")]
    neighbours = facts["neighbours"]
    differ = [each for each in facts["parameters"] if each["in_force"] != each["best"]]
    return [
        *_folded(facts["verdict"]),
        "",
        *_folded(
            [f"{facts['tried']:,} of {facts['space']:,} sets of {counted(len(facts['parameters']), 'number')}, judged by {JUDGED[unit]}."]
        ),
        *([] if facts["learning"] else ["LEARNING OFF: for study only."]),
        f"Bars           {facts['bars']}",
        f"In sample      {_days(inside)}",
        f"Out of sample  {_days(outside)}",
        "",
        *_table(("number", "in force", "best"), [(each["key"], f"{each['in_force']}", f"{each['best']}") for each in differ]),
        *([] if differ else ["The best set is the one in force."]),
        "",
        f"{'':<21}{'in sample':>28}{'out of sample':>28}",
        *_table(
            ("", "in force", "best", "in force", "best"),
            [
                ("trades", *(f"{part['trades']}" for part in parts)),
                ("net", *(dollars(round(100 * part["net_usd"])) for part in parts)),
                *(
                    [("plans", *(f"{part['plans']}" for part in parts)), ("R of plans", *(amount(part["total"], unit) for part in parts))]
                    if unit == "r"
                    else []
                ),
                ("Sharpe a session", *(decimal(part["sharpe"]) for part in parts)),
                ("random entries below", *(percent(part["below"]) for part in parts)),
            ],
        ),
        "",
        f"Deflated significance  {decimal(facts['deflated_significance']):>6}   {SIGNIFICANT} is asked for",
        f"Best by luck alone     {decimal(facts['expected_best_sharpe']):>6}   Sharpe a session, of {facts['tried']:,} sets worth nothing",
        f"Middle neighbour       {decimal(neighbours['middle']):>6}   of {counted(len(neighbours['sharpes']), 'set')} a step from the best",
        "",
        *_where(facts, "sweep"),
    ]


def walk_lines(facts: Facts) -> list[str]:
    """A walk-forward's report: the verdict, a line a step, and all looks together."""
    unit, steps = facts["unit"], facts["steps"]
    rows = [
        (
            f"{number}", step["chosen"]["in_sample"]["first"], step["chosen"]["out_of_sample"]["first"],
            amount(step["chosen"]["in_sample"]["total"], unit), decimal(step["deflated_significance"]),
            amount(step["chosen"]["out_of_sample"]["total"], unit), amount(step["in_force"]["out_of_sample"]["total"], unit),
        )
        for number, step in enumerate(steps, 1)
    ]  # fmt: skip
    first = steps[0]["chosen"]
    chosen, in_force = facts["chosen"], facts["in_force"]
    return [
        *_folded(facts["verdict"]),
        "",
        *_folded(
            [
                f"{counted(len(steps), 'step')}: choose the best of {steps[0]['tried']:,} sets "
                f"on {len(first['in_sample']['results'])} sessions, "
                f"look at the next {len(first['out_of_sample']['results'])}. Judged by {JUDGED[unit]}."
            ]
        ),
        *([] if facts["learning"] else ["LEARNING OFF: for study only."]),
        f"Bars  {facts['bars']}",
        "",
        *_table(("step", "chosen from", "looked at from", "in sample", "deflated", "out of it", "in force"), rows),
        "",
        *_table(
            ("all looks", "chosen", "in force"),
            [
                ("total", amount(chosen["total"], unit), amount(in_force["total"], unit)),
                ("Sharpe a session", decimal(chosen["sharpe"]), decimal(in_force["sharpe"])),
                ("random entries below", percent(facts["below_random"]), ""),
                ("significance", decimal(facts["significance"]), ""),
                ("efficiency", percent(facts["efficiency"]), ""),
            ],
        ),
        "",
        *(f"Step {number}: {_numbers(step['numbers'], facts['numbers_in_force'])}" for number, step in enumerate(steps, 1)),
        "",
        *_where(facts, "walk-forward"),
    ]


def _numbers(chosen: Mapping[str, float], in_force: Mapping[str, float]) -> str:
    differ = [f"{key} {number}" for key, number in chosen.items() if number != in_force[key]]
    said = ", ".join(differ) if differ else "the set in force"
    return textwrap.fill(said, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8).lstrip()


def _days(span: Facts) -> str:
    return f"{span['first']} to {span['last']}, {counted(span['sessions'], 'session')}"


def _where(facts: Facts, name: str) -> list[str]:
    return [
        f"Report:  {Path(facts['folder']) / f'{name}.txt'}",
        f"Storage: {facts['storage']}",
        f"Law:     contracts {facts['contracts'][:12]}",
    ]


def _folded(sentences: Sequence[str]) -> list[str]:
    return [line for sentence in sentences for line in textwrap.wrap(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)]


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of columns: the first to the left, the others to the right. Four of numbers stand under two headings."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    if len(heads) == 5:
        widths = [21, *(max(12, width) for width in widths[1:])]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    ]


def write_report(folder: Path, name: str, facts: Facts, lines: Sequence[str]) -> None:
    """Both reports into the study's folder, over those of an earlier look."""
    write_own(folder / f"{name}.txt", ("\n".join(lines) + "\n").encode())
    write_own(folder / f"{name}.json", msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")
