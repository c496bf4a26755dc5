"""The numbers of each strategy and of the book: plans, refusals, trades, results, and random entries beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.journal.records import Action
from bot.journal.sentences import LAYER_NAMES
from bot.learning.intervals import by_day, mean_interval, total_interval, wilson
from bot.report.baseline import DRAWS as RANDOM_DRAWS
from bot.report.numbers.number import ONE, How, Number, Unit, Value, ones
from bot.report.numbers.trades import amounts_of
from bot.report.random_entries import BOOK, RandomEntries
from bot.report.run import Closed, Count, Run

DRAWS = 1000  # of days, for intervals
SEED = 1
MARGIN = 0.025  # of the draws of random entries on either side of their interval

Wanted = Callable[[Count], bool]


def refused_plan(count: Count) -> bool:
    """Whether these are plans that a gate refused."""
    return count.plan and count.layer is not None and count.action in (Action.SKIP, Action.VETO)


def no_plan(count: Count) -> bool:
    """Whether these are bars without a plan, for want of a condition that is named."""
    return not count.plan and count.code is not None and count.action is Action.SKIP


def strategy_numbers(run: Run, entries: RandomEntries) -> Iterator[Number]:
    """The numbers of every strategy, then those of the book."""
    for name in run.strategies:
        yield from _decisions(run, name, {name})
        yield from _codes(run, name)
        yield from _results(run, name, {name})
        yield from _random(run, name, {name}, entries)
    everyone = set(run.strategies)
    yield from _decisions(run, BOOK, everyone)
    yield from _results(run, BOOK, everyone)
    yield from _random(run, BOOK, everyone, entries)


def _decisions(run: Run, name: str, strategies: set[str]) -> Iterator[Number]:
    def count(part: str, words: str, wanted: Wanted) -> Number:
        return _counted(run, f"{name}.{part}", words, lambda count: count.strategy in strategies and wanted(count))

    yield count("plans", "bars on which it had a plan", lambda count: count.plan)
    yield count("plans.long", "plans to buy", lambda count: count.side > 0)
    yield count("plans.short", "plans to sell", lambda count: count.side < 0)
    yield count("chosen", "plans that were chosen and submitted", lambda count: count.action is Action.ENTER)
    for layer in refusing_layers(run):
        words = f"plans that a gate of layer {layer}, {LAYER_NAMES[layer]}, was the first to refuse"
        yield count(f"refused.{layer}", words, lambda count, layer=layer: refused_plan(count) and count.layer == layer)


def refusing_layers(run: Run) -> list[int]:
    """The layers that refused any plan of the run, in order of authority."""
    return sorted({count.layer for count in run.decisions if refused_plan(count) and count.layer is not None})


def _codes(run: Run, name: str) -> Iterator[Number]:
    """By the code of the first failing gate or condition, apart for bars with and without a plan."""
    kinds = [("refused", refused_plan, "plans that the gate {} was the first to refuse")]
    if name != run.contracts.filter:  # it looks for no plan, so that it lacks none
        kinds.append(("skips", no_plan, "bars without a plan, {} being the first thing that was missing"))
    for part, kind, words in kinds:
        for code in sorted({str(count.code) for count in run.decisions if count.strategy == name and kind(count)}):
            wanted = lambda count, kind=kind, code=code: count.strategy == name and kind(count) and count.code == code  # noqa: E731
            yield _counted(run, f"{name}.{part}.{code}", words.format(code), wanted)


def _counted(run: Run, name: str, words: str, wanted: Wanted) -> Number:
    def sources() -> Iterator[int]:
        return (seq for count, seqs in run.decisions.items() if wanted(count) for seq in seqs)

    return Number(name=name, unit=Unit.COUNT, words=words, how=How.COUNT, amounts=ONE, sources=lambda: ones(sources()))


def _results(run: Run, name: str, strategies: set[str]) -> Iterator[Number]:
    trades = [trade for trade in run.results if trade.strategy in strategies]
    rated = [trade for trade in trades if not trade.mark]
    confidence = run.contracts.learning.wilson_confidence
    won = [trade for trade in rated if trade.net_cents > 0]
    bootstrap = f"{DRAWS:,} times, as many whole days as had trades were drawn with replacement (seed {SEED}); the ends are percentiles of "

    def sums(part: str, unit: Unit, field: str, words: str, **more: object) -> Number:
        counted = trades if part.startswith("net") else rated
        values = {"how": How.SUM, "sources": lambda: amounts_of(counted, field), **more}
        return Number(name=f"{name}.{part}", unit=unit, words=words, amounts=field, **values)

    def interval(part: str, unit: Unit, field: str, origin: str, draw: Callable[[], Value]) -> Number:
        words = f"{100 * confidence:.0f} % interval of {name}.{part}"
        measured = Unit.CENTS if field == "net_cents" else unit
        return sums(f"{part}.interval", unit, field, words, amount_unit=measured, how=How.DRAWN, draw=draw, origin=origin)

    one = {"how": How.COUNT, "amounts": ONE, "unit": Unit.COUNT}
    over = {"how": How.QUOTIENT, "over": f"{name}.trades" if rated == trades else f"{name}.rated"}
    yield Number(
        name=f"{name}.trades", words="real trades that were closed; a void one is no result", sources=lambda: ones(_seqs(trades)), **one
    )
    if rated != trades:
        words = "of them, those that were not held over a gap"
        yield Number(name=f"{name}.rated", words=words, sources=lambda: ones(_seqs(rated)), **one)
    words = "share of the trades with a net result above 0"
    yield Number(name=f"{name}.won", unit=Unit.SHARE, words=words, amounts=ONE, sources=lambda: ones(_seqs(won)), **over)
    yield interval(
        "won", Unit.SHARE, "net_cents", "Wilson's score interval of the trades won (those above 0) in all trades; it draws nothing.",
        lambda: wilson(len(won), len(rated), confidence),
    )  # fmt: skip
    yield sums("net", Unit.CENTS, "net_cents", "result of its real trades after fees and slippage")
    yield interval(
        "net", Unit.CENTS, "net_cents", bootstrap + "the draws' sums of net_cents.",
        lambda: total_interval(by_day(trades, "net_cents"), confidence, DRAWS, SEED),
    )  # fmt: skip
    yield sums("r", Unit.R, "r", "mean result of a trade as a multiple of its planned risk", **over)
    yield interval(
        "r", Unit.R, "r", bootstrap + "the draws' means of r.",
        lambda: mean_interval(by_day(rated, "r"), confidence, DRAWS, SEED),
    )  # fmt: skip


def _seqs(trades: list[Closed]) -> list[int]:
    return [trade.seq for trade in trades]


def _random(run: Run, name: str, strategies: set[str], entries: RandomEntries) -> Iterator[Number]:
    trades = [trade for trade in run.results if trade.strategy in strategies and run.intent_of(trade) is not None]
    seed = "each the sum of one draw of every strategy" if name == BOOK else f"seed {entries.seed(name)}"
    origin = (
        f"{RANDOM_DRAWS:,} draws of as many random entries, with the same sides and brackets, where the session allows entries ({seed})."
    )

    def drawn(part: str, unit: Unit, words: str, draw: Callable[[], Value]) -> Number:
        return Number(
            name=f"{name}.random.{part}", unit=unit, words=words, how=How.DRAWN, amounts="net_cents", amount_unit=Unit.CENTS,
            sources=lambda: amounts_of(trades, "net_cents"), draw=draw, origin=entries.missing(name) or origin,
        )  # fmt: skip

    yield drawn("below", Unit.SHARE, "share of the draws of random entries that came out below this run", lambda: entries.below(name))
    yield drawn("median", Unit.CENTS, "net of the draw of random entries in the middle", lambda: entries.quantile(name, 0.5))
    yield drawn(
        "interval", Unit.CENTS, "net of the draws of random entries from the 2.5th to the 97.5th percentile",
        lambda: (entries.quantile(name, MARGIN), entries.quantile(name, 1 - MARGIN)),
    )  # fmt: skip
