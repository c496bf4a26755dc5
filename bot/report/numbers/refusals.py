"""What refusals saved or cost, by name: a row a gate, a row a veto of K5, a row a quarantine."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bot.decision.codes import Code
from bot.decision.gates.belief import K5_CODES
from bot.journal.times import new_york
from bot.learning.ledger import DRAWS, LedgerRow, veto_ledger
from bot.learning.states import StrategyState
from bot.report.numbers.number import ONE, How, Number, Source, Unit, ones
from bot.report.numbers.trades import amounts_of
from bot.report.run import Closed, Run

SEED = 1
GATE, VETO, QUARANTINE = "gate", "K5 veto", "quarantine"


class LedgerEntry(msgspec.Struct, frozen=True):
    """One refuser: its name in numbers (`ledger.<name>.net`), the kind of it, what a person calls it, and the shadows it refused."""

    name: str
    kind: str
    label: str
    shadows: list[Closed]
    row: LedgerRow


def ledger_of(run: Run) -> list[LedgerEntry]:
    """Gates, then K5's vetoes, then quarantines one by one; among each the most episodes first, quarantines in order of time.

    A quarantine's shadows are those it refused itself; together they are those of the code QUARANTINED.
    """
    confidence = run.contracts.learning.wilson_confidence
    gates, vetoes = [], []
    for row in veto_ledger(run.shadows, confidence, SEED):
        shadows = [shadow for shadow in run.shadows if row.code in shadow.gates]
        veto = row.code in K5_CODES
        (vetoes if veto else gates).append(LedgerEntry(row.code, VETO if veto else GATE, row.code, shadows, row))
    quarantines = []
    for name, label, shadows in _quarantines(run):
        rows = {row.code: row for row in veto_ledger(shadows, confidence, SEED)}
        quarantines.append(LedgerEntry(name, QUARANTINE, label, shadows, rows[Code.QUARANTINED]))
    return gates + vetoes + quarantines


def _quarantines(run: Run) -> Iterator[tuple[str, str, list[Closed]]]:
    """Name, label and shadows of each quarantine that refused a plan which was followed to its end."""
    seen: dict[str, int] = {}
    for record in run.states:
        strategy = record.body["strategy"]
        if record.body["after"] != StrategyState.QUARANTINED:
            continue
        seen[strategy] = seen.get(strategy, 0) + 1
        later = [other for other in run.states if other.seq > record.seq and other.body["strategy"] == strategy]
        next_ns = next((other.ts_ns for other in later if other.body["after"] == StrategyState.QUARANTINED), None)
        shadows = [
            shadow
            for shadow in run.shadows
            if shadow.strategy == strategy and Code.QUARANTINED in shadow.gates and record.ts_ns <= shadow.decided_ns
            if next_ns is None or shadow.decided_ns < next_ns
        ]
        end = next((new_york(other.ts_ns)[:10] for other in later), "the end")
        if shadows:
            yield f"QUARANTINED.{strategy}.{seen[strategy]}", f"{strategy}, {new_york(record.ts_ns)[:10]} to {end}", shadows


def ledger_numbers(entries: list[LedgerEntry], confidence: float) -> Iterator[Number]:
    """Episodes, saved, cost, net with its interval, and overlap of each refuser."""
    for entry in entries:
        yield from _entry(entry, confidence)


def _entry(entry: LedgerEntry, confidence: float) -> Iterator[Number]:
    shadows, name = entry.shadows, f"ledger.{entry.name}"
    losses = [shadow for shadow in shadows if shadow.net_cents < 0]
    wins = [shadow for shadow in shadows if shadow.net_cents > 0]
    also = [shadow.seq for shadow in shadows if len(set(shadow.gates)) > 1]
    what = f"shadow trades that the {entry.kind} {entry.label} refused"
    yield Number(
        name=f"{name}.episodes", unit=Unit.COUNT, words=f"{what}, filled and followed to their end", how=How.COUNT, amounts=ONE,
        sources=lambda: ones(shadow.seq for shadow in shadows),
    )  # fmt: skip
    for part, words, chosen in (
        ("saved", "losses avoided", losses),
        ("cost", "wins missed, as a negative amount", wins),
        ("net", "what the refusals saved, less what they cost", shadows),
    ):
        yield Number(
            name=f"{name}.{part}", unit=Unit.CENTS, words=f"{words}: {what}", how=How.SUM, amounts="net_cents with the sign turned",
            sources=lambda chosen=chosen: _turned(chosen),
        )  # fmt: skip
    yield Number(
        name=f"{name}.net.interval", unit=Unit.CENTS, words=f"{100 * confidence:.0f} % interval of {name}.net", how=How.DRAWN,
        amounts="net_cents with the sign turned", sources=lambda: _turned(shadows),
        draw=lambda: (entry.row.low_cents, entry.row.high_cents),
        origin=f"{DRAWS:,} times, as many whole days as had episodes were drawn with replacement (seed {SEED}); "
        "the ends are percentiles of the draws' sums.",
    )  # fmt: skip
    yield Number(
        name=f"{name}.overlap", unit=Unit.SHARE, words="share of the episodes that another gate refused as well", how=How.QUOTIENT,
        over=f"{name}.episodes", amounts=ONE, sources=lambda: ones(also),
    )  # fmt: skip


def _turned(shadows: list[Closed]) -> list[Source]:
    return [Source(source.seq, -source.amount) for source in amounts_of(shadows, "net_cents")]
