"""The verdict: what a run came to, in sentences that a person can act on, made from the run's numbers."""

from __future__ import annotations

from bot.decision.codes import Layer
from bot.journal.sentences import LAYER_NAMES
from bot.learning.states import RESTING
from bot.report import wording
from bot.report.index import start_cents
from bot.report.random_entries import BOOK
from bot.report.summary import Summary
from bot.report.wording import Writer

CHANCE = (0.025, 0.975)
"""Shares of random draws below a run between which its entries cannot be told from chance."""


def verdict(summary: Summary) -> list[str]:
    """Sentences without markup, the result first, what to do next last."""
    write = wording.plain(summary)
    if not summary.days and (date := summary.run.header.get("date")):  # of a replay, which was asked for a session that is there
        return [f"It ended before the first bar of {date}, so nothing was decided.", "Next: the same command again; it begins anew."]
    if not summary.days:
        return ["No regular session was in it, so nothing was decided.", "Next: mesbot data check FILE says which sessions a file holds."]
    if not summary.value("book.trades"):
        return [f"No trade in {_sessions(summary, write)}.", _why_none(summary, write), *_resting(summary), _next(summary)]
    return [_result(summary, write), _chance(summary, write), *_resting(summary), _next(summary)]


def _sessions(summary: Summary, write: Writer) -> str:
    return f"{write('sessions')} session{'' if len(summary.days) == 1 else 's'}"


def _result(summary: Summary, write: Writer) -> str:
    net, trades = summary.single("book.net"), summary.value("book.trades")
    start = start_cents(summary.run)
    share = f" ({100 * abs(net) / start:.1f} % of {wording.balance(start).removesuffix('.00')})" if start else ""
    word = "Won" if net > 0 else "Lost" if net < 0 else "Came out even:"
    plural = "" if trades == 1 else "s"
    return f"{word} {write('book.net').lstrip('+−')}{share} in {write('book.trades')} trade{plural} over {_sessions(summary, write)}."


def _chance(summary: Summary, write: Writer) -> str:
    missing = summary.random.of(BOOK)
    if isinstance(missing, str):
        return missing
    below, draws = summary.single("book.random.below"), f"{len(missing.net_cents):,} draws"
    if below < CHANCE[0]:
        return f"Worse than random entries: only {write('book.random.below')} of {draws} were worse."
    if below > CHANCE[1]:
        return f"Better than random entries: {write('book.random.below')} of {draws} were worse."
    return f"Not to be told from random entries ({write('book.random.below')} of {draws} were worse)."


def _why_none(summary: Summary, write: Writer) -> str:
    if not summary.value("book.plans"):
        return "No strategy had a plan."
    return refusals(summary, write)


def refusals(summary: Summary, write: Writer) -> str:
    """What became of the plans: how many were chosen, and which layers refused the others, most first; "" if there was none."""
    if not summary.value("book.plans"):
        return ""
    by_layer = sorted(summary.layers, key=lambda layer: -summary.single(f"{BOOK}.refused.{layer}"))
    named = ", ".join(f"{write(f'{BOOK}.refused.{layer}')} by {LAYER_NAMES[Layer(layer)]}" for layer in by_layer)
    why = f"; refused: {named}" if named else ""
    if summary.value("book.plans") == 1:
        return f"The one plan was {'' if summary.value('book.chosen') else 'not '}chosen{why}."
    chosen = write("book.chosen") if summary.value("book.chosen") else "none"
    return f"Of {write('book.plans')} plans {chosen} {'was' if chosen in ('none', '1') else 'were'} chosen{why}."


def _resting(summary: Summary) -> list[str]:
    resting = {state: [name for name in summary.strategies if summary.state(name) == state] for state in RESTING}
    return [f"{_and(names)} {'is' if len(names) == 1 else 'are'} {state.lower()}." for state, names in resting.items() if names]


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _next(summary: Summary) -> str:
    if "synthetic" in str(summary.run.header.get("bars", "")):
        return "Next: these bars are synthetic; your own: mesbot backtest --bars FILE."
    if not summary.value("book.trades"):
        return "Next: mesbot why --numbers book lists what refused them; the report shows the plans that came nearest."
    missing = summary.random.of(BOOK)
    if isinstance(missing, str) or summary.single("book.random.below") <= CHANCE[1]:
        return "Next: try more sessions; the report says which refusals saved or cost money."
    return "Next: one look at one run may be luck; try bars it has not seen before you believe it."
