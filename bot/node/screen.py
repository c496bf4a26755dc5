"""The terminal view of a running node: one glance at the market, the scores, the position and the last decisions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.calendar import new_york
from bot.decision.plan import TradeView
from bot.decision.snapshot import KillState
from bot.journal.records import Action, DecisionRecord
from bot.market.update import MarketUpdate
from bot.units import to_points, to_usd

LAST_DECISIONS = 8


@dataclass
class Glance:
    """What the view shows. Money is whole cents, prices points; `heading` says mode, account and source.

    `trouble` asks what stands against entries at the broker now, "" if nothing does.
    """

    heading: str
    day_limit_cents: int
    update: MarketUpdate | None = None
    trade: TradeView | None = None
    kill_state: KillState = KillState.ARMED
    realised_cents: int = 0
    trades_today: int = 0
    trouble: Callable[[], str] = lambda: ""
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_DECISIONS))

    def note(self, record: DecisionRecord, ts_ns: int) -> None:
        """Keep a decision that is worth a line: anything but a plain skip without a plan."""
        if record.action is not Action.SKIP or record.plan is not None:
            self.notes.append(f"{new_york(ts_ns):%H:%M}  {record.sentence}")


def rendered(glance: Glance) -> Panel:
    """The view as a rich panel of at most 100 columns."""
    trouble = glance.trouble()
    block = [Text(f"no entries: {trouble}", style="bold red")] if trouble else []
    return Panel(Group(_facts(glance), *block, _decisions(glance)), title=glance.heading, width=100)


def _facts(glance: Glance) -> Table:
    table = Table.grid(padding=(0, 3))
    quality = glance.update.quality if glance.update is not None else None
    if quality is None:
        table.add_row("waiting for the first bar")
        return table
    dvs = "unknown" if quality.dvs != quality.dvs else f"{quality.dvs:.2f}"
    table.add_row(
        f"{new_york(quality.ts_ns):%Y-%m-%d %H:%M} New York",
        f"MES {quality.raw_prices[3]:,.2f}",
        f"DVS {dvs}",
        f"EQS {quality.eqs:.2f}",
        Text(glance.kill_state.value, style="green" if glance.kill_state is KillState.ARMED else "bold red"),
    )
    left = glance.day_limit_cents + glance.realised_cents
    table.add_row(
        _position(glance.trade),
        f"day {to_usd(glance.realised_cents):+.2f} $",
        f"budget left {to_usd(left):.2f} $",
        f"trades {glance.trades_today}",
    )
    return table


def _position(trade: TradeView | None) -> str:
    if trade is None:
        return "flat"
    side = "long" if trade.side > 0 else "short"
    stop, target = to_points(trade.stop), to_points(trade.plan.legs[-1].target)
    entry = to_points(trade.entry)
    return f"{trade.plan.strategy} {side} {trade.quantity_open} at {entry:,.2f}, stop {stop:,.2f}, target {target:,.2f}"


def _decisions(glance: Glance) -> Text:
    lines = list(glance.notes) or ["no plan yet"]
    return Text("\n" + "\n".join(lines), overflow="ellipsis", no_wrap=True)
