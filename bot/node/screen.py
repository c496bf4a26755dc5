"""The terminal view of a running node: market, session, position, day, and the last things that happened; 80×24 hold it, 120×40 show more.

Money is written as in the report. What is shown is made of the same messages as the journal's records.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.calendar import Session, new_york
from bot.decision.outcome import TradeOutcome
from bot.decision.plan import TradeView
from bot.decision.snapshot import EntryLock, KillState
from bot.journal.records import Action, DecisionRecord
from bot.market.update import MarketUpdate
from bot.messages import EntryEnded
from bot.report.wording import balance, decimal, dollars, percent
from bot.units import TICK_CENTS, to_points, to_ticks

MOST_NOTES = 60
REPEATS_WITHIN = 6  # newest notes, among which the same thing is looked for; strategies take turns
WIDEST, HIGHEST = 120, 40
BAR_CELLS = 24  # of the session's progress
HOW_TO_STOP = "Ctrl-C stops; mesbot kill, in another terminal, closes what is open."


@dataclass
class Note:
    """A thing that happened, at `ts_ns` (UTC ns) the last time; `count` times in a row, the first at `first_ns`."""

    what: tuple[str, ...]
    text: str
    first_ns: int
    ts_ns: int
    count: int = 1

    @property
    def line(self) -> str:
        """The note with its time, New York, and how often."""
        if self.count == 1:
            return f"{new_york(self.ts_ns):%H:%M}  {self.text}"
        return f"{new_york(self.first_ns):%H:%M}  {self.text} (×{self.count}, last {new_york(self.ts_ns):%H:%M})"


@dataclass
class Glance:
    """What the view shows. Money is whole cents, prices points; `heading` says mode, account and source.

    `session` is the regular session that is on. `trouble` asks what stands against entries at the broker now, "" if nothing does.
    `entry_lock` is a person's, None if there is none. Minutes that close up to `warm_until_ns` (UTC ns) only warm up.
    `notes` are the newest, `unsaid` those that nobody has taken yet to print them.
    """

    heading: str
    day_limit_cents: int
    update: MarketUpdate | None = None
    session: Session | None = None
    trade: TradeView | None = None
    kill_state: KillState = KillState.ARMED
    entry_lock: EntryLock | None = None
    warm_until_ns: int = 0
    realised_cents: int = 0
    trades_today: int = 0
    trouble: Callable[[], str] = lambda: ""
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))
    unsaid: deque[Note] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))

    def decided(self, record: DecisionRecord, ts_ns: int) -> None:
        """Keep a decision that is worth a line: anything but a plain skip without a plan. What only repeats is counted."""
        if record.action is Action.SKIP and record.plan is None:
            return
        code = record.gate.code if record.gate is not None else str((record.management or {}).get("kind", ""))
        side = "" if record.plan is None else str(record.plan.side)  # else the line of both would show the last one's
        self.note(
            (record.strategy, record.action, code, side, record.trade_id or record.intent_id or ""), _as_shown(record.sentence), ts_ns
        )

    def holds(self, trade: TradeView) -> None:
        """Take in the open trade as it is now; as often as more of its entry is filled, keep how much and at which mean price."""
        before, self.trade = self.trade, trade
        if before is not None and before.trade_id == trade.trade_id and before.quantity_open >= trade.quantity_open:
            if trade.first_target_hit and not before.first_target_hit:
                self._first_home(trade)
            return
        side = "long" if trade.side > 0 else "short"
        open_, planned = trade.quantity_open, trade.plan.quantity
        quantity = f"{open_}" if open_ == planned else f"{open_} of {planned}"
        text = f"{trade.plan.strategy} in: {side} {quantity} at {to_points(trade.entry):,.2f}, {_bracket(trade)}"
        self.note(("in", trade.trade_id, quantity), text, trade.opened_ns)

    def _first_home(self, trade: TradeView) -> None:
        """Keep that the first of two targets was reached; what it won counts with the trade, at its end."""
        text = f"{trade.plan.strategy} out in part: target {to_points(trade.plan.legs[0].target):,.2f} reached, {trade.quantity_open} left"
        self.note(
            ("part", trade.trade_id), f"{text}; counted when the trade ends", self.update.quality.ts_ns if self.update else trade.opened_ns
        )

    def closed(self, outcome: TradeOutcome) -> None:
        """Keep how a trade ended."""
        came_to = f"{dollars(outcome.net_cents)} net, {decimal(outcome.r, sign=True)} R"
        text = f"{outcome.strategy} out by {outcome.exit_reason} at {outcome.exit_price:,.2f}: {came_to}"
        self.note(("out", outcome.trade_id), text, outcome.closed_ns)

    def entry_ended(self, ended: EntryEnded, ts_ns: int) -> None:
        """Keep that an entry is gone of which nothing was filled; the end of any other is its trade's to tell."""
        if not ended.filled:
            self.note(("gone", ended.intent_id), f"{ended.strategy}'s entry was not filled and is gone", ts_ns)

    def note(self, what: tuple[str, ...], text: str, ts_ns: int) -> None:
        """Keep a line; the same thing again is the same line, with its newest words."""
        for kept in list(self.notes)[-REPEATS_WITHIN:]:
            if kept.what == what:
                kept.text, kept.ts_ns, kept.count = text, ts_ns, kept.count + 1
                return
        kept = Note(what, text, ts_ns, ts_ns)
        self.notes.append(kept)
        self.unsaid.append(kept)

    def news(self) -> Iterator[str]:
        """Lines that were not asked for yet, each once; a repetition is none."""
        while self.unsaid:
            yield self.unsaid.popleft().line


def _as_shown(sentence: str) -> str:
    """A journaled sentence with its prices written as all others on the screen: 6,712.25."""
    return re.sub(r"\b\d{4,}\.\d\d\b", lambda price: f"{float(price[0]):,.2f}", sentence)


@dataclass(frozen=True)
class View:
    """A glance as rich draws it, as large as the terminal up to 120×40.

    `remaining`: how long the rest takes, "" if not known. `spoken` makes of a sentence the one that is shown.
    """

    glance: Glance
    remaining: str = ""
    spoken: Callable[[str], str] = str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = min(options.max_width, WIDEST), min(console.height, HIGHEST)
        trouble = self.glance.trouble()
        lock = self.glance.entry_lock
        locked = "" if lock is None else f"locked {lock.told}; until mesbot unlock"
        block = [Text(self.spoken(f"no entries: {why}"), style="bold red") for why in (trouble, locked) if why]
        stop = Text(self.spoken(HOW_TO_STOP), style="dim")
        facts = [*block, *_facts(self.glance, self.remaining)]
        inner = width - 4
        used = sum(len(console.render_lines(each, options.update(width=inner))) for each in (*facts, stop))
        notes = _notes(self.glance, console, inner, max(1, height - used - 5))  # two borders, two empty lines, the cursor's
        yield Panel(Group(*facts, Text(), notes, Text(), stop), title=self.glance.heading, width=width)


def rendered(glance: Glance, remaining: str = "", spoken: Callable[[str], str] = str) -> View:
    """The view of a glance."""
    return View(glance, remaining, spoken)


def _facts(glance: Glance, remaining: str) -> list[Table | Text]:
    quality = glance.update.quality if glance.update is not None else None
    if quality is None:
        then = f", then earlier bars warm it up; it decides from {_begins(glance)} on" if glance.warm_until_ns else ""
        return [Text(f"waiting for the first bar{then}")]
    if quality.ts_ns <= glance.warm_until_ns:
        at = f"{new_york(quality.ts_ns):%Y-%m-%d %H:%M} New York"
        return [Text(f"warming up on earlier bars, now of {at}; it decides from {_begins(glance)} on")]
    table = Table.grid(padding=(0, 3))
    table.add_row(
        f"{new_york(quality.ts_ns):%Y-%m-%d %H:%M} New York",
        f"MES {quality.raw_prices[3]:,.2f}",
        f"DVS {decimal(quality.dvs)}",
        f"EQS {decimal(quality.eqs)}",
        Text(glance.kill_state.value, style="green" if glance.kill_state is KillState.ARMED else "bold red"),
    )
    left = max(0, glance.day_limit_cents + glance.realised_cents)  # what was won counts: it may be more than the limit
    trades = f"{glance.trades_today} trade{'' if glance.trades_today == 1 else 's'}"
    day = Text(
        f"day       {dollars(glance.realised_cents)} in {trades}; may still lose {balance(left)} (limit {dollars(-glance.day_limit_cents)})"
    )
    return [table, *_session(glance.session, quality.ts_ns, remaining), day, *position_lines(glance.trade, quality.raw_prices[3])]


def _begins(glance: Glance) -> str:
    return f"{new_york(glance.warm_until_ns):%Y-%m-%d %H:%M} New York"


def _session(session: Session | None, ts_ns: int, remaining: str) -> list[Text]:
    if session is None:
        return [Text("session   none now")]
    share = (ts_ns - session.open_ns) / (session.close_ns - session.open_ns)
    full = round(share * BAR_CELLS)
    rest = f"; about {remaining} to go" if remaining else ""
    bar = "█" * full + "░" * (BAR_CELLS - full)
    return [Text(f"session   {bar} {percent(share)}, closes {new_york(session.close_ns):%H:%M}{rest}")]


def _bracket(trade: TradeView) -> str:
    """The stop, and the target of each leg that is not home."""
    legs = trade.plan.legs[1:] if trade.first_target_hit else trade.plan.legs
    targets = list(dict.fromkeys(f"{to_points(leg.target):,.2f}" for leg in legs))
    return f"stop {to_points(trade.stop):,.2f}, {'target' if len(targets) == 1 else 'targets'} {' and '.join(targets)}"


def position_lines(trade: TradeView | None, close: float) -> list[Text]:
    """What is held with stop and target, and what it is worth at this price (points): ticks, dollars, R."""
    if trade is None:
        return [Text("position  flat")]
    side = "long" if trade.side > 0 else "short"
    held = f"{trade.plan.strategy} {side} {trade.quantity_open} at {to_points(trade.entry):,.2f}, {_bracket(trade)}"
    ticks = (to_ticks(close) - trade.entry) * trade.side
    cents = ticks * TICK_CENTS * trade.quantity_open
    each = " each" if trade.quantity_open > 1 else ""
    shown = decimal(ticks, 0, sign=True)
    worth = (
        f"{shown} {'tick' if shown[1:] == '1' else 'ticks'}{each}, {dollars(cents)}, {decimal(cents / trade.plan.risk_cents, sign=True)} R"
    )
    return [Text(f"position  {held}"), Text(f"open      {worth}, before fees", style="green" if cents > 0 else "red" if cents < 0 else "")]


def _notes(glance: Glance, console: Console, width: int, lines: int) -> Text:
    """The newest notes that fit, oldest first, wrapped and never cut."""
    shown: list[Text] = []
    for note in reversed(glance.notes):
        wrapped = _wrapped(note.line, console, width)
        if len(wrapped) > lines:
            shown = shown or wrapped[:lines]
            break
        lines -= len(wrapped)
        shown[:0] = wrapped
    return Text("\n").join(shown) if shown else Text("no plan yet")


def _wrapped(line: str, console: Console, width: int) -> list[Text]:
    first, *rest = Text(line).wrap(console, width)
    if not rest:
        return [first]
    under = Text(line[7:]).wrap(console, width - 7)
    return [Text(line[:7]) + under[0], *(Text(" " * 7) + each for each in under[1:])]
