"""The HTML report of a run: one self-contained file, made from the journal alone."""

from __future__ import annotations

import re
import shlex
from functools import partial
from html import escape
from pathlib import Path

from bot.errors import JournalError
from bot.glossary import glossary
from bot.journal.run_end import END
from bot.own_files import write_own
from bot.report import figures, tables, wording
from bot.report.equity import equity_and_drawdown
from bot.report.page import Page, folded
from bot.report.random_entries import BOOK
from bot.report.run import Closed
from bot.report.summary import Summary
from bot.report.terminal import LEARNING_OFF
from bot.report.verdict import verdict
from bot.terms import terms as words

TOLD_ABOVE = ("wall_ns", "data", END)  # of a run's header: what stands in sentences before the figures, and what is no part of the run
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
_HEADING = re.compile(r"<th[^>]*>([^<]+)</th>|<div class=\"card\"><span>([^<(]+)")


def write_report(journal: str | Path, path: str | Path) -> None:
    """Write the report of a journal file to `path`, replacing an older one.

    It needs no network and holds every bar's scores and every trade; nothing is thinned out.
    Times are New York, money is net of fees and slippage. Raises JournalError if the
    journal holds no run or the report cannot be written.
    """
    html = render(Summary.from_journal(journal))
    try:
        write_own(Path(path), html.encode())
    except OSError as error:
        raise JournalError(f"The report {path} cannot be written: {error.strerror}.") from error


def render(summary: Summary) -> str:
    """The report as an HTML document."""
    title = f"mesbot {summary.run.header['mode']} {wording.period(summary, wording.plain(summary))}"
    page = Page(title, str(summary.run.path.resolve().parent))
    if not summary.days:
        _without_sessions(page, summary)
        return page.html()
    for section in (_head, _cards, _equity, _strategies, _trades, _skips, _scores, _states, _ledger, _random, _budget, _origin):
        section(page, summary)
    _legend(page)
    return page.html()


def _without_sessions(page: Page, summary: Summary) -> None:
    """One paragraph: what there was, and where it stands; warnings before it."""
    told = (*wording.first_sentences(summary), *wording.alarm_sentences(summary), *wording.data_sentences(summary))
    for sentence in told:
        page.add(f'<div class="warning">{escape(sentence)}</div>')
    run = summary.run
    sentences = [*verdict(summary)[:-1], *run.header.get("data", []), verdict(summary)[-1]]
    origin = f"Journal: {run.path}, head hash {run.head}, contracts {', then '.join(run.contracts_sha256)}."
    page.add(f"<h1>{escape(run.header['mode'].capitalize())} without a session</h1>")
    page.add(f'<p>{escape(" ".join(sentences))} <span class="mono">{escape(origin)}</span></p>')


def _head(page: Page, summary: Summary) -> None:
    for sentence in wording.first_sentences(summary):
        page.add(f'<div class="warning">{escape(sentence)}</div>')
    if not summary.run.learning:
        page.add(f'<div class="warning">{LEARNING_OFF}</div>')
    page.add(f"<h1>{escape(summary.run.header['mode'].capitalize())} of {wording.period(summary, partial(tables.named, summary))}</h1>")
    *found, following = verdict(summary)
    page.add(f'<p class="verdict">{escape(" ".join(found)).replace(" %", "&nbsp;%")}<br>{escape(following)}</p>')
    for line in summary.run.header.get("data", []):
        page.add(f"<p>{escape(line)}</p>")
    page.add('<p class="lead">Net of fees and slippage, on the pessimistic fill rule. All times are New York.</p>')
    page.contents()
    page.add(
        f"<p class='muted'>Point at a number to read its name; {_command(summary, 'why NAME')} opens the records it was made from, "
        f"{_command(summary, 'why --numbers')} lists all names.</p>"
    )


def _cards(page: Page, summary: Summary) -> None:
    for sentence in (*wording.alarm_sentences(summary), *wording.data_sentences(summary)):
        page.add(f'<div class="warning">{escape(sentence)}</div>')
    write = partial(tables.named, summary)
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    interval = f" ({confidence}: {write('book.won.interval')})" if summary.value("book.trades") else ""
    cards = [
        ("Net", "book.net"),
        ("Trades", "book.trades"),
        ("Trades a session", "book.trades.per_session"),
        (f"Won{interval}", "book.won"),
        ("R a trade", "book.r"),
        ("Deepest fall", "drawdown"),
    ]
    boxes = "".join(f'<div class="card"><span>{title}</span><b>{write(name)}</b></div>' for title, name in cards)
    page.add(f'<div class="cards">{boxes}</div>')
    page.add(f"<p>{wording.veto_sentence(summary, write)} {wording.quality_sentence(summary, write)}</p>")


def _equity(page: Page, summary: Summary) -> None:
    page.section("Equity and drawdown")
    if not summary.run.results:
        page.add("<p>No trade was made; the account did not move.</p>")
        return
    page.add(
        f"<p>The index bought with the whole account at the first bar and held to the last: {tables.named(summary, 'index.net')}. "
        "<span class='muted'>Without leverage, costs or dividends; steps to another price level (rolls) are not counted.</span></p>"
    )
    page.add(f'<div class="panel">{page.figure(equity_and_drawdown(summary.run))}</div>')


def _strategies(page: Page, summary: Summary) -> None:
    page.section("Strategies")
    page.add(
        "<p class='muted'>Won: Wilson interval. Net and R: whole days drawn with replacement, so that trades of one day stay together; "
        "no interval with fewer than two days. Random: the share of random entries, with the same number, sides and brackets, that "
        "came out below.</p>"
    )
    page.add(f"<p><b>Many looks.</b> {wording.RANDOM_WARNING}</p>")
    page.add(tables.strategies(summary))


def _trades(page: Page, summary: Summary) -> None:
    page.section("Trades")
    run = summary.run
    if not run.trades:
        page.add("<p>None.</p>")
        return
    first = wording.minute(run.trades[0].decided_ns)
    example = _command(summary, f'why "{first}"')
    page.add(f"<p class='muted'>All records of a trade: {example}, with the time it was decided.</p>")
    page.add(tables.trades(summary))
    if several := sorted({trade.strategy for trade in run.trades if run.legs_of(trade) > 1}):
        page.add(
            f"<p class='muted'>A trade of {escape(' and '.join(several))} is more than one bracket, each with its own target: the first's "
            "/ the last's. Its exit is the mean price of all its exits' fills, its reason that of the last of them.</p>"
        )
    page.add(
        "<p class='muted'>Candles are one minute. Dotted: planned entry; red: stop; green: target; amber: stop after it was moved.</p>"
    )
    starts = [bar.ts_ns for bar in run.bars]
    boxes = "".join(_trade_panel(page, summary, index, trade, starts) for index, trade in enumerate(run.trades, 1))
    page.add(folded(f"Charts of all {len(run.trades)} trades", f'<div class="grid">{boxes}</div>', len(run.trades)))


def _trade_panel(page: Page, summary: Summary, index: int, trade: Closed, starts: list[int]) -> str:
    side = "long" if trade.side > 0 else "short"
    net, r = (tables.named(summary, f"trades.{index}.{part}") for part in ("net", "r"))
    return (
        f'<div class="panel"><h3>{escape(trade.strategy)} {side}, {wording.minute(trade.decided_ns)}</h3>'
        f'<span class="muted">{escape(trade.exit_reason)}, {net}, {r} R</span>'
        f"{page.figure(figures.trade_chart(summary.run, trade, starts))}</div>"
    )


def _skips(page: Page, summary: Summary) -> None:
    page.section("Why not")
    if summary.layers:
        page.add("<p class='muted'>Plans that a gate refused, by the layer of the first one, the highest authority on top.</p>")
        page.add(f'<div class="panel">{page.figure(figures.refused_by_layer(summary))}</div>')
    page.add(f'<div class="grid">{tables.refusals(summary)}{tables.missing_setups(summary)}</div>')


def _scores(page: Page, summary: Summary) -> None:
    page.section("Data validity (DVS) and execution quality (EQS)")
    if not summary.run.bars:
        page.add("<p>No bar.</p>")
        return
    page.add("<p class='muted'>Every bar. Dots are events that cost score; dashed lines are the gates for entries.</p>")
    page.add(f'<div class="panel">{page.figure(figures.scores(summary.run))}</div>')


def _states(page: Page, summary: Summary) -> None:
    page.section("What the learning loop did")
    if summary.run.states:
        page.add(tables.states(summary))
        page.add(tables.released_by(summary))
    else:
        page.add("<p>No strategy changed its state.</p>" if summary.run.learning else "<p>Nothing: it was off.</p>")


def _ledger(page: Page, summary: Summary) -> None:
    page.section("What the refusals saved or cost")
    if not summary.ledger:
        page.add("<p>No refused plan was followed to its end.</p>")
        return
    page.add(
        f"<p class='muted'>Refused plans followed on later bars with the same fill rule; one episode a strategy and side in "
        f"{summary.run.contracts.learning.shadow.min_spacing_minutes} minutes. A plan refused by several gates counts in each of their "
        "rows, so rows do not add up. Net above zero: the refusal saved money.</p>"
    )
    page.add(tables.ledger(summary))


def _random(page: Page, summary: Summary) -> None:
    page.section("Beside random entries")
    baseline = summary.random.of(BOOK)
    if isinstance(baseline, str):
        page.add(f"<p>{escape(baseline)}</p>")
        return
    write = partial(tables.named, summary)
    page.add(
        f"<p>Of {len(baseline.net_cents):,} draws of random entries, with the same number, sides and brackets at moments when entries are "
        f"allowed, <b>{write('book.random.below')}</b> came out below this run's {write('book.net')}. "
        "Between 2.5 and 97.5 % the entries cannot be told from chance.</p>"
    )
    page.add(tables.random_entries(summary))
    page.add(f'<div class="panel">{page.figure(figures.random_results(baseline))}</div>')


def _budget(page: Page, summary: Summary) -> None:
    page.section("Sessions and loss limits")
    if not summary.days:
        page.add("<p>No session.</p>")
        return
    page.add("<p class='muted'>Left: the least that remained of a limit on that day, after realised trades. Dashed: the day's limit.</p>")
    page.add(f'<div class="panel">{page.figure(figures.daily_net(summary))}</div>')
    page.add(tables.days(summary))


def _origin(page: Page, summary: Summary) -> None:
    run = summary.run
    facts = {
        "Journal": str(run.path),
        "Head hash": run.head,
        "Contracts": ", then ".join(run.contracts_sha256),
        **{str(name).replace("_", " "): _as_read(value) for name, value in run.header.items() if name not in TOLD_ABOVE},
    }
    page.section("Where this comes from")
    rows = "".join(f'<dt>{escape(name)}</dt><dd class="mono">{escape(value)}</dd>' for name, value in facts.items())
    page.add(
        f"<dl>{rows}</dl><p class='muted'>Every bar opens with {_command(summary, 'why TIME')}; "
        f"{_command(summary, 'journal verify')} recomputes the head hash.</p>"
    )


def _as_read(value: object) -> str:
    return "on" if value is True else "off" if value is False else str(value)


def _command(summary: Summary, words: str) -> str:
    """A command of `mesbot` on the journal of this run: without its name the latest run would answer."""
    return f"<code>mesbot {escape(words, quote=False)} --journal {escape(shlex.quote(str(summary.run.path.resolve())))}</code>"


def _legend(page: Page) -> None:
    """The meaning of every code that the page shows, and of the words that its columns are headed by; it needs no mouse."""
    shown, headings = set(_WORD.findall(page.text)), [column or card for column, card in _HEADING.findall(page.text)]
    codes = [term for code, found in glossary().items() if code in shown for term in found]
    terms = [*codes, *(term for term in words() if any(map(term.is_called, headings)))]
    rows = "".join(
        f"<dt>{escape(term.code)}</dt><dd>{escape(term.meaning)} <span class='muted'>({escape(term.kind)})</span></dd>" for term in terms
    )
    page.section("Words")
    page.add(f"<dl>{rows}</dl>")
